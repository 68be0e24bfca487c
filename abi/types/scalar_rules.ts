// The rules of scalar types, one row per type: size, core type, range.
// Layouts, the codecs' closures and the code generator all read these rows. Therefore each cut to a
// range stands here twice: as a function, and as JavaScript text.
// Spec: CanonicalABI.md "Alignment", "Flattening", "Loading", "Storing", "Flat Lifting", "Flat
// Lowering".

import type { CoreType } from "./core_values.ts";
import type { PrimitiveKind } from "./types.ts";

/** Scalar kinds: types of one core value and a fixed size in memory. */
export type ScalarKind = Exclude<PrimitiveKind, "string" | "error-context">;

/** Integers that are numbers in JavaScript, and integers that are bigints. */
export type NumberKind = "u8" | "s8" | "u16" | "s16" | "u32" | "s32";
export type BigintKind = "u64" | "s64";

/** The views of a guest memory, by name. */
export type NumericView = NumberKind | BigintKind | "f32" | "f64";

/** One scalar type. */
export interface ScalarRule {
  /** In bytes. This is its alignment, too. */
  readonly size: 1 | 2 | 4 | 8;
  readonly core: CoreType;
  /**
   * The view of a memory whose elements are values of the type. If `undefined`, the codec converts
   * an element of the view of the same size.
   */
  readonly view: NumericView | undefined;
}

/**
 * An integer type. A core value is cut to its range. A JavaScript value is of the type if the cut
 * does not change it.
 */
export interface IntegerRule<T extends number | bigint> extends ScalarRule {
  readonly view: NumericView;
  truncate(value: T): T;
  /** The same cut as JavaScript text. Its argument is the text of a name or a call. */
  truncated(value: string): string;
}

// Each kind has its own function, spelt out, because engines inline a function that only one kind
// uses and do not inline a shared one.
const u8: IntegerRule<number> = {
  size: 1,
  core: "i32",
  view: "u8",
  truncate: (value) => value & 0xff,
  truncated: (value) => `(${value} & 255)`,
};
const s8: IntegerRule<number> = {
  size: 1,
  core: "i32",
  view: "s8",
  truncate: (value) => value << 24 >> 24,
  truncated: (value) => `(${value} << 24 >> 24)`,
};
const u16: IntegerRule<number> = {
  size: 2,
  core: "i32",
  view: "u16",
  truncate: (value) => value & 0xffff,
  truncated: (value) => `(${value} & 65535)`,
};
const s16: IntegerRule<number> = {
  size: 2,
  core: "i32",
  view: "s16",
  truncate: (value) => value << 16 >> 16,
  truncated: (value) => `(${value} << 16 >> 16)`,
};
const u32: IntegerRule<number> = {
  size: 4,
  core: "i32",
  view: "u32",
  truncate: (value) => value >>> 0,
  truncated: (value) => `(${value} >>> 0)`,
};
const s32: IntegerRule<number> = {
  size: 4,
  core: "i32",
  view: "s32",
  truncate: (value) => value | 0,
  truncated: (value) => `(${value} | 0)`,
};
const u64: IntegerRule<bigint> = {
  size: 8,
  core: "i64",
  view: "u64",
  truncate: (value) => BigInt.asUintN(64, value),
  truncated: (value) => `BigInt.asUintN(64, ${value})`,
};
const s64: IntegerRule<bigint> = {
  size: 8,
  core: "i64",
  view: "s64",
  truncate: (value) => BigInt.asIntN(64, value),
  truncated: (value) => `BigInt.asIntN(64, ${value})`,
};

/** The rows of integers. */
export const numberRules: Readonly<Record<NumberKind, IntegerRule<number>>> = { u8, s8, u16, s16, u32, s32 };
export const bigintRules: Readonly<Record<BigintKind, IntegerRule<bigint>>> = { u64, s64 };

/** Every row. */
export const scalarRules: Readonly<Record<ScalarKind, ScalarRule>> = {
  ...numberRules,
  ...bigintRules,
  bool: { size: 1, core: "i32", view: undefined },
  f32: { size: 4, core: "f32", view: "f32" },
  f64: { size: 8, core: "f64", view: "f64" },
  char: { size: 4, core: "i32", view: undefined },
};

/** The name of the typed array that a list of this kind is in JavaScript, if it is one. */
export function numericView(kind: string): NumericView | undefined {
  return scalarRules[kind as ScalarKind]?.view;
}

/** A class of typed arrays. */
export interface NumericArrayClass {
  readonly name: string;
  readonly prototype: object;
  new (length: number): ArrayLike<number | bigint>;
  new (array: ArrayLike<number | bigint>): ArrayLike<number | bigint>;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): ArrayLike<number | bigint>;
  from(values: ArrayLike<number | bigint>): ArrayLike<number | bigint>;
}

/** The class of the typed arrays of each view. */
export const numericArrays: Readonly<Record<NumericView, NumericArrayClass>> = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
} as never;
