// Scalars: bool, integers, floats, char. Each has one core value.
// Lifting truncates a core value. Lowering never coerces: a JavaScript value outside the type is a
// ValueError.
// Spec: CanonicalABI.md "Loading", "Storing", "Flat Lifting", "Flat Lowering".

import type { AddressType, CoreValue } from "../types/core_values.ts";
import { describe, ValueError } from "../../errors.ts";
import { type Codec, oneCore } from "./codec.ts";
import type { Layout } from "../types/layout.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { isThenable } from "./results.ts";
import { trap } from "../state/trap.ts";
import { isJsc } from "../engine.ts";
import { fitting, lengthOf } from "./typed_arrays.ts";
import {
  bigintRules,
  type IntegerRule,
  numberRules,
  numericArrays,
  type NumericView,
  type ScalarKind,
  scalarRules,
} from "../types/scalar_rules.ts";

/** Throws a ValueError that a value is not of the type, or that it is a promise. */
export function mismatch(expected: string, value: unknown): never {
  if (isThenable(value)) throw new ValueError("promise", expected);
  throw new ValueError("type-mismatch", expected, describe(value));
}

interface Scalar {
  lift(cx: CanonContext, core: CoreValue): unknown;
  lower(cx: CanonContext, value: unknown): CoreValue;
  load(cx: CanonContext, ptr: number): unknown;
  store(cx: CanonContext, value: unknown, ptr: number): void;
}

const { u8, s8, u16, s16, u32, s32 } = numberRules, { u64, s64 } = bigintRules;

function lowerBig(kind: "u64" | "s64", value: unknown, rule: IntegerRule<bigint>): bigint {
  const big = typeof value === "bigint" ? value : Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
  return big !== undefined && rule.truncate(big) === big ? big : mismatch(kind, value);
}

function liftChar(cx: CanonContext, core: CoreValue): string {
  const code = (core as number) >>> 0;
  if (code >= 0x110000 || (code >= 0xd800 && code <= 0xdfff)) trap(cx.inst.tree, "invalid-char");
  return String.fromCodePoint(code);
}

function lowerChar(_: CanonContext, value: unknown): number {
  if (typeof value !== "string") mismatch("char", value);
  const code = value.codePointAt(0);
  if (code === undefined || value.length !== (code > 0xffff ? 2 : 1) || (code >= 0xd800 && code <= 0xdfff)) {
    mismatch("char (a string of one Unicode scalar value)", value);
  }
  return code;
}

// Each kind has functions of its own. Shared functions that take the rule or the view as a
// parameter would be megamorphic calls, three for each field of a record.
const lowerBool = (_: CanonContext, value: unknown): number =>
  value === true ? 1 : value === false ? 0 : mismatch("bool", value);
const lowerU8 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && u8.truncate(value) === value ? value : mismatch("u8", value);
const lowerS8 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && s8.truncate(value) === value ? value : mismatch("s8", value);
const lowerU16 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && u16.truncate(value) === value ? value : mismatch("u16", value);
const lowerS16 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && s16.truncate(value) === value ? value : mismatch("s16", value);
const lowerU32 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && u32.truncate(value) === value ? value : mismatch("u32", value);
const lowerS32 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && s32.truncate(value) === value ? value : mismatch("s32", value);
const lowerU64 = (_: CanonContext, value: unknown): bigint => lowerBig("u64", value, u64);
const lowerS64 = (_: CanonContext, value: unknown): bigint => lowerBig("s64", value, s64);
const lowerF32 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" ? value : mismatch("f32", value);
const lowerF64 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" ? value : mismatch("f64", value);
// JavaScript cannot see the bits of a lifted NaN. That is the canonicalisation that the
// specification asks for.
const liftFloat = (_: CanonContext, core: CoreValue): number => core as number;

