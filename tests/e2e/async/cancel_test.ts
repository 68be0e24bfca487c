// Cancelling: a signal of the host's call, a guest that cancels a host function, the end of an
// instance with calls under way.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { HostFunc, instantiate, t, Trap, ValueError, withSignal } from "@windlass/component";
import { guest } from "./guest.ts";
import { chunksOf } from "./small.ts";
import { jspiTest } from "../../support/jspi_test.ts";

const later = <T>(value: T, ms = 0) => new Promise<T>((done) => setTimeout(() => done(value), ms));
const never = () => new Promise<number>(() => {});

// deno-lint-ignore no-explicit-any
async function start(delay: unknown = never, options = {}): Promise<any> {
  return await instantiate(await guest(), { delay } as never, options);
}

Deno.test("behaviour 10: aborting rejects with the reason at once, and the guest cancels its work, once", async () => {
  const seen: AbortSignal[] = [];
  const delay = HostFunc.typed(t.asyncFunc([t.u32], t.u32), ({ signal }) => {
    seen.push(signal);
    return never();
  }, { caller: true });
  const { exports } = await start(delay), controller = new AbortController();
  const call = withSignal(controller.signal, exports.wait)(1), reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await call.catch((error: unknown) => error), reason);
  await later(0);
  assertEquals(seen.length, 1);
  assert(seen[0]!.aborted, "the host function was not told");
  assertEquals(await exports.atOnce(1), 2);
});

jspiTest(
  "behaviour 9: a call that waits for its turn does not start, and its arguments stay the caller's",
  async () => {
    let release = (_: number): void => {};
    const { exports } = await start(() => new Promise<number>((done) => release = done));
    const first = exports.waitSync(1); // holds the lock
    const controller = new AbortController();
    const queued = withSignal(controller.signal, exports.atOnce)(1);
    controller.abort("no");
    assertEquals(await queued.catch((error: unknown) => error), "no");
    release(2);
    await later(0);
    release(3);
    assertEquals(await first, 5);
  },
);

Deno.test("behaviour 11: aborting after the result does nothing, and an aborted signal starts nothing", async () => {
  const { exports } = await start((ms: number) => ms), controller = new AbortController();
  assertEquals(await withSignal(controller.signal, exports.wait)(4), 4);
  controller.abort();
  await assertRejects(() => withSignal(controller.signal, exports.wait)(4));
  assertEquals(await exports.wait(5), 5);
  assertThrows(() => withSignal(controller.signal, exports.plain), TypeError, "async");
  assertThrows(() => withSignal({} as AbortSignal, exports.wait), TypeError, "AbortSignal");
});

jspiTest("a guest that does not look for a cancellation ends in its own time", async () => {
  let release = (_: number): void => {};
  const { exports } = await start(() => new Promise<number>((done) => release = done));
  const controller = new AbortController(), call = withSignal(controller.signal, exports.waitSync)(1);
  controller.abort("no");
  assertEquals(await call.catch((error: unknown) => error), "no");
  release(1);
  await later(0);
  release(1);
  await later(0);
  assertEquals(await exports.atOnce(1), 2);
});

Deno.test("a signal of promising calls gives the promise up", async () => {
  const instance = await start(), controller = new AbortController();
  const call = withSignal(controller.signal, instance.promising.exports.plain as (n: number) => Promise<number>);
  assertEquals(await call(4), 8);
  controller.abort("no");
  assertEquals(await call(4).catch((error: unknown) => error), "no");
});

jspiTest("behaviour 28: disposing rejects the calls under way", async () => {
  for (const name of ["wait", "waitSync", "stuck"]) {
    const instance = await start(), call = instance.exports[name](1).catch((error: unknown) => error);
    instance[Symbol.dispose]();
    const error = await call;
    assert(error instanceof ValueError && error.code === "dead-resource", String(error));
    await assertRejects(() => instance.exports.atOnce(1), ValueError, "disposed");
  }
});

Deno.test("behaviour 28: asyncDispose waits for calls, and for tasks that go on after they have returned", async () => {
  const instance = await start(() => later(3, 5)), call = instance.exports.wait(1);
  await instance[Symbol.asyncDispose]();
  assertEquals(await call, 3);
  const other = await start(), stream = await other.exports.produce(10);
  const disposed = other[Symbol.asyncDispose]();
  assertEquals((await chunksOf<Uint8Array>(stream)).flatMap((chunk) => [...chunk]).length, 10);
  await disposed;
});

Deno.test("asyncDispose ends if the call that it waits for breaks down, or is aborted", async () => {
  const broken = await start(() => later(0, 5).then(() => Promise.reject(new Error("mine"))));
  const call = assertRejects(() => broken.exports.wait(1), Error, "mine");
  await broken[Symbol.asyncDispose]();
  await call;
  const abort = new AbortController(), aborted = await start(never, { signal: abort.signal });
  const waiting = assertRejects(() => aborted.exports.wait(1), Error, "enough");
  const disposed = aborted[Symbol.asyncDispose]();
  abort.abort(new Error("enough"));
  await disposed;
  await waiting;
});

Deno.test("a stream of an instance that is gone fails", async () => {
  const instance = await start(), stream = await instance.exports.produce(10);
  instance[Symbol.dispose]();
  await assertRejects(() => stream.getReader().read());
});

Deno.test("no more calls are under way than the limit allows", async () => {
  const { exports } = await start(never, { limits: { tasks: 2 } });
  exports.wait(1).catch(() => {});
  exports.wait(1).catch(() => {});
  const error = await exports.wait(1).catch((error: unknown) => error);
  assert(error instanceof Trap && error.code === "task-limit", String(error));
});

jspiTest("an aborted instance rejects each call with the reason", async () => {
  const controller = new AbortController();
  const { exports } = await start(never, { signal: controller.signal });
  const calls = [exports.wait(1), exports.waitSync(1)].map((call) => call.catch((error: unknown) => error));
  controller.abort("off");
  assertEquals(await Promise.all(calls), ["off", "off"]);
});
