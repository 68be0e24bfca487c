// Variants, enums, options and results: discriminants, where a payload lies, and the core values
// that cases share.
// Spec: definitions.py `load_variant`, `store_variant`, `lift_flat_variant`, `lower_flat_variant`,
// `join`.

import { assertEquals } from "@std/assert";
import type { CoreValue } from "../../../abi/types/core_values.ts";
import type { PrimitiveKind, ValType } from "../../../abi/types/types.ts";
import {
  _,
  assertTraps,
  type CodecRow,
  gap,
  hostGuest,
  testLifts,
  testRefusals,
  testRows,
} from "../../support/codec_rows.ts";
import { addresses, codecOf, liftFlat, load } from "../../support/fake_guest.ts";

const of = (kind: PrimitiveKind): ValType => ({ kind });
const [u8, u16, u32, s32, u64, f32, f64, string] = [
  of("u8"),
  of("u16"),
  of("u32"),
  of("s32"),
  of("u64"),
  of("f32"),
  of("f64"),
  of("string"),
];
const variant = (...types: (ValType | undefined)[]): ValType => ({
  kind: "variant",
  cases: types.map((type, i) => ({ name: `c${i}`, type })),
});
const option = (element: ValType): ValType => ({ kind: "option", element });
const result = (ok: ValType | undefined, err: ValType | undefined): ValType => ({ kind: "result", ok, err });
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);

const row = (
  name: string,
  type: ValType,
  value: unknown,
  flat: readonly CoreValue[] | undefined,
  bytes: readonly number[],
): CodecRow => ({ name, type, value, i32: { flat, bytes } });

const wide = variant(...Array<undefined>(256).fill(undefined), u8);
const tagged = (i: number, val?: unknown) => val === undefined ? { tag: `c${i}` } : { tag: `c${i}`, val };

