// Layout and flattening by key, against what CanonicalABI.md says ("Alignment", "Element Size",
// "Flattening"), worked out by hand.

import type { AddressType, CoreType } from "../../../abi/types/core_values.ts";
import { assertEquals } from "@std/assert";
import {
  type CallStyle,
  layoutOf,
  recordLayout,
  type Side,
  signatureLayout,
  variantLayout,
} from "../../../abi/types/layout.ts";
import type { FuncType, ValType } from "../../../abi/types/types.ts";

const of = (kind: "bool" | "u8" | "u16" | "u32" | "u64" | "f32" | "f64" | "char" | "string"): ValType => ({ kind });
const [u8, u16, u32, u64, f32, f64, string] = [
  of("u8"),
  of("u16"),
  of("u32"),
  of("u64"),
  of("f32"),
  of("f64"),
  of("string"),
];
const list = (element: ValType): ValType => ({ kind: "list", element });
const record = (...types: ValType[]): ValType => ({
  kind: "record",
  fields: types.map((type, i) => ({ name: `f${i}`, type })),
});
const variant = (...types: (ValType | undefined)[]): ValType => ({
  kind: "variant",
  cases: types.map((type, i) => ({ name: `c${i}`, type })),
});
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);
const many = (count: number, type: ValType): ValType[] => Array(count).fill(type);

/**
 * A type, and alignment, size and core values with 32-bit and with 64-bit pointers; one row where
 * both are the same.
 */
type Row = readonly [string, ValType, alignment: number, size: number, flat: string | undefined];
const rows: readonly (readonly [...Row, wide?: Row[2], wideSize?: Row[3], wideFlat?: Row[4]])[] = [
  ["bool", of("bool"), 1, 1, "i32"],
  ["u16", u16, 2, 2, "i32"],
  ["u64", u64, 8, 8, "i64"],
  ["f32", f32, 4, 4, "f32"],
  ["f64", f64, 8, 8, "f64"],
  ["char", of("char"), 4, 4, "i32"],
  ["string", string, 4, 8, "i32 i32", 8, 16, "i64 i64"],
  ["list<u8>", list(u8), 4, 8, "i32 i32", 8, 16, "i64 i64"],
  ["map<u8, u64>", { kind: "map", key: u8, value: u64 }, 4, 8, "i32 i32", 8, 16, "i64 i64"],
  ["record { u8, u64, u16 }", record(u8, u64, u16), 8, 24, "i32 i64 i32"],
  ["record { u8, string }", record(u8, string), 4, 12, "i32 i32 i32", 8, 24, "i32 i64 i64"],
  ["record {}", record(), 1, 0, ""],
  ["tuple<u16, u8>", { kind: "tuple", types: [u16, u8] }, 2, 4, "i32 i32"],
  ["option<u64>", { kind: "option", element: u64 }, 8, 16, "i32 i64"],
  ["option<string>", { kind: "option", element: string }, 4, 12, "i32 i32 i32", 8, 24, "i32 i64 i64"],
  ["result<u8, f32>", { kind: "result", ok: u8, err: f32 }, 4, 8, "i32 i32"],
  ["result", { kind: "result", ok: undefined, err: undefined }, 1, 1, "i32"],
  ["result<f32, u64>", { kind: "result", ok: f32, err: u64 }, 8, 16, "i32 i64"],
  ["result<f32, string>", { kind: "result", ok: f32, err: string }, 4, 12, "i32 i32 i32", 8, 24, "i32 i64 i64"],
  ["variant { f64, u32 }", variant(f64, u32), 8, 16, "i32 i64"],
  ["variant of 256", variant(...many(255, u8), undefined), 1, 2, "i32 i32"],
  ["variant of 257", variant(...many(256, u8), undefined), 2, 4, "i32 i32"],
  ["enum of 256", { kind: "enum", names: names(256) }, 1, 1, "i32"],
  ["enum of 257", { kind: "enum", names: names(257) }, 2, 2, "i32"],
  ["flags of 8", { kind: "flags", names: names(8) }, 1, 1, "i32"],
  ["flags of 9", { kind: "flags", names: names(9) }, 2, 2, "i32"],
  ["flags of 17", { kind: "flags", names: names(17) }, 4, 4, "i32"],
  ["list<u16, 3>", { kind: "fixed-list", element: u16, length: 3 }, 2, 6, "i32 i32 i32"],
  ["list<u16, 17>", { kind: "fixed-list", element: u16, length: 17 }, 2, 34, undefined],
  ["own", { kind: "own", resource: { kind: "resource" } }, 4, 4, "i32"],
  ["stream<string>", { kind: "stream", element: string }, 4, 4, "i32"],
  ["record of 17", record(...many(17, u8)), 1, 17, undefined],
];

