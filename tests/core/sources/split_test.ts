// Components in pieces: the rest and the modules are what the whole is, in everything that can be
// seen; without the modules the rest says so.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { compile, CompileError, compileSync, type Component, instantiate, instantiateSync } from "@windlass/component";
import { componentInternals } from "../../../core/component.ts";
import { features } from "../../../core/module/features.ts";
import { splitComponent } from "../../../core/sources/split.ts";
import { fixtureBytes, testFile } from "../../support/fixtures.ts";
import { binary, thrown } from "../../support/wasm.ts";
import { wat } from "../../support/wat.ts";

/** The pieces of a component. */
function split(bytes: Uint8Array<ArrayBuffer>, maxMemoryPages?: number, gates: Record<string, boolean> = {}) {
  return splitComponent(
    bytes,
    componentInternals(compileSync(bytes, { gates })).modules,
    maxMemoryPages === undefined ? {} : { maxMemoryPages },
  );
}

const compiled = (modules: readonly Uint8Array<ArrayBuffer>[]) => modules.map((bytes) => new WebAssembly.Module(bytes));

/** What a component says of itself. */
function told(component: Component) {
  const { imports, exports } = component;
  return { imports, exports, wit: component.wit(), typescript: component.typescript() };
}

const guests = (name: string) => Deno.readFileSync(testFile(`wasi/guests/${name}.wasm`));
const nested = await wat(`(component
  (core module $outer (memory (export "m") 1) (func (export "f") (result i32) (i32.const 1)) (data (i32.const 0) "outer"))
  (core module $tables (table (export "t") 1 2 funcref) (global (export "g") (mut i64) (i64.const 7)) (func $f) (elem declare func $f))
  (core module $bare (memory (export "m") 1))
  (component $C
    (core module $inner (import "a" "f" (func $f (result i32)))
      (func (export "f") (result i32) (i32.add (call $f) (i32.const 10))))
    (alias outer 1 $outer (core module $o))
    (core instance $o (instantiate $o))
    (core instance $i (instantiate $inner (with "a" (instance $o))))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))
  (instance $c (instantiate $C))
  (export "tables" (core module $tables))
  (func (export "f") (alias export $c "f")))`);
const components: readonly (readonly [string, Uint8Array<ArrayBuffer>, boolean])[] = [
  ["greet", fixtureBytes("greet"), true],
  ["values", fixtureBytes("values"), true],
  ["resources", fixtureBytes("resources"), true],
  ["memories", fixtureBytes("memories"), features.multiMemory],
  ["command", guests("command"), true],
  ["server", guests("server"), true],
  ["nested", nested, true],
  ["nothing", binary(), true],
];

