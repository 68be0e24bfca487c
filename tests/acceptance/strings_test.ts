// strings.rs: strings from one guest to another, in every pair of encodings.

import { assertEquals } from "@std/assert";
import { instantiateSync } from "@windlass/component";
import { component, instance, libc, options } from "../support/wasm.ts";
import { assertLocked, assertTrap, littleEndian, relays } from "./support.ts";

const ENCODINGS = ["utf8", "utf16", "latin1+utf16"] as const;
type Encoding = typeof ENCODINGS[number];
const pairs = ENCODINGS.flatMap((source) => ENCODINGS.map((destination) => [source, destination] as const));
/** The bit of a latin1+utf16 length that says utf16. */
const UTF16_TAG = 2 ** 31;

/**
 * Each is another case for whoever guesses the size of a transcoded string; sizes are bytes in
 * UTF-8, units in UTF-16.
 */
const strings = [
  "",
  "k", // 1, 1
  "The winch pays out the rope as fast as the drum will turn, and no faster.", // longer than what is copied byte by byte
  "ñ ò ó ô õ ö ø ù ú û ü ý", // 35, 23; Latin-1 of mixed width
  "Ж З И Й К Л М Н Ҩ Ҫ Ҭ Ү Ұ Ҳ Ҵ Ҷ", // 47, 31; no Latin-1, mixed width
  "ａｂｃｄｅｆｇｈ", // 24, 8; UTF-8 is half as long again as UTF-16
  "ÓÔÕÖØÙÚÛ", // 16, 8; UTF-8 and UTF-16 equally long, Latin-1 half of it
  "\u{1f6a2}", // 4, 2; a pair of surrogates
  "ß latin ﾊﾋﾌﾍﾎ", // 24, 13; Latin-1 up to the middle
];

for (const [source, destination] of pairs) {
  Deno.test(`strings::roundtrip: ${source} to ${destination} to the host and back`, async () => {
    const seen: unknown[] = [];
    const made = await instance(relays("string", source, destination), { host: (text) => (seen.push(text), text) });
    assertEquals(strings.map((text) => made.exports.echo(text)), strings);
    assertEquals(seen, strings);
  });
}

/**
 * Two guests: `f` of one passes a string of its memory to the other, which remembers what it got: `units`, `bytes`.
 *
 * @param f Its signature, and a body that leaves a pointer and a length on the stack.
 * @param realloc What the other's allocator returns.
 */
function passing(
  source: Encoding,
  destination: Encoding,
  { f, params = "", body, realloc = 256, start = false }: {
    f: string;
    params?: string;
    body: string;
    realloc?: number;
    start?: boolean;
  },
): string {
  return `(component
    (component $Destination
      (core module $Libc (memory (export "memory") 1)
        (global $units (mut i32) (i32.const 0))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const ${realloc}))
        (func (export "take") (param i32 i32)
          (i32.store (i32.const 16) (local.get 0))
          (i32.store (i32.const 20) (i32.const 8))
          (global.set $units (local.get 1)))
        (func (export "units") (result i32) (global.get $units))
        (func (export "bytes") (result i32) (i32.const 16)))
      (core instance $libc (instantiate $Libc))
      (func (export "take") (param "x" string)
        (canon lift (core func $libc "take") string-encoding=${destination} ${options}))
      (func (export "units") (result u32) (canon lift (core func $libc "units")))
      (func (export "bytes") (result (list u8)) (canon lift (core func $libc "bytes") ${options})))
    (component $Source
      (import "take" (func $take (param "x" string)))
      ${libc()}
      (core func $take' (canon lower (func $take) string-encoding=${source} (memory (core memory $libc "memory"))))
      (core module $M (import "" "take" (func $take (param i32 i32)))
        (func $f (export "f") ${f} (call $take ${body}))
        ${start ? "(start $f)" : ""})
      (core instance $m (instantiate $M (with "" (instance (export "take" (func $take'))))))
      (func (export "f") ${params} (canon lift (core func $m "f") ${options})))
    (instance $destination (instantiate $Destination))
    (instance $source (instantiate $Source (with "take" (func $destination "take"))))
    (export "f" (func $source "f"))
    (export "units" (func $destination "units"))
    (export "bytes" (func $destination "bytes")))`;
}

const byRange = {
  f: "(param i32 i32)",
  params: '(param "pointer" u32) (param "length" u32)',
  body: "(local.get 0) (local.get 1)",
};

for (const [source, destination] of pairs) {
  for (const length of [0, 1]) {
    Deno.test(`strings::ptr_out_of_bounds: ${length} units beyond the memory, ${source} to ${destination}, when starting`, async () => {
      const body = `(i32.const 0x8000_0000) (i32.const ${length})`;
      const made = await component(passing(source, destination, { f: "", body, start: true }));
      assertTrap(
        () => instantiateSync(made),
        "lift param 1 `x` of function take of another component",
        "string-content-out-of-bounds",
      );
    });
  }
}

