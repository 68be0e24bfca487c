// Lists, fixed-length lists and maps: what is asked for, where elements lie, and which ranges trap.
// Spec: definitions.py `load_list_from_range`, `store_list_into_range`, `lift_flat_list`,
// `lower_flat_list`.

import { assertEquals, assertThrows } from "@std/assert";
import { ValueError } from "@windlass/component";
import type { AddressType, CoreValue } from "../../../abi/types/core_values.ts";
import type { PrimitiveKind, ValType } from "../../../abi/types/types.ts";
import {
  _,
  assertTraps,
  type CodecRow,
  gap,
  hostGuest,
  type Spelling,
  testRefusals,
  testRows,
} from "../../support/codec_rows.ts";
import { addresses, codecOf, FakeGuest, liftFlat, load, lowerFlat, store } from "../../support/fake_guest.ts";

const of = (kind: PrimitiveKind): ValType => ({ kind });
const [bool, u8, u16, u32, u64, f64, string] = [
  of("bool"),
  of("u8"),
  of("u16"),
  of("u32"),
  of("u64"),
  of("f64"),
  of("string"),
];
const list = (element: ValType): ValType => ({ kind: "list", element });
const fixed = (element: ValType, length: number): ValType => ({ kind: "fixed-list", element, length });
const PAGE = 65536;

/** A list in the first block, and what lies in it and in the next ones. */
function inBlock(
  length: number,
  asked: Spelling["asked"],
  ...blocks: (readonly number[])[]
): Pick<CodecRow, "i32" | "i64"> {
  return {
    i32: { flat: [0x100, length], bytes: [0, 1, 0, 0, length, 0, 0, 0], asked: asked!, blocks },
    i64: {
      flat: [0x100n, BigInt(length)],
      bytes: [0, 1, 0, 0, 0, 0, 0, 0, length, 0, 0, 0, 0, 0, 0, 0],
      asked: asked!,
      blocks,
    },
  };
}

