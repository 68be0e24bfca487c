// compile(): sources of every kind, streaming, precompiled modules, capped memories.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { compile, CompileError, compileSync, instantiate, instantiateSync } from "@windlass/component";
import { neededFeatures } from "../../core/module/needed_features.ts";
import { features } from "../../core/module/features.ts";
import { sharedBuffer } from "../support/engine.ts";
import { section } from "../support/bytes.ts";
import { binary, component, thrown } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";

const greet = await Deno.readFile(new URL("../e2e/fixtures/greet.wasm", import.meta.url));
const imports = { "demo:greet/host@1.0.0": { log: () => {} } };

function stream(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let position = 0;
  return new ReadableStream({
    pull(controller) {
      if (position >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(position, position += size));
    },
  });
}

const sources: Record<string, () => Parameters<typeof compile>[0]> = {
  "an ArrayBuffer": () => greet.slice().buffer,
  "a view into a larger buffer": () => {
    const larger = new Uint8Array(greet.length + 20);
    larger.set(greet, 7);
    return larger.subarray(7, 7 + greet.length);
  },
  "a DataView": () => new DataView(greet.slice().buffer),
  "a shared buffer": () => {
    const shared = new Uint8Array(sharedBuffer(), 8, greet.length);
    shared.set(greet);
    return shared;
  },
  "a Response": () => new Response(greet),
  "a promise of a Response": () => Promise.resolve(new Response(greet)),
  "a stream": () => stream(greet, 100),
  "a stream of single bytes": () => stream(greet, 1),
  "a Component": () => compileSync(greet),
};

Deno.test("compileSync() takes a shared buffer itself, as it takes any bytes", () => {
  assertThrows(() => compileSync(sharedBuffer()), CompileError, "magic header");
});

for (const [name, source] of Object.entries(sources)) {
  Deno.test(`compile() takes ${name}`, async () => {
    const instance = await instantiate(source(), imports);
    assertEquals(instance.exports.version(), "1.0.0");
  });
}

Deno.test("compile() refuses anything else with a TypeError", async () => {
  await assertRejects(() => compile("greet.wasm" as never), TypeError);
  assertThrows(() => compileSync(new Response(greet) as never), TypeError);
});

Deno.test("compile() of a truncated stream fails with an offset", async () => {
  for (const length of [0, 4, 7, 9, 100, 1000, greet.length - 1]) {
    const error = await assertRejects(() => compile(stream(greet.subarray(0, length), 64)), CompileError);
    assert(error.offset! <= length, error.message);
  }
});

Deno.test("compile() cancels a stream that turns out to be no component", async () => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(16)),
    cancel: () => void (cancelled = true),
  });
  await assertRejects(() => compile(endless), CompileError, "bad magic number");
  assert(cancelled);
});

Deno.test("compile() passes on what a failing stream throws", async () => {
  const failing = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new RangeError("gone")) });
  await assertRejects(() => compile(failing), RangeError, "gone");
});

Deno.test("modules and bytes can be posted to a worker, which compiles nothing", async () => {
  const source = `
    import { instantiate } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
    WebAssembly.compile = () => Promise.reject(new Error("nothing is to be compiled"));
    onmessage = async ({ data: { bytes, modules } }) => {
      const { exports } = await instantiate(bytes, { "demo:greet/host@1.0.0": { log() {} } }, { modules });
      postMessage(exports["demo:greet/api@1.0.0"].greet("worker"));
    };`;
  // Not of a `data:` URL: that would have another origin, to which no module can be posted.
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const answer = new Promise((done, fail) => {
    worker.onmessage = ({ data }) => done(data);
    worker.onerror = worker.onmessageerror = fail;
  });
  worker.postMessage({ bytes: greet, modules: (await compile(greet)).modules });
  assertEquals(await answer, "Hello, worker!");
  worker.terminate();
});

Deno.test("modules round-trip through compile(bytes, { modules }) without compiling", async () => {
  const { modules } = await compile(greet);
  const given = [...modules];
  const real = WebAssembly.compile, realModule = WebAssembly.Module;
  try {
    WebAssembly.compile = () => Promise.reject(new Error("nothing is to be compiled"));
    const component = await compile(greet, { modules: given });
    assert(component.modules[0] === given[0] && component.modules[0] instanceof realModule);
    assertEquals((await instantiate(component, imports)).exports.version(), "1.0.0");
    assertEquals((await instantiate(stream(greet, 50), imports, { modules: given })).exports.version(), "1.0.0");
  } finally {
    WebAssembly.compile = real;
  }
});

const growing = await wat(`(component
  (core module $M (memory (export "m") 1)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
  (core instance $m (instantiate $M))
  (func (export "grow") (param "by" u32) (result s32) (canon lift (core func $m "grow"))))`);

Deno.test("maxMemoryPages caps what a memory can grow to, from a buffer and from a stream", async () => {
  for (const source of [growing, stream(growing, 3), stream(growing, 1000)]) {
    const { exports } = await instantiate(source, {}, { maxMemoryPages: 3 });
    assertEquals([exports.grow(2), exports.grow(1), exports.grow(0)], [1, -1, 3]);
  }
  assertEquals(instantiateSync(growing).exports.grow(7), 1);
  await assertRejects(() => compile(growing, { maxMemoryPages: 0 }), CompileError, "more than maxMemoryPages 0");
  await assertRejects(
    () => compile(stream(growing, 5), { maxMemoryPages: 0 }),
    CompileError,
    "more than maxMemoryPages 0",
  );
  assertThrows(() => compileSync(growing, { maxMemoryPages: -1 }), RangeError);
  assertThrows(() => compileSync(growing, { maxMemoryPages: 1, modules: [] }), TypeError);
});

