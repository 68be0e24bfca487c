// Streams between a component and JavaScript, in both directions: a producer gives bytes, a
// transform of the web platform changes them, a consumer adds them up. Nothing is read ahead.
// deno run --allow-read examples/streams.ts

import { instantiate, withSignal } from "@windlass/component";

interface AsyncWorld {
  readonly imports: { readonly delay: (ms: number) => Promise<number> | number };
  readonly exports: {
    readonly wait: (ms: number) => Promise<number>;
    readonly sum: (bytes: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>) => Promise<number>;
    readonly produce: (count: number) => Promise<ReadableStream<Uint8Array>>;
  };
}

const { exports } = await instantiate<AsyncWorld>(
  Deno.readFile(new URL("../tests/e2e/fixtures/async.wasm", import.meta.url)),
  { delay: (ms) => new Promise<number>((done) => setTimeout(() => done(ms), ms)) },
);

// A guest's stream is a ReadableStream, and any stream, iterable or generator is a guest's.
const doubled = (await exports.produce(10)).pipeThrough(
  new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => controller.enqueue(chunk.map((byte) => byte * 2)),
  }),
);
console.log(await exports.sum(doubled)); // 90

// Handed on as it is, the stream goes from guest to guest without JavaScript in between.
console.log(await exports.sum(await exports.produce(10))); // 45

// Calls run side by side, and a signal asks the guest to cancel its work.
console.log(await Promise.all([exports.wait(20), exports.wait(10)])); // [20, 10]
try {
  await withSignal(AbortSignal.timeout(10), exports.wait)(1_000);
} catch (error) {
  console.log((error as Error).name); // TimeoutError
}
