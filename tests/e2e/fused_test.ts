// Which calls between guests have adapters, and what becomes of their modules.

import "../support/leaks.ts";
import { assertEquals, assertThrows } from "@std/assert";
import {
  compile,
  CompileError,
  compileSync,
  type Component,
  features,
  instantiateSync,
  Linker,
} from "@windlass/component";
import { component, thrown } from "../support/wasm.ts";
import { helperKind } from "../../abi/wasm/helper.ts";
import { wat } from "../support/wat.ts";

/** A component that calls another one, with a string and with numbers. */
const callee = `(component $Callee
    (core module $M (memory (export "m") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "length") (param i32 i32) (result i32) (local.get 1))
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
    (core instance $m (instantiate $M))
    (alias core export $m "m" (core memory $mem))
    (alias core export $m "realloc" (core func $realloc))
    (func (export "length") (param "text" string) (result u32)
      (canon lift (core func $m "length") (memory $mem) (realloc $realloc)))
    (func (export "add") (param "x" u32) (param "y" u32) (result u32) (canon lift (core func $m "add"))))`;
const caller = `(component $Caller
    (import "length" (func $length (param "text" string) (result u32)))
    (import "add" (func $add (param "x" u32) (param "y" u32) (result u32)))
    (core module $Lib (memory (export "m") 1) (data (i32.const 8) "hello"))
    (core instance $lib (instantiate $Lib))
    (core func $length' (canon lower (func $length) (memory (core memory $lib "m"))))
    (core func $add' (canon lower (func $add)))
    (core module $M (import "" "length" (func $length (param i32 i32) (result i32)))
      (import "" "add" (func $add (param i32 i32) (result i32)))
      (func (export "f") (result i32) (call $add (call $length (i32.const 8) (i32.const 5)) (i32.const 37))))
    (core instance $m (instantiate $M (with "" (instance (export "length" (func $length')) (export "add" (func $add'))))))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))`;
const text = `(component ${callee} ${caller}
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "length" (func $callee "length")) (with "add" (func $callee "add"))))
  (export "f" (func $caller "f")))`;
const bytes = await wat(text);

const result = (component: Component): unknown => instantiateSync(component, {}).exports.f!();
/** Names of what the modules at the end export: there are three core modules. */
const adapters = ({ modules }: Component): string[][] =>
  modules.slice(3).filter((module) => helperKind(module) === undefined)
    .map((module) => WebAssembly.Module.exports(module).map(({ name }) => name));

function without<T>(feature: "multiMemory" | "memory64", action: () => T): T {
  const had = Object.getOwnPropertyDescriptor(features, feature) ?? { value: features[feature], configurable: true };
  Object.defineProperty(features, feature, { value: false, configurable: true, enumerable: true });
  try {
    return action();
  } finally {
    Object.defineProperty(features, feature, had);
  }
}

Deno.test({
  name: "calls between guests have adapters in one module; `fused: false` makes none",
  ignore: !features.multiMemory,
  async fn() {
    const [sync, made] = [compileSync(bytes), await compile(bytes)], none = compileSync(bytes, { fused: false });
    assertEquals(adapters(made), [["0", "1"]]);
    assertEquals(adapters(sync), adapters(made));
    assertEquals(adapters(none), []);
    for (const each of [sync, made, none]) assertEquals(result(each), 42);
  },
});

Deno.test("without several memories, calls whose values lie in memory go through JavaScript", () => {
  const made = without("multiMemory", () => compileSync(bytes));
  assertEquals(adapters(made), [["1"]]);
  assertEquals(result(made), 42);
});

Deno.test({
  name: "the modules of a component compile nothing when they are given back, with or without the adapters",
  ignore: !features.multiMemory,
  async fn() {
    const { modules } = compileSync(bytes), own = modules.slice(0, 3), { compile: compileModule } = WebAssembly;
    const given = [compileSync(bytes, { modules }), compileSync(bytes, { modules: own })];
    WebAssembly.compile = () => Promise.reject(new Error("nothing is to be compiled"));
    try {
      given.push(await compile(bytes, { modules }));
    } finally {
      WebAssembly.compile = compileModule;
    }
    assertEquals(given.map((each) => each.modules.length), [4, 3, 4]);
    for (const each of given) assertEquals(result(each), 42);
    for (const wrong of [[...own, own[0]!], [...modules, modules[3]!]]) {
      const error = thrown(() => compileSync(bytes, { modules: wrong })) as unknown as CompileError;
      assertEquals([error.constructor, error.code], [CompileError, "wrong-modules"]);
    }
    // `fused: false` takes no adapters.
    assertThrows(() => compileSync(bytes, { modules, fused: false }), CompileError);
  },
});

