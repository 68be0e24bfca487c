// The rules of scalar types, one row for each: size, core type, range. Whatever knows a scalar reads its row: layout, the closures
// of the codecs, and the generator, for which the cut to a range has a second spelling as JavaScript text.
// Spec: CanonicalABI.md "Alignment", "Flattening", "Loading", "Storing", "Flat Lifting", "Flat Lowering".

import type { CoreType } from "./core_values.ts";
import type { PrimitiveKind } from "./types.ts";

/** Kinds that are scalars: one core value, and as many bytes of memory as it is wide. */
export type ScalarKind = Exclude<PrimitiveKind, "string" | "error-context">;

/** Integers that JavaScript has as numbers, and those it has as bigints. */
export type NumberKind = "u8" | "s8" | "u16" | "s16" | "u32" | "s32";
export type BigintKind = "u64" | "s64";

/** The names of a guest memory's views. */
export type NumericView = NumberKind | BigintKind | "f32" | "f64";

/** One scalar type. */
export interface ScalarRule {
  /** In bytes; its alignment too. */
  readonly size: 1 | 2 | 4 | 8;
  readonly core: CoreType;
  /** The view of a memory whose elements are values of the type. Other types convert what the view of their size has. */
  readonly view: NumericView | undefined;
}

/** An integer type: core values are cut to its range; a JavaScript value is of the type if cutting changes nothing. */
export interface IntegerRule<T extends number | bigint> extends ScalarRule {
  readonly view: NumericView;
  truncate(value: T): T;
  /** The same as an expression of JavaScript, of an expression that is a name or a call. */
  truncated(value: string): string;
}

// Each kind spells its cut out, twice in one place: engines inline a function of its own, and not one that is shared by kinds.
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

/** Whether a list of a kind is a typed array in JavaScript, and a view of which name. */
export function numericView(kind: string): NumericView | undefined {
  return scalarRules[kind as ScalarKind]?.view;
}
