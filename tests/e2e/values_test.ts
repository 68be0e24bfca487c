// Every value type, host → guest → host → guest → host: the fixture passes each export's arguments
// to the import of the same name.

import "../support/leaks.ts";
import { assertEquals } from "@std/assert";
import { ComponentError, err, HostFunc, instantiateSync, Linker, ok, t, ValueError } from "@windlass/component";
import { camelCase } from "../../host/names.ts";
import { fixture } from "../support/fixtures.ts";
import { thrown } from "../support/wasm.ts";

const INTERFACE = "test:values/types";
const component = fixture("values");
const functions = component.imports.flatMap(({ type }) => type.kind === "instance" ? type.exports : [])
  .filter(({ type }) => type.kind === "func").map(({ name }) => name);

/** Gives a top-level result back as the same result. */
const echo = (name: string) => (...args: unknown[]) => {
  const [value] = args as [{ tag: string; val: unknown }];
  if (name === "many-params") return [args[1], args[2]];
  if (name === "no-result") return undefined;
  if (!["a-result", "unit-result", "err-result"].includes(name)) return value;
  return value.tag === "ok" ? ok(value.val) : err(value.val);
};

const plain = Object.fromEntries(functions.map((name) => [camelCase(name), echo(name)]));
const dynamic = Object.fromEntries(functions.map((name) => [name, HostFunc.dynamic(() => echo(name))]));

// deno-lint-ignore no-explicit-any
const hosts: Record<string, Record<string, any>> = {
  plain: instantiateSync(component, { [INTERFACE]: plain }).exports[INTERFACE],
  dynamic: instantiateSync(component, { [INTERFACE]: dynamic }).exports[INTERFACE],
};

const some = (val: unknown) => ({ tag: "some", val });
const flags = (count: number, ...set: number[]) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, set.includes(i)]));
const long = "x".repeat(3000), wide = "héllo wörld ☃ 💩 ".repeat(200);

/** By function, values that come back as they are, and pairs of what goes in and what comes out. */
const same: Record<string, readonly unknown[]> = {
  aBool: [true, false],
  aU8: [0, 255],
  aS8: [-128, 127],
  aU16: [0, 65535],
  aS16: [-32768, 32767],
  aU32: [0, 4294967295],
  aS32: [-2147483648, 2147483647],
  aU64: [0n, 2n ** 64n - 1n],
  aS64: [-(2n ** 63n), 2n ** 63n - 1n],
  aF32: [0, -0, 1.5, Infinity, -Infinity, NaN, 3.4028234663852886e38],
  aF64: [0, -0, 0.1, Infinity, NaN, Number.MAX_VALUE, Number.MIN_VALUE],
  aChar: ["a", "\0", "é", "☃", "💩", "\ud7ff", "\ue000", "\u{10ffff}"],
  aString: [
    "",
    "a",
    "hello",
    "\0",
    "\ufeffbom",
    "é",
    "☃",
    "💩",
    long,
    wide,
    `${long}é`,
    "a".repeat(24),
    "a".repeat(33),
  ],
  listBool: [[], [true, false, true]],
  listU8: [new Uint8Array(), new Uint8Array([0, 255]), new Uint8Array(100_000).fill(7)],
  listS8: [new Int8Array([-128, 127])],
  listU16: [new Uint16Array([0, 65535])],
  listS16: [new Int16Array([-32768, 32767])],
  listU32: [new Uint32Array([0, 4294967295])],
  listS32: [new Int32Array([-2147483648])],
  listU64: [new BigUint64Array([0n, 2n ** 64n - 1n])],
  listS64: [new BigInt64Array([-(2n ** 63n)])],
  listF32: [new Float32Array([1.5, -0])],
  listF64: [new Float64Array([0.1, -Infinity])],
  listChar: [["a", "💩"]],
  listString: [[], ["", "a", "☃"], Array.from({ length: 500 }, (_, i) => `item ${i}`)],
  listList: [[], [new Uint16Array([1, 2]), new Uint16Array()]],
  listEntry: [[{ id: 1, name: "a", tags: ["x", "y"], size: -1n }, { id: 2, name: "", tags: [], size: 9n }]],
  aEntry: [{ id: 255, name: "n", tags: ["☃"], size: -(2n ** 63n) }],
  aTuple: [[1, "two", 3.5]],
  aShape: [{ tag: "circle", val: 1.5 }, { tag: "named", val: "☃" }, { tag: "empty" }],
  aMixed: [
    { tag: "a", val: 255 },
    { tag: "b", val: -1.5 },
    { tag: "c", val: 2n ** 64n - 1n },
    { tag: "d", val: "text" },
    { tag: "e", val: -0.1 },
  ],
  aFloats: [{ tag: "int", val: -1 }, { tag: "real", val: -0.5 }, { tag: "real", val: NaN }],
  aColor: ["red", "dark-green", "blue"],
  aPerms: [{ read: true, canWrite: false, exec: true }],
  twelveFlags: [flags(12, 0, 11)],
  thirtyTwoFlags: [flags(32, 0, 15, 31)],
  maybeString: [undefined, "", "text"],
  maybeMaybe: [{ tag: "none" }, some(undefined), some(7)],
  maybeList: [[undefined, 1n, undefined]],
  nestedResult: [[{ tag: "ok", val: "a" }, { tag: "err", val: "blue" }]],
};

