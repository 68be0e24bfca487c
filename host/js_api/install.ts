// Puts the API on a namespace that has none.
// `WebAssembly` and `Symbol` enter, and have the members of the draft afterwards.

import * as api from "./mod.ts";

/** Puts the API on `WebAssembly`, and the symbol on `Symbol`. An engine's own API stays. */
export function install(namespace: object = WebAssembly, symbols: object = Symbol): void {
  if ("Component" in namespace) return;
  const { isWasmResourceOf, ...members } = api;
  for (const [name, value] of Object.entries(members)) {
    // As the engine has its functions and its classes.
    const like = Object.getOwnPropertyDescriptor(namespace, name) ??
      { writable: true, enumerable: !("prototype" in value), configurable: true };
    Object.defineProperty(namespace, name, { ...like, value });
  }
  // The attributes of the other well-known symbols.
  if (!("isWasmResourceOf" in symbols)) {
    Object.defineProperty(symbols, "isWasmResourceOf", { value: isWasmResourceOf });
  }
}
