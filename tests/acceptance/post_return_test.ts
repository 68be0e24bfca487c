// post_return.rs: what runs when the host has read a result.

import { assertEquals } from "@std/assert";
import { instance } from "../support/wasm.ts";
import { assertLocked, assertTrap, assertUnreachable } from "./support.ts";

Deno.test("post_return::invoke_post_return_sync: it runs after the call, and may not call an import", async () => {
  const made = await instance(
    `(component
      (import "go" (func $go))
      (core func $go' (canon lower (func $go)))
      (core module $M (import "" "go" (func $go)) (func (export "f")) (func (export "post") (call $go)))
      (core instance $m (instantiate $M (with "" (instance (export "go" (func $go'))))))
      (func (export "f") (canon lift (core func $m "f") (post-return (core func $m "post"))))
      (func (export "bare") (canon lift (core func $m "f"))))`,
    {
      go: () => {
        throw new Error("the host was reached");
      },
    },
  );
  made.exports.bare();
  assertTrap(() => made.exports.f(), "call import go", "cannot-leave");
  assertLocked(made, "f", "bare");
});

const cores = {
  i32: ["u32", "0xffff_fffe", 0xffff_fffe],
  i64: ["s64", "-6", -6n],
  f32: ["f32", "-1.25", -1.25],
  f64: ["f64", "0.1", 0.1],
} as const;
for (const [core, [type, constant, value]] of Object.entries(cores)) {
  Deno.test(`post_return::post_return_all_types: it gets the ${core} that the function returned`, async () => {
    const made = await instance(`(component
      (core module $M
        (global $calls (mut i32) (i32.const 0))
        (func (export "f") (result ${core}) (${core}.const ${constant}))
        (func (export "post") (param ${core})
          (if (${core}.ne (local.get 0) (${core}.const ${constant})) (then unreachable))
          (global.set $calls (i32.add (global.get $calls) (i32.const 1))))
        (func (export "calls") (result i32) (global.get $calls)))
      (core instance $m (instantiate $M))
      (func (export "f") (result ${type}) (canon lift (core func $m "f") (post-return (core func $m "post"))))
      (func (export "calls") (result u32) (canon lift (core func $m "calls"))))`);
    assertEquals(made.exports.f(), value);
    assertEquals(made.exports.f(), value);
    assertEquals(made.exports.calls(), 2);
  });
}

Deno.test("post_return::post_return_string: it gets the pointer, and the string was read before", async () => {
  const made = await instance(`(component
    (core module $M (memory (export "memory") 1)
      (func (export "f") (result i32)
        (memory.init $text (i32.const 200) (i32.const 0) (i32.const 9))
        (i32.store (i32.const 32) (i32.const 200))
        (i32.store (i32.const 36) (i32.const 9))
        (i32.const 32))
      (func (export "post") (param i32)
        (if (i32.ne (local.get 0) (i32.const 32)) (then unreachable))
        (memory.fill (i32.const 200) (i32.const 0x2a) (i32.const 9)))
      (func (export "first") (result i32) (i32.load8_u (i32.const 200)))
      (data $text "all ropes"))
    (core instance $m (instantiate $M))
    (func (export "f") (result string)
      (canon lift (core func $m "f") (memory (core memory $m "memory")) (post-return (core func $m "post"))))
    (func (export "first") (result char) (canon lift (core func $m "first"))))`);
  assertEquals(made.exports.f(), "all ropes");
  assertEquals(made.exports.first(), "*"); // what it overwrote was no longer needed
  assertEquals(made.exports.f(), "all ropes");
});

Deno.test("post_return::trap_in_post_return_poisons_instance: a trap there ends the call and locks the instance down", async () => {
  const made = await instance(`(component
    (core module $M (func (export "f")) (func (export "post") unreachable))
    (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f") (post-return (core func $m "post"))))
    (func (export "bare") (canon lift (core func $m "f"))))`);
  made.exports.bare();
  assertUnreachable(() => made.exports.f(), "call export f");
  assertLocked(made, "f", "bare");
});
