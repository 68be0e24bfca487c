// Asynchronous calls, streams and futures between guests whose memories have 32 and 64 bits, in all
// pairs: what `task.return` and async lowers take, as core values and through a pointer, and what a
// stream or a future of strings has in its buffers.

import "../../support/leaks.ts";
import { assertEquals } from "@std/assert";
import { compileSync, features, instantiateSync } from "@windlass/component";
import type { AddressType } from "../../../abi/types/core_values.ts";
import { wat } from "../../support/wat.ts";

/** A memory and an allocator that frees nothing. */
const libc = (w: AddressType): string =>
  `(core module $Libc (memory (export "m") ${w} 1) (global $next (mut ${w}) (${w}.const 1024))
      (func (export "realloc") (param ${w} ${w} ${w} ${w}) (result ${w}) (local $at ${w})
        (local.set $at (${w}.and (${w}.add (global.get $next) (${w}.const 7)) (${w}.const -8)))
        (global.set $next (${w}.add (local.get $at) (local.get 3)))
        (local.get $at)))
    (core instance $libc (instantiate $Libc))
    (alias core export $libc "m" (core memory $mem))
    (alias core export $libc "realloc" (core func $realloc))
    (type $words (stream string))
    (type $word (future string))`;

/** Nine strings: too many core values for parameters and for `task.return`. They are a record in memory. */
const NINE = Array.from({ length: 9 }, (_, i) => `(param "p${i}" string)`).join(" ");
const NINE_BACK = `(tuple ${Array(9).fill("string").join(" ")})`;

/** Gives back a string, and nine of them; gives a stream and a future with one. */
const callee = (w: AddressType): string =>
  `(component $Callee ${libc(w)}
    (core func $return (canon task.return (result string) (memory $mem)))
    (core func $return-words (canon task.return (result $words)))
    (core func $return-nine (canon task.return (result ${NINE_BACK}) (memory $mem)))
    (core func $return-word (canon task.return (result $word)))
    (core func $new-word (canon future.new $word))
    (core func $write-word (canon future.write $word async (memory $mem)))
    (core func $new (canon stream.new $words))
    (core func $write (canon stream.write $words async (memory $mem)))
    (core module $M
      (import "libc" "m" (memory ${w} 1))
      (import "" "return" (func $return (param ${w} ${w})))
      (import "" "return-words" (func $return-words (param i32)))
      (import "" "return-nine" (func $return-nine (param ${w})))
      (import "" "return-word" (func $return-word (param i32)))
      (import "" "new-word" (func $new-word (result i64)))
      (import "" "write-word" (func $write-word (param i32 ${w}) (result i32)))
      (import "" "new" (func $new (result i64)))
      (import "" "write" (func $write (param i32 ${w} ${w}) (result ${w})))
      (data (${w}.const 64) "w\\c3\\b6rd")
      (func (export "echo") (param ${w} ${w}) (result i32)
        (call $return (local.get 0) (local.get 1)) (i32.const 0))
      ;; The parameters lie in memory as the result does.
      (func (export "nine") (param ${w}) (result i32) (call $return-nine (local.get 0)) (i32.const 0))
      (func (export "word") (result i32) (local $ends i64)
        (local.set $ends (call $new-word))
        (call $return-word (i32.wrap_i64 (local.get $ends)))
        (${w}.store (${w}.const 32) (${w}.const 64))
        (${w}.store offset=${w === "i64" ? 8 : 4} (${w}.const 32) (${w}.const 3))
        (drop (call $write-word (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (${w}.const 32)))
        (i32.const 0))
      (func (export "words") (result i32) (local $ends i64)
        (local.set $ends (call $new))
        (call $return-words (i32.wrap_i64 (local.get $ends)))
        (${w}.store (${w}.const 16) (${w}.const 64))
        (${w}.store offset=${w === "i64" ? 8 : 4} (${w}.const 16) (${w}.const 5))
        (drop (call $write (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (${w}.const 16) (${w}.const 1)))
        (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
    (core instance $m (instantiate $M (with "libc" (instance $libc)) (with "" (instance
      (export "return" (func $return)) (export "return-words" (func $return-words))
      (export "return-nine" (func $return-nine)) (export "return-word" (func $return-word))
      (export "new-word" (func $new-word)) (export "write-word" (func $write-word))
      (export "new" (func $new)) (export "write" (func $write))))))
    (alias core export $m "callback" (core func $callback))
    (func (export "nine") async ${NINE} (result ${NINE_BACK})
      (canon lift (core func $m "nine") async (memory $mem) (realloc $realloc) (callback $callback)))
    (func (export "word") async (result $word)
      (canon lift (core func $m "word") async (callback $callback)))
    (func (export "echo") async (param "text" string) (result string)
      (canon lift (core func $m "echo") async (memory $mem) (realloc $realloc) (callback $callback)))
    (func (export "words") async (result $words)
      (canon lift (core func $m "words") async (callback $callback))))`;

