// An engine that compiles nothing, as workers of some clouds are, and pages with a strict policy: only
// modules that were compiled before can be instantiated.

import { giveHelper } from "../../abi/wasm/helper.ts";

function forbid(): never {
  throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder");
}

/** Runs an action where nothing may be compiled, and where the library has compiled no helper before. */
export async function withoutCompiling<T>(action: () => T | Promise<T>): Promise<T> {
  const names = ["Module", "compile", "compileStreaming", "validate"] as const;
  const real = names.map((name) => Object.getOwnPropertyDescriptor(WebAssembly, name));
  const { Module } = WebAssembly;
  const Forbidden = new Proxy(Module, { construct: forbid });
  for (const name of names) {
    Object.defineProperty(WebAssembly, name, { configurable: true, value: name === "Module" ? Forbidden : forbid });
  }
  giveHelper(undefined);
  try {
    return await action();
  } finally {
    giveHelper(undefined); // it may be known that there is none
    names.forEach((name, i) => {
      if (real[i] !== undefined) Object.defineProperty(WebAssembly, name, real[i]);
      else delete (WebAssembly as Record<string, unknown>)[name];
    });
  }
}
