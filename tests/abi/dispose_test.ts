// The symbols of disposal, where the engine has none. Deno has them and they cannot be removed: a
// realm without is made by a `Symbol` of our own, in a process of its own. WebKit is such an
// engine: all tests run there, too.

import { assertEquals } from "@std/assert";
import { compileSync, instantiateSync } from "@windlass/component";
import { fixtureBytes } from "../support/fixtures.ts";

Deno.test("the symbols of disposal are there, as ECMAScript has well-known symbols", () => {
  for (const name of ["dispose", "asyncDispose"] as const) {
    const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(Symbol, name)!;
    assertEquals([typeof value, writable, enumerable, configurable], ["symbol", false, false, false], name);
  }
});

Deno.test("an instance is disposed of in both ways, and has no member that is called undefined", async () => {
  const make = () =>
    instantiateSync(compileSync(fixtureBytes("greet")), { "demo:greet/host@1.0.0": { log() {} } }) as
      & Disposable
      & AsyncDisposable
      & { exports: object };
  await make()[Symbol.asyncDispose]();
  make()[Symbol.dispose]();
  for (let at: object | null = make(); at !== null; at = Object.getPrototypeOf(at)) {
    assertEquals(Object.hasOwn(at, "undefined"), false);
  }
});

/**
 * What a program prints in a realm whose `Symbol` lacks the two; `prepare` may change it further.
 */
async function withoutSymbols(prepare: string): Promise<string> {
  const module = (path: string): string => JSON.stringify(import.meta.resolve(path));
  const program = `
    const Native = Symbol;
    function Bare(description) { return Native(description); }
    for (const key of Reflect.ownKeys(Native)) {
      if (key === "dispose" || key === "asyncDispose" || key === "length" || key === "name" || key === "arguments") continue;
      Object.defineProperty(Bare, key, Object.getOwnPropertyDescriptor(Native, key));
    }
    globalThis.Symbol = Bare;
    ${prepare}
    const { compileSync, instantiateSync } = await import(${module("../../mod.ts")});
    const { run } = await import(${module("../../host/wasi/mod.ts")});
    class File {
      static open(name) { return new File(); }
      name() { return "a"; }
      size() { return 1; }
      [Symbol.dispose]() {}
    }
    const read = (path) => Deno.readFileSync(new URL(path));
    const instance = instantiateSync(compileSync(read(${module("../e2e/fixtures/resources.wasm")})), {
      "test:resources/files": { File, same: (a, b) => a === b, consume: (file) => file.size() },
    });
    const { Counter } = instance.exports["test:resources/counters"];
    const counter = new Counter(1);
    counter[Symbol.dispose]();
    const drops = [...instance.exports["test:resources/counters"].drops()];
    await instance[Symbol.asyncDispose]();
    await instance[Symbol.asyncDispose]();
    const { stdout } = await run(read(${module("../wasi/guests/hello.wasm")}), { args: ["hello"], stdout: "capture" });
    console.log(JSON.stringify([
      Symbol.dispose === Symbol.for("Symbol.dispose"), Symbol.asyncDispose === Symbol.for("Symbol.asyncDispose"),
      "undefined" in Counter.prototype, drops, new TextDecoder().decode(stdout),
    ]));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", program],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) || decoder.decode(stderr);
}

Deno.test("without them they are made before any class is: the keys that compilers of `using` read, too", async () => {
  assertEquals(await withoutSymbols(""), `[true,true,false,[1,1],"Hello, world!\\n"]\n`);
});

Deno.test("where they are missing and cannot be made, that is said when the library is loaded", async () => {
  const said = await withoutSymbols("Object.freeze(Symbol);");
  assertEquals(
    /TypeError: (.*)/.exec(said)?.[1],
    "this engine has no Symbol.dispose, and Symbol is frozen: load this library before it is frozen",
  );
});
