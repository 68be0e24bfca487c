// Real components with all of WASI: wasm-tools and jco's generator, in Rust, from npm; and the
// shim's own objects as imports.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";
import { compile, ComponentError, instantiate, Trap } from "@windlass/component";
import { wasi } from "@windlass/component/wasi";
import { realComponent } from "../../examples/real.ts";
import { builtin } from "../../host/wasi/base/platform.ts";
import { type Any, text, withDirectory } from "./support.ts";
import { guest } from "./guests.ts";

Deno.test("wasm-tools reads WIT from a preopen, and nothing else", () =>
  withDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/world.wit`, "package a:b; world w { export double: func(x: u32) -> u32; }");
    const component = await compile(await realComponent("wasm-tools"));
    const options = { preopens: { "/wit": { path, readOnly: true } } };
    const { exports } = await instantiate(component, { ...await wasi(options) });
    const tools: Any = exports["local:wasm-tools/tools"];
    const core = tools.parse(
      `(module (func (export "double") (param i32) (result i32) (i32.add (local.get 0) (local.get 0))))`,
    );
    const made = tools.componentNew(tools.componentEmbed({ binary: core, witPath: "/wit/world.wit" }));
    assertEquals((await instantiate(made)).exports.double!(21), 42);
    // Nothing outside, by whatever path: it takes that for its own bug, and panics.
    const outside = ["/etc/passwd", "/wit/../etc/passwd", "/wit/nowhere.wit"].map((witPath) => ({ witPath, options }));
    for (const { witPath, options: given } of [...outside, { witPath: "/wit/world.wit", options: {} }]) {
      const { exports } = await instantiate(component, { ...await wasi(given) });
      const blind: Any = exports["local:wasm-tools/tools"];
      assertThrows(() => blind.componentEmbed({ binary: core, witPath }), Trap);
    }
  }));

Deno.test("jco's generator makes its files with all of WASI linked", async () => {
  const { exports } = await instantiate(await realComponent("js-component-bindgen-component"), {
    ...await wasi({ stderr: "inherit" }),
  });
  const { files } = (exports as Any).generate(guest("hello"), { name: "hello" });
  assert(files.some(([name, source]: [string, Uint8Array]) => name === "hello.js" && text(source).includes("export")));
});

// In browsers the shim is another one, whose streams never fail.
const ignore = builtin("node:fs") === undefined;

Deno.test("the shim's objects are imports as they are: unversioned keys, thrown payloads, shared host objects", {
  ignore,
}, async () => {
  const written: Uint8Array[] = [];
  const shim: Any = new WASIShim().getImportObject();
  const stdout = shim["wasi:cli/stdout"].getStdout();
  const write = stdout.constructor.prototype.blockingWriteAndFlush;
  stdout.constructor.prototype.blockingWriteAndFlush = function (bytes: Uint8Array) {
    written.push(bytes.slice());
  };
  try {
    const instance = await instantiate(guest("hello"), shim);
    instance.exports["wasi:cli/run@0.2.0"].run();
    assertEquals(written.map(text).join("").replace(/Hello, .*!/, "Hello, …!"), "Hello, …!\n");
    // What it throws is a payload: a result's `err`, not an exception.
    stdout.constructor.prototype.blockingWriteAndFlush = () => {
      throw { tag: "closed" };
    };
    const again = await instantiate(guest("command"), {
      ...shim,
      "wasi:cli/environment": { ...shim["wasi:cli/environment"], getArguments: () => ["", "sleep"] },
    });
    let failure: unknown;
    try {
      again.exports["wasi:cli/run@0.2.0"].run();
    } catch (error) {
      failure = error;
    }
    assert(failure instanceof ComponentError);
  } finally {
    stdout.constructor.prototype.blockingWriteAndFlush = write;
  }
});