testRows([
  row("variant without payloads", variant(undefined, undefined), tagged(1), [1], [1]),
  row("variant { _, u8 }: _", variant(undefined, u8), tagged(0), [0, 0], [0, _]),
  row("variant { _, u8 }: u8", variant(undefined, u8), tagged(1, 7), [1, 7], [1, 7]),
  // The payload of every case lies where that of the most aligned one does.
  row("variant { u8, u64 }: u8", variant(u8, u64), tagged(0, 7), [0, 7n], [0, ...gap(7), 7, ...gap(7)]),
  row("variant { u8, u64 }: u64", variant(u8, u64), tagged(1, 7n), [1, 7n], [1, ...gap(7), 7, 0, 0, 0, 0, 0, 0, 0]),
  // join(i32, f32) = i32: the bits of the float.
  row("variant { f32, u32 }: f32", variant(f32, u32), tagged(0, 1.5), [0, 0x3fc00000], [
    0,
    ...gap(3),
    0,
    0,
    0xc0,
    0x3f,
  ]),
  row("variant { f32, u32 }: u32", variant(f32, u32), tagged(1, 9), [1, 9], [1, ...gap(3), 9, 0, 0, 0]),
  row("variant { u32, f32 }: f32", variant(u32, f32), tagged(1, -2), [1, 0xc0000000], [1, ...gap(3), 0, 0, 0, 0xc0]),
  // Any other pair is i64: an i32 is extended by zeros, a float gives its bits.
  row(
    "variant { f64, s32 }: f64",
    variant(f64, s32),
    tagged(0, 1.5),
    [0, 0x3ff8000000000000n],
    [0, ...gap(7), 0, 0, 0, 0, 0, 0, 0xf8, 0x3f],
  ),
  row(
    "variant { f64, s32 }: s32",
    variant(f64, s32),
    tagged(1, -1),
    [1, 0xffffffffn],
    [1, ...gap(7), 0xff, 0xff, 0xff, 0xff, ...gap(4)],
  ),
  row(
    "variant { f32, f64 }: f32",
    variant(f32, f64),
    tagged(0, -2),
    [0, 0xc0000000n],
    [0, ...gap(7), 0, 0, 0, 0xc0, ...gap(4)],
  ),
  row(
    "variant { f32, u64 }: f32",
    variant(f32, u64),
    tagged(0, 1.5),
    [0, 0x3fc00000n],
    [0, ...gap(7), 0, 0, 0xc0, 0x3f, ...gap(4)],
  ),
  row(
    "variant { f32, f32 }: f32",
    variant(f32, f32),
    tagged(1, 1.5),
    [1, 1.5],
    [1, ...gap(3), 0, 0, 0xc0, 0x3f],
  ),
  // What a case does not need is 0, of the joined type.
  row(
    "variant { tuple<u8, f64, f32>, u16 }: u16",
    variant({ kind: "tuple", types: [u8, f64, f32] }, u16),
    tagged(1, 5),
    [1, 5, 0, 0],
    [1, ...gap(7), 5, 0, ...gap(22)],
  ),
  row(
    "variant { tuple<u8, f64>, tuple<u64, u32> }: the first",
    variant({ kind: "tuple", types: [u8, f64] }, { kind: "tuple", types: [u64, u32] }),
    tagged(0, [5, 1.5]),
    [0, 5n, 0x3ff8000000000000n],
    [0, ...gap(7), 5, ...gap(7), 0, 0, 0, 0, 0, 0, 0xf8, 0x3f],
  ),
  row(
    "variant { tuple<u8, f64>, tuple<u64, u32> }: the second",
    variant({ kind: "tuple", types: [u8, f64] }, { kind: "tuple", types: [u64, u32] }),
    tagged(1, [5n, 6]),
    [1, 5n, 6n],
    [1, ...gap(7), 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, ...gap(4)],
  ),
  // A pointer and a length are i64 with a 64-bit memory, and so is what shares their places.
  {
    name: "variant { string, f32 }: string",
    type: variant(string, f32),
    value: tagged(0, "ab"),
    i32: {
      flat: [0, 0x100, 2],
      bytes: [0, ...gap(3), 0, 1, 0, 0, 2, 0, 0, 0],
      asked: [[0, 0, 1, 2]],
      blocks: [[0x61, 0x62]],
    },
    i64: {
      flat: [0, 0x100n, 2n],
      bytes: [0, ...gap(7), 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0],
      asked: [[0, 0, 1, 2]],
      blocks: [[0x61, 0x62]],
    },
  },
  {
    name: "variant { string, f32 }: f32",
    type: variant(string, f32),
    value: tagged(1, 1.5),
    i32: { flat: [1, 0x3fc00000, 0], bytes: [1, ...gap(3), 0, 0, 0xc0, 0x3f, ...gap(4)] },
    i64: { flat: [1, 0x3fc00000n, 0n], bytes: [1, ...gap(7), 0, 0, 0xc0, 0x3f, ...gap(12)] },
  },
  row("variant of 257: the last", wide, tagged(256, 7), [256, 7], [0, 1, 7, _]),
  row("enum: n0", { kind: "enum", names: names(3) }, "n0", [0], [0]),
  row("enum: n2", { kind: "enum", names: names(3) }, "n2", [2], [2]),
  row("enum of 257: n256", { kind: "enum", names: names(257) }, "n256", [256], [0, 1]),
  row("option<u32>: none", option(u32), undefined, [0, 0], [0, ...gap(7)]),
  row("option<u32>: some", option(u32), 7, [1, 7], [1, ...gap(3), 7, 0, 0, 0]),
  { name: "option<u8>: null", type: option(u8), value: null, lifted: undefined, i32: { flat: [0, 0], bytes: [0, _] } },
  row("option<option<u8>>: none", option(option(u8)), { tag: "none" }, [0, 0, 0], [0, _, _]),
  row("option<option<u8>>: some none", option(option(u8)), { tag: "some", val: undefined }, [1, 0, 0], [1, 0, _]),
  row("option<option<u8>>: some some", option(option(u8)), { tag: "some", val: 7 }, [1, 1, 7], [1, 1, 7]),
  row("result: ok", result(undefined, undefined), { tag: "ok", val: undefined }, [0], [0]),
  row("result: err", result(undefined, undefined), { tag: "err", val: undefined }, [1], [1]),
  row("result<u8, u16>: ok", result(u8, u16), { tag: "ok", val: 7 }, [0, 7], [0, _, 7, _]),
  row("result<u8, u16>: err", result(u8, u16), { tag: "err", val: 0x1234 }, [1, 0x1234], [1, _, 0x34, 0x12]),
  row("result<_, u8>: ok", result(undefined, u8), { tag: "ok", val: undefined }, [0, 0], [0, _]),
]);

