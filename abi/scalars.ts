// Scalars: bool, integers, floats, char. One core value each; every pair of functions fits on a line.
// lift: core value → JS, by truncation. lower: JS → core value; nothing is coerced, a value outside its type is a ValueError.
// Spec: CanonicalABI.md "Loading", "Storing", "Flat Lifting", "Flat Lowering".

import { describe, ValueError } from "../errors.ts";
import { type Codec, type CoreValue, oneCore } from "./codec.ts";
import type { Layout } from "./layout.ts";
import type { CanonContext } from "./options.ts";
import { isThenable } from "./results.ts";
import { trap } from "./trap.ts";
import type { PrimitiveKind } from "./types.ts";

/** Kinds that are scalars. */
export type ScalarKind = Exclude<PrimitiveKind, "string" | "error-context">;

/** Throws that a value is not of the type, or is a promise. */
export function mismatch(expected: string, value: unknown): never {
  if (isThenable(value)) throw new ValueError("promise", expected);
  throw new ValueError("type-mismatch", expected, describe(value));
}

interface Scalar {
  lift(cx: CanonContext, core: CoreValue): unknown;
  lower(cx: CanonContext, value: unknown): CoreValue;
  load(cx: CanonContext, ptr: number): unknown;
  store(cx: CanonContext, value: unknown, ptr: number): void;
  /** The view whose elements are this type's values. */
  view?: NumericView;
}

/** The names of {@linkcode GuestMemory}'s views. */
export type NumericView = "u8" | "s8" | "u16" | "s16" | "u32" | "s32" | "u64" | "s64" | "f32" | "f64";

