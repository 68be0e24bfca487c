// Metered modules where nothing may be compiled: they come from `split`, or from another thread, with
// the helper behind them.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  compile,
  CompileError,
  type CompileOptions,
  compileSync,
  features,
  instantiate,
  instantiateSync,
  LinkError,
  Trap,
} from "@windlass/component";
import { componentInternals } from "../../../core/component.ts";
import { meterer } from "../../../core/meter/meterer.ts";
import { splitComponent } from "../../../core/sources/split.ts";
import { customSection } from "../../../abi/wasm/encoder.ts";
import { withoutCompiling } from "../../support/no_compiling.ts";
import { wat } from "../../support/wat.ts";

/** A component in pieces, whose modules the host has compiled when it was deployed. */
async function deployed(text: string, gates: CompileOptions["gates"] = {}) {
  const bytes = await wat(text), { modules } = componentInternals(compileSync(bytes, { gates }));
  const pieces = splitComponent(bytes, modules, { meterer });
  const compiled = pieces.modules.map((module) => new WebAssembly.Module(module));
  return { rest: pieces.rest, options: { modules: compiled, metering: true, gates } };
}

function codeOf(action: () => unknown): string {
  return (assertThrows(action, Trap) as Trap).code;
}

const forever = `(component
  (core module $M
    (memory 1) (global $started (mut i32) (i32.const 0))
    (func $start (loop) (global.set $started (i32.const 1))) (start $start)
    (func (export "started") (result i32) (global.get $started))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "f") (loop $l (br $l))))
  (core instance $m (instantiate $M))
  (func (export "started") (result u32) (canon lift (core func $m "started")))
  (func (export "grow") (param "by" u32) (result s32) (canon lift (core func $m "grow")))
  (func (export "f") (canon lift (core func $m "f"))))`;

Deno.test("limits hold where nothing may be compiled, by the helper that split has written", async () => {
  const { rest, options } = await deployed(forever);
  assertEquals(options.modules.length, 2); // its own, and the helper
  await withoutCompiling(async () => {
    const component = await compile(rest, options);
    const fueled = instantiateSync(component, {}, { limits: { fuel: 100_000 } });
    assertEquals(fueled.exports.started(), 1);
    assertEquals(codeOf(() => fueled.exports.f()), "out-of-fuel");
    assertEquals(codeOf(() => fueled.exports.started()), "cannot-enter");
    const timed = await instantiate(component, {}, { limits: { deadline: 5 } });
    assertEquals(codeOf(() => timed.exports.f()), "deadline");
    const small = instantiateSync(component, {}, { limits: { memory: 2 * 65536 } });
    assertEquals([small.exports.grow(1), small.exports.grow(1)], [1, -1]);
    if (!features.jspi) return;
    const sliced = instantiateSync(component, {}, { limits: { slice: 1 } });
    let turns = 0;
    const timer = setInterval(() => ++turns === 3 && sliced[Symbol.dispose](), 0);
    await assertRejects(() => sliced.promising.exports.f(), TypeError, "the instance was disposed");
    clearInterval(timer);
  });
});

Deno.test("a guest cannot catch there either that it is ended", async () => {
  if (!features.exceptions) return;
  const { rest, options } = await deployed(`(component
    (core module $M (func $loop (loop $l (br $l)))
      (func (export "f") (loop $again (block $caught (try_table (catch_all $caught) (call $loop))) (br $again))))
    (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f"))))`);
  await withoutCompiling(() => {
    const component = compileSync(rest, options);
    for (const [code, limits] of [["out-of-fuel", { fuel: 10_000 }], ["deadline", { deadline: 5 }]] as const) {
      assertEquals(codeOf(() => instantiateSync(component, {}, { limits }).exports.f()), code);
    }
  });
});

Deno.test("the modules of a metered component have the helper at their end", async () => {
  const bytes = await wat(forever), { modules } = compileSync(bytes, { metering: true });
  await withoutCompiling(() => {
    for (const given of [modules, modules.slice(0, 1)]) {
      // The helper that was given once serves the whole realm.
      const component = compileSync(bytes, { modules: given, metering: true });
      assertEquals(
        codeOf(() => instantiateSync(component, {}, { limits: { fuel: 10_000 } }).exports.f()),
        "out-of-fuel",
      );
      assertEquals(component.modules.length, 2);
    }
  });
});

Deno.test("without the helper that is said, and that of another version is refused", async () => {
  const { rest, options } = await deployed(forever), own = options.modules.slice(0, 1);
  await withoutCompiling(() => {
    const component = compileSync(rest, { ...options, modules: own });
    const error = assertThrows(() => instantiateSync(component), LinkError) as LinkError;
    assertEquals(error.code, "no-helper");
    assertEquals(component.modules.length, 1);
  });
  const empty = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const other = new WebAssembly.Module(Uint8Array.from([...empty, ...customSection("windlass:helper", "0")]));
  const wrong = assertThrows(() => compileSync(rest, { ...options, modules: [...own, other] }), CompileError);
  assert(wrong.message.includes("module 1 is another one: a helper of another version"), wrong.message);
  const more = new WebAssembly.Module(Uint8Array.from(empty));
  assertThrows(
    () => compileSync(rest, { ...options, modules: [...own, more] }),
    CompileError,
    "has 2 modules, expected 1",
  );
});

Deno.test("a guest's module is no helper, whatever it says", async () => {
  const { rest, options } = await deployed(`(component
    (core module $M (func (export "f")) (@custom "windlass:helper" "1"))
    (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f"))))`);
  const [own] = options.modules;
  const { exports } = instantiateSync(compileSync(rest, { ...options, modules: [own!] }), {}, {
    limits: { fuel: 100 },
  });
  exports.f();
});

Deno.test({
  name: "a slice of a component with tasks needs an engine that may compile, which is said",
  ignore: !features.jspi,
  fn: async () => {
    const { rest, options } = await deployed(
      `(component
      (core module $M (func (export "f") (loop $l (br $l))))
      (core instance $m (instantiate $M))
      (func (export "f") async (canon lift (core func $m "f") async)))`,
      { "async-stackful": true },
    );
    await withoutCompiling(async () => {
      const component = compileSync(rest, options);
      assertThrows(() => instantiateSync(component, {}, { limits: { slice: 1 } }), LinkError, "the limit `slice`");
      const fueled = instantiateSync(component, {}, { limits: { fuel: 10_000 } });
      assertEquals((await assertRejects(() => fueled.exports.f(), Trap) as Trap).code, "out-of-fuel");
    });
  },
});
