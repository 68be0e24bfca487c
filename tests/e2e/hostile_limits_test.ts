// Guests that try to go on beyond their limits: from every place where the library runs their code,
// by catching what ends them, by many small pieces of work. And hosts that give limits which are none.

import "../support/leaks.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  compileSync,
  type Component,
  features,
  instantiate,
  instantiateSync,
  type Limits,
  Trap,
} from "@windlass/component";
import { wat } from "../support/wat.ts";

async function metered(text: string): Promise<Component> {
  return compileSync(await wat(text), { metering: true });
}

/** Each ends a guest that would go on for ever, by the code of its trap. */
const ends: readonly (readonly [code: string, limits: Limits])[] = [
  ["out-of-fuel", { fuel: 100_000 }],
  ["deadline", { deadline: 10 }],
];

function codeOf(action: () => unknown): string {
  return (assertThrows(action, Trap) as Trap).code;
}

async function rejects(action: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(action, Trap) as Trap).code;
}

const forever = "(loop $forever (br $forever))";

/** A function of a string; one of its parts does not end. */
const withString = (part: "realloc" | "post" | "f"): string =>
  `(component
  (core module $M (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${part === "realloc" ? forever : ""} (i32.const 64))
    (func (export "f") (param i32 i32) (result i32) ${part === "f" ? forever : ""} (i32.const 16))
    (func (export "post") (param i32) ${part === "post" ? forever : ""}))
  (core instance $m (instantiate $M))
  (func (export "f") (param "s" string) (result string)
    (canon lift (core func $m "f") (memory $m "memory") (realloc (func $m "realloc")) (post-return (func $m "post")))))`;

for (const part of ["realloc", "post", "f"] as const) {
  Deno.test(`a guest whose ${part} does not end is ended, and locked down`, async () => {
    const component = await metered(withString(part));
    for (const [code, limits] of ends) {
      const instance = instantiateSync(component, {}, { limits });
      assertEquals(codeOf(() => instance.exports.f("x")), code);
      assertEquals(codeOf(() => instance.exports.f("x")), "cannot-enter");
      const { promising } = instantiateSync(component, {}, { limits });
      assertEquals(await rejects(() => promising.exports.f("x")), code);
      if (!features.jspi) continue;
      const sliced = instantiateSync(component, {}, { limits: { ...limits, slice: 10_000 } });
      assertEquals(await rejects(() => sliced.promising.exports.f("x")), code);
    }
  });
}

/** Makes resources. The destructor of one whose representation is not 0 does not end. */
const resources = `(component
  (core module $D (func (export "drop") (param i32) (if (local.get 0) (then ${forever}))))
  (core instance $d (instantiate $D))
  (type $R' (resource (rep i32) (dtor (func $d "drop"))))
  (export $R "r" (type $R'))
  (core func $new (canon resource.new $R'))
  (core func $drop (canon resource.drop $R'))
  (core module $M
    (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
    (func (export "keep") (param i32) (drop (call $new (local.get 0))))
    (func (export "drop") (param i32) (call $drop (call $new (local.get 0)))))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  (func (export "make") (param "rep" u32) (result (own $R)) (canon lift (core func $new)))
  (func (export "keep") (param "rep" u32) (canon lift (core func $m "keep")))
  (func (export "drop") (param "rep" u32) (canon lift (core func $m "drop"))))`;

Deno.test("a destructor that does not end is ended, whoever runs it", async () => {
  const component = await metered(resources);
  for (const [code, limits] of ends) {
    const byHost = instantiateSync(component, {}, { limits }), resource = byHost.exports.make(1);
    assertEquals(codeOf(() => resource[Symbol.dispose]()), code);
    assertEquals(codeOf(() => byHost.exports.make(0)), "cannot-enter");
    const byGuest = instantiateSync(component, {}, { limits });
    assertEquals(codeOf(() => byGuest.exports.drop(1)), code);
    // The end of an instance: of three resources, two have such destructors.
    const codes: unknown[] = [], onError = (error: unknown) => codes.push((error as Trap).code);
    const ending = instantiateSync(component, {}, { limits, onError });
    for (const rep of [1, 0, 1]) ending.exports.keep(rep);
    ending[Symbol.dispose]();
    assertEquals(codes, [code]); // after the first, nothing of the guest runs
  }
});

