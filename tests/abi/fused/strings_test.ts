// Strings from guest to guest by every route, between memories of 32 and of 64 bits: the same text, the
// same calls of realloc with the same sizes, the same traps. Both guests allocate at the very end of
// their memories, so that a kernel that reads or writes beyond a text traps.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { features, instantiateSync } from "@windlass/component";
import type { AddressType } from "../../../abi/types/core_values.ts";
import { addressTypes } from "../../support/arbitraries.ts";
import { runs, seed } from "../../support/runs.ts";
import { wideGates } from "../../support/wasm.ts";
import { wat } from "../../support/wat.ts";
import { alike, outcome, type Routes, routes } from "./routes.ts";

type Encoding = "utf8" | "utf16" | "latin1+utf16";
const encodings: readonly Encoding[] = ["utf8", "utf16", "latin1+utf16"];

/**
 * Allocates at the end of the memory and notes its arguments, from address 16 on; at 0 is how many. A
 * text that becomes latin1 is asked for with an alignment of 1, and must be aligned to 2 as a result.
 */
const realloc = (encoding: Encoding, w: AddressType): string =>
  `(func (export "realloc") (param $old ${w}) (param $size ${w}) (param $align ${w}) (param $new ${w})
    (result ${w}) (local $at ${w}) (local $note ${w})
  (local.set $note (${w}.add (${w}.const 16) (${w}.mul (${w}.load (${w}.const 0)) (${w}.const 16))))
  (i32.store (local.get $note) (${w}.ne (local.get $old) (${w}.const 0)))
  (i32.store offset=4 (local.get $note) ${w === "i64" ? "(i32.wrap_i64 (local.get $size))" : "(local.get $size)"})
  (i32.store offset=8 (local.get $note) ${w === "i64" ? "(i32.wrap_i64 (local.get $align))" : "(local.get $align)"})
  (i32.store offset=12 (local.get $note) ${w === "i64" ? "(i32.wrap_i64 (local.get $new))" : "(local.get $new)"})
  (${w}.store (${w}.const 0) (${w}.add (${w}.load (${w}.const 0)) (${w}.const 1)))
  (local.set $at (${w}.and (${w}.sub (${w}.const 65536) (local.get $new)) (${w}.sub (${w}.const 0)
    ${encoding === "latin1+utf16" ? `(${w}.const 2)` : "(local.get $align)"})))
  (if (${w}.ne (local.get $old) (${w}.const 0)) (then (memory.copy (local.get $at) (local.get $old)
    (select (local.get $size) (local.get $new) (${w}.lt_u (local.get $size) (local.get $new))))))
  (local.get $at))`;

const component = (from: Encoding, to: Encoding, v: AddressType, w: AddressType): string =>
  `(component
  (component $Callee
    (core module $M (memory (export "m") ${w} 1) ${realloc(to, w)}
      (func (export "f") (param ${w} ${w}) (result ${w})
        (${w}.store (${w}.const 1024) (local.get 0))
        (${w}.store offset=${w === "i64" ? 8 : 4} (${w}.const 1024) (local.get 1)) (${w}.const 1024))
      (func (export "notes") (result ${w})
        (${w}.store (${w}.const 1024) (${w}.const 16))
        (${w}.store offset=${
    w === "i64" ? 8 : 4
  } (${w}.const 1024) (${w}.mul (${w}.load (${w}.const 0)) (${w}.const 4)))
        (${w}.const 1024))
      (func (export "forget") (param ${w}) (${w}.store (${w}.const 0) (${w}.const 0))))
    (core instance $m (instantiate $M))
    (alias core export $m "m" (core memory $m'))
    (alias core export $m "realloc" (core func $r))
    (func (export "f") (param "text" string) (result string)
      (canon lift (core func $m "f") (memory $m') (realloc $r) string-encoding=${to}))
    (func (export "notes") (result (list u32))
      (canon lift (core func $m "notes") (memory $m') (post-return (core func $m "forget")))))
  (component $Caller
    (import "f" (func $f (param "text" string) (result string)))
    (core module $Lib (memory (export "m") ${v} 1) ${realloc(from, v)})
    (core instance $lib (instantiate $Lib))
    (alias core export $lib "m" (core memory $m))
    (alias core export $lib "realloc" (core func $r))
    (core func $f' (canon lower (func $f) (memory $m) (realloc $r) string-encoding=${from}))
    (core module $M (import "" "f" (func $f (param ${v} ${v} ${v}))) (import "" "m" (memory ${v} 1))
      (func (export "g") (param ${v} ${v} i32) (result ${v})
        (${v}.store (${v}.const 0) (${v}.const 0))
        (call $f (local.get 0) ${v === "i32" ? "(local.get 2)" : UNITS_64} (${v}.const 2048)) (${v}.const 2048)))
    (core instance $m' (instantiate $M (with "" (instance (export "f" (func $f')) (export "m" (memory $m))))))
    (func (export "g") (param "bytes" (list u16)) (param "units" u32) (result string)
      (canon lift (core func $m' "g") (memory $m) (realloc $r) string-encoding=${from})))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "f" (func $callee "f"))))
  (export "g" (func $caller "g"))
  (export "notes" (func $callee "notes")))`;

