// Functions in WebAssembly around core functions of a guest with a 64-bit memory: pointers and lengths
// go in and come out as numbers, where JavaScript would have to make a bigint for each.
// They are only an optimisation: there is none if the engine forbids compiling.

import type { CoreFunction, CoreFuncType } from "../types/core_values.ts";
import { type Code, op } from "./code.ts";
import { ModuleBuilder } from "./module_builder.ts";

/** What a number stands for: a pointer, or the length of a string with its tag (state/pointers.ts). */
export type NumberKind = "pointer" | "units";

/** Which parameters are numbers, by position, and whether the result is a pointer that becomes one. */
export interface Numbers {
  readonly params: ReadonlyMap<number, NumberKind>;
  readonly result: boolean;
}

const modules = new Map<string, WebAssembly.Module>();
/** How many modules are kept. The oldest is forgotten first. */
const MAX_MODULES = 100;

function compiled({ params, results }: CoreFuncType, numbers: Numbers): WebAssembly.Module {
  const key = `${params} ${results} ${[...numbers.params]} ${numbers.result}`;
  let module = modules.get(key);
  if (module !== undefined) return module;
  const builder = new ModuleBuilder(), core = builder.importFunc("core", { params, results });
  const { ref, code } = builder.func({
    params: params.map((type, i) => numbers.params.has(i) ? "f64" : type),
    results: numbers.result ? ["f64"] : results,
  });
  params.forEach((_, i) => {
    code.get(i);
    const kind = numbers.params.get(i);
    if (kind === undefined) return;
    code.do(op.i64TruncF64U);
    if (kind === "pointer") return;
    // Bit 31 is the tag in JavaScript, and bit 63 in the guest.
    const word = code.local("i64");
    code.set(word).get(word).i64(0x7fffffff).do(op.i64And);
    code.get(word).i64(31).do(op.i64ShrU).i64(63).do(op.i64Shl, op.i64Or);
  });
  code.call(core);
  if (numbers.result) pointerToNumber(code);
  builder.export("core", ref);
  module = new WebAssembly.Module(builder.build());
  for (const oldest of modules.keys()) {
    if (modules.size < MAX_MODULES) break;
    modules.delete(oldest);
  }
  modules.set(key, module);
  return module;
}

/**
 * Makes the pointer on the stack a number. One of 2^52 and more becomes another one that is exact and
 * has the same lowest bits, as in state/pointers.ts.
 */
function pointerToNumber(code: Code): void {
  const pointer = code.local("i64");
  code.tee(pointer).get(pointer).i64(0xff).do(op.i64And).i64(2n ** 52n).do(op.i64Or);
  code.get(pointer).i64(2n ** 52n).do(op.i64LtU, op.select, op.f64ConvertI64U);
}

/** Gives the function around a core function. `undefined` if there can be none. */
export function withNumbers(core: CoreFunction, type: CoreFuncType, numbers: Numbers): CoreFunction | undefined {
  try {
    return new WebAssembly.Instance(compiled(type, numbers), { "": { core } }).exports.core as CoreFunction;
  } catch {
    return undefined;
  }
}