Deno.test("features are booleans, probed once", () => {
  const real = WebAssembly.validate;
  let probes = 0;
  for (const [name, value] of Object.entries(features)) assertEquals(typeof value, "boolean", name);
  WebAssembly.validate = (bytes) => (probes++, real(bytes));
  try {
    for (const name of Object.keys(features)) features[name as keyof typeof features];
  } finally {
    WebAssembly.validate = real;
  }
  assertEquals(probes, 0);
  assertEquals(features.simd, true);
  assertEquals(features.gc, true);
});

const featureModules = {
  simd: `(func (result v128) (i8x16.splat (i32.const 1)))`,
  relaxedSimd: `(func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))`,
  multiMemory: `(memory 1) (memory 1)`,
  memory64: `(memory i64 1)`,
  gc: `(type $s (struct (field i32)))`,
  exceptions: `(tag $t) (func (throw $t))`,
  threads: `(memory 1 1 shared)`,
  tailCall: `(func $f (return_call $f))`,
};

for (const [name, body] of Object.entries(featureModules)) {
  Deno.test(`neededFeatures() finds ${name}`, async () => {
    assert(neededFeatures(await wat(`(module ${body})`)).has(name as never));
  });
}

Deno.test("neededFeatures() finds a table with 64-bit indices", async () => {
  for (const table of ["(table i64 2 funcref)", `(import "" "t" (table i64 2 funcref))`]) {
    assertEquals([...neededFeatures(await wat(`(module ${table})`))], ["memory64"]);
  }
});

Deno.test("an engine without 64-bit memories is told of by a core module that has one, or such a table", async () => {
  const { Module } = WebAssembly, had = Object.getOwnPropertyDescriptor(features, "memory64")!;
  Object.defineProperty(features, "memory64", { value: false, configurable: true, enumerable: true });
  WebAssembly.Module = class {
    constructor() {
      throw new WebAssembly.CompileError("WebAssembly.Module doesn't parse at byte 14: invalid limits");
    }
  } as unknown as typeof WebAssembly.Module;
  try {
    for (const text of ["(memory i64 1)", "(table i64 1 funcref)", `(import "" "m" (memory i64 1))`]) {
      const bytes = section(1, [...await wat(`(module ${text})`)]);
      assertEquals(
        thrown(() => compileSync(binary(...bytes), { gates: { memory64: true } })).message,
        "Cannot compile core module 0: core module 0 needs 64-bit memories, which this engine does not have (at offset 0xa)",
      );
    }
  } finally {
    WebAssembly.Module = Module;
    Object.defineProperty(features, "memory64", had);
  }
});

Deno.test("neededFeatures() finds nothing in a plain module, and reads past every instruction", async () => {
  assertEquals(
    [...neededFeatures(
      await wat(`(module (memory 1) (table 2 funcref) (global $g (mut i64) (i64.const 5))
      (func $f (param i32 f32) (result i32) (local i64 f64)
        (block (br_table 0 0 (local.get 0)))
        (i64.store offset=8 (i32.const 0) (i64.const -1))
        (drop (f32.const 1.5)) (drop (f64.const 2.5)) (drop (ref.null func)) (drop (ref.func $f))
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)) (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))
        (global.set $g (i64.const 1)) (drop (memory.grow (i32.const 0)))
        (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)))
        (if (result i32) (local.get 0) (then (call $f (i32.const 0) (f32.const 0))) (else (i32.trunc_sat_f32_s (local.get 1)))))
      (elem declare func $f))`),
    )],
    [],
  );
});

Deno.test("a core module that shares more than a memory names what no engine has", async () => {
  for (
    const body of [
      "(type (shared (func)))",
      "(table shared 1 (ref null (shared func)))",
      `(import "" "g" (global (shared i32)))`,
      "(global (shared mut i32) (i32.const 0))",
    ]
  ) {
    const bytes = section(1, [...await wat(`(module ${body})`)]);
    const error = thrown(() => compileSync(binary(...bytes))), needs = "core module 0 needs shared-everything threads";
    assertEquals((error as CompileError).code, "missing-feature", error.message);
    assert(error.message.includes(`${needs}, which this engine does not have`), error.message);
  }
});

Deno.test("reflection tells imports and exports with their types", async () => {
  const { imports, exports } = await component(`(component
    (import "a:b/c@1.0.0" (instance
      (export "file" (type $file (sub resource)))
      (export "open" (func (param "name" string) (result (own $file))))))
    (core module $M (func (export "f") (param i32)))
    (core instance $m (instantiate $M))
    (type $color' (enum "red" "dark-green"))
    (export $color "color" (type $color'))
    (func (export "paint") (param "color" $color) (canon lift (core func $m "f"))))`);
  const [host] = imports;
  assertEquals(host!.name, "a:b/c@1.0.0");
  if (host!.type.kind !== "instance") throw new Error(host!.type.kind);
  const [file, open] = host!.type.exports;
  if (file!.type.kind !== "type" || open!.type.kind !== "func") throw new Error("expected a type and a func");
  const { result } = open!.type.type;
  assert(result?.kind === "own" && (result as { resource: unknown }).resource === file!.type.type);
  assertEquals(file!.type.type, { kind: "resource", name: "file" });
  assertEquals(exports.map((item) => item.name), ["color", "paint"]);
  assertEquals(exports[1]!.type, {
    kind: "func",
    type: { params: [{ name: "color", type: { kind: "enum", names: ["red", "dark-green"] } }], async: false },
  });
});
