// Lists of chars, enums and bools: validated all together, where SIMD can help, and copied at once.
// A pointer and a length, an i32, enter each function.

import type { ValType } from "../types/types.ts";
import type { CoreFuncType } from "../types/core_values.ts";
import { layoutOf } from "../types/layout.ts";
import { access, type Code, type FuncRef, op, vector } from "../wasm/code.ts";
import type { AddressOps } from "./addresses.ts";
import { accesses, isNoChar } from "./core_values.ts";
import type { Emitter } from "./emitter.ts";

/** How the elements of a list can be handled together, if they can. */
export function bulkKind(element: ValType): "char" | "count" | "bool" | undefined {
  if (element.kind === "char" || element.kind === "bool") return element.kind;
  return element.kind === "enum" ? "count" : undefined;
}

/** A function `(pointer, length)` that validates the elements of a list in the caller's memory. */
export function bulkCheck(emitter: Emitter, memory: number, element: ValType): FuncRef | undefined {
  const kind = bulkKind(element), { size } = layoutOf(element, "i32"), type = bulkType(emitter, memory);
  if (kind === "char") return emitter.func(`chars ${memory}`, type, (code) => emitCharCheck(emitter, memory, code));
  if (kind !== "count") return undefined;
  const count = (element as ValType & { kind: "enum" }).names.length;
  return emitter.func(
    `cases ${memory} ${size} ${count}`,
    type,
    (code) => emitCountCheck(emitter, memory, size, count, code),
  );
}

/** A function `(pointer, length)` that makes the elements of a copied list canonical. */
export function bulkNormalise(emitter: Emitter, memory: number, element: ValType): FuncRef | undefined {
  if (bulkKind(element) !== "bool") return undefined;
  const type = bulkType(emitter, memory);
  return emitter.func(`normalise ${memory}`, type, (code) => emitNormaliseBools(emitter, memory, code));
}

function bulkType(emitter: Emitter, memory: number): CoreFuncType {
  return { params: [emitter.on(memory).type, "i32"], results: [] };
}

const [POINTER, LENGTH] = [0, 1];

/** Makes `body` run for each step of `size` bytes from the pointer on, while `left` is not 0. */
function eachStep(code: Code, { push, add }: AddressOps, left: number, size: number, body: () => void): void {
  const done = code.block();
  code.get(left).do(op.i32Eqz).brIf(done);
  const next = code.loop();
  body();
  push(code.get(POINTER), size).do(add).set(POINTER);
  code.get(left).i32(1).do(op.i32Sub).tee(left).brIf(next);
  code.end().end();
}

/**
 * Loops over vectors of 16 bytes, then over the elements that are left. The local with the length
 * is what is left after the first.
 */
function eachVector(code: Code, on: AddressOps, size: number, vectors: () => void, element: () => void): void {
  const perVector = 16 / size, steps = code.local("i32");
  code.get(LENGTH).i32(Math.log2(perVector)).do(op.i32ShrU).set(steps);
  eachStep(code, on, steps, 16, vectors);
  code.get(LENGTH).i32(perVector - 1).do(op.i32And).set(LENGTH);
  eachStep(code, on, LENGTH, size, element);
}

/** Traps if an element is no Unicode scalar value. */
function emitCharCheck(emitter: Emitter, memory: number, code: Code): void {
  const element = (): void => {
    code.get(POINTER).access(access.i32Load, memory);
    isNoChar(code);
    emitter.fault(code, "invalid-char");
  };
  if (!emitter.simd) return eachStep(code, emitter.on(memory), LENGTH, 4, element);
  const splat = (value: number): void => void code.i32(value).vector(vector.i32x4Splat);
  eachVector(code, emitter.on(memory), 4, () => {
    code.get(POINTER).vectorAccess(vector.load, memory);
    splat(0xd800);
    code.vector(vector.xor);
    splat(0x800);
    code.vector(vector.i32x4Sub);
    splat(0x10f800);
    code.vector(vector.i32x4GeU).vector(vector.anyTrue);
    emitter.fault(code, "invalid-char");
  }, element);
}

/** Traps if an element names no case. */
function emitCountCheck(emitter: Emitter, memory: number, size: number, count: number, code: Code): void {
  const { load } = accesses("i32", size);
  const element = (): void => {
    code.get(POINTER).access(load, memory).i32(count).do(op.i32GeU);
    emitter.fault(code, "invalid-discriminant");
  };
  if (!emitter.simd || size !== 1 || count > 255) return eachStep(code, emitter.on(memory), LENGTH, size, element);
  eachVector(code, emitter.on(memory), 1, () => {
    code.get(POINTER).vectorAccess(vector.load, memory).bytes16(count).vector(vector.i8x16GeU).vector(vector.anyTrue);
    emitter.fault(code, "invalid-discriminant");
  }, element);
}

/** Makes each byte 0 or 1. */
function emitNormaliseBools(emitter: Emitter, memory: number, code: Code): void {
  const element = (): void => {
    code.get(POINTER).get(POINTER).access(access.i32Load8U, memory).i32(0).do(op.i32Ne);
    code.access(access.i32Store8, memory);
  };
  if (!emitter.simd) return eachStep(code, emitter.on(memory), LENGTH, 1, element);
  eachVector(code, emitter.on(memory), 1, () => {
    code.get(POINTER).get(POINTER).vectorAccess(vector.load, memory).bytes16(0).vector(vector.i8x16Ne);
    code.bytes16(1).vector(vector.and).vectorAccess(vector.store, memory);
  }, element);
}
