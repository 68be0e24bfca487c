// The two tiers are one: generated trampolines and closures give the same values, the same errors
// at the same places, and read the host's objects in the same order. Random signatures, random
// values, some of them spoilt somewhere inside. WINDLASS_SEED=n repeats a run, WINDLASS_RUNS=n
// makes it n times as long.

import { hasLargeMemories } from "../support/engine.ts";
import fc, { type Arbitrary } from "fast-check";
import { assert, assertEquals } from "@std/assert";
import {
  compileSync,
  type Component,
  err,
  features,
  type HostFunction,
  type Imports,
  instantiateSync,
  ok,
} from "@windlass/component";
import { tiers } from "../../abi/codegen/tiers.ts";
import { containsHandle, type ResourceType } from "../../abi/types/types.ts";
import { kernels } from "../../abi/wasm/text.ts";
import { ahead, forbidding } from "../support/ahead.ts";
import { addressTypes, everything, signatures, types, values } from "../support/arbitraries.ts";
import { echoComponent, echoOf, type EchoOptions } from "../support/echo.ts";
import { type Signature, stringEncodings } from "../support/encoder.ts";
import { factor, runs, seed } from "../support/runs.ts";
import { wideGates } from "../support/wasm.ts";

class Thing {}
const resources: readonly ResourceType[] = [{ kind: "resource", name: "r0" }, { kind: "resource", name: "r1" }];

/** What no type wants, or only some do. */
const spoils: readonly unknown[] = [
  ...[undefined, null, true, -1, 1.5, 256, 2 ** 32, 2 ** 53, NaN, 10n, 2n ** 64n, "", "x", "no-such-case", "\ud800"],
  ...[{}, [], [1], { tag: "no-such-case" }, { tag: 1 }, { tag: "ok", val: 1 }, { tag: "some", val: undefined }],
  ...[Symbol("s"), () => 1, Promise.resolve(1), new Date(0), { then: () => {} }, new Thing()],
];

/** A value with something else in some place: `path` says which, level by level. */
function spoil(value: unknown, path: readonly number[], other: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== "object" || value === null || value instanceof Thing) return other;
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const items: unknown[] = Array.from(value as unknown as ArrayLike<unknown>);
    if (items.length === 0) return other;
    const at = step % items.length;
    items[at] = spoil(items[at], rest, other);
    return items;
  }
  const keys = Object.keys(value);
  if (keys.length === 0) return other;
  const key = keys[step % keys.length]!;
  // A field may also go, or come.
  if (step % 7 === 0) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  if (step % 11 === 0) return { ...value, "one-more": other };
  return { ...value, [key]: spoil((value as Record<string, unknown>)[key], rest, other) };
}

/** The same value, telling what is read of it. */
function watched(value: unknown, log: string[]): unknown {
  if (typeof value !== "object" || value === null || value instanceof Thing) return value;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return value;
  return new Proxy(value, {
    get(target, key, receiver) {
      if (typeof key === "string") log.push(key);
      return watched(Reflect.get(target, key, receiver), log);
    },
  });
}

/** What a call came to, as data. */
function outcome(call: () => unknown): unknown {
  try {
    return { value: call() };
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: error };
    const { name, message, code, path, payload } = error as Error & { code?: string; path?: string; payload?: unknown };
    return { name, message, code, path, payload };
  }
}

interface Call {
  readonly args: readonly unknown[];
  readonly result: unknown;
  readonly throws: boolean;
}

/** What can be seen of calls, and how to make one. */
interface Run {
  readonly seen: unknown[];
  call(current: Call): unknown;
  end(): void;
}

/** The component of one tier. */
const tierOf = (signature: Signature, guest: EchoOptions, codegen: boolean): Component =>
  compileSync(echoComponent(signature, guest), { gates: wideGates, codegen });

/** Prepares calls in one tier. */
function prepare(signature: Signature, component: Component): Run & { readonly log: string[] } {
  const seen: unknown[] = [];
  let current: Call | undefined;
  const log: string[] = [];
  const f: HostFunction = (...args) => {
    seen.push({ args });
    const { result, throws } = current!;
    if (throws) throw result;
    if (signature.result?.kind !== "result") return watched(result, log);
    const { tag, val } = (result ?? {}) as { tag?: string; val?: unknown };
    return tag === "ok" ? ok(watched(val, log)) : tag === "err" ? err(watched(val, log)) : result;
  };
  const imports: Imports = { f, r0: Thing, r1: Thing };
  const instance = instantiateSync(component, imports);
  return {
    seen,
    log,
    call(next) {
      log.length = 0;
      current = next;
      return instance.exports["f"](...next.args.map((arg) => watched(arg, log)));
    },
    end: () => void seen.push(outcome(() => instance[Symbol.dispose]())),
  };
}

/** Makes the calls in one tier: everything that can be seen of them. */
function run(signature: Signature, component: Component, calls: readonly Call[]): unknown[] {
  const { seen, log, call, end } = prepare(signature, component);
  for (const current of calls) seen.push(outcome(() => call(current)), [...log]);
  end();
  return seen;
}

