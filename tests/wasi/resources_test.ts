// `wasiResources`: WASI's streams and pollables from web streams and promises, for an interface of
// a program's own.

import { assertEquals, assertMatch, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { compile, ComponentError, features, instantiate } from "@windlass/component";
import { wasi, wasiResources } from "@windlass/component/wasi";
import { pipes } from "./resources_guest.ts";
import { type Any, good, text, utf8 } from "./support.ts";

const component = await compile(pipes());
/** An instance with these members of the interface. */
const guest = async (members: Any) =>
  await instantiate(component, { ...await wasi(), "test:pipes/pipes": { ...absent, ...members } }) as Any;
const absent = Object.fromEntries(
  ["read", "write", "soon", "take", "look"].map((name) => [name, () => {
    throw new Error(`${name} was not expected`);
  }]),
);

/** A stream of chunks, each a moment later. */
function slowly(chunks: readonly unknown[], cancel?: (reason: unknown) => void): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const next = left.shift();
      if (next === undefined) controller.close();
      else if (next instanceof Error) controller.error(next);
      else controller.enqueue(next as Uint8Array);
    },
    cancel: (reason) => cancel?.(reason),
  }, { highWaterMark: 0 });
}

/** Keeps what is written, and says when it was closed. */
function kept(): { stream: WritableStream<Uint8Array>; bytes(): string; closed: Promise<void> } {
  let all = "";
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const stream = new WritableStream<Uint8Array>({
    async write(chunk) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      all += text(chunk);
    },
    close: () => resolve(),
  });
  return { stream, bytes: () => all, closed };
}

const jspi = { ignore: !features.jspi };
/** The words of the error that a call ends with. */
const payloadOf = async (call: Promise<unknown>): Promise<unknown> =>
  (await assertRejects(() => call, ComponentError)).payload;

Deno.test("bytes are read in a plain call, and a web stream has what was written once it returned", async () => {
  const { stream, bytes, closed } = kept();
  const { exports } = await guest({
    read: () => wasiResources.inputStream(utf8("a text of bytes")),
    write: () => wasiResources.outputStream(stream),
  });
  if (features.jspi) {
    // There a flush is waited for.
    assertMatch(assertThrows(() => exports.copy(), Error).message, /^the guest waits for output, which cannot happen/);
    return;
  }
  assertEquals(exports.copy(), 15);
  await closed;
  assertEquals(bytes(), "a text of bytes");
});

Deno.test("a web stream is copied to a web stream, chunk by chunk, and closed in the end", jspi, async () => {
  const { stream, bytes, closed } = kept();
  const chunks = Array.from({ length: 20 }, (_, i) => utf8(`${i} `.repeat(300 * i)));
  const instance = await guest({
    read: () => wasiResources.inputStream(slowly(chunks)),
    write: () => wasiResources.outputStream(stream),
  });
  const all = chunks.map(text).join("");
  assertEquals(await instance.promising.exports.copy(), all.length);
  await closed;
  assertEquals(bytes(), all);
});

Deno.test("what fails on either side is the guest's stream error, in words", jspi, async () => {
  const failing = (error: unknown) => new WritableStream({ write: () => Promise.reject(error) });
  const never = new WritableStream();
  const closed = new WritableStream();
  await closed.close();
  const rows: readonly (readonly [unknown[], WritableStream<Uint8Array>, string])[] = [
    [[utf8("one"), new Error("the pipe burst")], never, "the pipe burst"],
    [["text"], new WritableStream(), 'a stream of bytes must give Uint8Arrays, found "text"'],
    [[utf8("one"), utf8("two")], failing(new Error("it is full")), "it is full"],
    [[utf8("one")], failing("no error, but a text"), "no error, but a text"],
  ];
  for (const [chunks, stream, message] of rows) {
    const instance = await guest({
      read: () => wasiResources.inputStream(slowly(chunks)),
      write: () => wasiResources.outputStream(stream),
    });
    assertEquals(await payloadOf(instance.promising.exports.copy()), message);
  }
  // One that is closed takes nothing, and nothing failed.
  const instance = await guest({
    read: () => wasiResources.inputStream(slowly([utf8("one")])),
    write: () => wasiResources.outputStream(closed),
  });
  assertEquals(await instance.promising.exports.copy(), 0);
});

