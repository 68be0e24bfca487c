/**
 * The draft WebAssembly JS API for components, put on `WebAssembly` where the engine has none.
 *
 * Imported for its effect. `WebAssembly.validate`, `compile`, `instantiate`, `compileStreaming` and
 * `instantiateStreaming` then take components, too, and do for core modules what they did before.
 * `WebAssembly.Component`, `ComponentInstance`, `ComponentError` and `Symbol.isWasmResourceOf` are
 * new. If `WebAssembly.Component` is there already, nothing is changed.
 *
 * @example
 * ```ts
 * import "@windlass/component/polyfill";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = await Deno.readFile("tests/js_api/fixtures/greeter.wasm");
 * const { instance } = await WebAssembly.instantiate(bytes) as { instance: { exports: any } };
 * assertEquals(instance.exports.greet("world"), "hello, world");
 * ```
 *
 * @module
 */

import { install } from "./install.ts";

install();
