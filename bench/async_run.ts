// Measures the asynchronous rows in the runtime that it runs in: prints one JSON object.
// `deno task bench:async` runs it bundled in each runtime.
// Arguments: `--rows x;y` (all by default), `--rounds N`.

import { engine, runtime } from "./runtime_name.ts";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { instantiate } from "@windlass/component";

// deno-lint-ignore no-explicit-any
type Any = any;

const { process, gc, Bun } = globalThis as Any;
const { argv } = process;
const root = pathToFileURL(`${process.cwd()}/bench/fixtures/`);
const file = (name: string) => new Uint8Array(readFileSync(new URL(name, root)));
const option = (name: string): string | undefined => {
  const at = argv.indexOf(`--${name}`);
  return at < 0 ? undefined : argv[at + 1];
};
const ROUNDS = Number(option("rounds") ?? 15), only = option("rows")?.split(";");
const CHUNK = 65536;

function check(found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`expected ${expected}, found ${found}`);
}

/** 1 + 2 + … + n, as the guests add it. */
const sum = (n: number): number => n * (n + 1) / 2;

/** Figures of one row. */
export interface AsyncFigure {
  readonly name: string;
  /** Nanoseconds for each operation: the least of the samples, and the median. */
  readonly ns: number;
  readonly median: number;
}

/** What the process prints. */
export interface AsyncRun {
  readonly runtime: string;
  readonly engine: string;
  readonly figures: readonly AsyncFigure[];
  readonly many: readonly Many[];
}

/** Calls under way at once: microseconds and bytes for each of them. */
export interface Many {
  readonly calls: number;
  readonly start: number;
  readonly finish: number;
  readonly heap: number;
}

interface Row {
  readonly name: string;
  /** How many operations one run has. */
  readonly calls: number;
  readonly run: () => unknown;
}

// What the rows are made of.

const JSPI = WebAssembly as Any;
const doneWith: { value: unknown } = { value: undefined };
const raw: Any = new WebAssembly.Instance(new WebAssembly.Module(file("async_raw.wasm")), {
  "": {
    plain: (x: number) => x,
    suspending: new JSPI.Suspending((x: number) => Promise.resolve(x)),
    done: (x: number) => {
      doneWith.value = x;
    },
  },
}).exports;
const suspendingLoop = JSPI.promising(raw["loop-suspending"]), starter = JSPI.promising(raw.start);
const chunk = new Uint8Array(CHUNK).fill(7), memory = new Uint8Array(raw.memory.buffer);

/** A byte stream of n chunks, each made as long as the copy takes. */
function byteStream(n: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    pull: (controller: Any) => {
      if (n-- > 0) controller.enqueue(chunk.slice());
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

/** A byte stream of n chunks, each copied into the reader's buffer. */
function copyingStream(n: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    pull: (controller: Any) => {
      const { byobRequest } = controller, { view } = byobRequest;
      if (n-- > 0) {
        view.set(memory.subarray(65536, 65536 + CHUNK));
        byobRequest.respond(CHUNK);
      } else {
        controller.close();
        byobRequest.respond(0);
      }
    },
  }, { highWaterMark: 0 });
}

