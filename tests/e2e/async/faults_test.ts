// The faults that users of other hosts met, one named test each: repository#number says where.
// What needs HTTP, a server, or no JSPI is tested elsewhere.

import { assert, assertEquals } from "@std/assert";
import { type Component, instantiate, type Trap } from "@windlass/component";
import { guest } from "./guest.ts";
import { chunksOf, compiled, later, mem, memory, readerOfParts, rejection, small, textOf } from "./small.ts";
import { itemsOf } from "./tables.ts";
import { jspiTest } from "../../support/jspi_test.ts";

// deno-lint-ignore no-explicit-any
type Exports = any;

async function start(options = {}, delay: (ms: number) => unknown = (ms) => later(ms, ms)): Promise<Exports> {
  return (await instantiate(await guest(), { delay }, options)).exports;
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i & 255);
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

Deno.test("jco#1441: bytes come in chunks, both ways", async () => {
  const exports = await start();
  const chunks = await chunksOf<Uint8Array>(await exports.produce(20_000));
  assertEquals(chunks.map(({ length }) => length), [20_000]);
  let asked = 0;
  const source = {
    [Symbol.iterator]: () => ({
      next: () => asked++ === 0 ? { value: numbers(5000), done: false } : { value: undefined, done: true },
    }),
  };
  assertEquals(await exports.sum(source), total(numbers(5000)));
  assertEquals(asked, 2);
});

Deno.test("jco#1633: a copy that fails traps, it does not stall", async () => {
  const component = await small({
    head: `(type $s (stream string))`,
    canons: {
      new: ["stream.new $s", "(result i64)"],
      write: [`stream.write $s async ${memory}`, "(param i32 i32 i32) (result i32)"],
    },
    code: `(func (export "bad") (result i32) (local $ends i64)
      (local.set $ends (call $new))
      (i32.store (i32.const 64) (i32.const -8)) (i32.store (i32.const 68) (i32.const 100))
      (drop (call $write (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (i32.const 64) (i32.const 1)))
      (i32.wrap_i64 (local.get $ends)))`,
    exports: `(func (export "bad") (result $s) (canon lift (core func $m "bad")))`,
  });
  const { exports } = await instantiate(component);
  const error = await rejection(exports.bad().getReader().read()) as Trap;
  assertEquals([error.code, error.message], [
    "string-out-of-bounds",
    "Cannot lift [0] of stream<string>: string pointer/length out of bounds of memory",
  ]);
});

jspiTest("jco#1898, #1916, #1917, #1007, #1367: a sync lower of an async import calls the host and waits", async () => {
  for (const delay of [(ms: number) => later(ms, 1), (ms: number) => ms]) {
    let calls = 0;
    const exports = await start({}, (ms) => (calls++, delay(ms)));
    assertEquals(await exports.waitSync(7), 14);
    assertEquals(calls, 2);
  }
});

Deno.test("jco#1830: a sync function gives a future, also of a future", async () => {
  const exports = await start();
  const future = exports.giveValue(5);
  assertEquals([typeof future.read, typeof future.then], ["function", "undefined"]);
  assertEquals(await future.read(), 5);
  const component = await small({
    head: `(type $f (future u32)) (type $ff (future $f))`,
    canons: { read: [`future.read $ff async ${mem}`, "(param i32 i32) (result i32)"] },
    code: `(func (export "pass") (param i32) (result i32) (local.get 0))`,
    exports: `(func (export "pass") (param "f" $ff) (result $ff) (canon lift (core func $m "pass")))`,
  });
  const { exports: { pass } } = await instantiate(component);
  const inner = await pass(Promise.resolve(exports.giveValue(6))).read();
  assertEquals(await inner.read(), 6);
});

Deno.test("jco#1675: a call that returns at once has no subtask, and one that returned leaves none", async () => {
  const items = itemsOf(), exports = await start({}, (ms) => ms % 2 ? ms : Promise.resolve(ms));
  for (let i = 0; i < 1000; i++) await exports.wait(i);
  assertEquals(items(), 0);
});