/** The same for functions whose type is `async`. */
async function runAsync(
  signature: Signature,
  component: Component,
  calls: readonly Call[],
): Promise<unknown[]> {
  const { seen, log, call, end } = prepare(signature, component);
  for (const current of calls) {
    // What an asynchronous function gives and never settles, the guest waits for.
    if (typeof (current.result as { then?: unknown } | null | undefined)?.then === "function") continue;
    let settled: () => unknown;
    try {
      const value = await call(current);
      settled = () => value;
    } catch (error) {
      settled = () => {
        throw error;
      };
    }
    seen.push(outcome(settled), [...log]);
  }
  end();
  return seen;
}

function callsOf({ params, result }: Signature): Arbitrary<Call[]> {
  const of = (): Thing => new Thing();
  const maybeSpoilt = (value: Arbitrary<unknown>): Arbitrary<unknown> =>
    fc.tuple(value, fc.integer({ min: 0, max: 3 }), fc.array(fc.nat(100), { maxLength: 4 }), fc.constantFrom(...spoils))
      .map(([value, whether, path, other]) => whether === 0 ? spoil(value, path, other) : value);
  const args = fc.tuple(...params.map(({ type }) => maybeSpoilt(values(type, of))));
  const call = fc.record({
    args,
    result: result ? maybeSpoilt(values(result, of)) : fc.constant(undefined),
    throws: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  });
  return fc.array(call, { minLength: 1, maxLength: 4 });
}

/** What kind of guest is called. */
const encodings = fc.constantFrom(...stringEncodings).map((encoding) => [encoding]);
const guests: Arbitrary<EchoOptions> = fc.record({
  encodings,
  addresses: addressTypes.map((address) => [address]),
});

let calls = 0;

function property(what: string, signature: Arbitrary<Signature>, numRuns: number, kind = guests, needed = true): void {
  Deno.test({
    name: what,
    ignore: !features.codegen || !needed,
    fn() {
      const { warmCalls } = tiers, { warmStrings } = kernels;
      [tiers.warmCalls, kernels.warmStrings] = [0, 0];
      const arbitrary = signature.chain((of) => fc.record({ of: fc.constant(of), guest: kind, calls: callsOf(of) }));
      try {
        fc.assert(
          fc.property(arbitrary, ({ of, guest, calls: made }) => {
            calls += made.length;
            assertEquals(run(of, tierOf(of, guest, true), made), run(of, tierOf(of, guest, false), made));
          }),
          { seed, numRuns: runs(numRuns) },
        );
      } finally {
        [tiers.warmCalls, kernels.warmStrings] = [warmCalls, warmStrings];
      }
    },
  });
}

Deno.test(`the seed is WINDLASS_SEED=${seed}`, () => assert(Number.isSafeInteger(seed)));
property("both tiers echo values of any type alike", types().map(echoOf), 800);
property("both tiers call functions of any signature alike", signatures(), 500);
property("both tiers pass handles alike", signatures(resources), 400);
const high = encodings.map((encodings): EchoOptions => ({ encodings, addresses: ["i64"], above: 2 ** 32 }));
property("both tiers echo values above 4 GiB alike", fc.constant(echoOf(everything)), 5, high, hasLargeMemories);
Deno.test({
  name: "behaviour 30: both tiers call asynchronous functions of any signature alike",
  ignore: !features.codegen,
  async fn() {
    const { warmCalls } = tiers;
    tiers.warmCalls = 0;
    const arbitrary = fc.oneof(signatures(), types().map(echoOf)).chain((of) =>
      fc.record({ of: fc.constant(of), guest: guests, calls: callsOf(of) })
    );
    try {
      await fc.assert(
        fc.asyncProperty(arbitrary, async ({ of, guest, calls: made }) => {
          const async = { ...of, async: true },
            [generated, closures] = [tierOf(async, guest, true), tierOf(async, guest, false)];
          assertEquals(await runAsync(of, generated, made), await runAsync(of, closures, made));
        }),
        { seed, numRuns: runs(400) },
      );
    } finally {
      tiers.warmCalls = warmCalls;
    }
  },
});
Deno.test("what was written ahead of time calls functions of any signature as closures do, without eval", async () => {
  const arbitrary = fc.oneof(signatures(), signatures(resources), types().map(echoOf)).chain((of) =>
    fc.record({ of: fc.constant(of), guest: guests, async: fc.boolean(), calls: callsOf(of) })
  );
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ of, guest, async, calls }) => {
      // The guests' asynchronous functions take no handles.
      const signature = async && !of.params.some(({ type }) => containsHandle(type)) ? { ...of, async } : of;
      const { component } = await ahead(echoComponent(signature, guest), { gates: wideGates });
      const closures = tierOf(signature, guest, false);
      if (signature.async) {
        const found = await forbidding(() => runAsync(signature, component, calls));
        assertEquals(found, await runAsync(signature, closures, calls));
      } else assertEquals(await forbidding(() => run(signature, component, calls)), run(signature, closures, calls));
    }),
    { seed, numRuns: runs(60) },
  );
});
Deno.test({
  name: "that was at least 2,000 calls",
  ignore: !features.codegen,
  fn: () => assert(calls >= 2000 * Math.min(factor, 1)),
});
