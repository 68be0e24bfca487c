// What a deadline counts: each outermost call by itself, whatever of the guest it runs, and also what
// costs the guest no units. And signals that nobody can announce while a guest computes.

import "../support/leaks.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  compileSync,
  type Component,
  features,
  instantiate,
  instantiateSync,
  Trap,
  withSignal,
} from "@windlass/component";
import { signalOf, startFlagging } from "../support/flag_worker.ts";
import { wat } from "../support/wat.ts";

async function metered(text: string, fused = true): Promise<Component> {
  const gates = { "async-stackful": true, "more-async-builtins": true };
  return compileSync(await wat(text), { metering: true, fused, gates });
}

function codeOf(action: () => unknown): string {
  return (assertThrows(action, Trap) as Trap).code;
}

/** Counts to a number, in a function whose local `$i` is free. */
const count = (to: number): string =>
  `(loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${to}))))`;

/** A function of a string, all of whose parts take a while. */
const laborious = `(component
  (core module $M (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $i i32) ${count(100_000)} (i32.const 1024))
    (func (export "f") (param i32 i32) (result i32) (local $i i32) ${count(100_000)}
      (i64.store (i32.const 16) (i64.const 0)) (i32.const 16))
    (func (export "post") (param i32) (local $i i32) ${count(100_000)})
    (func (export "drop") (param i32) (local $i i32) ${count(100_000)}))
  (core instance $m (instantiate $M))
  (type $R' (resource (rep i32) (dtor (func $m "drop"))))
  (export $R "r" (type $R'))
  (core func $new (canon resource.new $R'))
  (func (export "make") (param "rep" u32) (result (own $R)) (canon lift (core func $new)))
  (func (export "f") (param "s" string) (result string)
    (canon lift (core func $m "f") (memory $m "memory") (realloc (func $m "realloc")) (post-return (func $m "post")))))`;

/** More than any machine needs for one of the calls, and less than many of them take together. */
const ENOUGH = 120;

Deno.test("calls in one turn of the event loop have a deadline each, whatever of the guest they run", async () => {
  const component = await metered(laborious);
  const { exports } = instantiateSync(component, {}, { limits: { deadline: ENOUGH } });
  for (const end = performance.now() + 2 * ENOUGH; performance.now() < end;) {
    assertEquals(exports.f("x"), "");
    exports.make(1)[Symbol.dispose]();
  }
  if (!features.jspi) return;
  // In microtasks, and each ends on a stack that was not there when it began.
  const { promising } = instantiateSync(component, {}, { limits: { deadline: ENOUGH, slice: 10 * ENOUGH } });
  for (const end = performance.now() + 2 * ENOUGH; performance.now() < end;) {
    assertEquals(await promising.exports.f("x"), "");
  }
});

Deno.test("so do tasks that run in the same turn", async () => {
  const component = await metered(`(component
    (core func $return (canon task.return))
    (core module $M (import "" "return" (func $return))
      (func (export "f") (result i32) (local $i i32) ${count(3_000_000)} (i32.const 1))
      (func (export "callback") (param i32 i32 i32) (result i32) (local $i i32) ${count(3_000_000)} (call $return)
        (i32.const 0)))
    (core instance $m (instantiate $M (with "" (instance (export "return" (func $return))))))
    (func (export "f") async (canon lift (core func $m "f") async (callback (func $m "callback")))))`);
  const { exports } = instantiateSync(component, {}, { limits: { deadline: ENOUGH } });
  await Promise.all(Array.from({ length: 60 }, () => exports.f()));
  await new Promise((done) => setTimeout(done, 5)); // the turn that was noted ends
});

Deno.test("an instantiation is one call, however many start functions it has", async () => {
  const component = await metered(`(component
    (core module $M (func $s (local $i i32) ${count(1_000_000)}) (start $s))
    ${"(core instance (instantiate $M))".repeat(100)})`);
  assertEquals(codeOf(() => instantiateSync(component, {}, { limits: { deadline: 10 } })), "deadline");
  const trap = await assertRejects(() => instantiate(component, {}, { limits: { deadline: 10 } }), Trap) as Trap;
  assertEquals(trap.code, "deadline");
  await new Promise((done) => setTimeout(done, 5));
});

/** Gives another component 50 MB, 40 times. */
const copying = `(component
  (component $A
    (core module $M (memory (export "memory") 800)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8))
      (func (export "take") (param i32 i32)))
    (core instance $m (instantiate $M))
    (func (export "take") (param "bytes" (list u8))
      (canon lift (core func $m "take") (memory $m "memory") (realloc (func $m "realloc")))))
  (instance $a (instantiate $A))
  (component $B
    (import "take" (func $take (param "bytes" (list u8))))
    (core module $Memory (memory (export "memory") 800))
    (core instance $memory (instantiate $Memory))
    (core func $take' (canon lower (func $take) (memory $memory "memory")))
    (core module $M (import "" "take" (func $take (param i32 i32)))
      (func (export "f") (param i32)
        (loop $l (call $take (i32.const 0) (i32.const 50_000_000))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    (core instance $m (instantiate $M (with "" (instance (export "take" (func $take'))))))
    (func (export "f") (param "times" u32) (canon lift (core func $m "f"))))
  (instance $b (instantiate $B (with "take" (func $a "take"))))
  (func (export "f") (alias export $b "f")))`;

