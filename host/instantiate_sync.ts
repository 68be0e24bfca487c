// instantiateSync(): instantiate() without waiting.

import { compiled } from "../core/compile.ts";
import { Component } from "../core/component.ts";
import type { Bytes } from "./compile.ts";
import { compileSync } from "./compile_sync.ts";
import type { Instance, World } from "./exports/instance.ts";
import { type AllOptions, type InstantiateArgs, linkAll, split } from "./instantiate.ts";

/**
 * The same without waiting, for bytes or a compiled component.
 *
 * @param source The component.
 * @param args The imports by their WIT names, and options.
 * @returns The running instance.
 * @throws CompileError if the binary is invalid.
 * @throws LinkError if an import is missing or has the wrong type.
 *
 * @example
 * ```ts
 * import { instantiateSync } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * const instance = instantiateSync(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]));
 * assertEquals(Object.keys(instance.exports), []);
 * ```
 */
export function instantiateSync<W extends World = World, Data = unknown>(
  source: Bytes | Component,
  ...args: InstantiateArgs<W, Data>
): Instance<W> {
  const [imports, options] = args as [unknown, AllOptions?];
  const { compiling, settings } = split(options);
  const component = source instanceof Component ? compiled(source, compiling) : compileSync(source, compiling);
  return linkAll(component, imports).instantiateSync(settings) as Instance<W>;
}
