// "Guest resource classes", "Guest resource instances", "Dropping guest resources": what a component
// exports as a resource is a class.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ComponentError, isWasmResourceOf } from "@windlass/component/js-api";
import { ResourceClass } from "../../host/js_api/resource_classes.ts";
import { fromText, make, thrown } from "./support.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
const things = async (note: (value: number) => void = () => {}): Promise<Any> =>
  (await make("things", { note })).exports;

Deno.test("create a resource class shell: name, length, prototype, @@toStringTag, @@dispose, constructor", async () => {
  const { Thing } = await things();
  assertEquals([Thing.name, Thing.length, String(new Thing(1))], ["Thing", 1, "[object Thing]"]);
  const { prototype } = Thing;
  assertStrictEquals(Object.getPrototypeOf(prototype), Object.prototype);
  const attributes = (object: object, key: PropertyKey) => {
    const { value, ...rest } = Object.getOwnPropertyDescriptor(object, key)!;
    return [typeof value, rest.writable, rest.enumerable, rest.configurable];
  };
  assertEquals(attributes(prototype, Symbol.dispose), ["function", true, false, true]);
  assertEquals(attributes(prototype, Symbol.toStringTag), ["string", false, false, true]);
  assertEquals(attributes(prototype, "constructor"), ["function", true, false, true]);
  assertStrictEquals(prototype.constructor, Thing);
  assertEquals(attributes(Thing, "prototype"), ["object", false, false, false]);
  assertEquals(attributes(Thing, isWasmResourceOf), ["function", false, false, true]);
});

Deno.test("a resource class cannot be called, and constructs only if the component has a constructor", async () => {
  const { Thing } = await things();
  thrown(TypeError, () => Thing(1));
  const { R } = (await fromText(
    `(component (type $r' (resource (rep i32))) (export "r" (type $r')))`,
  )).exports;
  assertEquals([R.length, R.name], [0, "R"]);
  thrown(TypeError, () => new R());
});

Deno.test("[[Construct]]: the arguments of `new` are those of the component's constructor", async () => {
  const { Thing } = await things();
  assertEquals(new Thing("7", "ignored").value(), 7);
  thrown(TypeError, () => new Thing(), "expected 1 arguments, found 0");
  thrown(TypeError, () => new Thing(-1));
});

Deno.test("create a resource instance: the prototype is newTarget's, asked for after the component ran", async () => {
  const { Thing } = await things();
  class Sub extends Thing {
    more(): number {
      return (this as Any).value() + 1;
    }
  }
  const sub = new (Sub as Any)(1);
  assert(sub instanceof Sub && sub instanceof Thing);
  assertEquals([sub.more(), sub.addOther(new Thing(2))], [2, 3]);
  const log: string[] = [];
  const target = new Proxy(function () {}, {
    get: (_, key) => (log.push(String(key)), undefined),
  });
  assertStrictEquals(Object.getPrototypeOf(Reflect.construct(Thing, [1], target)), Thing.prototype);
  assertEquals(log, ["prototype"]);
  log.length = 0;
  thrown(TypeError, () => Reflect.construct(Thing, ["x"], target));
  assertEquals(log, []);
});

Deno.test("link resource classes: methods and static functions, with their names, lengths and attributes", async () => {
  const { Thing } = await things();
  const { value, addOther } = Thing.prototype, { takeIt, tryMake } = Thing;
  assertEquals([value, addOther, takeIt, tryMake].map(({ name, length }) => [name, length]), [
    ["value", 0],
    ["addOther", 1],
    ["takeIt", 2],
    ["tryMake", 1],
  ]);
  for (const [object, key] of [[Thing.prototype, "value"], [Thing, "takeIt"]] as const) {
    const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(object, key)!;
    assertEquals([writable, enumerable, configurable], [true, false, true]);
  }
  thrown(TypeError, () => new value());
});

Deno.test("a method takes its `this` first, a static function ignores it", async () => {
  const { Thing } = await things();
  const thing = new Thing(5);
  thrown(TypeError, () => Thing.prototype.addOther.call({}, new Thing(1)), "param 1 `self`");
  thrown(TypeError, () => Thing.prototype.addOther.call(undefined));
  assertEquals(Thing.takeIt.call(null, thing, 2), 7);
});