testRows([
  { name: "list<u8>", type: list(u8), value: Uint8Array.of(1, 2, 255), ...inBlock(3, [[0, 0, 1, 3]], [1, 2, 255]) },
  { name: "list<u8>, empty", type: list(u8), value: new Uint8Array(), ...inBlock(0, [[0, 0, 1, 0]], []) },
  {
    name: "list<u16> from an array",
    type: list(u16),
    value: [1, 0x1234],
    lifted: Uint16Array.of(1, 0x1234),
    ...inBlock(2, [[0, 0, 2, 4]], [1, 0, 0x34, 0x12]),
  },
  {
    name: "list<u64>",
    type: list(u64),
    value: BigUint64Array.of(2n ** 64n - 1n),
    ...inBlock(1, [[0, 0, 8, 8]], Array(8).fill(0xff)),
  },
  {
    name: "list<f64> from a set",
    type: list(f64),
    value: new Set([1.5]),
    lifted: Float64Array.of(1.5),
    ...inBlock(1, [[0, 0, 8, 8]], [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]),
  },
  { name: "list<bool>", type: list(bool), value: [true, false], ...inBlock(2, [[0, 0, 1, 2]], [1, 0]) },
  {
    name: "list<record { u8, u16 }>: elements are as far apart as their size says",
    type: list({ kind: "record", fields: [{ name: "a", type: u16 }, { name: "b", type: u8 }] }),
    value: [{ a: 1, b: 2 }, { a: 3, b: 4 }],
    ...inBlock(2, [[0, 0, 2, 8]], [1, 0, 2, _, 3, 0, 4, _]),
  },
  {
    name: "list<string>: the list first, then its elements in order",
    type: list(string),
    value: ["ab", "c"],
    i32: {
      flat: [0x100, 2],
      bytes: [0, 1, 0, 0, 2, 0, 0, 0],
      asked: [[0, 0, 4, 16], [0, 0, 1, 2], [0, 0, 1, 1]],
      blocks: [[0, 2, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 1, 0, 0, 0], [0x61, 0x62], [0x63]],
    },
    i64: {
      flat: [0x100n, 2n],
      bytes: [0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0],
      asked: [[0, 0, 8, 32], [0, 0, 1, 2], [0, 0, 1, 1]],
      blocks: [
        [0, 2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        [0x61, 0x62],
        [0x63],
      ],
    },
  },
  {
    name: "list<list<u16>>",
    type: list(list(u16)),
    value: [Uint16Array.of(5)],
    i32: {
      flat: [0x100, 1],
      bytes: [0, 1, 0, 0, 1, 0, 0, 0],
      asked: [[0, 0, 4, 8], [0, 0, 2, 2]],
      blocks: [[0, 2, 0, 0, 1, 0, 0, 0], [5, 0]],
    },
    i64: {
      flat: [0x100n, 1n],
      bytes: [0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
      asked: [[0, 0, 8, 16], [0, 0, 2, 2]],
      blocks: [[0, 2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], [5, 0]],
    },
  },
  {
    name: "map<u8, u32>: a list of pairs",
    type: { kind: "map", key: u8, value: u32 },
    value: new Map([[1, 2], [3, 4]]),
    ...inBlock(2, [[0, 0, 4, 16]], [1, ...gap(3), 2, 0, 0, 0, 3, ...gap(3), 4, 0, 0, 0]),
  },
  {
    name: "list<u16, 3>: in place",
    type: fixed(u16, 3),
    value: Uint16Array.of(1, 2, 0xffff),
    i32: { flat: [1, 2, 0xffff], bytes: [1, 0, 2, 0, 0xff, 0xff] },
  },
  {
    name: "list<bool, 2>",
    type: fixed(bool, 2),
    value: [false, true],
    i32: { flat: [0, 1], bytes: [0, 1] },
  },
  {
    name: "list<u8, 17>: too many core values",
    type: fixed(u8, 17),
    value: Uint8Array.from({ length: 17 }, (_, i) => i),
    i32: { flat: undefined, bytes: Array.from({ length: 17 }, (_, i) => i) },
  },
  {
    name: "list<string, 2>: in place, its strings elsewhere",
    type: fixed(string, 2),
    value: ["a", "b"],
    i32: {
      flat: [0x100, 1, 0x200, 1],
      bytes: [0, 1, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0],
      asked: [[0, 0, 1, 1], [0, 0, 1, 1]],
      blocks: [[0x61], [0x62]],
    },
    i64: {
      flat: [0x100n, 1n, 0x200n, 1n],
      bytes: [[0, 1], zeros(6), [1], zeros(7), [0, 2], zeros(6), [1], zeros(7)].flat(),
      asked: [[0, 0, 1, 1], [0, 0, 1, 1]],
      blocks: [[0x61], [0x62]],
    },
  },
]);

/** Zeros: the upper bytes of a number. */
function zeros(count: number): number[] {
  return Array(count).fill(0);
}

testRefusals("list<u8>", list(u8), [undefined, null, 1, "ab", {}, new DataView(new ArrayBuffer(1)), {
  length: 1,
  0: 1,
}]);
testRefusals("map", { kind: "map", key: u8, value: u8 }, [undefined, {}, "ab"]);
testRefusals("list<u8, 2>", fixed(u8, 2), [undefined, [], [1], [1, 2, 3], [1, 256], Uint8Array.of(1)]);

const pair = (address: AddressType, ptr: number, length: number): CoreValue[] =>
  address === "i32" ? [ptr, length] : [BigInt(ptr), BigInt(length)];

for (const address of addresses) {
  Deno.test(`codec: ${address}: a list may end where the memory does, and no further`, () => {
    const codec = codecOf(list(u32), address), guest = hostGuest(address);
    guest.write(PAGE - 8, 1, 0, 0, 0, 2, 0, 0, 0);
    assertEquals(liftFlat(guest, codec, pair(address, PAGE - 8, 2)), Uint32Array.of(1, 2));
    assertEquals(liftFlat(guest, codec, pair(address, PAGE, 0)), new Uint32Array());
    for (
      const [ptr, length] of [
        [PAGE - 8, 3],
        [PAGE, 1],
        [PAGE + 4, 0],
        [0, 2 ** 26], // 2^28 bytes
        [0, 2 ** 30], // 2^32 bytes: not cut to 32 bits
        [2 ** 32 - 4, 1],
      ] as const
    ) {
      const guest = hostGuest(address);
      assertTraps(guest, "list-out-of-bounds", () => liftFlat(guest, codec, pair(address, ptr, length)));
    }
  });

  Deno.test(`codec: ${address}: the elements of a list are aligned, those of an empty one too`, () => {
    const codec = codecOf(list(u32), address);
    for (const length of [0, 1]) {
      const guest = hostGuest(address);
      assertTraps(guest, "unaligned-pointer", () => liftFlat(guest, codec, pair(address, 2, length)));
    }
    const strings = codecOf(list(string), address), guest = hostGuest(address);
    // Four is enough for a pair of 32-bit pointers only.
    if (address === "i32") assertEquals(liftFlat(guest, strings, pair(address, 4, 0)), []);
    else assertTraps(guest, "unaligned-pointer", () => liftFlat(guest, strings, pair(address, 4, 0)));
  });

  Deno.test(`codec: ${address}: what realloc gives for a list is aligned and in bounds`, () => {
    const make = (realloc: (ptr: number) => number) =>
      new FakeGuest({ address, encoding: "utf8", host: true, realloc });
    const codec = codecOf(list(u32), address), odd = make((ptr) => ptr + 2), far = make(() => PAGE - 4);
    assertTraps(odd, "realloc-unaligned", () => lowerFlat(odd, codec, [1]));
    assertTraps(far, "realloc-out-of-bounds", () => lowerFlat(far, codec, [1, 2]));
  });

  Deno.test(`codec: ${address}: bytes of lists count against the limit of a call, those in lists too`, () => {
    for (const [liftedBytes, over] of [[2, false], [1, true]] as const) {
      const size = address === "i32" ? 8 : 16; // of the outer list's one element
      const guest = new FakeGuest({
        address,
        encoding: "utf8",
        host: true,
        limits: { liftedBytes: size + liftedBytes },
      });
      const codec = codecOf(list(list(u16)), address), flat = lowerFlat(guest, codec, [[7]]);
      if (over) assertTraps(guest, "lifted-bytes-limit", () => liftFlat(guest, codec, flat));
      else assertEquals(liftFlat(guest, codec, flat), [Uint16Array.of(7)]);
    }
  });
}

Deno.test("codec: a list of 2^28 bytes is refused before realloc is asked", () => {
  const guest = hostGuest("i32"), codec = codecOf(list(u8), "i32");
  const error = assertThrows(() => lowerFlat(guest, codec, new Array(2 ** 28)), ValueError);
  assertEquals([error.code, guest.asked], ["too-long", []]);
});

Deno.test("codec: between guests, a list may take twice as many bytes as where it was lifted", () => {
  const guest = new FakeGuest({ address: "i64", encoding: "utf8", host: false });
  // Its strings took 2^27 bytes in a 32-bit memory. This guest has not as much memory.
  const codec = codecOf(list(string), "i64");
  assertTraps(guest, "list-content-out-of-bounds", () => lowerFlat(guest, codec, new Array(2 ** 24)));
  assertEquals(guest.asked, [[0, 0, 8, 2 ** 28]]);
});

Deno.test("codec: the entries of a map stay as they are between guests, duplicates too", () => {
  const [from, to] = [0, 1].map(() => new FakeGuest({ address: "i32", encoding: "utf8", host: false }));
  const codec = codecOf({ kind: "map", key: u8, value: u8 }, "i32");
  from!.write(0x40, 1, 2, 1, 3);
  store(to!, codec, liftFlat(from!, codec, [0x40, 2]), 0x40);
  assertEquals(to!.bytes(0x100, 4), [1, 2, 1, 3]);
  assertEquals(load(to!, codec, 0x40), [[1, 2], [1, 3]]);
});
