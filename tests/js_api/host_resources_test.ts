// "Host resource types": the protocol of a resource type import, and the conversions of its values.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { isWasmResourceOf } from "@windlass/component/js-api";
import { fromText, rejected, thrown } from "./support.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** A component that passes a value of an imported type on: as own, as borrow, and keeps one. */
const text = `(component
  (import "thing" (type $r (sub resource)))
  (import "take" (func $take (param "r" (own $r))))
  (import "look" (func $look (param "r" (borrow $r))))
  (core func $take' (canon lower (func $take)))
  (core func $look' (canon lower (func $look)))
  (core func $drop (canon resource.drop $r))
  (core module $m
    (import "" "take" (func $take (param i32)))
    (import "" "look" (func $look (param i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "give") (param i32) (call $take (local.get 0)))
    (func (export "show") (param i32) (call $look (local.get 0)) (call $drop (local.get 0)))
    (func (export "let-go") (param i32) (call $drop (local.get 0)))
    (func (export "handles") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m (with "" (instance
    (export "take" (func $take')) (export "look" (func $look')) (export "drop" (func $drop))))))
  (func (export "give") (param "r" (own $r)) (canon lift (core func $i "give")))
  (func (export "show") (param "r" (borrow $r)) (canon lift (core func $i "show")))
  (func (export "let-go") (param "r" (own $r)) (canon lift (core func $i "let-go")))
  (func (export "same") (param "r" (own $r)) (result (own $r)) (canon lift (core func $i "handles"))))`;

async function make(Thing: unknown): Promise<{ exports: Any; seen: unknown[] }> {
  const seen: unknown[] = [];
  const see = (value: unknown) => void seen.push(value);
  return { exports: (await fromText(text, { Thing, take: see, look: see })).exports, seen };
}

Deno.test("read the type import, step 2: what is not an Object is a TypeError", async () => {
  for (const value of [undefined, null, 1, "Thing", Symbol()]) await rejected(TypeError, make(value), "import thing");
});

Deno.test("read the type import, step 3: @@isWasmResourceOf is read once, when instantiating", async () => {
  const log: string[] = [];
  const { exports } = await make({
    get [isWasmResourceOf]() {
      log.push("read");
      return function (this: unknown, value: unknown) {
        log.push(`${this} ${typeof value}`);
        return true;
      };
    },
  });
  assertEquals(log.splice(0), ["read"]);
  exports.give(1);
  exports.show("x");
  assertEquals(log, ["undefined number", "undefined string"]);
});

Deno.test("read the type import, step 3: what the getter throws comes out", async () => {
  const boom = new RangeError("boom");
  const promise = make({
    get [isWasmResourceOf]() {
      throw boom;
    },
  });
  assertStrictEquals(await rejected(RangeError, promise), boom);
});

Deno.test("read the type import, step 4: otherwise `instanceof` tests, each time", async () => {
  class Thing {}
  const { exports, seen } = await make(Thing), thing = new Thing();
  exports.give(thing);
  for (const value of [{}, 1, null, Object.create(null)]) thrown(TypeError, () => exports.give(value));
  let answer = true;
  Object.defineProperty(Thing, Symbol.hasInstance, { value: () => answer });
  exports.give("anything");
  answer = false;
  thrown(TypeError, () => exports.give(thing));
  assertEquals(seen, [thing, "anything"]);
  // An object that is no constructor has no instances: `instanceof` throws.
  const plain = await make({});
  thrown(TypeError, () => plain.exports.give(thing));
});

Deno.test("ToComponentValue: the test must give exactly true", async () => {
  for (const answer of [1, "true", {}, undefined, false]) {
    const { exports } = await make({ [isWasmResourceOf]: () => answer });
    thrown(TypeError, () => exports.give({}));
  }
  const boom = new RangeError("boom"),
    { exports } = await make({
      [isWasmResourceOf]: () => {
        throw boom;
      },
    });
  assertStrictEquals(thrown(RangeError, () => exports.show({})), boom);
});

Deno.test("ToJSValue: own and borrow are the value itself, primitives too", async () => {
  const { exports, seen } = await make({ [isWasmResourceOf]: () => true });
  const values = [{}, 1, "x", null, undefined, Symbol(), () => {}, Promise.resolve()];
  for (const value of values) {
    exports.give(value);
    exports.show(value);
    assertStrictEquals(exports.same(value), value);
  }
  assertEquals(seen, values.flatMap((value) => [value, value]));
});

Deno.test("a host resource value that is dropped is only let go of", async () => {
  const disposed: unknown[] = [], thing = { [Symbol.dispose]: () => disposed.push(thing) };
  const { exports } = await make({ [isWasmResourceOf]: () => true });
  exports.letGo(thing);
  exports.letGo(new Proxy({}, { get: (_, key) => disposed.push(key) }));
  assertEquals(disposed, []);
});

Deno.test("the same value may be given as often as one likes: each time is a new handle", async () => {
  const { exports, seen } = await make({ [isWasmResourceOf]: () => true }), thing = {};
  for (let i = 0; i < 3; i++) exports.give(thing);
  assertEquals(seen, [thing, thing, thing]);
});

const two = `(component
  (import "one" (type $a (sub resource)))
  (import "other" (type $b (sub resource)))
  (core func $drop (canon resource.drop $b))
  (core module $m (import "" "drop" (func $drop (param i32)))
    (func (export "f") (param i32 i32) (call $drop (local.get 0))))
  (core instance $i (instantiate $m (with "" (instance (export "drop" (func $drop))))))
  (func (export "f") (param "a" (own $a)) (param "b" (own $b)) (canon lift (core func $i "f"))))`;

Deno.test("two type imports of one constructor are two resource types", async () => {
  class Thing {}
  const { exports } = await fromText(two, { One: Thing, Other: Thing });
  // The component drops a handle of the one as one of the other.
  const error = thrown(WebAssembly.RuntimeError, () => exports.f(new Thing(), new Thing()));
  assert(error.message.includes("used with the wrong type"), error.message);
});

const eq = `(component
  (import "thing" (type $r (sub resource)))
  (import "again" (type (eq $r))))`;

Deno.test("read the type import, step 1: a type that is not (sub resource) is a TypeError", async () => {
  await rejected(TypeError, fromText(eq, { Thing: class {}, Again: class {} }), "again");
});

Deno.test("beyond the draft: value types are named, so that records and variants can cross, and are not read", async () => {
  const log: string[] = [], imports = new Proxy({}, { get: (_, key) => log.push(String(key)) });
  const { exports } = await fromText(
    `(component
      (type $p' (record (field "x" u32)))
      (import "p" (type $p (eq $p')))
      (export "q" (type $p)))`,
    imports,
  );
  assertEquals([log, Object.keys(exports)], [[], []]);
});

Deno.test("a resource class of a component is a constructor for another component's import", async () => {
  const counter = (await (await import("./support.ts")).make("counter")).exports.api;
  const { exports, seen } = await make(counter.Counter), one = new counter.Counter();
  exports.give(one);
  thrown(TypeError, () => exports.give({}));
  assertStrictEquals(seen[0], one);
});