function lowerBig(kind: "u64" | "s64", value: unknown, wrap: (bits: number, value: bigint) => bigint): bigint {
  const big = typeof value === "bigint" ? value : Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
  return big !== undefined && wrap(64, big) === big ? big : mismatch(kind, value);
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

// Each kind spells its own check out, and stores with it in one function: shared functions with the wrapping or the view as a parameter
// would be megamorphic calls, three for each field of a record.
const lowerBool = (_: CanonContext, value: unknown): number =>
  value === true ? 1 : value === false ? 0 : mismatch("bool", value);
const lowerU8 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && (value & 0xff) === value ? value : mismatch("u8", value);
const lowerS8 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && (value << 24 >> 24) === value ? value : mismatch("s8", value);
const lowerU16 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && (value & 0xffff) === value ? value : mismatch("u16", value);
const lowerS16 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && (value << 16 >> 16) === value ? value : mismatch("s16", value);
const lowerU32 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && (value >>> 0) === value ? value : mismatch("u32", value);
const lowerS32 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" && (value | 0) === value ? value : mismatch("s32", value);
const lowerU64 = (_: CanonContext, value: unknown): bigint => lowerBig("u64", value, BigInt.asUintN);
const lowerS64 = (_: CanonContext, value: unknown): bigint => lowerBig("s64", value, BigInt.asIntN);
const lowerF32 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" ? value : mismatch("f32", value);
const lowerF64 = (_: CanonContext, value: unknown): number =>
  typeof value === "number" ? value : mismatch("f64", value);
// A NaN lifted to JS has no bits to see, which is the canonicalisation that the specification asks for.
const liftFloat = (_: CanonContext, core: CoreValue): number => core as number;

const scalars: Readonly<Record<ScalarKind, Scalar>> = {
  bool: {
    lift: (_, core) => core !== 0,
    lower: lowerBool,
    load: (cx, ptr) => cx.memory.u8[ptr] !== 0,
    store: (cx, value, ptr) => void (cx.memory.u8[ptr] = lowerBool(cx, value)),
  },
  u8: {
    lift: (_, core) => (core as number) & 0xff,
    lower: lowerU8,
    load: (cx, ptr) => cx.memory.u8[ptr],
    store: (cx, value, ptr) => void (cx.memory.u8[ptr] = lowerU8(cx, value)),
    view: "u8",
  },
  s8: {
    lift: (_, core) => (core as number) << 24 >> 24,
    lower: lowerS8,
    load: (cx, ptr) => cx.memory.s8[ptr],
    store: (cx, value, ptr) => void (cx.memory.s8[ptr] = lowerS8(cx, value)),
    view: "s8",
  },
  u16: {
    lift: (_, core) => (core as number) & 0xffff,
    lower: lowerU16,
    load: (cx, ptr) => cx.memory.u16[ptr >>> 1],
    store: (cx, value, ptr) => void (cx.memory.u16[ptr >>> 1] = lowerU16(cx, value)),
    view: "u16",
  },
  s16: {
    lift: (_, core) => (core as number) << 16 >> 16,
    lower: lowerS16,
    load: (cx, ptr) => cx.memory.s16[ptr >>> 1],
    store: (cx, value, ptr) => void (cx.memory.s16[ptr >>> 1] = lowerS16(cx, value)),
    view: "s16",
  },
  u32: {
    lift: (_, core) => (core as number) >>> 0,
    lower: lowerU32,
    load: (cx, ptr) => cx.memory.u32[ptr >>> 2],
    store: (cx, value, ptr) => void (cx.memory.u32[ptr >>> 2] = lowerU32(cx, value)),
    view: "u32",
  },
  s32: {
    lift: (_, core) => (core as number) | 0,
    lower: lowerS32,
    load: (cx, ptr) => cx.memory.s32[ptr >>> 2],
    store: (cx, value, ptr) => void (cx.memory.s32[ptr >>> 2] = lowerS32(cx, value)),
    view: "s32",
  },
  u64: {
    lift: (_, core) => BigInt.asUintN(64, core as bigint),
    lower: lowerU64,
    load: (cx, ptr) => cx.memory.u64[ptr >>> 3],
    store: (cx, value, ptr) => void (cx.memory.u64[ptr >>> 3] = lowerU64(cx, value)),
    view: "u64",
  },
  s64: {
    lift: (_, core) => BigInt.asIntN(64, core as bigint),
    lower: lowerS64,
    load: (cx, ptr) => cx.memory.s64[ptr >>> 3],
    store: (cx, value, ptr) => void (cx.memory.s64[ptr >>> 3] = lowerS64(cx, value)),
    view: "s64",
  },
  f32: {
    lift: liftFloat,
    lower: lowerF32,
    load: (cx, ptr) => cx.memory.f32[ptr >>> 2],
    store: (cx, value, ptr) => void (cx.memory.f32[ptr >>> 2] = lowerF32(cx, value)),
    view: "f32",
  },
  f64: {
    lift: liftFloat,
    lower: lowerF64,
    load: (cx, ptr) => cx.memory.f64[ptr >>> 3],
    store: (cx, value, ptr) => void (cx.memory.f64[ptr >>> 3] = lowerF64(cx, value)),
    view: "f64",
  },
  char: {
    lift: liftChar,
    lower: lowerChar,
    load: (cx, ptr) => liftChar(cx, cx.memory.u32[ptr >>> 2]!),
    store: (cx, value, ptr) => void (cx.memory.u32[ptr >>> 2] = lowerChar(cx, value)),
  },
};

/** Whether arrays of a kind are typed arrays in JS, and which. */
export function numericView(kind: string): NumericView | undefined {
  return scalars[kind as ScalarKind]?.view;
}

/** The codec of a scalar type. */
export function scalarCodec(kind: ScalarKind, layout: Layout): Codec {
  const { lift, lower, load, store, view } = scalars[kind];
  const codec: Codec = {
    type: { kind },
    layout,
    load,
    store,
    ...oneCore(lift, lower),
  };
  return view === undefined ? codec : { ...codec, ...numericLists(view, layout.size) };
}

/** The length of a typed array, whatever it says. */
const realLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length")!.get!;

/** Lists of numbers: one `slice` or one `set`. */
function numericLists(view: NumericView, size: number): Required<Pick<Codec, "loadList" | "storeList">> {
  const shift = Math.log2(size);
  return {
    loadList(cx, ptr, length) {
      const array = cx.memory[view];
      const start = ptr >>> shift;
      return array.slice(start, start + length);
    },
    storeList(cx, value, ptr, length) {
      const array = cx.memory[view];
      // A real view, whose elements cannot be anything but what they are: a proxy is none, nor an array that poses as one.
      const fits = ArrayBuffer.isView(value) && (Object.getPrototypeOf(value) === Object.getPrototypeOf(array) ||
        view === "u8" && (value instanceof Uint8Array || value instanceof Uint8ClampedArray));
      // An own `length`, or a class's, says what an array wants to be taken for; `set` goes by the real one.
      if (!fits || realLength.call(value) !== length) return false;
      if (length > 0) (array as Uint8Array).set(value as Uint8Array, ptr >>> shift);
      return true;
    },
  };
}
