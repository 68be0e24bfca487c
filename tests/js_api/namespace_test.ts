// "The WebAssembly Namespace": bytes of either layer are dispatched, and what is new looks like what
// WebIDL makes.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as api from "@windlass/component/js-api";
import { wat } from "../support/wat.ts";
import { fixture, rejected, thrown, watched } from "./support.ts";

const { Component, ComponentInstance, compile, compileStreaming, instantiate, instantiateStreaming, validate } = api;

const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const component = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
/** The text format's tools refuse it: its import section is cut off. */
const broken = Uint8Array.of(...component, 10, 9);

const response = (
  bytes: Uint8Array<ArrayBuffer>,
  init: ResponseInit = { headers: { "content-type": "application/wasm" } },
) => new Response(bytes, init);

Deno.test("validate: components and core modules, valid and not", async () => {
  assertEquals([component, module].map((bytes) => validate(bytes)), [true, true]);
  assertEquals([broken, module.subarray(0, 7), new Uint8Array()].map((bytes) => validate(bytes)), [
    false,
    false,
    false,
  ]);
  // The preamble says which layer: one that nobody knows is no component.
  assertEquals(validate(Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 2, 0)), false);
  assertEquals(validate(fixture("element")), true);
  // A core module within a component that is invalid: (func (result i32)) without a result.
  const bytes = await wat(`(component (core module (func (result i32) i32.const 7)))`);
  const at = bytes.findIndex((byte, i) => byte === 0x41 && bytes[i + 1] === 7 && bytes[i + 2] === 0x0b);
  bytes[at] = bytes[at + 1] = 0x01;
  assertEquals(validate(bytes), false);
  thrown(WebAssembly.CompileError, () => new Component(bytes));
});

Deno.test("validate, Component: every kind of buffer source, others are a TypeError", async () => {
  // A page that is not isolated has no shared buffers.
  const shared = new Uint8Array("SharedArrayBuffer" in globalThis ? new SharedArrayBuffer(8) : new ArrayBuffer(8));
  shared.set(component);
  const padded = new Uint8Array(16);
  padded.set(component, 4);
  const resizable = new ArrayBuffer(8, { maxByteLength: 16 });
  new Uint8Array(resizable).set(component);
  const sources = [component, component.buffer, shared, shared.buffer, new DataView(padded.buffer, 4, 8), resizable];
  for (const source of [...sources, padded.subarray(4, 12)]) {
    assertEquals(validate(source), true);
    assert(new Component(source) instanceof Component);
    assert(await compile(source) instanceof Component);
  }
  for (const source of [undefined, null, {}, "bytes", 1, [0], Object.create(Uint8Array.prototype)]) {
    thrown(TypeError, () => validate(source as never));
    thrown(TypeError, () => new Component(source as never));
    await rejected(TypeError, compile(source as never));
    await rejected(TypeError, instantiate(source as never));
  }
  thrown(TypeError, () => (Component as unknown as () => void)());
  thrown(TypeError, () => (validate as unknown as () => void)());
});

Deno.test("the bytes are looked at without running code of a script's", async () => {
  const odd = component.slice(), log: string[] = [];
  for (const key of ["buffer", "byteLength", "byteOffset", "length", "slice", Symbol.iterator, Symbol.toStringTag]) {
    Object.defineProperty(odd, key, { get: () => log.push(String(key)) });
  }
  assertEquals(validate(odd), true);
  await compile(odd);
  assertEquals(log, []);
});

Deno.test("compile: a Component or a Module; the bytes are copied at once", async () => {
  const bytes = component.slice(), compiled = compile(bytes);
  bytes.fill(0);
  assert(await compiled instanceof Component);
  assert(await compile(module) instanceof WebAssembly.Module);
  await rejected(WebAssembly.CompileError, compile(broken));
  await rejected(WebAssembly.CompileError, compile(module.subarray(0, 7)));
});

Deno.test("Component: a core module's bytes are a CompileError", () => {
  thrown(WebAssembly.CompileError, () => new Component(module));
  thrown(WebAssembly.CompileError, () => new Component(new Uint8Array()));
});

Deno.test("instantiate: bytes give a module and an instance, a Component an instance", async () => {
  const source = await instantiate(component);
  assertEquals(Object.keys(source), ["module", "instance"]);
  assert(source.module instanceof Component && source.instance instanceof ComponentInstance);
  assert(await instantiate(source.module) instanceof ComponentInstance);
  const core = await instantiate(module);
  assert(core.module instanceof WebAssembly.Module && core.instance instanceof WebAssembly.Instance);
  assert(await instantiate(core.module) instanceof WebAssembly.Instance);
  assert(new ComponentInstance(source.module as never) instanceof ComponentInstance);
});

