// How streams and futures behave between a guest and the host: one named test each.

import { assert, assertEquals } from "@std/assert";
import { type Component, instantiate, type Trap, ValueError } from "@windlass/component";
import { guest } from "./guest.ts";
import { later, mem, memory, rejection, small, unhandledIn } from "./small.ts";
import { itemsOf } from "./tables.ts";
import { byteStreamTest, jspiTest } from "../../support/jspi_test.ts";

// deno-lint-ignore no-explicit-any
type Exports = any;

async function start(options = {}): Promise<Exports> {
  return (await instantiate(await guest(), { delay: (ms: number) => later(ms, ms) }, options)).exports;
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i & 255);
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

let madeBytes: Promise<Component> | undefined;

/** A guest that writes from its memory, reads into it, and lets it grow in between. */
function bytesGuest(): Promise<Component> {
  return madeBytes ??= small({
    head: `(type $b (stream u8))`,
    canons: {
      new: ["stream.new $b", "(result i64)"],
      write: [`stream.write $b async ${mem}`, "(param i32 i32 i32) (result i32)"],
      "cancel-w": ["stream.cancel-write $b async", "(param i32) (result i32)"],
      "drop-w": ["stream.drop-writable $b", "(param i32)"],
      read: [`stream.read $b async ${mem}`, "(param i32 i32 i32) (result i32)"],
      "drop-r": ["stream.drop-readable $b", "(param i32)"],
      "set-new": ["waitable-set.new", "(result i32)"],
      "set-drop": ["waitable-set.drop", "(param i32)"],
      join: ["waitable.join", "(param i32 i32)"],
      wait: [`waitable-set.wait ${mem}`, "(param i32 i32) (result i32)"],
    },
    code: `(global $w (mut i32) (i32.const 0))
      ;; a stream of n bytes 0, 1, 2, …; its memory grows after the write
      (func (export "give") (param $n i32) (result i32) (local $ends i64) (local $i i32)
        (local.set $ends (call $new))
        (loop $more
          (i32.store8 (i32.add (i32.const 4096) (local.get $i)) (local.get $i))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $i) (local.get $n))))
        (global.set $w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
        (drop (call $write (global.get $w) (i32.const 4096) (local.get $n)))
        (drop (memory.grow (i32.const 3)))
        (i32.wrap_i64 (local.get $ends)))
      (func (export "grow") (drop (memory.grow (i32.const 1))))
      ;; ends the write: the packed result
      (func (export "end") (result i32) (local $result i32)
        (local.set $result (call $cancel-w (global.get $w))) (call $drop-w (global.get $w)) (local.get $result))
      (func (export "drop") (call $drop-w (global.get $w)))
      ;; reads so many bytes at a time, which may be none, and grows between; gives how often it read, and the sum
      (func (export "read") (param $s i32) (param $size i32) (result i32)
        (local $set i32) (local $result i32) (local $sum i32) (local $reads i32) (local $i i32)
        (local.set $set (call $set-new)) (call $join (local.get $s) (local.get $set))
        (loop $more
          (local.set $result (call $read (local.get $s) (i32.const 128) (local.get $size)))
          (drop (memory.grow (i32.const 1)))
          (if (i32.eq (local.get $result) (i32.const -1)) (then
            (drop (call $wait (local.get $set) (i32.const 64))) (local.set $result (i32.load (i32.const 68)))))
          (local.set $reads (i32.add (local.get $reads) (i32.const 1)))
          (local.set $i (i32.const 0))
          (block $end (loop $next
            (br_if $end (i32.ge_u (local.get $i) (i32.shr_u (local.get $result) (i32.const 4))))
            (local.set $sum (i32.add (local.get $sum) (i32.load8_u (i32.add (i32.const 128) (local.get $i)))))
            (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $next)))
          (br_if $more (i32.and (i32.eqz (i32.and (local.get $result) (i32.const 15))) (i32.gt_u (local.get $size) (i32.const 0)))))
        (call $join (local.get $s) (i32.const 0)) (call $drop-r (local.get $s)) (call $set-drop (local.get $set))
        (i32.or (i32.shl (local.get $reads) (i32.const 24)) (i32.or (local.get $sum)
          (i32.shl (i32.and (local.get $result) (i32.const 15)) (i32.const 20)))))`,
    exports: `(func (export "give") (param "n" u32) (result $b) (canon lift (core func $m "give")))
      (func (export "grow") (canon lift (core func $m "grow"))) (func (export "drop") (canon lift (core func $m "drop")))
      (func (export "end") (result u32) (canon lift (core func $m "end")))
      (func (export "read") async (param "s" $b) (param "size" u32) (result u32) (canon lift (core func $m "read")))`,
  });
}