Deno.test("a constructor or static function whose result is an error throws a ComponentError", async () => {
  const { Thing } = await things();
  assertEquals(Thing.tryMake(3).value(), 3);
  assertEquals(thrown(ComponentError, () => Thing.tryMake(0)).payload, "no thing");
});

Deno.test("@@isWasmResourceOf: true for instances of the class, of this instantiation, used up or not", async () => {
  const [{ Thing }, { Thing: Other }] = [await things(), await things()];
  const thing = new Thing(1), is = Thing[isWasmResourceOf];
  assertEquals([thing, new Other(1), {}, null, Object.create(Thing.prototype), 1].map(is), [
    true,
    ...Array(5).fill(false),
  ]);
  thing[Symbol.dispose]();
  assertEquals(is(thing), true);
});

Deno.test("ToComponentValue(own): the instance is empty afterwards", async () => {
  const { Thing } = await things();
  const thing = new Thing(1);
  assertEquals(Thing.takeIt(thing, 0), 1);
  thrown(TypeError, () => Thing.takeIt(thing, 0), "was dropped or given away");
  thrown(TypeError, () => thing.value(), "was dropped or given away");
  thing[Symbol.dispose]();
});

Deno.test("ToComponentValue(own), step 3: the instance is empty while later arguments are converted, and stays so", async () => {
  const { Thing, takeNamed, drops } = await things();
  const thing = new Thing(9), log: string[] = [];
  const name = {
    toString() {
      log.push(thrown(TypeError, () => thing.value()).constructor.name);
      thing[Symbol.dispose](); // nothing is left to drop
      return "abc";
    },
  };
  assertEquals([takeNamed(thing, name), drops()], [3, 1]);
  const other = new Thing(9);
  thrown(TypeError, () => takeNamed(other, Symbol()));
  thrown(TypeError, () => other.value());
  assertEquals(log, ["TypeError"]);
});

Deno.test("ToComponentValue: an instance of another class, or of another instantiation, is a TypeError", async () => {
  const [one, other] = [await things(), await things()];
  for (const value of [new other.Thing(1), {}, null, 1, Object.create(one.Thing.prototype)]) {
    thrown(TypeError, () => one.lend(value));
    thrown(TypeError, () => one.Thing.takeIt(value, 1));
  }
});

Deno.test("ToComponentValue(borrow): an instance that is lent can be neither dropped nor given away", async () => {
  const errors: string[] = [];
  const exports = await things(() => {
    errors.push(thrown(TypeError, () => thing[Symbol.dispose]()).message);
    errors.push(thrown(TypeError, () => exports.Thing.takeIt(thing, 1)).message);
  });
  const thing = new exports.Thing(4);
  assertEquals(exports.lend(thing), 4);
  for (const message of errors) assert(message.includes("cannot remove owned resource while borrowed"), message);
  assertEquals(errors.length, 2);
  assertEquals(thing.addOther(thing), 8);
  thing[Symbol.dispose]();
  assertEquals(exports.drops(), 1);
});

Deno.test("invoke a component function: lends end however the call completes", async () => {
  const exports = await things();
  const thing = new exports.Thing(4);
  thrown(TypeError, () => thing.addOther({}));
  thrown(TypeError, () => thing.addOther());
  thing[Symbol.dispose]();
  assertEquals(exports.drops(), 1);
});

Deno.test("drop a resource instance: once, by @@dispose, and `this` must be an instance", async () => {
  const { Thing, drops } = await things();
  const thing = new Thing(1), drop = Thing.prototype[Symbol.dispose];
  assertEquals([drop.call(thing), drop.call(thing), drops()], [undefined, undefined, 1]);
  for (const value of [{}, undefined, Object.create(Thing.prototype)]) thrown(TypeError, () => drop.call(value));
  {
    using _ = new Thing(2);
  }
  assertEquals(drops(), 2);
});

Deno.test("drop a resource instance: a destructor that traps is a RuntimeError, and the instance is empty", async () => {
  const { Thing } = await things();
  const thing = new Thing(666);
  thrown(WebAssembly.RuntimeError, () => thing[Symbol.dispose]());
  thing[Symbol.dispose]();
});

Deno.test("ToJSValue(own): a fresh instance for every lift", async () => {
  const { Thing } = await things();
  const [a, b] = [Thing.tryMake(1), Thing.tryMake(1)];
  assert(a !== b && Object.getPrototypeOf(a) === Thing.prototype);
});

