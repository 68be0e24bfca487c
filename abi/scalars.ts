// Scalars: bool, integers, floats, char. One core value each; every pair of functions fits on a line.
// lift: core value → JS, by truncation. lower: JS → core value; nothing is coerced, a value outside its type is a ValueError.
// Spec: CanonicalABI.md "Loading", "Storing", "Flat Lifting", "Flat Lowering".

import { describe, ValueError } from "../errors.ts";
import { type Codec, type CoreValue, oneCore } from "./codec.ts";
import type { Layout } from "./layout.ts";
import type { GuestMemory } from "./memory.ts";
import type { CanonContext } from "./options.ts";
import { trap } from "./trap.ts";
import type { PrimitiveKind } from "./types.ts";

/** Kinds that are scalars. */
export type ScalarKind = Exclude<PrimitiveKind, "string" | "error-context">;

/** Throws that a value is not of the type, or is a promise. */
export function mismatch(expected: string, value: unknown): never {
  if (typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function") {
    throw new ValueError("promise", expected);
  }
  throw new ValueError("type-mismatch", expected, describe(value));
}

interface Scalar {
  lift(cx: CanonContext, core: CoreValue): unknown;
  lower(cx: CanonContext, value: unknown): CoreValue;
  load(cx: CanonContext, ptr: number): unknown;
  store(memory: GuestMemory, core: CoreValue, ptr: number): void;
  /** The view whose elements are this type's values. */
  view?: NumericView;
}

/** The names of {@linkcode GuestMemory}'s views. */
export type NumericView = "u8" | "s8" | "u16" | "s16" | "u32" | "s32" | "u64" | "s64" | "f32" | "f64";

function bigInteger(kind: "u64" | "s64", wrap: (value: bigint) => bigint) {
  return {
    lift: (_: CanonContext, core: CoreValue): bigint => wrap(core as bigint),
    lower: (_: CanonContext, value: unknown): bigint => {
      const big = typeof value === "bigint" ? value : Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
      return big !== undefined && wrap(big) === big ? big : mismatch(kind, value);
    },
    view: kind,
  };
}

function float(kind: "f32" | "f64") {
  return {
    // A NaN lifted to JS has no bits to see, which is the canonicalisation that the specification asks for.
    lift: (_: CanonContext, core: CoreValue): number => core as number,
    lower: (_: CanonContext, value: unknown): number => typeof value === "number" ? value : mismatch(kind, value),
    view: kind,
  };
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

// Each integer spells its own wrapping out: a shared function with the wrapping as a parameter would be one megamorphic call for all.
const scalars: Readonly<Record<ScalarKind, Scalar>> = {
  bool: {
    lift: (_, core) => core !== 0,
    lower: (_, value) => value === true ? 1 : value === false ? 0 : mismatch("bool", value),
    load: (cx, ptr) => cx.memory.u8[ptr] !== 0,
    store: (memory, core, ptr) => memory.u8[ptr] = core as number,
  },
  u8: {
    lift: (_, core) => (core as number) & 0xff,
    lower: (_, value) => typeof value === "number" && (value & 0xff) === value ? value : mismatch("u8", value),
    view: "u8",
    load: (cx, ptr) => cx.memory.u8[ptr],
    store: (memory, core, ptr) => memory.u8[ptr] = core as number,
  },
  s8: {
    lift: (_, core) => (core as number) << 24 >> 24,
    lower: (_, value) => typeof value === "number" && (value << 24 >> 24) === value ? value : mismatch("s8", value),
    view: "s8",
    load: (cx, ptr) => cx.memory.s8[ptr],
    store: (memory, core, ptr) => memory.s8[ptr] = core as number,
  },
  u16: {
    lift: (_, core) => (core as number) & 0xffff,
    lower: (_, value) => typeof value === "number" && (value & 0xffff) === value ? value : mismatch("u16", value),
    view: "u16",
    load: (cx, ptr) => cx.memory.u16[ptr >>> 1],
    store: (memory, core, ptr) => memory.u16[ptr >>> 1] = core as number,
  },
  s16: {
    lift: (_, core) => (core as number) << 16 >> 16,
    lower: (_, value) => typeof value === "number" && (value << 16 >> 16) === value ? value : mismatch("s16", value),
    view: "s16",
    load: (cx, ptr) => cx.memory.s16[ptr >>> 1],
    store: (memory, core, ptr) => memory.s16[ptr >>> 1] = core as number,
  },
  u32: {
    lift: (_, core) => (core as number) >>> 0,
    lower: (_, value) => typeof value === "number" && (value >>> 0) === value ? value : mismatch("u32", value),
    view: "u32",
    load: (cx, ptr) => cx.memory.u32[ptr >>> 2],
    store: (memory, core, ptr) => memory.u32[ptr >>> 2] = core as number,
  },
  s32: {
    lift: (_, core) => (core as number) | 0,
    lower: (_, value) => typeof value === "number" && (value | 0) === value ? value : mismatch("s32", value),
    view: "s32",
    load: (cx, ptr) => cx.memory.s32[ptr >>> 2],
    store: (memory, core, ptr) => memory.s32[ptr >>> 2] = core as number,
  },
  u64: {
    ...bigInteger("u64", (value) => BigInt.asUintN(64, value)),
    load: (cx, ptr) => cx.memory.u64[ptr >>> 3],
    store: (memory, core, ptr) => memory.u64[ptr >>> 3] = core as bigint,
  },
  s64: {
    ...bigInteger("s64", (value) => BigInt.asIntN(64, value)),
    load: (cx, ptr) => cx.memory.s64[ptr >>> 3],
    store: (memory, core, ptr) => memory.s64[ptr >>> 3] = core as bigint,
  },
  f32: {
    ...float("f32"),
    load: (cx, ptr) => cx.memory.f32[ptr >>> 2],
    store: (memory, core, ptr) => memory.f32[ptr >>> 2] = core as number,
  },
  f64: {
    ...float("f64"),
    load: (cx, ptr) => cx.memory.f64[ptr >>> 3],
    store: (memory, core, ptr) => memory.f64[ptr >>> 3] = core as number,
  },
  char: {
    lift: liftChar,
    lower: lowerChar,
    load: (cx, ptr) => liftChar(cx, cx.memory.u32[ptr >>> 2]!),
    store: (memory, core, ptr) => memory.u32[ptr >>> 2] = core as number,
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
    store: (cx, value, ptr) => {
      store(cx.memory, lower(cx, value), ptr);
    },
    ...oneCore(lift, lower),
  };
  return view === undefined ? codec : { ...codec, ...numericLists(view, layout.size) };
}

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
      const fits = Object.getPrototypeOf(value) === Object.getPrototypeOf(array) ||
        (view === "u8" && value instanceof Uint8Array || value instanceof Uint8ClampedArray && view === "u8");
      if (!fits || (value as Uint8Array).length !== length) return false;
      (array as Uint8Array).set(value as Uint8Array, ptr >>> shift);
      return true;
    },
  };
}