/** Gives what the other one echoes, and the strings of its stream and its future. */
const caller = (w: AddressType): string =>
  `(component $Caller ${libc(w)}
    (import "echo" (func $echo async (param "text" string) (result string)))
    (import "words" (func $words-of async (result $words)))
    (import "word" (func $word-of async (result $word)))
    (import "nine" (func $nine async ${NINE} (result ${NINE_BACK})))
    (core func $word' (canon lower (func $word-of) async (memory $mem)))
    (core func $nine' (canon lower (func $nine) async (memory $mem) (realloc $realloc)))
    (core func $read-word (canon future.read $word async (memory $mem) (realloc $realloc)))
    (core func $return-nine (canon task.return (result ${NINE_BACK}) (memory $mem)))
    (core func $echo' (canon lower (func $echo) async (memory $mem) (realloc $realloc)))
    (core func $words' (canon lower (func $words-of) async (memory $mem)))
    (core func $read (canon stream.read $words async (memory $mem) (realloc $realloc)))
    (core func $return (canon task.return (result (tuple string string string)) (memory $mem)))
    (core module $M
      (import "libc" "m" (memory ${w} 1))
      (import "" "echo" (func $echo (param ${w} ${w} ${w}) (result i32)))
      (import "" "words" (func $words (param ${w}) (result i32)))
      (import "" "read" (func $read (param i32 ${w} ${w}) (result ${w})))
      (import "" "return" (func $return (param ${w} ${w} ${w} ${w} ${w} ${w})))
      (import "" "word" (func $word (param ${w}) (result i32)))
      (import "" "nine" (func $nine (param ${w} ${w}) (result i32)))
      (import "" "read-word" (func $read-word (param i32 ${w}) (result i32)))
      (import "" "return-nine" (func $return-nine (param ${w})))
      (func $check (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))
      (func (export "run") (param ${w} ${w}) (result i32)
        ;; RETURNED is 2; one element was read.
        (call $check (i32.eq (call $echo (local.get 0) (local.get 1) (${w}.const 32)) (i32.const 2)))
        (call $check (i32.eq (call $words (${w}.const 8)) (i32.const 2)))
        (call $check (${w}.eq (call $read (i32.load (${w}.const 8)) (${w}.const 64) (${w}.const 1)) (${w}.const 0x10)))
        (call $check (i32.eq (call $word (${w}.const 8)) (i32.const 2)))
        (call $check (i32.eqz (call $read-word (i32.load (${w}.const 8)) (${w}.const 96))))
        (call $return
          (${w}.load (${w}.const 32)) (${w}.load offset=${w === "i64" ? 8 : 4} (${w}.const 32))
          (${w}.load (${w}.const 64)) (${w}.load offset=${w === "i64" ? 8 : 4} (${w}.const 64))
          (${w}.load (${w}.const 96)) (${w}.load offset=${w === "i64" ? 8 : 4} (${w}.const 96)))
        (i32.const 0))
      (func (export "run-nine") (param ${w}) (result i32)
        (call $check (i32.eq (call $nine (local.get 0) (${w}.const 256)) (i32.const 2)))
        (call $return-nine (${w}.const 256))
        (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
    (core instance $m (instantiate $M (with "libc" (instance $libc)) (with "" (instance
      (export "echo" (func $echo')) (export "words" (func $words')) (export "read" (func $read))
      (export "word" (func $word')) (export "nine" (func $nine')) (export "read-word" (func $read-word))
      (export "return-nine" (func $return-nine)) (export "return" (func $return))))))
    (func (export "run-nine") async ${NINE} (result ${NINE_BACK})
      (canon lift (core func $m "run-nine") async (memory $mem) (realloc $realloc)
        (callback (core func $m "callback"))))
    (func (export "run") async (param "text" string) (result (tuple string string string))
      (canon lift (core func $m "run") async (memory $mem) (realloc $realloc)
        (callback (core func $m "callback")))))`;

const pairs: readonly (readonly [AddressType, AddressType])[] = [["i32", "i64"], ["i64", "i32"], ["i64", "i64"]];
for (const [from, to] of pairs) {
  Deno.test({
    name: `an asynchronous call and a stream from a guest with a memory of ${from} to one of ${to}`,
    ignore: !features.memory64,
    async fn() {
      const source = await wat(`(component ${callee(to)} ${caller(from)}
        (instance $callee (instantiate $Callee))
        (instance $caller (instantiate $Caller
          (with "echo" (func $callee "echo")) (with "words" (func $callee "words"))
          (with "word" (func $callee "word")) (with "nine" (func $callee "nine"))))
        (export "run" (func $caller "run"))
        (export "run-nine" (func $caller "run-nine")))`);
      for (const fused of [true, false]) {
        const { exports } = instantiateSync(compileSync(source, { gates: { memory64: true }, fused }));
        for (let i = 0; i < 20; i++) assertEquals(await exports.run(`héllo ${i}`), [`héllo ${i}`, "wörd", "wö"]);
        const nine = Array.from({ length: 9 }, (_, i) => "é".repeat(i) + i);
        for (let i = 0; i < 20; i++) assertEquals(await exports.runNine(...nine), nine);
      }
    },
  });
}
