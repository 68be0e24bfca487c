// Hostile guests: pointers, lengths and contents that are not what they are claimed to be, and
// allocators that lie. Each case: what trap it is, its full message, and what becomes of the
// instance. Handles are in hostile_handles_test.ts, hosts in hostile_host_test.ts.

import "../support/leaks.ts";
import { BUMP, type Case, guest, named, SAME, testAll } from "./hostile_support.ts";

const cases: Case[] = [];

/** How a message ends, `%` being the place; or what `f` gives. */
type Outcome = string | { gives: unknown };
const outcomeAt = (place: string, outcome: Outcome): Pick<Case, "fails" | "gives" | "afterwards"> =>
  typeof outcome === "string"
    ? { fails: `Trap ${outcome.replace("%", place)}`, afterwards: "locked" }
    : { ...outcome, afterwards: "usable" };

/** Cases that give `f` one argument each. */
function addCalls(
  common: Pick<Case, "name" | "wat"> & Partial<Case>,
  place: string,
  ...rows: [name: string | number, arg: unknown, outcome: Outcome][]
): void {
  for (const [name, arg, outcome] of rows) {
    cases.push({
      ...common,
      name: `${common.name}: ${name}`,
      run: ({ exports }) => exports.f(arg),
      ...outcomeAt(place, outcome),
    });
  }
}

const unaligned = "unaligned-pointer: %: unaligned pointer";
const outside = "pointer-out-of-bounds: %: pointer out of bounds of memory";
const noString = "string-out-of-bounds: %: string pointer/length out of bounds of memory";
const noList = "list-out-of-bounds: %: list pointer/length out of bounds of memory";
const invalid = "invalid-utf8: %: invalid utf-8 sequence";
const incomplete = "invalid-utf8: %: incomplete utf-8 byte sequence";
const badChar = "invalid-char: %: invalid `char` bit pattern";
const badCase = "invalid-discriminant: %: invalid variant discriminant";
const notAligned = "realloc-unaligned: %: realloc return: result not aligned";
const beyond = "realloc-out-of-bounds: %: realloc return: beyond end of memory";

const onResult = "Cannot lift result of export f", onParam = "Cannot lift param 1 `x` of import go";
const note: Pick<Case, "imports"> = { imports: ({ noted }) => ({ go: (x: unknown) => void noted.push(x) }) };

// Strings and lists that are not where they are claimed to be. Memory is one page, 65536 bytes.

/**
 * A guest whose `f` takes a pointer and a length and claims that they are a value of a type: its
 * result.
 */
const claimsResult = (type: string, encoding: string): string =>
  guest({ f: `(param "ptr" u32) (param "length" u32) (result ${type})`, core: SAME, encoding });
/** The same for a parameter of `go`. */
const claimsParam = (type: string, encoding: string): string =>
  guest({
    defs: `(import "go" (func $go' (param "x" ${type})))`,
    lowers: `(core func $go (canon lower (func $go') string-encoding=${encoding} $options))`,
    needs: { go: "(param i32 i32)" },
    f: `(param "ptr" u32) (param "length" u32)`,
    core: `(func (export "f") (param i32 i32) (call $go (local.get 0) (local.get 1)))`,
  });

