// What a guest writes: sinks that need bytes only until they return see the guest's memory, others
// get a copy, and what waits to be written is a copy, too.

import { assert, assertEquals } from "@std/assert";
import { features, instantiate } from "@windlass/component";
import { wasi } from "@windlass/component/wasi";
import { always } from "../../host/wasi/readiness.ts";
import { OutputStream, type Sink } from "../../host/wasi/streams.ts";
import { guest } from "./guests.ts";
import { good, interfacesOf, text, utf8 } from "./support.ts";

const PAGE = 65536;

/** Runs the guest that says hello, with a standard output that notes what it is given. */
async function written(takesViews: boolean): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [], texts: string[] = [];
  const sink: Sink = {
    ...always,
    ...(takesViews ? { takesViews } : {}),
    permit: () => PAGE,
    write: (bytes) => {
      chunks.push(bytes);
      texts.push(text(bytes));
    },
    flush() {},
  };
  const instance = await instantiate(await guest("hello"), {
    ...await wasi({ args: ["hello", "ann"] }),
    "wasi:cli/stdout@0.2.0": { getStdout: () => new OutputStream(sink) },
  });
  const { exports } = features.jspi ? instance.promising : instance;
  await exports["wasi:cli/run@0.2.0"].run();
  assertEquals(texts.join(""), "Hello, ann!\n");
  return chunks;
}

Deno.test("a sink that needs bytes only until it returns sees the guest's memory", async () => {
  for (const { buffer } of await written(true)) {
    assert(buffer.byteLength >= PAGE && buffer.byteLength % PAGE === 0, `${buffer.byteLength} bytes`);
  }
});

Deno.test("a sink that keeps bytes gets a copy of them", async () => {
  for (const { buffer, length } of await written(false)) assertEquals(buffer.byteLength, length);
});

Deno.test(
  "a web stream keeps what was written when the guest's memory changes",
  { ignore: !features.jspi },
  async () => {
    const chunks: Uint8Array[] = [];
    let take: () => void = () => {};
    const stdout = new WritableStream<Uint8Array>({
      write: (chunk) =>
        new Promise<void>((done) => {
          chunks.push(chunk);
          take = done;
        }),
    });
    const out = (await interfacesOf({ stdout }))("cli/stdout").getStdout();
    const memory = utf8("one");
    good(await out.checkWrite());
    good(out.write(memory));
    memory.set(utf8("two"));
    good(out.flush());
    // The stream still takes the first: this one waits before it is written.
    const second = out.blockingWriteAndFlush(memory);
    memory.fill(0);
    const texts = (): string[] => chunks.map(text);
    const turn = (): Promise<void> => new Promise((done) => setTimeout(done));
    await turn();
    assertEquals(texts(), ["one"]);
    take();
    for (let turns = 0; chunks.length < 2 && turns < 100; turns++) await turn();
    assertEquals(texts(), ["one", "two"]);
    take();
    good(await second);
  },
);
