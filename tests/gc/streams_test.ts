// Streams and futures that become garbage unread are dropped: the guest that writes does not wait
// for ever.

import { assertEquals } from "@std/assert";
import { instantiate } from "@windlass/component";
import { guest } from "../e2e/async/guest.ts";

const { gc } = globalThis as unknown as { gc(): void };

async function collected(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !done(); turn++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("a stream that nobody reads is dropped when it is collected", async () => {
  const { exports } = await instantiate(await guest(), { delay: (ms: number) => ms } as never);
  await (async () => void await exports.produce(10))();
  await collected(() => exports.written() >= 0);
  assertEquals(exports.written(), 0);
});

Deno.test("100,000 streams leave no handles and a flat heap", async () => {
  const { exports } = await instantiate(await guest(), { delay: (ms: number) => ms } as never);
  const heap = async (): Promise<number> => {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
    gc();
    return Deno.memoryUsage().heapUsed;
  };
  const pass = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await exports.pass([]).cancel();
  };
  await pass(10_000);
  const before = await heap();
  await pass(90_000);
  const grown = await heap() - before;
  assertEquals(grown < 4_000_000, true, `the heap grew by ${grown} bytes`);
});