/** What `read` gives: how often it read, the last result, and the sum. */
const packed = (reads: number, last: number, sum: number) => reads << 24 | last << 20 | sum;

byteStreamTest("behaviour 13: reader.cancel() gives the writer DROPPED and the right count", async () => {
  const { exports } = await instantiate(await bytesGuest());
  const reader = exports.give(10).getReader({ mode: "byob" });
  await reader.read(new Uint8Array(4));
  await reader.cancel();
  assertEquals(exports.end(), 4 << 4 | 1);
  // Also while a read is pending.
  const other = exports.give(1).getReader({ mode: "byob" });
  await other.read(new Uint8Array(4));
  const pending = other.read(new Uint8Array(4));
  await later(0); // the read comes to the guest's stream: its write is complete
  await other.cancel();
  assertEquals((await pending).done, true);
  assertEquals(exports.end(), 1 << 4);
});

byteStreamTest("behaviour 15: a read with a buffer fills its view exactly, also after memory grew", async () => {
  const { exports } = await instantiate(await bytesGuest());
  const reader = exports.give(20).getReader({ mode: "byob" });
  const first = (await reader.read(new Uint8Array(new ArrayBuffer(8), 2, 3))).value;
  assertEquals([[...first], first.byteOffset, first.buffer.byteLength], [[0, 1, 2], 2, 8]);
  exports.grow();
  assertEquals([...(await reader.read(new Uint16Array(2))).value], [0x0403, 0x0605]);
  assertEquals([...(await reader.read(new DataView(new ArrayBuffer(4), 1))).value ? [1] : []], [1]);
  assertEquals((await reader.read(new Uint8Array(100))).value.length, 20 - 3 - 4 - 3);
  const last = reader.read(new Uint8Array(5));
  await later(0);
  assertEquals(exports.end(), 20 << 4);
  assertEquals((await last).done, true);
});

jspiTest("behaviour 16: a chunk larger than the guest's buffer arrives in parts, in order", async () => {
  const { exports } = await instantiate(await bytesGuest()), bytes = numbers(100);
  const slow = async function* () {
    await later(0, 1);
    yield Uint8Array.from(bytes);
  };
  for (
    const source of [
      () => Uint8Array.from(bytes),
      () => [bytes],
      slow,
      () => new Blob([Uint8Array.from(bytes)]).stream(),
    ]
  ) {
    assertEquals(await exports.read(source(), 16) & 0xfffff, total(bytes));
  }
  assertEquals(await exports.read(Uint8Array.from(bytes), 30), packed(5, 1, total(bytes)));
});

jspiTest("behaviour 17: a read of nothing ends when a chunk or the end is there", async () => {
  const { exports } = await instantiate(await bytesGuest());
  let asked = 0;
  const source = async function* () {
    asked++;
    await later(0, 2);
    yield [1];
  };
  assertEquals(await exports.read(source(), 0), packed(1, 0, 0));
  assertEquals(asked, 1);
  assertEquals(await exports.read([], 0), packed(1, 1, 0));
});

