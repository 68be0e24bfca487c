// How calls, tasks and cancellation behave towards the host: one named test each.

import { assert, assertEquals } from "@std/assert";
import { instantiate, instantiateSync, type Trap, ValueError } from "@windlass/component";
import { asyncGuest } from "../../support/async_guest.ts";
import { unreachable } from "../../support/engine.ts";
import { guest } from "./guest.ts";
import { compiled, later, mem, rejection, small, textOf } from "./small.ts";
import { itemsOf } from "./tables.ts";
import { jspiTest } from "../../support/jspi_test.ts";

// deno-lint-ignore no-explicit-any
type Exports = any;

async function start(delay: (ms: number) => unknown = (ms) => later(ms, ms), options = {}): Promise<Exports> {
  return (await instantiate(await guest(), { delay }, options)).exports;
}

Deno.test("behaviour 1: calls of one callback export interleave, each with its result and context", async () => {
  const exports = await start();
  const order = [7, 1, 4, 2, 9];
  assertEquals(await Promise.all(order.map((ms) => exports.wait(ms))), order);
});

Deno.test("behaviour 2: a ValueError rejects its promise only, and leaves nothing in the table", async () => {
  const items = itemsOf(), exports = await start(), waiting = exports.wait(3);
  await rejection(exports.wait("x"));
  const error = await rejection(exports.sum("no stream"));
  assert(error instanceof ValueError, String(error));
  assertEquals(await waiting, 3);
  assertEquals(items(), 0);
});

jspiTest("behaviour 3: a sync export barges in while a task waits, and is refused while the guest runs", async () => {
  const seen: unknown[] = [];
  const exports: Exports = await start((ms) => {
    try {
      seen.push(exports.plain(1));
    } catch (error) {
      seen.push((error as Trap).code);
    }
    return later(ms, 2);
  });
  const waiting = [exports.wait(1), exports.waitSync(1)];
  assertEquals(exports.plain(3), 6);
  await Promise.all(waiting);
  assertEquals(seen, ["cannot-enter", "cannot-enter", "cannot-enter"]);
});

jspiTest("behaviour 4: a sync export called between a resumption and its run succeeds", async () => {
  const exports = await start((ms) => Promise.resolve(ms));
  let done = false;
  const waiting = exports.waitSync(1).then(() => done = true);
  let calls = 0;
  for (; !done && calls < 1000; calls++) {
    assertEquals(exports.plain(calls), calls * 2);
    await undefined;
  }
  await waiting;
  assert(calls > 3);
});

Deno.test("behaviour 5: an async export awaited in a host import of the same instance completes", async () => {
  let depth = 0;
  const exports: Exports = await start(async (ms) =>
    depth++ < 3 ? await exports.wait(ms) + await exports.atOnce(1) : ms
  );
  assertEquals(await exports.wait(1), 7);
});

Deno.test("behaviour 6: a trap rejects its own call, others with cannot-enter and the cause", async () => {
  const exports = await start(() => new Promise(() => {}));
  const others = [exports.wait(1), exports.stuck(1), exports.wait(2)].map(rejection);
  const own = await rejection(exports.trap(1)) as Trap;
  assertEquals([own.code, own.message], ["guest-trap", `Cannot call export trap: ${unreachable}`]);
  for (const error of await Promise.all(others) as Trap[]) {
    assertEquals([error.code, error.cause], ["cannot-enter", own]);
  }
});

jspiTest("behaviour 7: a host promise's Error comes out of the root call as the same object", async () => {
  for (const name of ["wait", "waitSync"]) {
    for (
      const make of [(own: Error) => Promise.reject(own), (own: Error) => later(0, 1).then(() => Promise.reject(own))]
    ) {
      const own = new Error("no"), exports = await start(() => make(own));
      assertEquals(await rejection(exports[name](1)), own);
    }
  }
});

