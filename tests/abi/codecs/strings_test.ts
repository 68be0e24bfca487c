// Strings between JavaScript and a guest: each encoding, both address types, and each way that a
// string may go (a loop, a kernel, the platform's coders). Bytes, alignments and traps are those of
// definitions.py `load_string_from_range` and `store_string_copy`; a JavaScript string that is no
// Latin-1 goes as `store_probably_utf16_to_latin1_or_utf16` says.

import { assertEquals, assertThrows } from "@std/assert";
import { ValueError } from "@windlass/component";
import type { StringEncoding } from "../../../abi/state/canon_context.ts";
import type { AddressType, CoreValue } from "../../../abi/types/core_values.ts";
import { kernels } from "../../../abi/wasm/text.ts";
import { _, assertTraps } from "../../support/codec_rows.ts";
import { addresses, BLOCK, codecOf, FakeGuest, liftFlat, load, lowerFlat, store } from "../../support/fake_guest.ts";

const encodings: readonly StringEncoding[] = ["utf8", "utf16", "latin1+utf16"];
const string = { kind: "string" } as const;
const PAGE = 65536, AT = 0x40;

const guestOf = (address: AddressType, encoding: StringEncoding, realloc?: (ptr: number) => number): FakeGuest =>
  new FakeGuest({ address, encoding, host: true, ...(realloc && { realloc }) });

/** Core values of a pair of pointer and length. */
const pair = (address: AddressType, ptr: number, units: number, tagged = false): CoreValue[] =>
  address === "i32"
    ? [ptr, tagged ? units + 2 ** 31 : units]
    : [BigInt(ptr), tagged ? BigInt(units) + (1n << 63n) : BigInt(units)];

/** UTF-8 as the Unicode standard has it, table 3-6. */
function utf8(text: string): number[] {
  return [...text].flatMap((char) => {
    const code = char.codePointAt(0)!, tail = (shift: number): number => 0x80 | code >> shift & 0x3f;
    if (code < 0x80) return [code];
    if (code < 0x800) return [0xc0 | code >> 6, tail(0)];
    if (code < 0x10000) return [0xe0 | code >> 12, tail(6), tail(0)];
    return [0xf0 | code >> 18, tail(12), tail(6), tail(0)];
  });
}

const units = (text: string): number[] => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
const utf16 = (text: string): number[] => units(text).flatMap((unit) => [unit & 0xff, unit >> 8]);

/** How a text lies in a guest. */
function spelled(text: string, encoding: StringEncoding): { bytes: number[]; units: number; tagged: boolean } {
  if (encoding === "utf8") return { bytes: utf8(text), units: utf8(text).length, tagged: false };
  const narrow = encoding === "latin1+utf16" && units(text).every((unit) => unit < 0x100);
  return { bytes: narrow ? units(text) : utf16(text), units: text.length, tagged: encoding !== "utf16" && !narrow };
}

/**
 * Texts whose lengths lie on either side of where another way begins, and on either side of a
 * character's length.
 */
const texts: readonly string[] = [
  "",
  "a",
  "\0",
  "\x7f\x80\xff\u0100",
  "h\xe9llo",
  "\u07ff\u0800\ud7ff\ue000\uffff",
  "\u{10000}\u{10ffff}",
  "\ufeffa",
  "\ufffd",
  ...[6, 7, 12, 13, 32, 33, 56, 57, 64, 65, 150, 151, 1024, 1025, 4096, 4097, 16384, 16385].flatMap((length) => [
    "x".repeat(length),
    "\xe9" + "x".repeat(length - 1),
    "x".repeat(length - 1) + "\u6f22",
  ]),
];

/** With kernels from the first string on, and without any. */
const ways: readonly (readonly [string, number])[] = [["kernel", 0], ["no kernel", Infinity]];