const TAG = 0x80000000;
const claimed: [type: string, encoding: string, ptr: number, length: number, outcome: string][] = [
  ["string", "utf8", 65537, 0, noString], // empty ones must lie within the memory too
  ["string", "utf8", 0x80000000, 0, noString],
  ["string", "utf8", 0xffffffff, 0, noString],
  ["string", "utf8", 65536, 1, noString],
  ["string", "utf8", 0xffffffff, 1, noString],
  ["string", "utf8", 16, 65521, noString],
  ["string", "utf8", 0, 0x0fffffff, noString],
  ["string", "utf8", 0, 0x10000000, noString],
  ["string", "utf8", 0, 0x7fffffff, noString],
  ["string", "utf8", 0, 0x80000000, noString],
  ["string", "utf8", 1, 0xffffffff, noString],
  ["string", "utf16", 1, 0, unaligned],
  ["string", "utf16", 0xffffffff, 0, unaligned],
  ["string", "utf16", 65538, 0, noString],
  ["string", "utf16", 65534, 2, noString],
  ["string", "utf16", 0, 0x08000000, noString], // 2^28 bytes
  ["string", "utf16", 0, 0x7fffffff, noString],
  ["string", "utf16", 0, 0x80000000, noString], // 2^32 bytes
  ["string", "utf16", 2, 0xffffffff, noString],
  ["string", "latin1+utf16", 3, 0, unaligned],
  ["string", "latin1+utf16", 5, TAG, unaligned],
  ["string", "latin1+utf16", 65538, 0, noString],
  ["string", "latin1+utf16", 65538, TAG, noString],
  ["string", "latin1+utf16", 65534, 3, noString],
  ["string", "latin1+utf16", 65534, TAG + 2, noString],
  ["string", "latin1+utf16", 0, 0x7fffffff, noString],
  ["string", "latin1+utf16", 0, TAG + 0x40000000, noString], // 2^31 bytes
  ["string", "latin1+utf16", 0, TAG + 0x7fffffff, noString],
  ["(list u8)", "utf8", 65537, 0, noList],
  ["(list u8)", "utf8", 0xffffffff, 1, noList],
  ["(list u8)", "utf8", 0, 0x7fffffff, noList],
  ["(list u8)", "utf8", 0, 0x80000000, noList],
  ["(list u8)", "utf8", 1, 0xffffffff, noList],
  ["(list bool)", "utf8", 65535, 2, noList],
  ["(list u16)", "utf8", 1, 0, unaligned],
  ["(list u16)", "utf8", 0, 0x7fffffff, noList],
  ["(list u16)", "utf8", 0, 0x80000000, noList], // 2^32 bytes
  ["(list (option u8))", "utf8", 0, 0x80000000, noList],
  ["(list u32)", "utf8", 2, 0, unaligned],
  ["(list u32)", "utf8", 0, 0x40000000, noList], // 2^32 bytes
  ["(list f32)", "utf8", 6, 1, unaligned],
  ["(list char)", "utf8", 1, 1, unaligned],
  ["(list (tuple u32 u32 u32))", "utf8", 0, 0x15555556, noList], // 2^32 + 8 bytes
  ["(list string)", "utf8", 2, 1, unaligned],
  ["(list string)", "utf8", 0, 0x20000001, noList], // 2^32 + 8 bytes
  ["(list u64)", "utf8", 4, 1, unaligned],
  ["(list u64)", "utf8", 0, 0x20000000, noList], // 2^32 bytes
  ["(list f64)", "utf8", 12, 1, unaligned],
  ["(list f64)", "utf8", 65536, 1, noList],
  ["(list (tuple u8 u64))", "utf8", 4, 1, unaligned],
];
for (const [type, encoding, ptr, length, outcome] of claimed) {
  const what = `${type}${encoding === "utf8" ? "" : ` ${encoding}`} at ${ptr}, length ${length}`;
  const run: Case["run"] = ({ exports }) => exports.f(ptr, length);
  cases.push(
    { name: `${what}, as a result`, wat: claimsResult(type, encoding), run, ...outcomeAt(onResult, outcome) },
    { name: `${what}, as a parameter`, wat: claimsParam(type, encoding), run, ...note, ...outcomeAt(onParam, outcome) },
  );
}

// Contents.

/**
 * A guest whose `f` gives back the list it is given as a value of another type, `1 << shift`
 * elements being one, `tag` set in the length.
 */
const reinterprets = (from: string, to: string, shift = 0, { encoding = "utf8", tag = 0, defs = "" } = {}): string =>
  guest({
    defs,
    f: `(param "x" (list ${from})) (result ${to})`,
    core: SAME.replace(
      "(local.get 1)",
      `(i32.or (i32.const ${tag}) (i32.shr_u (local.get 1) (i32.const ${shift})))`,
    ),
    encoding,
  });

