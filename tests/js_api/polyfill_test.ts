// `./polyfill`: what it adds to `WebAssembly`, and that core modules are treated as before. The rows
// are behaviours that the WebAssembly JS API has for core modules; its own tests are run by
// `deno task wasm-js-api`.

import "@windlass/component/polyfill";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as api from "@windlass/component/js-api";
import { install } from "../../host/js_api/install.ts";
import { wat } from "../support/wat.ts";
import { rejected, thrown } from "./support.ts";

// deno-lint-ignore no-explicit-any
const namespace = WebAssembly as any;
const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

Deno.test("polyfill: what it adds has the attributes of what is there", () => {
  for (const name of ["Component", "ComponentInstance", "ComponentError"] as const) {
    const { value, ...rest } = Object.getOwnPropertyDescriptor(namespace, name)!;
    assertStrictEquals(value, api[name]);
    assertEquals(rest, { writable: true, enumerable: false, configurable: true });
  }
  const { value: like, ...attributes } = Object.getOwnPropertyDescriptor(namespace, "Module")!;
  assertEquals([typeof like, attributes.enumerable], ["function", false]);
  for (const name of ["validate", "compile", "instantiate", "compileStreaming", "instantiateStreaming"] as const) {
    const { value, ...rest } = Object.getOwnPropertyDescriptor(namespace, name)!;
    assertStrictEquals(value, api[name]);
    assertEquals(rest, { writable: true, enumerable: true, configurable: true });
  }
  assertEquals(Object.getOwnPropertyDescriptor(Symbol, "isWasmResourceOf"), {
    value: api.isWasmResourceOf,
    writable: false,
    enumerable: false,
    configurable: false,
  } as never);
});

Deno.test("polyfill: validate of a core module", () => {
  assertEquals(namespace.validate(empty), true);
  assertEquals(namespace.validate(empty.buffer, undefined, "ignored"), true);
  assertEquals(namespace.validate(new Uint8Array()), false);
  for (const bytes of [[0, 0x61], [...empty.subarray(0, 4), 2, 0, 0, 0], [...empty, 1]]) {
    assertEquals(namespace.validate(Uint8Array.from(bytes)), false);
  }
  for (
    const args of [[], [undefined], [null], [true], [""], [Symbol()], [1], [{}], [ArrayBuffer], [Array.from(empty)]]
  ) {
    thrown(TypeError, () => namespace.validate(...args));
  }
  for (const receiver of [undefined, null, {}, 1]) assertEquals(namespace.validate.call(receiver, empty), true);
});

Deno.test("polyfill: compile of a core module", async () => {
  const promise = namespace.compile(empty);
  assertStrictEquals(Object.getPrototypeOf(promise), Promise.prototype);
  const module = await promise;
  assertStrictEquals(Object.getPrototypeOf(module), WebAssembly.Module.prototype);
  assert(Object.isExtensible(module));
  for (const args of [[], [undefined], [{}], [empty.length], [Array.from(empty)]]) {
    await rejected(TypeError, namespace.compile(...args));
  }
  await rejected(WebAssembly.CompileError, namespace.compile(new Uint8Array()));
  await rejected(WebAssembly.CompileError, namespace.compile(Uint8Array.of(...empty, 0, 0)));
  const changed = Uint8Array.from(empty), compiling = namespace.compile(changed);
  changed[0] = 1;
  await compiling;
});

Deno.test("polyfill: instantiate of a core module", async () => {
  const source = await namespace.instantiate(empty);
  assertStrictEquals(Object.getPrototypeOf(source), Object.prototype);
  assertEquals(
    Object.entries(Object.getOwnPropertyDescriptors(source)).map(([name, { value, ...rest }]) => [
      name,
      value.constructor,
      ...Object.values(rest),
    ]),
    [["module", WebAssembly.Module, true, true, true], ["instance", WebAssembly.Instance, true, true, true]],
  );
  const instance = await namespace.instantiate(source.module, {});
  assertStrictEquals(Object.getPrototypeOf(instance), WebAssembly.Instance.prototype);
  assert(Object.isFrozen(instance.exports));
  for (const first of [undefined, null, {}, 1, "x", WebAssembly.Module]) {
    await rejected(TypeError, namespace.instantiate(first));
  }
  for (const imports of [null, 1, "x", Symbol()]) await rejected(TypeError, namespace.instantiate(empty, imports));
  await rejected(WebAssembly.CompileError, namespace.instantiate(new Uint8Array(), {}));
});

Deno.test("polyfill: the imports of a core module are read in order, by their names", async () => {
  const bytes = await wat(`(module
    (import "a" "f" (func)) (import "b" "g" (global i32)) (import "a" "h" (func)))`);
  const log: string[] = [];
  const imports = {
    get a() {
      log.push("a");
      return {
        get f() {
          return (log.push("f"), () => {});
        },
        get h() {
          return (log.push("h"), () => {});
        },
      };
    },
    get b() {
      log.push("b");
      return {
        get g() {
          return (log.push("g"), 7);
        },
      };
    },
  };
  const { module } = await namespace.instantiate(bytes, imports);
  assertEquals(log.splice(0), ["a", "f", "b", "g", "a", "h"]);
  const promise = namespace.instantiate(module, imports);
  assertEquals(log, ["a", "f", "b", "g", "a", "h"]); // before it returned
  await promise;
  const boom = new RangeError("boom");
  const throwing = {
    get a() {
      throw boom;
    },
  };
  assertStrictEquals(await rejected(RangeError, namespace.instantiate(bytes, throwing)), boom);
  await rejected(TypeError, namespace.instantiate(bytes, { a: 1, b: {} }));
  await rejected(TypeError, namespace.instantiate(bytes));
  await rejected(WebAssembly.LinkError, namespace.instantiate(bytes, { a: { f: 1 }, b: {} }));
});

Deno.test("polyfill: a trap in a core module's start function", async () => {
  const bytes = await wat(`(module (func $f unreachable) (start $f))`);
  await rejected(WebAssembly.RuntimeError, namespace.instantiate(bytes));
  await rejected(WebAssembly.RuntimeError, namespace.instantiate(await namespace.compile(bytes)));
});

Deno.test("polyfill: a core module's exports come back as they went in", async () => {
  const bytes = await wat(`(module (import "m" "f" (func)) (export "f" (func 0)) (memory (export "memory") 1))`);
  const one = await namespace.instantiate(await wat(`(module (func (export "f")))`));
  const other = await namespace.instantiate(bytes, { m: one.instance.exports });
  assertStrictEquals(other.instance.exports.f, one.instance.exports.f);
  assert(other.instance.exports.memory instanceof WebAssembly.Memory);
});

Deno.test("polyfill: what an engine has stays, a polyfill that is installed already too", () => {
  const before = Object.getOwnPropertyDescriptors(namespace);
  install();
  assertEquals(Object.getOwnPropertyDescriptors(namespace), before);
  const Component = class {}, compile = () => {}, native = { Component, compile }, symbols = {};
  install(native, symbols);
  assertEquals([Object.keys(native), native.compile === compile, symbols], [["Component", "compile"], true, {}]);
  // One that cannot stream gets what it lacks.
  const old: Record<string, unknown> = { compile, Module: class {} }, isWasmResourceOf = Symbol();
  install(old, { isWasmResourceOf });
  assertEquals(typeof old["instantiateStreaming"], "function");
  assertStrictEquals(old["compile"], api.compile);
});
