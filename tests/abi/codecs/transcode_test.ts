// Strings between guests: what the callee's `realloc` is asked for, in order, and what lies in
// memory then. Each row is what definitions.py `store_string_into_range` does with the text, worked
// out by hand. The n-th call of `realloc` gives n × 0x100.

import { assertEquals } from "@std/assert";
import type { StringEncoding } from "../../../abi/state/canon_context.ts";
import type { AddressType, CoreValue } from "../../../abi/types/core_values.ts";
import { _, assertTraps } from "../../support/codec_rows.ts";
import { addresses, codecOf, FakeGuest, liftFlat, load, lowerFlat, store } from "../../support/fake_guest.ts";

const guestOf = (address: AddressType, encoding: StringEncoding, realloc?: (ptr: number) => number): FakeGuest =>
  new FakeGuest({ address, encoding, host: false, ...(realloc && { realloc }) });
const codec = (address: AddressType) => codecOf({ kind: "string" }, address);

/** How the caller's string lies in memory: `tagged` is the UTF-16 of `latin1+utf16`. */
type From = "utf8" | "utf16" | "latin1" | "tagged";

/** The bytes that callers have. */
const sources: Readonly<Record<From, Readonly<Record<string, readonly number[]>>>> = {
  utf8: {
    "": [],
    ab: [0x61, 0x62],
    "aé": [0x61, 0xc3, 0xa9],
    "éĀ": [0xc3, 0xa9, 0xc4, 0x80],
    "漢": [0xe6, 0xbc, 0xa2],
    "😀": [0xf0, 0x9f, 0x98, 0x80],
  },
  utf16: {
    "": [],
    ab: [0x61, 0, 0x62, 0],
    "aé": [0x61, 0, 0xe9, 0],
    "éĀ": [0xe9, 0, 0x00, 0x01],
    "漢": [0x22, 0x6f],
    "a😀": [0x61, 0, 0x3d, 0xd8, 0x00, 0xde],
  },
  latin1: { "": [], ab: [0x61, 0x62], "aé": [0x61, 0xe9], "éé": [0xe9, 0xe9] },
  tagged: {
    "": [],
    "aé": [0x61, 0, 0xe9, 0],
    "aĀ": [0x61, 0, 0x00, 0x01],
    "漢": [0x22, 0x6f],
    "😀": [0x3d, 0xd8, 0x00, 0xde],
  },
};

/** What is asked for: old pointer, old size, alignment, new size. */
type Asked = readonly [number, number, number, number];
/** Asked for; code units, with `tag` where they are UTF-16 in `latin1+utf16`; bytes. */
type Row = readonly [From, StringEncoding, string, readonly Asked[], number | `${number} tag`, readonly number[]];