const ascii = Array.from({ length: 5000 }, () => 0x61);
addCalls(
  { name: "utf-8", wat: reinterprets("u8", "string") },
  onResult,
  ["overlong, two bytes", [0xc0, 0x80], invalid],
  ["overlong, two bytes, the last", [0xc1, 0xbf], invalid],
  ["overlong, three bytes", [0xe0, 0x80, 0x80], invalid],
  ["overlong, three bytes, the last", [0x61, 0xe0, 0x9f, 0xbf], invalid],
  ["overlong, four bytes", [0xf0, 0x80, 0x80, 0x80], invalid],
  ["overlong, four bytes, the last", [0xf0, 0x8f, 0xbf, 0xbf], invalid],
  ["the first surrogate", [0xed, 0xa0, 0x80], invalid],
  ["a pair of surrogates", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], invalid],
  ["the last surrogate", [0xed, 0xbf, 0xbf], invalid],
  ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80], invalid],
  ["beyond U+10FFFF by its first byte", [0xf5, 0x80, 0x80, 0x80], invalid],
  ["five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80], invalid],
  ["a byte that is never used", [0xff], invalid],
  ["a stray continuation", [0x80], invalid],
  ["a stray continuation after others", [0xc3, 0xa9, 0xa9], invalid],
  ["cut short in the middle", [0xe2, 0x82, 0x61], invalid],
  ["cut short at the end, two bytes", [0x61, 0xc3], incomplete],
  ["cut short at the end, three bytes", [0xe2, 0x82], incomplete],
  ["cut short at the end, four bytes", [0xf0, 0x9f, 0x98], incomplete],
  ["invalid after many", [...ascii, 0x80], invalid],
  ["a fault beside a replacement character", [0xef, 0xbf, 0xbd, 0xc0], invalid],
  ["a replacement character is no fault", [0xef, 0xbf, 0xbd], { gives: "\ufffd" }],
  ["the extremes are none", [0, 0xef, 0xbb, 0xbf, 0xef, 0xbf, 0xbf, 0xf4, 0x8f, 0xbf, 0xbf], {
    gives: "\0\ufeff\uffff\u{10ffff}",
  }],
);
const lone = (unit: string): string => `invalid-utf16: %: unpaired surrogate found: ${unit}`;
for (const [encoding, tag] of [["utf16", 0], ["latin1+utf16", TAG | 0]] as const) {
  addCalls(
    { name: encoding, wat: reinterprets("u16", "string", 0, { encoding, tag }) },
    onResult,
    ["a high surrogate at the end", [0x61, 0xd800], lone("d800")],
    ["a high surrogate before another character", [0xdbff, 0x61], lone("dbff")],
    ["a low surrogate", [0xdc00], lone("dc00")],
    ["a pair the wrong way round", [0xdfff, 0xd801], lone("dfff")],
    ["one too many", [0xd83d, 0xd83d, 0xde00], lone("d83d")],
    ["one after many", [...ascii, 0xdc01], lone("dc01")],
    ["a pair, and the extremes", [0, 0xd83d, 0xde00, 0xfffe, 0xffff], { gives: "\0\u{1f600}\ufffe\uffff" }],
  );
}

/** A guest whose `f` gives a number back as a value of another type. */
const flatResult = (type: string, defs = ""): string =>
  guest({
    defs,
    f: `(param "x" u32) (result ${type})`,
    core: `(func (export "f") (param i32) (result i32) (local.get 0))`,
  });
/** The same as a parameter of `go`, whose other core parameters are zero. */
const flatParam = (type: string, zero: string, defs = ""): string =>
  guest({
    defs: `${defs} (import "go" (func $go' (param "x" ${type})))`,
    lowers: `(core func $go (canon lower (func $go')))`,
    needs: { go: `(param i32 ${zero})` },
    f: `(param "x" u32)`,
    core: `(func (export "f") (param i32) (call $go (local.get 0) ${zero === "" ? "" : `(${zero}.const 0)`}))`,
  });
