// Values in text, there and back; what is accepted and refused is what wasm-wave's README and its
// own cases say.

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ValType } from "@windlass/component";
import { KEYWORDS, parseCall, parseValue } from "../../host/cli/wave.ts";
import { formatValue } from "../../host/cli/wave_print.ts";

const u8: ValType = { kind: "u8" }, string: ValType = { kind: "string" };
const option = (element: ValType): ValType => ({ kind: "option", element });
const hand: ValType = { kind: "enum", names: ["left", "err", "none"] };
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
  [{ kind: "f64" }, "0.1", 0.1],
  [{ kind: "f64" }, "6.022e+23", 6.022e23],
  [{ kind: "f64" }, "1e400", Infinity, "inf"],
  [{ kind: "s8" }, "-0", 0, "0"],
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
  [{ kind: "map", key: string, value: u8 }, '{"a": 1, "b": 2}', new Map([["a", 1], ["b", 2]])],
  [
    { kind: "map", key: string, value: u8 },
    '{"a": 1, "b": 2, "\\u{61}": 3,}',
    new Map([["a", 3], ["b", 2]]),
    '{"a": 3, "b": 2}',
  ],
  [{ kind: "map", key: string, value: u8 }, "{}", new Map()],
  [{ kind: "map", key: string, value: u8 }, "{ : }", new Map(), "{}"],
  [{ kind: "map", key: { kind: "bool" }, value: u8 }, "{true: 1, false: 0}", new Map([[true, 1], [false, 0]])],
  [{ kind: "map", key: { kind: "char" }, value: option(u8) }, "{'x': 1}", new Map([["x", 1]]), "{'x': some(1)}"],
  [{ kind: "tuple", types: [u8, string] }, '(1, "a")', [1, "a"]],
  [variant, "circle(1.5)", { tag: "circle", val: 1.5 }],
  [variant, "dot", { tag: "dot" }],
  [{ kind: "enum", names: ["red", "dark-blue"] }, "dark-blue", "dark-blue"],
  [hand, "left", "left"],
  [hand, "%left", "left", "left"],
  [{ kind: "variant", cases: [{ name: "err", type: string }] }, '%err("oops")', { tag: "err", val: "oops" }],
  [{ kind: "variant", cases: [{ name: "none", type: undefined }] }, "%none", { tag: "none" }],
  [option(u8), "none", undefined],
  [option(u8), "some(1)", 1],
  [option(u8), "1", 1, "some(1)"],
  [option(option(u8)), "some(none)", { tag: "some", val: undefined }],
  [option(option(u8)), "none", { tag: "none" }],
  [option(hand), "left", "left", "some(left)"],
  [option(hand), "some(%none)", "none"],
  [option(hand), "%none", "none", "some(%none)"],
  [option(hand), "none", undefined],
  [{ kind: "result", ok: u8, err: string }, "ok(1)", { tag: "ok", val: 1 }],
  [{ kind: "result", ok: u8, err: string }, "7", { tag: "ok", val: 7 }, "ok(7)"],
  [{ kind: "result", ok: hand, err: string }, "left", { tag: "ok", val: "left" }, "ok(left)"],
  [{ kind: "result", ok: hand, err: hand }, "err(left)", { tag: "err", val: "left" }],
  [{ kind: "result", ok: hand, err: undefined }, "%err", { tag: "ok", val: "err" }, "ok(%err)"],
  [{ kind: "result", ok: hand, err: undefined }, "err", { tag: "err" }],
  [
    { kind: "result", ok: variant, err: undefined },
    "circle(2)",
    { tag: "ok", val: { tag: "circle", val: 2 } },
    "ok(circle(2))",
  ],
  [{ kind: "result", ok: variant, err: undefined }, "dot", { tag: "ok", val: { tag: "dot" } }, "ok(dot)"],
  [{ kind: "result", ok: option(u8), err: undefined }, "ok(1)", { tag: "ok", val: 1 }, "ok(some(1))"],
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

Deno.test("cases that are called like keywords are marked, fields and flags need not be", () => {
  const names = [...KEYWORDS], cases = names.map((name) => ({ name, type: undefined }));
  const all: ValType = { kind: "record", fields: names.map((name) => ({ name, type: u8 })) };
  assertEquals(names, ["true", "false", "some", "none", "ok", "err", "inf", "nan"]); // wasm-wave's README, "Keywords"
  for (const name of names) {
    assertEquals(parseValue(`%${name}`, { kind: "enum", names }), name);
    assertEquals(parseValue(`%${name}`, { kind: "variant", cases }), { tag: name });
    assertEquals(formatValue(name, { kind: "enum", names }), `%${name}`);
    assertEquals(formatValue({ tag: name }, { kind: "variant", cases }), `%${name}`);
    const message = `expected \`%${name}\`, since ${name} is a keyword`;
    assertThrows(() => parseValue(name, { kind: "enum", names }), SyntaxError, message);
    assertEquals(parseValue(`{${name}}`, { kind: "flags", names }), { [name]: true });
    assertEquals(parseValue(`{%${name}}`, { kind: "flags", names }), { [name]: true });
    // What only begins like a keyword is none
    const longer: ValType = { kind: "result", ok: { kind: "enum", names: [`${name}-x`] }, err: undefined };
    assertEquals(parseValue(`${name}-x`, longer), { tag: "ok", val: `${name}-x` });
  }
  const fields = Object.fromEntries(names.map((name) => [name, 1]));
  const text = `{${names.map((name) => `${name}: 1`).join(", ")}}`;
  assertEquals(parseValue(text, all), fields);
  assertEquals(formatValue(fields, all), text);
});