jspiTest("behaviour 8: catch_all around a blocking built-in and an async lower swallows no trap", async () => {
  const calls: Record<string, string> = {
    wait: "(drop (call $wait (i32.const 99) (i32.const 0)))",
    read: "(drop (call $read (i32.const 99) (i32.const 0) (i32.const 1)))",
    write: "(drop (call $write (i32.const 99) (i32.const 0) (i32.const 1)))",
    cancel: "(drop (call $cancel (i32.const 99)))",
    resume: "(drop (call $resume (i32.const 99)))",
    "f-async": "(drop (call $f-async (i32.const 0)))",
    "f-sync": "(drop (call $f-sync))",
  };
  const component = await small({
    head: `(import "f" (func $f async (result u32))) (type $s (stream u8))`,
    canons: {
      wait: [`waitable-set.wait ${mem}`, "(param i32 i32) (result i32)"],
      read: [`stream.read $s ${mem}`, "(param i32 i32 i32) (result i32)"],
      write: [`stream.write $s ${mem}`, "(param i32 i32 i32) (result i32)"],
      cancel: ["subtask.cancel", "(param i32) (result i32)"],
      resume: ["thread.suspend-then-resume", "(param i32) (result i32)"],
      "f-async": [`lower (func $f) async ${mem}`, "(param i32) (result i32)"],
      "f-sync": ["lower (func $f)", "(result i32)"],
    },
    code: Object.entries(calls).map(([name, call]) =>
      `(func (export "${name}") (result i32)
        (block $caught (try_table (catch_all $caught) ${call}) (return (i32.const 1))) (i32.const 2))`
    ).join("\n"),
    exports: Object.keys(calls).map((name) =>
      `(func (export "${name}") async (result u32) (canon lift (core func $m "${name}")))`
    ).join("\n"),
  });
  const own = new Error("own");
  const codes: Record<string, string> = {
    wait: "unknown-handle",
    read: "unknown-handle",
    write: "unknown-handle",
    cancel: "unknown-handle",
    resume: "unknown-thread",
  };
  for (const f of [() => later(0, 1).then(() => Promise.reject(own)), () => Promise.reject(own)]) {
    for (const name of Object.keys(calls)) {
      if (name === "f-async") continue; // its promise is nobody's business yet
      const { exports } = await instantiate(component, { f });
      const error = await rejection(exports[name.replace("-s", "S")]());
      assertEquals(codes[name] === undefined ? error : (error as Trap).code, codes[name] ?? own);
    }
  }
  for (const name of ["fAsync", "fSync"]) {
    const { exports } = await instantiate(component, {
      f: () => {
        throw own;
      },
    });
    assertEquals(await rejection(exports[name]()), own);
  }
});

jspiTest("behaviour 12: cancelling a host call gives lends back; a settled one has returned", async () => {
  const component = await small({
    head: `(import "r" (type $r (sub resource))) (import "nap" (func $nap async))
      (import "f" (func $f async (param "r" (borrow $r)) (result u32)))`,
    canons: {
      f: [`lower (func $f) async ${mem}`, "(param i32 i32) (result i32)"],
      nap: ["lower (func $nap)", ""],
      cancel: ["subtask.cancel", "(param i32) (result i32)"],
      drop: ["subtask.drop", "(param i32)"],
      "drop-r": ["resource.drop $r", "(param i32)"],
    },
    code: `
      (func $go (param $r i32) (param $nap i32) (result i32) (local $s i32) (local $state i32)
        (local.set $s (i32.shr_u (call $f (local.get $r) (i32.const 16)) (i32.const 4)))
        (if (local.get $nap) (then (call $nap)))
        (local.set $state (call $cancel (local.get $s)))
        (call $drop (local.get $s))
        (call $drop-r (local.get $r))
        (local.get $state))
      (func (export "go") (param i32) (result i32) (call $go (local.get 0) (i32.const 0)))
      (func (export "nap") (param i32) (result i32) (call $go (local.get 0) (i32.const 1)))`,
    exports: `(func (export "go") async (param "r" (own $r)) (result u32) (canon lift (core func $m "go")))
      (func (export "nap") async (param "r" (own $r)) (result u32) (canon lift (core func $m "nap")))`,
  });
  class R {}
  const items = itemsOf(),
    { exports } = await instantiate(component, { r: R, f: () => later(1, 3), nap: () => later(0, 8) });
  const CANCELLED_BEFORE_RETURNED = 4, RETURNED = 2;
  assertEquals(await exports.go(new R()), CANCELLED_BEFORE_RETURNED);
  assertEquals(await exports.nap(new R()), RETURNED);
  await later(0, 5);
  assertEquals(items(), 0);
});

