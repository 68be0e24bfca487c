// Functions of a synchronous type that wait for another thread by yielding, as spinning locks do.

import { assertEquals, assertRejects } from "@std/assert";
import { compileSync, instantiateSync, Trap } from "@windlass/component";
import { unreachable } from "../../support/engine.ts";
import { jspiTest } from "../../support/jspi_test.ts";
import { thrown } from "../../support/wasm.ts";
import { wat } from "../../support/wat.ts";

/** Its `f` starts a thread, and yields until that one, which yields once itself, has ended. */
const spinning = compileSync(
  await wat(`(component
    (core module $T (table (export "table") 4 funcref))
    (core instance $t (instantiate $T))
    (core type $start (func (param i32)))
    (core func $yield (canon thread.yield))
    (core func $new (canon thread.new-indirect $start (core table $t "table")))
    (core func $later (canon thread.resume-later))
    (core module $M
      (import "t" "table" (table 4 funcref))
      (import "" "yield" (func $yield (result i32)))
      (import "" "new" (func $new (param i32 i32) (result i32)))
      (import "" "later" (func $later (param i32)))
      (elem (i32.const 1) func $thread $traps)
      (global $ended (mut i32) (i32.const 0))
      (func $thread (param i32) (drop (call $yield)) (global.set $ended (i32.const 1)))
      (func $traps (param i32) unreachable)
      (func (export "f")
        (call $later (call $new (i32.const 1) (i32.const 0)))
        (loop $again (drop (call $yield)) (br_if $again (i32.eqz (global.get $ended)))))
      (func (export "g")
        (call $later (call $new (i32.const 2) (i32.const 0)))
        (loop $again (drop (call $yield)) (br $again))))
    (core instance $m (instantiate $M (with "t" (instance $t)) (with "" (instance
      (export "yield" (func $yield)) (export "new" (func $new)) (export "later" (func $later))))))
    (func (export "f") (canon lift (core func $m "f")))
    (func (export "g") (canon lift (core func $m "g"))))`),
  { gates: { threading: true } },
);

Deno.test("a synchronous function yields until a thread has ended that yields, too", async () => {
  assertEquals(await instantiateSync(spinning).promising.exports.f!(), undefined);
});

// Without JSPI the thread runs to its end on top of the function.
jspiTest("in a plain call, which cannot wait for a suspended thread, that traps and does not last for ever", () => {
  const error = thrown(() => instantiateSync(spinning).exports.f!());
  assertEquals(
    error.message,
    "Cannot call export f: cannot suspend thread.yield: it runs in a plain call; call through `instance.promising`",
  );
});

Deno.test("a trap of the other thread ends the function", async () => {
  const error = await assertRejects(() => instantiateSync(spinning).promising.exports.g!() as Promise<unknown>, Trap);
  assertEquals(error.message, `Cannot call export g: ${unreachable}`);
});
