// A suspended guest is always unwound: by an abort, by disposal, by a lock-down, through every
// guest that waits with it.
// That a stack was unwound is seen where the engine tells it: the promise of
// `WebAssembly.promising` rejects.

import "../support/leaks.ts";
import { assert, assertEquals } from "@std/assert";
import {
  type CallHooks,
  compileSync,
  type Instance,
  instantiateSync,
  type Limits,
  suspending,
  Trap,
  ValueError,
} from "@windlass/component";
import { assertUnwound, chain, endOne, guestsOf, leavesNothing } from "../support/aborting.ts";
import { component, thrown } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";

const turn = () => new Promise<void>((done) => setTimeout(done));

async function rejected(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected it to reject");
}

const links = await component(chain(2));
/** The same chain with adapters, where one stack has all guests, and with JavaScript between them. */
const chains = [
  { source: links, stacks: 1 },
  { source: compileSync(await wat(chain(2)), { fused: false }), stacks: 3 },
] as const;

/** A component whose `later` can trap without entering a guest: an import that is exported again. */
const exportedAgain = async () =>
  compileSync(
    await wat(`(component
  (import "sleep" (func $sleep (param "ms" u32) (result u32)))
  (import "later" (func $later async (param "text" string)))
  (core func $sleep' (canon lower (func $sleep)))
  (core module $M (import "" "f" (func $f (param i32) (result i32)))
    (func (export "f") (param i32) (result i32) (call $f (local.get 0))))
  (core instance $m (instantiate $M (with "" (instance (export "f" (func $sleep'))))))
  (func (export "f") (param "ms" u32) (result u32) (canon lift (core func $m "f")))
  (export "later" (func $later)))`),
  );

interface Waiting {
  readonly made: Instance;
  readonly call: Promise<unknown>;
  readonly controller: AbortController;
  readonly release: (value: number) => void;
  readonly fail: (error: unknown) => void;
}

/** An instance whose guests wait. */
function waiting(hooks: CallHooks = {}, source = links, limits: Limits = {}): Waiting {
  const controller = new AbortController(), { promise, resolve, reject } = Promise.withResolvers<number>();
  const made = instantiateSync(source, { sleep: suspending(() => promise), later: () => {} }, {
    signal: controller.signal,
    hooks,
    limits,
  });
  const call = made.promising.exports.f!(1) as Promise<unknown>;
  call.catch(() => {});
  return { made, call, controller, release: resolve, fail: reject };
}

Deno.test("an abort unwinds every guest of a chain; no `catch_all` sees it, and the call has the signal's reason", async () => {
  for (const { source, stacks } of chains) {
    for (const reason of [new Error("enough"), "a string", { payload: 7 }]) {
      let error: unknown;
      const guests = await guestsOf(async () => {
        const { call, controller } = waiting({}, source);
        controller.abort(reason);
        error = await rejected(call);
      });
      assert(error === reason);
      assertUnwound(guests, stacks);
    }
  }
});

Deno.test("disposal unwinds them too; the call and later ones say so", async () => {
  for (const { source, stacks } of chains) {
    const made: Waiting[] = [];
    const guests = await guestsOf(async () => {
      made.push(waiting({}, source));
      made[0]!.made[Symbol.dispose]();
      const error = await rejected(made[0]!.call);
      assert(error instanceof ValueError);
      assertEquals([error.code, error.message], ["dead-resource", "Cannot call export f: the instance was disposed"]);
    });
    assertUnwound(guests, stacks);
    assertEquals(thrown(() => made[0]!.made.exports.f!(1)).code, "dead-resource");
    made[0]!.made[Symbol.dispose](); // again: nothing happens
  }
});

Deno.test("what the host's promise comes to later is not heard", async () => {
  for (const settle of ["release", "fail"] as const) {
    const seen: string[] = [];
    const guests = await guestsOf(async () => {
      const { call, controller, release, fail } = waiting({ callingHost: (path) => void seen.push(path) });
      controller.abort(new Error("enough"));
      if (settle === "release") release(1);
      else fail(new Error("too late")); // would be an unhandled rejection
      assertEquals((await rejected(call)).message, "enough");
    });
    await turn();
    assertUnwound(guests, 1);
    assertEquals(seen, ["import sleep"]);
  }
});

Deno.test("a value that arrived in the same turn as the abort: the call rejects, and no guest stays suspended", async () => {
  const guests = await guestsOf(async () => {
    const { call, controller, release } = waiting();
    release(1);
    for (let ticks = 0; ticks < 3; ticks++) await undefined;
    controller.abort(new Error("enough"));
    assertEquals((await rejected(call)).message, "enough");
  });
  assert(guests.every(({ status, ...rest }) => status === "rejected" || (rest as { value?: unknown }).value === 1));
});