/** A stream of n times the same value. */
function valueStream(n: number, value: unknown): ReadableStream<Any> {
  return new ReadableStream({
    pull: (controller) => {
      if (n-- > 0) controller.enqueue(value);
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

/** Reads a stream to its end. Gives the bytes, or the elements. */
async function total(stream: ReadableStream<Any>): Promise<number> {
  const reader = stream.getReader();
  let count = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return count;
    count += value.byteLength ?? 1;
  }
}

/** Reads a stream to its end, all chunks into one buffer. */
async function totalInto(stream: ReadableStream<Uint8Array>): Promise<number> {
  const reader = stream.getReader({ mode: "byob" });
  let count = 0, buffer: ArrayBufferLike = new ArrayBuffer(CHUNK);
  for (;;) {
    const { done, value }: Any = await reader.read(new Uint8Array(buffer as ArrayBuffer));
    if (done) return count;
    count += value.byteLength;
    buffer = value.buffer;
  }
}

function* chunks(n: number): Generator<Uint8Array> {
  for (let i = 0; i < n; i++) yield chunk;
}

const primitives: readonly Row[] = [
  { name: "import call", calls: 10000, run: () => check(raw["loop-plain"](10000), sum(10000)) },
  {
    name: "starter without suspension",
    calls: 200,
    run: async () => {
      let last: unknown;
      for (let i = 0; i < 200; i++) {
        last = starter(i);
        check(doneWith.value, i);
      }
      await last;
    },
  },
  { name: "JSPI round trip", calls: 200, run: async () => check(await suspendingLoop(200), sum(200)) },
  {
    name: "starter with one suspension",
    calls: 100,
    run: async () => {
      for (let i = 0; i < 100; i++) check(await suspendingLoop(1), 1);
    },
  },
  {
    name: "microtask hop",
    calls: 1000,
    run: async () => {
      for (let i = 0; i < 1000; i++) await undefined;
    },
  },
  {
    name: "copy of 64 KiB",
    calls: 100,
    run: () => {
      for (let i = 0; i < 100; i++) memory.set(chunk, i & 1 ? 65536 : 131072);
    },
  },
  {
    name: "copy of 1 KiB",
    calls: 1000,
    run: () => {
      const part = chunk.subarray(0, 1024);
      for (let i = 0; i < 1000; i++) memory.set(part, 65536 + (i & 63) * 1024);
    },
  },
  {
    name: "copy of 64 KiB into a new array",
    calls: 100,
    run: () => {
      const from = memory.subarray(65536, 131072);
      for (let i = 0; i < 100; i++) check(new Uint8Array(from).length, CHUNK);
    },
  },
  { name: "stream pull", calls: 200, run: async () => check(await total(valueStream(200, chunk)), 200 * CHUNK) },
  {
    name: "byte stream pull into a buffer",
    calls: 100,
    run: async () => check(await totalInto(copyingStream(100)), 100 * CHUNK),
  },
  {
    name: "byte stream pull with its copy",
    calls: 100,
    run: async () => check(await total(byteStream(100)), 100 * CHUNK),
  },
];

// The guests.

const resolvers: (() => void)[] = [];
const { exports }: Any = await instantiate(file("async.wasm"), {
  now: (x: number) => x,
  settled: (x: number) => Promise.resolve(x),
  pending: (x: number) => new Promise((resolve) => resolvers.push(() => resolve(x))),
});

const rows: readonly Row[] = [
  { name: "guest → host, value at once", calls: 1000, run: () => check(exports.loopNow(1000), sum(1000)) },
  {
    name: "guest → host, promise settled",
    calls: 200,
    run: async () => check(await exports.loopSettled(200), sum(200)),
  },
  {
    name: "host → guest, at once",
    calls: 200,
    run: async () => {
      for (let i = 0; i < 200; i++) check(await exports.atOnce(i), i);
    },
  },
  {
    name: "host → guest, waits once",
    calls: 100,
    run: async () => {
      for (let i = 0; i < 100; i++) check(await exports.waits(i), i);
    },
  },
  { name: "guest → guest, at once", calls: 1000, run: () => check(exports.guestLoopNow(1000), sum(1000)) },
  {
    name: "guest → guest, waits once",
    calls: 200,
    run: async () => check(await exports.guestLoopYields(200), sum(200)),
  },
  {
    name: "suspended synchronous call",
    calls: 200,
    run: async () => check(await exports.loopSuspended(200), sum(200)),
  },
  {
    name: "stream<u8> host → guest, iterable",
    calls: 100,
    run: async () => check(await exports.drain(chunks(100)), 100 * CHUNK),
  },
  {
    name: "stream<u8> host → guest, ReadableStream",
    calls: 100,
    run: async () => check(await exports.drain(valueStream(100, chunk)), 100 * CHUNK),
  },
  {
    name: "stream<u8> guest → host, new arrays",
    calls: 100,
    run: async () => check(await total(await exports.produce(100, CHUNK)), 100 * CHUNK),
  },
  {
    name: "stream<u8> guest → host, own buffer",
    calls: 100,
    run: async () => check(await totalInto(await exports.produce(100, CHUNK)), 100 * CHUNK),
  },
  {
    name: "stream<u8> guest → guest, 64 KiB",
    calls: 200,
    run: async () => check(await exports.guestPipe(200, CHUNK), 200 * CHUNK),
  },
  {
    name: "stream<u8> guest → guest, 1 KiB",
    calls: 2000,
    run: async () => check(await exports.guestPipe(2000, 1024), 2000 * 1024),
  },
  {
    name: "stream<record of 4> guest → host",
    calls: 2048,
    run: async () => check(await total(await exports.produceSamples(2048)), 2048),
  },
];

/** How often to run for a sample of some ten milliseconds; warms up on the way. */
async function calibrate({ run }: Row): Promise<number> {
  const until = performance.now() + 200;
  let rounds = 0;
  while (performance.now() < until) await run(), rounds++;
  return Math.max(1, Math.ceil(rounds / 20));
}

/** Samples of all rows, interleaved: what disturbs the machine disturbs them alike. */
async function measure(all: readonly Row[]): Promise<AsyncFigure[]> {
  const repeats: number[] = [];
  for (const row of all) repeats.push(await calibrate(row));
  const samples: number[][] = all.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [k, { run, calls }] of all.entries()) {
      const start = performance.now();
      for (let i = 0; i < repeats[k]!; i++) await run();
      samples[k]!.push((performance.now() - start) * 1e6 / (repeats[k]! * calls));
    }
  }
  return all.map(({ name }, k) => {
    const sorted = samples[k]!.sort((left, right) => left - right);
    return { name, ns: sorted[0]!, median: sorted[sorted.length >> 1]! };
  });
}

/** Starts calls, has all of them wait at once, and lets them finish. */
async function many(calls: number): Promise<Many> {
  const collect = (): void => {
    for (let i = 0; i < 2; i++) Bun === undefined ? gc?.() : Bun.gc(true);
  };
  collect();
  const before = process.memoryUsage().heapUsed;
  const promises: Promise<number>[] = new Array(calls), start = performance.now();
  for (let i = 0; i < calls; i++) promises[i] = exports.hangs(i);
  const started = performance.now();
  check(resolvers.length, calls);
  await new Promise((done) => setTimeout(done));
  collect();
  const heap = process.memoryUsage().heapUsed - before, again = performance.now();
  for (const resolve of resolvers) resolve();
  const results = await Promise.all(promises), finished = performance.now();
  resolvers.length = 0;
  results.forEach(check);
  return {
    calls,
    start: (started - start) * 1e3 / calls,
    finish: (finished - again) * 1e3 / calls,
    heap: heap / calls,
  };
}

const wanted = (row: Row): boolean => only === undefined || only.includes(row.name);
const figures = await measure([...primitives, ...rows].filter(wanted));
const counts: Many[] = [];
if (only === undefined || only.includes("many")) {
  await many(2500);
  for (const calls of [2500, 10000, 40000]) {
    const samples: Many[] = [];
    for (let round = 0; round < 5; round++) samples.push(await many(calls));
    counts.push({
      calls,
      start: Math.min(...samples.map(({ start }) => start)),
      finish: Math.min(...samples.map(({ finish }) => finish)),
      heap: samples.map(({ heap }) => heap).sort((a, b) => a - b)[samples.length >> 1]!,
    });
  }
}
console.log(JSON.stringify({ runtime, engine, figures, many: counts } satisfies AsyncRun));