/** The single with these bits. */
const single = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0]!;

Deno.test("an f32 is printed by the fewest digits that read back", () => {
  for (
    const [bits, text] of [
      // As Rust prints the same bits
      [0x3dcccccd, "0.1"],
      [0x3e99999a, "0.3"],
      [0x7f7fffff, "3.4028235e+38"],
      [0x00000001, "1e-45"],
      [0x00800000, "1.1754944e-38"],
      [0x4b800000, "16777216"],
      [0x3eaaaaab, "0.33333334"],
      [0xc0490fdb, "-3.1415927"],
      // Powers of two, below which the next single is half as far away
      [0x6a000000, "3.8685626e+25"],
      [0x0c000000, "9.8607613e-32"],
    ] as const
  ) {
    assertEquals(formatValue(single(bits), { kind: "f32" }), text);
    assertEquals(Math.fround(Number(text)), single(bits));
  }
  // Each exponent, and the singles around its power of two
  for (let bits = 4; bits < 0x7f800000; bits += 1 << 23) {
    for (let near = bits - 4; near < bits + 4; near++) {
      const value = single(near), text = formatValue(value, { kind: "f32" });
      assertEquals(Math.fround(Number(text)), value);
      const digits = Number(text).toExponential().split("e")[0]!.replace(/[-.]/g, "").length;
      if (digits > 1) assert(Math.fround(Number(value.toPrecision(digits - 1))) !== value, text);
    }
  }
});

Deno.test("strings of several lines lose the indent of their end", () => {
  const lines = (text: string) => parseValue(text, string);
  assertEquals(lines('"""\n"""'), "");
  assertEquals(lines('"""\nA single line\n"""'), "A single line");
  assertEquals(lines('"""\r\n    Indented\r\n      as its end\r\n  """'), "  Indented\n    as its end");
  assertEquals(lines('"""\n\n\n"""'), "\n");
  assertEquals(lines('"""\nTwice: ""\\"" \\u{2603}\\r\n"""'), 'Twice: """" ☃\r');
  assertEquals(parseCall('f("""\n  a,\n  b)\n  """, 1)').args([string, u8]), ["a,\nb)", 1]);
  const refused = (text: string, message: string) => assertThrows(() => lines(text), SyntaxError, message);
  refused('""""""', 'expected `"""` on a line of its own');
  refused('"""x\n"""', "expected a new line");
  refused('"""\nx"""', 'expected `"""` on a line of its own');
  refused('"""\n x\n  """', "expected 2 spaces");
  refused('"""\nx\n', 'expected `"""`');
  refused('"""\n\\j\n"""', "expected an escape");
  refused('"""\n\\\n"""', "expected an escape");
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
  for (const text of ["-nan", "NaN", "Inf", "infinity", "01", "1.", ".5", "+1", "0x1"]) {
    assertThrows(() => parseValue(text, { kind: "f64" }), SyntaxError);
  }
  for (const text of ["1.5", "1e3", "01", "+1", "--1"]) assertThrows(() => parseValue(text, u8), SyntaxError);
  for (const text of ["''", "'''", "'\n'", "'x '", "'\\z'", "'\\u{110000}'"]) {
    assertThrows(() => parseValue(text, { kind: "char" }), SyntaxError);
  }
  refused('"a\nb"', string, 'expected `"`');
  // What would be mistaken for the outer one does not stand for it
  refused("1", option(option(u8)), "expected one of some, none");
  refused("ok(1)", option({ kind: "result", ok: u8, err: undefined }), "expected one of some, none");
  refused("some(1)", { kind: "result", ok: option(u8), err: undefined }, "expected one of ok, err");
  refused("%ok(1)", { kind: "result", ok: u8, err: undefined }, "expected an integer");
  refused("1", { kind: "result", ok: undefined, err: u8 }, "expected one of ok, err");
  refused("%some(1)", option(u8), "expected an integer");
  refused("none(1)", option(u8), "expected the end");
  refused("some", option(u8), "expected `(`");
  refused("{}", { kind: "record", fields: [{ name: "a", type: option(u8) }] }, "expected `{:}`");
  refused('[("a", 1)]', { kind: "map", key: string, value: u8 }, "expected `{`");
  refused("{a: 1}", { kind: "map", key: string, value: u8 }, 'expected `"`');
  refused("{%true: 1}", { kind: "map", key: { kind: "bool" }, value: u8 }, "expected true or false");
  refused("aB", { kind: "enum", names: ["aB"] }, "expected one of aB");
  refused("1\u00a0", u8, "expected the end");
  refused("(1)", { kind: "tuple", types: [u8, u8] }, "expected 2 values");
  refused("{}", { kind: "record", fields: [{ name: "constructor", type: u8 }] }, "a field `constructor`");
  assert(assertThrows(() => parseValue(`"${"x".repeat(1e6)}`, string)).message.length < 100);
  refused("(1)", { kind: "own", resource: { kind: "resource" } }, "a value of type own cannot be written");
  assertThrows(() => parseCall("f(1, 2)").args([u8]), SyntaxError, "no more than 1 arguments");
  assertThrows(() => parseCall("f()").args([u8]), SyntaxError, "expected 1 arguments");
  assertThrows(() => parseCall("f(1) x").args([u8]), SyntaxError, "expected the end");
});
