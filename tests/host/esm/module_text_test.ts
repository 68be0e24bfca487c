// A component as a module, by the draft's "WebAssembly ESM-Integration" (component-model #686 at
// 02b704a): names, specifiers, which bindings are imported and exported, and what the text does.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import * as library from "@windlass/component";
import * as wasi from "@windlass/component/wasi";
import { bindingsOf } from "../../../host/esm/bindings.ts";
import { type ModuleOptions, moduleText } from "../../../host/esm/module_text.ts";
import { isBindable } from "../../../host/esm/names.ts";
import { needsOf } from "../../../host/esm/needs.ts";
import { fixtureBytes, testFile } from "../../support/fixtures.ts";
import { leavesAnyHandles } from "../../support/leaks.ts";
import { component } from "../../support/wasm.ts";
import { wat } from "../../support/wat.ts";

/** A module of a text, in the form that every runtime takes. */
const dataUrl = (text: string): string => `data:text/javascript;base64,${btoa(text)}`;

/** A module that exports what these tests have imported: a text cannot import it by its path. */
function entryOf(name: string, exports: object): string {
  (globalThis as Record<string, unknown>)[name] = exports;
  return dataUrl(`export const { ${Object.keys(exports).filter(isBindable).join(", ")} } = globalThis.${name};`);
}
const own = { component: entryOf("__windlass", library), wasi: entryOf("__windlassWasi", wasi) };

// deno-lint-ignore no-explicit-any
type Namespace = Record<string, any>;

/** Runs the module of a component. */
async function run(
  source: string | Uint8Array<ArrayBuffer>,
  options: Partial<ModuleOptions> = {},
): Promise<Namespace> {
  const bytes = typeof source === "string" ? await wat(source) : source;
  const text = moduleText(await library.compile(bytes), {
    name: "test.wasm",
    library: own,
    loading: { kind: "inline", bytes },
    ...options,
  });
  return await import(dataUrl(text));
}

Deno.test("a specifier is the external-id, else the import's name", async () => {
  const made = await component(`(component
    (import "a" (external-id "./first.js") (func))
    (import "b-c" (func))
    (import "d" (implements "x:y/store") (external-id "npm:z") (instance (export "get" (func))))
    (import "x:y/z@1.2.3" (instance (export "get-it" (func)))))`);
  assertEquals(needsOf(made.imports).map(({ name, specifier }) => [name, specifier]), [
    ["a", "./first.js"],
    ["b-c", "b-c"],
    ["d", "npm:z"],
    ["x:y/z@1.2.3", "x:y/z@1.2.3"],
  ]);
});

Deno.test("instances are named imports, functions the default one, modules and components sources", async () => {
  const made = await component(`(component
    (import "f" (func))
    (import "m" (core module))
    (import "c" (component))
    (import "r" (type (sub resource)))
    (import "a:b/types" (instance $types
      (type $n' u32) (export "n" (type (eq $n')))
      (export "inner-HTML" (func))
      (export "XML-node" (type $node (sub resource)))
      (export "[constructor]XML-node" (func (result (own $node))))
      (export "[method]XML-node.get" (func (param "self" (borrow $node))))
      (export "m" (core module))))
    (alias export $types "XML-node" (type $n))
    (import "a:b/uses" (instance (alias outer 1 $n (type $m)) (export "XML-node" (type (eq $m)))
      (export "f" (func))))
    (import "a:b/only-types" (instance (type $n' u32) (export "n" (type (eq $n'))))))`);
  assertEquals(needsOf(made.imports).map(({ name, from }) => [name, from]), [
    ["f", { kind: "default" }],
    ["m", { kind: "source" }],
    ["c", { kind: "source" }],
    ["r", { kind: "default" }],
    ["a:b/types", {
      kind: "named",
      members: [
        { name: "inner-HTML", binding: "innerHTML" },
        { name: "XML-node", binding: "XMLNode" },
        { name: "m", binding: "m" },
      ],
    }],
    // A resource that another import gave is not given again.
    ["a:b/uses", { kind: "named", members: [{ name: "f", binding: "f" }] }],
  ]);
  const text = moduleText(made, { name: "x", loading: { kind: "inline", bytes: new Uint8Array() } });
  for (
    const line of [
      'import import0 from "f";',
      'import source import1 from "m";',
      'import source import2 from "c";',
      'import import3 from "r";',
      'import { innerHTML as import4_0, XMLNode as import4_1, m as import4_2 } from "a:b/types";',
      'import { f as import5_0 } from "a:b/uses";',
    ]
  ) assert(text.includes(`\n${line}\n`), text);
  assert(!text.includes("only-types"));
  // Where nothing knows the source phase, files are asked for their source by a query.
  const map = { m: "./m.wasm", c: "./c.js" };
  const queried = moduleText(made, {
    name: "x",
    loading: { kind: "inline", bytes: new Uint8Array() },
    sourcePhase: false,
    map,
  });
  assertMatch(queried, /\nimport import1 from "\.\/m\.wasm\?source";\nimport import2 from "\.\/c\.js";\n/);
});

