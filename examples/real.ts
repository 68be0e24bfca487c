// deno task demo:real: wasm-tools itself, a 2.2 MB component written in Rust, run from its bytes.
// Of WASI it gets what the run calls: random numbers and an empty environment; everything else
// traps if reached.

import { compile, type Component, type Instance, type InstantiateSettings, Linker } from "@windlass/component";

/** Where the npm package `@bytecodealliance/jco@1.0.3` keeps its components. */
export async function realComponent(
  name: "wasm-tools" | "js-component-bindgen-component",
): Promise<Uint8Array<ArrayBuffer>> {
  // The entry point is src/api.js; it is never imported, only located.
  const entry = import.meta.resolve("@bytecodealliance/jco");
  return await Deno.readFile(new URL(`../obj/${name}.component.wasm`, entry));
}

/** Instantiates one with as little of WASI as its runs need. */
export async function runReal(component: Component, options: InstantiateSettings = {}): Promise<Instance> {
  const linker = new Linker().trapUnknown();
  linker.instance("wasi:random/random@0.2.0").func(
    "get-random-bytes",
    (length: bigint) => crypto.getRandomValues(new Uint8Array(Number(length))),
  );
  linker.instance("wasi:cli/environment@0.2.0").func("get-environment", () => []);
  return await linker.link(component).instantiate(options);
}

if (import.meta.main) {
  const bytes = await realComponent("wasm-tools");
  const start = performance.now();
  const component = await compile(bytes);
  console.log(
    `wasm-tools, ${bytes.length} bytes, ${component.modules.length} core modules: compiled in ${
      (performance.now() - start).toFixed(0)
    } ms`,
  );
  const tools = (await runReal(component)).exports["local:wasm-tools/tools"];

  const text = `(module (func (export "answer") (result i32) i32.const 42))`;
  const module = tools.parse(text);
  const answer = (await WebAssembly.instantiate(module, {})).instance.exports.answer as () => number;
  console.log(`parse gives ${module.length} bytes; the module in them answers ${answer()}`);
  console.log(tools.print(module));

  const generator = (await runReal(await compile(await realComponent("js-component-bindgen-component")))).exports;
  const embedded = tools.componentEmbed({
    binary: tools.parse(
      `(module (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))`,
    ),
    witSource: "package demo:math; world math { export double: func(x: u32) -> u32; }",
  });
  const { files } = generator.generate(tools.componentNew(embedded), { name: "math" });
  for (const [name, content] of files) console.log(`generate gives ${name}, ${content.length} bytes`);
}
