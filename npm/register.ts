/**
 * Hooks of Node's module loader: `import` of a `.wasm` file that is a component gives its exports.
 *
 * ```sh
 * node --import @windlass/component/register app.mjs
 * ```
 *
 * The component's imports are JavaScript imports; `wasi:*` is served by `@windlass/component/wasi`
 * and grants nothing. `windlass.config.mjs` in the working directory, or the file that
 * `WINDLASS_CONFIG` names, can export `wasi` and `imports`. Core modules go on to Node. A specifier
 * that ends with `?source` gives the compiled component as the default export.
 *
 * @module
 */

import { existsSync, readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { moduleText } from "../host/esm/module_text.ts";
import { needsOf } from "../host/esm/needs.ts";
import { isComponent, outline } from "../host/esm/outline.ts";
import { checkConfig, type Config, CONFIG_FILES } from "./config.ts";
import { nameOf } from "./files.ts";

/** A hook of Node's loader: of a specifier, or of a URL. `next` asks the hook before it, or Node. */
type Hook = (name: string, context: object, next: (name: string, context: object) => unknown) => unknown;
/** What `registerHooks` takes. */
interface Hooks {
  readonly resolve: Hook;
  readonly load: Hook;
}

/** The configuration, and where it is. */
interface Found {
  readonly config: Config;
  readonly url: string | undefined;
}

/** Finds the user's configuration. A file that is named must be there. */
async function findConfig(): Promise<Found> {
  const { WINDLASS_CONFIG: named } = process.env;
  const file = named || CONFIG_FILES.find((name) => existsSync(name));
  if (file === undefined) return { config: {}, url: undefined };
  const { href } = pathToFileURL(file), config: unknown = await import(href);
  return { config: checkConfig(file, config as object), url: href };
}

/** The library's entries beside this one. */
function entry(path: string): string {
  return new URL(path + (import.meta.url.endsWith(".ts") ? ".ts" : ".js"), import.meta.url).href;
}

/** The hooks of one configuration. */
function hooksOf({ config, url: configUrl }: Found): Hooks {
  /** What components import, with the name of one that does. */
  const wanted = new Map<string, string>();
  const map = Object.fromEntries(
    Object.entries(config.imports ?? {}).map(([name, target]) => [name, resolved(target, configUrl!)]),
  );
  const moduleOf = (url: string, bytes: Uint8Array): string => {
    const name = nameOf(fileURLToPath(url)), component = outline(bytes);
    for (const { specifier } of needsOf(component.imports)) wanted.set(specifier, name);
    return moduleText(component, {
      name,
      exports: url.endsWith("?source") ? "source" : config.promising === true ? "promising" : "instance",
      loading: { kind: "url", url: "new URL(import.meta.url)" },
      library: { component: entry("../mod"), wasi: entry("../host/wasi/mod") },
      map,
      wasi: config.wasi === undefined ? undefined : configUrl,
      sourcePhase: false,
    });
  };
  // An interface is a URL of a scheme that Node does not load, a function a package that is not there.
  const explained = <T>(specifier: string, next: () => T): T => {
    try {
      return next();
    } catch (error) {
      const importer = wanted.get(specifier);
      if (importer === undefined) throw error;
      const example = `export const imports = { ${JSON.stringify(specifier)}: "./FILE.js" };`;
      throw new Error(`${importer} imports ${specifier}: say what gives it in ${CONFIG_FILES[0]}, as in ${example}`, {
        cause: error,
      });
    }
  };
  return {
    resolve: (specifier, context, next) => explained(specifier, () => next(specifier, context)),
    load(url, context, next) {
      const { protocol, pathname } = new URL(url);
      if (protocol !== "file:" || !pathname.endsWith(".wasm")) return explained(url, () => next(url, context));
      const bytes = readFileSync(fileURLToPath(url));
      if (!isComponent(bytes)) return next(url, context);
      return { format: "module", source: moduleOf(url, bytes), shortCircuit: true };
    },
  };
}

/** A target of the configuration: a path relative to that, or what any module may import. */
function resolved(target: string, base: string): string {
  return /^\.{0,2}\//.test(target) ? new URL(target, base).href : target;
}

async function register(): Promise<void> {
  const { registerHooks } = nodeModule as unknown as { registerHooks?: (hooks: Hooks) => void };
  if (registerHooks === undefined) {
    const { bun, node } = process.versions;
    throw new Error(
      `@windlass/component/register needs module.registerHooks, which Node has from 22.15 and 23.5 on; this is ${
        bun === undefined ? `Node ${node}` : `Bun ${bun}`
      }. \`windlass wrap FILE -o DIR\` writes a component as a module for every runtime`,
    );
  }
  registerHooks(hooksOf(await findConfig()));
}

await register();
