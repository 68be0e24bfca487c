// Core values: the instructions that load and store them, cut them to the range of a type, and cast
// them between a payload and the variant that joins it with others.
// Types enter, opcodes and instructions leave.
// Spec: CanonicalABI.md "Flat Lifting", "Flat Lowering".

import type { CoreType } from "../types/core_values.ts";
import type { ScalarKind } from "../types/scalar_rules.ts";
import { access, type Code, op } from "../wasm/code.ts";

/** The instructions that load and store a value of that many bytes. Loads extend with zeros. */
export function accesses(core: CoreType, size: number): { readonly load: number; readonly store: number } {
  if (core === "f32") return { load: access.f32Load, store: access.f32Store };
  if (core === "f64") return { load: access.f64Load, store: access.f64Store };
  if (core === "i64") return { load: access.i64Load, store: access.i64Store };
  if (size === 1) return { load: access.i32Load8U, store: access.i32Store8 };
  return size === 2
    ? { load: access.i32Load16U, store: access.i32Store16 }
    : { load: access.i32Load, store: access.i32Store };
}

/** Says whether the i32 on the stack is no Unicode scalar value: leaves 1 or 0. */
export function isNoChar(code: Code): void {
  // The surrogates, moved to the top of the range, make one comparison of two.
  code.i32(0xd800).do(op.i32Xor).i32(0x800).do(op.i32Sub).i32(0x10f800).do(op.i32GeU);
}

/** Cuts the core value on the stack to the range of an integer type. */
export function narrow(code: Code, kind: ScalarKind): void {
  if (kind === "u8") code.i32(0xff).do(op.i32And);
  else if (kind === "u16") code.i32(0xffff).do(op.i32And);
  else if (kind === "s8") code.do(op.i32Extend8S);
  else if (kind === "s16") code.do(op.i32Extend16S);
}

/** From a variant's core value to a payload's. */
export function toPart(joined: CoreType, part: CoreType): readonly number[] {
  if (joined === "i32") return [op.f32ReinterpretI32];
  if (part === "i32") return [op.i32WrapI64];
  return part === "f32" ? [op.i32WrapI64, op.f32ReinterpretI32] : [op.f64ReinterpretI64];
}

/** From a payload's core value to a variant's. */
export function toJoined(part: CoreType, joined: CoreType): readonly number[] {
  if (joined === "i32") return [op.i32ReinterpretF32];
  if (part === "i32") return [op.i64ExtendI32U];
  return part === "f32" ? [op.i32ReinterpretF32, op.i64ExtendI32U] : [op.i64ReinterpretF64];
}
