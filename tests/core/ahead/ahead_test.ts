// Components that were written ahead of time: what is written is what the run time would make, and
// what is loaded does what the compiled component does, without eval, and without compiling where
// modules are given.

import "../../support/leaks.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { compile, type Component, features, Linker, ValueError } from "@windlass/component";
import { instantiateComponent, load } from "@windlass/component/ahead";
import { componentInternals } from "../../../core/component.ts";
import { splitComponent } from "../../../core/sources/split.ts";
import { aheadFiles } from "../../../host/ahead/files.ts";
import { ownCopy } from "../../../abi/codegen/function_pool.ts";
import { AHEAD_VERSION } from "../../../core/ahead/written.ts";
import denoJson from "../../../deno.json" with { type: "json" };
import { ahead, forbidding, importText, made } from "../../support/ahead.ts";
import { fixtureBytes } from "../../support/fixtures.ts";
import { jspiTest } from "../../support/jspi_test.ts";
import { echoComponent } from "../../support/echo.ts";
import { textsOf } from "../../support/generated.ts";
import { wat } from "../../support/wat.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** Reads every function of an object of exports, so that it is made. */
function readAll(members: object): void {
  for (const member of Object.values(members)) {
    if (typeof member === "function" && member.prototype !== undefined) readAll(member.prototype);
    if (typeof member === "object" && member !== null) readAll(member);
  }
}

for (const name of ["values", "resources", "greet", "memories", "async"]) {
  Deno.test({
    name: `${name}: what is written is what the run time generates`,
    // The functions of that one are generated once they have been called.
    ignore: !features.codegen || name === "async",
    async fn() {
      const bytes = fixtureBytes(name), { text } = await ahead(bytes), component = await compile(bytes);
      const generated = textsOf(() => readAll(new Linker().trapUnknown().link(component).instantiateSync().exports));
      assert(generated.length > 0);
      for (const body of generated) assertStringIncludes(text, body);
    },
  });

  Deno.test(`${name}: what is loaded says the same of itself`, async () => {
    const bytes = fixtureBytes(name), { component } = await ahead(bytes), compiled = await compile(bytes);
    assertEquals(component.imports, compiled.imports);
    assertEquals(component.exports, compiled.exports);
    assertEquals(component.wit(), compiled.wit());
    assertEquals(component.typescript({ worldName: "Other" }), compiled.typescript({ worldName: "Other" }));
    assertEquals(component.modules.length, compiled.modules.length);
  });
}

const HOST = "demo:greet/host@1.0.0", API = "demo:greet/api@1.0.0";

Deno.test("a written component runs where nothing is evaluated and nothing compiled, in the fast tier", async () => {
  const { component } = await ahead(fixtureBytes("greet")), before = made(), lines: string[] = [];
  await forbidding(async () => {
    const { exports } = await instantiateComponent(component, { [HOST]: { log: (line: string) => lines.push(line) } });
    const { greet, summarise } = exports[API];
    assertEquals([greet("ann"), greet("bob")], ["Hello, ann!", "Hello, bob!"]);
    assertEquals(summarise("ANN"), { name: "ANN", letters: 3, shouting: true });
    assertThrows(() => greet(7), ValueError, "Cannot lower param 1 `name` of export demo:greet/api@1.0.0#greet");
  }, true);
  assertEquals(lines, ["Hello, ann!", "Hello, bob!"]);
  assertEquals(made() - before, 3, "greet, summarise and log");
});

Deno.test({
  name: "an instance takes a written function, and then copies of its text, if that is as it was written",
  ignore: !features.codegen,
  fn() {
    type Add = (x: number) => number;
    const written = new Function("return (H, K) => {\nconst { one } = H;\nreturn (x) => x + one;\n}");
    const printedAnew = new Function("return (H,K)=>{const{one:o}=H;return x=>x+o}");
    for (const [make, copied] of [[written, true], [printedAnew, false]] as const) {
      const functions = [make(), make()] as ((H: unknown, K: unknown) => Add)[];
      assertEquals([ownCopy(functions, true), ownCopy(functions, true)], functions);
      assertEquals(ownCopy(functions, false), functions[0]);
      const further = ownCopy(functions, true);
      assertEquals(functions.includes(further), !copied);
      assertEquals(further({ one: 1 }, [])(2), 3);
    }
  },
});

Deno.test("each instance has code of its own where text may be evaluated, and shares it elsewhere", async () => {
  for (const codegen of [true, false]) {
    const { component } = await ahead(fixtureBytes("greet"), { codegen }),
      linked = new Linker().trapUnknown().link(component);
    const greetings = await Promise.all([1, 2, 3].map(async () => (await linked.instantiate()).exports.version()));
    assertEquals(new Set(greetings).size, 1);
    await forbidding(async () => assertEquals((await linked.instantiate()).exports.version(), greetings[0]));
  }
});