for (const [how, fused] of [["an adapter", true], ["JavaScript", false]] as const) {
  Deno.test(`a guest that does nothing but have ${how} copy meets its deadline`, async () => {
    const component = await metered(copying, fused);
    assertEquals(codeOf(() => instantiateSync(component, {}, { limits: { deadline: 2 } }).exports.f(40)), "deadline");
  });
}

Deno.test("a guest that does nothing but copy from stream to stream meets its deadline", async () => {
  const component = await metered(`(component
    (type $S (stream u8))
    (core module $Memory (memory (export "memory") 1600))
    (core instance $memory (instantiate $Memory))
    (core func $new (canon stream.new $S))
    (core func $read (canon stream.read $S async (memory $memory "memory")))
    (core func $write (canon stream.write $S async (memory $memory "memory")))
    (core func $return (canon task.return))
    (core module $M
      (import "" "new" (func $new (result i64)))
      (import "" "read" (func $read (param i32 i32 i32) (result i32)))
      (import "" "write" (func $write (param i32 i32 i32) (result i32)))
      (import "" "return" (func $return))
      (func (export "f") (result i32) (local $ends i64) (local $i i32)
        (local.set $ends (call $new))
        (loop $l
          (drop (call $write (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (i32.const 0) (i32.const 50_000_000)))
          (drop (call $read (i32.wrap_i64 (local.get $ends)) (i32.const 50_000_000) (i32.const 50_000_000)))
          (local.set $ends (call $new))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 8))))
        (call $return) (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "read" (func $read))
      (export "write" (func $write)) (export "return" (func $return))))))
    (func (export "f") async (canon lift (core func $m "f") async (callback (func $m "callback")))))`);
  const { exports } = instantiateSync(component, {}, { limits: { deadline: 2 } });
  assertEquals((await assertRejects(() => exports.f(), Trap) as Trap).code, "deadline");
  await new Promise((done) => setTimeout(done, 5));
});

/** Calls the host for ever. */
const callsHost = `(component
  (import "host" (func $host)) (core func $host' (canon lower (func $host)))
  (core module $M (import "" "host" (func $host))
    (func (export "f") (loop $l (call $host) (br $l)))
    (func (export "forever") (loop $l (br $l)))
    (func (export "once")))
  (core instance $m (instantiate $M (with "" (instance (export "host" (func $host'))))))
  (func (export "f") (canon lift (core func $m "f")))
  (func (export "forever") (canon lift (core func $m "forever")))
  (func (export "once") (canon lift (core func $m "once"))))`;

/** Takes so many milliseconds. */
function take(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

Deno.test({
  name: "a slice ends where the host's functions take the time",
  ignore: !features.jspi,
  fn: async () => {
    let calls = 0, ended = false;
    const host = (): void => {
      take(2);
      if (++calls === 1000) throw new Error("no turn of the event loop");
    };
    const instance = instantiateSync(await metered(callsHost), { host }, { limits: { slice: 4 } });
    setTimeout(() => {
      ended = true;
      instance[Symbol.dispose]();
    }, 0);
    await assertRejects(() => instance.promising.exports.f(), TypeError, "the instance was disposed");
    assert(ended);
  },
});

Deno.test("a signal that is only a flag is seen when a function of the host returns, and has a reason", async () => {
  const component = await metered(callsHost), flag = new Int32Array(1);
  let calls = 0;
  const host = (): void => void (flag[0] = ++calls === 3 ? 1 : 0);
  const instance = instantiateSync(component, { host }, { signal: signalOf(flag) });
  const error = assertThrows(() => instance.exports.f());
  assert(error instanceof DOMException && error.name === "AbortError");
  assertEquals(calls, 3);
  assertEquals(codeOf(() => instance.exports.once()), "cannot-enter");
  flag[0] = 1;
  assertThrows(
    () => instantiateSync(component, { host }, { signal: signalOf(flag) }),
    DOMException,
    "without a reason",
  );
  // Of a call, too.
  const { promising } = instantiateSync(component, { host });
  await assertRejects(() => withSignal(signalOf(flag), promising.exports.once)(), DOMException, "without a reason");
});

Deno.test({
  name: "a worker ends a guest that loops, by a flag in shared memory",
  // A browser lets a page share memory only if it is isolated from other origins, which ours is not.
  ignore: !("process" in globalThis),
  fn: async () => {
    const component = await metered(callsHost), reason = new Error("the user pressed stop");
    const { flag, go, end } = await startFlagging();
    try {
      // The deadline is far off: it ends the test if the flag is not seen.
      const settings = { signal: signalOf(flag, reason), limits: { deadline: 20_000 } };
      const instance = instantiateSync(component, { host: () => {} }, settings);
      instance.exports.once();
      go();
      assertStrictEquals(assertThrows(() => instance.exports.forever()), reason);
      assertEquals(codeOf(() => instance.exports.once()), "cannot-enter");
    } finally {
      await end();
    }
  },
});

Deno.test({
  name: "AbortSignal.timeout ends a guest that computes in slices",
  ignore: !features.jspi,
  fn: async () => {
    const component = await metered(callsHost), limits = { slice: 2, fuel: 10n ** 15n };
    const instance = instantiateSync(component, { host: () => {} }, { signal: AbortSignal.timeout(10), limits });
    await assertRejects(() => instance.promising.exports.forever(), DOMException);
  },
});
