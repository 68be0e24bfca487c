// Time slices: a guest that computes for long in a call that can be suspended gives the event loop
// a turn, and is suspended in the middle of a loop for that.

import "../../support/leaks.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  compileSync,
  type Component,
  features,
  instantiateSync,
  type Limits,
  LinkError,
  Trap,
} from "@windlass/component";
import { wat } from "../../support/wat.ts";

/** Some tens of milliseconds of work. */
const LONG = 20_000_000;

const loop = `(local i32)
  (loop $l
    (local.set 1 (i32.add (local.get 1) (i32.const 3)))
    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))`;

/** Exports that all count: a plain one, tasks with and without a stack of their own, one of a sibling. */
const counting = `(component
  (component $A
    (core module $M (func (export "spin") (param i32) (result i32) ${loop} (local.get 1)))
    (core instance $m (instantiate $M))
    (func (export "spin") (param "n" u32) (result u32) (canon lift (core func $m "spin"))))
  (instance $a (instantiate $A))
  (component $B
    (import "spin" (func $spin (param "n" u32) (result u32)))
    (core func $spin' (canon lower (func $spin)))
    (core module $M (import "" "spin" (func $spin (param i32) (result i32)))
      (func (export "through") (param i32) (result i32) (call $spin (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance (export "spin" (func $spin'))))))
    (func (export "through") (param "n" u32) (result u32) (canon lift (core func $m "through"))))
  (instance $b (instantiate $B (with "spin" (func $a "spin"))))
  (func (export "spin") (alias export $a "spin"))
  (func (export "through") (alias export $b "through")))`;

const tasks = `(component
  (core func $return (canon task.return (result u32)))
  (core module $M (import "" "return" (func $return (param i32)))
    (func (export "spin") (param i32) ${loop} (call $return (local.get 1)))
    (func (export "started") (param i32) (result i32) ${loop} (call $return (local.get 1)) (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) unreachable)
    (func (export "plain") (param i32) (result i32) ${loop} (local.get 1)))
  (core instance $m (instantiate $M (with "" (instance (export "return" (func $return))))))
  (func (export "spin") async (param "n" u32) (result u32) (canon lift (core func $m "spin") async))
  (func (export "started") async (param "n" u32) (result u32)
    (canon lift (core func $m "started") async (callback (core func $m "callback"))))
  (func (export "plain") (param "n" u32) (result u32) (canon lift (core func $m "plain"))))`;

async function metered(text: string, fused = true): Promise<Component> {
  return compileSync(await wat(text), { metering: true, fused, gates: { "async-stackful": true } });
}

/** How many turns the event loop has while something runs. */
async function turnsOf(run: () => Promise<unknown>): Promise<{ turns: number; value: unknown }> {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  try {
    return { value: await run(), turns };
  } finally {
    clearInterval(timer);
  }
}

const definition = { ignore: !features.jspi };

for (const [how, fused] of [["", true], [" without adapters", false]] as const) {
  Deno.test({
    ...definition,
    name: `a promising call gives the event loop turns, between components too${how}`,
    fn: async () => {
      const component = await metered(counting, fused), fuels: bigint[] = [];
      for (const name of ["spin", "through"]) {
        const limits: Limits = { slice: 1, fuel: 10n ** 12n, deadline: 5000 };
        const instance = instantiateSync(component, {}, { limits });
        const { turns, value } = await turnsOf(async () => {
          const result = await instance.promising.exports[name](LONG);
          fuels.push(instance.fuel!);
          return result;
        });
        assertEquals(value, 3 * LONG);
        assert(turns >= 2, `${turns} turns`);
        // A plain call is not suspended, and costs the same.
        const before = instance.fuel!;
        assertEquals(instance.exports[name](1000), 3000);
        assert(before > instance.fuel!);
      }
      // Where it was suspended does not show in the fuel: an iteration takes 10 units.
      assertEquals(10n ** 12n - fuels[0]!, 10n * BigInt(LONG) + 1n);
    },
  });
}

Deno.test({
  ...definition,
  name: "asynchronous exports give the event loop turns",
  fn: async () => {
    const component = await metered(tasks);
    for (const name of ["spin", "started"]) {
      const instance = instantiateSync(component, {}, { limits: { slice: 1 } });
      const { turns, value } = await turnsOf(() => instance.exports[name](LONG));
      assertEquals(value, 3 * LONG);
      assert(turns >= 2, `${name}: ${turns} turns`);
      assertEquals(await instance.promising.exports.plain(LONG), 3 * LONG);
      assertEquals(instance.exports.plain(10), 30);
    }
  },
});

Deno.test({
  ...definition,
  name: "calls of other instances run in between, and calls of the same one are refused or wait",
  fn: async () => {
    const first = instantiateSync(await metered(counting), {}, { limits: { slice: 1 } });
    const second = instantiateSync(await metered(counting), {}, { limits: { slice: 1 } });
    const order: string[] = [];
    const long = first.promising.exports.spin(2 * LONG).then(() => order.push("long"));
    const short = second.promising.exports.spin(LONG / 10).then(() => order.push("short"));
    assertThrows(() => first.exports.spin(1), Trap, "while the call of export spin is under way");
    await Promise.all([long, short]);
    assertEquals(order, ["short", "long"]);

    const instance = instantiateSync(await metered(tasks), {}, { limits: { slice: 1 } });
    assertEquals(await Promise.all([instance.exports.spin(LONG), instance.exports.started(10)]), [3 * LONG, 30]);
  },
});

Deno.test({
  ...definition,
  name: "an instance that is disposed of or aborted in a slice ends",
  fn: async () => {
    const component = await metered(counting), controller = new AbortController(), { signal } = controller;
    const disposed = instantiateSync(component, {}, { limits: { slice: 1 } });
    const first = disposed.promising.exports.spin(20 * LONG);
    const aborted = instantiateSync(component, {}, { limits: { slice: 1 }, signal });
    const second = aborted.promising.exports.spin(20 * LONG);
    const task = instantiateSync(await metered(tasks), {}, { limits: { slice: 1 }, signal });
    const third = task.exports.spin(20 * LONG);
    setTimeout(() => {
      disposed[Symbol.dispose]();
      controller.abort(new Error("enough"));
    }, 5);
    await Promise.all([
      assertRejects(() => first, TypeError, "the instance was disposed"),
      assertRejects(() => second, Error, "enough"),
      assertRejects(() => third, Error, "enough"),
    ]);
  },
});

Deno.test({
  ...definition,
  name: "a guest that loops for ever in slices runs out of fuel",
  fn: async () => {
    const component = await metered(tasks.replaceAll("(local.get 0) (i32.const 1)", "(local.get 0) (i32.const 0)"));
    const instance = instantiateSync(component, {}, { limits: { slice: 1, fuel: 400_000_000 } });
    const trap = await assertRejects(() => instance.exports.spin(1), Trap) as Trap;
    assertEquals(trap.code, "out-of-fuel");
  },
});

Deno.test("a slice has to be a time, and needs JSPI", async () => {
  const component = await metered(counting);
  if (!features.jspi) {
    assertThrows(() => instantiateSync(component, {}, { limits: { slice: 1 } }), LinkError, "JSPI");
    return;
  }
  for (const slice of [0, -1, NaN]) {
    assertThrows(() => instantiateSync(component, {}, { limits: { slice } }), RangeError, "the limit slice must be");
  }
});
