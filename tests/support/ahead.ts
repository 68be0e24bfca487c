// Components that were written ahead of time, for tests: written, imported and loaded at once, in any
// runtime.

import type { Component } from "@windlass/component";
import { load, type Written } from "@windlass/component/ahead";
import { aheadFiles, type AheadOptions } from "../../host/ahead_files.ts";

/** A component, and what was written of it. */
export interface Ahead {
  readonly component: Component;
  readonly written: Written;
  /** The text of the module with the plan. */
  readonly text: string;
  /** The modules that it was loaded with. */
  readonly modules: readonly WebAssembly.Module[];
}

/** Imports a module that imports nothing. Bun mistakes long texts in `data:` URLs, and Node has no `blob:` ones. */
export async function importText(text: string): Promise<Record<string, unknown>> {
  if (!("Bun" in globalThis)) return await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(text)}`);
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** How many trampolines were made by functions that were written ahead of time. */
export function made(): number {
  return counted.windlassMade ?? 0;
}

const counted = globalThis as { windlassMade?: number };
const COUNT = "globalThis.windlassMade = (globalThis.windlassMade ?? 0) + 1;";

/** Writes a component ahead of time, and loads it. */
export async function ahead(bytes: Uint8Array<ArrayBuffer>, options: Partial<AheadOptions> = {}): Promise<Ahead> {
  const files = await aheadFiles(bytes, { name: "it", ...options });
  const text = files.get("it.plan.js") as string;
  const { default: written } = await importText(text.replaceAll("(H, K) => {\n", `(H, K) => {\n${COUNT}\n`)) as {
    default: Written;
  };
  const cores = [...files].filter(([name]) => name.endsWith(".wasm"));
  const modules = await Promise.all(cores.map(([, core]) => WebAssembly.compile(core as Uint8Array<ArrayBuffer>)));
  return { component: await load(written, modules), written, text, modules };
}

/** Runs an action while nothing can be made of text, and, with `wasm`, nothing can be compiled. */
export async function forbidding<T>(action: () => T | Promise<T>, wasm = false): Promise<T> {
  const { Function, WebAssembly } = globalThis, { Module, compile } = WebAssembly;
  const refuseText = (): never => {
    throw new EvalError("Code generation from strings disallowed for this context");
  };
  const refuseWasm = (): never => {
    throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder");
  };
  globalThis.Function = new Proxy(Function, { construct: refuseText, apply: refuseText });
  if (wasm) {
    WebAssembly.Module = new Proxy(Module, { construct: refuseWasm });
    WebAssembly.compile = refuseWasm;
  }
  try {
    return await action();
  } finally {
    globalThis.Function = Function;
    Object.assign(WebAssembly, { Module, compile });
  }
}
