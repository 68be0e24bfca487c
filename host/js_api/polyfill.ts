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

import * as api from "./mod.ts";

const { isWasmResourceOf, ...members } = api;

/** Puts the API on `WebAssembly`. */
function install(): void {
  if ("Component" in WebAssembly) return;
  for (const [name, value] of Object.entries(members)) {
    // As the engine has its functions and classes.
    const like = Object.getOwnPropertyDescriptor(WebAssembly, name) ??
      Object.getOwnPropertyDescriptor(WebAssembly, typeof value === "function" && "prototype" in value ? "Module" : "compile");
    Object.defineProperty(WebAssembly, name, { ...like, value });
  }
  if (!("isWasmResourceOf" in Symbol)) {
    // The attributes of the other well-known symbols.
    Object.defineProperty(Symbol, "isWasmResourceOf", { value: isWasmResourceOf });
  }
}

install();
