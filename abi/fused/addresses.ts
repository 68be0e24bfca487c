// Instructions on addresses: a memory's address type says which. Lengths that were checked are i32s
// for every memory, because no list or string is as long as 4 GiB.
// An address type enters, opcodes and instructions leave.

import type { AddressType, CoreFuncType } from "../types/core_values.ts";
import { access, type Code, op } from "../wasm/code.ts";
import type { Direction } from "./places.ts";

/** The instructions on addresses of one type. */
export interface AddressOps {
  readonly type: AddressType;
  /** The bytes of an address in memory. A length has as many. */
  readonly size: 4 | 8;
  readonly load: number;
  readonly store: number;
  readonly eq: number;
  readonly ne: number;
  readonly ltU: number;
  readonly geU: number;
  readonly add: number;
  readonly sub: number;
  readonly or: number;
  readonly xor: number;
  /** The tag in the length of a `latin1+utf16` string, which means UTF-16. */
  readonly utf16Tag: bigint;
  /** Makes the unsigned i32 on the stack a value of this type. */
  readonly fromI32: readonly number[];
  /** Makes the value of this type on the stack an i32, which has its lower bits. */
  readonly toI32: readonly number[];
  /** Makes the value of this type on the stack an i64. */
  readonly toI64: readonly number[];
  /** Pushes a constant. */
  push(code: Code, value: number | bigint): Code;
}

const i32: AddressOps = {
  type: "i32",
  size: 4,
  load: access.i32Load,
  store: access.i32Store,
  eq: op.i32Eq,
  ne: op.i32Ne,
  ltU: op.i32LtU,
  geU: op.i32GeU,
  add: op.i32Add,
  sub: op.i32Sub,
  or: op.i32Or,
  xor: op.i32Xor,
  utf16Tag: 1n << 31n,
  fromI32: [],
  toI32: [],
  toI64: [op.i64ExtendI32U],
  push: (code, value) => code.i32(Number(value)),
};

const i64: AddressOps = {
  type: "i64",
  size: 8,
  load: access.i64Load,
  store: access.i64Store,
  eq: op.i64Eq,
  ne: op.i64Ne,
  ltU: op.i64LtU,
  geU: op.i64GeU,
  add: op.i64Add,
  sub: op.i64Sub,
  or: op.i64Or,
  xor: op.i64Xor,
  utf16Tag: 1n << 63n,
  fromI32: [op.i64ExtendI32U],
  toI32: [op.i32WrapI64],
  toI64: [],
  push: (code, value) => code.i64(value),
};

/** The instructions by address type. */
export const addressOps: Readonly<Record<AddressType, AddressOps>> = { i32, i64 };

/** The type of a function that takes a range's pointer and length, and gives those of the copied one. */
export function rangeType({ from, to }: Direction): CoreFuncType {
  return { params: [from.address, from.address], results: [to.address, to.address] };
}

/**
 * `memory.copy` from one side to the other. Takes the target, the source and the length, which is an
 * i32 on the stack.
 */
export function memoryCopy(code: Code, { from, to }: Direction): Code {
  // The length has the smaller of both types.
  if (from.address === "i64" && to.address === "i64") code.do(op.i64ExtendI32U);
  return code.memoryCopy(to.memory, from.memory);
}
