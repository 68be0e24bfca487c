// What WebIDL does with the arguments of the namespace's functions before these begin.
// Draft: JS-Reference.md "The WebAssembly Namespace". WebIDL: `object`, dictionaries.

import { isObject } from "./intrinsics.ts";
import { toText } from "./scalars.ts";

/** `optional object`. */
export function checkImports(importsObject: unknown): unknown {
  if (importsObject === undefined || isObject(importsObject)) return importsObject;
  throw new TypeError("Cannot instantiate component: the imports must be an object");
}

/** Converts `WebAssemblyCompileOptions`. They say nothing about components, but a fault in them is one. */
export function readOptions(options: unknown): void {
  if (options === undefined || options === null) return;
  if (!isObject(options)) throw new TypeError("Cannot compile component: the options must be an object");
  const { builtins } = options as { builtins?: unknown };
  if (builtins !== undefined) {
    if (!isObject(builtins)) throw new TypeError("Cannot compile component: `builtins` must be an iterable");
    for (const name of builtins as Iterable<unknown>) toText(name);
  }
  const { importedStringConstants } = options as { importedStringConstants?: unknown };
  if (importedStringConstants !== undefined && importedStringConstants !== null) toText(importedStringConstants);
}