jspiTest("behaviour 18: a failing source gives DROPPED, and onError is told", async () => {
  const told: unknown[] = [], own = new Error("disk");
  const { exports } = await instantiate(await bytesGuest(), {}, { onError: (error) => told.push(error) });
  const sync = function* () {
    yield [1, 2];
    throw own;
  };
  const async = async function* () {
    yield [1, 2];
    await later(0, 1);
    throw own;
  };
  const stream = () => new ReadableStream({ pull: () => Promise.reject(own) });
  assertEquals(await exports.read(sync(), 8), packed(2, 1, 3));
  assertEquals(await exports.read(async(), 8), packed(2, 1, 3));
  assertEquals(await exports.read(stream(), 8), packed(1, 1, 0));
  assertEquals(told, [own, own, own]);
});

Deno.test("behaviour 19: a stream handed on unread never calls JavaScript; a locked one is a ValueError", async () => {
  const exports = await start();
  const { ReadableByteStreamController: Bytes } = globalThis as {
    ReadableByteStreamController?: { prototype: object };
  };
  const prototype = (Bytes ?? ReadableStreamDefaultController).prototype as { enqueue: (chunk: unknown) => void };
  const { enqueue } = prototype;
  let calls = 0;
  prototype.enqueue = function (...args) {
    calls++;
    return enqueue.apply(this, args);
  };
  try {
    assertEquals(await exports.sum(await exports.produce(200)), total(numbers(200)));
    assertEquals(calls, 0);
  } finally {
    prototype.enqueue = enqueue;
  }
  const stream = await exports.produce(5);
  await exports.sum(stream);
  assert(await rejection(exports.sum(stream)) instanceof ValueError);
});

Deno.test("behaviour 20: a stream of records with lists delivers, both ways", async () => {
  const component = await small({
    head: `(type $rec' (record (field "n" u32) (field "list" (list string))))
      (import "rec" (type $rec (eq $rec'))) (type $s (stream $rec))`,
    canons: {
      new: ["stream.new $s", "(result i64)"],
      read: [`stream.read $s async ${memory}`, "(param i32 i32 i32) (result i32)"],
      write: [`stream.write $s async ${memory}`, "(param i32 i32 i32) (result i32)"],
      "drop-r": ["stream.drop-readable $s", "(param i32)"],
      "cancel-w": ["stream.cancel-write $s async", "(param i32) (result i32)"],
      "drop-w": ["stream.drop-writable $s", "(param i32)"],
    },
    // reads up to 8 records, and gives a stream with them
    code: `(global $w (mut i32) (i32.const 0))
      (func (export "echo") (param i32) (result i32) (local $ends i64) (local $n i32)
        (local.set $n (i32.shr_u (call $read (local.get 0) (i32.const 1024) (i32.const 8)) (i32.const 4)))
        (call $drop-r (local.get 0))
        (local.set $ends (call $new))
        (global.set $w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
        (drop (call $write (global.get $w) (i32.const 1024) (local.get $n)))
        (i32.wrap_i64 (local.get $ends)))
      (func (export "end") (result i32) (local $result i32)
        (local.set $result (call $cancel-w (global.get $w))) (call $drop-w (global.get $w)) (local.get $result))`,
    exports: `(func (export "echo") (param "s" $s) (result $s) (canon lift (core func $m "echo")))
      (func (export "end") (result u32) (canon lift (core func $m "end")))`,
  });
  const { exports } = await instantiate(component), record = { n: 1, list: ["a", "ü", ""] };
  const reader = exports.echo([record]).getReader();
  assertEquals((await reader.read()).value, record);
  const rest = reader.read();
  assertEquals(exports.end(), 1 << 4);
  assertEquals((await rest).done, true);
  // What cannot be copied traps, it does not stall.
  const trapping = await instantiate(component);
  const told: unknown[] = [];
  const refusing = await instantiate(component, {}, { onError: (error) => told.push(error) });
  refusing.exports.echo([{ n: 1, list: [3] }]);
  assertEquals(told.map(String), [
    "ValueError: Cannot lower [0].list[0] of stream<record { n: u32, list: list<string> }>: expected string, found 3",
  ]);
  assertEquals(trapping.exports.echo([]) instanceof ReadableStream, true);
});

