// From bytes to something that runs, and what a component tells of the names it uses. Behaviours of
// aot.rs, tests/README.md. JS: nothing is compiled ahead of time, so `compileSync` of the bytes
// stands for each way there.

import { assert, assertEquals } from "@std/assert";
import { compile, CompileError, compileSync, instantiateSync, Linker } from "@windlass/component";
import { assertFails, binary, component, instance, libc, thrown } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";
import { as, item, named } from "./linking_support.ts";

Deno.test("aot::module_component_mismatch: a core module is no component, and the reverse", async () => {
  const module = await wat("(module)");
  const message = "Cannot decode preamble: expected a WebAssembly component, found a WebAssembly core module; " +
    "give it to `WebAssembly.compile` (at offset 0x4)";
  assertFails(() => compileSync(module), "CompileError", message);
  const error = await compile(module).then(() => undefined, (error: Error) => error);
  assertEquals(error?.message, message);
  assert(thrown(() => new WebAssembly.Module(binary())) instanceof WebAssembly.CompileError);
  // Each is what the other was taken for.
  new WebAssembly.Module(module);
  compileSync(binary());
});

Deno.test("aot::mildly_more_interesting: one core module's export serves another's import", async () => {
  const { exports } = await instance(`(component
    (core module $A (func (export "forty") (result i32) (i32.const 40)))
    (core instance $a (instantiate $A))
    (core module $B
      (import "a" "forty" (func $forty (result i32)))
      (func (export "sum") (result i32) (i32.add (call $forty) (i32.const 2))))
    (core instance $b (instantiate $B (with "a" (instance $a))))
    (func (export "sum") (result u32) (canon lift (core func $b "sum"))))`);
  assertEquals(exports.sum(), 42);
});

Deno.test("aot::usable_exported_modules: an exported module is an engine's module", async () => {
  const { exports } = await instance(`(component
    (core module $unused)
    (core module $M (import "host" "log" (func $log (param i32))) (func (export "run") (call $log (i32.const 7))))
    (export "m" (core module $M)))`);
  assert(exports.m instanceof WebAssembly.Module);
  // JavaScriptCore tells the types, too.
  const told = WebAssembly.Module.imports(exports.m).map(({ module, name, kind }) => ({ module, name, kind }));
  assertEquals(told, [{ module: "host", name: "log", kind: "function" }]);
  const heard: number[] = [];
  const core = new WebAssembly.Instance(exports.m, { host: { log: (value: number) => heard.push(value) } });
  (core.exports.run as () => void)();
  assertEquals(heard, [7]);
});

Deno.test("aot::reflect_resource_import: an own result names the imported resource", async () => {
  const { imports } = await component(`(component
    (import "r" (type $r (sub resource)))
    (import "other" (type $other (sub resource)))
    (import "make" (func (result (own $r)))))`);
  const [r, other] = ["r", "other"].map((name) => as(as(item(imports, name), "type").type, "resource"));
  const result = as(as(item(imports, "make"), "func").type.result!, "own");
  assert(result.resource === r);
  assert(result.resource !== other);
});

// Truncation.

const WHOLE = `(component
  (import "plugin" (core module (import "env" "log" (func (param i32))) (export "memory" (memory 1))))
  (import "demo:files/api" (instance $files
    (export "file" (type $file (sub resource)))
    (export "open" (func (param "path" string) (result (own $file))))))
  ${named("entry", `(record (field "names" (list string)) (field "kind" (option (result u8 (error char)))))`)}
  (component $Doubles
    (import "value" (func $value (result u32)))
    (core func $value' (canon lower (func $value)))
    (core module $M (import "" "value" (func $value (result i32)))
      (func (export "double") (result i32) (i32.mul (call $value) (i32.const 2))))
    (core instance $m (instantiate $M (with "" (instance (export "value" (func $value'))))))
    (func (export "double") (result u32) (canon lift (core func $m "double"))))
  ${libc(`(func (export "value") (result i32) (i32.load (i32.const 16))) (data (i32.const 16) "a value")`)}
  (func $value (result u32) (canon lift (core func $libc "value")))
  (instance $doubles (instantiate $Doubles (with "value" (func $value))))
  (export "doubles" (instance $doubles))
  (export "double" (func $doubles "double")))`;