testLifts("an i32 that shares an i64", variant(u64, u32), [
  [[1, 7n << 32n | 9n], tagged(1, 9)],
  [[1, -1n], tagged(1, 2 ** 32 - 1)],
]);
testLifts("an s32 that shares an i64", variant(u64, s32), [[[1, 0xffffffffn], tagged(1, -1)]]);
testLifts("an f32 that shares an i64", variant(u64, f32), [[[1, 7n << 32n | 0x3fc00000n], tagged(1, 1.5)]]);
testLifts("a case without payload", variant(u64, undefined), [[[1, 99n], tagged(1)]]);
testLifts("a case of fewer core values", variant({ kind: "tuple", types: [u8, u8] }, u8), [[[1, 7, 99], tagged(1, 7)]]);

testRefusals("variant", variant(u8, undefined), [undefined, null, 1, "c0", {}, { tag: 0 }, tagged(0), tagged(0, -1)]);
testRefusals("variant's cases", variant(u8, undefined), [{ tag: "c2" }, { tag: "__proto__" }], "unknown-case");
testRefusals("a case without payload", variant(u8, undefined), [tagged(1, 1)], "unexpected-payload");
testRefusals("enum", { kind: "enum", names: names(2) }, [undefined, 0, { tag: "n0" }]);
testRefusals("enum's cases", { kind: "enum", names: names(2) }, ["n2", "", "toString"], "unknown-case");
testRefusals("option", option(u8), ["", 256, { tag: "some", val: 1 }]);
testRefusals("result", result(u8, undefined), [undefined, 1, {}, { tag: "ok" }, { tag: "err", val: 1 }]);

Deno.test("codec: a discriminant that no case has traps, as core value and in memory, whatever its width", () => {
  const rows: readonly (readonly [ValType, CoreValue[], number[]])[] = [
    [variant(u8, u8), [2, 0], [2]],
    [variant(undefined, undefined), [-1], [0xff]],
    [wide, [257, 0], [1, 1]],
    [{ kind: "enum", names: names(3) }, [3], [3]],
    [{ kind: "enum", names: names(257) }, [0x10000], [1, 1]],
    [option(u8), [2, 0], [2]],
    [result(u8, undefined), [2, 0], [2]],
    [option(u8), [0x100, 0], [0x80]],
  ];
  for (const address of addresses) {
    for (const [type, flat, bytes] of rows) {
      const codec = codecOf(type, address), one = hostGuest(address), other = hostGuest(address);
      assertTraps(one, "invalid-discriminant", () => liftFlat(one, codec, flat));
      other.write(0x40, ...bytes);
      assertTraps(other, "invalid-discriminant", () => load(other, codec, 0x40));
    }
  }
});

Deno.test("codec: the bits of a NaN in a shared core value are a NaN's", () => {
  for (const [type, bits] of [[variant(f32, u32), 0x7fc00001], [variant(f64, u64), 0x7ff8000000000001n]] as const) {
    const lifted = liftFlat(hostGuest("i32"), codecOf(type, "i32"), [0, bits]) as { val: number };
    assertEquals(lifted.val, NaN);
  }
});
