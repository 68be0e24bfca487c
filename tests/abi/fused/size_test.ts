// A small component must not buy much memory or time by its adapters, nor a module that the engine
// refuses: what would be too large goes through JavaScript.

import { assertEquals } from "@std/assert";
import { compileSync, features, instantiateSync } from "@windlass/component";
import { wat } from "../../support/wat.ts";

/** A guest passes some values of one variant type to another. Its cases are many. */
const component = (cases: number, values: number): string => {
  const name = (i: number): string => `c${i.toString(36)}`;
  const payload = (i: number): string => i < 3 ? "char" : "";
  const variant = `(variant ${Array.from({ length: cases }, (_, i) => `(case "${name(i)}" ${payload(i)})`).join(" ")})`;
  const type = `(param "p" (tuple ${"$v ".repeat(values)}))`;
  return `(component
  (component $Callee
    (type $v' ${variant}) (export $v "v" (type $v'))
    (core module $M (memory (export "m") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "f") (param i32) (result i32) (i32.load16_u (local.get 0))))
    (core instance $m (instantiate $M))
    (func (export "f") ${type} (result u32)
      (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "realloc")))))
  (component $Caller
    (type $v' ${variant}) (import "v" (type $v (eq $v')))
    (import "f" (func $f ${type} (result u32)))
    (core module $Lib (memory (export "m") 1) (data (i32.const 512) "\\05"))
    (core instance $lib (instantiate $Lib))
    (core func $f' (canon lower (func $f) (memory (core memory $lib "m"))))
    (core module $M (import "" "f" (func $f (param i32) (result i32)))
      (func (export "g") (result i32) (call $f (i32.const 512))))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "g") (result u32) (canon lift (core func $m "g"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "v" (type $callee "v")) (with "f" (func $callee "f"))))
  (export "g" (func $caller "g")))`;
};

Deno.test("values of a type with many cases have adapters only while their tables are short", async () => {
  for (const [cases, values, adapters] of [[1_000, 9, 1], [100, 300, 1], [9_999, 1_000, 0]] as const) {
    const plain = compileSync(await wat(component(cases, values)), { fused: false });
    const fused = compileSync(await wat(component(cases, values)));
    const count = fused.modules.length - plain.modules.length;
    assertEquals(count, features.multiMemory ? adapters : 0, `${values} values of ${cases} cases`);
    const { g } = instantiateSync(fused).exports as { g(): number };
    assertEquals(g(), 5);
  }
});

/** Core instances that each import a function of their own, lowered from the same one of another guest. */
const instances = (count: number): string => {
  const each = (text: (i: number) => string): string => Array.from({ length: count }, (_, i) => text(i)).join("\n");
  return `(component
  (component $Callee
    (core module $M (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
    (core instance $m (instantiate $M))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $m "f"))))
  (component $Caller
    (import "f" (func $f (param "x" u32) (result u32)))
    (core module $M (import "" "f" (func $f (param i32) (result i32)))
      (func (export "g") (param i32) (result i32) (call $f (local.get 0))))
    ${each((i) => `(core func $f${i} (canon lower (func $f)))`)}
    ${each((i) => `(core instance $m${i} (instantiate $M (with "" (instance (export "f" (func $f${i}))))))`)}
    (func (export "first") (param "x" u32) (result u32) (canon lift (core func $m0 "g")))
    (func (export "last") (param "x" u32) (result u32) (canon lift (core func $m${count - 1} "g"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "f" (func $callee "f"))))
  (export "first" (func $caller "first")) (export "last" (func $caller "last")))`;
};

Deno.test("a component has so many modules of adapters, and further calls go through JavaScript", async () => {
  const bytes = await wat(instances(510)), component = compileSync(bytes);
  const count = component.modules.length - compileSync(bytes, { fused: false }).modules.length;
  assertEquals(count, features.multiMemory ? 500 : count);
  const { first, last } = instantiateSync(component).exports as Record<"first" | "last", (x: number) => number>;
  assertEquals([first(1), last(2)], [2, 3]);
});
