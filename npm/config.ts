// What a user says of the components that a program imports: a module's exports, or a plugin's
// options. They enter unchecked, and leave as they are, or a TypeError names what is wrong.

import { checkKnown, type Known } from "../core/binary/known_names.ts";
import { describe } from "../errors.ts";
import type { WasiOptions } from "../host/wasi/mod.ts";

/** What `windlass.config.mjs` exports. */
export interface Config {
  /**
   * What WASI grants: to every component, or by a component's path. Without it, nothing.
   */
  readonly wasi?: WasiOptions | ((component: string) => WasiOptions | Promise<WasiOptions>);
  /**
   * What serves imports, by their specifiers or names, with or without version: modules, whose paths
   * are relative to the configuration.
   */
  readonly imports?: Readonly<Record<string, string>>;
  /** Whether functions give promises, and so may wait for the host (JSPI). */
  readonly promising?: boolean;
}

/** Where the configuration is looked for, in the working directory. */
export const CONFIG_FILES: readonly string[] = ["windlass.config.mjs", "windlass.config.js"];

const CONFIG: Known<Config> = { wasi: true, imports: true, promising: true };

/** Checks a configuration. `file` is where it was found. */
export function checkConfig(file: string, config: object): Config {
  checkKnown(`export of ${file}`, { ...config }, CONFIG);
  const { wasi, imports, promising } = config as Config;
  const wrong = (name: string, expected: string, value: unknown): TypeError =>
    new TypeError(`\`${name}\` of ${file} must be ${expected}, found ${describe(value)}`);
  if (wasi !== undefined && typeof wasi !== "function" && (typeof wasi !== "object" || wasi === null)) {
    throw wrong("wasi", "an object of options or a function", wasi);
  }
  if (promising !== undefined && typeof promising !== "boolean") throw wrong("promising", "a boolean", promising);
  if (imports !== undefined) checkImports(imports, (value) => wrong("imports", "an object of strings", value));
  return config as Config;
}

/** Checks what serves imports. */
export function checkImports(imports: unknown, wrong: (value: unknown) => TypeError): void {
  if (typeof imports !== "object" || imports === null) throw wrong(imports);
  for (const target of Object.values(imports)) if (typeof target !== "string") throw wrong(target);
}