Deno.test("linking and limits are those of a compiled component", async () => {
  const bytes = fixtureBytes("resources"), { component } = await ahead(bytes), compiled = await compile(bytes);
  assertEquals(messageOf(() => new Linker().link(component)), messageOf(() => new Linker().link(compiled)));
  class File {
    name(): string {
      return "n";
    }
    size(): number {
      return 3;
    }
    static open(): File {
      return new File();
    }
  }
  const imports = { "test:resources/files": { File, same: () => true, consume: () => 1 } };
  const seen = [component, compiled].map((component) => {
    const instance = new Linker().define(imports as Any).link(component).instantiateSync({ limits: { handles: 2 } });
    const { Counter, lendFile, passFile } = instance.exports["test:resources/counters"];
    const counter = new Counter(5), other = new Counter(8);
    const merged = Counter.merge(counter, other);
    const log = [merged.next(), lendFile(new File()), passFile(new File()) instanceof File, counter instanceof Counter];
    log.push(messageOf(() => counter.next()), messageOf(() => lendFile({})));
    merged[Symbol.dispose]();
    const kept = [new Counter(1), new Counter(2)];
    log.push(messageOf(() => new Counter(3)));
    instance[Symbol.dispose]();
    return [...log, kept.length];
  });
  assertEquals(seen[0], seen[1]);
});

function messageOf(action: () => unknown): string {
  try {
    return `gave ${action()}`;
  } catch (error) {
    return String(error);
  }
}

Deno.test("an exported result is thrown or given, as asked for", async () => {
  const { component } = await ahead(fixtureBytes("greet"));
  const { t } = await import("@windlass/component"), before = made();
  const type = t.func([t.string], t.result(t.record({ name: t.string, letters: t.u32, shouting: t.bool }), t.string));
  await forbidding(() => {
    const instance = new Linker().trapUnknown().link(component).instantiateSync();
    const given = instance.func(`${API}#summarise`, type, { throws: false });
    assertEquals({ ...given("") }, { ...given(""), tag: "err" });
    assertThrows(() => instance.func(`${API}#summarise`, type)(""));
  });
  assertEquals(made() - before, 2);
});

/** A component that calls another one. */
const nested = `(component
  (component $Callee
    (core module $M (memory (export "m") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "length") (param i32 i32) (result i32)
        (if (i32.eq (local.get 1) (i32.const 3)) (then (unreachable))) (local.get 1)))
    (core instance $m (instantiate $M))
    (alias core export $m "m" (core memory $mem))
    (alias core export $m "realloc" (core func $realloc))
    (func (export "length") (param "text" string) (result u32)
      (canon lift (core func $m "length") (memory $mem) (realloc $realloc))))
  (component $Caller
    (import "length" (func $length (param "text" string) (result u32)))
    (core module $Lib (memory (export "m") 1) (data (i32.const 8) "hello"))
    (core instance $lib (instantiate $Lib))
    (core func $length' (canon lower (func $length) (memory (core memory $lib "m"))))
    (core module $M (import "" "length" (func $length (param i32 i32) (result i32)))
      (func (export "f") (param i32) (result i32) (call $length (i32.const 8) (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance (export "length" (func $length'))))))
    (func (export "f") (param "length" u32) (result u32) (canon lift (core func $m "f"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "length" (func $callee "length"))))
  (export "f" (func $caller "f")))`;

Deno.test({
  name: "adapters of calls between guests are files, and are left out where they cannot be compiled",
  ignore: !features.multiMemory,
  fn: adaptersAsFiles,
});

async function adaptersAsFiles(): Promise<void> {
  const bytes = await wat(nested),
    { component, written, modules } = await ahead(bytes),
    compiled = await compile(bytes);
  assertEquals(modules.length, 4);
  assertEquals(component.modules.length, compiled.modules.length);
  const run = (component: Component): unknown[] =>
    [5, 3].map((length) => messageOf(() => new Linker().link(component).instantiateSync().exports.f(length)));
  const expected = ["gave 5", run(compiled)[1]];
  assertEquals(await forbidding(() => run(component), true), expected);
  // The policies of pages allow no such URL.
  if ((globalThis as { location?: { protocol: string } }).location?.protocol === "http:") return;
  const invalid = new URL("data:application/wasm;base64,AGFzbQEAAAAB");
  assertEquals(run(await load(written, [...modules.slice(0, 3), invalid])), expected);
  await assertRejects(() => load(written, [invalid, ...modules.slice(1)]), WebAssembly.CompileError, "core module 0");
}

Deno.test("a metered component is written metered", async () => {
  const bytes = fixtureBytes("greet");
  const used = async (component: Component): Promise<bigint> => {
    const instance = await new Linker().trapUnknown().link(component).instantiate({ limits: { fuel: 1_000_000n } });
    instance.exports.version();
    return instance.fuel!;
  };
  const { component } = await ahead(bytes, { metering: true });
  assertEquals(await forbidding(() => used(component)), await used(await compile(bytes, { metering: true })));
  await assertRejects(
    async () => await used((await ahead(bytes)).component),
    TypeError,
    "the limit fuel needs a component that is compiled with { metering: true }",
  );
});

