// `deno task test:stress`: 20,000 waits that are ended, each way, in each runtime, with
// --expose-gc. Address space and heap stay flat: an engine that keeps the stacks of guests which
// are never resumed would need 20 GiB of addresses and 1 GiB of heap.

import { assert, assertEquals } from "@std/assert";
import { compile } from "@windlass/component";
import { serve, type ServeOptions } from "@windlass/component/wasi";
import { endOne, leavesNothing } from "../support/aborting.ts";
import { guest } from "../wasi/guests.ts";

const ROUNDS = 20_000;
/** An instance of a server takes JavaScriptCore 8 ms. */
const REQUESTS = 4_000;

Deno.test(`${ROUNDS} aborts of three guests that wait together leave nothing`, async () => {
  await leavesNothing(ROUNDS, () => endOne("abort"), { addresses: 1024, heap: 16 });
});

Deno.test(`${ROUNDS} instances that are disposed of while they wait leave nothing`, async () => {
  await leavesNothing(ROUNDS, () => endOne("dispose"), { addresses: 1024, heap: 16 });
});

for (const instances of ["per-request", { max: 4 }] as const satisfies ServeOptions["instances"][]) {
  Deno.test(`${REQUESTS} requests that are aborted while the handler waits leave nothing: ${JSON.stringify(instances)}`, async () => {
    const errors: unknown[] = [];
    let aborted = 0;
    const handler = await serve(await compile(guest("server")), { instances, onError: (error) => errors.push(error) });
    const one = async (): Promise<void> => {
      const abort = new AbortController();
      const response = handler(new Request("http://localhost/slow", { signal: abort.signal }));
      setTimeout(() => abort.abort(), 1);
      const { status, body } = await response;
      if (status === 500) aborted++;
      await body?.cancel();
    };
    // Each instance has a memory, for which engines reserve 4 to 10 GiB of addresses until it is
    // collected: some of the last are left.
    const ten = async (): Promise<void> => void await Promise.all(Array.from({ length: 10 }, one));
    await leavesNothing(REQUESTS / 10, ten, { addresses: 512 * 1024, heap: 32 });
    assertEquals(errors, []);
    assert(aborted > REQUESTS / 2, `${aborted} were aborted`); // on a busy machine some are answered before
  });
}
