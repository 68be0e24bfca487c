/**
 * The draft WebAssembly JS API for components, as a library.
 *
 * It is the API of pull request 686 of WebAssembly/component-model, at commit 02b704a. Its functions
 * take bytes of either layer, components and core modules. `./polyfill` puts them on `WebAssembly`.
 *
 * @example A component, its import, a call
 * ```ts
 * import { instantiate } from "@windlass/component/js-api";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const bytes = await Deno.readFile("tests/js_api/fixtures/logger.wasm");
 * const { instance } = await instantiate(bytes, { log: (line: string) => lines.push(line) });
 * instance.exports.run();
 * assertEquals(lines, ["hello"]);
 * ```
 *
 * @module
 */

import "../../abi/dispose.ts"; // first: before any class is made
export { Component } from "./component.ts";
export { ComponentError } from "./component_error.ts";
export { ComponentInstance } from "./component_instance.ts";
export {
  type BufferSource,
  compile,
  type CompileOptions,
  type Instantiate,
  instantiate,
  type InstantiatedSource,
  validate,
} from "./namespace.ts";
export { isWasmResourceOf } from "./resource_symbol.ts";
export { compileStreaming, instantiateStreaming } from "./streaming.ts";
export type { Bytes } from "../../core/sources/chunks.ts";