const converted: Record<string, readonly (readonly [unknown, unknown])[]> = {
  aU64: [[7, 7n]],
  aS64: [[-7, -7n]],
  aF32: [[0.1, Math.fround(0.1)], [1e300, Infinity]],
  aString: [["a\ud800b", "a\ufffdb"], ["\udc00", "\ufffd"]],
  listU8: [
    [[1, 2], new Uint8Array([1, 2])],
    [new Set([1, 2]), new Uint8Array([1, 2])],
    [new Uint8ClampedArray([3]), new Uint8Array([3])],
    [new Int32Array([3, 4]), new Uint8Array([3, 4])],
    [new Uint8Array(new SharedArrayBuffer(2)), new Uint8Array(2)],
    [
      (function* () {
        yield 5;
      })(),
      new Uint8Array([5]),
    ],
  ],
  listF32: [[[0.1], new Float32Array([0.1])], [new Float64Array([0.5]), new Float32Array([0.5])]],
  listU64: [[[1, 2n], new BigUint64Array([1n, 2n])]],
  listString: [[new Set(["a"]), ["a"]], [new Map([["k", 1]]).keys(), ["k"]]],
  aEntry: [[{ name: "n", tags: new Set(["t"]), size: 1, id: 2, more: 0 }, { id: 2, name: "n", tags: ["t"], size: 1n }]],
  aPerms: [
    [{ canWrite: true }, { read: false, canWrite: true, exec: false }],
    [{ "can-write": true }, { read: false, canWrite: true, exec: false }],
    [undefined, { read: false, canWrite: false, exec: false }],
    [null, { read: false, canWrite: false, exec: false }],
  ],
  maybeString: [[null, undefined]],
  maybeMaybe: [[undefined, { tag: "none" }], [null, { tag: "none" }], [some(null), some(undefined)]],
  maybeList: [[[null, 1], [undefined, 1n]]],
  nestedResult: [[[ok("a"), err("red")], [{ tag: "ok", val: "a" }, { tag: "err", val: "red" }]]],
};

for (const [host, exports] of Object.entries(hosts)) {
  for (const [name, values] of Object.entries(same)) {
    Deno.test(`${name} comes back as it is, ${host} host`, () => {
      for (const value of values) assertEquals(exports[name](value), value);
    });
  }
  for (const [name, pairs] of Object.entries(converted)) {
    Deno.test(`${name} takes what the table of values allows, ${host} host`, () => {
      for (const [value, back] of pairs) {
        if (host === "plain" || !(value as Iterator<unknown>)?.next) assertEquals(exports[name](value), back);
      }
    });
  }

  Deno.test(`results at the top are values or exceptions, ${host} host`, () => {
    assertEquals(exports.aResult({ tag: "ok", val: 7 }), 7);
    assertEquals(exports.unitResult({ tag: "ok" }), undefined);
    assertEquals(exports.errResult({ tag: "ok" }), undefined);
    for (
      const [name, payload] of [["aResult", "bad"], ["unitResult", undefined], ["errResult", "dark-green"]] as const
    ) {
      const error = thrown(() => exports[name]({ tag: "err", val: payload }));
      assertEquals(error instanceof ComponentError, true);
      assertEquals(error.payload, payload);
    }
  });

  Deno.test(`20 parameters travel through memory, ${host} host`, () => {
    const args = Array.from({ length: 20 }, (_, i) => [i, BigInt(i), `s${i}`, i / 2][i % 4]);
    assertEquals(exports.manyParams(...args), [1n, "s2"]);
  });
}

