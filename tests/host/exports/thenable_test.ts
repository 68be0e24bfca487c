// Nothing that a guest names makes an object a promise to JavaScript: `await` gives the object, and
// calls no function of the guest. Expectations: ECMAScript's promise resolve functions, which call
// a callable member `then`, and nothing else.

import "../../support/leaks.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { compileSync, ComponentError, instantiate, instantiateSync, Linker } from "@windlass/component";
import { component } from "../../support/wasm.ts";
import { wat } from "../../support/wat.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** A resource with a method; `make` and `try-make` give an object. */
const members = (resource: string, method: string) => `
  (type $R (resource (rep i32)))
  (core func $new (canon resource.new $R))
  (core module $M (import "" "new" (func $new (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "make") (result i32) (call $new (i32.const 1)))
    (func (export "try") (param $ok i32) (result i32)
      (i32.store8 (i32.const 8) (i32.eqz (local.get $ok)))
      (i32.store (i32.const 12) (call $new (i32.const 1)))
      (i32.const 8))
    (func (export "maybe") (result i32)
      (i32.store8 (i32.const 8) (i32.const 1))
      (i32.store (i32.const 12) (call $new (i32.const 1)))
      (i32.const 8))
    (func (export "of") (param i32) (result i32) (i32.const 7))
    (func (export "then") (result i32) (i32.const 8)))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
  (export $r "${resource}" (type $R))
  (func (export "[constructor]${resource}") (result (own $r)) (canon lift (core func $m "make")))
  (func (export "[method]${resource}.${method}") (param "self" (borrow $r)) (result u32) (canon lift (core func $m "of")))
  (func (export "make") (result (own $r)) (canon lift (core func $m "make")))
  (func (export "maybe-make") (result (option (own $r))) (canon lift (core func $m "maybe") (memory $m "memory")))
  (func (export "try-make") (param "ok" bool) (result (result (own $r) (error (own $r))))
    (canon lift (core func $m "try") (memory $m "memory")))`;
const statics = `(type $R2 (resource (rep i32))) (export $r2 "r2" (type $R2))
  (func (export "[static]r2.then") (result u32) (canon lift (core func $m "then")))`;

const source = await component(`(component
  (component $C ${
  members("r", "then")
} ${statics} (func (export "then") (result u32) (canon lift (core func $m "then"))))
  (component $D ${members("then", "catch")})
  (instance $c (instantiate $C)) (instance $d (instantiate $D))
  (export "a:b/c" (instance $c)) (export "a:b/d" (instance $d))
  (core module $M (func (export "f") (result i32) (i32.const 9)))
  (core instance $m (instantiate $M))
  (func (export "then") (result u32) (canon lift (core func $m "f"))))`);

/** What a promise of the object gives. */
async function awaited(object: unknown): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise((_, reject) => timer = setTimeout(() => reject(new Error("it never settled")), 1000));
  return await Promise.race([(async () => await object)(), late]).finally(() => clearTimeout(timer));
}

for (const [path, name, key] of [["a:b/c", "R", "[method]then"], ["a:b/d", "Then", "catch"]] as const) {
  Deno.test(`a promising call gives an object of ${path} whose class or method is called \`then\``, async () => {
    const { exports, promising } = await instantiate(source);
    const api = promising.exports[path] as Any, Class = (exports[path] as Any)[name];
    const made = [
      await api.make(),
      await api.maybeMake(),
      await api.tryMake(true),
      await new api[name](),
      exports[path].make(),
    ];
    for (const object of made) {
      assert(object instanceof Class);
      assertStrictEquals(await awaited(object), object);
      assertEquals(object[key](), 7);
      assertEquals(await api[name].prototype[key].call(object), 7);
      assertEquals("then" in object, false);
      object[Symbol.dispose]();
    }
    const error = await api.tryMake(false).then(() => undefined, (error: unknown) => error);
    assert(error instanceof ComponentError && error.payload instanceof Class);
    assertStrictEquals(await awaited(error.payload), error.payload);
    (error.payload as Disposable)[Symbol.dispose]();
  });
}

Deno.test("an instance, its exports, interfaces and classes are no promises, whatever is exported", async () => {
  const instance = await instantiate(source);
  assertEquals((instance.exports as Any)["[func]then"](), 9);
  for (const { exports } of [instance, instance.promising] as { exports: Any }[]) {
    const { R2 } = exports["a:b/c"], { Then } = exports["a:b/d"];
    for (const object of [instance, exports, exports["a:b/c"], exports["a:b/d"], R2, Then, Then.prototype]) {
      assertStrictEquals(await awaited(object), object);
      assertEquals("then" in object, false);
    }
    assertEquals(await R2["[static]then"](), 8);
    assertEquals(await exports["a:b/c"]["[func]then"](), 8);
  }
  assertStrictEquals(await awaited(instance.interface("a:b/c")), instance.interface("a:b/c"));
  const linked = await awaited(new Linker().link(source)), again = await awaited(compileSync(await wat("(component)")));
  assert(linked !== undefined && again !== undefined);
});