Deno.test("behaviour 20: a stream of resources that is read by half leaks none", async () => {
  const component = await small({
    head: `(import "r" (type $r (sub resource))) (type $s (stream (own $r)))`,
    canons: {
      new: ["stream.new $s", "(result i64)"],
      write: [`stream.write $s async ${mem}`, "(param i32 i32 i32) (result i32)"],
      "cancel-w": ["stream.cancel-write $s async", "(param i32) (result i32)"],
      "drop-w": ["stream.drop-writable $s", "(param i32)"],
      read: [`stream.read $s async ${mem}`, "(param i32 i32 i32) (result i32)"],
      "drop-s": ["stream.drop-readable $s", "(param i32)"],
      "drop-r": ["resource.drop $r", "(param i32)"],
    },
    code: `(global $w (mut i32) (i32.const 0)) (global $n (mut i32) (i32.const 0))
      (func $drop-all (param $at i32) (param $end i32)
        (block $out (loop $more (br_if $out (i32.ge_u (local.get $at) (local.get $end)))
          (call $drop-r (i32.load (local.get $at))) (local.set $at (i32.add (local.get $at) (i32.const 4))) (br $more))))
      (func (export "give") (param i32 i32) (result i32) (local $ends i64)
        (local.set $ends (call $new))
        (global.set $w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
        (global.set $n (local.get 1))
        (memory.copy (i32.const 1024) (local.get 0) (i32.shl (local.get 1) (i32.const 2)))
        (drop (call $write (global.get $w) (i32.const 1024) (local.get 1)))
        (i32.wrap_i64 (local.get $ends)))
      (func (export "rest") (result i32) (local $k i32)
        (local.set $k (i32.shr_u (call $cancel-w (global.get $w)) (i32.const 4)))
        (call $drop-w (global.get $w))
        (call $drop-all (i32.add (i32.const 1024) (i32.shl (local.get $k) (i32.const 2)))
          (i32.add (i32.const 1024) (i32.shl (global.get $n) (i32.const 2))))
        (local.get $k))
      (func (export "take") (param i32 i32) (result i32) (local $k i32)
        (local.set $k (i32.shr_u (call $read (local.get 0) (i32.const 2048) (local.get 1)) (i32.const 4)))
        (call $drop-s (local.get 0))
        (call $drop-all (i32.const 2048) (i32.add (i32.const 2048) (i32.shl (local.get $k) (i32.const 2))))
        (local.get $k))`,
    exports:
      `(func (export "give") (param "l" (list (own $r))) (result $s) (canon lift (core func $m "give") ${memory}))
      (func (export "rest") (result u32) (canon lift (core func $m "rest")))
      (func (export "take") (param "s" $s) (param "n" u32) (result u32) (canon lift (core func $m "take")))`,
  });
  let live = 0;
  class R {
    constructor() {
      live++;
    }
    [Symbol.dispose]() {
      live--;
    }
  }
  const items = itemsOf(), told: unknown[] = [];
  const { exports } = await instantiate(component, { r: R }, { onError: (error) => told.push(error) });
  const reader = exports.give([new R(), new R(), new R(), new R()]).getReader();
  for (const { value } of [await reader.read(), await reader.read()]) value[Symbol.dispose]();
  await reader.cancel();
  assertEquals(exports.rest(), 2);
  assertEquals([live, items()], [0, 0]);
  // A chunk is one resource: what the guest does not read stays the host's.
  const own = [new R(), new R(), new R()];
  assertEquals(exports.take(own, 2), 1);
  assertEquals([live, items()], [2, 0]);
  // An element that does not fit: none of its chunk has arrived.
  assertEquals(exports.take([{}, new R()], 2), 0);
  assertEquals(told.map(String), [
    "ValueError: Cannot lower [0] of stream<own<r>>: expected resource `r`, found an object",
  ]);
  assertEquals(items(), 0);
});

