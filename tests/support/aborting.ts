// Guests whose waits are ended, and what is left of them: address space and heap of this process.
// Used by the test of some thousand aborts, and by `deno task test:stress`, which makes many more.

import { assert, assertEquals } from "@std/assert";
import { type Component, instantiateSync, suspending } from "@windlass/component";
import { component } from "./wasm.ts";

/**
 * A chain of component instances, each calling the one before; the innermost calls the import
 * `sleep`.
 */
export function chain(depth: number): string {
  return `(component
  (import "sleep" (func $sleep (param "ms" u32) (result u32)))
  (component $Link
    (import "f" (func $f (param "ms" u32) (result u32)))
    (core func $f' (canon lower (func $f)))
    (core module $M (import "" "f" (func $f (param i32) (result i32)))
      (func (export "f") (param i32) (result i32)
        (block $caught (return (try_table (result i32) (catch_all $caught) (call $f (local.get 0)))))
        (i32.const 99)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "f") (param "ms" u32) (result u32) (canon lift (core func $m "f"))))
  (instance $i0 (instantiate $Link (with "f" (func $sleep))))
  ${
    Array.from({ length: depth }, (_, i) => `(instance $i${i + 1} (instantiate $Link (with "f" (func $i${i} "f"))))`)
      .join("\n")
  }
  (export "f" (func $i${depth} "f")))`;
}

/** Runs an action and gives the promises of every guest that the engine ran for it. */
export async function guestsOf(action: () => void | Promise<void>): Promise<PromiseSettledResult<unknown>[]> {
  type Core = (...args: unknown[]) => Promise<unknown>;
  const jspi = WebAssembly as unknown as { promising: (func: Core) => Core };
  const { promising } = jspi, guests: Promise<unknown>[] = [];
  jspi.promising = (func) => {
    const made = promising(func);
    return (...args) => {
      const guest = made(...args);
      guests.push(guest);
      return guest;
    };
  };
  try {
    await action();
  } finally {
    jspi.promising = promising;
  }
  const late = new Promise((done) => setTimeout(done)).then(() => "is still suspended");
  return await Promise.allSettled(guests.map((guest) => Promise.race([guest, late])));
}

/**
 * Asserts that so many guests ran and that each ended in a trap of the engine's. None has caught
 * it: they would have returned 99.
 */
export function assertUnwound(guests: readonly PromiseSettledResult<unknown>[], count: number): void {
  assertEquals(guests.length, count);
  for (const guest of guests) {
    const { status, value, reason } = guest as { status: string; value?: unknown; reason?: unknown };
    assert(status === "rejected" && reason instanceof WebAssembly.RuntimeError, `${status}: ${value} ${reason}`);
  }
}

let compiled: Promise<Component> | undefined;

/** Never settles, and outlives every guest that waits for it. */
const never = new Promise<number>(() => {});

/** Suspends a chain of three guests and ends the wait; the call must reject. */
export async function endOne(how: "abort" | "dispose"): Promise<void> {
  const controller = new AbortController();
  const made = instantiateSync(await (compiled ??= component(chain(2))), { sleep: suspending(() => never) }, {
    signal: controller.signal,
  });
  const call = made.promising.exports.f!(1) as Promise<unknown>;
  if (how === "abort") controller.abort(new Error("enough"));
  else made[Symbol.dispose]();
  let outcome: unknown;
  try {
    outcome = await call;
  } catch {
    return;
  }
  throw new Error(`the call gave ${outcome}`);
}

/** Mebibytes of what is left. */
interface Left {
  /** Addresses that the process has; 0 where the system does not tell. */
  readonly addresses: number;
  /** Objects that the engine's collector leaves. */
  readonly heap: number;
  /** Buffers that belong to such objects. */
  readonly buffers: number;
}

async function left(): Promise<Left> {
  const { gc, process } = globalThis as {
    gc?: () => void;
    process?: { memoryUsage(): { heapUsed: number; external: number } };
  };
  for (let i = 0; i < 3; i++) {
    await new Promise((done) => setTimeout(done, 20)); // finalizers run between collections
    gc?.();
  }
  let status = "";
  try {
    status = await Deno.readTextFile("/proc/self/status");
  } catch {
    // Not Linux, or a browser.
  }
  const kibibytes = Number(/VmSize:\s+(\d+)/.exec(status)?.[1] ?? 0);
  const { heapUsed, external } = gc && process?.memoryUsage() || { heapUsed: 0, external: 0 };
  return { addresses: kibibytes / 1024, heap: heapUsed / 2 ** 20, buffers: external / 2 ** 20 };
}

/**
 * Asserts that an action leaves nothing behind. A tenth of the rounds is made first: what the
 * runtime sets up once, and what its collector lets pile up, does not count.
 *
 * @param most Mebibytes by which addresses, heap and buffers may grow. The guest's own stack alone
 * takes one of addresses each time.
 */
export async function leavesNothing(
  rounds: number,
  action: () => Promise<void>,
  most: Partial<Left>,
): Promise<void> {
  for (let i = 0; i < rounds / 10; i++) await action();
  const before = await left();
  for (let i = 0; i < rounds; i++) await action();
  const after = await left();
  for (const what of ["addresses", "heap", "buffers"] as const) {
    const grown = after[what] - before[what];
    assert(grown <= (most[what] ?? Infinity), `${what} grew by ${grown.toFixed(1)} MiB in ${rounds} rounds`);
  }
}