const rows: readonly Row[] = [
  // store_string_copy
  ["utf8", "utf8", "", [[0, 0, 1, 0]], 0, []],
  ["utf8", "utf8", "aé", [[0, 0, 1, 3]], 3, [0x61, 0xc3, 0xa9]],
  ["utf8", "utf8", "😀", [[0, 0, 1, 4]], 4, [0xf0, 0x9f, 0x98, 0x80]],
  ["utf16", "utf16", "", [[0, 0, 2, 0]], 0, []],
  ["utf16", "utf16", "aé", [[0, 0, 2, 4]], 2, [0x61, 0, 0xe9, 0]],
  ["utf16", "utf16", "a😀", [[0, 0, 2, 6]], 3, [0x61, 0, 0x3d, 0xd8, 0x00, 0xde]],
  ["latin1", "utf16", "aé", [[0, 0, 2, 4]], 2, [0x61, 0, 0xe9, 0]],
  ["tagged", "utf16", "aĀ", [[0, 0, 2, 4]], 2, [0x61, 0, 0x00, 0x01]],
  ["latin1", "latin1+utf16", "", [[0, 0, 2, 0]], 0, []],
  ["latin1", "latin1+utf16", "aé", [[0, 0, 2, 2]], 2, [0x61, 0xe9]],
  // store_utf16_to_utf8: grows to three bytes for a unit, then shrinks to what it is
  ["utf16", "utf8", "", [[0, 0, 1, 0]], 0, []],
  ["utf16", "utf8", "ab", [[0, 0, 1, 2]], 2, [0x61, 0x62]],
  ["utf16", "utf8", "aé", [[0, 0, 1, 2], [0x100, 2, 1, 6], [0x200, 6, 1, 3]], 3, [0x61, 0xc3, 0xa9]],
  ["utf16", "utf8", "漢", [[0, 0, 1, 1], [0x100, 1, 1, 3]], 3, [0xe6, 0xbc, 0xa2]],
  [
    "utf16",
    "utf8",
    "a😀",
    [[0, 0, 1, 3], [0x100, 3, 1, 9], [0x200, 9, 1, 5]],
    5,
    [0x61, 0xf0, 0x9f, 0x98, 0x80],
  ],
  ["tagged", "utf8", "aĀ", [[0, 0, 1, 2], [0x100, 2, 1, 6], [0x200, 6, 1, 3]], 3, [0x61, 0xc4, 0x80]],
  ["tagged", "utf8", "漢", [[0, 0, 1, 1], [0x100, 1, 1, 3]], 3, [0xe6, 0xbc, 0xa2]],
  // store_latin1_to_utf8: to two bytes for a unit
  ["latin1", "utf8", "ab", [[0, 0, 1, 2]], 2, [0x61, 0x62]],
  ["latin1", "utf8", "aé", [[0, 0, 1, 2], [0x100, 2, 1, 4], [0x200, 4, 1, 3]], 3, [0x61, 0xc3, 0xa9]],
  ["latin1", "utf8", "éé", [[0, 0, 1, 2], [0x100, 2, 1, 4]], 4, [0xc3, 0xa9, 0xc3, 0xa9]],
  // store_utf8_to_utf16: two bytes for each, then shrinks
  ["utf8", "utf16", "", [[0, 0, 2, 0]], 0, []],
  ["utf8", "utf16", "ab", [[0, 0, 2, 4]], 2, [0x61, 0, 0x62, 0]],
  ["utf8", "utf16", "aé", [[0, 0, 2, 6], [0x100, 6, 2, 4]], 2, [0x61, 0, 0xe9, 0]],
  ["utf8", "utf16", "漢", [[0, 0, 2, 6], [0x100, 6, 2, 2]], 1, [0x22, 0x6f]],
  ["utf8", "utf16", "😀", [[0, 0, 2, 8], [0x100, 8, 2, 4]], 2, [0x3d, 0xd8, 0x00, 0xde]],
  // store_string_to_latin1_or_utf16: Latin-1 until a character is none, then as UTF-16
  ["utf8", "latin1+utf16", "", [[0, 0, 2, 0]], 0, []],
  ["utf8", "latin1+utf16", "ab", [[0, 0, 2, 2]], 2, [0x61, 0x62]],
  ["utf8", "latin1+utf16", "aé", [[0, 0, 2, 3], [0x100, 3, 2, 2]], 2, [0x61, 0xe9]],
  [
    "utf8",
    "latin1+utf16",
    "éĀ",
    [[0, 0, 2, 4], [0x100, 4, 2, 8], [0x200, 8, 2, 4]],
    "2 tag",
    [0xe9, 0, 0x00, 0x01],
  ],
  ["utf8", "latin1+utf16", "漢", [[0, 0, 2, 3], [0x100, 3, 2, 6], [0x200, 6, 2, 2]], "1 tag", [0x22, 0x6f]],
  [
    "utf8",
    "latin1+utf16",
    "😀",
    [[0, 0, 2, 4], [0x100, 4, 2, 8], [0x200, 8, 2, 4]],
    "2 tag",
    [0x3d, 0xd8, 0x00, 0xde],
  ],
  ["utf16", "latin1+utf16", "", [[0, 0, 2, 0]], 0, []],
  ["utf16", "latin1+utf16", "aé", [[0, 0, 2, 2]], 2, [0x61, 0xe9]],
  ["utf16", "latin1+utf16", "éĀ", [[0, 0, 2, 2], [0x100, 2, 2, 4]], "2 tag", [0xe9, 0, 0x00, 0x01]],
  ["utf16", "latin1+utf16", "漢", [[0, 0, 2, 1], [0x100, 1, 2, 2]], "1 tag", [0x22, 0x6f]],
  [
    "utf16",
    "latin1+utf16",
    "a😀",
    [[0, 0, 2, 3], [0x100, 3, 2, 6]],
    "3 tag",
    [0x61, 0, 0x3d, 0xd8, 0x00, 0xde],
  ],
  // store_probably_utf16_to_latin1_or_utf16: as UTF-16, and made Latin-1 if all of it is
  ["tagged", "latin1+utf16", "", [[0, 0, 2, 0], [0x100, 0, 1, 0]], 0, []],
  ["tagged", "latin1+utf16", "aĀ", [[0, 0, 2, 4]], "2 tag", [0x61, 0, 0x00, 0x01]],
  ["tagged", "latin1+utf16", "😀", [[0, 0, 2, 4]], "2 tag", [0x3d, 0xd8, 0x00, 0xde]],
  ["tagged", "latin1+utf16", "aé", [[0, 0, 2, 4], [0x100, 4, 1, 2]], 2, [0x61, 0xe9]],
];

