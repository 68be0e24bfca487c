// "Create the exports object": what a component exports, and how its functions are called.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Component, ComponentError, ComponentInstance, instantiate } from "@windlass/component/js-api";
import { ComponentEncoder } from "../support/encoder.ts";
import { fixture, fromText, make, thrown } from "./support.ts";

const everything = `(component
  (core module $m (func (export "f") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $i (instantiate $m))
  (type $r' (resource (rep i32)))
  (export $r "my-resource" (type $r'))
  (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "f")))
  (export "add-numbers" (func $add))
  (export "a-module" (core module $m))
  (component $c' (core module $m (func (export "g"))) (export "inner-module" (core module $m)))
  (export "a-component" (component $c'))
  (instance $inst (export "add-again" (func $add)))
  (export "an-instance" (instance $inst)))`;

Deno.test("create the exports object: no prototype, data properties by JSName in the order of declaration", async () => {
  const instance = await fromText(everything);
  const { exports } = instance;
  assertStrictEquals(Object.getPrototypeOf(exports), null);
  assertEquals(Object.keys(exports), ["MyResource", "addNumbers", "aModule", "aComponent", "anInstance"]);
  assertEquals(Object.getOwnPropertyDescriptor(exports, "addNumbers"), {
    value: exports.addNumbers,
    writable: true,
    enumerable: true,
    configurable: true,
  });
  assertStrictEquals(Object.getPrototypeOf(exports.anInstance), null);
  assert(exports.aModule instanceof WebAssembly.Module);
  assert(exports.aComponent instanceof Component);
  assert(new ComponentInstance(exports.aComponent).exports.innerModule instanceof WebAssembly.Module);
  assertEquals(typeof exports.MyResource, "function");
  assertEquals(exports.anInstance.addAgain(1, 2), 3);
  assertStrictEquals(instance.exports, exports);
});

Deno.test("create the exports object: a value is ToJSValue", async () => {
  // (component (value string "hi") (export "my-value" (value 0)))
  const encoder = new ComponentEncoder();
  const value = encoder.value([0x73], [2, 0x68, 0x69]);
  encoder.export("my-value", ["value", value]);
  assertEquals((await instantiate(encoder.finish())).instance.exports.myValue, "hi");
});

Deno.test("create a JS function: name, length, no `new`, no `this`", async () => {
  const { addNumbers } = (await fromText(everything)).exports;
  assertEquals([addNumbers.name, addNumbers.length, "prototype" in addNumbers], ["addNumbers", 2, false]);
  thrown(TypeError, () => new addNumbers(1, 2));
  assertEquals(addNumbers.call({ ignored: true }, 1, 2), 3);
});

Deno.test("invoke a component function: too few arguments are a TypeError, more are ignored", async () => {
  const { greet } = (await make("greeter")).exports;
  thrown(TypeError, () => greet(), "Cannot call export greet: expected 1 arguments, found 0");
  assertEquals(greet("a", Symbol(), { toString: 1 }), "hello, a");
  assertEquals(greet(undefined), "hello, undefined");
});

Deno.test("invoke a component function: arguments are converted in order, before the component runs", async () => {
  const { exports } = await make("things", { note() {} }), log: string[] = [];
  const thing = new exports.Thing(1);
  const number = (name: string, value: unknown) => ({ valueOf: () => (log.push(name), value) });
  thrown(TypeError, () => exports.Thing.takeIt(thing, number("second", "x")));
  assertEquals([log.splice(0), exports.drops()], [["second"], 0]);
  // A conversion may call the component: it does not run yet.
  const other = new exports.Thing(1);
  assertEquals(exports.Thing.takeIt(other, { valueOf: () => exports.drops() + 10 }), 11);
});

Deno.test("invoke a component function: the number of arguments counts after `this` is converted", async () => {
  const { Thing } = (await make("things", { note() {} })).exports;
  thrown(TypeError, () => Thing.prototype.addOther.call({}), "param 1 `self`");
  thrown(TypeError, () => new Thing(1).addOther(), "expected 1 arguments, found 0");
});

Deno.test("invoke a component function: a trap is a RuntimeError, and so is every later call", async () => {
  const { fail, drops } = (await make("things", { note() {} })).exports;
  const error = thrown(WebAssembly.RuntimeError, () => fail());
  assert(error.cause instanceof Error && "code" in error.cause);
  thrown(WebAssembly.RuntimeError, () => drops(), "cannot enter component instance");
});

Deno.test("invoke a component function: a call from within the call is a trap of the caller's", async () => {
  const errors: Error[] = [];
  const { exports } = await make("things", {
    note() {
      errors.push(thrown(WebAssembly.RuntimeError, () => exports.drops(), "cannot enter component instance"));
    },
  });
  assertEquals(exports.lend(new exports.Thing(3)), 3);
  assertEquals([errors.length, exports.drops()], [1, 0]);
});

Deno.test("create a component error: the payload is ToJSValue of the error", async () => {
  const { parse } = (await make("parser", {
    lookup(key: string) {
      if (key === "n") return 42;
      throw { toString: () => `no ${key}` };
    },
  })).exports;
  assertEquals([parse("7"), parse("$n")], [7, 42]);
  const error = thrown(ComponentError, () => parse("$x"));
  assertEquals([error.payload, error.message, error.name], ["no x", "no x", "ComponentError"]);
  assertEquals(thrown(ComponentError, () => parse("?")).payload, "not a number");
});

Deno.test("ComponentError: a message and a payload, as WebIDL has its interface", () => {
  const payload = { any: 1 }, error = new ComponentError("m", payload);
  assertEquals([error.message, error.payload, String(error)], ["m", payload, "ComponentError: m"]);
  const empty = new ComponentError();
  assertEquals([empty.message, empty.payload, ComponentError.length], ["", undefined, 0]);
  assertEquals(new ComponentError(7 as never).message, "7");
  thrown(TypeError, () => new ComponentError(Symbol() as never));
  const { get, enumerable } = Object.getOwnPropertyDescriptor(ComponentError.prototype, "payload")!;
  assertEquals(enumerable, true);
  thrown(TypeError, () => get!.call({}));
  assertEquals(Object.getPrototypeOf(ComponentError), Error);
});

Deno.test("instances of one Component have their own state and classes", () => {
  const component = new Component(fixture("counter"));
  const [one, other] = [new ComponentInstance(component).exports.api, new ComponentInstance(component).exports.api];
  const counter = new one.Counter();
  assertEquals([counter.increment(), counter.increment(), new other.Counter().increment()], [1, 2, 1]);
  thrown(TypeError, () => other.Counter.prototype.increment.call(counter));
});

Deno.test("beyond the draft: interface names are the keys of what they export", async () => {
  const { exports } = await fromText(`(component
    (core module $m (func (export "f")))
    (core instance $i (instantiate $m))
    (func $f (canon lift (core func $i "f")))
    (instance $inst (export "do-it" (func $f)))
    (export "a:b/c@1.0.0" (instance $inst)))`);
  assertEquals(Object.keys(exports), ["a:b/c@1.0.0"]);
  assertEquals(exports["a:b/c@1.0.0"].doIt(), undefined);
});