for (const encoding of encodings) {
  for (const address of addresses) {
    for (const [way, warmStrings] of ways) {
      Deno.test(`strings: ${encoding}, ${address}, ${way}: stored and loaded, as core values and in memory`, () => {
        const before = kernels.warmStrings, codec = codecOf(string, address);
        kernels.warmStrings = warmStrings;
        try {
          for (const text of texts) {
            const { bytes, units, tagged } = spelled(text, encoding), guest = guestOf(address, encoding);
            const flat = pair(address, BLOCK, units, tagged), message = `${text.slice(0, 9)} of ${text.length}`;
            assertEquals(lowerFlat(guest, codec, text), flat, message);
            assertEquals(guest.asked, [[0, 0, encoding === "utf8" ? 1 : 2, bytes.length]]);
            assertEquals(guest.bytes(BLOCK - 1, bytes.length + 2), [_, ...bytes, _], message);
            assertEquals(liftFlat(guest, codec, flat), text, message);
            assertEquals(guest.inst.mayLeave, true);
          }
        } finally {
          kernels.warmStrings = before;
        }
      });
    }

    Deno.test(`strings: ${encoding}, ${address}: a pair in memory is two pointers wide`, () => {
      const codec = codecOf(string, address), guest = guestOf(address, encoding);
      store(guest, codec, "\u0100", AT); // two bytes in any encoding; two units in UTF-8, one in UTF-16
      const high = encoding === "latin1+utf16" ? 0x80 : 0, count = encoding === "utf8" ? 2 : 1;
      const expected = address === "i32"
        ? [0, 1, 0, 0, count, 0, 0, high]
        : [0, 1, 0, 0, 0, 0, 0, 0, count, 0, 0, 0, 0, 0, 0, high];
      assertEquals(guest.bytes(AT - 1, expected.length + 2), [_, ...expected, _]);
      assertEquals(guest.bytes(BLOCK, 3), encoding === "utf8" ? [0xc4, 0x80, _] : [0x00, 0x01, _]);
      assertEquals(load(guest, codec, AT), "\u0100");
    });

    Deno.test(`strings: ${encoding}, ${address}: up to the last byte of the memory, and no further`, () => {
      const codec = codecOf(string, address), { bytes, units, tagged } = spelled("ab", encoding);
      const start = PAGE - bytes.length, guest = guestOf(address, encoding);
      guest.write(start, ...bytes);
      assertEquals(liftFlat(guest, codec, pair(address, start, units, tagged)), "ab");
      const outside = (ptr: number, length: number, tag = false): void => {
        const guest = guestOf(address, encoding);
        assertTraps(guest, "string-out-of-bounds", () => liftFlat(guest, codec, pair(address, ptr, length, tag)));
      };
      outside(start, units + 1);
      outside(start + 2, units);
      outside(PAGE + 2, 0);
      outside(0, 2 ** 28); // MAX_STRING_BYTE_LENGTH is one less
      outside(0, 2 ** 31 - 1);
      outside(2 ** 32 - 2, 2); // the sum is not cut to 32 bits
      if (encoding === "latin1+utf16") outside(PAGE - 2, 2, true);
    });

    Deno.test(`strings: ${encoding}, ${address}: alignment is what the encoding asks for`, () => {
      const codec = codecOf(string, address), guest = guestOf(address, encoding);
      guest.write(1, ...spelled("ab", encoding).bytes);
      const lift = (): unknown => liftFlat(guest, codec, pair(address, 1, spelled("ab", encoding).units));
      if (encoding === "utf8") assertEquals(lift(), "ab");
      else assertTraps(guest, "unaligned-pointer", lift);
    });

    Deno.test(`strings: ${encoding}, ${address}: what realloc gives must be aligned and in bounds`, () => {
      const codec = codecOf(string, address);
      const odd = guestOf(address, encoding, (ptr) => ptr + 1), far = guestOf(address, encoding, () => PAGE - 2);
      if (encoding === "utf8") assertEquals(lowerFlat(odd, codec, "ab"), pair(address, BLOCK + 1, 2));
      else assertTraps(odd, "realloc-unaligned", () => lowerFlat(odd, codec, "ab"));
      assertTraps(far, "realloc-out-of-bounds", () => lowerFlat(far, codec, "ab\u0100"));
    });

    Deno.test(`strings: ${encoding}, ${address}: unpaired surrogates are stored as U+FFFD`, () => {
      const codec = codecOf(string, address);
      for (const text of ["\ud800", "\udc00x", "x\udc00\ud800", `${"x".repeat(40)}\udfff`]) {
        const replaced = text.replace(/[\ud800-\udfff]/g, "\ufffd"), guest = guestOf(address, encoding);
        const { bytes, units, tagged } = spelled(replaced, encoding);
        assertEquals(lowerFlat(guest, codec, text), pair(address, BLOCK, units, tagged));
        assertEquals(guest.bytes(BLOCK, bytes.length), bytes);
      }
    });

    Deno.test(`strings: ${encoding}, ${address}: bytes that were lifted count against the limit of a call`, () => {
      const codec = codecOf(string, address), { bytes, units, tagged } = spelled("a\u0100", encoding);
      for (const [liftedBytes, over] of [[bytes.length, false], [bytes.length - 1, true]] as const) {
        const guest = new FakeGuest({ address, encoding, host: true, limits: { liftedBytes } });
        guest.write(BLOCK, ...bytes);
        const lift = (): unknown => liftFlat(guest, codec, pair(address, BLOCK, units, tagged));
        if (over) assertTraps(guest, "lifted-bytes-limit", lift);
        else assertEquals(lift(), "a\u0100");
      }
    });
  }

  Deno.test(`strings: ${encoding}: only a string is one`, () => {
    for (const value of [undefined, null, 1, {}, ["a"], new String("a")]) {
      const guest = guestOf("i32", encoding);
      const error = assertThrows(() => lowerFlat(guest, codecOf(string, "i32"), value), ValueError);
      assertEquals([error.code, guest.asked], ["type-mismatch", []]);
    }
  });
}