/** An async function and its callback: 0 loops in the callback, 1 in the function, 2 after it has returned. */
const tasks = `(component
  (core func $return (canon task.return))
  (core module $M (import "" "return" (func $return))
    (func (export "f") (param i32) (result i32)
      (if (i32.eq (local.get 0) (i32.const 2)) (then (call $return)))
      (if (local.get 0) (then ${forever}))
      (i32.const 1))
    (func (export "callback") (param i32 i32 i32) (result i32) ${forever} (i32.const 0))
    (func (export "yield") (result i32) (i32.const 1))
    (func (export "yield again") (param i32 i32 i32) (result i32) (i32.const 1)))
  (core instance $m (instantiate $M (with "" (instance (export "return" (func $return))))))
  (func (export "f") async (param "n" u32) (canon lift (core func $m "f") async (callback (func $m "callback"))))
  (func (export "yield") async (canon lift (core func $m "yield") async (callback (func $m "yield again")))))`;

Deno.test("an async export that does not end is ended: in its callback, and after it has returned", async () => {
  const component = await metered(tasks);
  for (const [code, limits] of ends) {
    for (const n of [0, 1, 2]) {
      const told: unknown[] = [], onError = (error: unknown) => told.push((error as Trap).code);
      const { exports } = instantiateSync(component, {}, { limits, onError });
      // Its promise was resolved before it began to loop.
      if (n === 2) assertEquals([await exports.f(n), told], [undefined, [code]]);
      else assertEquals(await rejects(() => exports.f(n)), code);
    }
  }
  await new Promise((done) => setTimeout(done, 5)); // the turn that was noted ends
});

Deno.test("a guest that only yields uses fuel, though its callback is too small to be charged", async () => {
  const component = await metered(tasks);
  const { exports } = instantiateSync(component, {}, { limits: { fuel: 1000 } });
  assertEquals(await rejects(() => exports.yield()), "out-of-fuel");
});

Deno.test("recursion that is caught each time ends", async () => {
  if (!features.exceptions) return;
  const component = await metered(`(component
    (core module $M
      (func $deep (call $deep) (call $deep))
      (func (export "f") (loop $again (block $caught (try_table (catch_all $caught) (call $deep))) (br $again))))
    (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f"))))`);
  for (const [code, limits] of ends) {
    const found = codeOf(() => instantiateSync(component, {}, { limits }).exports.f());
    // An engine whose stack is exhausted first does not let the guest catch that either.
    assert(found === code || found === "stack-overflow", found);
  }
});

Deno.test("many core instances share one fuel, and one deadline for their start functions", async () => {
  const component = await metered(`(component (core module $M (func $s (loop)) (start $s))
    ${"(core instance (instantiate $M))".repeat(2000)})`);
  assertEquals(codeOf(() => instantiateSync(component, {}, { limits: { fuel: 1500 } })), "out-of-fuel");
  assertEquals(await rejects(() => instantiate(component, {}, { limits: { fuel: 1500 } })), "out-of-fuel");
  instantiateSync(component, {}, { limits: { fuel: 2000 } });
});

Deno.test("memories and tables of components that are composed grow to one limit, and each attempt costs", async () => {
  const component = await metered(`(component
    (component $C
      (core module $M (memory 1) (table 1 funcref)
        (func (export "pages") (result i32) (local i32)
          (loop $l (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1))
            (then (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br $l))))
          (local.get 0))
        (func (export "elements") (result i32) (local i32)
          (loop $l (if (i32.ne (table.grow (ref.null func) (i32.const 8192)) (i32.const -1))
            (then (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br $l))))
          (local.get 0))
        (func (export "try") (loop $l (drop (memory.grow (i32.const 70000))) (br $l))))
      (core instance $m (instantiate $M))
      (func (export "pages") (result u32) (canon lift (core func $m "pages")))
      (func (export "elements") (result u32) (canon lift (core func $m "elements")))
      (func (export "try") (canon lift (core func $m "try"))))
    (instance $a (instantiate $C)) (instance $b (instantiate $C))
    (func (export "elements-a") (alias export $a "elements"))
    (func (export "pages-b") (alias export $b "pages"))
    (func (export "elements-b") (alias export $b "elements"))
    (func (export "try") (alias export $a "try")))`);
  const PAGE = 65536, memory = 100 * PAGE + 2 * 8;
  for (const [code, limits] of ends) {
    const { exports } = instantiateSync(component, {}, { limits: { memory } });
    // Two pages are there at first. 8192 elements are a page.
    assertEquals([exports.elementsA(), exports.pagesB(), exports.elementsB()], [98, 0, 0]);
    assertEquals(codeOf(() => instantiateSync(component, {}, { limits: { ...limits, memory } }).exports.try()), code);
  }
});

