// The files of a component that is written ahead of time.
// The bytes of a component enter, with options. The names and contents of files leave: two JavaScript
// modules, and the core modules beside them.

import { Codecs } from "../abi/codecs/codecs.ts";
import { writeAhead } from "../core/ahead/write.ts";
import { AHEAD_VERSION } from "../core/ahead/written.ts";
import { checkKnown, type Known } from "../core/binary/known_names.ts";
import { compile, type CompileOptions } from "./compile.ts";
import { memberNames } from "./names.ts";

/** How a component is written. */
export interface AheadOptions extends Omit<CompileOptions, "modules"> {
  /** What the files' names begin with. */
  name: string;
  /** What the written module imports the library from; default `@windlass/component/ahead`. */
  library?: string;
}

const AHEAD_OPTIONS: Known<AheadOptions> = {
  name: true,
  library: true,
  maxMemoryPages: true,
  gates: true,
  codegen: true,
  fused: true,
  metering: true,
};

/**
 * Writes a component ahead of time.
 *
 * @param bytes The component's binary, whole.
 * @param options With those of `compile`: `codegen: false` writes no copies of trampolines by evaluation.
 * @returns The contents of the files, by name. `NAME.js` exports the component by default, and a function
 * `instantiate`.
 * @throws CompileError if the binary is invalid.
 * @throws TypeError if the component cannot be written, which says why.
 */
export async function aheadFiles(
  bytes: Uint8Array<ArrayBuffer>,
  options: AheadOptions,
): Promise<Map<string, string | Uint8Array>> {
  checkKnown("option of aheadFiles", options, AHEAD_OPTIONS);
  const { name, library = "@windlass/component/ahead", codegen = true, ...compiling } = options;
  const component = await compile(bytes, compiling);
  const written = writeAhead(component, bytes, new Codecs(memberNames), { evaluates: codegen, ...compiling });
  const files = new Map<string, string | Uint8Array>();
  written.modules.forEach((module, i) => files.set(`${name}.core${i}.wasm`, module));
  written.adapters.forEach((module, i) => files.set(`${name}.adapters${i}.wasm`, module));
  const urls = [...files.keys()].map((file) => `  new URL(${JSON.stringify(`./${file}`)}, import.meta.url),\n`);
  const head = `// Written by Windlass ${AHEAD_VERSION}, ahead of time. Do not edit it: write it again.\n`;
  files.set(`${name}.plan.js`, `${head}${written.text}`);
  files.set(
    `${name}.js`,
    `${head}import { instantiateComponent, load } from ${JSON.stringify(library)};
import written from ${JSON.stringify(`./${name}.plan.js`)};

export const component = await load(written, [
${urls.join("")}]);
export default component;
export const instantiate = (imports, options) => instantiateComponent(component, imports, options);
`,
  );
  return files;
}
