// What a guest with a 64-bit memory gives another guest as pointers and lengths, by every route: what
// is too long or beyond the memory traps as its 64 bits say, never as its lower half would.

import { assertEquals } from "@std/assert";
import { features, instantiateSync } from "@windlass/component";
import type { AddressType } from "../../../abi/types/core_values.ts";
import { wideGates } from "../../support/wasm.ts";
import { wat } from "../../support/wat.ts";
import { alike, outcome, routes } from "./routes.ts";

/** Seventeen parameters lie in memory. */
const MANY = Array.from({ length: 17 }, (_, i) => `(param "p${i}" u64)`).join(" ");

/** The caller gives the callee a pointer and a length that the host gives it. The callee has another memory. */
const component = (w: AddressType): string =>
  `(component
  (component $Callee
    (core module $M (memory (export "m") ${w} 1)
      (func (export "realloc") (param ${w} ${w} ${w} ${w}) (result ${w}) (${w}.const 4096))
      (func (export "take") (param ${w} ${w}) (result i32)
        ${w === "i64" ? "(i32.wrap_i64 (local.get 1))" : "(local.get 1)"})
      (func (export "many") (param ${w})))
    (core instance $m (instantiate $M))
    (alias core export $m "m" (core memory $mem))
    (alias core export $m "realloc" (core func $r))
    (func (export "bytes") (param "xs" (list u8)) (result u32)
      (canon lift (core func $m "take") (memory $mem) (realloc $r)))
    (func (export "words") (param "xs" (list u64)) (result u32)
      (canon lift (core func $m "take") (memory $mem) (realloc $r)))
    (func (export "text") (param "text" string) (result u32)
      (canon lift (core func $m "take") (memory $mem) (realloc $r)))
    (func (export "many") ${MANY} (canon lift (core func $m "many") (memory $mem) (realloc $r))))
  (component $Caller
    (import "bytes" (func $bytes (param "xs" (list u8)) (result u32)))
    (import "words" (func $words (param "xs" (list u64)) (result u32)))
    (import "text" (func $text (param "text" string) (result u32)))
    (import "many" (func $many ${MANY}))
    (core module $Lib (memory (export "m") i64 1))
    (core instance $lib (instantiate $Lib))
    (core func $bytes' (canon lower (func $bytes) (memory (core memory $lib "m"))))
    (core func $words' (canon lower (func $words) (memory (core memory $lib "m"))))
    (core func $text' (canon lower (func $text) (memory (core memory $lib "m"))))
    (core func $many' (canon lower (func $many) (memory (core memory $lib "m"))))
    (core module $M
      (import "" "bytes" (func $bytes (param i64 i64) (result i32)))
      (import "" "words" (func $words (param i64 i64) (result i32)))
      (import "" "text" (func $text (param i64 i64) (result i32)))
      (import "" "many" (func $many (param i64)))
      (func (export "bytes") (param i64 i64) (result i32) (call $bytes (local.get 0) (local.get 1)))
      (func (export "words") (param i64 i64) (result i32) (call $words (local.get 0) (local.get 1)))
      (func (export "text") (param i64 i64) (result i32) (call $text (local.get 0) (local.get 1)))
      (func (export "many") (param i64 i64) (result i32) (call $many (local.get 0)) (i32.const 0)))
    (core instance $m (instantiate $M (with "" (instance (export "bytes" (func $bytes'))
      (export "words" (func $words')) (export "text" (func $text')) (export "many" (func $many'))))))
    ${
    ["bytes", "words", "text", "many"].map((name) =>
      `(func (export "${name}") (param "ptr" u64) (param "length" u64) (result u32) (canon lift (core func $m "${name}")))`
    ).join("\n    ")
  })
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "bytes" (func $callee "bytes")) (with "words" (func $callee "words"))
    (with "text" (func $callee "text")) (with "many" (func $callee "many"))))
  ${["bytes", "words", "text", "many"].map((name) => `(export "${name}" (func $caller "${name}"))`).join("\n  ")})`;

type Name = "bytes" | "words" | "text" | "many";
const LISTS = "list content out-of-bounds", TEXT = "string content out-of-bounds";
const RECORD = "pointer out of bounds of memory", UNALIGNED = "unaligned pointer";

/** A pointer, a length, and what they come to: a count, or the end of the trap's message. */
const rows: readonly (readonly [name: Name, ptr: bigint, length: bigint, found: number | string])[] = [
  ["bytes", 8n, 5n, 5],
  ["bytes", 65536n, 0n, 0],
  ["bytes", 65536n, 1n, LISTS],
  ["bytes", 0n, 2n ** 28n, LISTS],
  ["bytes", 8n, 2n ** 32n, LISTS],
  ["bytes", 8n, 2n ** 32n + 5n, LISTS],
  ["bytes", 8n, 2n ** 63n, LISTS],
  ["bytes", 2n ** 32n + 8n, 5n, LISTS],
  ["bytes", 2n ** 53n + 1n, 5n, LISTS],
  ["bytes", 2n ** 64n - 1n, 0n, LISTS],
  ["bytes", 2n ** 64n - 4n, 4n, LISTS],
  ["bytes", 2n ** 64n - 4n, 5n, LISTS],
  ["words", 8n, 3n, 3],
  ["words", 8n, 2n ** 61n, LISTS], // times 8 is 2^64
  ["words", 8n, 2n ** 61n + 1n, LISTS],
  ["words", 2n ** 53n + 1n, 1n, UNALIGNED],
  ["words", 2n ** 53n + 8n, 1n, LISTS],
  ["words", 2n ** 64n - 8n, 1n, LISTS],
  ["words", 2n ** 64n - 7n, 1n, UNALIGNED],
  ["text", 8n, 5n, 5],
  ["text", 8n, 2n ** 32n + 5n, TEXT],
  ["text", 8n, 2n ** 63n + 5n, TEXT], // no tag: the encoding is UTF-8
  ["text", 2n ** 64n - 4n, 5n, TEXT],
  ["many", 8n, 0n, 0],
  ["many", 65536n - 136n, 0n, 0],
  ["many", 65536n - 128n, 0n, RECORD],
  ["many", 2n ** 32n + 8n, 0n, RECORD],
  ["many", 2n ** 53n + 1n, 0n, UNALIGNED],
  ["many", 2n ** 64n - 8n, 0n, RECORD],
];

for (const to of ["i32", "i64"] as const) {
  Deno.test({
    name: `pointers and lengths of 64 bits on their way to a memory of ${to} count with all their bits`,
    ignore: !features.memory64,
    async fn() {
      const found = routes(await wat(component(to)), { gates: wideGates });
      const results = alike(found, (component) =>
        rows.map(([name, ptr, length]) => {
          const exports = instantiateSync(component, {}).exports as Record<string, (a: bigint, b: bigint) => number>;
          return outcome(() => exports[name]!(ptr, length));
        }));
      results.forEach((result, i) => {
        const [name, , , expected] = rows[i]!;
        if (typeof expected === "number") return assertEquals(result, expected);
        const place = name === "many" ? "parameters" : name === "text" ? "param 1 `text`" : "param 1 `xs`";
        assertEquals(result, `Trap: Cannot lift ${place} of function ${name} of another component: ${expected}`);
      });
    },
  });
}
