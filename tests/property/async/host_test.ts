// A host that does everything at once, at random: asynchronous calls of each kind, streams and
// futures of each kind in both directions, cancelled, aborted, and in some rounds trapped. Each
// result is right, nothing hangs, nothing is an unhandled rejection, and the tables are empty.

import { assert, assertEquals } from "@std/assert";
import { features, instantiate, type Trap, withSignal } from "@windlass/component";
import { guest } from "../../e2e/async/guest.ts";
import { chunksOf, later, readerOfParts, unhandledIn } from "../../e2e/async/small.ts";
import { itemsOf } from "../../e2e/async/tables.ts";
import { runs, seed } from "../../support/runs.ts";

// deno-lint-ignore no-explicit-any
type Exports = any;
type Pick = (below: number) => number;

/** Random numbers that a seed repeats. */
function random(seed: number): Pick {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

/** Ends in a microtask, in the next turn, or later. */
function pause(kind: number): Promise<void> {
  return kind === 0 ? Promise.resolve() : later(undefined, kind - 1);
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** Chunks of bytes as one of the sources that a guest may get. */
function source(chunks: number[][], pick: Pick): unknown {
  const slow = async function* () {
    for (const chunk of chunks) {
      await pause(pick(3));
      yield chunk;
    }
  };
  switch (pick(4)) {
    case 0:
      return chunks;
    case 1:
      return slow();
    case 2:
      return Uint8Array.from(chunks.flat());
    default: {
      const iterator = slow();
      return new ReadableStream({
        async pull(controller) {
          const { done, value } = await iterator.next();
          if (done) controller.close();
          else controller.enqueue(Uint8Array.from(value));
        },
      });
    }
  }
}

/** Reads a stream of n bytes in one of the ways that a host has. */
async function consume(exports: Exports, pick: Pick): Promise<void> {
  const count = 1 + pick(300), stream = await exports.produce(count);
  await pause(pick(2));
  let read = 0;
  switch (pick(5)) {
    case 0:
      for (const chunk of await chunksOf<Uint8Array>(stream)) read += chunk.length;
      return assertEquals(read, count);
    case 1: {
      const reader = readerOfParts(stream);
      for (;;) {
        const { done, value } = await reader.read(1 + pick(50));
        if (done) return assertEquals(read, count);
        read += value!.length;
      }
    }
    case 2:
      return await stream.cancel();
    case 3: {
      const reader = readerOfParts(stream);
      const reads = Array.from({ length: 1 + pick(2) }, () => reader.read(1 + pick(10)));
      const all = Promise.allSettled(reads);
      if (pick(2) === 0) await reads[0];
      await reader.cancel();
      await all;
      return;
    }
    default:
      assertEquals(await exports.sum(stream), total(Array.from({ length: count }, (_, i) => i & 255)));
  }
}

async function abort(exports: Exports, pick: Pick): Promise<void> {
  const controller = new AbortController(), call = (withSignal(controller.signal, exports.wait) as Exports)(3);
  pause(pick(4)).then(() => controller.abort("stop"));
  try {
    assertEquals(await call, 3);
  } catch (error) {
    if (error !== "stop") throw error;
  }
}

async function refuse(exports: Exports): Promise<void> {
  try {
    await exports.wait("x");
  } catch (error) {
    if (error instanceof TypeError) return;
    throw error;
  }
  throw new Error("a value that does not fit was accepted");
}

/** One thing that a host does. */
async function act(exports: Exports, pick: Pick, traps: boolean): Promise<void> {
  const n = pick(20);
  const actions: (() => Promise<void>)[] = [
    async () => assertEquals(await exports.wait(n), n),
    async () => assertEquals(await exports.atOnce(n), n + 1),
    async () => assertEquals(await exports.yield(1 + n), 7),
    async () => {
      const chunks = Array.from({ length: pick(5) }, () => Array.from({ length: pick(40) }, () => pick(256)));
      assertEquals(await exports.sum(source(chunks, pick)), total(chunks.flat()));
    },
    () => consume(exports, pick),
    // deno-lint-ignore require-await
    async () => assertEquals(exports.plain(n), 2 * n),
    () => abort(exports, pick),
    () => refuse(exports),
  ];
  if (features.jspi) {
    actions.push(
      async () => assertEquals(await exports.waitSync(n), 2 * n),
      async () => assertEquals(await exports.awaitValue(pause(pick(3)).then(() => 9)), 9),
    );
  }
  if (traps) actions.push(() => exports.trap(1));
  await actions[pick(actions.length)]!();
}

async function round(pick: Pick): Promise<void> {
  const items = itemsOf(), traps = pick(4) === 0;
  const delay = (ms: number): unknown => {
    const kind = pick(5);
    if (kind === 4 && traps) return Promise.reject(new Error("the host's"));
    return kind === 0 ? ms : pause(kind).then(() => ms);
  };
  const { exports } = await instantiate(await guest(), { delay }, { onError: () => {} });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hangs = new Promise<never>((_, reject) => timer = setTimeout(() => reject(new Error("it hangs")), 20_000));
  const all = Promise.allSettled(Array.from({ length: 1 + pick(15) }, async () => {
    for (let i = pick(4); i >= 0; i--) {
      await pause(pick(3));
      await act(exports, pick, traps);
    }
  }));
  const outcomes = await Promise.race([all, hangs]).finally(() => clearTimeout(timer));
  await later(0, 3);
  let isLocked = false;
  try {
    exports.plain(1);
  } catch (error) {
    assertEquals((error as Trap).code, "cannot-enter");
    isLocked = true;
  }
  assert(traps || !isLocked);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected" && !isLocked) throw outcome.reason;
  }
  if (!isLocked) assertEquals(items(), 0);
}

Deno.test(`random hosts of an asynchronous guest get what they should, seed ${seed}`, async () => {
  const pick = random(seed);
  const unhandled = await unhandledIn(async () => {
    for (let i = runs(100); i > 0; i--) await round(pick);
  });
  assertEquals(unhandled, []);
});
