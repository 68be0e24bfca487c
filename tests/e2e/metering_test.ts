// Limits on what guests execute: fuel, deadlines, signals. A guest that loops for ever ends, cannot
// catch that, and is locked down; one that stays within its limits does the same as without.

import "../support/leaks.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  compile,
  compileSync,
  type Component,
  features,
  instantiate,
  instantiateSync,
  type Limits,
  Linker,
  LinkError,
  suspending,
  Trap,
} from "@windlass/component";
import { realComponent, runReal } from "../../examples/real.ts";
import { wat } from "../support/wat.ts";

async function metered(text: string): Promise<Component> {
  return compileSync(await wat(text), { metering: true });
}

/** A component whose functions `[] -> []` are exported under their names. */
function exporting(module: string, ...names: readonly string[]): string {
  return `(component
    (core module $M ${module})
    (core instance $m (instantiate $M))
    ${names.map((name) => `(func (export "${name}") (canon lift (core func $m "${name}")))`).join("\n")})`;
}

const forever = exporting(
  `(func (export "forever") (loop $l (br $l)))
   (func $deep (export "recursion") (call $deep) (call $deep))
   (func (export "table") (param) (local i32)
     (loop $a (loop $b (loop $c (br_table $a $b $c (local.tee 0 (i32.add (local.get 0) (i32.const 1))))))))
   (func (export "once"))`,
  "forever",
  "recursion",
  "table",
  "once",
);

Deno.test("a guest that does not end runs out of fuel, and is locked down", async () => {
  const component = await metered(forever);
  for (const name of ["forever", "table"]) {
    const instance = instantiateSync(component, {}, { limits: { fuel: 100_000 } });
    instance.exports.once();
    const trap = assertThrows(() => instance.exports[name](), Trap) as Trap;
    assertEquals([trap.code, trap.path], ["out-of-fuel", `export ${name}`]);
    assertEquals(instance.fuel, 0n);
    assertEquals((assertThrows(() => instance.exports.once(), Trap) as Trap).code, "cannot-enter");
  }
});

Deno.test("a guest that does not end meets its deadline, each outermost call its own", async () => {
  const component = await metered(forever), limits: Limits = { deadline: 5 };
  const instance = instantiateSync(component, {}, { limits });
  for (const end = performance.now() + 12; performance.now() < end;) instance.exports.once();
  assertEquals((assertThrows(() => instance.exports.forever(), Trap) as Trap).code, "deadline");
  // Recursion ends by whichever comes first.
  const trap = assertThrows(() => instantiateSync(component, {}, { limits }).exports.recursion(), Trap) as Trap;
  assert(trap.code === "deadline" || trap.code === "stack-overflow", trap.code);
});

Deno.test("a signal is seen in the middle of a loop, and its reason comes out", async () => {
  const component = await metered(forever), { signal } = new AbortController(), reason = new Error("enough");
  let aborted = false;
  // As a signal is that another thread sets: nothing can call its listeners.
  Object.defineProperties(signal, {
    aborted: { get: () => aborted },
    reason: { get: () => aborted ? reason : undefined },
  });
  const instance = instantiateSync(component, {}, { signal });
  instance.exports.once();
  aborted = true;
  assertStrictEquals(assertThrows(() => instance.exports.forever()), reason);
  assertStrictEquals((assertThrows(() => instance.exports.once(), Trap) as Trap).code, "cannot-enter");
});

Deno.test("a guest cannot catch that it is out of fuel", async () => {
  if (!features.exceptions) return;
  const component = await metered(exporting(
    `(func $loop (loop $l (br $l)))
     (func (export "f") (loop $again (block $caught (try_table (catch_all $caught) (call $loop))) (br $again)))`,
    "f",
  ));
  const instance = instantiateSync(component, {}, { limits: { fuel: 10_000 } });
  assertEquals((assertThrows(() => instance.exports.f(), Trap) as Trap).code, "out-of-fuel");
});

/** Two core instances that call each other, of two components. */
const pair = `(component
  (component $A
    (core module $M (func (export "spin") (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    (core instance $m (instantiate $M))
    (func (export "spin") (param "n" u32) (canon lift (core func $m "spin"))))
  (instance $a (instantiate $A))
  (component $B
    (import "spin" (func $spin (param "n" u32)))
    (core func $spin' (canon lower (func $spin)))
    (core module $M (import "" "spin" (func $spin (param i32)))
      (func (export "f") (param i32 i32)
        (loop $l (call $spin (local.get 1)) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    (core instance $m (instantiate $M (with "" (instance (export "spin" (func $spin'))))))
    (func (export "f") (param "times" u32) (param "n" u32) (canon lift (core func $m "f"))))
  (instance $b (instantiate $B (with "spin" (func $a "spin"))))
  (func (export "f") (alias export $b "f")))`;