/** A function whose result is a record with a field `then`. */
const record = (type: string, core: string, more = "") =>
  component(`(component
    (import "h" (type $h (sub resource))) (import "get" (func $get (result (own $h))))
    (core func $get' (canon lower (func $get)))
    (type $t' (record (field "then" ${type}))) (export $t "t" (type $t'))
    (core module $M (import "" "get" (func $get (result i32))) (memory (export "memory") 1)
      (func (export "f") (result i32) ${core}))
    (core instance $m (instantiate $M (with "" (instance (export "get" (func $get'))))))
    (func (export "f") (result ${more === "" ? "$t" : more}) (canon lift (core func $m "f") (memory $m "memory"))))`);
const host = (get: () => unknown) => ({ h: { is: () => true }, get });

Deno.test("a record with a field `then` is given by a promise as it is", async () => {
  const { exports, promising } = instantiateSync(await record("u32", "(i32.const 5)"), host(() => 0));
  assertEquals(exports.f!(), { then: 5 });
  assertEquals(await promising.exports.f!(), { then: 5 });
  const object = {};
  const given = instantiateSync(await record("(own $h)", "(call $get)"), host(() => object));
  assertStrictEquals((await given.promising.exports.f!()).then, object);
});

Deno.test("a record whose field `then` is a host's function is refused by a promise, and the function is not called", async () => {
  let calls = 0;
  const given = () => void calls++;
  const stored = "(i32.store8 (i32.const 8) (i32.const FIRST)) (i32.store (i32.const 12) (call $get)) (i32.const 8)";
  const sources = [
    await record("(own $h)", "(call $get)"),
    await record("(option (own $h))", stored.replace("FIRST", "1")),
    await record("(own $h)", stored.replace("FIRST", "0"), "(result $t)"),
    await record("(own $h)", stored.replace("FIRST", "1"), "(option $t)"),
  ];
  for (const source of sources) {
    const { exports, promising } = instantiateSync(source, host(() => given));
    assertEquals(exports.f!(), { then: given });
    const error = await promising.exports.f!().then(() => undefined, (error: unknown) => error);
    assertEquals((error as { code?: string }).code, "thenable");
    // Nothing is wrong with the instance.
    assertEquals(exports.f!(), { then: given });
  }
  assertEquals(calls, 0);
});

Deno.test("a host's resource with a method `then` is refused by a promise, and the method is not called", async () => {
  const maybe = `(export "maybe") (param i32) (result i32)
    (i32.store8 (i32.const 8) (i32.const 1)) (i32.store (i32.const 12) (local.get 0)) (i32.const 8)`;
  const gives = await component(`(component
    (import "h" (type $h (sub resource)))
    (core module $M (memory (export "memory") 1)
      (func (export "own") (param i32) (result i32) (local.get 0)) (func ${maybe}))
    (core instance $m (instantiate $M))
    (func (export "own") (param "of" (own $h)) (result (own $h)) (canon lift (core func $m "own")))
    (func (export "maybe") (param "of" (own $h)) (result (option (own $h)))
      (canon lift (core func $m "maybe") (memory $m "memory"))))`);
  let calls = 0;
  class H {
    then(): void {
      calls++;
    }
  }
  const { exports, promising } = instantiateSync(gives, { h: H });
  const given = new H();
  for (const name of ["own", "maybe"]) {
    assertStrictEquals(exports[name]!(given), given);
    const error = await promising.exports[name]!(given).then(() => undefined, (error: unknown) => error);
    assertEquals((error as { code?: string }).code, "thenable");
  }
  assertEquals(calls, 0);
});

Deno.test("a host's class may have the method `then`, and need not call it so", async () => {
  const wants = await component(`(component
    (import "h" (type $h (sub resource)))
    (import "[method]h.then" (func $then (param "self" (borrow $h)) (result u32)))
    (core func $then' (canon lower (func $then)))
    (core module $M (import "" "then" (func $then (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "f") (param i32) (result i32) (call $then (local.get 0)) (call $drop (local.get 0))))
    (core func $drop (canon resource.drop $h))
    (core instance $m (instantiate $M (with "" (instance
      (export "then" (func $then')) (export "drop" (func $drop))))))
    (func (export "f") (param "h" (borrow $h)) (result u32) (canon lift (core func $m "f"))))`);
  class Plain {
    then() {
      return 1;
    }
  }
  class Safe {
    "[method]then"() {
      return 2;
    }
  }
  const byTest = { is: (value: unknown) => typeof value === "object" };
  assertEquals(instantiateSync(wants, { H: Plain }).exports.f!(new Plain()), 1);
  assertEquals(instantiateSync(wants, { H: Safe }).exports.f!(new Safe()), 2);
  assertEquals(instantiateSync(wants, { H: byTest }).exports.f!(new Safe()), 2);
  assertEquals(instantiateSync(wants, { H: byTest }).exports.f!(new Plain()), 1);
  assert(wants.typescript().includes('readonly "[method]then": () => number'));
});
