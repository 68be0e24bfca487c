// Component values and start functions behind their gate: each value is consumed once, start
// functions get what they take, and the bytes of a value definition are one value of its type.
// Binaries by hand: the tools' text format encodes value imports otherwise.

import { assertEquals } from "@std/assert";
import { CompileError, compileSync } from "@windlass/component";
import { leb, name, section, vec } from "../../support/bytes.ts";
import { binary, thrown } from "../../support/wasm.ts";

const GATES = { gates: { values: true, "fixed-length-lists": true } };
const STRING = 0x73, U32 = 0x79, S16 = 0x7c, BOOL = 0x7f, F32 = 0x76, F64 = 0x75, CHAR = 0x74, U8 = 0x7d;

const types = (...list: number[][]): number[] => section(7, vec(list));
const func = (params: number[], result?: number): number[] => [
  ...[0x40, ...vec(params.map((type, i) => [...name(`p${i}`), type]))],
  ...(result === undefined ? [1, 0] : [0, result]),
];
const imports = (...list: number[][]): number[] => section(10, vec(list));
const importValue = (as: string, type: number): number[] => [0, ...name(as), 2, 1, type];
const importFunc = (as: string, type: number): number[] => [0, ...name(as), 1, type];
const exports = (...list: (readonly [as: string, value: number])[]): number[] =>
  section(11, vec(list.map(([as, value]) => [0, ...name(as), 2, ...leb(value), 0])));
const start = (index: number, args: number[], results: number): number[] =>
  section(9, [index, ...vec(args.map(leb)), results]);
const value = (type: number, ...bytes: number[]): number[] =>
  section(12, vec([[type, ...leb(bytes.length), ...bytes]]));
const component = (...sections: number[][]): number[] => section(4, [...binary(...sections.flat())]);