Deno.test("the core instances of a tree share their fuel, exactly", async () => {
  const component = await metered(pair);
  const used = (fuel: bigint): bigint => {
    const instance = instantiateSync(component, {}, { limits: { fuel } });
    instance.exports.f(100, 1000);
    return fuel - instance.fuel!;
  };
  const units = used(10n ** 12n);
  // 100 times: loop, call, four more and br_if; then 1000 times loop, four more and br_if.
  assertEquals(units, 100n * (1n + 14n + 1n + 5n) + 100n * 1000n * 6n);
  assertEquals(used(units), units);
  assertEquals((assertThrows(() => used(units - 1n), Trap) as Trap).code, "out-of-fuel");
  // Without adapters between the guests, the guests do the same.
  const apart = compileSync(await wat(pair), { metering: true, fused: false });
  const instance = instantiateSync(apart, {}, { limits: { fuel: units } });
  instance.exports.f(100, 1000);
  assertEquals(instance.fuel, 0n);
});

/** Calls the host for ever. */
const callsHost = `(component
    (import "host" (func $host)) (core func $host' (canon lower (func $host)))
    (core module $M (import "" "host" (func $host))
      (func (export "f") (loop $l (call $host) (br $l))))
    (core instance $m (instantiate $M (with "" (instance (export "host" (func $host'))))))
    (func (export "f") (canon lift (core func $m "f"))))`;

Deno.test("fuel can be read and set while a guest calls the host", async () => {
  const component = await metered(callsHost);
  const seen: bigint[] = [];
  const instance = instantiateSync(component, {
    host: () => {
      seen.push(instance.fuel!);
      if (seen.length === 3) instance.fuel = 40n;
    },
  }, { limits: { fuel: 10_000 } });
  assertThrows(() => instance.exports.f(), Trap);
  // An iteration: loop, call, br.
  assertEquals(seen, [9984n, 9968n, 9952n, 24n, 8n]);
});

Deno.test("a guest that does nothing but call the host meets its deadline at a call", async () => {
  const component = await metered(callsHost);
  let calls = 0;
  const host = (): void => {
    calls++;
    for (const end = performance.now() + 4; performance.now() < end;);
  };
  const { exports } = instantiateSync(component, { host }, { limits: { deadline: 10 } });
  assertEquals((assertThrows(() => exports.f(), Trap) as Trap).code, "deadline");
  assert(calls <= 3, `${calls} calls`);
});

Deno.test({
  name: "a guest that waits for ever, where nobody can wake it, ends too",
  ignore: !features.threads || !mayWait(),
  fn: async () => {
    const component = await metered(exporting(
      `(memory 1 1 shared) (func (export "f")
        (loop $l (br_if $l (i32.eq (i32.const 2) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))))`,
      "f",
    ));
    for (const limits of [{ fuel: 1_000_000 }, { deadline: 10 }]) {
      const code = "fuel" in limits ? "out-of-fuel" : "deadline";
      const instance = instantiateSync(component, {}, { limits });
      assertEquals((assertThrows(() => instance.exports.f(), Trap) as Trap).code, code);
    }
  },
});

/** Whether this thread may sleep: that of a page may not. */
function mayWait(): boolean {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0) === "timed-out";
  } catch {
    return false;
  }
}

Deno.test("start functions are metered", async () => {
  const component = await metered(`(component (core module $M (func $s (loop $l (br $l))) (start $s))
    (core instance (instantiate $M)))`);
  for (const limits of [{ fuel: 5000 }, { deadline: 5 }]) {
    const code = "fuel" in limits ? "out-of-fuel" : "deadline";
    assertEquals((assertThrows(() => instantiateSync(component, {}, { limits }), Trap) as Trap).code, code);
    assertEquals((await assertRejects(() => instantiate(component, {}, { limits }), Trap) as Trap).code, code);
  }
});

Deno.test("a module of a component that is not metered is refused, whatever it says", async () => {
  const mark = JSON.stringify({ prefix: "", memories: [], tables: [] }).replaceAll('"', "\\22");
  const exporting = await wat(`(component
    (core module $M (func (export "f") (loop $l (br $l))) (@custom "windlass:metering" "${mark}"))
    (export "m" (core module $M)))`);
  const { m } = instantiateSync(compileSync(exporting), {}).exports;
  const component = await metered(
    `(component (import "m" (core module $M (export "f" (func)))) (core instance (instantiate $M)))`,
  );
  const linked = new Linker().module("m", m).link(component);
  assertThrows(() => linked.instantiateSync(), LinkError, "the host's core module is not metered");
});