/** Core values of a pair of pointer and length. */
function pair(address: AddressType, ptr: number, units: number, tagged: boolean): CoreValue[] {
  return address === "i32"
    ? [ptr, tagged ? units + 2 ** 31 : units]
    : [BigInt(ptr), tagged ? BigInt(units) + (1n << 63n) : BigInt(units)];
}

/** A caller's string, lifted. */
function lifted(from: From, text: string, address: AddressType): unknown {
  const bytes = sources[from][text]!,
    guest = guestOf(address, from === "latin1" || from === "tagged" ? "latin1+utf16" : from);
  guest.write(0x800, ...bytes);
  const units = from === "utf8" || from === "latin1" ? bytes.length : bytes.length / 2;
  return liftFlat(guest, codec(address), pair(address, 0x800, units, from === "tagged"));
}

for (const [from, to, text, asked, units, bytes] of rows) {
  Deno.test(`transcoding: ${JSON.stringify(text)} from ${from} to ${to}`, () => {
    const [count, tagged] = typeof units === "number" ? [units, false] : [parseInt(units), true];
    // The address types of the two memories need not be the same.
    for (const source of addresses) {
      for (const address of addresses) {
        const guest = guestOf(address, to), value = lifted(from, text, source), ptr = 0x100 * asked.length;
        assertEquals(lowerFlat(guest, codec(address), value), pair(address, ptr, count, tagged));
        assertEquals(guest.asked, asked);
        assertEquals(guest.bytes(ptr - 1, bytes.length + 2), [_, ...bytes, _]);

        const stored = guestOf(address, to);
        store(stored, codec(address), value, 0x40);
        assertEquals(stored.asked, asked);
        assertEquals((load(stored, codec(address), 0x40) as { text: string }).text, text);
      }
    }
  });
}

/** Whatever step of it, what `realloc` gives is aligned as was asked, and in bounds. */
const steps: readonly (readonly [From, StringEncoding, string, alignments: readonly number[]])[] = [
  ["utf16", "utf8", "aé", [1, 1, 1]],
  ["latin1", "utf8", "aé", [1, 1, 1]],
  ["utf8", "utf16", "aé", [2, 2]],
  ["utf8", "latin1+utf16", "aé", [2, 2]],
  ["utf8", "latin1+utf16", "éĀ", [2, 2, 2]],
  ["tagged", "latin1+utf16", "aé", [2, 1]],
  ["utf8", "utf8", "aé", [1]],
  ["utf16", "utf16", "aé", [2]],
  ["latin1", "latin1+utf16", "aé", [2]],
];

for (const [from, to, text, alignments] of steps) {
  Deno.test(`transcoding: ${from} to ${to}: each of ${alignments.length} results of realloc is checked`, () => {
    for (const address of addresses) {
      alignments.forEach((alignment, k) => {
        let calls = 0;
        const odd = guestOf(address, to, (ptr) => calls++ === k ? ptr + 1 : ptr), value = lifted(from, text, address);
        const lower = (guest: FakeGuest) => lowerFlat(guest, codec(address), value);
        if (alignment === 1) lower(odd);
        else assertTraps(odd, "unaligned-pointer", () => lower(odd));

        let others = 0;
        const far = guestOf(address, to, (ptr) => others++ === k ? 65536 : ptr);
        assertTraps(far, "string-content-out-of-bounds", () => lower(far));
        assertEquals(far.asked.length, k + 1);
      });
    }
  });
}
