// deno task bench:wide: the same component with a 64-bit memory and with a 32-bit one: exports and
// host functions, scalars and strings; and calls between guests, with all pairs of both. Prints
// nanoseconds a call and the ratio.
// All are made from one text; the samples are short and interleaved.

import { assertEquals } from "@std/assert";
import { compileSync, instantiateSync } from "@windlass/component";
import type { AddressType } from "../abi/types/core_values.ts";
import { wat } from "../tests/support/wat.ts";
import { undisturbed } from "./measure.ts";
import { guestsText, rows as guestRows } from "./wide_guests.ts";

/** How often a guest's loop calls the host. */
const LOOPS = 1_000;
/** How many characters there are of the text that guests give the host. */
const GIVEN = 16;

/** Echoes strings, adds, and calls the host in a loop. */
function text(w: AddressType): string {
  const word = w === "i64" ? 8 : 4;
  const loop = (call: string): string =>
    `(loop $again (drop ${call})
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`;
  return `(component
    (import "text" (func $text (param "text" string) (result u32)))
    (import "scalars" (func $scalars (param "a" u32) (param "b" f64) (param "c" u64) (result u32)))
    (core module $Lib (memory (export "m") ${w} 16)
      (data (${w}.const 64) "hello world 1234")
      (func (export "realloc") (param ${w} ${w} ${w} ${w}) (result ${w}) (${w}.const 4096))
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "echo") (param ${w} ${w}) (result ${w})
        (${w}.store (${w}.const 16) (local.get 0))
        (${w}.store offset=${word} (${w}.const 16) (local.get 1))
        (${w}.const 16)))
    (core instance $lib (instantiate $Lib))
    (alias core export $lib "m" (core memory $mem))
    (alias core export $lib "realloc" (core func $realloc))
    (core func $text' (canon lower (func $text) (memory $mem) (realloc $realloc)))
    (core func $scalars' (canon lower (func $scalars)))
    (core module $M
      (import "" "text" (func $text (param ${w} ${w}) (result i32)))
      (import "" "scalars" (func $scalars (param i32 f64 i64) (result i32)))
      (func (export "call-text") (param $n i32)
        ${loop(`(call $text (${w}.const 64) (${w}.const ${GIVEN}))`)})
      (func (export "call-scalars") (param $n i32)
        ${loop("(call $scalars (i32.const 1) (f64.const 2) (i64.const 3))")}))
    (core instance $m (instantiate $M (with "" (instance
      (export "text" (func $text')) (export "scalars" (func $scalars'))))))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $lib "add")))
    (func (export "echo") (param "text" string) (result string)
      (canon lift (core func $lib "echo") (memory $mem) (realloc $realloc)))
    (func (export "call-text") (param "n" u32) (canon lift (core func $m "call-text")))
    (func (export "call-scalars") (param "n" u32) (canon lift (core func $m "call-scalars"))))`;
}

let heard = 0;
const imports = {
  text: (text: string) => heard = text.length,
  scalars: (a: number) => heard = a,
};
const [narrow, wide] = await Promise.all(
  (["i32", "i64"] as const).map(async (w) =>
    instantiateSync(compileSync(await wat(text(w)), { gates: { memory64: true } }), imports).exports
  ),
);
type Guest = NonNullable<typeof narrow>;

const echo = (text: string) => (guest: Guest): void => void guest.echo(text);
/** What is run, and how many calls that is. */
const rows: Readonly<Record<string, readonly [run: (guest: Guest) => void, calls: number]>> = {
  "export, two scalars": [(guest) => {
    for (let i = 0; i < LOOPS; i++) heard = guest.add(i, 3);
  }, LOOPS],
  "host function, three scalars": [(guest) => guest.callScalars(LOOPS), LOOPS],
  "echo, 5 characters": [echo("hello"), 1],
  "echo, 16 characters": [echo("hello world 1234"), 1],
  "echo, 50 characters, some of two bytes": [echo("hello wörld 1234 ".repeat(3).slice(0, 50)), 1],
  "echo, 1,000 characters": [echo("x".repeat(1000)), 1],
  "host function, a string of 16": [(guest) => guest.callText(LOOPS), LOOPS],
};

for (const guest of [narrow!, wide!]) {
  assertEquals([guest.add(1, 2), guest.echo("wörld")], [3, "wörld"]);
  guest.callText(1);
  assertEquals(heard, GIVEN);
}
console.log("| row | 32 bits | 64 bits | ratio |\n| --- | ---: | ---: | ---: |");
for (const [name, [run, calls]] of Object.entries(rows)) {
  const [a, b] = undisturbed([() => run(narrow!), () => run(wide!)], calls) as [number, number];
  console.log(`| ${name} | ${a.toFixed(0)} ns | ${b.toFixed(0)} ns | ${(b / a).toFixed(2)} × |`);
}

const pairs: readonly (readonly [AddressType, AddressType])[] = [
  ["i32", "i32"],
  ["i32", "i64"],
  ["i64", "i32"],
  ["i64", "i64"],
];
type Runs = Record<string, (calls: number) => void>;
const guests = await Promise.all(pairs.map(async ([v, w]) => {
  const component = compileSync(await wat(guestsText(v, w)), { gates: { memory64: true } });
  return instantiateSync(component).exports as unknown as Runs;
}));
const bits = (address: AddressType): string => address.slice(1);
console.log(`\n| row | ${pairs.map(([v, w]) => `${bits(v)} → ${bits(w)}`).join(" | ")} | 64 → 64 ÷ 32 → 32 |`);
console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
for (const [i, { name, calls }] of guestRows.entries()) {
  const found = undisturbed(guests.map((exports) => () => exports[`run${i}`]!(calls)), calls);
  const times = found.map((ns) => `${ns.toFixed(ns < 100 ? 1 : 0)} ns`);
  console.log(`| ${name} | ${times.join(" | ")} | ${(found[3]! / found[0]!).toFixed(2)} × |`);
}