Deno.test("a host function that aborts its own instance and then returns a promise does not suspend the guest", async () => {
  const guests = await guestsOf(async () => {
    const controller = new AbortController();
    const sleep = suspending(() => {
      controller.abort(new Error("enough"));
      return new Promise<number>(() => {});
    });
    const made = instantiateSync(links, { sleep }, { signal: controller.signal });
    assertEquals((await rejected(made.promising.exports.f!(1))).message, "enough");
  });
  assertUnwound(guests, 1);
});

Deno.test("a trap that locks the instance down while a call is suspended unwinds that call, which has the same trap", async () => {
  let trap: unknown, error: unknown;
  const guests = await guestsOf(async () => {
    const { made, call } = waiting({}, await exportedAgain(), { liftedBytes: 4 });
    trap = await rejected(made.exports.later!("more than that"));
    error = await rejected(call);
  });
  assert(trap instanceof Trap && trap.code === "lifted-bytes-limit");
  assert(error === trap);
  assertUnwound(guests, 1);
});

Deno.test("hooks see the host's call return when the wait is ended, once, and then the guest's", async () => {
  const seen: string[] = [];
  const { call, controller, release } = waiting({
    callingHost: () => void seen.push("host"),
    returningFromHost: () => void seen.push("back"),
    callingGuest: () => void seen.push("guest"),
    returningFromGuest: () => void seen.push("left"),
  });
  controller.abort(new Error("enough"));
  await rejected(call);
  await turn();
  release(1);
  await turn();
  assertEquals(seen, ["guest", "host", "back", "left"]);
});

Deno.test("what was lent for the call is given back: the host's objects are let go of, borrows are dead", async () => {
  const source = await component(`(component
    (import "files" (instance $files
      (export "file" (type $file (sub resource)))
      (export "[method]file.read" (func (param "self" (borrow $file)) (result u32)))))
    (alias export $files "file" (type $file))
    (alias export $files "[method]file.read" (func $read))
    (core func $read' (canon lower (func $read)))
    (core module $M (import "" "read" (func $read (param i32) (result i32)))
      (func (export "f") (param i32) (result i32) (call $read (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance (export "read" (func $read'))))))
    (func (export "own") (param "f" (own $file)) (result u32) (canon lift (core func $m "f")))
    (func (export "lent") (param "f" (borrow $file)) (result u32) (canon lift (core func $m "f"))))`);
  for (const name of ["own", "lent"] as const) {
    let disposed = 0;
    class File {
      declare read: () => Promise<number>;
      static {
        this.prototype.read = suspending(() => new Promise<number>(() => {}));
      }
      [Symbol.dispose](): void {
        disposed++;
      }
    }
    const made: Instance = instantiateSync(source, { files: { File } });
    const call = made.promising.exports[name]!(new File());
    made[Symbol.dispose]();
    assertEquals((await rejected(call)).message, `Cannot call export ${name}: the instance was disposed`);
    // What the guest owned is disposed of with its instance; what it was lent is the host's.
    assertEquals(disposed, name === "own" ? 1 : 0);
  }
});

Deno.test("`[Symbol.asyncDispose]` waits for the call that is under way", async () => {
  const { made, call, release } = waiting();
  let over = false;
  const disposal = made[Symbol.asyncDispose]().then(() => over = true);
  await turn();
  assert(!over);
  release(5);
  assertEquals(await call, 5);
  await disposal;
  assertEquals(thrown(() => made.exports.f!(1)).code, "dead-resource");
});

Deno.test("a host function cannot dispose of the instance whose guest is on the stack", async () => {
  let first = true;
  const made: Instance = instantiateSync(links, {
    sleep: suspending(async () => {
      if (first) assertEquals(thrown(() => made[Symbol.dispose]()).code, "cannot-enter");
      first = false;
      await turn();
      return 6;
    }),
  });
  assertEquals(await made.promising.exports.f!(1), 6);
});

Deno.test("2,000 aborts and some disposals leave no addresses behind", async () => {
  for (const [how, rounds] of [["abort", 2000], ["dispose", 300]] as const) {
    // An engine that keeps stacks keeps a mebibyte of addresses for each of three guests.
    await leavesNothing(rounds, () => endOne(how), { addresses: rounds, heap: Infinity });
  }
});
