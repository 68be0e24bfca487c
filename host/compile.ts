// The public compile(). It calls that of core/ and gives the components their printers.
// A binary and options enter, a Component leaves.

import { compile as compileComponent, type CompileOptions, type ComponentSource } from "../core/compile.ts";
import type { Bytes } from "../core/sources/chunks.ts";
import type { Component } from "../core/component.ts";
import { printers } from "./printers.ts";

export type { Bytes, CompileOptions, ComponentSource };

/**
 * Compiles a component.
 *
 * From a `Response` or a stream, core modules are compiled while they arrive.
 *
 * @param source The component's binary. A `Response` that is not ok is a CompileError that gives
 * its status.
 * @param options See {@linkcode CompileOptions}.
 * @returns The compiled component.
 * @throws CompileError if the binary is malformed or invalid, or needs a feature that the engine
 * lacks.
 *
 * @example
 * ```ts
 * import { compile } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
 * const component = await compile(new Response(bytes));
 * assertEquals(component.exports, []);
 * ```
 */
export async function compile(source: ComponentSource, options: CompileOptions = {}): Promise<Component> {
  return await compileComponent(source, options, printers);
}