Deno.test("instantiate: the imports must be an object, if there are any", async () => {
  const compiled = new Component(component);
  for (const imports of [null, 1, "x", Symbol()]) {
    await rejected(TypeError, instantiate(component, imports as never));
    await rejected(TypeError, instantiate(compiled, imports as never));
    thrown(TypeError, () => new ComponentInstance(compiled, imports as never));
  }
  for (const first of [{}, component, undefined, Object.create(Component.prototype)]) {
    thrown(TypeError, () => new ComponentInstance(first as never));
  }
});

Deno.test("instantiate: of a Component, the imports are read at once", async () => {
  const log: string[] = [], compiled = new Component(fixture("logger"));
  const instance = instantiate(compiled, watched({ log: () => {} }, log));
  assertEquals(log, ["get log"]);
  await instance;
  assertEquals(log, ["get log"]);
});

Deno.test("compile options: a dictionary, whose members are read in order", async () => {
  const log: string[] = [];
  await compile(component, watched({ builtins: [], importedStringConstants: null }, log));
  assertEquals(log, ["get builtins", "get importedStringConstants"]);
  await rejected(TypeError, compile(component, 1 as never));
  await rejected(TypeError, compile(component, { builtins: 1 as never }));
  thrown(TypeError, () => validate(component, { importedStringConstants: Symbol() as never }));
});

Deno.test("compileStreaming, instantiateStreaming: of either layer, in pieces too", async () => {
  assert(await compileStreaming(response(component)) instanceof Component);
  assert(await compileStreaming(Promise.resolve(response(module))) instanceof WebAssembly.Module);
  const pieces = (bytes: Uint8Array) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
  const inPieces = new Response(pieces(fixture("greeter")), { headers: { "content-type": "application/wasm" } });
  const { module: made, instance } = await instantiateStreaming(inPieces);
  assert(made instanceof Component);
  assertEquals(instance.exports.greet("you"), "hello, you");
  const core = await instantiateStreaming(response(module), {});
  assert(core.instance instanceof WebAssembly.Instance);
});

Deno.test("compileStreaming: the type, the status and the body of the response are checked", async () => {
  for (const type of ["text/plain", "application/wasm;charset=utf-8", ""]) {
    await rejected(TypeError, compileStreaming(response(component, { headers: { "content-type": type } })));
  }
  const used = response(component);
  await used.arrayBuffer();
  const headers = { "content-type": "application/wasm" };
  for (const bad of [used, response(component, { status: 404, headers }), {}, undefined, component]) {
    await rejected(TypeError, compileStreaming(bad as never));
    await rejected(TypeError, instantiateStreaming(bad as never));
  }
  await rejected(WebAssembly.CompileError, compileStreaming(response(broken)));
  const failure = new RangeError("no response");
  assertStrictEquals(await rejected(RangeError, compileStreaming(Promise.reject(failure))), failure);
});

Deno.test("the functions are as WebIDL's: names, lengths, no `new`; the classes have their tags", () => {
  const functions = { validate, compile, instantiate, compileStreaming, instantiateStreaming };
  for (const [name, func] of Object.entries(functions)) {
    assertEquals([func.name, func.length, "prototype" in func], [name, 1, false]);
    thrown(TypeError, () => new (func as unknown as new () => void)());
  }
  for (const Class of [Component, ComponentInstance, api.ComponentError]) {
    const tag = Object.getOwnPropertyDescriptor(Class.prototype, Symbol.toStringTag)!;
    assertEquals(tag, { value: `WebAssembly.${Class.name}`, writable: false, enumerable: false, configurable: true });
  }
  assertEquals([Component.length, ComponentInstance.length], [1, 1]);
  const { get, set, enumerable } = Object.getOwnPropertyDescriptor(ComponentInstance.prototype, "exports")!;
  assertEquals([typeof get, set, enumerable], ["function", undefined, true]);
  thrown(TypeError, () => get!.call({}));
});

Deno.test("the library on its own leaves WebAssembly and Symbol as they are", () => {
  const hasPolyfill = "Component" in WebAssembly;
  assert(hasPolyfill || !("isWasmResourceOf" in Symbol));
  assertStrictEquals(api.isWasmResourceOf, Symbol.for("Symbol.isWasmResourceOf"));
});
