// Measures one asynchronous row with what jco makes of the same component: prints nanoseconds for an
// operation. `deno task bench:async --jco` runs it bundled in Node, a process for each row, since a
// row that fails leaves its instance unusable.
// Arguments: the folder of jco's output, the row, how many operations a run has.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// deno-lint-ignore no-explicit-any
type Any = any;

const { process } = globalThis as Any;
const [folder, row, calls] = process.argv.slice(2), n = Number(calls);
const root = pathToFileURL(`${process.cwd()}/${folder}/`);
const CHUNK = 65536, chunk = new Uint8Array(CHUNK);

const { instantiate } = await import(new URL("async.js", root).href);
const exports: Any = await instantiate(
  (path: string) => WebAssembly.compile(readFileSync(new URL(path, root))),
  {
    now: { default: (x: number) => x },
    settled: { default: (x: number) => Promise.resolve(x) },
    pending: { default: () => new Promise(() => {}) },
  },
);

function check(found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`expected ${expected}, found ${found}`);
}

const sum = (): number => n * (n + 1) / 2;

function chunks(): ReadableStream<Uint8Array> {
  let left = n;
  return new ReadableStream({
    pull: (controller) => left-- > 0 ? controller.enqueue(chunk) : controller.close(),
  }, { highWaterMark: 0 });
}

async function each(call: (x: number) => unknown): Promise<void> {
  for (let i = 0; i < n; i++) check(await call(i), i);
}

const rows: Readonly<Record<string, () => Promise<void>>> = {
  "guest → host, value at once": async () => check(await exports.loopNow(n), sum()),
  "guest → host, promise settled": async () => check(await exports.loopSettled(n), sum()),
  "host → guest, at once": () => each(exports.atOnce),
  "host → guest, waits once": () => each(exports.waits),
  "guest → guest, at once": async () => check(await exports.guestLoopNow(n), sum()),
  "guest → guest, waits once": async () => check(await exports.guestLoopYields(n), sum()),
  "suspended synchronous call": async () => check(await exports.loopSuspended(n), sum()),
  "stream<u8> host → guest, ReadableStream": async () => check(await exports.drain(chunks()), n * CHUNK),
  "stream<u8> guest → host, new arrays": async () => {
    const stream = await exports.produce(n, CHUNK);
    for (let i = 0; i < n; i++) check((await stream.read({ count: CHUNK })).value.length, CHUNK);
  },
  "stream<u8> guest → guest, 64 KiB": async () => check(await exports.guestPipe(n, CHUNK), n * CHUNK),
  "stream<u8> guest → guest, 1 KiB": async () => check(await exports.guestPipe(n, 1024), n * 1024),
  "stream<record of 4> guest → host": async () => {
    let count = 0;
    for await (const _ of await exports.produceSamples(n)) count++;
    check(count, n);
  },
};

await rows[row]!();
let best = Infinity;
for (let round = 0; round < 5; round++) {
  const start = performance.now();
  await rows[row]!();
  best = Math.min(best, (performance.now() - start) * 1e6 / n);
}
console.log(best);
process.exit(0);