Deno.test("jco#1437: a host that writes when it is asked does not deadlock", async () => {
  const exports = await start(), { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const sum = exports.sum(readable), writer = writable.getWriter();
  for (let i = 0; i < 5; i++) {
    await writer.ready;
    await writer.write(Uint8Array.of(i, i));
  }
  await writer.close();
  assertEquals(await sum, 20);
});

jspiTest("jco#1739: streams and futures that an async import gives are lowered once", async () => {
  const component = await small({
    head: `(type $s (stream u8)) (type $f (future u32)) (type $pair (tuple $s $f))
      (import "f" (func $f async (result $pair)))`,
    canons: {
      f: [`lower (func $f) ${mem}`, "(param i32)"],
      "drop-s": ["stream.drop-readable $s", "(param i32)"],
      "drop-f": ["future.drop-readable $f", "(param i32)"],
    },
    code: `(func (export "go") (call $f (i32.const 16))
      (call $drop-s (i32.load (i32.const 16))) (call $drop-f (i32.load (i32.const 20))))`,
    exports: `(func (export "go") async (canon lift (core func $m "go")))`,
  });
  const items = itemsOf();
  let returned = 0;
  const source = () => ({
    next: () => ({ done: false, value: 1 }),
    return: () => (returned++, { done: true, value: undefined }),
  });
  const pair = () => [{ [Symbol.iterator]: source }, Promise.resolve(1)];
  for (const f of [() => later(pair(), 1), pair]) {
    await (await instantiate(component, { f })).exports.go();
  }
  assertEquals([returned, items()], [2, 0]);
});

Deno.test("jco#2109: cancelling a stream is no deadlock", async () => {
  const exports = await start({ idle: "trap" });
  const slow = async function* () {
    yield [1];
    await later(0, 5);
    yield [2];
  };
  const stream = await exports.produce(10), sum = exports.sum(slow());
  await stream.cancel();
  assertEquals(await sum, 3);
  assertEquals(await exports.wait(3), 3);
});

Deno.test("jco#2041, #2049: a deadlock names the tasks and what they wait for", async () => {
  const exports = await start({ idle: "trap" });
  const errors = await Promise.all([rejection(exports.stuck(1)), rejection(exports.stuck(2))]) as Trap[];
  for (const error of errors) {
    assert(
      /: export stuck waits for waitable set 1; export stuck waits for waitable set 2$/.test(error.message),
      error.message,
    );
  }
});

/** A component with a callee and a caller of it, as two guests. */
async function pair(
  callee: Parameters<typeof textOf>[0],
  caller: Parameters<typeof textOf>[0],
  links: string,
  outer = "",
): Promise<Component> {
  return await compiled(`(component ${outer}
    ${textOf({ ...callee, begin: "(component $B" })} (instance $b (instantiate $B))
    ${textOf({ ...caller, begin: "(component $A" })} (instance $a (instantiate $A ${links}))
    (export "b" (instance $b)) (export "a" (instance $a)))`);
}

jspiTest("jco#1711, #1717, #1870: guests call each other without a timer", async () => {
  const component = await pair(
    {
      canons: {
        return: ["task.return (result u32)", "(param i32)"],
        set: ["context.set i32 0", "(param i32)"],
        get: ["context.get i32 0", "(result i32)"],
      },
      code: `(func (export "f") (param i32) (result i32) (call $set (local.get 0)) (i32.const 1))
        (func (export "cb") (param i32 i32 i32) (result i32) (call $return (call $get)) (i32.const 0))`,
      exports:
        `(func (export "f") async (param "n" u32) (result u32) (canon lift (core func $m "f") async (callback (core func $m "cb"))))`,
    },
    {
      head: `(import "f" (func $f async (param "n" u32) (result u32)))`,
      canons: { f: ["lower (func $f)", "(param i32) (result i32)"] },
      code: `(func (export "go") (param $n i32) (result i32) (local $sum i32)
        (loop $more (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n))))
          (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br_if $more (local.get $n)))
        (local.get $sum))`,
      exports: `(func (export "go") async (param "n" u32) (result u32) (canon lift (core func $m "go")))`,
    },
    `(with "f" (func $b "f"))`,
  );
  const { exports: { a } } = await instantiate(component);
  await a.go(1);
  const { setTimeout, setImmediate } = globalThis as Exports;
  let timers = 0;
  for (const name of ["setTimeout", "setImmediate"]) {
    (globalThis as Exports)[name] = (...args: unknown[]) => (timers++, setTimeout(...args));
  }
  // The event loop has its turn after some milliseconds, for which a slow machine is enough. Here no
  // time passes.
  const clock = Object.getOwnPropertyDescriptor(performance, "now"), time = performance.now();
  Object.defineProperty(performance, "now", { configurable: true, value: () => time });
  try {
    assertEquals(await a.go(10), 55);
  } finally {
    Object.assign(globalThis, { setTimeout, setImmediate });
    delete (performance as Exports).now;
    if (clock !== undefined) Object.defineProperty(performance, "now", clock);
  }
  assertEquals(timers, 0);
});

jspiTest("jco#2042: an error in lowering reaches the caller", async () => {
  for (const delay of [() => "text", () => later("text", 1)]) {
    for (const name of ["wait", "waitSync"]) {
      const error = await rejection((await start({}, delay))[name](1)) as Error;
      assertEquals(error.message, 'Cannot lower result of import delay: expected u32, found "text"');
    }
  }
});

jspiTest("wit-bindgen#1609: a sibling can feed whoever waits in an async import of sync form", async () => {
  const component = await small({
    head: `(import "f" (func $f async (result u32)))`,
    canons: { f: ["lower (func $f)", "(result i32)"], return: ["task.return (result u32)", "(param i32)"] },
    code: `(func (export "waits") (call $return (call $f)))
      (func (export "feed") (param i32) (result i32) (local.get 0))`,
    exports: `(func (export "waits") async (result u32) (canon lift (core func $m "waits") async))
      (func (export "feed") async (param "n" u32) (result u32) (canon lift (core func $m "feed")))`,
  });
  let fed: ((value: number) => void) | undefined;
  const { exports } = await instantiate(component, { f: () => new Promise<number>((done) => fed = done) });
  const waiting = exports.waits();
  fed!(await exports.feed(9));
  assertEquals(await waiting, 9);
});

Deno.test("wit-bindgen#1638: a sync cancel of a stream in a set traps, an async one does not", async () => {
  const component = await small({
    head: `(type $s (stream u8))`,
    canons: {
      new: ["stream.new $s", "(result i64)"],
      read: [`stream.read $s async ${mem}`, "(param i32 i32 i32) (result i32)"],
      "cancel-s": ["stream.cancel-read $s", "(param i32) (result i32)"],
      "cancel-a": ["stream.cancel-read $s async", "(param i32) (result i32)"],
      "set-new": ["waitable-set.new", "(result i32)"],
      join: ["waitable.join", "(param i32 i32)"],
    },
    code: `(func $begin (result i32) (local $r i32)
        (local.set $r (i32.wrap_i64 (call $new)))
        (drop (call $read (local.get $r) (i32.const 0) (i32.const 4)))
        (call $join (local.get $r) (call $set-new)) (local.get $r))
      (func (export "sync") (result i32) (call $cancel-s (call $begin)))
      (func (export "async") (result i32) (call $cancel-a (call $begin)))`,
    exports: `(func (export "sync") async (result u32) (canon lift (core func $m "sync")))
      (func (export "async") async (result u32) (canon lift (core func $m "async")))`,
  });
  const { exports } = await instantiate(component);
  assertEquals(await exports.async(), 2);
  assertEquals((await rejection(exports.sync()) as Trap).code, "sync-in-waitable-set");
});

jspiTest("wit-bindgen#1439, wasmtime#13040: a loop that polls and yields gets its event", async () => {
  const component = await small({
    head: `(import "f" (func $f async (result u32)))`,
    canons: {
      f: [`lower (func $f) async ${mem}`, "(param i32) (result i32)"],
      yield: ["thread.yield", "(result i32)"],
      poll: [`waitable-set.poll ${mem}`, "(param i32 i32) (result i32)"],
      "set-new": ["waitable-set.new", "(result i32)"],
      join: ["waitable.join", "(param i32 i32)"],
    },
    code: `(func (export "go") (result i32) (local $set i32)
      (local.set $set (call $set-new))
      (call $join (i32.shr_u (call $f (i32.const 16)) (i32.const 4)) (local.get $set))
      (loop $more (drop (call $yield)) (br_if $more (i32.eqz (call $poll (local.get $set) (i32.const 32)))))
      (i32.load (i32.const 16)))`,
    exports: `(func (export "go") async (result u32) (canon lift (core func $m "go")))`,
  });
  const { exports } = await instantiate(component, { f: () => later(8, 20) });
  const begun = performance.now();
  assertEquals(await exports.go(), 8);
  assert(performance.now() - begun < 2000);
});

Deno.test("jsco#80: calls of one export at once have each its own state", async () => {
  const exports = await start();
  const order = numbers(30).map((i) => (i * 7) % 30);
  assertEquals(await Promise.all(order.map((ms) => exports.wait(ms))), order);
});

Deno.test("component-model#618: cancelling what the host has never suspends a guest", async () => {
  // No stack can be suspended here: the lifts reach nothing that blocks.
  const component = await small({
    head: `(type $s (stream u8)) (type $f (future u32))`,
    canons: {
      "read-s": [`stream.read $s async ${mem}`, "(param i32 i32 i32) (result i32)"],
      "cancel-s": ["stream.cancel-read $s async", "(param i32) (result i32)"],
      "drop-s": ["stream.drop-readable $s", "(param i32)"],
      "read-f": [`future.read $f async ${mem}`, "(param i32 i32) (result i32)"],
      "cancel-f": ["future.cancel-read $f async", "(param i32) (result i32)"],
      "drop-f": ["future.drop-readable $f", "(param i32)"],
    },
    code: `(func (export "go") (param $s i32) (param $f i32) (result i32) (local $a i32) (local $b i32)
      (drop (call $read-s (local.get $s) (i32.const 0) (i32.const 4)))
      (drop (call $read-f (local.get $f) (i32.const 16)))
      (local.set $a (call $cancel-s (local.get $s))) (local.set $b (call $cancel-f (local.get $f)))
      (call $drop-s (local.get $s)) (call $drop-f (local.get $f))
      (i32.add (i32.mul (local.get $a) (i32.const 16)) (local.get $b)))`,
    exports: `(func (export "go") (param "s" $s) (param "f" $f) (result u32) (canon lift (core func $m "go")))`,
  });
  const { exports } = await instantiate(component);
  assertEquals(exports.go(new ReadableStream(), new Promise(() => {})), 2 * 16 + 2);
});

/** Both ends of a stream of bytes in one guest, and what each operation gives. */
function ends(): Promise<Component> {
  return small({
    head: `(type $s (stream u8))`,
    canons: {
      new: ["stream.new $s", "(result i64)"],
      read: [`stream.read $s async ${mem}`, "(param i32 i32 i32) (result i32)"],
      write: [`stream.write $s async ${mem}`, "(param i32 i32 i32) (result i32)"],
      "cancel-r": ["stream.cancel-read $s async", "(param i32) (result i32)"],
      "cancel-w": ["stream.cancel-write $s async", "(param i32) (result i32)"],
      "drop-r": ["stream.drop-readable $s", "(param i32)"],
      "drop-w": ["stream.drop-writable $s", "(param i32)"],
      "set-new": ["waitable-set.new", "(result i32)"],
      "set-drop": ["waitable-set.drop", "(param i32)"],
      join: ["waitable.join", "(param i32 i32)"],
      poll: [`waitable-set.poll ${mem}`, "(param i32 i32) (result i32)"],
    },
    code: `(global $r (mut i32) (i32.const 0)) (global $w (mut i32) (i32.const 0))
      (func (export "open") (local $ends i64) (local.set $ends (call $new))
        (global.set $r (i32.wrap_i64 (local.get $ends))) (global.set $w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32)))))
      (func (export "read") (param i32) (result i32) (call $read (global.get $r) (i32.const 64) (local.get 0)))
      (func (export "write") (param i32) (result i32) (call $write (global.get $w) (i32.const 128) (local.get 0)))
      (func (export "cancel-read") (result i32) (call $cancel-r (global.get $r)))
      (func (export "cancel-write") (result i32) (call $cancel-w (global.get $w)))
      (func (export "drop-read") (call $drop-r (global.get $r)))
      (func (export "drop-write") (call $drop-w (global.get $w)))
      (func $event (param $end i32) (result i32) (local $set i32) (local $code i32)
        (local.set $set (call $set-new)) (call $join (local.get $end) (local.get $set))
        (local.set $code (call $poll (local.get $set) (i32.const 32)))
        (call $join (local.get $end) (i32.const 0)) (call $set-drop (local.get $set))
        (if (result i32) (local.get $code) (then (i32.load (i32.const 36))) (else (i32.const -2))))
      (func (export "read-event") (result i32) (call $event (global.get $r)))
      (func (export "write-event") (result i32) (call $event (global.get $w)))`,
    exports: ["open", "drop-read", "drop-write"].map((name) =>
      `(func (export "${name}") (canon lift (core func $m "${name}")))`
    ).join("\n") +
      ["read", "write"].map((name) =>
        `(func (export "${name}") (param "n" u32) (result s32) (canon lift (core func $m "${name}")))`
      ).join("\n") +
      ["cancel-read", "cancel-write", "read-event", "write-event"].map((name) =>
        `(func (export "${name}") (result s32) (canon lift (core func $m "${name}")))`
      ).join("\n"),
  });
}

const BLOCKED = -1, NO_EVENT = -2, DROPPED = 1, CANCELLED = 2;
const copied = (count: number, result = 0) => count << 4 | result;

Deno.test("component-model#617, #561, wasmtime#12109, #13100: reads and writes of nothing", async () => {
  const items = itemsOf(), { exports } = await instantiate(await ends());
  exports.open();
  // A read of nothing waits until there is something to read, and does not take it.
  assertEquals([exports.read(0), exports.write(3), exports.readEvent()], [BLOCKED, BLOCKED, copied(0)]);
  assertEquals([exports.read(0), exports.read(2), exports.read(2), exports.writeEvent()], [
    copied(0),
    copied(2),
    copied(1),
    copied(3),
  ]);
  // A write of nothing waits until somebody reads.
  assertEquals([exports.write(0), exports.read(2), exports.writeEvent(), exports.write(1)], [
    BLOCKED,
    BLOCKED,
    copied(0),
    copied(1),
  ]);
  assertEquals(exports.readEvent(), copied(1));
  // Of two that have nothing, the writer goes on.
  assertEquals([exports.read(0), exports.write(0), exports.readEvent()], [BLOCKED, copied(0), NO_EVENT]);
  assertEquals([exports.write(1), exports.readEvent(), exports.cancelWrite()], [BLOCKED, copied(0), CANCELLED]);
  exports.dropRead(), exports.dropWrite();
  assertEquals(items(), 0);
});

Deno.test("wasmtime#11243, #12704, #12797: a cancel is one step, whatever was copied before", async () => {
  const items = itemsOf(), { exports } = await instantiate(await ends());
  exports.open();
  assertEquals([exports.read(4), exports.cancelRead()], [BLOCKED, CANCELLED]);
  assertEquals([exports.read(4), exports.write(4), exports.cancelRead()], [BLOCKED, copied(4), copied(4)]);
  assertEquals([exports.write(4), exports.read(2), exports.cancelWrite()], [BLOCKED, copied(2), copied(2, CANCELLED)]);
  assertEquals([exports.write(4), exports.read(4), exports.cancelWrite()], [BLOCKED, copied(4), copied(4)]);
  assertEquals(exports.write(1), BLOCKED);
  exports.dropRead();
  assertEquals(exports.cancelWrite(), DROPPED);
  exports.dropWrite();
  assertEquals(items(), 0);
});

Deno.test("wasmtime#12128: other calls enter while a task yields", async () => {
  const exports = await start();
  const yielding = exports.yield(2000);
  assertEquals([exports.plain(2), await exports.atOnce(2)], [4, 3]);
  assertEquals(await yielding, 7);
});

Deno.test("wasmtime#12090: a read of the host's that waits can be cancelled", async () => {
  const component = await small({
    head: `(type $s (stream u8))`,
    canons: {
      new: ["stream.new $s", "(result i64)"],
      write: [`stream.write $s async ${mem}`, "(param i32 i32 i32) (result i32)"],
      "drop-w": ["stream.drop-writable $s", "(param i32)"],
    },
    code: `(global $w (mut i32) (i32.const 0))
      (func (export "give") (result i32) (local $ends i64) (local.set $ends (call $new))
        (global.set $w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32)))) (i32.wrap_i64 (local.get $ends)))
      (func (export "write") (result i32) (call $write (global.get $w) (i32.const 0) (i32.const 4)))
      (func (export "drop") (call $drop-w (global.get $w)))`,
    exports: `(func (export "give") (result $s) (canon lift (core func $m "give")))
      (func (export "write") (result s32) (canon lift (core func $m "write"))) (func (export "drop") (canon lift (core func $m "drop")))`,
  });
  const items = itemsOf(), { exports } = await instantiate(component);
  const reader = exports.give().getReader(), reading = reader.read();
  await later(0);
  await reader.cancel();
  assertEquals(await reading, { done: true, value: undefined });
  assertEquals(exports.write(), DROPPED);
  exports.drop();
  assertEquals(items(), 0);
});

Deno.test("wasmtime#13514, #13098: nothing stays of transmits whose other side goes", async () => {
  const items = itemsOf(), exports = await start();
  for (let i = 0; i < 50; i++) {
    const reader = readerOfParts(await exports.produce(100));
    await reader.read(3);
    if (i % 2) void reader.read(3);
    await reader.cancel();
  }
  await later(0, 1);
  assertEquals(items(), 0);
});

jspiTest("wasmtime#13196, #13269: a cancellation reaches a task that yields, and is delivered once", async () => {
  const component = await pair(
    {
      canons: {
        return: ["task.return (result u32)", "(param i32)"],
        cancel: ["task.cancel", ""],
        get: ["context.get i32 0", "(result i32)"],
        set: ["context.set i32 0", "(param i32)"],
      },
      // yields for ever; when it is cancelled, it yields some more, and must not be told again
      code: `(func (export "f") (result i32) (i32.const 1))
        (func (export "cb") (param $event i32) (param i32 i32) (result i32)
          (if (i32.eq (local.get $event) (i32.const 6)) (then
            (if (call $get) (then unreachable))
            (call $set (i32.const 1))))
          (if (i32.eqz (call $get)) (then (return (i32.const 1))))
          (call $set (i32.add (call $get) (i32.const 1)))
          (if (i32.lt_u (call $get) (i32.const 5)) (then (return (i32.const 1))))
          (call $cancel) (i32.const 0))`,
      exports:
        `(func (export "f") async (result u32) (canon lift (core func $m "f") async (callback (core func $m "cb"))))`,
    },
    {
      head: `(import "nap" (func $nap async)) (import "f" (func $f async (result u32)))`,
      canons: {
        nap: ["lower (func $nap)", ""],
        f: [`lower (func $f) async ${mem}`, "(param i32) (result i32)"],
        cancel: ["subtask.cancel", "(param i32) (result i32)"],
        drop: ["subtask.drop", "(param i32)"],
      },
      code: `(func (export "go") (result i32) (local $s i32) (local $state i32)
        (local.set $s (i32.shr_u (call $f (i32.const 16)) (i32.const 4)))
        (call $nap)
        (local.set $state (call $cancel (local.get $s))) (call $drop (local.get $s)) (local.get $state))`,
      exports: `(func (export "go") async (result u32) (canon lift (core func $m "go")))`,
    },
    `(with "nap" (func $nap)) (with "f" (func $b "f"))`,
    `(import "nap" (func $nap async))`,
  );
  const items = itemsOf(), { exports: { a } } = await instantiate(component, { nap: () => later(undefined, 3) });
  const CANCELLED_BEFORE_RETURNED = 4;
  assertEquals(await a.go(), CANCELLED_BEFORE_RETURNED);
  assertEquals(items(), 0);
});

Deno.test("wasip3-prototyping#28: a dropped writer wakes the readers", async () => {
  const items = itemsOf(), { exports } = await instantiate(await ends());
  exports.open();
  assertEquals(exports.read(4), BLOCKED);
  exports.dropWrite();
  assertEquals(exports.readEvent(), DROPPED);
  exports.dropRead();
  const other = await start();
  const { readable, writable } = new TransformStream();
  const sum = other.sum(readable);
  await writable.close();
  assertEquals(await sum, 0);
  assertEquals(items(), 0);
});

jspiTest(
  "wasip3-prototyping#41, #96: sync calls of the host's async functions, and streams at the same time",
  async () => {
    const exports = await start();
    const slow = async function* () {
      for (let i = 0; i < 5; i++) {
        await later(0, 1);
        yield [i];
      }
    };
    const stream = await exports.produce(300);
    const all = [exports.waitSync(3), exports.sum(slow()), exports.sum(stream), exports.wait(2)];
    assertEquals(await Promise.all(all), [6, 10, total(numbers(300)), 2]);
  },
);