/** Calls the host, then counts, so many times. */
const asking = `(component
  (import "host" (func $host)) (core func $host' (canon lower (func $host)))
  (core module $M (import "" "host" (func $host))
    (func (export "f") (param i32) (local $i i32)
      (loop $l
        (call $host)
        (local.set $i (i32.const 1000))
        (loop $k (br_if $k (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (core instance $m (instantiate $M (with "" (instance (export "host" (func $host'))))))
  (func (export "f") (param "times" u32) (canon lift (core func $m "f"))))`;

Deno.test("fuel that the host sets in the middle of a call is what is left then", async () => {
  const component = await metered(asking);
  const run = (fuel: unknown): string => {
    // deno-lint-ignore no-explicit-any
    const instance: any = instantiateSync(component, { host: () => void (instance.fuel = fuel) }, {
      limits: { fuel: 20_000 },
    });
    try {
      instance.exports.f(20);
      return `${instance.fuel}`;
    } catch (error) {
      return `${(error as Trap).code}, ${instance.fuel}`;
    }
  };
  // After the last call of the host: 1000 times 6 units.
  assertEquals([run(50_000n), run(50_000)], ["44000", "44000"]);
  assertEquals(run(0), "out-of-fuel, 0");
  assertEquals(run(5999n), "out-of-fuel, 0");
  assertEquals(run(undefined), "undefined");
  assertEquals(run(2n ** 64n - 1n).length, 20);
});

Deno.test("fuel that is none is an error, and what is left stays", async () => {
  const component = await metered(asking);
  // deno-lint-ignore no-explicit-any
  const instance: any = instantiateSync(component, { host: () => {} }, { limits: { fuel: 5 } });
  for (const fuel of [-1, -1n, NaN, 1.5, Infinity, 2 ** 53, 2n ** 64n, "1", null, {}]) {
    assertThrows(() => instance.fuel = fuel, RangeError, "fuel must be an integer from 0 to 2^64 - 1");
  }
  assertEquals(instance.fuel, 5n);
});

Deno.test("with no fuel at all, nothing that takes time runs", async () => {
  const component = await metered(asking), limits = { fuel: 0 };
  assertEquals(codeOf(() => instantiateSync(component, { host: () => {} }, { limits }).exports.f(1)), "out-of-fuel");
  const starting = await metered(
    `(component (core module $M (func $s (loop)) (start $s)) (core instance (instantiate $M)))`,
  );
  assertEquals(codeOf(() => instantiateSync(starting, {}, { limits })), "out-of-fuel");
});

Deno.test("a call from the host in the middle of another has the deadline of its own instance", async () => {
  const component = await metered(`(component
    (import "host" (func $host)) (core func $host' (canon lower (func $host)))
    (core module $M (import "" "host" (func $host)) (func (export "f") (call $host)) (func (export "spin") ${forever}))
    (core instance $m (instantiate $M (with "" (instance (export "host" (func $host'))))))
    (func (export "f") (canon lift (core func $m "f"))) (func (export "spin") (canon lift (core func $m "spin"))))`);
  const codes: string[] = [];
  const inner = instantiateSync(component, { host: () => {} }, { limits: { deadline: 60 } });
  const host = (): void => void codes.push(codeOf(() => inner.exports.spin()));
  // The inner one takes all of its time, which is more than the outer one has.
  const outer = instantiateSync(component, { host }, { limits: { deadline: 20 } });
  assertEquals([codeOf(() => outer.exports.f()), codes], ["deadline", ["deadline"]]);
  // And less than this one has.
  const another = instantiateSync(component, { host: () => {} }, { limits: { deadline: 10 } });
  const patient = instantiateSync(component, { host: () => void codes.push(codeOf(() => another.exports.spin())) }, {
    limits: { deadline: 60_000 },
  });
  patient.exports.f();
  assertEquals(codes.length, 2);
});

Deno.test({
  name: "a second call of a guest that computes in slices is refused, and does no harm",
  ignore: !features.jspi,
  fn: async () => {
    const component = await metered(`(component
      (core module $M (func (export "spin") ${forever}) (func (export "once")))
      (core instance $m (instantiate $M))
      (func (export "spin") (canon lift (core func $m "spin"))) (func (export "once") (canon lift (core func $m "once"))))`);
    const instance = instantiateSync(component, {}, { limits: { slice: 1 } });
    const first = instance.promising.exports.spin();
    assertEquals(await rejects(() => instance.promising.exports.spin()), "cannot-enter");
    assertEquals(codeOf(() => instance.exports.once()), "cannot-enter");
    setTimeout(() => instance[Symbol.dispose](), 5);
    await assertRejects(() => first, TypeError, "Cannot call export spin: the instance was disposed");
    assertThrows(() => instance.exports.once(), TypeError, "the instance was disposed");
  },
});
