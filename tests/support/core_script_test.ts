// The comparison of core scripts: what it runs, and that it finds a difference.

import { assertEquals } from "@std/assert";
import { plain } from "./core_forms.ts";
import { compareForms } from "./core_script.ts";
import { wat } from "./wat.ts";

const script = `
(module $M (memory (export "memory") 1) (global (export "seven") i32 (i32.const 7))
  (func (export "add") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
  (func (export "lanes") (param v128) (result v128) (i32x4.neg (local.get 0)))
  (func (export "store") (i32.store (i32.const 0) (i32.const 5)))
  (func $deep (export "deep") (call $deep))
  (func (export "trap") unreachable))
(register "M" $M)
(assert_return (invoke "add" (i64.const 1) (i64.const -0x2)) (i64.const -1))
(assert_return (invoke "lanes" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 -1 -2 -3 -4))
(invoke "store")
(assert_return (get $M "seven") (i32.const 7))
(assert_trap (invoke "trap") "unreachable")
(assert_exhaustion (invoke "deep") "call stack exhausted")
(module (import "M" "add" (func (param i64 i64) (result i64))))
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed (module quote "(func") "unexpected end")
(assert_unlinkable (module (import "M" "none" (func))) "unknown import")
(thread $T (module))`;

Deno.test("a script's commands are compared, and those that cannot be run are counted", async () => {
  // The encoder itself refuses what is malformed text, and there are no threads.
  assertEquals(await compareForms(script), { compared: 11, skipped: 2, differences: [] });
});

Deno.test("another result, another trap and another memory are found", async () => {
  const other = await wat(`(module (memory (export "memory") 1) (global (export "seven") i32 (i32.const 8))
    (func (export "add") (param i64 i64) (result i64) (i64.sub (local.get 0) (local.get 1)))
    (func (export "lanes") (param v128) (result v128) (local.get 0))
    (func (export "store")) (func (export "deep")) (func (export "trap") (drop (i32.div_s (i32.const 1) (i32.const 0)))))`);
  let first = true;
  const { differences } = await compareForms(script, {
    ...plain,
    bytes: (module) => {
      if (!first) return module;
      first = false;
      return other;
    },
  });
  assertEquals(differences.map((text) => text.split(":")[0]), [
    "9",
    "10",
    "12",
    "13",
    "14",
    "the memories differ at the end",
  ]);
});
