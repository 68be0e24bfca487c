// Adapters among modules that the host gives: those of the same component are taken, others are refused.
// A core module of the host whose functions have other types than it should is a fault of linking.

import { assertEquals, assertThrows } from "@std/assert";
import { CompileError, compileSync, features, instantiateSync, LinkError } from "@windlass/component";
import { wat } from "../../support/wat.ts";

const callee = `(memory (export "m") 1)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))`;
const caller = (type: string): string =>
  `(component $Caller
    (import "f" (func $f (param "x" ${type}) (result u32)))
    (core module $Lib (memory (export "m") 1))
    (core instance $lib (instantiate $Lib))
    (core func $f' (canon lower (func $f) (memory (core memory $lib "m"))))
    (core module $M (import "" "f" (func $f (param i32 i32) (result i32)))
      (func (export "g") (result i32) (call $f (i32.const 0) (i32.const 4))))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "g") (result u32) (canon lift (core func $m "g"))))
  (instance $callee (instantiate $Callee MODULE))
  (instance $caller (instantiate $Caller (with "f" (func $callee "f"))))
  (export "g" (func $caller "g"))`;
const lift = (type: string): string =>
  `(core instance $m (instantiate $M))
    (func (export "f") (param "x" ${type}) (result u32)
      (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "realloc"))))`;

const component = (type: string): string =>
  `(component
  (component $Callee
    (core module $M ${callee} (func (export "f") (param i32 i32) (result i32) (local.get 1))) ${lift(type)})
  ${caller(type).replace("MODULE", "")})`;

Deno.test({
  name: "adapters of another component are refused, even if all their names are the same",
  ignore: !features.multiMemory,
  async fn() {
    const bytes = await wat(component("string")), { modules } = compileSync(bytes);
    const own = modules.slice(0, -1), others = compileSync(await wat(component("(list u64)"))).modules;
    for (const given of [modules, own]) {
      const component = compileSync(bytes, { modules: given });
      assertEquals(component.modules.length, given.length);
      assertEquals((instantiateSync(component).exports as { g(): number }).g(), 4);
    }
    for (const wrong of [others.at(-1)!, own[0]!]) {
      const error = assertThrows(() => compileSync(bytes, { modules: [...own, wrong] }), CompileError);
      assertEquals(error.code, "wrong-modules");
    }
    const none = { not: "a module" } as unknown as WebAssembly.Module;
    assertThrows(() => compileSync(bytes, { modules: [...own, none] }), TypeError, "must hold WebAssembly.Modules");
  },
});

const items = `(export "m" (memory 1)) (export "realloc" (func (param i32 i32 i32 i32) (result i32)))
  (export "f" (func (param i32 i32) (result i32)))`;

Deno.test({
  name: "a module of the host with a function of another type cannot be linked",
  ignore: !features.multiMemory,
  async fn() {
    const bytes = await wat(`(component
      (import "mod" (core module $M ${items}))
      (component $Callee (import "mod" (core module $M ${items})) ${lift("string")})
      ${caller("string").replace("MODULE", '(with "mod" (core module $M))')})`);
    const module = async (func: string) => new WebAssembly.Module(await wat(`(module ${callee} ${func})`));
    const right = await module(`(func (export "f") (param i32 i32) (result i32) (local.get 1))`);
    const found = instantiateSync(compileSync(bytes), { mod: right });
    assertEquals((found.exports as { g(): number }).g(), 4);
    const wrong = await module(`(func (export "f") (param i64) (result i32) (i32.const 1))`);
    const error = assertThrows(() => instantiateSync(compileSync(bytes), { mod: wrong }), LinkError);
    assertEquals(error.code, "core-link");
  },
});