for (const [name, type, alignment, size, flat, wide = alignment, wideSize = size, wideFlat = flat] of rows) {
  Deno.test(`layout: ${name}`, () => {
    const text = (address: AddressType): Row[4] => layoutOf(type, address).flat?.join(" ");
    const { alignment: a, size: s } = layoutOf(type, "i32"), { alignment: wa, size: ws } = layoutOf(type, "i64");
    assertEquals([a, s, text("i32")], [alignment, size, flat]);
    assertEquals([wa, ws, text("i64")], [wide, wideSize, wideFlat]);
  });
}

Deno.test("layout: where the parts of a record and the payload of a variant lie", () => {
  const types = [u8, string, u64];
  assertEquals(recordLayout(types, "i32").offsets, [0, 4, 16]);
  assertEquals(recordLayout(types, "i64").offsets, [0, 8, 24]);
  assertEquals(recordLayout(types, "i32").flatOffsets, [0, 1, 3]);
  assertEquals(variantLayout([string, u8], "i32").payloadOffset, 4);
  assertEquals(variantLayout([string, u8], "i64").payloadOffset, 8);
});

const func = (params: ValType[], result?: ValType): FuncType => ({
  params: params.map((type, i) => ({ name: `p${i}`, type })),
  ...(result === undefined ? {} : { result }),
  async: true,
});

/** Core signatures as `params -> results`, by side and style. */
const signatures: readonly (readonly [
  string,
  FuncType,
  Readonly<Partial<Record<`${Side} ${CallStyle} ${AddressType}`, string>>>,
])[] = [
  ["func()", func([]), {
    "lift sync i32": "->",
    "lower sync i32": "->",
    "lift callback i32": "-> i32",
    "lift async i32": "->",
    "lower async i32": "-> i32",
    "task-return sync i32": "->",
  }],
  ["func(u8, u64) -> u32", func([u8, u64], u32), {
    "lift sync i32": "i32 i64 -> i32",
    "lower sync i32": "i32 i64 -> i32",
    "lift callback i32": "i32 i64 -> i32",
    "lift async i32": "i32 i64 ->",
    "lower async i32": "i32 i64 i32 -> i32",
    "lower async i64": "i32 i64 i64 -> i32",
    "task-return sync i32": "i32 ->",
  }],
  ["func(string) -> string", func([string], string), {
    "lift sync i32": "i32 i32 -> i32",
    "lower sync i32": "i32 i32 i32 ->",
    "lift sync i64": "i64 i64 -> i64",
    "lower sync i64": "i64 i64 i64 ->",
    "lower async i32": "i32 i32 i32 -> i32",
    "lift callback i64": "i64 i64 -> i32",
    "task-return sync i32": "i32 i32 ->",
    "task-return sync i64": "i64 i64 ->",
  }],
  ["func of 4", func(many(4, u8)), {
    "lower sync i32": "i32 i32 i32 i32 ->",
    "lower async i32": "i32 i32 i32 i32 -> i32",
  }],
  ["func of 5", func(many(5, u8), u8), {
    "lower sync i32": "i32 i32 i32 i32 i32 -> i32",
    "lower async i32": "i32 i32 -> i32",
    "lower async i64": "i64 i64 -> i32",
    "lift callback i32": "i32 i32 i32 i32 i32 -> i32",
  }],
  ["func of 16", func(many(16, f32)), {
    "lift sync i32": `${many(16, f32).map(() => "f32").join(" ")} ->`,
    "lower async i32": "i32 -> i32",
  }],
  ["func of 17", func(many(17, f64), record(...many(17, u8))), {
    "lift sync i32": "i32 -> i32",
    "lower sync i32": "i32 i32 ->",
    "lift sync i64": "i64 -> i64",
    "lower sync i64": "i64 i64 ->",
    "lift async i32": "i32 ->",
    "task-return sync i32": "i32 ->",
  }],
];

for (const [name, type, expected] of signatures) {
  Deno.test(`core signature: ${name}`, () => {
    for (const [key, text] of Object.entries(expected)) {
      const [side, style, address] = key.split(" ") as [Side, CallStyle, AddressType];
      const { core } = signatureLayout(type, { side, style, address });
      const join = (types: readonly CoreType[]): string => types.join(" ");
      assertEquals(`${join(core.params)} -> ${join(core.results)}`.trim(), text, key);
    }
  });
}