/** What is refused, and how the message ends. */
const refused: readonly (readonly [name: string, value: unknown, tail: string])[] = [
  ["aBool", 1, "expected bool, found 1"],
  ["aU8", 256, "expected u8, found 256"],
  ["aU8", -1, "expected u8, found -1"],
  ["aU8", 1.5, "expected u8, found 1.5"],
  ["aU8", NaN, "expected u8, found NaN"],
  ["aU8", "1", 'expected u8, found "1"'],
  ["aU8", 1n, "expected u8, found 1n"],
  ["aU8", undefined, "expected u8, found undefined"],
  ["aU8", null, "expected u8, found null"],
  ["aU8", { valueOf: () => 1 }, "expected u8, found an object"],
  ["aU8", Symbol.iterator, "expected u8, found a symbol"],
  ["aS8", 128, "expected s8, found 128"],
  ["aU16", 65536, "expected u16, found 65536"],
  ["aS16", -32769, "expected s16, found -32769"],
  ["aU32", 4294967300, "expected u32, found 4294967300"],
  ["aU32", 2 ** 53, "expected u32, found 9007199254740992"],
  ["aS32", 2147483648, "expected s32, found 2147483648"],
  ["aU64", -1n, "expected u64, found -1n"],
  ["aU64", 2n ** 64n, "expected u64, found 18446744073709551616n"],
  ["aU64", 2 ** 53, "expected u64, found 9007199254740992"],
  ["aU64", 0.5, "expected u64, found 0.5"],
  ["aS64", 2n ** 63n, "expected s64, found 9223372036854775808n"],
  ["aF32", "1", 'expected f32, found "1"'],
  ["aF64", 1n, "expected f64, found 1n"],
  ["aChar", "", 'expected char (a string of one Unicode scalar value), found ""'],
  ["aChar", "ab", 'expected char (a string of one Unicode scalar value), found "ab"'],
  ["aChar", "\ud800", 'expected char (a string of one Unicode scalar value), found "\\ud800"'],
  ["aChar", 65, "expected char, found 65"],
  ["aString", 5, "expected string, found 5"],
  ["aString", new String("x"), "expected string, found an instance of String"],
  ["listU8", "abc", 'expected list<u8> (an array, a typed array or another iterable), found "abc"'],
  ["listU8", { length: 1, 0: 1 }, "expected list<u8> (an array, a typed array or another iterable), found an object"],
  ["listU8", [1, 256], "[1] of export test:values/types#list-u8: expected u8, found 256"],
  ["listU8", new Int8Array([-1]), "[0] of export test:values/types#list-u8: expected u8, found -1"],
  ["listString", ["a", 5], "[1] of export test:values/types#list-string: expected string, found 5"],
  ["listList", [[1], [2, -1]], "[1][1] of export test:values/types#list-list: expected u16, found -1"],
  ["aEntry", 5, "expected record { id: u8, name: string, tags: list<string>, size: s64 }, found 5"],
  [
    "aEntry",
    { id: 1, name: "a", tags: [] },
    "`x`.size of export test:values/types#a-entry: missing field, expected s64",
  ],
  [
    "listEntry",
    [{ id: 1, name: "a", tags: ["a", 1], size: 1 }],
    "`x`[0].tags[1] of export test:values/types#list-entry: expected string, found 1",
  ],
  ["aTuple", [1, "a"], "expected tuple<u8, string, f64> (an array of 3), found an array of 2"],
  ["aTuple", [1, 2, 3], "`x`[1] of export test:values/types#a-tuple: expected string, found 2"],
  ["aShape", "circle", 'expected variant { circle(f64), named(string), empty } (an object with a tag), found "circle"'],
  [
    "aShape",
    { tag: "square" },
    "unknown variant case `square`, expected variant { circle(f64), named(string), empty }",
  ],
  ["aShape", { tag: "circle" }, "`x`.circle of export test:values/types#a-shape: expected f64, found undefined"],
  ["aShape", { tag: "empty", val: 1 }, "unexpected payload for case `empty`"],
  ["aColor", "darkGreen", "unknown variant case `darkGreen`, expected enum { red, dark-green, blue }"],
  ["aPerms", { write: true }, "unknown flag `write`, expected flags { read, can-write, exec }"],
  ["aPerms", { read: 1 }, "`x`.read of export test:values/types#a-perms: expected bool, found 1"],
  ["aPerms", ["read"], "expected flags { read, can-write, exec }, found an array of 1"],
  ["maybeMaybe", 5, "expected option<option<u32>> (an object with a tag), found 5"],
  ["maybeMaybe", some(-1), "`x`.some of export test:values/types#maybe-maybe: expected u32, found -1"],
  ["aResult", 5, "expected result<u32, string> (an object with a tag), found 5"],
  ["aResult", { tag: "error", val: "x" }, "unknown variant case `error`, expected result<u32, string>"],
  ["unitResult", { tag: "ok", val: 1 }, "`x`.ok of export test:values/types#unit-result: expected no payload, found 1"],
  [
    "nestedResult",
    [ok("a"), err("pink")],
    "`x`[1].err of export test:values/types#nested-result: unknown variant case `pink`, expected enum { red, dark-green, blue }",
  ],
  [
    "aString",
    Promise.resolve("x"),
    "expected string, found a promise: await it first, or declare the host function that returns it with `suspending(fn)` or `{ suspends: true }`",
  ],
  [
    "aEntry",
    Promise.resolve({}),
    "expected record { id: u8, name: string, tags: list<string>, size: s64 }, found a promise: await it first, or declare the host function that returns it with `suspending(fn)` or `{ suspends: true }`",
  ],
];

