// `ToComponentValue` of types without parts: the coercions of JavaScript, and of WebIDL for integers.
// A kind of type enters, a function leaves that converts any value of JavaScript.
// Draft: JS-Reference.md `ToComponentValue`, `ToComponentValueInteger`. WebIDL: `ConvertToInt` with
// `[EnforceRange]`, `USVString`.

import type { OfKind, PrimitiveKind } from "../../abi/types/types.ts";
import { formatType } from "../../abi/types/types.ts";
import { firstCodePoint, fround, setPrototypeOf, trunc } from "./intrinsics.ts";
import { refuse } from "./refuse.ts";

/** `ToString`. Unlike `String()`, it refuses symbols. */
export function toText(value: unknown): string {
  return typeof value === "string" ? value : `${value}`;
}

/** `ToNumber`. It refuses symbols and BigInts. */
function toNumber(value: unknown): number {
  return typeof value === "number" ? value : +(value as number);
}

/** Converts to an integer that is a Number: `NaN` and infinities are refused, fractions cut. */
function integer(kind: PrimitiveKind, min: number, max: number): (value: unknown) => number {
  return (value) => {
    // Adding zero makes zero of minus zero.
    const number = trunc(toNumber(value)) + 0;
    // No comparison holds for NaN.
    return number >= min && number <= max ? number : refuse(kind, value);
  };
}

/**
 * Converts to an integer that is a BigInt. A Number has to be one that says exactly which integer is
 * meant, as WebIDL has it.
 */
function bigInteger(kind: PrimitiveKind, min: bigint, max: bigint): (value: unknown) => bigint {
  const least = min < 0n ? Number.MIN_SAFE_INTEGER : 0;
  return (value) => {
    if (typeof value === "bigint") return value >= min && value <= max ? value : refuse(kind, value);
    const number = trunc(toNumber(value)) + 0;
    return number >= least && number <= Number.MAX_SAFE_INTEGER ? BigInt(number) : refuse(kind, value);
  };
}

function toChar(value: unknown): string {
  const text = toText(value), code = firstCodePoint(text);
  const isScalar = code !== undefined && text.length === (code > 0xffff ? 2 : 1) && !(code >= 0xd800 && code <= 0xdfff);
  return isScalar ? text : refuse("char (a string of one Unicode scalar value)", value);
}

/** The conversions by kind. An `error-context` is as in the library's own API. */
export const scalars: Readonly<Record<PrimitiveKind, (value: unknown) => unknown>> = {
  bool: (value) => Boolean(value),
  u8: integer("u8", 0, 0xff),
  s8: integer("s8", -0x80, 0x7f),
  u16: integer("u16", 0, 0xffff),
  s16: integer("s16", -0x8000, 0x7fff),
  u32: integer("u32", 0, 0xffffffff),
  s32: integer("s32", -0x80000000, 0x7fffffff),
  u64: bigInteger("u64", 0n, 2n ** 64n - 1n),
  s64: bigInteger("s64", -(2n ** 63n), 2n ** 63n - 1n),
  f32: (value) => fround(toNumber(value)),
  f64: toNumber,
  char: toChar,
  // Unpaired surrogates become U+FFFD when the text is lowered.
  string: toText,
  "error-context": (value) => value,
};

/** Which of some labels a text is, for `enum` and `variant`. */
export function labelIndex(labels: readonly string[]): (label: string) => number | undefined {
  const indices = setPrototypeOf(
    Object.fromEntries(labels.map((label, i) => [label, i])),
    null,
  ) as Readonly<Record<string, number>>;
  return (label) => indices[label];
}

/** `enum`: a label. */
export function enumFrom(type: OfKind<"enum">): (value: unknown) => string {
  const indexOf = labelIndex(type.names), expected = formatType(type);
  return (value) => {
    const label = toText(value);
    return indexOf(label) === undefined ? refuse(expected, label) : label;
  };
}