for (const [name, bytes, runs] of components) {
  Deno.test({
    name: `${name}: the rest with its modules tells what the whole tells`,
    ignore: !runs,
    async fn() {
      const whole = compileSync(bytes), { rest, modules } = split(bytes);
      assertEquals(modules.length, whole.modules.length);
      for (const given of [compiled(modules), whole.modules]) {
        assertEquals(told(compileSync(rest, { modules: given })), told(whole));
        assertEquals(told(await compile(rest, { modules: given })), told(whole));
        assertEquals(told(await compile(new Response(rest), { modules: given })), told(whole));
        assertEquals(told(compileSync(bytes, { modules: given })), told(whole));
      }
      if (modules.length === 0) return assertEquals(rest, bytes);
      for (const fails of [() => compile(rest), () => compile(new Response(rest))]) {
        assertEquals((await assertRejects(fails, CompileError)).code, "modules-apart");
      }
      assertEquals(
        thrown(() => compileSync(rest)).message.replace(/ \(at offset .*/, ""),
        "Cannot compile component: its core modules were split from it: pass { modules }, all " +
          `${modules.length} of them in the order of their numbers`,
      );
    },
  });
}

Deno.test("what is instantiated from pieces behaves as the whole", async () => {
  const pieces = split(nested), modules = compiled(pieces.modules);
  assertEquals(instantiateSync(compileSync(pieces.rest, { modules })).exports.f(), 11);
  const greet = split(fixtureBytes("greet")), lines: string[] = [];
  const imports = { "demo:greet/host@1.0.0": { log: (line: string) => void lines.push(line) } };
  const instance = await instantiate(greet.rest, imports, { modules: compiled(greet.modules) });
  assertEquals(instance.exports["demo:greet/api@1.0.0"].greet("you"), "Hello, you!");
  assertEquals(lines.length, 1);
  const limited = compileSync(greet.rest, { modules: compiled(greet.modules) });
  const bounded = instantiateSync(limited, imports, { limits: { liftedBytes: 2 } });
  const whole = instantiateSync(compileSync(fixtureBytes("greet")), imports, { limits: { liftedBytes: 2 } });
  const call = (of: typeof whole) => () => of.exports["demo:greet/api@1.0.0"].greet("you");
  assertEquals(thrown(call(bounded)).message, thrown(call(whole)).message);
});

Deno.test("a module that a component exports has its type from the rest, too", () => {
  const importer = (limits: string) =>
    wat(
      `(component (import "m" (core module (export "t" (table ${limits} funcref)) (export "g" (global (mut i64))))))`,
    );
  const { rest, modules } = split(nested);
  return (async () => {
    const { tables } = instantiateSync(compileSync(rest, { modules: compiled(modules) })).exports;
    await instantiate(await importer("1 2"), { m: tables });
    await assertRejects(
      async () => await instantiate(await importer("2 2"), { m: tables }),
      Error,
      "mismatch in table",
    );
  })();
});

const growing = await wat(`(component
  (core module $M (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
  (core instance $m (instantiate $M))
  (func (export "grow") (param "by" u32) (result s32) (canon lift (core func $m "grow"))))`);

Deno.test("bounded memories stay bounded: of modules that were compiled so, and of those that were split so", () => {
  const { rest } = split(growing),
    grow = (modules: readonly WebAssembly.Module[]) => instantiateSync(compileSync(rest, { modules })).exports.grow;
  for (
    const modules of [
      compileSync(growing, { maxMemoryPages: 2 }).modules,
      compiled(split(growing, 2).modules),
      compileSync(rest, { modules: compileSync(growing, { maxMemoryPages: 2 }).modules }).modules,
    ]
  ) {
    assertEquals([grow(modules)(1), grow(modules)(2)], [1, -1]);
  }
  assertEquals(grow(compiled(split(growing).modules))(2), 1);
  assertEquals(thrown(() => split(growing, 0)).code, "memory-cap");
  // As with a whole component
  const error = thrown(() => compileSync(rest, { modules: compileSync(growing).modules, maxMemoryPages: 2 }));
  assertEquals(error.message, "maxMemoryPages has no effect on precompiled modules: give one or the other");
});

Deno.test("the pieces together are about as large as the whole", async () => {
  const functions = "(func nop nop nop nop nop nop nop nop) ".repeat(5000);
  const large = await wat(`(component
    (core module $M (memory (export "m") 8) (func (export "f")) (data (i32.const 0) "${"x".repeat(400_000)}"))
    (core module (func (export "n")) ${functions})
    (core instance (instantiate $M)))`);
  const { rest, modules } = split(large);
  const apart = modules.reduce((sum, { length }) => sum + length, 0);
  assert(rest.length < large.length / 40, `${rest.length} of ${large.length}`);
  assert(apart + rest.length < large.length * 1.03);
});

// Other modules than those.

/** Two modules with equal names and kinds, whose types or bodies differ. */
const twins = (one: string, other: string) =>
  wat(`(component
    (core module ${one}) (core module ${other})
    (core instance (instantiate 0)) (core instance (instantiate 1)))`);

/** What compiling with these modules says; nothing if it succeeds. */
function refusal(bytes: Uint8Array<ArrayBuffer>, modules: readonly WebAssembly.Module[]): string {
  try {
    compileSync(bytes, { modules });
    return "";
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.message.replace(/^Cannot compile component: | \(at offset .*$/g, "");
  }
}

Deno.test("modules that changed places are told apart", async () => {
  const different = await twins(`(func (export "f"))`, `(func (export "g"))`);
  const swapped = "option `modules`: module 0 lacks the export `f`; it is like core module 1";
  const { rest, modules } = split(different), [a, b] = compiled(modules);
  assertEquals(refusal(rest, [a!, b!]), "");
  for (const bytes of [rest, different]) {
    assertEquals(refusal(bytes, [b!, a!]), swapped);
    // Engines know no more of these than names and kinds
    const [plainA, plainB] = compiled(
      componentInternals(compileSync(different)).modules.map(({ offset, length }) =>
        different.slice(offset, offset + length)
      ),
    );
    assertEquals(refusal(bytes, [plainA!, plainB!]), "");
    assertEquals(refusal(bytes, [plainB!, plainA!]), swapped);
    assertEquals(
      refusal(bytes, [plainA!, plainA!]),
      "option `modules`: module 1 lacks the export `g`; it is like core module 0",
    );
  }
  // Those that this realm compiled are known by their types
  const typed = await twins(`(func (export "f") (param i32))`, `(func (export "f") (param i64))`);
  const known = compileSync(typed).modules;
  for (const bytes of [typed, split(typed).rest]) {
    const other = "option `modules`: module 0 is another one: export `f` has another type; it is like core module 1";
    assertEquals(refusal(bytes, [known[1]!, known[0]!]), other);
    assertEquals(refusal(bytes, known), "");
  }
  // Those that were split off are marked: the bodies need not even have other types
  const bodies = await twins(`(func (export "f") nop)`, `(func (export "f"))`);
  const pieces = split(bodies), [one, other] = compiled(pieces.modules);
  assertEquals(refusal(pieces.rest, [one!, other!]), "");
  assertEquals(
    refusal(pieces.rest, [other!, one!]),
    "option `modules`: module 0 is another one: `split` took it from elsewhere; it is like core module 1",
  );
  // Equal modules may stand for each other
  const equal = split(await twins(`(func (export "f"))`, `(func (export "f"))`)), same = compiled(equal.modules);
  assertEquals(refusal(equal.rest, [same[1]!, same[0]!]), "");
});

Deno.test("modules of another component are refused, and too few or too many", async () => {
  const { rest, modules } = split(growing);
  const other = await wat(`(component (core module (func (export "grow") (param i32))))`);
  const more = await wat(`(component (core module
    (memory (export "m") 1) (func (export "grow") (param i32) (result i32) (local.get 0))))`);
  const another = "option `modules`: module 0 is another one: ";
  assertEquals(refusal(rest, compileSync(other).modules), `${another}export \`grow\` has another type`);
  assertEquals(refusal(rest, compileSync(more).modules), `${another}export \`m\` is in one of the two`);
  assertEquals(refusal(rest, compiled(split(other).modules)), `${another}\`split\` took it from elsewhere`);
  assertEquals(refusal(rest, []), "option `modules` has 0 modules, expected 1");
  assertEquals(refusal(rest, compiled([...modules, ...modules])), "option `modules` has 2 modules, expected 1");
});

Deno.test("each stub is refused by engines, so that the rest is never taken for the whole", () => {
  const { rest } = split(nested);
  // What is left of each module lies behind its mark
  const text = new TextDecoder("latin1").decode(rest);
  assertEquals(text.split("windlass:split").length - 1, 4);
  for (
    const { offset, length } of componentInternals(compileSync(rest, { modules: compileSync(nested).modules })).modules
  ) {
    assert(!WebAssembly.validate(rest.slice(offset, offset + length)));
  }
});
