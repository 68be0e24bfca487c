// Values in text, there and back.

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ValType } from "@windlass/component";
import { formatValue, parseCall, parseValue } from "../../host/cli/wave.ts";

const u8: ValType = { kind: "u8" }, string: ValType = { kind: "string" };
const option = (element: ValType): ValType => ({ kind: "option", element });
const record: ValType = {
  kind: "record",
  fields: [{ name: "a-b", type: u8 }, { name: "c", type: option(string) }],
};
const variant: ValType = {
  kind: "variant",
  cases: [{ name: "circle", type: { kind: "f64" } }, { name: "dot", type: undefined }],
};

/** Type, text, value for JavaScript, and the text that comes back where it is another. */
const rows: readonly (readonly [type: ValType, text: string, value: unknown, again?: string])[] = [
  [{ kind: "bool" }, "true", true],
  [{ kind: "bool" }, " false ", false, "false"],
  [u8, "255", 255],
  [{ kind: "s32" }, "-7", -7],
  [{ kind: "u64" }, "18446744073709551615", 18446744073709551615n],
  [{ kind: "s64" }, "-1", -1n],
  [{ kind: "f64" }, "-2.5e3", -2500, "-2500"],
  [{ kind: "f64" }, "inf", Infinity],
  [{ kind: "f64" }, "-inf", -Infinity],
  [{ kind: "f32" }, "nan", NaN],
  [{ kind: "f32" }, "-0", -0],
  [{ kind: "char" }, "'x'", "x"],
  [{ kind: "char" }, "'\\''", "'"],
  [{ kind: "char" }, "'\\u{1F600}'", "😀", "'😀'"],
  [{ kind: "char" }, "'😀'", "😀"],
  [string, '""', ""],
  [string, '"a \\"b\\" \\\\ \\n \\t \\u{0} ü\'"', 'a "b" \\ \n \t \0 ü\''],
  [{ kind: "list", element: u8 }, "[1, 2]", [1, 2]],
  [{ kind: "list", element: string }, "[]", []],
  [{ kind: "list", element: u8 }, "[1, 2,]", [1, 2], "[1, 2]"],
  [{ kind: "fixed-list", element: u8, length: 2 }, "[1, 2]", [1, 2]],
  [{ kind: "map", key: string, value: u8 }, '[("a", 1)]', new Map([["a", 1]])],
  [{ kind: "tuple", types: [u8, string] }, '(1, "a")', [1, "a"]],
  [variant, "circle(1.5)", { tag: "circle", val: 1.5 }],
  [variant, "dot", { tag: "dot" }],
  [{ kind: "enum", names: ["red", "dark-blue"] }, "dark-blue", "dark-blue"],
  [{ kind: "enum", names: ["true"] }, "%true", "true", "true"],
  [option(u8), "none", undefined],
  [option(u8), "some(1)", 1],
  [option(u8), "1", 1, "some(1)"],
  [option(option(u8)), "some(none)", { tag: "some", val: undefined }],
  [option(option(u8)), "none", { tag: "none" }],
  [{ kind: "result", ok: u8, err: string }, "ok(1)", { tag: "ok", val: 1 }],
  [{ kind: "result", ok: u8, err: string }, "7", { tag: "ok", val: 7 }, "ok(7)"],
  [{ kind: "result", ok: undefined, err: string }, 'err("no")', { tag: "err", val: "no" }],
  [{ kind: "result", ok: undefined, err: undefined }, "ok", { tag: "ok" }],
];

for (const [type, text, value, again = text] of rows) {
  Deno.test(`${type.kind} ${text}`, () => {
    assertEquals(parseValue(text, type), value);
    assertEquals(formatValue(value, type), again);
  });
}

Deno.test("records and flags, by WIT's names in and JavaScript's out", () => {
  assertEquals(parseValue('{c: "x", a-b: 1}', record), { "a-b": 1, c: "x" });
  assertEquals(parseValue("{a-b: 1} // the rest is none", record), { "a-b": 1 });
  assertEquals(formatValue({ aB: 1, c: undefined }, record), "{a-b: 1, c: none}");
  const flags: ValType = { kind: "flags", names: ["read-only", "x"] };
  assertEquals(parseValue("{read-only}", flags), { "read-only": true });
  assertEquals(formatValue({ readOnly: true, x: false }, flags), "{read-only}");
  // By whichever name it has, and never what every object has.
  assertEquals(formatValue({ "a-b": 1 }, record), "{a-b: 1, c: none}");
  assertEquals(formatValue({}, { kind: "flags", names: ["to-string"] }), "{}");
  assertEquals(parseValue("{:}", { kind: "record", fields: [] }), {});
});

Deno.test("calls", () => {
  assertEquals(parseCall("f").path, "f");
  assertEquals(parseCall("f").args([option(u8)]), []);
  const call = parseCall('ns:pkg/iface@1.0.0#do-it(1, "a(b)")');
  assertEquals([call.path, call.args([u8, string])], ["ns:pkg/iface@1.0.0#do-it", [1, "a(b)"]]);
});

Deno.test("what is wrong is said with its place", () => {
  const refused = (text: string, type: ValType, message: string) =>
    assertThrows(() => parseValue(text, type), SyntaxError, message);
  refused("", u8, "expected an integer at character 1 of , found the end");
  refused("1 2", u8, "expected the end at character 3 of 1 2, found 2");
  refused("truely", { kind: "bool" }, "expected true or false");
  refused('"open', string, 'expected `"` at character 6');
  refused("'ab'", { kind: "char" }, "expected `'` at character 3");
  refused("square(1)", variant, "expected one of circle, dot at character 1");
  refused("{c: none}", record, "expected a field `a-b`");
  refused("{d: 1}", record, "expected one of a-b, c");
  refused("{a-b: 1, a-b: 2}", record, "each field once");
  refused('"\\u{d800}"', string, "expected a character");
  refused("1e400", { kind: "f64" }, "a number in range");
  refused("(1)", { kind: "tuple", types: [u8, u8] }, "expected 2 values");
  refused("{}", { kind: "record", fields: [{ name: "constructor", type: u8 }] }, "a field `constructor`");
  assert(assertThrows(() => parseValue(`"${"x".repeat(1e6)}`, string)).message.length < 100);
  refused("(1)", { kind: "own", resource: { kind: "resource" } }, "a value of type own cannot be written");
  assertThrows(() => parseCall("f(1, 2)").args([u8]), SyntaxError, "no more than 1 arguments");
  assertThrows(() => parseCall("f()").args([u8]), SyntaxError, "expected 1 arguments");
  assertThrows(() => parseCall("f(1) x").args([u8]), SyntaxError, "expected the end");
});