const scalars: Readonly<Record<ScalarKind, Scalar>> = {
  bool: {
    lift: (_, core) => core !== 0,
    lower: lowerBool,
    load: (cx, ptr) => cx.memory.u8[ptr] !== 0,
    store: (cx, value, ptr) => void (cx.memory.u8[ptr] = lowerBool(cx, value)),
  },
  u8: {
    lift: (_, core) => u8.truncate(core as number),
    lower: lowerU8,
    load: (cx, ptr) => cx.memory.u8[ptr],
    store: (cx, value, ptr) => void (cx.memory.u8[ptr] = lowerU8(cx, value)),
  },
  s8: {
    lift: (_, core) => s8.truncate(core as number),
    lower: lowerS8,
    load: (cx, ptr) => cx.memory.s8[ptr],
    store: (cx, value, ptr) => void (cx.memory.s8[ptr] = lowerS8(cx, value)),
  },
  u16: {
    lift: (_, core) => u16.truncate(core as number),
    lower: lowerU16,
    load: (cx, ptr) => cx.memory.u16[ptr >>> 1],
    store: (cx, value, ptr) => void (cx.memory.u16[ptr >>> 1] = lowerU16(cx, value)),
  },
  s16: {
    lift: (_, core) => s16.truncate(core as number),
    lower: lowerS16,
    load: (cx, ptr) => cx.memory.s16[ptr >>> 1],
    store: (cx, value, ptr) => void (cx.memory.s16[ptr >>> 1] = lowerS16(cx, value)),
  },
  u32: {
    lift: (_, core) => u32.truncate(core as number),
    lower: lowerU32,
    load: (cx, ptr) => cx.memory.u32[ptr >>> 2],
    store: (cx, value, ptr) => void (cx.memory.u32[ptr >>> 2] = lowerU32(cx, value)),
  },
  s32: {
    lift: (_, core) => s32.truncate(core as number),
    lower: lowerS32,
    load: (cx, ptr) => cx.memory.s32[ptr >>> 2],
    store: (cx, value, ptr) => void (cx.memory.s32[ptr >>> 2] = lowerS32(cx, value)),
  },
  u64: {
    lift: (_, core) => u64.truncate(core as bigint),
    lower: lowerU64,
    load: (cx, ptr) => cx.memory.u64[ptr >>> 3],
    store: (cx, value, ptr) => void (cx.memory.u64[ptr >>> 3] = lowerU64(cx, value)),
  },
  s64: {
    lift: (_, core) => s64.truncate(core as bigint),
    lower: lowerS64,
    load: (cx, ptr) => cx.memory.s64[ptr >>> 3],
    store: (cx, value, ptr) => void (cx.memory.s64[ptr >>> 3] = lowerS64(cx, value)),
  },
  f32: {
    lift: liftFloat,
    lower: lowerF32,
    load: (cx, ptr) => cx.memory.f32[ptr >>> 2],
    store: (cx, value, ptr) => void (cx.memory.f32[ptr >>> 2] = lowerF32(cx, value)),
  },
  f64: {
    lift: liftFloat,
    lower: lowerF64,
    load: (cx, ptr) => cx.memory.f64[ptr >>> 3],
    store: (cx, value, ptr) => void (cx.memory.f64[ptr >>> 3] = lowerF64(cx, value)),
  },
  char: {
    lift: liftChar,
    lower: lowerChar,
    load: (cx, ptr) => liftChar(cx, cx.memory.u32[ptr >>> 2]!),
    store: (cx, value, ptr) => void (cx.memory.u32[ptr >>> 2] = lowerChar(cx, value)),
  },
};

/** The view of a memory that has the elements of a scalar type. */
function viewOf(kind: ScalarKind): NumericView {
  return kind === "bool" ? "u8" : kind === "char" ? "u32" : scalarRules[kind].view!;
}

/** The same for a memory whose addresses have 64 bits: a shift would take 32 of them. */
function wideAccess(kind: ScalarKind): Pick<Scalar, "load" | "store"> {
  const { lift, lower } = scalars[kind], { size } = scalarRules[kind], view = viewOf(kind);
  return {
    load: (cx, ptr) => lift(cx, cx.memory[view][ptr / size]!),
    store: (cx, value, ptr) => void (cx.memory[view][ptr / size] = lower(cx, value) as never),
  };
}

/** The codec of a scalar type. */
export function scalarCodec(kind: ScalarKind, layout: Layout, address: AddressType): Codec {
  const { lift, lower } = scalars[kind], { view, size } = scalarRules[kind];
  const { load, store } = address === "i32" ? scalars[kind] : wideAccess(kind);
  const codec: Codec = {
    type: { kind },
    layout,
    load,
    store,
    ...oneCore(lift, lower),
  };
  return view === undefined ? codec : { ...codec, ...numericLists(view, size) };
}

/**
 * From so many bytes on, V8 copies a typed array in a quarter less time than a part of one, whose
 * elements it clears before. JavaScriptCore takes a tenth longer.
 */
const LARGE = isJsc ? Infinity : 1 << 14;

/** Lists of numbers are loaded with one `slice` and stored with one `set`. */
function numericLists(
  view: NumericView,
  size: number,
): Required<Pick<Codec, "loadList" | "viewList" | "fits" | "storeList">> {
  const Class = numericArrays[view], fits = fitting(view), large = LARGE / size;
  return {
    // Faster than `subarray`, which asks for the class that it is to make.
    viewList: (cx, ptr, length) => new Class(cx.memory.buffer, ptr, length),
    loadList(cx, ptr, length) {
      const { memory } = cx;
      if (length >= large) return new Class(new Class(memory.buffer, ptr, length));
      const start = ptr / size;
      return memory[view].slice(start, start + length);
    },
    fits,
    storeList(cx, value, ptr, length) {
      // The array or its class may define `length` anew to look shorter or longer. `set` uses the
      // true length.
      if (!fits(value) || lengthOf(value) !== length) return false;
      if (length > 0) (cx.memory[view] as Uint8Array).set(value as Uint8Array, ptr / size);
      return true;
    },
  };
}
