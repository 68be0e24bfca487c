// The files of `windlass wrap`: the module, its types, and the bytes beside it.
// A component and its bytes enter; texts and bytes by file name leave.

import { type Component, componentInternals } from "../../core/component.ts";
import { splitComponent } from "../../core/sources/split.ts";
import { type Loading, type ModuleOptions, moduleText } from "./module_text.ts";
import { moduleTypes } from "./module_types.ts";

/** How a component is wrapped. */
export interface WrapOptions extends Omit<ModuleOptions, "loading" | "name"> {
  /** The component's bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the files are called: `greet` gives `greet.js`, `greet.d.ts`, `greet.wasm`. */
  readonly stem: string;
  /** Where the bytes are: {@linkcode Placing}. */
  readonly bytesIn: Placing;
  /** What the world is called in the types. */
  readonly worldName?: string;
}

/**
 * Where a component's bytes are: a file that the module fetches, the module's own text, or core
 * modules as files that it imports, by default imports or as sources.
 */
export type Placing = "file" | "text" | "import" | "source";

/** Gives the files, by their names. */
export function wrapFiles(component: Component, options: WrapOptions): Map<string, string | Uint8Array<ArrayBuffer>> {
  const { bytes, stem, bytesIn, worldName, ...module } = options, { maxMemoryPages } = module;
  const files = new Map<string, string | Uint8Array<ArrayBuffer>>();
  const loading = ((): Loading => {
    if (bytesIn === "text") return { kind: "inline", bytes };
    if (bytesIn === "file") {
      files.set(`${stem}.wasm`, bytes);
      return { kind: "url", url: `new URL(${JSON.stringify(`./${encodeURIComponent(stem)}.wasm`)}, import.meta.url)` };
    }
    const { modules } = componentInternals(component);
    const split = splitComponent(bytes, modules, maxMemoryPages === undefined ? {} : { maxMemoryPages });
    const specifiers = split.modules.map((bytes, i) => {
      files.set(`${stem}.core${i}.wasm`, bytes);
      return `./${encodeURIComponent(stem)}.core${i}.wasm`;
    });
    return { kind: "modules", specifiers, phase: bytesIn === "source", rest: split.rest };
  })();
  files.set(`${stem}.js`, moduleText(component, { ...module, name: `${stem}.wasm`, loading }));
  files.set(`${stem}.d.ts`, moduleTypes(component, options.exports, worldName));
  return files;
}