Deno.test("an import that is exported again is called as any other export", async () => {
  const bytes = await wat(
    `(component (import "f" (func $f (param "x" string) (result string))) (export "g" (func $f)))`,
  );
  const { component } = await ahead(bytes), before = made();
  await forbidding(async () => {
    const { exports } = await instantiateComponent(component, { f: (x: string) => `${x}!` });
    assertEquals(exports.g("hé"), "hé!");
  });
  assertEquals(made() - before, 1);
});

jspiTest("values cross asynchronous calls through written parts", async () => {
  const string = { kind: "string" } as const;
  const signature = { params: [{ name: "x", type: string }], result: string, async: true };
  const { component } = await ahead(echoComponent(signature, { encodings: ["utf8"] })), before = made();
  await forbidding(async () => {
    const { exports } = await instantiateComponent(component, { f: async (x: string) => await `${x}!` });
    assertEquals([await exports.f!("hé"), await exports.f!("you")], ["hé!", "you!"]);
  });
  assertEquals(made() - before, 3, "parameters on both sides of the guest, and what the host's function comes to");
});

Deno.test("component values are written", async () => {
  // (component (import "port" (value u16)) (export "kept" (value 0)))
  const bytes = new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 10, 10, 1, 0, 4, 0x70, 0x6f, 0x72, 0x74, 2, 1, 0x7b],
    ...[11, 10, 1, 0, 4, 0x6b, 0x65, 0x70, 0x74, 2, 0, 0],
  ]);
  const { component } = await ahead(bytes, { gates: { values: true } });
  assertEquals((await instantiateComponent(component, { port: 8080 } as Any)).exports, { kept: 8080 } as Any);
  assertThrows(() => new Linker().define({ port: -1 } as Any).link(component).instantiateSync(), ValueError, "port");
});

Deno.test("what is planned with what the host gives is refused, and says why", async () => {
  const refused: readonly (readonly [text: string, why: string])[] = [
    [`(component (import "m" (core module)))`, "it imports a core module, m, and is planned with what the host gives"],
    [`(component (import "c" (component)))`, "it imports a component, c, and is planned with what the host gives"],
    [`(component (component $c) (export "c" (component $c)))`, "it exports a component, c, whose definition"],
  ];
  for (const [text, why] of refused) {
    await assertRejects(async () => await ahead(await wat(text)), TypeError, why);
  }
});

Deno.test("the rest of a split component is refused", async () => {
  const whole = fixtureBytes("greet"), slots = componentInternals(await compile(whole)).modules;
  await assertRejects(
    () => ahead(splitComponent(whole, slots).rest),
    WebAssembly.CompileError,
    "its core modules were split from it",
  );
});

Deno.test("a written component is no part of another one", async () => {
  const { component } = await ahead(await wat("(component)"));
  const outer = await compile(await wat(`(component (import "c" (component)))`));
  assertThrows(
    () => new Linker().component("c", component).link(outer),
    TypeError,
    "import c cannot be a component that was written ahead of time",
  );
});

Deno.test("a written module is for one version of the library, and takes its modules", async () => {
  assertEquals(AHEAD_VERSION.split("/")[0], denoJson.version);
  const { written, modules } = await ahead(fixtureBytes("greet"));
  await assertRejects(
    () => load({ ...written, version: "0.0.9/1" }, modules),
    WebAssembly.CompileError,
    "write it again",
  );
  await assertRejects(() => load(written, modules.slice(1)), TypeError, "load takes the 3 modules that were written");
});

Deno.test("options are checked, and a binary that is invalid is a CompileError", async () => {
  await assertRejects(() => aheadFiles(fixtureBytes("greet"), { nam: "x" } as Any), TypeError, "nam");
  await assertRejects(() => aheadFiles(new Uint8Array([0]), { name: "x" }), WebAssembly.CompileError);
});

Deno.test({
  name: "the module beside it loads the core modules from files, and exports the component",
  ignore: typeof Deno.makeTempDir !== "function",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      (globalThis as Any).windlassAhead = { load, instantiateComponent };
      const files = await aheadFiles(fixtureBytes("greet"), { name: "greet", library: "./library.js" });
      assertEquals([...files.keys()], [
        ...["greet.core0.wasm", "greet.core1.wasm", "greet.core2.wasm", "greet.plan.js", "greet.js"],
      ]);
      files.set("library.js", "export const { load, instantiateComponent } = globalThis.windlassAhead;");
      for (const [name, content] of files) {
        await Deno.writeFile(
          `${folder}/${name}`,
          typeof content === "string" ? new TextEncoder().encode(content) : content,
        );
      }
      const { default: component, instantiate } = await import(`file://${folder}/greet.js`);
      assertEquals(component.exports.length, 2);
      const { exports } = await instantiate({ [HOST]: { log: () => {} } });
      assertEquals(exports[API].greet("file"), "Hello, file!");
    } finally {
      delete (globalThis as Any).windlassAhead;
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("the text of a plan is a module that imports nothing", async () => {
  const { text } = await ahead(fixtureBytes("values"));
  const { default: written } = await importText(text) as Any;
  assertEquals(written.version, AHEAD_VERSION);
  assert(!/\bimport\b|\beval\b|new Function/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '""')));
});
