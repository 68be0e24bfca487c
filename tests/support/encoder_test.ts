// The test encoder: what it makes is valid by wasm-tools, means what it was made from, and its
// layout rules are the library's.

import fc from "fast-check";
import { assertEquals } from "@std/assert";
import { compileSync, instantiateSync } from "@windlass/component";
import { layoutOf } from "../../abi/types/layout.ts";
import type { ValType } from "../../abi/types/types.ts";
import { signatures, types } from "./arbitraries.ts";
import { leb, sleb } from "./bytes.ts";
import { CoreModuleEncoder, op } from "./core_encoder.ts";
import { echoComponent, echoOf, HOST, keepComponent } from "./echo.ts";
import { ComponentEncoder, extern, type Signature, stringEncodings } from "./encoder.ts";
import { flatTypes, sizeOf } from "./flat_types.ts";
import { invalidity } from "./validate.ts";
import { gates } from "./wasm.ts";

Deno.test("leb() and sleb() end where the sign is clear", () => {
  assertEquals([0, 127, 128, 624485, 0xffffffff].map(leb), [
    [0x00],
    [0x7f],
    [0x80, 0x01],
    [0xe5, 0x8e, 0x26],
    [0xff, 0xff, 0xff, 0xff, 0x0f],
  ]);
  assertEquals([0, 63, 64, -1, -64, -65, -123456].map(sleb), [
    [0x00],
    [0x3f],
    [0xc0, 0x00],
    [0x7f],
    [0x40],
    [0xbf, 0x7f],
    [0xc0, 0xbb, 0x78],
  ]);
});

Deno.test("CoreModuleEncoder makes modules that the engine runs", () => {
  const module = new CoreModuleEncoder();
  const imported = module.importFunc("m", "f", ["i32"], ["i32"]);
  module.memory(1, 2);
  const global = module.global(40);
  const add = module.func(["i32"], ["i32"], [op.localGet(0), op.call(imported), op.globalGet(global), op.i32Add]);
  module.export("add", "func", add).export("memory", "memory", 0).export("global", "global", global);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), {
    m: { f: (i: number) => -i },
  });
  assertEquals((exports.add as (value: number) => number)(-2), 42);
  assertEquals((exports.memory as WebAssembly.Memory).buffer.byteLength, 65536);
  assertEquals((exports.global as WebAssembly.Global).value, 40);
});

const u8: ValType = { kind: "u8" }, u64: ValType = { kind: "u64" }, string: ValType = { kind: "string" };
const color: ValType = { kind: "enum", names: ["red", "dark-green"] };
const entry: ValType = { kind: "record", fields: [{ name: "id", type: u8 }, { name: "a-color", type: color }] };
const table: readonly ValType[] = [
  u8,
  string,
  color,
  entry,
  { kind: "flags", names: ["a", "b-c"] },
  { kind: "list", element: entry },
  { kind: "fixed-list", element: entry, length: 3 },
  { kind: "map", key: string, value: { kind: "option", element: color } },
  { kind: "tuple", types: [u8, u64, string] },
  { kind: "variant", cases: [{ name: "x", type: undefined }, { name: "y", type: entry }, { name: "z", type: u64 }] },
  { kind: "option", element: { kind: "option", element: string } },
  { kind: "result", ok: undefined, err: color },
  { kind: "own", resource: { kind: "resource", name: "file" } },
  { kind: "tuple", types: new Array(20).fill(string) },
];

Deno.test("echo components are valid by wasm-tools, whatever they echo", async () => {
  for (const type of table) {
    for (const interfaces of [false, true]) {
      for (const encodings of [["utf8"], ["utf16", "latin1+utf16"]] as const) {
        const bytes = echoComponent(echoOf(type), { encodings, interfaces });
        assertEquals(await invalidity(bytes), undefined, `${type.kind}, ${encodings}, interfaces: ${interfaces}`);
      }
    }
    if (type.kind !== "own") assertEquals(await invalidity(keepComponent(type, "utf8")), undefined);
  }
});

Deno.test("invalidity() says what is wrong", async () => {
  const component = new ComponentEncoder();
  const type = component.defineType([0x72, 1, 1, 0x61, 0x7d]);
  const func = component.defineType([0x40, 1, 1, 0x78, type, 0x01, 0x00]);
  component.import("f", "func", extern.func(func));
  assertEquals(
    (await invalidity(component.finish()))?.replaceAll("\n", " "),
    "Failed to decode wit component func not valid to be used as import (at offset 0x1a)",
  );
});

Deno.test("ComponentEncoder has aliases, nested components and custom sections", async () => {
  const module = new CoreModuleEncoder();
  const component = new ComponentEncoder();
  component.custom("note", [1, 2, 3]);
  const outer = component.defineType([0x40, 0, 0x00, 0x79]);
  const core = component.coreModule(
    module.export("f", "func", module.func([], ["i32"], [op.i32Const(7)])).finish(),
  );
  const inner = new ComponentEncoder();
  const type = inner.aliasOuter("type", 1, outer), innerModule = inner.aliasOuter("core module", 1, core);
  const f = inner.aliasCoreExport("core func", inner.coreInstance(innerModule), "f");
  inner.export("f", ["func", inner.lift(f, {}, type)]);
  const instance = component.instance(component.component(inner.finish()));
  component.export("g", ["func", component.aliasExport("func", instance, "f")]);
  const bytes = component.finish();
  assertEquals(await invalidity(bytes), undefined);
  assertEquals(instantiateSync(bytes).exports.g(), 7);
});

Deno.test("flatTypes() and sizeOf() agree with the library's layoutOf()", () => {
  fc.assert(fc.property(types(), fc.constantFrom("i32", "i64"), (type, address) => {
    const { size, alignment, flat } = layoutOf(type, address), mine = flatTypes(type, address);
    assertEquals({ ...sizeOf(type, address), flat: mine.length > 16 ? undefined : mine }, { size, alignment, flat });
  }));
});

/** What the imported function's type is by reflection. */
function importedType(bytes: Uint8Array, interfaces: boolean): unknown {
  const { imports } = compileSync(bytes, { gates });
  const items = interfaces
    ? imports.flatMap(({ name, type }) => name === HOST && type.kind === "instance" ? type.exports : [])
    : imports;
  return items.flatMap(({ name, type }) => name === "f" && type.kind === "func" ? type.type : [])[0];
}

Deno.test("every component that the encoder makes compiles, and has the types it was made from", () => {
  const encoding = fc.constantFrom(...stringEncodings);
  const options = fc.record({
    encodings: fc.array(encoding, { minLength: 1, maxLength: 2 }),
    interfaces: fc.boolean(),
  });
  fc.assert(fc.property(signatures(), types(), options, (signature, type, options) => {
    const { params, result }: Signature = signature;
    const found = importedType(echoComponent(signature, options), options.interfaces ?? false);
    assertEquals(found, { params, ...(result === undefined ? {} : { result }), async: false });
    compileSync(keepComponent(type, options.encodings[0]!), { gates });
  }));
});

Deno.test("random components are valid by wasm-tools, too", async () => {
  const options = fc.record({
    encodings: fc.array(fc.constantFrom(...stringEncodings), { minLength: 1, maxLength: 2 }),
    interfaces: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(signatures([{ kind: "resource", name: "r0" }]), options, async (signature, options) => {
      assertEquals(await invalidity(echoComponent(signature, options)), undefined);
    }),
    { numRuns: 40 },
  );
});
