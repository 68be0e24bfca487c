// The public compileSync(). A file of its own: it needs at once what compile() loads for the components
// that have calls between guests, and a bundler leaves it out where only compile() is used.
// A binary and options enter, a Component leaves.

import { compileSync as compileComponentSync } from "../core/compile.ts";
import type { Component } from "../core/component.ts";
import { fuser } from "../core/fused/fuse.ts";
import { meterer } from "../core/meter/meterer.ts";
import { asyncParts } from "../core/async/async_core.ts";
import type { Bytes, CompileOptions } from "./compile.ts";
import { printers } from "./printers.ts";

/**
 * Compiles a component synchronously.
 *
 * Browsers refuse synchronous compilation of large modules on the main thread; there, use
 * `compile`.
 *
 * @param bytes The component's binary.
 * @param options See {@linkcode CompileOptions}.
 * @returns The compiled component.
 * @throws CompileError if the binary is malformed or invalid, or needs a feature that the engine
 * lacks.
 *
 * @example
 * ```ts
 * import { compileSync } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(compileSync(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0])).exports, []);
 * ```
 */
export function compileSync(bytes: Bytes, options: CompileOptions = {}): Component {
  return compileComponentSync(bytes, options, printers, fuser, meterer, asyncParts);
}