/** What compiling says, without the offset. */
function refusal(sections: readonly number[][], options = GATES): string {
  const error = thrown(() => compileSync(binary(...sections.flat()), options));
  assertEquals(error instanceof CompileError, true, `${error}`);
  return error.message.replace(/^Cannot | \(at offset .*$/g, "");
}

/** Valid, as a component of its own and inside another one. */
function valid(...sections: number[][]): void {
  compileSync(binary(...component(...sections)), GATES);
  compileSync(binary(...sections.flat()), GATES);
}

Deno.test("values are consumed by exports, start functions and arguments", () => {
  valid(imports(importValue("v", STRING)), exports(["e", 0]));
  valid(types(func([STRING])), imports(importFunc("f", 0), importValue("v", STRING)), start(0, [0], 0));
  valid(types(func([], STRING)), imports(importFunc("f", 0)), start(0, [], 1), exports(["e", 0]));
  valid(types(func([])), imports(importFunc("f", 0)), start(0, [], 0), start(0, [], 0));
  const inner = component(imports(importValue("v", STRING)), exports(["e", 0]));
  const argument = [...name("v"), 2, 0];
  const instance = section(5, vec([[0, 0, ...vec([argument])]]));
  const alias = section(6, vec([[2, 0, 0, ...name("e")]]));
  valid(inner, imports(importValue("x", STRING)), instance, alias, exports(["y", 1]));
});

Deno.test("a value that is not consumed, or twice, is refused", () => {
  assertEquals(
    refusal([imports(importValue("v", STRING))]),
    "validate component: value index 0 was not used as part of an instantiation, start function, or export",
  );
  assertEquals(
    refusal([imports(importValue("v", STRING)), exports(["a", 0], ["b", 0])]),
    "validate export `b`: value 0 cannot be used more than once",
  );
  assertEquals(
    refusal([exports(["a", 0])]),
    "validate export `a`: unknown value 0: value index out of bounds",
  );
});

Deno.test("start functions get what they take, and say what they give", () => {
  const two = [
    types(func([STRING, STRING])),
    imports(importFunc("f", 0), importValue("v", STRING), importValue("w", U32)),
  ];
  assertEquals(refusal([...two, start(0, [0], 0)]), "validate start: start function requires 2 arguments, found 1");
  assertEquals(
    refusal([...two, start(0, [0, 0], 0)]),
    "validate start: value 0 cannot be used more than once",
  );
  assertEquals(
    refusal([...two, start(0, [0, 1], 0)]),
    "validate start: type mismatch for component start function argument 1: expected string, found u32",
  );
  assertEquals(
    refusal([types(func([])), imports(importFunc("f", 0)), start(0, [], 1)]),
    "validate start: component start function has 0 results, found 1",
  );
  assertEquals(refusal([start(0, [], 0)]), "validate start: unknown function 0: function index out of bounds");
});

Deno.test("an argument must be a value of the import's type", () => {
  const inner = component(imports(importValue("v", STRING)), exports(["e", 0]));
  const instance = section(5, vec([[0, 0, ...vec([[...name("v"), 2, 0]])]]));
  assertEquals(
    refusal([inner, imports(importValue("x", U32)), instance]),
    "validate instance 0, argument `v`: type mismatch: expected string, found u32",
  );
});

Deno.test("the bytes of a value are one value of its type", () => {
  const defined: number[][] = [
    [0x72, ...vec([[...name("a"), U8], [...name("b"), S16]])], // record
    [0x71, ...vec([[...name("x"), 0, 0], [...name("y"), 1, U8, 0]])], // variant
    [0x70, STRING], // list
    [0x6e, ...vec(Array.from({ length: 9 }, (_, i) => name(`f${i}`)))], // flags
    [0x6d, ...vec([name("a"), name("b")])], // enum
    [0x6b, U8], // option
    [0x6a, 1, U8, 0], // result
    [0x67, U8, 2], // fixed list
    [0x63, U8, BOOL], // map
    [0x6f, ...vec([[U8], [BOOL]])], // tuple
  ];
  const [record, variant, list, flags, enumeration, option, result, fixed, map, tuple] = defined.keys();
  const rows: readonly (readonly [type: number, bytes: number[], fault?: string])[] = [
    [BOOL, [1]],
    [BOOL, [2], "invalid boolean value, found 0x2"],
    [BOOL, [], "unexpected end-of-file"],
    [BOOL, [1, 0], "unexpected data at the end of the section"],
    [S16, [0x80, 0x80, 0x7e]],
    [S16, [0x80, 0x80, 0x40], "invalid var_s16: integer too large"],
    [U32, [0xff, 0xff, 0xff, 0xff, 0x0f]],
    [F32, [0, 0, 0xc0, 0x7f]],
    [F32, [1, 0, 0xc0, 0x7f], "f32 is not the canonical NaN"],
    [F64, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
    [F64, [0, 0, 0, 0, 0, 0, 0xf8, 0xff], "f64 is not the canonical NaN"],
    [CHAR, [0xe2, 0x82, 0xac]],
    [CHAR, [0xed, 0xa0, 0x80], "malformed UTF-8 encoding"],
    [CHAR, [0x61, 0x62], "unexpected data at the end of the section"],
    [STRING, [2, 0x68, 0x69]],
    [STRING, [1, 0xff], "malformed UTF-8 encoding"],
    [record!, [7, 0x7f]],
    [variant!, [0]],
    [variant!, [1, 5]],
    [variant!, [2], "unknown case 2: case index out of bounds"],
    [list!, [2, 1, 0x61, 0]],
    [list!, [0xff, 0xff, 0xff, 0xff, 0x0f], "list element count exceeds limit of"],
    [flags!, [1, 1]],
    [flags!, [1], "unexpected end-of-file"],
    [enumeration!, [1]],
    [enumeration!, [2], "unknown case 2: case index out of bounds"],
    [option!, [0]],
    [option!, [1, 9]],
    [result!, [0, 9]],
    [result!, [1]],
    [fixed!, [1, 2]],
    [map!, [1, 1, 1]],
    [tuple!, [1, 1]],
  ];
  for (const [type, bytes, fault] of rows) {
    // An instance of its own rather than an export, which would need names for the types.
    const bag = section(5, vec([[1, ...vec([[0, ...name("v"), 2, 0]])]]));
    const sections = [types(...defined), value(type, ...bytes), bag];
    if (fault === undefined) valid(...sections);
    else assertEquals(refusal(sections).split(": ").slice(1).join(": ").startsWith(fault), true, refusal(sections));
  }
});

Deno.test("a value is refused by its gate", () => {
  const sections = [value(BOOL, 1), exports(["v", 0])];
  assertEquals(
    refusal(sections, { gates: { values: false, "fixed-length-lists": true } }),
    'validate value 0: a component value needs the gate `values`: pass { gates: { "values": true } }',
  );
  valid(...sections);
});