Deno.test("what does not fit is a ValueError that says where, and leaves the instance usable", () => {
  const exports = hosts.plain!;
  for (const [name, value, tail] of refused) {
    const error = thrown(() => exports[name](value));
    assertEquals(error instanceof ValueError, true, `${name}: ${error}`);
    assertEquals(error.message.slice(-tail.length), tail);
    assertEquals(error.message.startsWith("Cannot lower param 1 `x`"), true, error.message);
  }
  assertEquals(exports.aU8(1), 1);
});

Deno.test("what a host returns that does not fit is a ValueError at the result, and locks the instance down", () => {
  for (const [name, value, tail] of refused) {
    if (name.endsWith("Result") || (name === "maybeMaybe" && value === undefined)) continue;
    const exports = instantiateSync(component, { [INTERFACE]: { ...plain, [name]: () => value } }).exports[INTERFACE];
    const valid = same[name]![0];
    const error = thrown(() => exports[name](valid));
    assertEquals(error instanceof ValueError, true, `${name}: ${error}`);
    const place = tail.includes(" of export ")
      ? tail.slice(tail.indexOf(": ", tail.indexOf(" of export ") + 15))
      : tail;
    assertEquals(error.message.slice(-place.length), place);
    assertEquals(error.message.startsWith("Cannot lower result"), true, error.message);
    assertEquals(thrown(() => exports[name](valid)).code, "cannot-enter");
  }
});

Deno.test("typed host functions and typed exports carry every type", () => {
  const entry = t.record({ id: t.u8, name: t.string, tags: t.list(t.string), size: t.s64 });
  const shape = t.variant({ circle: t.f64, named: t.string, empty: null });
  const color = t.enum(["red", "dark-green", "blue"]);
  const linker = new Linker().define({
    [INTERFACE]: { ...plain, listEntry: undefined, aShape: undefined, errResult: undefined } as never,
  });
  const host = linker.instance(INTERFACE);
  host.func("list-entry", HostFunc.typed(t.func([t.list(entry)], t.list(entry)), (entries) => entries.toReversed()));
  host.func(
    "a-shape",
    HostFunc.typed(t.func([shape], shape), (value) => value.tag === "circle" ? { tag: "empty" } : value),
  );
  host.func(
    "err-result",
    HostFunc.typed(
      t.func([t.result(null, color)], t.result(null, color)),
      (value) => value.tag === "ok" ? ok() : err(value.val),
    ),
  );
  const instance = linker.link(component).instantiateSync();
  const reverse = instance.func(`${INTERFACE}#list-entry`, t.func([t.list(entry)], t.list(entry)));
  const [a, b] = [{ id: 1, name: "a", tags: [], size: 1n }, { id: 2, name: "b", tags: ["t"], size: 2n }];
  assertEquals(reverse([a, b]), [b, a]);
  assertEquals(instance.func(`${INTERFACE}#aShape`, t.func([shape], shape))({ tag: "circle", val: 1 }), {
    tag: "empty",
  });
  const result = t.func([t.result(null, color)], t.result(null, color));
  const attempt = instance.func(`${INTERFACE}#err-result`, result, { throws: false });
  assertEquals(attempt({ tag: "ok" }), ok(undefined));
  assertEquals(attempt({ tag: "err", val: "blue" }), err("blue"));
  assertEquals(
    thrown(() => instance.func(`${INTERFACE}#err-result`, result)({ tag: "err", val: "red" })).payload,
    "red",
  );
});

Deno.test("options at the end of the arguments may be left out", () => {
  assertEquals(hosts.plain!.maybeString(), undefined);
  assertEquals(hosts.plain!.maybeMaybe(), { tag: "none" });
});

Deno.test("a guest's memory that grows during a call is followed", () => {
  const exports = instantiateSync(component, { [INTERFACE]: plain }).exports[INTERFACE];
  const big = new Uint8Array(300_000).map((_, i) => i);
  assertEquals(exports.listU8(big), big);
  assertEquals(exports.aString("é".repeat(200_000)).length, 200_000);
  assertEquals(exports.listString(Array.from({ length: 20_000 }, (_, i) => `${i}☃`))[19_999], "19999☃");
});
