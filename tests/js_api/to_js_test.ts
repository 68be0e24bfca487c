// `ToJSValue`, through a component that gives a host what it was given.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { ValType } from "../../abi/types/types.ts";
import {
  bool,
  char,
  echo,
  f32,
  flags,
  list,
  map,
  option,
  record,
  result,
  s64,
  string,
  tuple,
  u32,
  u8,
  variant,
} from "./support.ts";

/** An object without prototype. */
const bare = (members: object): object => Object.assign(Object.create(null), members);

/** What a host sees of a value, and what the caller gets back of it. */
function both(type: ValType, value: unknown): unknown {
  const call = echo(type), back = call(value);
  assertEquals(back, call.seen);
  return back;
}

const f64: ValType = { kind: "f64" };
const scalars: readonly (readonly [ValType, readonly unknown[]])[] = [
  [bool, [true, false]],
  [u8, [0, 255]],
  [{ kind: "s16" }, [-32768, 32767]],
  [u32, [0, 4294967295]],
  [s64, [-(2n ** 63n), 2n ** 63n - 1n]],
  [{ kind: "u64" }, [0n, 2n ** 64n - 1n]],
  [f32, [1.5, NaN, Infinity, -Infinity, -0]],
  [f64, [0.1, NaN, -0]],
  [char, ["a", "\u{10ffff}", "\ud7ff", "\ue000"]],
  [string, ["", "häppy \u{1f600}"]],
  [{ kind: "enum", names: ["a-b", "C"] }, ["a-b", "C"]],
];

Deno.test("ToJSValue: bool, integers, floats, char, string, enum", () => {
  for (const [type, values] of scalars) for (const value of values) assertStrictEquals(both(type, value), value);
});

Deno.test("ToJSValue: list<u8> is a Uint8Array", () => {
  for (const type of [list(u8), { kind: "fixed-list", element: u8, length: 3 } as const]) {
    const found = both(type, [1, 2, 3]);
    assert(found instanceof Uint8Array);
    assertEquals([...found as Uint8Array], [1, 2, 3]);
  }
});

Deno.test("ToJSValueList: an Array, of numbers too, with own data properties", () => {
  for (const type of [list(u32), list(f64), list(bool), list(string), tuple(u32, string)]) {
    const given = type.kind === "tuple" ? [1, "1"] : type === list(bool) ? [true] : [1, 0];
    const found = echo(type)(given) as unknown[];
    assert(Array.isArray(found) && Object.getPrototypeOf(found) === Array.prototype);
    assertEquals(Object.getOwnPropertyDescriptor(found, "0"), {
      value: found[0],
      writable: true,
      enumerable: true,
      configurable: true,
    });
    found.push("it is an ordinary Array");
  }
});

Deno.test("ToJSValueList: @@iterator is %ComponentListValues%, which nobody can replace", () => {
  const [first, second] = [echo(list(u32))([1, 2]), echo(list(string))(["a"])] as unknown[][];
  const found = Object.getOwnPropertyDescriptor(first!, Symbol.iterator)!;
  assertEquals([found.writable, found.enumerable, found.configurable], [false, false, false]);
  assertStrictEquals(second![Symbol.iterator], found.value);
  assertThrows(() => Object.defineProperty(first!, Symbol.iterator, { value: [][Symbol.iterator] }), TypeError);
  const iterator = first![Symbol.iterator]() as Iterator<unknown>;
  assertStrictEquals(Object.getPrototypeOf(iterator), null);
  const next = Object.getOwnPropertyDescriptor(iterator, "next")!;
  assertEquals([next.writable, next.configurable], [false, false]);
  const step = iterator.next();
  assertStrictEquals(Object.getPrototypeOf(step), null);
  assertEquals(Object.getOwnPropertyNames(step), ["value", "done"]);
  assertEquals({ ...step }, { value: 1, done: false });
  first!.push(3); // as %Array.prototype.values% does, it sees what is added
  assertEquals([iterator.next().value, iterator.next().value], [2, 3]);
  assertEquals({ ...iterator.next() }, { value: undefined, done: true });
  first!.push(4);
  assertEquals(iterator.next().done, true);
  assertEquals([...first!], [1, 2, 3, 4]);
});