Deno.test("wasi:* comes from ./wasi, unless it is mapped or the component says otherwise", async () => {
  const made = await component(`(component
    (import "wasi:cli/environment@0.2.3" (instance (export "get-arguments" (func (result (list string))))))
    (import "wasi:cli/exit@0.2.3" (external-id "./exit.js") (instance (export "exit" (func))))
    (import "wasi:keyvalue/store@0.2.0" (instance (export "open" (func))))
    (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64))))))`);
  const loading = { kind: "inline", bytes: new Uint8Array() } as const;
  const text = moduleText(made, { name: "x", loading, map: { "wasi:random/random": "./dice.js" } });
  const imports = text.split("\n").filter((line) => line.startsWith("import "));
  assertEquals(imports, [
    'import { instantiate } from "@windlass/component";',
    'import { wasi } from "@windlass/component/wasi";',
    'import { exit as import1_0 } from "./exit.js";',
    'import { open as import2_0 } from "wasi:keyvalue/store@0.2.0";',
    'import { getRandomU64 as import3_0 } from "./dice.js";',
  ]);
  assert(text.includes("...await wasi(),\n"));
});

Deno.test("exports are bound by JSName, interfaces by their name and its last part, nothing as default", async () => {
  const made = await component(`(component
    (import "f" (func $f))
    (component $I (import "f" (func $f)) (export "f" (func $f)))
    (instance $i (instantiate $I (with "f" (func $f))))
    (export "inner-HTML" (func $f))
    (export "a-b" (func $f)) (export "aB" (func $f))
    (export "then" (func $f)) (export "delete" (func $f))
    (export "x:y/one@1.0.0" (instance $i))
    (export "x:y/two@1.0.0" (instance $i)) (export "z:y/two@1.0.0" (instance $i))
    (export "x:y/delete" (instance $i)) (export "x:y/default" (instance $i))
    (export "nested" (instance $i)))`.replaceAll('"aB"', '"AB"'));
  assertEquals(bindingsOf(made.exports).map(({ names }) => names), [
    ["innerHTML"],
    ["aB"],
    ["ab"],
    ["[func]then"],
    ["delete"],
    ["x:y/one@1.0.0", "one"],
    ["x:y/two@1.0.0"],
    ["z:y/two@1.0.0"],
    ["x:y/delete"],
    ["x:y/default"],
    ["nested"],
  ]);
});

Deno.test("the module of a component runs: named imports, exports, classes", async () => {
  const lines: string[] = [];
  (globalThis as Record<string, unknown>)["__said"] = lines;
  const host = dataUrl("export const log = (line) => globalThis.__said.push(line);");
  const greet = await run(fixtureBytes("greet"), { map: { "demo:greet/host": host } });
  assertEquals(Object.keys(greet), ["api", "demo:greet/api@1.0.0", "version"]);
  assertEquals(greet["api"].greet("world"), "Hello, world!");
  assertEquals([greet["api"], lines.length], [greet["demo:greet/api@1.0.0"], 1]);
  // The same functions as promises.
  const later = await run(fixtureBytes("greet"), { map: { "demo:greet/host": host }, exports: "promising" });
  const promise = later["api"].greet("ann");
  assert(promise instanceof Promise);
  assertEquals(await promise, "Hello, ann!");
});

