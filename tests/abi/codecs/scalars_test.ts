// Scalars as core values and as bytes, at the edges of their ranges. Spec: definitions.py `load`,
// `store`, `lift_flat`, `lower_flat`.

import { assertEquals } from "@std/assert";
import type { PrimitiveKind, ValType } from "../../../abi/types/types.ts";
import { assertTraps, type CodecRow, hostGuest, testLifts, testRefusals, testRows } from "../../support/codec_rows.ts";
import { codecOf, liftFlat, load, lowerFlat, store } from "../../support/fake_guest.ts";

const of = (kind: PrimitiveKind): ValType => ({ kind });
const row = (kind: PrimitiveKind, value: unknown, core: number | bigint, ...bytes: number[]): CodecRow => ({
  name: `${kind} ${String(value)}`,
  type: of(kind),
  value,
  i32: { flat: [core], bytes },
});

testRows([
  row("bool", false, 0, 0),
  row("bool", true, 1, 1),
  row("u8", 0, 0, 0),
  row("u8", 255, 255, 0xff),
  row("s8", -128, 0xffffff80, 0x80),
  row("s8", 127, 127, 0x7f),
  row("u16", 0x1234, 0x1234, 0x34, 0x12),
  row("u16", 65535, 65535, 0xff, 0xff),
  row("s16", -32768, 0xffff8000, 0x00, 0x80),
  row("s16", 32767, 32767, 0xff, 0x7f),
  row("u32", 2 ** 32 - 1, 0xffffffff, 0xff, 0xff, 0xff, 0xff),
  row("u32", 2 ** 31, 0x80000000, 0, 0, 0, 0x80),
  row("s32", -1, 0xffffffff, 0xff, 0xff, 0xff, 0xff),
  row("s32", -(2 ** 31), 0x80000000, 0, 0, 0, 0x80),
  row("u64", 2n ** 64n - 1n, 2n ** 64n - 1n, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  row("u64", 1n, 1n, 1, 0, 0, 0, 0, 0, 0, 0),
  row("s64", -(2n ** 63n), 2n ** 63n, 0, 0, 0, 0, 0, 0, 0, 0x80),
  row("s64", -2n, 2n ** 64n - 2n, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  row("f32", 1.5, 1.5, 0, 0, 0xc0, 0x3f),
  row("f32", -Infinity, -Infinity, 0, 0, 0x80, 0xff),
  row("f64", 1.5, 1.5, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f),
  row("f64", 5e-324, 5e-324, 1, 0, 0, 0, 0, 0, 0, 0),
  row("char", "a", 0x61, 0x61, 0, 0, 0),
  row("char", "\ud7ff", 0xd7ff, 0xff, 0xd7, 0, 0),
  row("char", "\ue000", 0xe000, 0x00, 0xe0, 0, 0),
  row("char", "\u{10ffff}", 0x10ffff, 0xff, 0xff, 0x10, 0),
]);

testLifts("bool", of("bool"), [[[2], true], [[0x100], true], [[-1], true], [[0], false]]);
testLifts("u8", of("u8"), [[[0x100], 0], [[0x1ff], 255], [[-1], 255]]);
testLifts("s8", of("s8"), [[[0x80], -128], [[0x17f], 127], [[0xff], -1]]);
testLifts("u16", of("u16"), [[[0x10000], 0], [[-1], 65535]]);
testLifts("s16", of("s16"), [[[0x8000], -32768], [[0x17fff], 32767]]);
testLifts("u32", of("u32"), [[[-1], 2 ** 32 - 1]]);
testLifts("s32", of("s32"), [[[-1], -1]]);
testLifts("u64", of("u64"), [[[-1n], 2n ** 64n - 1n]]);
testLifts("s64", of("s64"), [[[-1n], -1n]]);

const never = [undefined, null, {}, [], Symbol("s"), "1", () => 1, new Number(1)];
testRefusals("bool", of("bool"), [...never, 0, 1, 1n]);
testRefusals("u8", of("u8"), [...never, true, -1, 256, 0.5, NaN, Infinity, 1n]);
testRefusals("s8", of("s8"), [...never, -129, 128, 0.5, NaN, 1n]);
testRefusals("u16", of("u16"), [...never, -1, 65536, 0.5, NaN, 1n]);
testRefusals("s16", of("s16"), [...never, -32769, 32768, NaN, 1n]);
testRefusals("u32", of("u32"), [...never, -1, 2 ** 32, 0.5, NaN, 1n]);
testRefusals("s32", of("s32"), [...never, -(2 ** 31) - 1, 2 ** 31, NaN, 1n]);
testRefusals("u64", of("u64"), [...never, -1n, 2n ** 64n, -1, 0.5, NaN, 2 ** 53]);
testRefusals("s64", of("s64"), [...never, -(2n ** 63n) - 1n, 2n ** 63n, 0.5, NaN]);
testRefusals("f32", of("f32"), [...never, true, 1n]);
testRefusals("f64", of("f64"), [...never, true, 1n]);
testRefusals("char", of("char"), [undefined, null, {}, 97, "", "ab", "\ud800", "\udc00", "a\u0301", "😀😀"]);

Deno.test("codec: a byte that is not 0 is true", () => {
  const guest = hostGuest("i32");
  guest.write(0x40, 0x80);
  assertEquals(load(guest, codecOf(of("bool"), "i32"), 0x40), true);
});

Deno.test("codec: NaN is NaN, and -0 stays -0, as core values and in memory", () => {
  for (const kind of ["f32", "f64"] as const) {
    const guest = hostGuest("i32"), codec = codecOf(of(kind), "i32");
    for (const value of [NaN, -0]) {
      store(guest, codec, value, 0x40);
      assertEquals(Object.is(load(guest, codec, 0x40), value), true);
      assertEquals(Object.is(liftFlat(guest, codec, lowerFlat(guest, codec, value)), value), true);
    }
  }
});

Deno.test("codec: an f32 is rounded to the nearest in memory", () => {
  const guest = hostGuest("i32"), codec = codecOf(of("f32"), "i32");
  store(guest, codec, 0.1, 0x40); // 0x3dcccccd
  assertEquals(guest.bytes(0x40, 4), [0xcd, 0xcc, 0xcc, 0x3d]);
});

Deno.test("codec: a char that is no Unicode scalar value traps", () => {
  for (const code of [0xd800, 0xdfff, 0x110000, -1, 0x7fffffff]) {
    const codec = codecOf(of("char"), "i32"), flat = hostGuest("i32"), memory = hostGuest("i32");
    assertTraps(flat, "invalid-char", () => liftFlat(flat, codec, [code]));
    memory.memory.u32[0x10] = code;
    assertTraps(memory, "invalid-char", () => load(memory, codec, 0x40));
  }
});
