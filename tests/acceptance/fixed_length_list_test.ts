// fixed_length_list.rs: lists whose length is part of their type.

import { assert, assertEquals } from "@std/assert";
import { type FuncSchema, HostFunc, instantiateSync, LinkError, t, ValueError } from "@windlass/component";
import { component, instance, libc, options, thrown } from "../support/wasm.ts";
import { assertLocked, lifting } from "./support.ts";

const grids = "(list (list u32 2) 2)", signed = "(list (list s32 2) 2)";

Deno.test("fixed_length_list::fixed_length_list: nested ones travel flat to the guest and through memory back", async () => {
  const made = await instance(lifting(
    `(func (export "f") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      ${[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `(i32.store offset=${4 * i} (i32.const 32) (local.get ${i}))`).join(" ")}
      (i32.const 32))`,
    { f: ["f", `(param "a" ${grids}) (param "b" ${signed}) (result (tuple ${grids} ${signed}))`] },
  ));
  const expected = [
    [new Uint32Array([5, 6]), new Uint32Array([7, 0xffff_ffff])],
    [new Int32Array([-5, -6]), new Int32Array([-7, -0x8000_0000])],
  ];
  assertEquals(made.exports.f([[5, 6], [7, 0xffff_ffff]], [[-5, -6], [-7, -0x8000_0000]]), expected);
  const grid = t.fixedList(t.fixedList(t.u32, 2), 2), other = t.fixedList(t.fixedList(t.s32, 2), 2);
  const typed = made.func("f", t.func([grid, other], t.tuple([grid, other])));
  assertEquals(typed([[5, 6], [7, 0xffff_ffff]], [[-5, -6], [-7, -0x8000_0000]]) as unknown, expected);
});

const nested = await component(`(component
  (import "go" (func $go (result (tuple u32 (list u32 4)))))
  ${libc()}
  (core func $go' (canon lower (func $go) ${options}))
  (core module $M (import "" "go" (func $go (param i32))) (import "libc" "memory" (memory 1))
    (func (export "f") (param i32) (result i32)
      (call $go (i32.const 64))
      (i32.load offset=64 (i32.shl (local.get 0) (i32.const 2)))))
  (core instance $m (instantiate $M
    (with "" (instance (export "go" (func $go'))))
    (with "libc" (instance $libc))))
  (func (export "f") (param "index" u32) (result u32) (canon lift (core func $m "f"))))`);

Deno.test("fixed_length_list::dynamic_fixed_length_list_nested_in_tuple: a dynamic host function gives one in a tuple", () => {
  const words = [0x8888_8888, 0x1234_5678, 2, 0xffff_ffff, 4] as const;
  const go = HostFunc.dynamic(() => () => [words[0], words.slice(1)]);
  const { exports } = instantiateSync(nested, { go });
  assertEquals(words.map((_, i) => exports.f(i)), [...words]);
});

Deno.test("fixed_length_list::dynamic_fixed_length_list_nested_in_tuple: one of another length is refused", () => {
  const made = instantiateSync(nested, { go: HostFunc.dynamic(() => () => [1, [2, 3, 4]]) });
  const error = thrown(() => made.exports.f(0));
  assert(error instanceof ValueError);
  assertEquals(
    error.message,
    "Cannot lower result[1] of import go: expected list<u32, 4> (4 elements), found an array of 3",
  );
  assertLocked(made, "f");
});

Deno.test("fixed_length_list::fixed_length_list_length_mismatch_rejected: only a type of the same length fits", async () => {
  const made = await instance(lifting(
    `(func (export "f") (param ${new Array(12).fill("i32").join(" ")}) (result i32)
      (i32.sub (local.get 11) (local.get 0)))`,
    { f: ["f", '(param "x" (list u32 12)) (result u32)'] },
  ));
  const refused: readonly (readonly [FuncSchema, string])[] = [
    [t.func([t.fixedList(t.u32, 3)], t.u32), "expected 12 elements, found 3 elements"],
    [t.func([t.fixedList(t.u32, 24)], t.u32), "expected 12 elements, found 24 elements"],
    [t.func([t.list(t.u32)], t.u32), "expected list<u32, 12>, found list<u32>"],
  ];
  for (const [type, mismatch] of refused) {
    const error = thrown(() => made.func("f", type));
    assert(error instanceof LinkError);
    assertEquals(error.message, `Cannot look up export f: type mismatch in param 1 \`x\`: ${mismatch}`);
  }
  const typed = made.func("f", t.func([t.fixedList(t.u32, 12)], t.u32));
  const input = Array.from({ length: 12 }, (_, i) => i === 11 ? 0x7654_3210 : i + 1);
  assertEquals(typed(input), 0x7654_320f);
  assertEquals(typed(new Uint32Array(input)), 0x7654_320f);
  for (const length of [0, 11, 13]) {
    assert(thrown(() => made.exports.f(new Array(length).fill(1))) instanceof ValueError);
  }
  assertEquals(made.exports.f(input), 0x7654_320f); // what the host gets wrong costs the guest nothing
});

// Wasmtime prints the value in WAVE, `[9]`. Values here are JS's own, and no text form of them is
// the library's.
Deno.test("fixed_length_list::fixed_length_list_wave: a list of one in a core value is an array of one", async () => {
  const made = await instance(lifting(
    `(func (export "f") (result i32) (i32.const 9))`,
    { f: ["f", "(result (list u32 1))"] },
  ));
  assertEquals(made.exports.f(), new Uint32Array([9]));
  assertEquals(JSON.stringify([...made.exports.f()]), "[9]");
});
