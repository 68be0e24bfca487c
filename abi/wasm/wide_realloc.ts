// A function in WebAssembly around the realloc of a 64-bit memory: numbers go in and come out, where
// JavaScript would have to make five bigints for a call.
// It is only an optimisation: there is none if the engine forbids compiling.

import type { CoreFuncType, CoreType } from "../types/core_values.ts";
import { op } from "./code.ts";
import { ModuleBuilder } from "./module_builder.ts";

/** `realloc` of a 64-bit memory, with numbers. */
export type WideRealloc = (old: number, oldSize: number, alignment: number, size: number) => number;

let module: WebAssembly.Module | undefined;
const made = new WeakMap<object, WideRealloc>();

function compiled(): WebAssembly.Module {
  if (module !== undefined) return module;
  const four = (type: CoreType): CoreFuncType => ({ params: [type, type, type, type], results: [type] });
  const builder = new ModuleBuilder(), realloc = builder.importFunc("realloc", four("i64"));
  const { ref, code } = builder.func(four("f64"));
  for (let i = 0; i < 4; i++) code.get(i).do(op.i64TruncF64U);
  code.call(realloc).do(op.f64ConvertI64U);
  builder.export("realloc", ref);
  return module = new WebAssembly.Module(builder.build());
}

/** Gives the function around a realloc. `undefined` if there can be none. */
export function wideRealloc(realloc: (...args: never[]) => unknown): WideRealloc | undefined {
  let found = made.get(realloc);
  if (found !== undefined) return found;
  try {
    const imports = { "": { realloc: realloc as WebAssembly.ImportValue } };
    found = new WebAssembly.Instance(compiled(), imports).exports.realloc as unknown as WideRealloc;
  } catch {
    return undefined;
  }
  made.set(realloc, found);
  return found;
}