Deno.test("where the engine refuses to compile the adapters, calls go through JavaScript", async () => {
  const own = compileSync(bytes, { fused: false }).modules, { compile: compileModule } = WebAssembly;
  let count = 0;
  // As a policy or an embedder has it, after the component's own modules.
  WebAssembly.compile = () => {
    if (count < own.length) return Promise.resolve(own[count++]!);
    return Promise.reject(new WebAssembly.CompileError("Wasm code generation disallowed by embedder"));
  };
  try {
    const made = await compile(bytes);
    assertEquals([adapters(made), result(made)], [[], 42]);
  } finally {
    WebAssembly.compile = compileModule;
  }
});

Deno.test("a component that a host gives has adapters for calls from the one that it is given to", async () => {
  const outer = await wat(`(component
    (import "callee" (component $Callee
      (export "length" (func (param "text" string) (result u32)))
      (export "add" (func (param "x" u32) (param "y" u32) (result u32)))))
    ${caller}
    (instance $callee (instantiate $Callee))
    (instance $caller (instantiate $Caller (with "length" (func $callee "length")) (with "add" (func $callee "add"))))
    (export "f" (func $caller "f")))`);
  const inner = await component(callee.replace("$Callee", ""));
  for (const made of [await compile(outer), compileSync(outer), compileSync(outer, { fused: false })]) {
    const { exports } = new Linker().define({ callee: inner }).link(made).instantiateSync();
    assertEquals(exports.f!(), 42);
  }
});

Deno.test("an adapter names the call and the parameter, as JavaScript does", async () => {
  const bad = await wat(text.replace("(i32.const 8) (i32.const 5)", "(i32.const 8) (i32.const 70000)"));
  for (const fused of [true, false]) {
    const made = instantiateSync(compileSync(bad, { fused }), {});
    const error = thrown(() => made.exports.f!());
    assertEquals(
      error.message,
      "Cannot lift param 1 `text` of function length of another component: string content out-of-bounds",
    );
    assertEquals(
      thrown(() => made.exports.f!()).message,
      "Cannot call export f: cannot enter component instance, which an earlier trap locked down",
    );
  }
});

/** The callee with a 64-bit memory. */
const wideCallee = callee.replace(`(memory (export "m") 1)`, `(memory (export "m") i64 1)`)
  .replace("(param i32 i32 i32 i32) (result i32) (i32.const 64)", "(param i64 i64 i64 i64) (result i64) (i64.const 64)")
  .replace(`(param i32 i32) (result i32) (local.get 1))`, `(param i64 i64) (result i32) (i32.wrap_i64 (local.get 1)))`);

Deno.test({
  name: "calls between a 32-bit and a 64-bit memory have adapters",
  ignore: !features.memory64 || !features.multiMemory,
  async fn() {
    const source = await wat(text.replace(callee, () => wideCallee)), gates = { memory64: true };
    for (const each of [compileSync(source, { gates }), compileSync(source, { gates, fused: false })]) {
      assertEquals(result(each), 42);
    }
    assertEquals(adapters(compileSync(source, { gates })).map((names) => names.length), [2]);
  },
});

Deno.test({
  name: "an engine without 64-bit memories gets no adapter that imports one",
  ignore: !features.multiMemory,
  async fn() {
    // The module with such a memory is the host's, so that nothing else of the component needs one.
    const imported = `(import "lib" (core module $M (export "m" (memory i64 1))
      (export "realloc" (func (param i64 i64 i64 i64) (result i64)))
      (export "length" (func (param i64 i64) (result i32))) (export "add" (func (param i32 i32) (result i32)))))`;
    const body = wideCallee.slice(wideCallee.indexOf("(core instance"));
    const source = await wat(
      text.replace(callee, () => `(component $Callee ${imported} ${body}`)
        .replace("(component", `(component ${imported}`)
        .replace("(instantiate $Callee)", `(instantiate $Callee (with "lib" (core module $M)))`),
    );
    const gates = { memory64: true };
    const count = (made: Component): number[] =>
      made.modules.slice(2).map((module) => WebAssembly.Module.exports(module).length);
    assertEquals(count(without("memory64", () => compileSync(source, { gates }))), [1]);
    if (features.memory64) assertEquals(count(compileSync(source, { gates })), [2]);
  },
});