Deno.test("behaviour 12: what a cancelled host call gives late is disposed of, also after a lock-down", async () => {
  const component = await small({
    head: `(type $s (stream u8)) (import "r" (type $r (sub resource)))
      (type $both (tuple $s (own $r))) (import "f" (func $f async (result $both)))`,
    canons: {
      f: [`lower (func $f) async ${mem}`, "(param i32) (result i32)"],
      cancel: ["subtask.cancel", "(param i32) (result i32)"],
      drop: ["subtask.drop", "(param i32)"],
    },
    code: `(func (export "go") (result i32) (local $s i32) (local $state i32)
        (local.set $s (i32.shr_u (call $f (i32.const 16)) (i32.const 4)))
        (local.set $state (call $cancel (local.get $s))) (call $drop (local.get $s)) (local.get $state))
      (func (export "trap") (result i32) (drop (call $f (i32.const 16))) unreachable)`,
    exports: `(func (export "go") async (result u32) (canon lift (core func $m "go")))
      (func (export "trap") async (result u32) (canon lift (core func $m "trap")))`,
  });
  let gone = "";
  class R {
    [Symbol.dispose]() {
      gone += "resource ";
    }
  }
  const stream = () => new ReadableStream({ cancel: () => void (gone += "stream ") });
  const imports = { r: R, f: () => later(0, 1).then(() => [stream(), new R()]) };
  const { exports } = await instantiate(component, imports);
  assertEquals(await exports.go(), 4);
  await later(0, 3);
  assertEquals(gone, "stream resource ");
  await rejection(exports.trap());
  await later(0, 3);
  assertEquals(gone, "stream resource stream resource ");
});

jspiTest("behaviour 22: calls and streams leave the tables empty", async () => {
  const items = itemsOf(), exports = await start((ms) => Promise.resolve(ms));
  for (let i = 0; i < 300; i++) {
    await Promise.all([exports.wait(i), exports.waitSync(i), exports.atOnce(i), exports.sum([[i & 255]])]);
    await (await exports.produce(10)).cancel();
  }
  await later(0, 2);
  assertEquals(items(), 0);
});

jspiTest("behaviour 23: guests that yield for ever let timers fire, on stacks and in callbacks", async () => {
  const component = await small({
    head: `(import "stop" (func $stop (result u32)))`,
    canons: {
      yield: ["thread.yield", "(result i32)"],
      stop: ["lower (func $stop)", "(result i32)"],
      return: ["task.return", ""],
    },
    code: `
      (func (export "spin") (loop $on (drop (call $yield)) (br_if $on (i32.eqz (call $stop)))))
      (func (export "turn") (result i32) (i32.const 1))
      (func (export "cb") (param i32 i32 i32) (result i32)
        (if (call $stop) (then (call $return) (return (i32.const 0)))) (i32.const 1))`,
    exports: `(func (export "spin") async (canon lift (core func $m "spin")))
      (func (export "turn") async (canon lift (core func $m "turn") async (callback (core func $m "cb"))))`,
  });
  for (const names of [["spin"], ["turn"], ["turn", "turn"], ["spin", "spin"]]) {
    let fired = 0;
    const until = performance.now() + 3000;
    const stop = () => fired >= 5 || performance.now() > until ? 1 : 0;
    const { exports } = await instantiate(component, { stop });
    const begun = performance.now(), timer = setInterval(() => fired++, 1);
    await Promise.all(names.map((name) => exports[name]()));
    clearInterval(timer);
    // It is 10 ms to the next timer at most, but the machine has other work.
    assert(fired >= 5, `${names}: ${fired} timers in ${performance.now() - begun} ms`);
  }
});

Deno.test("behaviour 24: the idle trap names every task, and another export wakes a waiting one", async () => {
  const component = await small({
    head: `(type $f (future u32))`,
    canons: {
      new: ["future.new $f", "(result i64)"],
      read: [`future.read $f async ${mem}`, "(param i32 i32) (result i32)"],
      write: [`future.write $f async ${mem}`, "(param i32 i32) (result i32)"],
      "drop-r": ["future.drop-readable $f", "(param i32)"],
      "drop-w": ["future.drop-writable $f", "(param i32)"],
      "set-new": ["waitable-set.new", "(result i32)"],
      "set-drop": ["waitable-set.drop", "(param i32)"],
      join: ["waitable.join", "(param i32 i32)"],
      return: ["task.return (result u32)", "(param i32)"],
    },
    code: `(global $w (mut i32) (i32.const 0)) (global $set (mut i32) (i32.const 0))
      (func (export "sleep") (result i32) (local $ends i64)
        (local.set $ends (call $new))
        (global.set $w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
        (global.set $set (call $set-new))
        (drop (call $read (i32.wrap_i64 (local.get $ends)) (i32.const 16)))
        (call $join (i32.wrap_i64 (local.get $ends)) (global.get $set))
        (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
      (func (export "cb") (param i32 i32 i32) (result i32)
        (call $drop-r (local.get 1)) (call $set-drop (global.get $set))
        (call $return (i32.load (i32.const 16))) (i32.const 0))
      (func (export "wake") (param i32)
        (i32.store (i32.const 32) (local.get 0))
        (drop (call $write (global.get $w) (i32.const 32))) (call $drop-w (global.get $w)))`,
    exports: `(func (export "sleep") async (result u32)
        (canon lift (core func $m "sleep") async (callback (core func $m "cb"))))
      (func (export "wake") (param "n" u32) (canon lift (core func $m "wake")))`,
  });
  const reports: string[] = [], items = itemsOf();
  const { exports } = await instantiate(component, {}, { hooks: { idle: (report) => void reports.push(report) } });
  const sleeping = exports.sleep();
  while (reports.length === 0) await later(0, 2);
  assertEquals(reports[0], ": export sleep waits for waitable set 3");
  exports.wake(6);
  assertEquals(await sleeping, 6);
  assertEquals(items(), 0);
  const strict = (await instantiate(component, {}, { idle: "trap" })).exports;
  const [one, other] = await Promise.all([rejection(strict.sleep()), rejection(strict.sleep())]) as [Trap, Trap];
  assertEquals([one.code, other.code], ["deadlock", "deadlock"]);
  assert(/waitable set 3; export sleep waits for waitable set 6/.test(one.message), one.message);
});