/** What is not UTF-8: Unicode standard, table 3-7. */
const notUtf8: readonly number[][] = [
  [0x80],
  [0xff],
  [0xc0, 0x80], // overlong
  [0xc1, 0xbf],
  [0xc3], // cut off
  [0xe0, 0x9f, 0xbf], // overlong
  [0xed, 0xa0, 0x80], // a surrogate
  [0xe6, 0xbc],
  [0xf0, 0x8f, 0xbf, 0xbf], // overlong
  [0xf4, 0x90, 0x80, 0x80], // beyond U+10FFFF
  [0xf5, 0x80, 0x80, 0x80],
  [0xf0, 0x9f, 0x98],
];

for (const [way, warmStrings] of ways) {
  Deno.test(`strings: ${way}: what is not UTF-8 traps, short or long, at the beginning or the end`, () => {
    const before = kernels.warmStrings, codec = codecOf(string, "i32");
    kernels.warmStrings = warmStrings;
    try {
      for (const bad of notUtf8) {
        for (const around of [0, 10, 80, 200]) {
          const x = Array<number>(around).fill(0x78);
          for (const bytes of [[...bad, ...x], [...x, ...bad]]) {
            const guest = guestOf("i32", "utf8");
            guest.write(BLOCK, ...bytes);
            assertTraps(guest, "invalid-utf8", () => liftFlat(guest, codec, [BLOCK, bytes.length]));
          }
        }
      }
    } finally {
      kernels.warmStrings = before;
    }
  });

  Deno.test(`strings: ${way}: unpaired surrogates in a guest trap, in either encoding that may have them`, () => {
    const before = kernels.warmStrings, codec = codecOf(string, "i32");
    kernels.warmStrings = warmStrings;
    try {
      for (const bad of ["\ud800", "\udfff", "\ud800\ud800\udc00", "\udc00\ud800"]) {
        for (const text of [bad, `${bad}x`, "x".repeat(200) + bad]) {
          for (const encoding of ["utf16", "latin1+utf16"] as const) {
            const guest = guestOf("i32", encoding), flat = pair("i32", BLOCK, text.length, encoding !== "utf16");
            guest.write(BLOCK, ...utf16(text));
            assertTraps(guest, "invalid-utf16", () => liftFlat(guest, codec, flat));
          }
        }
      }
    } finally {
      kernels.warmStrings = before;
    }
  });
}

Deno.test("strings: the upper half of a 64-bit pointer or length counts", () => {
  const codec = codecOf(string, "i64");
  for (const flat of [[1n << 32n, 1n], [0n, 1n << 32n], [0n, 1n << 31n], [-1n, 1n], [0n, -1n]]) {
    const guest = guestOf("i64", "utf8");
    assertTraps(guest, "string-out-of-bounds", () => liftFlat(guest, codec, flat));
  }
});
