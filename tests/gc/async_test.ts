// Streams, futures and calls of asynchronous guests: what becomes garbage is dropped, and nothing
// is left behind. `deno task test:gc` runs these with --expose-gc.

import { assert, assertEquals } from "@std/assert";
import { type Component, instantiate, suspending } from "@windlass/component";
import { guest } from "../e2e/async/guest.ts";
import { later, mem, small } from "../e2e/async/small.ts";
import { itemsOf } from "../e2e/async/tables.ts";

const { gc } = globalThis as unknown as { gc: () => void };

// deno-lint-ignore no-explicit-any
type Exports = any;

async function start(delay: (ms: number) => unknown): Promise<Exports> {
  return (await instantiate(await guest(), { delay })).exports;
}

async function collected(holds: () => boolean): Promise<boolean> {
  for (let i = 0; i < 50 && !holds(); i++) {
    await later(0, 4);
    gc();
    await later(0, 4);
  }
  return holds();
}

async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc();
    await later(0, 5);
  }
  return Deno.memoryUsage().heapUsed;
}

Deno.test("behaviour 14: unread ends that become garbage are dropped", async () => {
  const exports = await start((ms) => ms), items = itemsOf();
  await (async () => {
    for (let i = 0; i < 20; i++) await exports.produce(5);
  })();
  assert(items() > 0);
  assert(await collected(() => items() === 0), `${items()} items are left`);
  assertEquals(exports.written(), 0);
});

let slow: Promise<Component> | undefined;

/** Gives a future, and its value only after the host's nap. */
function slowGuest(): Promise<Component> {
  return slow ??= small({
    head: `(type $f (future u32)) (import "nap" (func $nap async))`,
    canons: {
      new: ["future.new $f", "(result i64)"],
      write: [`future.write $f async ${mem}`, "(param i32 i32) (result i32)"],
      "drop-w": ["future.drop-writable $f", "(param i32)"],
      nap: ["lower (func $nap)", ""],
      return: ["task.return (result $f)", "(param i32)"],
    },
    code: `(func (export "slow") (local $ends i64) (local $w i32)
      (local.set $ends (call $new))
      (local.set $w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (call $return (i32.wrap_i64 (local.get $ends)))
      (call $nap)
      (i32.store (i32.const 64) (i32.const 42))
      (drop (call $write (local.get $w) (i32.const 64)))
      (call $drop-w (local.get $w)))`,
    exports: `(func (export "slow") async (result $f) (canon lift (core func $m "slow") async))`,
  });
}

Deno.test("a future that is read is not dropped when its object becomes garbage", async () => {
  const { exports } = await instantiate(await slowGuest(), { nap: () => later(0, 60) });
  const value = exports.slow().then((future: { read(): Promise<number> }) => future.read());
  for (let i = 0; i < 5; i++) {
    await later(0, 5);
    gc();
  }
  assertEquals(await value, 42);
});

Deno.test("a resource that becomes garbage while its instance is held is dropped afterwards", async () => {
  const component = await small({
    head: `(import "hold" (func $hold))`,
    canons: { hold: ["lower (func $hold)", ""], yield: ["thread.yield", "(result i32)"] },
    code: `(global $drops (mut i32) (i32.const 0))
      (func (export "drop") (param i32) (global.set $drops (i32.add (global.get $drops) (i32.const 1))))
      (func (export "drops") (result i32) (global.get $drops))
      (func (export "held") (call $hold))`,
    exports: `(type $r' (resource (rep i32) (dtor (core func $m "drop"))))
      (export $r "r" (type $r'))
      (core func $new (canon resource.new $r'))
      (core module $Make (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (result i32) (call $new (i32.const 1))))
      (core instance $make (instantiate $Make (with "" (instance (export "new" (func $new))))))
      (func (export "make") (result (own $r)) (canon lift (core func $make "make")))
      (func (export "drops") (result u32) (canon lift (core func $m "drops")))
      (func (export "held") async (canon lift (core func $m "held")))`,
  });
  let free!: () => void;
  const hold = suspending(() => new Promise<void>((done) => free = done));
  const { exports } = await instantiate(component, { hold });
  let seen = 0;
  const registry = new FinalizationRegistry(() => seen++);
  (() => {
    for (let i = 0; i < 10; i++) registry.register(exports.make(), undefined);
  })();
  const held = exports.held();
  assert(await collected(() => seen === 10));
  await later(0, 5);
  free();
  await held;
  await later(0, 5);
  assertEquals(exports.drops(), 10);
});

const CALLS = 100_000, STREAMS = 100_000;

Deno.test(`behaviour 22: ${CALLS} calls and ${STREAMS} streams leave tables empty and the heap flat`, async () => {
  const exports = await start((ms) => Promise.resolve(ms)), items = itemsOf();
  const calls = async (count: number) => {
    for (let i = 0; i < count / 20; i++) {
      await Promise.all(Array.from({ length: 20 }, (_, k) => k % 2 ? exports.wait(k) : exports.atOnce(k)));
    }
  };
  const streams = async (count: number) => {
    for (let i = 0; i < count / 4; i++) {
      await exports.sum([[1, 2]]);
      await exports.sum(await exports.produce(4));
      await (await exports.produce(4)).cancel();
    }
  };
  for (const [run, count] of [[calls, CALLS], [streams, STREAMS]] as const) {
    await run(count); // engines compile, and their tables of weak references grow
    const before = await heap();
    await run(count);
    const grown = (await heap() - before) / 1024;
    assert(grown < 256, `the heap grew by ${grown} KiB`);
    assertEquals(items(), 0);
  }
});