const noChars: Readonly<Record<string, number>> = {
  "the first surrogate": 0xd800,
  "the last surrogate": 0xdfff,
  "beyond U+10FFFF": 0x110000,
  "all ones": 0xffffffff,
};
for (const [name, code] of Object.entries(noChars)) {
  const inMemory = reinterprets("u32", "(list char)");
  addCalls({ name: "a char, in memory", wat: inMemory }, "Cannot lift result[1] of export f", [
    name,
    [0x10ffff, code],
    badChar,
  ]);
  addCalls({ name: "a char, as a result", wat: flatResult("char") }, onResult, [name, code, badChar]);
  addCalls({ name: "a char, as a parameter", wat: flatParam("char", ""), ...note }, onParam, [name, code, badChar]);
}
const three = named("three", `(enum "a" "b" "c")`);
const importedThree = `(type $three' (enum "a" "b" "c")) (import "three" (type $three (eq $three')))`;
const many = named("many", `(enum ${Array.from({ length: 257 }, (_, i) => `"c${i}"`).join(" ")})`);
for (
  const [name, wat, good, bad] of [
    ["an enum", reinterprets("u8", "(list $three)", 0, { defs: three }), [2], [[3], [0x83], [255]]],
    ["an enum of two bytes", reinterprets("u16", "(list $many)", 0, { defs: many }), [256], [[257], [0xffff]]],
    ["an option", reinterprets("u8", "(list (option u8))", 1), [1, 0], [[2, 0], [255, 0]]],
    ["a result", reinterprets("u32", "(list (result u32 (error f32)))", 1), [1, 0], [[2, 0]]],
  ] as const
) {
  for (const head of bad) {
    const place = "Cannot lift result[1] of export f";
    addCalls({ name: `${name}, in memory`, wat }, place, [head[0], [...good, ...head], badCase]);
  }
}
for (const code of [3, 256, 0x80000000, 0xffffffff]) {
  const enumParam = flatParam("$three", "", importedThree), optionParam = flatParam("(option f64)", "f64");
  addCalls({ name: "an enum, as a result", wat: flatResult("$three", three) }, onResult, [code, code, badCase]);
  addCalls({ name: "an enum, as a parameter", wat: enumParam, ...note }, onParam, [code, code, badCase]);
  addCalls({ name: "an option, as a parameter", wat: optionParam, ...note }, onParam, [code, code, badCase]);
}
addCalls({ name: "a bool that is neither 0 nor 1", wat: flatResult("bool") }, "", [256, 256, { gives: true }]);
addCalls({ name: "bools that are neither 0 nor 1", wat: reinterprets("u8", "(list bool)") }, "", ["2, 0, 255", [
  2,
  0,
  255,
], { gives: [true, false, true] }]);

// Return areas, and parameters that are passed in memory.

addCalls(
  { name: "a return area", wat: flatResult("(tuple u32 u32)") },
  onResult,
  ["misaligned", 2, unaligned],
  ["partly outside", 65532, outside],
  ["at the end", 65536, outside],
  ["misaligned and outside", 0xffffffff, unaligned],
  ["wraps around", 0xfffffffc, outside],
  ["the last that fits", 65528, { gives: [0, 0] }],
);
addCalls(
  { name: "a return area of 64 bits", wat: flatResult("(tuple u8 s64)") },
  onResult,
  ["misaligned", 4, unaligned],
  ["outside", 65528, outside],
);
addCalls(
  { name: "a return area of a string", wat: flatResult("string") },
  onResult,
  ["misaligned", 6, unaligned],
  ["outside", 65532, outside],
);

/** A guest whose `f` calls `go`, whose type needs a pointer, with the one it is given. */
const pointing = (type: string): string =>
  guest({
    defs: `(import "go" (func $go' ${type}))`,
    lowers: `(core func $go (canon lower (func $go') $options))`,
    needs: { go: "(param i32)" },
    f: `(param "x" u32)`,
    core: `(func (export "f") (param i32) (call $go (local.get 0)))`,
  });
const seventeen = Array.from({ length: 17 }, (_, i) => `(param "p${i}" u32)`).join(" ");
addCalls(
  { name: "parameters in memory", wat: pointing(seventeen), ...note },
  "Cannot lift parameters of import go",
  ["misaligned", 1026, unaligned],
  ["partly outside", 65472, outside],
  ["wraps around", 0xfffffff0, outside],
);
for (
  const [type, value, half, end] of [
    ["(tuple u32 u32)", [1, 2], 2, 65532],
    ["string", "text", 2, 65532],
    ["(tuple u8 s64)", [1, 2n], 4, 65528],
  ] as const
) {
  addCalls(
    { name: `an area for a host's ${type}`, wat: pointing(`(result ${type})`), imports: () => ({ go: () => value }) },
    "Cannot lower result of import go",
    ["misaligned", 1, unaligned],
    ["misaligned by half", half, unaligned],
    ["partly outside", end, outside],
    ["wraps around", 0xfffffff8, outside],
  );
}

// What realloc gives.

/** A guest whose `f` takes a value. */
const taking = (type: string, realloc: string, encoding = "utf8"): string =>
  guest({ realloc, f: `(param "x" ${type})`, core: `(func (export "f") (param i32 i32))`, encoding });
/** A guest whose `f` calls `go` for a value. */
const receiving = (type: string, realloc: string, encoding: string): string =>
  guest({
    defs: `(import "go" (func $go' (result ${type})))`,
    realloc,
    lowers: `(core func $go (canon lower (func $go') string-encoding=${encoding} $options))`,
    needs: { go: "(param i32)" },
    f: "",
    core: `(func (export "f") (call $go (i32.const 16)))`,
  });