Deno.test("ToJSValueRecord: no prototype, camelCase keys in order", () => {
  const type = record({ "inner-HTML": string, "a-b": u32, "constructor": u8 });
  const found = echo(type)({ innerHTML: "x", aB: 1, constructor: 2 });
  assertStrictEquals(Object.getPrototypeOf(found), null);
  assertEquals(Object.entries(found), [["innerHTML", "x"], ["aB", 1], ["constructor", 2]]);
});

Deno.test("ToJSValueFlags: no prototype, a Boolean for each label", () => {
  const found = echo(flags("read-only", "write"))({ readOnly: 1 });
  assertStrictEquals(Object.getPrototypeOf(found), null);
  assertEquals(Object.entries(found), [["readOnly", true], ["write", false]]);
});

Deno.test("ToJSValueVariant: no prototype, `kind`, and `value` where there is a payload", () => {
  const type = variant({ "a-b": u32, "none-of-it": undefined });
  const [one, other] = [{ kind: "a-b", value: 1 }, { kind: "none-of-it", value: "ignored" }].map(echo(type));
  assertStrictEquals(Object.getPrototypeOf(one), null);
  assertEquals([Object.entries(one), Object.entries(other)], [[["kind", "a-b"], ["value", 1]], [[
    "kind",
    "none-of-it",
  ]]]);
});

Deno.test("ToJSValue: option is null or the payload, an option of an option is a variant", () => {
  assertStrictEquals(echo(option(u32))(null), null);
  assertStrictEquals(echo(option(u32))(7), 7);
  const nested = echo(option(option(u32)));
  const rows = [
    [{ kind: "none" }, bare({ kind: "none" })],
    [{ kind: "some", value: null }, bare({ kind: "some", value: null })],
    [{ kind: "some", value: 1 }, bare({ kind: "some", value: 1 })],
  ];
  for (const [given, expected] of rows) assertEquals(nested(given), expected);
});

Deno.test("ToJSValue: a result that is no function's is a variant of `ok` and `error`", () => {
  const call = echo(list(result(u32, string)));
  const found = call([{ kind: "ok", value: 1 }, { kind: "error", value: "e" }]);
  assertEquals([...found], [bare({ kind: "ok", value: 1 }), bare({ kind: "error", value: "e" })]);
  const bareResult = echo(list(result()))([{ kind: "ok" }, { kind: "error", value: 1 }]);
  assertEquals(bareResult.map(Object.entries), [[["kind", "ok"]], [["kind", "error"]]]);
});

Deno.test("ToJSValueMap: a Map; the last pair of a key counts, at the place of the first", () => {
  const found = echo(map(string, option(u32)))([["a", 1], ["b", null], ["a", 3]]);
  assert(found instanceof Map);
  assertEquals([...found], [["a", 3], ["b", null]]);
});

Deno.test("ToComponentValue(ToJSValue(v, t), t) is v", () => {
  const type = list(record({
    "a-b": tuple(u8, option(list(string))),
    c: variant({ x: map(string, list(s64)), y: undefined }),
    d: flags("e", "f-g"),
    h: option(option(result(char, bool))),
  }));
  const value = [
    { aB: [1, ["x", "y"]], c: { kind: "x", value: { k: [1n, -1n] } }, d: { fG: true }, h: { kind: "none" } },
    {
      aB: [2, null],
      c: { kind: "y" },
      d: { e: true },
      h: { kind: "some", value: { kind: "ok", value: "c" } },
    },
  ];
  const call = echo(type), once = call(value);
  assertEquals(call(once), once);
  assertEquals(once[0].c.value.get("k"), call(once)[0].c.value.get("k"));
});