jspiTest("behaviour 21: futures read twice, unread, rejected, in a list", async () => {
  const component = await small({
    head: `(type $f (future u32)) (type $r (future (result u32 (error u32)))) (type $list (list $f))`,
    canons: {
      new: ["future.new $f", "(result i64)"],
      write: [`future.write $f async ${mem}`, "(param i32 i32) (result i32)"],
      "drop-w": ["future.drop-writable $f", "(param i32)"],
      "drop-f": ["future.drop-readable $f", "(param i32)"],
      read: [`future.read $r async ${mem}`, "(param i32 i32) (result i32)"],
      "drop-r": ["future.drop-readable $r", "(param i32)"],
      wait: [`waitable-set.wait ${mem}`, "(param i32 i32) (result i32)"],
      "set-new": ["waitable-set.new", "(result i32)"],
      "set-drop": ["waitable-set.drop", "(param i32)"],
      join: ["waitable.join", "(param i32 i32)"],
    },
    code: `(global $w (mut i32) (i32.const 0))
      (func $make (param $at i32) (param $value i32) (result i32) (local $ends i64)
        (local.set $ends (call $new))
        (i32.store (local.get $at) (local.get $value))
        (global.set $w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
        (drop (call $write (global.get $w) (local.get $at)))
        (i32.wrap_i64 (local.get $ends)))
      (func (export "make") (param i32) (result i32) (call $make (i32.const 64) (local.get 0)))
      ;; traps if the future was neither read nor dropped
      (func (export "end") (call $drop-w (global.get $w)))
      (func (export "two") (result i32)
        (i32.store (i32.const 128) (call $make (i32.const 68) (i32.const 5)))
        (i32.store (i32.const 132) (call $make (i32.const 72) (i32.const 6)))
        (i32.store (i32.const 120) (i32.const 128)) (i32.store (i32.const 124) (i32.const 2)) (i32.const 120))
      (func (export "drop") (param i32) (call $drop-f (local.get 0)))
      ;; 256 * the case + the payload
      (func (export "read") (param i32) (result i32) (local $set i32)
        (if (i32.eq (call $read (local.get 0) (i32.const 32)) (i32.const -1)) (then
          (local.set $set (call $set-new)) (call $join (local.get 0) (local.get $set))
          (drop (call $wait (local.get $set) (i32.const 48)))
          (call $join (local.get 0) (i32.const 0)) (call $set-drop (local.get $set))))
        (call $drop-r (local.get 0))
        (i32.or (i32.shl (i32.load8_u (i32.const 32)) (i32.const 8)) (i32.load (i32.const 36))))`,
    exports: `(func (export "make") (param "n" u32) (result $f) (canon lift (core func $m "make")))
      (func (export "end") (canon lift (core func $m "end")))
      (func (export "two") (result $list) (canon lift (core func $m "two") ${mem}))
      (func (export "drop") (param "f" $f) (canon lift (core func $m "drop")))
      (func (export "read") async (param "r" $r) (result u32) (canon lift (core func $m "read")))`,
  });
  const unhandled = await unhandledIn(async () => {
    const { exports } = await instantiate(component);
    const once = exports.make(3);
    assertEquals(await once.read(), 3);
    assert(await rejection(once.read()) instanceof ValueError);
    const unread = exports.make(4);
    unread[Symbol.dispose]();
    assert(await rejection(unread.read()) instanceof ValueError);
    const both = exports.two();
    assertEquals([await both[1].read(), await both[0].read()], [6, 5]);
    exports.drop(Promise.reject(new Error("nobody reads it")));
    assertEquals(await exports.read(Promise.resolve({ tag: "ok", val: 7 })), 7);
    assertEquals(await exports.read(later({ tag: "err", val: 7 }, 1)), 256 + 7);
    assertEquals(await exports.read(Promise.reject(8)), 256 + 8);
    assertEquals(await exports.read(Promise.reject(Object.assign(new Error("its payload"), { payload: 9 }))), 256 + 9);
    // No value comes, and the ABI cannot say so: the instance ends. A value that is read then has no promise.
    const own = new Error("own"), waiting = exports.make(1), next = (await instantiate(component)).exports;
    const error = await rejection(next.read(Promise.reject(own))) as Trap;
    assertEquals(error.cause, own);
    assertEquals(await waiting.read(), 1);
  });
  assertEquals(unhandled, []);
});
