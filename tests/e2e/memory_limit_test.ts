// The limit on the memories and tables of a whole instance tree.

import "../support/leaks.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { compileSync, type Component, features, instantiateSync, LinkError } from "@windlass/component";
import { wat } from "../support/wat.ts";

async function metered(text: string): Promise<Component> {
  return compileSync(await wat(text), { metering: true });
}

const PAGE = 65536;

Deno.test("memory.grow gives -1 beyond the limit of the whole tree, not of each memory", async () => {
  const component = await metered(`(component
    (core module $A (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "size") (result i32) (memory.size)))
    (core instance $a (instantiate $A))
    (core instance $b (instantiate $A))
    ${
    ["a", "b"].map((name) => `
      (func (export "grow-${name}") (param "by" u32) (result s32) (canon lift (core func $${name} "grow")))
      (func (export "size-${name}") (result u32) (canon lift (core func $${name} "size")))`).join("")
  })`);
  const { exports } = instantiateSync(component, {}, { limits: { memory: 10 * PAGE } });
  assertEquals([exports.growA(3), exports.growB(6)], [1, -1]);
  assertEquals([exports.growB(5), exports.growA(1), exports.growB(0)], [1, -1, 6]);
  assertEquals([exports.sizeA(), exports.sizeB()], [4, 6]);
  assertEquals([exports.growA(0xffff_ffff), exports.growA(0x8000_0000)], [-1, -1]);
});

Deno.test("what the engine refuses does not count", async () => {
  const component = await metered(`(component
    (core module $M (memory 1 2) (memory $other 1)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "other") (param i32) (result i32) (memory.grow $other (local.get 0))))
    (core instance $m (instantiate $M))
    (func (export "grow") (param "by" u32) (result s32) (canon lift (core func $m "grow")))
    (func (export "other") (param "by" u32) (result s32) (canon lift (core func $m "other"))))`);
  const { exports } = instantiateSync(component, {}, { limits: { memory: 10 * PAGE } });
  assertEquals(exports.grow(5), -1); // its maximum
  assertEquals(exports.grow(0), 1); // and now the library knows
  assertEquals(exports.other(8), 1);
  assertEquals(exports.grow(1), -1);
});

Deno.test("a memory that several core modules use counts once, whoever makes it larger", async () => {
  const component = await metered(`(component
    (core module $A (memory (export "memory") 2) (func (export "grow") (result i32) (memory.grow (i32.const 1))))
    (core module $B (import "" "memory" (memory 1)) (memory 1)
      (func (export "grow") (result i32) (memory.grow (i32.const 1)))
      (func (export "other") (result i32) (memory.grow 1 (i32.const 1))))
    (core instance $a (instantiate $A))
    (core instance $b (instantiate $B (with "" (instance $a))))
    (func (export "a") (result s32) (canon lift (core func $a "grow")))
    (func (export "b") (result s32) (canon lift (core func $b "grow")))
    (func (export "other") (result s32) (canon lift (core func $b "other"))))`);
  const { exports } = instantiateSync(component, {}, { limits: { memory: 6 * PAGE } });
  assertEquals([exports.a(), exports.b(), exports.a(), exports.b()], [2, 3, 4, -1]);
  assertEquals(exports.other(), -1);
});

Deno.test("tables count with 8 bytes for each element", async () => {
  const component = await metered(`(component
    (core module $M (memory 1) (table 10 funcref)
      (func (export "elements") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
      (func (export "pages") (result i32) (memory.grow (i32.const 1))))
    (core instance $m (instantiate $M))
    (func (export "elements") (param "by" u32) (result s32) (canon lift (core func $m "elements")))
    (func (export "pages") (result s32) (canon lift (core func $m "pages"))))`);
  const { exports } = instantiateSync(component, {}, { limits: { memory: PAGE + 8000 } });
  assertEquals([exports.elements(991), exports.elements(990), exports.elements(1), exports.pages()], [-1, 10, -1, -1]);
});

Deno.test({
  name: "memories of 64 bits count too",
  ignore: !features.memory64,
  fn: async () => {
    const component = await metered(`(component
      (core module $M (memory i64 1) (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))
      (core instance $m (instantiate $M))
      (func (export "grow") (param "by" u64) (result s64) (canon lift (core func $m "grow"))))`);
    const { exports } = instantiateSync(component, {}, { limits: { memory: 5 * PAGE } });
    assertEquals([4n, 5n, 1n << 63n, 1n << 40n].map((by) => exports.grow(by)), [1n, -1n, -1n, -1n]);
  },
});

Deno.test("what the modules begin with has to fit, and the limit has to be a size", async () => {
  const component = await metered(`(component
    (core module $M (memory 2) (table 3 funcref)) (core instance (instantiate $M)) (core instance (instantiate $M)))`);
  const memory = 2 * (2 * PAGE + 24);
  instantiateSync(component, {}, { limits: { memory } });
  assertThrows(() => instantiateSync(component, {}, { limits: { memory: memory - 1 } }), LinkError, "limit `memory`");
  for (const wrong of [-1, 1.5, NaN]) {
    assertThrows(() => instantiateSync(component, {}, { limits: { memory: wrong } }), RangeError, "the limit memory");
  }
  const plain = compileSync(await wat(`(component)`));
  assertThrows(
    () => instantiateSync(plain, {}, { limits: { memory } }),
    TypeError,
    "the limit memory needs a component",
  );
});
