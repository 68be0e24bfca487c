/**
 * A plugin of bundlers: `import` of a `.wasm` file that is a component gives its exports.
 *
 * ```ts
 * // vite.config.ts
 * import windlass from "@windlass/component/unplugin";
 *
 * export default { plugins: [windlass.vite({ imports: { "demo:greet/host": "./src/host.ts" } })] };
 * ```
 *
 * It needs the package `unplugin`. There are `vite`, `rollup`, `rolldown`, `webpack`, `rspack`,
 * `esbuild` and `bun`; what they write must be ES modules (webpack and Rspack: anything), because a
 * component's module waits for it with `await`. The bytes are a file that is compiled while it
 * arrives, or in the script with `inline`. Types are written beside the component as
 * `NAME.d.wasm.ts`. A specifier that ends with `?source` gives the compiled component. Core modules
 * are left to the bundler.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createUnplugin, type UnpluginInstance, type UnpluginOptions } from "unplugin";
import { checkKnown, type Known } from "../core/binary/known_names.ts";
import { describe } from "../errors.ts";
import { moduleText } from "../host/esm/module_text.ts";
import { outline } from "../host/esm/outline.ts";
import { moduleTypes } from "../host/esm/module_types.ts";
import { type Context, loadingOf, tellBundler } from "./bundlers.ts";
import { checkImports } from "./config.ts";
import { isComponentFile, isOwnFile, nameOf, pathOf, specifierFrom, writeTypes } from "./files.ts";

/** Options of the plugin. Paths are relative to the working directory. */
export interface WindlassOptions {
  /**
   * What serves a component's imports, by their specifiers or names, with or without version:
   * packages, or paths of modules. What is not here is imported by its specifier.
   */
  readonly imports?: Readonly<Record<string, string>>;
  /**
   * A module that exports `wasi`: the options of WASI, or a function that gives them for a
   * component's path. Without it WASI grants nothing.
   */
  readonly wasi?: string;
  /** Whether the bytes are in the script instead of a file; default `false`. */
  readonly inline?: boolean;
  /** Whether functions give promises, and so may wait for the host (JSPI); default `false`. */
  readonly promising?: boolean;
  /** Whether types are written beside components, but those in `node_modules`; default `true`. */
  readonly types?: boolean;
}

const OPTIONS: Known<WindlassOptions> = { imports: true, wasi: true, inline: true, promising: true, types: true };

function checkOptions(options: WindlassOptions): void {
  checkKnown("option of the plugin", options, OPTIONS);
  const wrong = (name: string, expected: string, value: unknown): TypeError =>
    new TypeError(`option \`${name}\` of the plugin must be ${expected}, found ${describe(value)}`);
  const { imports, wasi } = options;
  if (imports !== undefined) checkImports(imports, (value) => wrong("imports", "an object of strings", value));
  if (wasi !== undefined && typeof wasi !== "string") throw wrong("wasi", "the path of a module", wasi);
  for (const name of ["inline", "promising", "types"] as const) {
    if (!["boolean", "undefined"].includes(typeof options[name])) throw wrong(name, "a boolean", options[name]);
  }
}

/** The plugin for one bundler. */
function pluginOf(options: WindlassOptions, framework: string): UnpluginOptions {
  checkOptions(options);
  const { imports = {}, wasi, inline = false, promising = false, types = true } = options;
  const load = (context: Context, id: string): { code: string; moduleType: "js" } => {
    const path = pathOf(id), bytes = readFileSync(path), component = outline(bytes);
    const exports = id.endsWith("?source") ? "source" : promising ? "promising" : "instance";
    if (types && exports !== "source" && isOwnFile(path)) writeTypes(path, moduleTypes(component, exports));
    context.addWatchFile(path);
    const code = moduleText(component, {
      name: nameOf(path),
      exports,
      loading: loadingOf(framework, context, path, bytes, inline),
      map: Object.fromEntries(Object.entries(imports).map(([name, target]) => [name, specifierFrom(path, target)])),
      wasi: wasi && specifierFrom(path, wasi),
      sourcePhase: false,
    });
    // Rolldown, and Vite with it, would take the type from the name.
    return { code, moduleType: "js" };
  };
  return {
    name: "windlass",
    enforce: "pre",
    loadInclude: (id) => isComponentFile(id),
    load(id) {
      return load(this, id);
    },
    ...tellBundler,
  };
}

/** The plugin, by bundler: `windlass.vite(options)`, `windlass.webpack(options)`, … */
const windlass: UnpluginInstance<WindlassOptions | undefined, false> = createUnplugin((options = {}, { framework }) =>
  pluginOf(options, framework)
);
export default windlass;
