// Components from a real toolchain: wasm-tools and jco's binding generator, in Rust, from npm.

import "../support/leaks.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { compile, compileSync, ComponentError, Trap } from "@windlass/component";
import { realComponent, runReal } from "../../examples/real.ts";

const bytes = await realComponent("wasm-tools");
const component = await compile(bytes);
// deno-lint-ignore no-explicit-any
const toolsOf = async (): Promise<any> => (await runReal(component)).exports["local:wasm-tools/tools"];

Deno.test("wasm-tools parses text into a module that the engine accepts, and prints it back", async () => {
  const tools = await toolsOf();
  const module = tools.parse(
    `(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))`,
  );
  const { instance } = await WebAssembly.instantiate(module, {}) as unknown as { instance: WebAssembly.Instance };
  assertEquals((instance.exports.add as (a: number, b: number) => number)(2, 3), 5);
  const text = tools.print(module);
  assert(text.includes("i32.add") && text.includes(`(export "add" (func 0))`), text);
  assertEquals(tools.parse(text), module);
});

Deno.test("wasm-tools' errors come out as ComponentErrors, and it goes on", async () => {
  const tools = await toolsOf();
  const error = assertThrows(() => tools.parse("(module"), ComponentError);
  assert(String(error.payload).includes("expected `)`"), String(error.payload));
  assertEquals(tools.parse("(module)").length, 8);
});

Deno.test("wasm-tools makes a component, and Windlass runs it", async () => {
  const tools = await toolsOf();
  const core = tools.parse(
    `(module (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))`,
  );
  const embedded = tools.componentEmbed({
    binary: core,
    witSource: "package a:b; world w { export double: func(x: u32) -> u32; }",
  });
  const made = compileSync(tools.componentNew(embedded, undefined));
  const { exports } = await runReal(made);
  assertEquals(exports.double!(21), 42);
  assert(tools.componentWit(tools.componentNew(embedded)).includes("export double: func(x: u32) -> u32;"));
});

Deno.test("jco's generator makes its files", async () => {
  const tools = await toolsOf();
  const embedded = tools.componentEmbed({
    binary: tools.parse(`(module (func (export "double") (param i32) (result i32) (local.get 0)))`),
    witSource: "package a:b; world w { export double: func(x: u32) -> u32; }",
  });
  const generator = (await runReal(await compile(await realComponent("js-component-bindgen-component")))).exports;
  const { files, exports } = generator.generate!(tools.componentNew(embedded), { name: "double" });
  assertEquals(files.map(([name]: [string]) => name).sort(), ["double.d.ts", "double.js"]);
  const source = new TextDecoder().decode(files.find(([name]: [string]) => name === "double.js")![1]);
  assert(source.includes("function double("), source);
  assertEquals(exports, [["double", "function"]]);
});

Deno.test("what nobody defined traps when reached, and names the import", async () => {
  const { Linker } = await import("@windlass/component");
  const instance = new Linker().trapUnknown().link(component).instantiateSync();
  const error = assertThrows(() => instance.exports["local:wasm-tools/tools"].parse("(module)"), Trap) as Trap;
  assertEquals(error.message, "Cannot call import wasi:random/random@0.2.0#get-random-bytes: unknown import");
});