Deno.test("a component reaches nothing of what metering adds", async () => {
  const source = await wat(`(component
    (core module $M (func (export "f")))
    (core instance $m (instantiate $M))
    (alias core export $m "windlass:metering/counter" (core global $g)))`);
  const say = (options: { metering?: boolean }) => assertThrows(() => compileSync(source, options)).message;
  assertEquals(say({ metering: true }), say({}));
});

Deno.test("the same bytes as a buffer, a stream and precompiled modules use the same fuel", async () => {
  const bytes = await wat(pair),
    pieces = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7));
        controller.close();
      },
    });
  const first = await compile(bytes, { metering: true });
  const components = [
    first,
    await compile(pieces, { metering: true }),
    compileSync(bytes, { metering: true, modules: first.modules }),
    await compile(bytes, { metering: true, modules: first.modules }),
  ];
  const fuels = components.map((component) => {
    const instance = instantiateSync(component, {}, { limits: { fuel: 1_000_000 } });
    instance.exports.f(3, 3);
    return instance.fuel;
  });
  assertEquals(new Set(fuels).size, 1);
});

Deno.test("options and limits that do not fit are refused", async () => {
  const bytes = await wat(pair), component = compileSync(bytes, { metering: true }), plain = compileSync(bytes);
  const refused = (action: () => unknown, message: string) => assertThrows(action, TypeError, message);
  for (const limits of [{ fuel: 1 }, { deadline: 1 }]) {
    const [name] = Object.keys(limits);
    refused(() => instantiateSync(plain, {}, { limits }), `the limit ${name} needs a component that is compiled with`);
  }
  refused(() => instantiateSync(plain, {}).fuel = 1n, "fuel can be set for a component that is compiled with");
  assertEquals(instantiateSync(plain, {}).fuel, undefined);
  assertEquals(instantiateSync(component, {}).fuel, undefined);
  refused(() => compileSync(bytes, { modules: component.modules }), "are metered: pass { metering: true }");
  refused(() => compileSync(bytes, { modules: plain.modules, metering: true }), "give modules that are metered");
  await assertRejects(() => compile(component, { metering: false }), TypeError, "metering has no effect");
  assertStrictEquals(await compile(component, { metering: true }), component);
  for (const fuel of [-1, 1.5, 2n ** 64n, NaN, "1" as never]) {
    assertThrows(() => instantiateSync(component, {}, { limits: { fuel } }), RangeError, "fuel must be an integer");
  }
  for (const deadline of [0, -1, NaN, "1" as never]) {
    assertThrows(() => instantiateSync(component, {}, { limits: { deadline } }), RangeError, "limit deadline must be");
  }
});

Deno.test({
  name: "a guest that was suspended meets its deadline in a later turn; waiting does not count",
  ignore: !features.jspi,
  fn: async () => {
    const component = await metered(`(component
      (import "sleep" (func $sleep)) (core func $sleep' (canon lower (func $sleep)))
      (core module $M (import "" "sleep" (func $sleep))
        (func (export "f") (param i32) (call $sleep) (if (local.get 0) (then (loop $l (br $l))))))
      (core instance $m (instantiate $M (with "" (instance (export "sleep" (func $sleep'))))))
      (func (export "f") (param "loops" bool) (canon lift (core func $m "f"))))`);
    const linker = new Linker().define({
      sleep: suspending(() => new Promise<void>((done) => setTimeout(done, 30))),
    });
    const instance = await linker.link(component).instantiate({ limits: { deadline: 40 } });
    await instance.promising.exports.f(false);
    const trap = await assertRejects(() => instance.promising.exports.f(true), Trap) as Trap;
    assertEquals(trap.code, "deadline");
    await new Promise((done) => setTimeout(done, 5)); // the turn that was noted ends
  },
});

Deno.test("wasm-tools metered gives the same bytes, and the same fuel each time", async () => {
  const bytes = await realComponent("wasm-tools");
  const text = `(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))`;
  const plain = (await runReal(await compile(bytes))).exports["local:wasm-tools/tools"].parse(text);
  const component = await compile(new Response(bytes), { metering: true });
  const used: bigint[] = [];
  for (let i = 0; i < 2; i++) {
    const instance = await runReal(component);
    instance.fuel = 10n ** 12n;
    assertEquals(instance.exports["local:wasm-tools/tools"].parse(text), plain);
    used.push(10n ** 12n - instance.fuel);
  }
  assert(used[0]! > 10_000n);
});
