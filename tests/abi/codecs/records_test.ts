// Records, tuples and flags: where parts lie, in memory and among core values, and the bits of
// flags.
// Spec: definitions.py `load_record`, `store_record`, `load_flags`, `store_flags`, and their flat
// counterparts.

import { assertEquals, assertThrows } from "@std/assert";
import { ValueError } from "@windlass/component";
import type { PrimitiveKind, ValType } from "../../../abi/types/types.ts";
import { _, type CodecRow, gap, hostGuest, testLifts, testRefusals, testRows } from "../../support/codec_rows.ts";
import { codecOf, lowerFlat, store } from "../../support/fake_guest.ts";

const of = (kind: PrimitiveKind): ValType => ({ kind });
const [u8, u16, u64, f32, string] = [of("u8"), of("u16"), of("u64"), of("f32"), of("string")];
const record = (...types: ValType[]): ValType => ({
  kind: "record",
  fields: types.map((type, i) => ({ name: `f${i}`, type })),
});
const flags = (count: number): Extract<ValType, { kind: "flags" }> => ({
  kind: "flags",
  names: Array.from({ length: count }, (_, i) => `n${i}`),
});
/** Flags of which some are set. */
const set = (count: number, ...bits: number[]): Record<string, boolean> =>
  Object.fromEntries(flags(count).names.map((name, i) => [name, bits.includes(i)]));
const flagRow = (count: number, bits: number[], core: number, ...bytes: number[]): CodecRow => ({
  name: `flags of ${count}: ${bits}`,
  type: flags(count),
  value: set(count, ...bits),
  i32: { flat: [core], bytes },
});
const text = { asked: [[0, 0, 1, 1]], blocks: [[0x78]] };

testRows([
  {
    name: "record { u8, u64, u16 }",
    type: record(u8, u64, u16),
    value: { f0: 1, f1: 2n, f2: 3 },
    i32: { flat: [1, 2n, 3], bytes: [1, ...gap(7), 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, ...gap(6)] },
  },
  { name: "record {}", type: record(), value: {}, i32: { flat: [], bytes: [] } },
  {
    name: "record { u8, string, u8 }: pointers are as wide and as aligned as the memory has them",
    type: record(u8, string, u8),
    value: { f0: 1, f1: "x", f2: 2 },
    i32: { flat: [1, 0x100, 1, 2], bytes: [1, ...gap(3), 0, 1, 0, 0, 1, 0, 0, 0, 2, ...gap(3)], ...text },
    i64: {
      flat: [1, 0x100n, 1n, 2],
      bytes: [1, ...gap(7), 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, ...gap(7)],
      ...text,
    },
  },
  {
    name: "record in a record: aligned as its most aligned field",
    type: record(u8, record(u8, u16), u8),
    value: { f0: 1, f1: { f0: 2, f1: 3 }, f2: 4 },
    i32: { flat: [1, 2, 3, 4], bytes: [1, _, 2, _, 3, 0, 4, _] },
  },
  {
    name: "record of 17: too many core values",
    type: record(...Array<ValType>(17).fill(u8)),
    value: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`f${i}`, i])),
    i32: { flat: undefined, bytes: Array.from({ length: 17 }, (_, i) => i) },
  },
  {
    name: "tuple<u16, f32, u8>",
    type: { kind: "tuple", types: [u16, f32, u8] },
    value: [1, 1.5, 2],
    i32: { flat: [1, 1.5, 2], bytes: [1, 0, _, _, 0, 0, 0xc0, 0x3f, 2, ...gap(3)] },
  },
  {
    name: "tuple<string, string>: strings are stored in order",
    type: { kind: "tuple", types: [string, string] },
    value: ["x", "y"],
    i32: {
      flat: [0x100, 1, 0x200, 1],
      bytes: [0, 1, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0],
      asked: [[0, 0, 1, 1], [0, 0, 1, 1]],
      blocks: [[0x78], [0x79]],
    },
    i64: {
      flat: [0x100n, 1n, 0x200n, 1n],
      bytes: [0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
      asked: [[0, 0, 1, 1], [0, 0, 1, 1]],
      blocks: [[0x78], [0x79]],
    },
  },
  flagRow(1, [], 0, 0),
  flagRow(8, [0, 7], 0x81, 0x81),
  flagRow(9, [8], 0x100, 0x00, 0x01),
  flagRow(16, [0, 15], 0x8001, 0x01, 0x80),
  flagRow(17, [16], 0x10000, 0x00, 0x00, 0x01, 0x00),
  flagRow(32, [0, 31], 0x80000001, 0x01, 0x00, 0x00, 0x80),
]);

testLifts("flags", flags(3), [[[0xff], set(3, 0, 1, 2)], [[8], set(3)], [[-1], set(3, 0, 1, 2)]]);

testRefusals("record", record(u8), [undefined, null, 1, "x", { f0: 256 }, { f0: null }]);
testRefusals("record without a field", record(u8), [{}, [], { F0: 1 }], "missing-field");
testRefusals("tuple", { kind: "tuple", types: [u8, u8] }, [undefined, "ab", {}, [1], [1, 2, 3], [1, 256]]);
testRefusals("flags", flags(2), [1, "n0", [], ["n0"], { n0: 1 }, { n0: null }]);
testRefusals("a promise for a record", record(u8), [Promise.resolve({ f0: 1 })], "promise");
testRefusals("a promise for flags", flags(2), [Promise.resolve({ n0: true })], "promise");
testRefusals("flags that are not there", flags(2), [{ n2: true }, { n0: true, n2: false }], "unknown-flag");

Deno.test("codec: flags that are not named are not set", () => {
  const guest = hostGuest("i32"), codec = codecOf(flags(9), "i32");
  for (const [value, core] of [[undefined, 0], [null, 0], [{}, 0], [{ n8: true }, 0x100], [{ n0: undefined }, 0]]) {
    assertEquals(lowerFlat(guest, codec, value), [core]);
  }
});

Deno.test("codec: parts are read in order, each once, and what comes after one that is refused is not read", () => {
  for (const lower of ["store", "lowerFlat"]) {
    const read: string[] = [], guest = hostGuest("i32"), codec = codecOf(record(u8, u8, u8), "i32");
    const value = (second: number) => ({
      get f2() {
        return read.push("f2");
      },
      get f1() {
        return read.push("f1") && second;
      },
      get f0() {
        return read.push("f0");
      },
    });
    const run = (second: number) =>
      lower === "store" ? store(guest, codec, value(second), 0x40) : void lowerFlat(guest, codec, value(second));
    run(2);
    assertEquals(read.splice(0), ["f0", "f1", "f2"]);
    assertThrows(() => run(256), ValueError);
    assertEquals(read, ["f0", "f1"]);
  }
});
