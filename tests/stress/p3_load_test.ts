// `deno task test:stress`: 2,000 requests to a handler of WASI 0.3, 100 at a time, half of them
// with 1 MiB bodies that come back, a tenth broken off midway, in each runtime, with --expose-gc.
// None is lost, none is mixed up with another, and memory is flat.

import { assert, assertEquals } from "@std/assert";
import { compile } from "@windlass/component";
import { listen, serve, type ServeOptions } from "@windlass/component/wasi";
import { leavesNothing } from "../support/aborting.ts";
import { guest } from "../wasi/guests.ts";

const WORDS = 1 << 18, BATCH = 500;
/** Milliseconds that one batch may take: an answer that is lost must not hang the test. */
const DEADLINE = 120_000;

type Send = (path: string, init: RequestInit) => Promise<Response>;

/** A body of 1 MiB: each word says whose it is, and where it is. */
function bodyOf(number: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(WORDS), tag = number << 18;
  for (let i = 0; i < WORDS; i++) words[i] = tag | i;
  return new Uint8Array(words.buffer);
}

/** Where some bytes differ from the body of a number; -1 if they do not. */
function difference(bytes: Uint8Array<ArrayBuffer>, number: number): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2), tag = (number << 18) >>> 0;
  for (let i = 0; i < words.length; i++) if (words[i] !== tag + i) return i;
  return -1;
}

/** A body in chunks of odd lengths; it breaks off in the middle, if asked to. */
function inChunks(body: Uint8Array<ArrayBuffer>, breaks: boolean): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= body.length) return controller.close();
      if (breaks && at > body.length >> 1) return controller.error(new Error("the body breaks off"));
      controller.enqueue(body.slice(at, at += 40_007));
    },
  }, { highWaterMark: 0 });
}

/** Reads an answer up to its middle, and breaks it off; whatever fails then was broken off, too. */
async function breakOff(answer: Promise<Response>, abort: AbortController): Promise<void> {
  try {
    const { body } = await answer, reader = body!.getReader();
    for (let count = 0; count < WORDS * 2;) {
      const { done, value } = await reader.read();
      if (done) break;
      count += value.length;
    }
    abort.abort(new Error("the client has had enough"));
    await reader.cancel();
  } catch {
    // a request that breaks off before its answer was read
  }
}

const counts = { answered: 0, brokenOff: 0 };

/** One request, by its number. */
async function one(send: Send, number: number): Promise<void> {
  if (number % 2 === 1) {
    const path = number % 4 === 1 ? "/hello" : "/echo";
    const init = path === "/hello"
      ? {}
      : { method: "POST", body: `request ${number}`, headers: { "x-echo": `${number}` } };
    const response = await send(path, init), text = await response.text();
    if (path === "/hello") assertEquals(text, "Hello!\n");
    else assertEquals([response.headers.get("x-echo"), text], [`${number}`, `request ${number}`]);
    counts.answered++;
    return;
  }
  const path = number % 4 === 0 ? "/copy" : "/echo", body = bodyOf(number), abort = new AbortController();
  // Broken off: by the signal and the reader of the answer, or by what sends the body.
  const breaks = number % 10 === 0, sends = number % 8 < 4;
  const init = {
    method: "POST",
    signal: abort.signal,
    ...sends ? { body: inChunks(body, breaks && number % 20 === 0), duplex: "half" } : { body },
  } as RequestInit;
  const answer = send(path, init);
  if (breaks) {
    await breakOff(answer, abort);
    counts.brokenOff++;
    return;
  }
  const bytes = new Uint8Array(await (await answer).arrayBuffer());
  assertEquals([bytes.length, difference(bytes, number)], [body.length, -1], `request ${number}`);
  counts.answered++;
}

let number = 0;

/** So many requests, so many at a time. */
async function batch(send: Send, requests: number, atOnce: number): Promise<void> {
  const waiting = new Set<number>(), end = number + requests;
  const worker = async (): Promise<void> => {
    while (number < end) {
      const mine = number++;
      waiting.add(mine);
      await one(send, mine);
      waiting.delete(mine);
    }
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer for requests ${[...waiting]}`)), DEADLINE);
  });
  try {
    await Promise.race([Promise.all(Array.from({ length: atOnce }, worker)), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function underLoad(
  instances: NonNullable<ServeOptions["instances"]>,
  use: (handler: (request: Request) => Promise<Response>) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  const options = { instances, onError: (error: unknown) => errors.push(error) };
  Object.assign(counts, { answered: 0, brokenOff: 0 });
  number = 0;
  await use(await serve(await compile(guest("p3_server")), options));
  assertEquals(errors, []);
  assertEquals([counts.answered, counts.brokenOff], [number * 9 / 10, number / 10]);
}

const directly = (handler: (request: Request) => Promise<Response>): Send => (path, init) =>
  handler(new Request(`http://localhost${path}`, init));

Deno.test("2,000 requests to 4 instances, 100 at a time: none is lost or mixed up, memory is flat", () =>
  underLoad({ max: 4 }, async (handler) => {
    const send = directly(handler);
    // What 1,000 bodies take would be 1 GiB; one chunk of each would be 64 MiB.
    // Two batches before the first look: Bun's heap grows by 18 MiB in the first, and no more later.
    await batch(send, BATCH, 100);
    await leavesNothing(2000 / BATCH, () => batch(send, BATCH, 100), { heap: 16, buffers: 32 });
    assert(number >= 2000);
  }));

Deno.test("200 requests to an instance each, 20 at a time: none is lost or mixed up, memory is flat", () =>
  underLoad("per-request", async (handler) => {
    const send = directly(handler);
    await leavesNothing(2, () => batch(send, 100, 20), { heap: 16, buffers: 48 });
  }));

Deno.test("500 requests by HTTP to 4 instances, 50 at a time: none is lost or mixed up, memory is flat", () =>
  underLoad({ max: 4 }, async (handler) => {
    const server = await listen(handler, { port: 0 });
    const send: Send = (path, init) => fetch(new URL(path, server.url), init);
    await leavesNothing(2, () => batch(send, 250, 50), { heap: 24, buffers: 64 });
    await server.close();
  }));
