// `ToComponentValue` of types without parts: what each value of JavaScript becomes, or the TypeError.

import { assertStrictEquals } from "@std/assert";
import type { ValType } from "../../abi/types/types.ts";
import { bool, char, echo, f32, s64, string, thrown, u32, u8 } from "./support.ts";

/** What is refused. */
const NO = Symbol("a TypeError");

function check(type: ValType, rows: readonly (readonly [given: unknown, expected: unknown])[]): void {
  const call = echo(type);
  for (const [given, expected] of rows) {
    if (expected === NO) thrown(TypeError, () => call(given));
    else assertStrictEquals(call(given), expected);
  }
}

const number = (value: unknown) => ({ valueOf: () => value });

Deno.test("ToComponentValue: bool is ToBoolean", () => {
  check(bool, [[0, false], [NaN, false], ["", false], [null, false], [undefined, false], [0n, false]]);
  check(bool, [["false", true], [{}, true], [Symbol(), true], [new Boolean(false), true], [-1n, true]]);
});

Deno.test("ToComponentValueInteger: ToNumber, NaN and infinities are a TypeError", () => {
  check(u8, [["12", 12], [" 7\n", 7], ["", 0], [null, 0], [true, 1], [[], 0], [["5"], 5], [number(9), 9], [
    "0x1f",
    31,
  ]]);
  check(u8, [[undefined, NO], ["x", NO], [NaN, NO], [Infinity, NO], [-Infinity, NO], [{}, NO], [Symbol(), NO], [
    1n,
    NO,
  ]]);
  check(u8, [[number(1n), NO], [new Date(NaN), NO]]);
});

Deno.test("ToComponentValueInteger: fractions are cut towards zero, minus zero is zero", () => {
  check(u8, [[255.99, 255], [0.9, 0], [-0.9, 0], [-0, 0], [1e-7, 0]]);
  check({ kind: "s8" }, [[-1.9, -1], [-128.9, -128], [-0.5, 0]]);
});

Deno.test("ToComponentValueInteger: what is out of range is a TypeError", () => {
  check(u8, [[256, NO], [-1, NO]]);
  check({ kind: "s8" }, [[127, 127], [128, NO], [-128, -128], [-129, NO]]);
  check({ kind: "u16" }, [[65535, 65535], [65536, NO]]);
  check({ kind: "s16" }, [[32768, NO], [-32768, -32768]]);
  check(u32, [[4294967295, 4294967295], [4294967296, NO], [-1, NO]]);
  check({ kind: "s32" }, [[-2147483648, -2147483648], [2147483648, NO]]);
});

Deno.test("ToComponentValueInteger: s64 and u64 take BigInts of their range", () => {
  check(s64, [[2n ** 63n - 1n, 2n ** 63n - 1n], [2n ** 63n, NO], [-(2n ** 63n), -(2n ** 63n)], [
    -(2n ** 63n) - 1n,
    NO,
  ]]);
  check({ kind: "u64" }, [[2n ** 64n - 1n, 2n ** 64n - 1n], [2n ** 64n, NO], [-1n, NO]]);
});

Deno.test("ToComponentValueInteger: s64 and u64 take Numbers that are exact, as [EnforceRange] has it", () => {
  check(s64, [[2 ** 53 - 1, 2n ** 53n - 1n], [2 ** 53, NO], [-(2 ** 53) + 1, -(2n ** 53n) + 1n], [-(2 ** 53), NO]]);
  check(s64, [["12", 12n], [-1.9, -1n], [-0, 0n], [null, 0n], [undefined, NO], [NaN, NO], ["1n", NO]]);
  // An object is not a BigInt: ToNumber refuses the one that it converts to.
  check(s64, [[Object(1n), NO], [number(1n), NO]]);
  check({ kind: "u64" }, [[2 ** 53 - 1, 2n ** 53n - 1n], [2 ** 53, NO], [-1, NO], [-0.5, 0n]]);
});

Deno.test("ToComponentValue: f32 and f64 are ToNumber, f32 is rounded", () => {
  check(f32, [[0.1, Math.fround(0.1)], [NaN, NaN], [-0, -0], [1e39, Infinity], [-1e39, -Infinity], [null, 0]]);
  check(f32, [[16777217, 16777216], [16777219, 16777220], [undefined, NaN], ["x", NaN]]); // ties to even
  check({ kind: "f64" }, [[0.1, 0.1], ["1e3", 1000], [undefined, NaN], [{}, NaN], [1n, NO], [Symbol(), NO]]);
});

Deno.test("ToComponentValue: char is ToString, and one scalar value", () => {
  check(char, [["a", "a"], ["\u{1f600}", "\u{1f600}"], [7, "7"], [{ toString: () => "z" }, "z"]]);
  check(char, [["", NO], ["ab", NO], [12, NO], ["\ud800", NO], ["\udc00", NO], ["\udc00\ud800", NO], [Symbol(), NO]]);
  check(char, [["a\u0301", NO], ["\u{1f600}a", NO], [null, NO]]);
});

Deno.test("ToComponentValue: string is ToString, unpaired surrogates become U+FFFD", () => {
  check(string, [[42, "42"], [null, "null"], [undefined, "undefined"], [-0, "0"], [1n, "1"], [[1, 2], "1,2"]]);
  check(string, [["\ud800", "\ufffd"], ["a\udc00b", "a\ufffdb"], ["\ud83d\ude00", "\u{1f600}"], [Symbol(), NO]]);
  check(string, [[{ toString: () => "t", valueOf: () => "v" }, "t"], [
    { [Symbol.toPrimitive]: (hint: string) => hint },
    "string",
  ]]);
  check(string, [[Object.create(null), NO]]);
});

Deno.test("ToComponentValue: enum is ToString, and a label", () => {
  const type: ValType = { kind: "enum", names: ["a-b", "null", "to-string"] };
  check(type, [["a-b", "a-b"], [null, "null"], [{ toString: () => "a-b" }, "a-b"]]);
  check(type, [["aB", NO], ["toString", NO], ["__proto__", NO], ["constructor", NO], [undefined, NO], [Symbol(), NO], [
    0,
    NO,
  ]]);
});