/**
 * Lengths whose end, or whose size in bytes, overflows or comes near to it, by the source's
 * encoding.
 */
const overflowing: Record<Encoding, readonly number[]> = {
  "utf8": [2 ** 31, 2 ** 31 - 64, 2 ** 30, 2 ** 30 - 64, 2 ** 32 - 1],
  "utf16": [2 ** 31, 2 ** 30, 2 ** 30 - 64, 2 ** 32 - 1],
  "latin1+utf16": [2 ** 30 + UTF16_TAG, 2 ** 30 - 64 + UTF16_TAG, 2 ** 31 - 64, 2 ** 32 - 1],
};

for (const [source, destination] of pairs) {
  Deno.test(`strings::ptr_overflow: lengths near the end of all addresses, ${source} to ${destination}, trap`, async () => {
    const made = await component(passing(source, destination, byRange));
    for (const length of overflowing[source]) {
      const each = instantiateSync(made);
      assertTrap(
        () => each.exports.f(2000, length),
        "lift param 1 `x` of function take of another component",
        "string-content-out-of-bounds",
      );
      assertLocked(each, "f", "units");
    }
  });
}

for (const [source, destination] of pairs) {
  Deno.test(`strings::realloc_oob: an allocator that points beyond its memory, ${source} to ${destination}, traps`, async () => {
    const made = await instance(passing(source, destination, { ...byRange, realloc: 123_456 }));
    assertTrap(
      () => made.exports.f(2000, 12),
      "lower param 1 `x` of function take of another component",
      "string-content-out-of-bounds",
    );
    assertLocked(made, "f", "units");
  });
}

const byBytes = {
  f: "(param i32 i32 i32)",
  params: '(param "bytes" (list u8)) (param "units" u32)',
  body: "(local.get 0) (local.get 2)",
};
const utf8 = (text: string) => [...new TextEncoder().encode(text)];
const brokenUtf8 = [...utf8("well up to "), 0xff, ...utf8(" and then again")];
const brokenMixed = [...utf8("Τύμπανο and "), 0xc0, ...utf8(" rope")];
const lone = littleEndian(2, 0xd812), lateLone = littleEndian(2, 0x2693, 0xd812);
const latinLone = littleEndian(2, 0xab, 0x2693, 0xdc12);

/** Bytes that are no string: from, to, bytes, units, and what is wrong. */
const invalid: readonly (readonly [Encoding, Encoding, number[], number, "invalid-utf8" | "invalid-utf16", string])[] =
  [
    ...ENCODINGS.flatMap((to) =>
      [[0xff], brokenUtf8, brokenMixed].map((bytes) =>
        ["utf8", to, bytes, bytes.length, "invalid-utf8", "invalid utf-8 sequence"] as const
      )
    ),
    ...ENCODINGS.flatMap((to) =>
      ([["utf16", 0], ["latin1+utf16", UTF16_TAG]] as const).flatMap(([from, tag]) => [
        [from, to, lone, 1 + tag, "invalid-utf16", "d812"] as const,
        [from, to, lateLone, 2 + tag, "invalid-utf16", "d812"] as const,
        [from, to, latinLone, 3 + tag, "invalid-utf16", "dc12"] as const,
      ])
    ),
  ];

for (const [source, destination] of pairs) {
  // Wasmtime says "invalid utf8 encoding", the adapter knows no more; here the message says how it
  // is invalid.
  Deno.test(`strings::raw_string_encodings: what is no ${source} does not pass to ${destination}`, async () => {
    const made = await component(passing(source, destination, byBytes));
    const cases = invalid.filter(([from, to]) => from === source && to === destination);
    assertEquals(cases.length, 3);
    for (const [, , bytes, units, code, detail] of cases) {
      const each = instantiateSync(made);
      assertTrap(
        () => each.exports.f(bytes, units),
        "lift param 1 `x` of function take of another component",
        code,
        detail,
      );
      assertLocked(each, "f", "units");
    }
  });
}

Deno.test("strings::raw_string_encodings: utf16 that fits Latin-1 arrives as Latin-1 where the guest takes either", async () => {
  const made = await instance(passing("latin1+utf16", "latin1+utf16", byBytes));
  made.exports.f(littleEndian(2, 0xab, 0xff, 0x6b), 3 + UTF16_TAG);
  assertEquals(made.exports.units(), 3);
  assertEquals([...made.exports.bytes()].slice(0, 3), [0xab, 0xff, 0x6b]);
  made.exports.f(littleEndian(2, 0xab, 0x2693), 2 + UTF16_TAG);
  assertEquals(made.exports.units(), 2 + UTF16_TAG);
  assertEquals([...made.exports.bytes()].slice(0, 4), [0xab, 0, 0x93, 0x26]);
});