Deno.test("a stream that the guest drops is cancelled", jspi, async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const endless = slowly(Array.from({ length: 1000 }, () => new Uint8Array(1000)), () => resolve());
  const instance = await guest({ read: () => wasiResources.inputStream(endless) });
  assertEquals(await instance.promising.exports.begin(10n), 10);
  await cancelled;
});

Deno.test("a pollable is ready once its promise is settled, however that ends", jspi, async () => {
  const soon = <T>(settle: () => T) => new Promise((resolve) => setTimeout(resolve, 1)).then(settle);
  const failing = () => {
    throw new Error("rejected");
  };
  const throwing = {
    get then(): never {
      throw new Error("no promise, but a trap for one");
    },
  };
  for (const promise of [soon(() => 1), soon(failing), { then: (done: () => void) => setTimeout(done, 1) }]) {
    const instance = await guest({ soon: () => wasiResources.pollable(promise as Any) });
    assertEquals(await instance.promising.exports.wait(), [false, true]);
  }
  assertThrows(() => wasiResources.pollable(throwing), Error, "no promise, but a trap for one");
  const settled = wasiResources.pollable(Promise.resolve()) as Any;
  await settled.block();
  const { exports } = await guest({ soon: () => settled });
  // What is ready needs no guest that could be suspended.
  assertEquals(exports.wait(), [true, true]);
});

Deno.test("what a guest gives back is the object that it got, and the host uses its methods", async () => {
  const stream = wasiResources.inputStream(utf8("all of it"));
  const taken: Any[] = [];
  const { exports } = await guest({ read: () => stream, take: (whole: object) => taken.push(whole) && undefined });
  exports.pass();
  assertStrictEquals(taken[0], stream);
  assertEquals(text(good(await taken[0].blockingRead(100n))), "all of it");
  const { stream: to, bytes, closed } = kept();
  const seen: Any[] = [];
  const other = await guest({
    write: () => wasiResources.outputStream(to),
    look(lent: Any) {
      seen.push(lent);
      good(lent.checkWrite());
      good(lent.write(utf8("lent")));
    },
  });
  other.exports.lend();
  await closed;
  assertEquals([bytes(), seen.length], ["lent", 1]);
});

Deno.test("without suspension what must be waited for says what is missing", async () => {
  const { exports } = await guest({
    read: () => wasiResources.inputStream(slowly([utf8("one")])),
    write: () => wasiResources.outputStream(new WritableStream()),
  });
  assertMatch(assertThrows(() => exports.copy(), Error).message, /^the guest waits for input, which cannot happen/);
  const { exports: other } = await guest({ soon: () => wasiResources.pollable(new Promise(() => {})) });
  assertMatch(assertThrows(() => other.wait(), Error).message, /^the guest waits for a pollable, which cannot/);
});

Deno.test("what is none of these is refused, and so is a stream that somebody else has", () => {
  const { inputStream, outputStream, pollable } = wasiResources as Any;
  const locked = new ReadableStream(), lockedToo = new WritableStream();
  locked.getReader();
  lockedToo.getWriter();
  const rows: readonly (readonly [() => unknown, string])[] = [
    [() => inputStream("text"), 'inputStream takes a ReadableStream or a Uint8Array, found "text"'],
    [
      () => inputStream(new ArrayBuffer(1)),
      "inputStream takes a ReadableStream or a Uint8Array, found an instance of ArrayBuffer",
    ],
    [() => inputStream(locked), "inputStream takes a ReadableStream or a Uint8Array, found a stream that is locked"],
    [
      () => outputStream(new ReadableStream()),
      "outputStream takes a WritableStream, found an instance of ReadableStream",
    ],
    [() => outputStream(lockedToo), "outputStream takes a WritableStream, found a stream that is locked"],
    [() => outputStream(undefined), "outputStream takes a WritableStream, found undefined"],
    [() => pollable(null), "pollable takes a promise, found null"],
    [() => pollable({ then: 1 }), "pollable takes a promise, found an object"],
  ];
  for (const [call, message] of rows) {
    assertEquals(assertThrows(call, TypeError).message, `wasiResources.${message}`);
  }
});