/** The length of a text in 64 bits: bit 31 of the parameter, which is the tag, is bit 63 there. */
const UNITS_64 = `(i64.or (i64.extend_i32_u (i32.and (local.get 2) (i32.const 0x7fffffff)))
  (i64.shl (i64.extend_i32_u (i32.shr_u (local.get 2) (i32.const 31))) (i64.const 63)))`;

/** A text in the caller's memory: its bytes, and its tagged number of code units. */
interface Encoded {
  readonly bytes: Uint8Array;
  readonly units: number;
}

const utf8 = (text: string): Encoded => {
  const bytes = new TextEncoder().encode(text);
  return { bytes, units: bytes.length };
};
const utf16 = (text: string, tag = 0): Encoded => ({
  bytes: new Uint8Array(Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)).buffer),
  units: text.length + tag,
});
const TAG = 0x80000000;

/** The text in the forms that the encoding has for it. */
function formsOf(text: string, encoding: Encoding): Encoded[] {
  if (encoding === "utf8") return [utf8(text)];
  if (encoding === "utf16") return [utf16(text)];
  const wide = utf16(text, TAG);
  const isNarrow = [...text].every((char) => char < "\u0100");
  return isNarrow ? [wide, { bytes: Uint8Array.from(text, (char) => char.charCodeAt(0)), units: text.length }] : [wide];
}

interface Guest {
  g(bytes: Uint16Array, units: number): string;
  notes(): Uint32Array;
}

/** Passes a text; gives it as it came back, and the calls of the callee's realloc. */
function pass(guest: Guest, { bytes, units }: Encoded): unknown {
  // Pairs of bytes, since the memory must be aligned for UTF-16.
  const words = new Uint16Array(Math.ceil(bytes.length / 2));
  new Uint8Array(words.buffer).set(bytes);
  const text = outcome(() => guest.g(words, units));
  return [text, outcome(() => [...guest.notes()])];
}

type Addresses = readonly [AddressType, AddressType];
const NARROW: Addresses = ["i32", "i32"];
/** Pairs with a 64-bit memory, where the engine has such. */
const wide: readonly Addresses[] = features.memory64 ? [["i32", "i64"], ["i64", "i32"], ["i64", "i64"]] : [];

const compiled = new Map<string, Promise<Routes>>();
function routesOf(from: Encoding, to: Encoding, [v, w]: Addresses = NARROW): Promise<Routes> {
  const key = `${from} ${to} ${v} ${w}`;
  if (!compiled.has(key)) {
    compiled.set(key, wat(component(from, to, v, w)).then((bytes) => routes(bytes, { gates: wideGates })));
  }
  return compiled.get(key)!;
}

/** Passes texts by each route; gives what each came to. A guest that has trapped is made anew. */
function passAll(found: Routes, texts: readonly Encoded[]): unknown[] {
  return alike(found, (component) => {
    let guest: Guest | undefined;
    return texts.map((text) => {
      guest ??= instantiateSync(component, {}).exports as unknown as Guest;
      const result = pass(guest, text);
      if (String((result as unknown[])[0]).startsWith("Trap")) guest = undefined;
      return result;
    });
  });
}

/** Texts of every length, and with each kind of character at each place. */
function texts(): string[] {
  const found = Array.from({ length: 201 }, (_, length) => "abcdefghij".repeat(21).slice(0, length));
  for (
    const char of [
      "\u0000",
      "\u007f",
      "\u0080",
      "é",
      "ÿ",
      "Ā",
      "ж",
      "߿",
      "ࠀ",
      "€",
      "퟿",
      "\uffff",
      "𐀀",
      "😀",
      "\u{10ffff}",
    ]
  ) {
    for (let at = 0; at <= 70; at++) found.push("a".repeat(at) + char + "b".repeat(70 - at));
    for (const length of [1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65]) found.push(char.repeat(length));
  }
  return found;
}

