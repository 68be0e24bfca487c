// "Read the imports object": what is read, in which order, and what is refused; and how functions of
// JavaScript are called.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { compile, Component, instantiate } from "@windlass/component/js-api";
import { ComponentEncoder, extern } from "../support/encoder.ts";
import { wat } from "../support/wat.ts";
import { fromText, rejected, thrown, watched } from "./support.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const everything = `(component
  (import "thing" (type $r (sub resource)))
  (import "[constructor]thing" (func (param "x" u32) (result (own $r))))
  (import "[method]thing.do-it" (func (param "self" (borrow $r))))
  (import "[static]thing.get-URL" (func (result string)))
  (import "nested" (instance
    (export "f" (func))
    (export "inner" (instance (export "g" (func))))
    (export "kind" (type (sub resource)))))
  (import "a-func" (func)))`;

class Thing {
  static getURL() {}
  doIt() {}
}

const imports = () => ({
  Thing,
  nested: { f() {}, inner: { g() {} }, Kind: class {} },
  aFunc() {},
});

Deno.test("read the imports: a component without imports reads nothing, whatever the object is", async () => {
  const log: string[] = [];
  await instantiate(await wat("(component)"), watched({}, log));
  await instantiate(await wat("(component)"));
  assertEquals(log, []);
});

Deno.test("read a scope of imports, step 1: what is not an Object is a TypeError", async () => {
  const text = `(component (import "i" (instance (export "f" (func)))))`;
  for (const value of [undefined, null, 1, "x"]) await rejected(TypeError, fromText(text, { i: value }), "import i");
  await rejected(TypeError, fromText(text), "object of imports");
  // A function is an Object.
  await fromText(text, Object.assign(() => {}, { i: Object.assign(() => {}, { f() {} }) }));
});

Deno.test("read a scope of imports: in the order of declaration, by JSName, each once", async () => {
  const log: string[] = [], given = imports();
  const proxied = watched({
    ...given,
    Thing: watched(Thing, log, "Thing."),
    nested: watched({ ...given.nested, inner: watched(given.nested.inner, log, "inner.") }, log, "nested."),
  }, log);
  await fromText(everything, proxied);
  assertEquals(log.map((line) => line.replace("Symbol(Symbol.isWasmResourceOf)", "@@is")), [
    "get Thing",
    "get Thing.@@is",
    "get Thing.prototype",
    "get Thing.getURL",
    "get nested",
    "get nested.f",
    "get nested.inner",
    "get inner.g",
    "get nested.Kind",
    "get aFunc",
  ]);
});

Deno.test("read a scope of imports: an error ends the reading, and what a getter throws comes out", async () => {
  const log: string[] = [], boom = new RangeError("boom");
  const given = watched(
    Object.defineProperty(imports(), "nested", {
      get() {
        throw boom;
      },
    }),
    log,
  );
  assertStrictEquals(await rejected(RangeError, fromText(everything, given)), boom);
  assertEquals(log.at(-1), "get nested");
});

Deno.test("read a scope of imports: inherited properties count, as for core modules", async () => {
  await fromText(everything, Object.create(imports()));
  await rejected(
    TypeError,
    fromText(everything, { ...imports(), aFunc: undefined }),
    "import a-func: expected a function",
  );
});

Deno.test("read a scope of imports: a type is looked for in camelCase, too, as the explainer's example has it", async () => {
  const log: string[] = [], text = `(component (import "my-thing" (type (sub resource))))`;
  await fromText(text, watched({ myThing: Thing }, log));
  assertEquals(log, ["get MyThing", "get myThing"]);
});

Deno.test("read a scope of imports: methods are of the prototype, which must be an Object", async () => {
  const text = (name: string, type: string) =>
    `(component (import "r" (type $r (sub resource))) (import "${name}" (func ${type})))`;
  const method = text("[method]r.m", `(param "self" (borrow $r))`),
    constructor = text("[constructor]r", "(result (own $r))");
  for (const prototype of [undefined, null, 1]) {
    await rejected(TypeError, fromText(method, { R: { prototype } }), "no prototype");
  }
  await rejected(TypeError, fromText(method, { R: class {} }), "expected a function");
  await rejected(TypeError, fromText(text("[static]r.m", ""), { R: class {} }), "expected a function");
  await rejected(TypeError, fromText(constructor, { R: {} }), "expected a function");
  await fromText(method, { R: { prototype: { m() {} } } });
});

Deno.test("read the core module import: a [[Module]] slot, and its type", async () => {
  const text = `(component (import "m" (core module (export "f" (func (param i32))))))`;
  const module = new WebAssembly.Module(await wat(`(module (func (export "f") (param i32)))`));
  const other = new WebAssembly.Module(await wat(`(module (func (export "g")))`));
  await fromText(text, { m: module });
  for (
    const m of [undefined, {}, Object.create(WebAssembly.Module.prototype), await compile(await wat("(component)"))]
  ) {
    await rejected(TypeError, fromText(text, { m }), "expected a WebAssembly.Module");
  }
  await rejected(WebAssembly.LinkError, fromText(text, { m: other }));
});

Deno.test("read the component import: a [[Component]] slot, and its type", async () => {
  const text = `(component
    (import "c" (component $c (export "f" (func (result u32)))))
    (instance $i (instantiate $c))
    (export "f" (func $i "f")))`;
  const component = new Component(
    await wat(`(component
    (core module $m (func (export "f") (result i32) i32.const 7))
    (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))`),
  );
  assertEquals((await fromText(text, { c: component })).exports.f(), 7);
  const other = new Component(await wat("(component)"));
  for (const c of [undefined, {}, Object.create(Component.prototype)]) {
    await rejected(TypeError, fromText(text, { c }), "expected a Component");
  }
  await rejected(WebAssembly.LinkError, fromText(text, { c: other }));
});

Deno.test("read the value import: ToComponentValue when it is read, and what that throws comes out", async () => {
  // (component (import "v" (value u8)) (export "w" (value 0))): the text format's tools have no such binary.
  const encoder = new ComponentEncoder(), value = encoder.import("v", "value", extern.value([0x7d]));
  encoder.export("w", ["value", value]);
  const bytes = encoder.finish(), log: string[] = [];
  const { instance } = await instantiate(bytes, watched({ v: "7" }, log));
  assertEquals([instance.exports.w, log], [7, ["get v"]]);
  await rejected(TypeError, instantiate(bytes, { v: 256 }), "import v: expected u8, found 256");
});

Deno.test("read the function import: anything callable, a class too", async () => {
  const text = `(component (import "f" (func)))`;
  for (const f of [class {}, () => {}, new Proxy(() => {}, {}), Function]) await fromText(text, { f });
  for (const f of [undefined, {}, 1, new Proxy({}, {})]) {
    await rejected(TypeError, fromText(text, { f }), "expected a function");
  }
});

/** A component whose export `run` calls an import of a type with the number 7, where it has a parameter. */
const calling = (name: string, type: string, core: string, call: string, options = "") =>
  `(component
    (import "r" (type $r (sub resource)))
    (import "${name}" (func $f ${type}))
    (core module $libc (memory (export "memory") 1) (global $at (mut i32) (i32.const 64))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $at (i32.add (global.get $at) (i32.const 64))) (global.get $at)))
    (core instance $libc (instantiate $libc))
    (core func $f' (canon lower (func $f) ${options}))
    (core func $drop (canon resource.drop $r))
    (core module $m
      (import "" "f" (func $f ${core}))
      (import "" "drop" (func $drop (param i32)))
      (import "" "memory" (memory 1))
      (func (export "run") (param i32) (result i32) ${call}))
    (core instance $i (instantiate $m (with "" (instance
      (export "f" (func $f')) (export "drop" (func $drop)) (export "memory" (memory $libc "memory"))))))
    (func (export "run") (param "r" (own $r)) (result u32) (canon lift (core func $i "run"))))`;
const memory = `(memory $libc "memory") (realloc (func $libc "realloc"))`;
const dropped = "(call $drop (local.get 0))";

Deno.test("read the function import: receiver, arguments and kind of call by the tag", async () => {
  class Thing {
    static calls: unknown[] = [];
    constructor(...args: unknown[]) {
      Thing.calls.push([new.target, ...args]);
    }
    static s(this: unknown, ...args: unknown[]) {
      Thing.calls.push([this, ...args]);
    }
    m(...args: unknown[]) {
      Thing.calls.push([this, ...args]);
    }
  }
  function plain(this: unknown, ...args: unknown[]) {
    Thing.calls.push([this, ...args]);
  }
  const thing = new Thing();
  Thing.calls = [];
  const u = `(param "x" u32)`, i = "(param i32)";
  const run = async (text: string) => (await fromText(text, { R: Thing, f: plain })).exports.run(thing);
  await run(calling("f", u, i, `(call $f (i32.const 7)) ${dropped} (i32.const 0)`));
  await run(calling("[static]r.s", u, i, `(call $f (i32.const 7)) ${dropped} (i32.const 0)`));
  await run(
    calling(
      "[constructor]r",
      `${u} (result (own $r))`,
      `${i} (result i32)`,
      `(call $drop (call $f (i32.const 7))) ${dropped} (i32.const 0)`,
    ),
  );
  await run(
    calling(
      "[method]r.m",
      `(param "self" (borrow $r)) ${u}`,
      "(param i32 i32)",
      `(call $f (local.get 0) (i32.const 7)) ${dropped} (i32.const 0)`,
    ),
  );
  assertEquals(Thing.calls.length, 4);
  const receivers = [undefined, Thing, Thing, thing];
  Thing.calls.forEach((call, k) => {
    const [receiver, ...args] = call as unknown[];
    assertStrictEquals(receiver, receivers[k]);
    assertEquals(args, [7]);
  });
});

/** A component that calls `f: func() -> T`, and gives the first word of what is in memory. */
const returning = (type: string) =>
  calling(
    "f",
    `(result ${type})`,
    "(param i32)",
    `${dropped} (call $f (i32.const 0)) (i32.load8_u (i32.const 0))`,
    memory,
  );
const returningNothing = calling("f", "", "", `${dropped} (call $f) (i32.const 5)`);

async function run(text: string, f: unknown): Promise<Any> {
  const { exports } = await fromText(text, { R: Object, f });
  return exports.run({});
}

Deno.test("read the function import: without a result, what is returned is ignored, a promise too", async () => {
  for (const value of [1, {}, Promise.resolve(), Symbol()]) assertEquals(await run(returningNothing, () => value), 5);
});

Deno.test("read the function import: without a `result`, what is thrown is a trap", async () => {
  const boom = new RangeError("boom");
  const error = await rejected(
    WebAssembly.RuntimeError,
    run(returningNothing, () => {
      throw boom;
    }),
  );
  assertStrictEquals(error.cause, boom);
  assertEquals(error.message, "Cannot call import f: the host function threw: see `cause`");
  // The instance is locked down, as after any trap.
  const { exports } = await fromText(returningNothing, {
    R: Object,
    f() {
      throw boom;
    },
  });
  for (let i = 0; i < 2; i++) thrown(WebAssembly.RuntimeError, () => exports.run({}));
});

Deno.test("read the function import: what cannot be converted is a trap", async () => {
  const error = await rejected(WebAssembly.RuntimeError, run(returning("(tuple u8 u8)"), () => [256, 1]));
  assertEquals(error.message, "Cannot call import f: what the host function returned cannot be converted: see `cause`");
  assertEquals(error.cause.constructor, TypeError);
  assertEquals(error.cause.message, "Cannot lower result[0] of import f: expected u8, found 256");
  assertEquals(await run(returning("(tuple u8 u8)"), () => ["3", 1]), 3);
});

Deno.test("read the function import: a `result` is the value returned, or the value thrown", async () => {
  const type = "(result (tuple u8 u8) (error string))";
  assertEquals(await run(returning(type), () => [1, 2]), 0);
  assertEquals(
    await run(returning(type), () => {
      throw "an error";
    }),
    1,
  );
  assertEquals(
    await run(returning(type), () => {
      throw new Error("an error is a text, too");
    }),
    1,
  );
  const bare = calling("f", "(result (result))", "(result i32)", `${dropped} (call $f)`);
  assertEquals(await run(bare, () => "ignored"), 0);
  assertEquals(
    await run(bare, () => {
      throw undefined;
    }),
    1,
  );
  // A `kind` is for values that are no function's result.
  await rejected(WebAssembly.RuntimeError, run(returning(type), () => ({ kind: "ok", value: [1, 2] })));
});

Deno.test("read the function import: an error that cannot be converted is a trap", async () => {
  const error = await rejected(
    WebAssembly.RuntimeError,
    run(returning("(result (error u8))"), () => {
      throw new Error("no number");
    }),
  );
  assertEquals(error.message, "Cannot call import f: what the host function threw cannot be converted: see `cause`");
  assert(error.cause.message.includes("result.error of import f: expected u8"), error.cause.message);
});

Deno.test("read the function import: a constructor that cannot be constructed traps", async () => {
  const text = calling(
    "[constructor]r",
    `(result (own $r))`,
    "(result i32)",
    `${dropped} (call $drop (call $f)) (i32.const 0)`,
  );
  const R = Object.defineProperty(() => {}, Symbol.hasInstance, { value: () => true });
  const { exports } = await fromText(text, { R });
  assertEquals(thrown(WebAssembly.RuntimeError, () => exports.run({})).cause.constructor, TypeError);
});

Deno.test("exported functions are imported as functions of JavaScript, not linked", async () => {
  const inner = (await fromText(`(component
    (core module $m (func (export "f") (param i32) (result i32) (local.get 0)))
    (core instance $i (instantiate $m))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))`)).exports;
  const text = `(component
    (import "f" (func $f (param "x" string) (result string)))
    (core module $libc (memory (export "memory") 1) (global $at (mut i32) (i32.const 64))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $at (i32.add (global.get $at) (i32.const 64))) (global.get $at)))
    (core instance $libc (instantiate $libc))
    (core func $f' (canon lower (func $f) ${memory}))
    (core module $m (import "" "f" (func $f (param i32 i32 i32)))
      (func (export "g") (param i32 i32) (result i32) (call $f (local.get 0) (local.get 1) (i32.const 0)) (i32.const 0)))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f'))))))
    (func (export "g") (param "x" string) (result string) (canon lift (core func $i "g") ${memory})))`;
  // A u32 where a string is declared: JavaScript converts, where linking would refuse the type.
  assertEquals((await fromText(text, { f: inner.f })).exports.g("12"), "12");
});

Deno.test("beyond the draft: interface names are looked up as they are, then by version", async () => {
  const text = `(component (import "a:b/c@1.2.0" (instance (export "f" (func)))))`, log: string[] = [];
  await fromText(text, watched({ "a:b/c@1.2.0": { f() {} } }, log));
  assertEquals(log, ["get a:b/c@1.2.0"]);
  for (const name of ["a:b/c@1.3.0", "a:b/c"]) await fromText(text, { [name]: { f() {} } });
  for (const name of ["a:b/c@2.0.0", "a:b/d"]) await rejected(TypeError, fromText(text, { [name]: { f() {} } }));
});
