// Asynchronous calls between the host and a guest: results, order, cancelling, failures.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { instantiate, Trap } from "@windlass/component";
import { guest } from "./guest.ts";
import { jspiTest } from "../../support/jspi_test.ts";

const later = <T>(value: T, ms = 0) => new Promise<T>((done) => setTimeout(() => done(value), ms));

// deno-lint-ignore no-explicit-any
async function start(delay: (ms: number) => unknown = (ms) => later(ms, ms), options = {}): Promise<any> {
  return (await instantiate(await guest(), { delay }, options)).exports;
}

Deno.test("an asynchronous export gives a promise, also if it returns at once", async () => {
  const exports = await start();
  const promise = exports.atOnce(4);
  assert(promise instanceof Promise);
  assertEquals(await promise, 5);
});

jspiTest("a guest waits for a promise of the host, on its own stack and in callbacks", async () => {
  const exports = await start();
  assertEquals(await exports.waitSync(2), 4);
  assertEquals(await exports.wait(3), 3);
});

Deno.test("an import that gives a value at once needs no promise", async () => {
  const exports = await start((ms) => ms * 10);
  assertEquals(await exports.wait(3), 30);
  assertEquals(await exports.waitSync(3), 60);
});

Deno.test("two calls of one export interleave, each with its own context", async () => {
  const exports = await start();
  assertEquals(await Promise.all([exports.wait(9), exports.wait(1), exports.wait(5)]), [9, 1, 5]);
});

Deno.test("a synchronous export can be called while a call waits", async () => {
  const exports = await start();
  const waiting = exports.wait(5);
  assertEquals(exports.plain(21), 42);
  assertEquals(await waiting, 5);
});

Deno.test("an export may be called within an import of the same guest", async () => {
  let inner: Promise<number> | undefined;
  const exports = await start((ms) => {
    inner ??= exports.atOnce(ms);
    return later(ms);
  });
  assertEquals(await exports.wait(7), 7);
  assertEquals(await inner, 8);
});

Deno.test("a trap rejects its own call, and the others with the trap as cause", async () => {
  const exports = await start((ms) => later(ms, 50));
  const other = exports.wait(1).catch((error: unknown) => error);
  const own = await exports.trap(1).catch((error: unknown) => error);
  assert(own instanceof Trap && own.code === "guest-trap", String(own));
  const error = await other;
  assert(error instanceof Trap && error.code === "cannot-enter" && error.cause === own, String(error));
  await assertRejects(() => exports.atOnce(1), Trap, "cannot enter");
});

Deno.test("an exception of the host comes out of the call as the same object", async () => {
  const own = new Error("no");
  const exports = await start(() => Promise.reject(own));
  assertEquals(await exports.wait(1).catch((error: unknown) => error), own);
});

Deno.test("a value that does not fit rejects its call alone", async () => {
  const exports = await start();
  await assertRejects(() => exports.wait("x"), TypeError, "param 1 `ms`");
  assertEquals(await exports.wait(1), 1);
});

Deno.test("a guest that yields lets timers fire", async () => {
  const exports = await start();
  let fired = 0;
  const timer = setInterval(() => fired++, 1);
  assertEquals(await exports.yield(100_000), 7);
  clearInterval(timer);
  assert(fired > 0, "no timer fired");
});

Deno.test("a tree with nothing to do says so, and goes on with the next call", async () => {
  const reports: string[] = [];
  const exports = await start(undefined, { hooks: { idle: (report: string) => reports.push(report) } });
  exports.stuck(1).catch(() => {});
  await later(0, 20);
  assert(/export stuck waits for waitable set \d/.test(reports.join()), reports.join());
  assertEquals(await exports.atOnce(1), 2);
});

Deno.test("or it traps, and says what each call waits for", async () => {
  const exports = await start(undefined, { idle: "trap" });
  const error = await exports.stuck(1).catch((error: unknown) => error);
  assert(error instanceof Trap && error.code === "deadlock", String(error));
  assert(/export stuck waits for waitable set \d/.test(error.message), error.message);
});

Deno.test("hooks see each time that a guest is entered and left, and the host's call until it is settled", async () => {
  const seen: string[] = [];
  const hooks = {
    callingHost: () => void seen.push("host"),
    returningFromHost: () => void seen.push("back"),
    callingGuest: () => void seen.push("guest"),
    returningFromGuest: () => void seen.push("left"),
  };
  const exports = await start(undefined, { hooks });
  assertEquals(await exports.wait(1), 1);
  assertEquals(seen, ["guest", "host", "left", "back", "guest", "left"]);
});