for (const from of encodings) {
  for (const to of encodings) {
    Deno.test(`${from} to ${to}: every length, every kind of character at every place`, async () => {
      const found = await routesOf(from, to), all = texts();
      const forms = all.flatMap((text) => formsOf(text, from).map((form) => ({ text, form })));
      const results = passAll(found, forms.map(({ form }) => form)) as [string, unknown][];
      results.forEach(([text], i) => assertEquals(text, forms[i]!.text));
      // The kernels are the same for every memory but for their addresses: a part of the texts is enough.
      for (const [k, addresses] of wide.entries()) {
        const some = forms.filter((_, i) => i % 12 === 4 * k);
        const results = passAll(await routesOf(from, to, addresses), some.map(({ form }) => form)) as [string][];
        results.forEach(([text], i) => assertEquals(text, some[i]!.text));
      }
    });

    Deno.test({
      name: `${from} to ${to}: random texts, WINDLASS_SEED=${seed}`,
      async fn() {
        const found = new Map<string, Routes>();
        for (const each of [NARROW, ...wide]) found.set(`${each}`, await routesOf(from, to, each));
        const unit = fc.oneof(
          fc.string({ unit: "binary-ascii", maxLength: 40 }),
          fc.string({ unit: "grapheme", maxLength: 20 }),
          fc.string({ unit: "binary", maxLength: 20 }),
          fc.constantFrom("é".repeat(9), "ж".repeat(17), "😀".repeat(5), "ÿ"),
        );
        const random = fc.array(unit, { maxLength: 12 }).map((parts) => parts.join(""));
        fc.assert(
          fc.property(random, addressTypes, addressTypes, (text, v, w) => {
            for (const form of formsOf(text.toWellFormed(), from)) passAll(found.get(`${[v, w]}`)!, [form]);
          }),
          { seed, numRuns: runs(200) },
        );
      },
    });
  }
}

/** What is no UTF-8: each rule broken once. */
const invalidUtf8: readonly (readonly number[])[] = [
  [0x80], // a byte that follows, alone
  [0xbf],
  [0xc0, 0x80], // overlong
  [0xc1, 0xbf],
  [0xe0, 0x80, 0x80],
  [0xe0, 0x9f, 0xbf],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xed, 0xa0, 0x80], // surrogates
  [0xed, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80], // beyond U+10FFFF
  [0xf5, 0x80, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xff],
  [0xc2], // cut off
  [0xc2, 0x41],
  [0xe1, 0x80],
  [0xe1, 0x80, 0x41],
  [0xe1, 0x41, 0x80],
  [0xf1, 0x80, 0x80],
  [0xf1, 0x80, 0x80, 0x41],
  [0xf1, 0x80, 0x41, 0x80],
  [0xf1, 0x41, 0x80, 0x80],
  [0xc2, 0xc2, 0x80],
  [0xe1, 0x80, 0x80, 0x80],
];

for (const to of encodings) {
  Deno.test(`what is no UTF-8 traps on its way to ${to}, at each place`, async () => {
    const found = await routesOf("utf8", to), cases: Encoded[] = [];
    for (const sequence of invalidUtf8) {
      for (const before of [0, 1, 13, 14, 15, 16, 17, 29, 31, 32, 33, 70]) {
        for (const after of [0, 1, 16]) {
          const bytes = Uint8Array.from([...Array(before).fill(0x61), ...sequence, ...Array(after).fill(0x62)]);
          cases.push({ bytes, units: bytes.length });
        }
      }
      // After characters of two and three bytes, too.
      for (const filler of ["ж".repeat(20), "€".repeat(11)]) {
        const bytes = Uint8Array.from([...new TextEncoder().encode(filler), ...sequence]);
        cases.push({ bytes, units: bytes.length });
      }
    }
    for (const result of passAll(found, cases) as [string][]) {
      assert(
        /^Trap: Cannot lift param 1 `text` of function f of another component: .*utf-8/.test(result[0]),
        result[0],
      );
    }
  });

  Deno.test(`unpaired surrogates trap on their way to ${to}, at each place`, async () => {
    const cases: Encoded[] = [];
    for (const lone of [[0xd800], [0xdbff], [0xdc00], [0xdfff], [0xd800, 0x61], [0xd800, 0xd800], [0xdc00, 0xd800]]) {
      for (const before of [0, 1, 7, 8, 15, 16, 17, 33]) {
        for (const after of [0, 1, 17]) {
          const units = [...Array(before).fill(0x61), ...lone, ...Array(after).fill(0x62)];
          cases.push({ bytes: new Uint8Array(Uint16Array.from(units).buffer), units: units.length });
        }
      }
    }
    for (const from of ["utf16", "latin1+utf16"] as const) {
      const tagged = cases.map(({ bytes, units }) => ({ bytes, units: from === "utf16" ? units : units + TAG }));
      for (const result of passAll(await routesOf(from, to), tagged) as [string][]) {
        assert(
          /^Trap: Cannot lift param 1 `text` of function f of another component: unpaired/.test(result[0]),
          result[0],
        );
      }
    }
  });
}
