// Streams and futures between the host and a guest.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { instantiate, ValueError } from "@windlass/component";
import { guest } from "./guest.ts";
import { chunksOf } from "./small.ts";
import { byteStreamTest, jspiTest } from "../../support/jspi_test.ts";

// deno-lint-ignore no-explicit-any
async function start(options = {}): Promise<any> {
  return (await instantiate(await guest(), { delay: (ms: number) => ms }, options)).exports;
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<number[]> {
  return (await chunksOf(stream)).flatMap((chunk) => [...chunk]);
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i & 255);
const total = (bytes: readonly number[]) => bytes.reduce((sum, byte) => sum + byte, 0);

Deno.test("a guest reads any kind of stream of the host's", async () => {
  const exports = await start(), bytes = numbers(100), sum = total(bytes);
  assertEquals(await exports.sum(new Blob([Uint8Array.from(bytes)]).stream()), sum);
  assertEquals(await exports.sum(Uint8Array.from(bytes)), sum);
  assertEquals(await exports.sum([Uint8Array.from(bytes)]), sum);
  assertEquals(await exports.sum([bytes.slice(0, 7), bytes.slice(7)]), sum);
  assertEquals(await exports.sum([]), 0);
  const chunks = async function* () {
    for (let at = 0; at < bytes.length; at += 9) {
      await new Promise((done) => setTimeout(done));
      yield Uint8Array.from(bytes.slice(at, at + 9));
    }
  };
  assertEquals(await exports.sum(chunks()), sum);
});

Deno.test("the host reads a stream of a guest's", async () => {
  assertEquals(await bytesOf(await (await start()).produce(1000)), numbers(1000));
});

byteStreamTest("the host reads a stream of a guest's with its own buffer", async () => {
  const exports = await start();
  const reader = (await exports.produce(10)).getReader({ mode: "byob" });
  const first = await reader.read(new Uint8Array(4));
  assertEquals([...first.value!], [0, 1, 2, 3]);
  const second = await reader.read(new Uint8Array(100));
  assertEquals([...second.value!], [4, 5, 6, 7, 8, 9]);
  assertEquals((await reader.read(new Uint8Array(1))).done, true);
});

Deno.test("cancelling a stream tells the guest how much was read, in chunks", async () => {
  const exports = await start();
  const reader = (await exports.produce(90_000)).getReader();
  const { length } = (await reader.read()).value!;
  assert(length < 90_000);
  await reader.cancel();
  await new Promise((done) => setTimeout(done));
  assertEquals(exports.written(), length);
});

byteStreamTest("cancelling a stream tells the guest how much was read", async () => {
  const exports = await start();
  const reader = (await exports.produce(10)).getReader({ mode: "byob" });
  await reader.read(new Uint8Array(3));
  await reader.cancel();
  await new Promise((done) => setTimeout(done));
  assertEquals(exports.written(), 3);
});

Deno.test("a stream that nobody read goes on to the next guest", async () => {
  const exports = await start();
  assertEquals(await exports.sum(await exports.produce(50)), total(numbers(50)));
  const words = exports.pass(exports.pass(["a", "b", "c"]));
  assertEquals(await chunksOf(words), ["a", "b", "c"]);
});

Deno.test("a stream that is locked or was read is refused", async () => {
  const exports = await start();
  const locked = await exports.produce(5);
  locked.getReader();
  await assertRejects(() => exports.sum(locked), ValueError, "locked");
  const read = await exports.produce(5);
  const reader = read.getReader();
  await reader.read();
  reader.releaseLock();
  await assertRejects(() => exports.sum(read), ValueError, "read already");
  await assertRejects(() => exports.sum("text"), ValueError, "an iterable");
});

Deno.test("a source that fails ends its stream, and the embedder is told", async () => {
  const told: unknown[] = [];
  const exports = await start({ onError: (error: unknown) => told.push(error) });
  const own = new Error("disk");
  const chunks = async function* () {
    yield Uint8Array.of(1, 2, 3);
    throw own;
  };
  assertEquals(await exports.sum(chunks()), 6);
  assertEquals(told, [own]);
});

jspiTest("futures in both directions", async () => {
  const exports = await start();
  assertEquals(await exports.awaitValue(Promise.resolve(5)), 5);
  assertEquals(await exports.awaitValue(new Promise((done) => setTimeout(() => done(6), 2))), 6);
  const future = exports.giveValue(9);
  assertEquals(typeof future.then, "undefined");
  assertEquals(await future.read(), 9);
  await assertRejects(() => future.read(), ValueError, "read already");
  const other = exports.giveValue(3);
  assertEquals(await exports.awaitValue(other), 3);
  assertThrows(() => {
    throw new ValueError("dead-resource", "x");
  });
  assert(true);
});

Deno.test("a source of the host's is told when the guest wants no more, and when the instance ends", async () => {
  for (const end of ["trap", "dispose"]) {
    let returned = false;
    const instance = await instantiate(await guest(), { delay: (ms: number) => ms } as never);
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: () => {
          returned = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
    const call = instance.exports.sum(source).catch((error: unknown) => error);
    await new Promise((done) => setTimeout(done));
    if (end === "trap") await instance.exports.trap(1).catch(() => {});
    else instance[Symbol.dispose]();
    assert(await call instanceof Error);
    assert(returned, end);
  }
});

Deno.test("a source is told when another reader of the host's wants no more", async () => {
  const exports = await start();
  let returned = false;
  const source = {
    [Symbol.iterator]: () => ({
      next: () => ({ done: false, value: "word" }),
      return: () => {
        returned = true;
        return { done: true, value: undefined };
      },
    }),
  };
  const reader = exports.pass(source).getReader();
  assertEquals((await reader.read()).value, "word");
  await reader.cancel();
  assert(returned);
});

Deno.test("a stream that a guest gave is no stream of another type", async () => {
  const told: unknown[] = [];
  const exports = await start({ onError: (error: unknown) => void told.push(error) });
  assertEquals(await exports.sum(exports.pass(["text"])), 0);
  assert(told[0] instanceof ValueError && told[0].message.includes("expected u8"), String(told));
  assertEquals((await chunksOf(exports.pass(["still", "works"]))).length, 2);
});