Deno.test("default imports are functions and values, sources are modules and components", async () => {
  const seven = await run(
    `(component (import "f" (func $f (result u32))) (export "g-h" (func $f)))`,
    { map: { f: dataUrl("export default () => 7;") } },
  );
  assertEquals(seven["gH"](), 7);
  const bytes = await wat(`(component
    (import "c" (component $C (export "x" (func (result u32)))))
    (instance $i (instantiate $C)) (export "x" (func $i "x")))`);
  const inner = await wat(`(component
    (core module $M (func (export "x") (result i32) i32.const 5)) (core instance $m (instantiate $M))
    (func (export "x") (result u32) (canon lift (core func $m "x"))))`);
  const loading = { kind: "inline", bytes: inner } as const;
  const source = moduleText(await library.compile(inner), { name: "inner", library: own, loading, exports: "source" });
  assertEquals((await run(bytes, { map: { c: dataUrl(source) }, sourcePhase: false }))["x"](), 5);
});

Deno.test("a class is exported by the draft's name and makes objects", async () => {
  const module = await run(`(component
    (type $counter' (resource (rep i32)))
    (core func $new (canon resource.new $counter'))
    (core module $M (import "" "new" (func $new (param i32) (result i32)))
      (func (export "new") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "get") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    (export $counter "HTTP-counter" (type $counter'))
    (func (export "[constructor]HTTP-counter") (param "from" u32) (result (own $counter)) (canon lift (core func $m "new")))
    (func (export "[method]HTTP-counter.get") (param "self" (borrow $counter)) (result u32) (canon lift (core func $m "get"))))`);
  assertEquals(Object.keys(module), ["HTTPCounter"]);
  using counter = new module["HTTPCounter"](41);
  assertEquals(counter.get(), 41);
});

Deno.test("WASI grants nothing unless a module of the user's says so", async () => {
  const environment = `(component
    (import "wasi:cli/environment@0.2.3" (instance $e (export "get-arguments" (func (result (list string))))))
    (export "arguments" (func $e "get-arguments")))`;
  assertEquals((await run(environment))["arguments"](), []);
  const granted = dataUrl('export const wasi = { args: ["a", "b"] };');
  assertEquals((await run(environment, { wasi: granted }))["arguments"](), ["a", "b"]);
  const named = dataUrl("export const wasi = async (name) => ({ args: [name] });");
  assertEquals((await run(environment, { wasi: named }))["arguments"](), ["test.wasm"]);
});

Deno.test("a handler's module has fetch as its default export, and tries again after a failure", async () => {
  const bytes = await Deno.readFile(testFile("wasi/guests/server.wasm"));
  leavesAnyHandles(); // instances that take the next request are kept
  const { default: handler } = await run(bytes, { exports: "handler", instances: 2 });
  const echo = () => handler.fetch(new Request("http://localhost/echo", { method: "POST", body: "hello" }));
  assertEquals(await (await echo()).text(), "hello");
  assertEquals(await (await echo()).text(), "hello");
  (globalThis as Record<string, unknown>)["__failing"] = true;
  const granted = dataUrl(
    "export const wasi = () => { if (globalThis.__failing) throw new Error('not yet'); return {}; };",
  );
  const { default: later } = await run(bytes, { exports: "handler", wasi: granted });
  await assertRejects(() => later.fetch(new Request("http://localhost/")), Error, "not yet");
  (globalThis as Record<string, unknown>)["__failing"] = false;
  const response = await later.fetch(new Request("http://localhost/echo", { method: "POST", body: "again" }));
  assertEquals(await response.text(), "again");
});

Deno.test("core modules can be imports, and no text of a component becomes code", async () => {
  const made = await component(`(component
    (import "a" (external-id "\\"; alert(1); //\\u{2028}\\n") (func)) (core module) (core module))`);
  const loading = {
    kind: "modules",
    specifiers: ["./x.core0.wasm", "./x.core1.wasm"],
    rest: new Uint8Array(),
  } as const;
  const text = moduleText(made, { name: "a\nb */", loading: { ...loading, phase: false } });
  assertMatch(text, /^\/\/ a\?b \*\/: a WebAssembly component/);
  assert(text.includes('import import0 from "\\"; alert(1); //\u2028\\n";\n'), text);
  assert(text.includes('import core0 from "./x.core0.wasm";\nimport core1 from "./x.core1.wasm";\n'));
  assert(text.includes("{ modules, codegen: false }"));
  const phase = moduleText(made, { name: "x", loading: { ...loading, phase: true } });
  assert(phase.includes('import source core1 from "./x.core1.wasm";'));
});
