// What ends a guest that waits in WASI: the signal of `run`, a request that is aborted. Its stack
// is unwound each time.

import { assertEquals, assertRejects } from "@std/assert";
import { compile, features } from "@windlass/component";
import { run, serve, type ServeOptions } from "@windlass/component/wasi";
import { assertUnwound, guestsOf } from "../support/aborting.ts";
import { withoutFeature } from "../support/engine.ts";
import { guest } from "./guests.ts";

const command = await compile(guest("command")), server = await compile(guest("server"));
const soon = () => new Promise<void>((done) => setTimeout(done, 5));

Deno.test("the signal of `run` unwinds a command that waits for its input", async () => {
  const guests = await guestsOf(async () => {
    const abort = new AbortController();
    const running = run(command, { args: ["command", "cat"], stdin: new ReadableStream({}), signal: abort.signal });
    setTimeout(() => abort.abort(new Error("enough")), 20);
    await assertRejects(() => running, Error, "enough");
  });
  // Without JSPI the guest would have run once all of its input is there.
  assertUnwound(guests, features.jspi ? 1 : 0);
});

for (const instances of ["per-request", { max: 1 }] as const satisfies ServeOptions["instances"][]) {
  const shown = JSON.stringify(instances);
  Deno.test(`an aborted request unwinds its handler, and the next has another: ${shown}`, {
    ignore: !features.jspi, // the test below says what happens without
  }, async () => {
    const errors: unknown[] = [];
    const guests = await guestsOf(async () => {
      const handler = await serve(server, { instances, onError: (error) => errors.push(error) });
      const abort = new AbortController();
      const response = await handler(new Request("http://localhost/forever", { signal: abort.signal }));
      const reader = response.body!.getReader();
      await reader.read();
      await soon(); // nobody reads: the handler waits
      abort.abort();
      await assertRejects(async () => {
        for (;;) await reader.read();
      });
      assertEquals(await (await handler(new Request("http://localhost/hello"))).text(), "Hello!\n");
    });
    assertUnwound(guests.slice(0, 1), 1);
    assertEquals(guests.map(({ status }) => status), ["rejected", "fulfilled"]);
    assertEquals(errors, []);
  });
}

Deno.test("without JSPI a handler without end ends where no more is kept, and the next has another", () =>
  withoutFeature("jspi", async () => {
    const errors: unknown[] = [];
    const handler = await serve(server, { instances: { max: 1 }, onError: (error) => errors.push(error) });
    // Nobody can read while it runs, nor abort it: at some point it has to wait for that.
    const response = await handler(new Request("http://localhost/forever"));
    await assertRejects(
      () => response.body!.getReader().read(),
      Error,
      "the handler ended before the body was finished",
    );
    assertEquals(errors.map((error) => /waits for .* JSPI/.test(String(error))), [true]);
    assertEquals(await (await handler(new Request("http://localhost/hello"))).text(), "Hello!\n");
  }));