Deno.test("ToJSValue(borrow): empty after the call, disposing does nothing, never given away", () => {
  // No component can lend a resource of its own to an import: its type cannot be named there.
  const made = new ResourceClass("R", 0, true), lent: { release(): void }[] = [];
  const crossing = { resources: [], lent };
  const instance = made.borrowToJs("rep", crossing) as Disposable;
  instance[Symbol.dispose]();
  assertEquals(made.borrowToComponent(instance, { resources: [], lent: [] }), "rep");
  thrown(Error as never, () => {
    try {
      made.ownToComponent(instance);
    } catch (error) {
      throw new Error(String(error));
    }
  }, "expected an owned `R`");
  lent.forEach((each) => each.release());
  assertEquals(lent.length, 1);
  let message = "";
  try {
    made.borrowToComponent(instance, crossing);
  } catch (error) {
    message = String(error);
  }
  assert(message.includes("was a borrow that ended with its call"), message);
});

const twice = `(component
  (type $r' (resource (rep i32)))
  (core func $new (canon resource.new $r'))
  (core module $m (import "" "new" (func $new (param i32) (result i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "of") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  (export $r1 "r1" (type $r'))
  (export $r2 "r2" (type $r1))
  (export $r3 "r3" (type $r') (type (sub resource)))
  (func (export "make-one") (param "x" u32) (result (own $r1)) (canon lift (core func $i "make")))
  (func (export "make-three") (param "x" u32) (result (own $r3)) (canon lift (core func $i "make")))
  (func (export "of-one") (param "r" (borrow $r1)) (result u32) (canon lift (core func $i "of")))
  (func (export "of-three") (param "r" (borrow $r3)) (result u32) (canon lift (core func $i "of"))))`;

Deno.test("create resource class shells: one class for each abstract type, as the draft's example has it", async () => {
  const { R1, R2, R3, makeOne, makeThree, ofOne, ofThree } = (await fromText(twice)).exports;
  assertStrictEquals(R1, R2);
  assert(R1 !== R3);
  assertEquals([R1.name, R3.name], ["R1", "R3"]);
  const [one, three] = [makeOne(1), makeThree(3)];
  assert(one instanceof R1 && !(one instanceof R3) && three instanceof R3);
  assertEquals([ofOne(one), ofThree(three)], [1, 3]);
  thrown(TypeError, () => ofOne(three));
  thrown(TypeError, () => ofThree(one));
});

const opaque = (ascription: string) =>
  `(component
  (import "r" (type $r (sub resource)))
  (core module $m
    (func (export "same") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m))
  (core func $drop (canon resource.drop $r))
  (export $s "s" (type $r) ${ascription})
  (func (export "to") (param "r" (own $r)) (result (own $s)) (canon lift (core func $i "same")))
  (func (export "from") (param "s" (own $s)) (result (own $r)) (canon lift (core func $i "same"))))`;

Deno.test("Opaque re-exports: a class around the host's values", async () => {
  class Host {}
  const host = new Host(), { S, to, from } = (await fromText(opaque("(type (sub resource))"), { R: Host })).exports;
  const wrapped = to(host);
  assert(wrapped instanceof S && !(wrapped instanceof Host));
  thrown(TypeError, () => to(wrapped));
  thrown(TypeError, () => from(host));
  assertStrictEquals(from(wrapped), host);
  thrown(TypeError, () => from(wrapped));
  const disposed: string[] = [], other = Object.assign(new Host(), { [Symbol.dispose]: () => disposed.push("!") });
  to(other)[Symbol.dispose](); // only lets go of it
  assertEquals(disposed, []);
});

Deno.test("create resource class shells, step 1.2: a transparent re-export of an import is a TypeError, before anything runs", async () => {
  const started: string[] = [];
  const text = opaque("").replace(
    "(core module $m",
    `(import "started" (func $started))
    (core func $started' (canon lower (func $started)))
    (core module $starts (import "" "s" (func $s)) (start $s))
    (core instance (instantiate $starts (with "" (instance (export "s" (func $started'))))))
    (core module $m`,
  );
  const error = await fromText(text, { R: class {}, started: () => started.push("started") }).catch((error) => error);
  thrown(TypeError, () => {
    throw error;
  });
  assertEquals(started, []);
});