/** The lengths at which a binary ends with a section: only those may be a component. */
function boundaries(bytes: Uint8Array): Set<number> {
  const ends = new Set<number>();
  for (let at = 8; at < bytes.length;) {
    ends.add(at++);
    let size = 0, shift = 0, byte;
    do {
      byte = bytes[at++]!;
      size |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    at += size;
  }
  return ends;
}

Deno.test("aot::truncated_component_binaries_dont_panic: each prefix is refused with an offset, or ends with a section", async () => {
  const bytes = await wat(WHOLE), ends = boundaries(bytes);
  compileSync(bytes);
  for (let length = 0; length < bytes.length; length++) {
    if (ends.has(length)) {
      compileSync(bytes.subarray(0, length));
      continue;
    }
    const error = thrown(() => compileSync(bytes.subarray(0, length))) as CompileError;
    assert(error instanceof CompileError, `${length}: ${error}`);
    assert(error.offset !== undefined && error.offset <= length, `${length}: ${error.message}`);
  }
  assert(ends.size > 10 && bytes.length > 20 * ends.size);
});

Deno.test("aot::truncated_component_binaries_dont_panic: a stream that ends early is refused like its bytes", async () => {
  const bytes = await wat(WHOLE);
  for (let length = 0; length < bytes.length; length += 7) {
    const prefix = bytes.slice(0, length);
    const attempt = (run: () => unknown) => Promise.try(run).then(() => "compiled", (error: Error) => `${error}`);
    assertEquals(
      await attempt(() => compile(new Blob([prefix]).stream())),
      await attempt(() => compileSync(prefix)),
      `${length}`,
    );
  }
});

// Attributes of names.

Deno.test("aot::implements_shows_up: imports and exports tell the interface they implement", async () => {
  const { imports, exports } = await component(`(component
    (import "primary" (implements "demo:data/store") (instance $p))
    (import "cache" (implements "demo:data/cache@1.2.0") (instance))
    (import "demo:data/plain" (instance))
    (export "again" (implements "demo:data/other") (instance $p)))`);
  const told = (items: typeof imports) => items.map((item) => [item.name, item.implements]);
  assertEquals(told(imports), [
    ["primary", "demo:data/store"],
    ["cache", "demo:data/cache@1.2.0"],
    ["demo:data/plain", undefined],
  ]);
  assertEquals(told(exports), [["again", "demo:data/other"]]);
});

// JS: there is no test for "implements"; the linker applies it. An unversioned key serves every
// version, as it does for every import.
Deno.test("aot::implements_shows_up: what implements an interface is served by a compatible version of it", async () => {
  const instance = `(instance $i (export "id" (func (result u32))))`;
  const serves = async (wanted: string, defined: string) => {
    const source = await component(
      `(component (import "x" (implements "${wanted}") ${instance}) (export "y" (instance $i)))`,
    );
    try {
      return new Linker().define({ [defined]: { id: () => 7 } }).link(source).instantiateSync().exports.y.id() === 7;
    } catch (error) {
      assertEquals((error as { code?: string }).code, "missing-import");
      return false;
    }
  };
  for (
    const [wanted, defined, served] of [
      ["demo:data/store", "demo:data/store", true],
      ["demo:data/store", "demo:data/other", false],
      ["demo:data/store", "demo:data/store@1.0.0", false],
      ["demo:data/store@1.2.0", "demo:data/store@1.2.0", true],
      ["demo:data/store@1.2.0", "demo:data/store@1.3.0", true],
      ["demo:data/store@1.2.0", "demo:data/store@1.0.0", true],
      ["demo:data/store@1.2.0", "demo:data/store@2.0.0", false],
      ["demo:data/store@1.2.0", "demo:data/store", true],
    ] as const
  ) assertEquals(await serves(wanted, defined), served, `${defined} for ${wanted}`);
});

Deno.test("aot::external_id_shows_up: imports, what is in them, and exports tell their external id", async () => {
  const source = await wat(`(component
    (import "a" (implements "demo:data/store") (external-id "db:eu") (instance $a))
    (import "b" (external-id "db:us") (instance $b (export "f" (external-id "f-of-b") (func))))
    (import "c" (instance $c))
    (export "d" (external-id "queue 1") (instance $a))
    (export "e" (instance $c)))`);
  const compiled = compileSync(source);
  // JS: another compilation with the same modules is what a stored component is.
  for (const { imports, exports } of [compiled, compileSync(source, { modules: compiled.modules })]) {
    const ids = (items: typeof imports) => items.map((item) => [item.name, item.externalId, item.implements]);
    assertEquals(ids(imports), [
      ["a", "db:eu", "demo:data/store"],
      ["b", "db:us", undefined],
      ["c", undefined, undefined],
    ]);
    assertEquals(ids(as(item(imports, "b"), "instance").exports), [["f", "f-of-b", undefined]]);
    assertEquals(ids(exports), [["d", "queue 1", undefined], ["e", undefined, undefined]]);
  }
  assertEquals(
    Object.keys(instantiateSync(compiled, { a: {}, b: { f: () => {} }, c: {} }).exports),
    ["d", "e"],
  );
});