const nothing = { gives: undefined };
const reallocs: [type: string, encoding: string, value: unknown, ptr: number, outcome: Outcome][] = [
  ["string", "utf8", "", 65536, nothing],
  ["string", "utf8", "", 65537, beyond],
  ["string", "utf8", "", 0xffffffff, beyond],
  ["string", "utf8", "abc", 65533, nothing],
  ["string", "utf8", "abc", 65534, beyond],
  ["string", "utf8", "é".repeat(5000), 60000, beyond],
  ["string", "utf16", "", 3, notAligned],
  ["string", "utf16", "abc", 65532, beyond],
  ["string", "utf16", "abc", 0xffffffff, notAligned],
  ["string", "latin1+utf16", "é", 1, notAligned],
  ["string", "latin1+utf16", "☃", 1, notAligned],
  ["string", "latin1+utf16", "é☃", 65534, beyond],
  ["(list u8)", "utf8", [1, 2], 65535, beyond],
  ["(list u8)", "utf8", [], 0x80000000, beyond],
  ["(list u16)", "utf8", [], 1, notAligned],
  ["(list u32)", "utf8", [1], 2, notAligned],
  ["(list u64)", "utf8", new BigUint64Array(2), 4, notAligned],
  ["(list u64)", "utf8", new BigUint64Array(2), 65528, beyond],
  ["(list string)", "utf8", ["a"], 65532, beyond],
  ["(list (tuple u8 f64))", "utf8", [[1, 2]], 65532, notAligned],
];
for (const [type, encoding, value, ptr, outcome] of reallocs) {
  const name = `realloc gives ${ptr} for ${type}${encoding === "utf8" ? "" : ` ${encoding}`}`;
  const realloc = `(i32.const ${ptr | 0})`;
  cases.push({
    name: `${name}, an argument`,
    wat: taking(type, realloc, encoding),
    run: ({ exports }) => exports.f(value),
    ...outcomeAt("Cannot lower param 1 `x` of export f", outcome),
  }, {
    name: `${name}, a host's result`,
    wat: receiving(type, realloc, encoding),
    imports: () => ({ go: () => value }),
    ...outcomeAt("Cannot lower result of import go", outcome),
  });
}
/** A realloc that gives a bad pointer for strings, and works for the rest. */
const forStrings = (ptr: number): string =>
  `(if (i32.eq (local.get 2) (i32.const 1)) (then (return (i32.const ${ptr})))) ${BUMP}`;
const spilling = (realloc: string): string =>
  guest({ realloc, f: `(param "p" string) ${seventeen}`, core: `(func (export "f") (param i32))` });
const spill: Case["run"] = ({ exports }) => exports.f("text", ...Array.from({ length: 17 }, (_, i) => i));
for (
  const [name, wat, place, outcome, run = spill] of [
    ["for parameters is misaligned", spilling("(i32.const 1026)"), "parameters", notAligned],
    ["for parameters is outside", spilling("(i32.const 65472)"), "parameters", beyond],
    ["for a string among parameters is outside", spilling(forStrings(-1)), "param 1 `p`", beyond],
    [
      "for the second string is outside",
      taking("(list string)", forStrings(65535)),
      "param 1 `x`[1]",
      beyond,
      ((
        { exports },
      ) => exports.f(["a", "bc"])) as Case["run"],
    ],
  ] as const
) {
  cases.push({ name: `realloc ${name}`, wat, run: run!, ...outcomeAt(`Cannot lower ${place} of export f`, outcome) });
}

// A memory of more than 2^31 bytes, where pointers are negative numbers to JavaScript unless they
// are taken as unsigned.
for (
  const [type, value, encoding] of [["string", "é☃", "utf8"], [
    "(list u64)",
    BigUint64Array.of(1n, 2n ** 64n - 1n),
    "utf16",
  ]] as const
) {
  cases.push({
    name: `${type} beyond 2^31 is no fault`,
    wat: guest({
      pages: 40000,
      realloc: "(i32.const 0x8ff00000)",
      f: `(param "x" ${type}) (result ${type})`,
      core: SAME.replaceAll("(i32.const 16)", "(i32.const 0x8fffff00)").replace(
        "(i32.const 20)",
        "(i32.const 0x8fffff04)",
      ),
      encoding,
    }),
    run: ({ exports }) => exports.f(value),
    gives: value,
    afterwards: "usable",
  });
}

testAll(cases);
