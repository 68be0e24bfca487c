// Functions in WebAssembly between a guest with a 64-bit memory and the functions that it imports from
// the host: where all pointers and lengths fit, they go on as i32s, because the engine would have to
// make a bigint for each. Otherwise the same function is called with the i64s.
// They are only an optimisation: there are none if the engine forbids compiling.
// Function types enter, functions leave.

import type { CoreFunction, CoreFuncType } from "../types/core_values.ts";
import { layoutOf, type SignatureLayout } from "../types/layout.ts";
import type { FuncType, ValType } from "../types/types.ts";
import { type Code, op } from "./code.ts";
import { ModuleBuilder } from "./module_builder.ts";
import type { NumberKind } from "./wide_core.ts";

/** A function that a guest imports, and which of its core parameters may become i32s. */
export interface WideImport {
  readonly type: CoreFuncType;
  readonly numbers: ReadonlyMap<number, NumberKind>;
}

/** Browsers compile modules up to 4 KiB synchronously, and this many functions stay below. */
export const MAX_WIDE_IMPORTS = 14;

/** One map for the many functions of guests with a 32-bit memory. */
const none: ReadonlyMap<number, NumberKind> = new Map();

/**
 * The core parameters that are pointers and lengths whatever the values are. Those in a variant of
 * several payloads may be something else.
 */
export function numbersOf({ params, result }: FuncType, layout: SignatureLayout): ReadonlyMap<number, NumberKind> {
  if (layout.key.address === "i32") return none;
  const found = new Map<number, NumberKind>();
  if (layout.paramsDirect) params.forEach(({ type }, k) => note(type, layout.params.flatOffsets[k]!, found));
  else found.set(0, "pointer");
  if (result !== undefined && !layout.resultDirect) found.set(layout.core.params.length - 1, "pointer");
  return found;
}

function note(type: ValType, at: number, found: Map<number, NumberKind>): void {
  switch (type.kind) {
    case "string":
    case "list":
    case "map":
      found.set(at, "pointer");
      found.set(at + 1, type.kind === "string" ? "units" : "pointer");
      return;
    case "option":
      return note(type.element, at + 1, found);
    case "record":
    case "tuple": {
      let next = at;
      for (const part of type.kind === "tuple" ? type.types : type.fields.map((field) => field.type)) {
        note(part, next, found);
        next += layoutOf(part, "i64").flat!.length;
      }
    }
  }
}

/** Compiles the module of some functions. `undefined` if the engine forbids compiling. */
export function wideImportsModule(imports: readonly WideImport[]): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(wideImportsBytes(imports));
  } catch {
    return undefined;
  }
}

/** Builds the module of some functions. */
export function wideImportsBytes(imports: readonly WideImport[]): Uint8Array<ArrayBuffer> {
  const builder = new ModuleBuilder();
  const refs = imports.map(({ type: { params, results }, numbers }, i) => ({
    wide: builder.importFunc(`f${i}`, { params, results }),
    narrow: builder.importFunc(`f${i}`, { params: params.map((type, k) => numbers.has(k) ? "i32" : type), results }),
  }));
  imports.forEach(({ type, numbers }, i) => {
    const { ref, code } = builder.func(type), { wide, narrow } = refs[i]!;
    // All upper halves together, but for the tags of strings.
    [...numbers].forEach(([k, kind], nth) => {
      code.get(k);
      if (kind === "units") code.i64(1).do(op.i64Shl);
      if (nth > 0) code.do(op.i64Or);
    });
    code.i64(32).do(op.i64ShrU, op.i64Eqz).if();
    type.params.forEach((_, k) => pushNarrow(code, k, numbers.get(k)));
    code.call(narrow).do(op.return).end();
    type.params.forEach((_, k) => code.get(k));
    code.call(wide);
    builder.export(`f${i}`, ref);
  });
  return builder.build();
}

/** Pushes a parameter: a pointer or a length as an i32. The tag of a string moves from bit 63 to bit 31. */
function pushNarrow(code: Code, param: number, kind: NumberKind | undefined): void {
  code.get(param);
  if (kind !== undefined) code.do(op.i32WrapI64);
  if (kind === "units") code.get(param).i64(32).do(op.i64ShrU, op.i32WrapI64, op.i32Or);
}

/** Gives the functions that a guest imports in the place of some others: these, if there can be no instance. */
export function wideImports(module: WebAssembly.Module, funcs: readonly CoreFunction[]): readonly CoreFunction[] {
  const imports = Object.fromEntries(funcs.map((func, i) => [`f${i}`, func]));
  try {
    const { exports } = new WebAssembly.Instance(module, { "": imports });
    return funcs.map((_, i) => exports[`f${i}`] as CoreFunction);
  } catch {
    return funcs;
  }
}