/** A callee that logs its calls, with backpressure that the host switches, and a caller of it. */
async function queueing() {
  return await compiled(`(component
    ${
    textOf({
      begin: "(component $C",
      canons: {
        inc: ["backpressure.inc", ""],
        dec: ["backpressure.dec", ""],
        return: ["task.return", ""],
      },
      code: `(global $n (mut i32) (i32.const 0))
        (func (export "inc") (call $inc)) (func (export "dec") (call $dec))
        (func (export "run") (param i32) (result i32)
          (i32.store (i32.add (i32.const 1024) (i32.shl (global.get $n) (i32.const 2))) (local.get 0))
          (global.set $n (i32.add (global.get $n) (i32.const 1)))
          (call $return) (i32.const 0))
        (func (export "cb") (param i32 i32 i32) (result i32) unreachable)
        (func (export "log") (result i32)
          (i32.store (i32.const 512) (i32.const 1024)) (i32.store (i32.const 516) (global.get $n)) (i32.const 512))`,
      exports:
        `(func (export "inc") (canon lift (core func $m "inc"))) (func (export "dec") (canon lift (core func $m "dec")))
        (func (export "run") async (param "n" u32) (canon lift (core func $m "run") async (callback (core func $m "cb"))))
        (func (export "log") (result (list u32)) (canon lift (core func $m "log") ${mem}))`,
    })
  }
    (instance $c (instantiate $C))
    ${
    textOf({
      begin: "(component $A",
      head: `(import "run" (func $run async (param "n" u32))) (type $s (stream u8))`,
      canons: {
        run: [`lower (func $run) async`, "(param i32) (result i32)"],
        cancel: ["subtask.cancel", "(param i32) (result i32)"],
        drop: ["subtask.drop", "(param i32)"],
        "set-new": ["waitable-set.new", "(result i32)"],
        "set-drop": ["waitable-set.drop", "(param i32)"],
        poll: [`waitable-set.poll ${mem}`, "(param i32 i32) (result i32)"],
        join: ["waitable.join", "(param i32 i32)"],
        "stream-new": ["stream.new $s", "(result i64)"],
        "drop-r": ["stream.drop-readable $s", "(param i32)"],
        "drop-w": ["stream.drop-writable $s", "(param i32)"],
        return: ["task.return (result u32)", "(param i32)"],
      },
      code: `(global $sub (mut i32) (i32.const 0))
        ;; gives the state, keeps the handle
        (func (export "begin") (param i32) (result i32) (local $s i32)
          (local.set $s (call $run (local.get 0)))
          (global.set $sub (i32.shr_u (local.get $s) (i32.const 4))) (i32.and (local.get $s) (i32.const 15)))
        (func (export "cancel") (result i32) (local $state i32)
          (local.set $state (call $cancel (global.get $sub))) (call $drop (global.get $sub)) (call $return (local.get $state)) (i32.const 0))
        (func (export "cb") (param i32 i32 i32) (result i32) unreachable)
        ;; how many events there are for the subtask, and their states: 16 * events + states
        (func (export "events") (result i32) (local $set i32) (local $n i32)
          (local.set $set (call $set-new)) (call $join (global.get $sub) (local.get $set))
          (loop $more (if (call $poll (local.get $set) (i32.const 16))
            (then (local.set $n (i32.add (local.get $n) (i32.add (i32.const 16) (i32.load (i32.const 20))))) (br $more))))
          (call $join (global.get $sub) (i32.const 0)) (call $set-drop (local.get $set)) (call $drop (global.get $sub))
          (local.get $n))
        ;; indices are used again, the last freed first, whatever had them
        (func (export "indices") (result i32) (local $a i32) (local $b i32) (local $ends i64)
          (local.set $a (call $set-new)) (local.set $b (call $set-new))
          (call $set-drop (local.get $a)) (call $set-drop (local.get $b))
          (local.set $ends (call $stream-new))
          (call $drop-r (i32.wrap_i64 (local.get $ends)))
          (call $drop-w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
          (i32.and (i32.eq (i32.wrap_i64 (local.get $ends)) (local.get $b))
            (i32.eq (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (local.get $a))))`,
      exports: `(func (export "begin") (param "n" u32) (result u32) (canon lift (core func $m "begin")))
        (func (export "cancel") async (result u32) (canon lift (core func $m "cancel") async (callback (core func $m "cb"))))
        (func (export "events") (result u32) (canon lift (core func $m "events")))
        (func (export "indices") (result u32) (canon lift (core func $m "indices")))`,
    })
  }
    (instance $a (instantiate $A (with "run" (func $c "run"))))
    (export "callee" (instance $c)) (export "caller" (instance $a)))`);
}

Deno.test("behaviour 26: queued calls start in order, and a cancelled one leaves the queue", async () => {
  const items = itemsOf(), { exports: { callee, caller } } = await instantiate(await queueing());
  callee.inc();
  const calls = [callee.run(1), callee.run(2)];
  const STARTING = 0, CANCELLED_BEFORE_STARTED = 3;
  assertEquals(caller.begin(9), STARTING);
  calls.push(callee.run(3), callee.run(4));
  assertEquals(await caller.cancel(), CANCELLED_BEFORE_STARTED);
  await later(0, 2);
  assertEquals([...callee.log()], []);
  callee.dec();
  await Promise.all(calls);
  assertEquals([...callee.log()], [1, 2, 3, 4]);
  assertEquals(items(), 0);
});

Deno.test("behaviour 27: STARTED and RETURNED are one event, and indices are used again", async () => {
  const { exports: { callee, caller } } = await instantiate(await queueing());
  callee.inc();
  assertEquals(caller.begin(5), 0);
  callee.dec();
  await later(0, 2);
  assertEquals([...callee.log()], [5]);
  assertEquals(caller.events(), 16 + 2);
  assertEquals(caller.indices(), 1);
});

jspiTest("behaviour 29: for a blocked caller, realloc has context 0, may grow memory, may not leave", async () => {
  const component = (bad: boolean) =>
    compiled(`(component
    (import "f" (func $f async (result string)))
    (core func $get (canon context.get i32 0)) (core func $set (canon context.set i32 0))
    (core func $new (canon waitable-set.new))
    (core module $L (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32))) (import "" "new" (func $new (result i32)))
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (if (call $get) (then unreachable)) (call $set (i32.const 5))
        ${bad ? "(drop (call $new))" : ""}
        (i32.mul (memory.grow (i32.const 1)) (i32.const 65536))))
    (core instance $l (instantiate $L (with "" (instance (export "get" (func $get)) (export "set" (func $set)) (export "new" (func $new))))))
    (core func $f (canon lower (func $f) (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
    (core module $M (import "" "memory" (memory 1)) (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
      (import "" "f" (func $f (param i32)))
      (func (export "go") (result i32)
        (call $set (i32.const 7)) (call $f (i32.const 16))
        (if (i32.ne (call $get) (i32.const 7)) (then unreachable))
        (i32.const 16)))
    (core instance $m (instantiate $M (with "" (instance (export "memory" (memory $l "memory"))
      (export "get" (func $get)) (export "set" (func $set)) (export "f" (func $f))))))
    (func (export "go") async (result string) (canon lift (core func $m "go") (memory (core memory $l "memory")))))`);
  for (const f of [() => later("grown", 1), () => "grown"]) {
    const { exports } = await instantiate(await component(false), { f });
    assertEquals([await exports.go(), await exports.go()], ["grown", "grown"]);
    const error = await rejection((await instantiate(await component(true), { f })).exports.go());
    assertEquals((error as Trap).code, "cannot-leave");
  }
});

Deno.test("thread.available-parallelism gives one: the threads of a tree run on one of the engine's", async () => {
  const lift = `(func (export "f") (result u32) (canon lift (core func $m "f")))`;
  const made = await asyncGuest(`(func (export "f") (result i32) (call $thread-parallelism))`, lift);
  assertEquals(instantiateSync(made, { work: () => 0 }).exports.f!(), 1);
});
