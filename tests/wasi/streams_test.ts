// Streams and polling: web streams, captured and discarded output, backpressure, waiting with and
// without an event loop.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { features, Trap } from "@windlass/component";
import { type Any, bad, good, interfacesOf, text, utf8 } from "./support.ts";
import { run } from "@windlass/component/wasi";
import { guest } from "./guests.ts";
import { plainFormOf } from "../../host/func.ts";

const later = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

Deno.test("no standard streams: input is at its end, output goes nowhere", async () => {
  const of = await interfacesOf();
  const input = of("cli/stdin").getStdin();
  bad(input.read(1n), { tag: "closed" });
  bad(await input.blockingRead(1n), { tag: "closed" });
  const out = of("cli/stdout").getStdout(), error = of("cli/stderr").getStderr();
  good(await out.blockingWriteAndFlush(utf8("x")));
  good(await error.blockingWriteAndFlush(utf8("x")));
  for (const name of ["Stdin", "Stdout", "Stderr"]) {
    assertEquals(of(`cli/terminal-${name.toLowerCase()}`)[`getTerminal${name}`](), undefined);
  }
});

Deno.test("input from text and bytes, shared by every handle", async () => {
  const of = await interfacesOf({ stdin: "héllo" });
  const first = of("cli/stdin").getStdin(), second = of("cli/stdin").getStdin();
  assertEquals(text(good(first.read(3n))), "hé");
  first[Symbol.dispose]();
  assertEquals(text(good(second.read(1n << 63n))), "llo");
  bad(second.read(1n), { tag: "closed" });
  assertEquals(good((await interfacesOf({ stdin: utf8("ab") }))("cli/stdin").getStdin().read(9n)).length, 2);
});

Deno.test("input from a web stream is pulled when it is asked for, and waited for", async () => {
  let pulls = 0;
  const stdin = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await later(1);
      if (++pulls > 2) controller.close();
      else controller.enqueue(utf8(`chunk${pulls}`));
    },
  }, { highWaterMark: 0 });
  const of = await interfacesOf({ stdin });
  const input = of("cli/stdin").getStdin();
  assertEquals(pulls, 0);
  const pollable = input.subscribe();
  assertEquals(await pollable.ready(), false);
  assertEquals(text(good(await input.read(9n))), "");
  await pollable.block();
  assertEquals(text(good(input.read(3n))), "chu");
  assertEquals(text(good(await input.blockingRead(100n))), "nk1");
  assertEquals(text(good(await input.blockingRead(100n))), "chunk2");
  bad(await input.blockingRead(1n), { tag: "closed" });
});

Deno.test("a web stream that fails", async () => {
  const stdin = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("no more")) });
  const input = (await interfacesOf({ stdin }))("cli/stdin").getStdin();
  const answer = await input.blockingRead(1n);
  assertEquals([answer.val.tag, answer.val.val.toDebugString()], ["last-operation-failed", "no more"]);
  bad(input.read(1n), { tag: "closed" });
});

Deno.test("output to a web stream waits for it", { ignore: !features.jspi }, async () => {
  const written: string[] = [];
  let release: () => void = () => {};
  const stdout = new WritableStream<Uint8Array>({
    write: (chunk) => new Promise((done) => (written.push(text(chunk)), release = done)),
  });
  const out = (await interfacesOf({ stdout }))("cli/stdout").getStdout();
  const permit = good(out.checkWrite());
  good(out.write(new Uint8Array(Number(permit)).fill(97)));
  assertEquals(good(await out.checkWrite()), 0n);
  const pollable = out.subscribe();
  assertEquals(await pollable.ready(), false);
  await later(1);
  release();
  await pollable.block();
  assertEquals(good(out.checkWrite()), permit);
  const flushed = out.blockingWriteAndFlush(utf8("b"));
  assert(flushed instanceof Promise);
  await later(1);
  release();
  good(await flushed);
  assertEquals(written.map((chunk) => chunk.length), [Number(permit), 1]);
});

/**
 * What a guest is told of a write that fails. Without JSPI no write is waited for, and a later one is
 * answered so.
 */
async function answerOfWrite(out: Any): Promise<Any> {
  const first = await out.blockingWriteAndFlush(utf8("x"));
  if (features.jspi) return first;
  good(first);
  await later(0);
  return await out.blockingWriteAndFlush(utf8("x"));
}

Deno.test("output to a web stream that fails or is closed", async () => {
  const stdout = new WritableStream<Uint8Array>({
    write: () => {
      throw new Error("disk full");
    },
  });
  const out = (await interfacesOf({ stdout }))("cli/stdout").getStdout();
  const answer = await answerOfWrite(out);
  assertEquals([answer.val.tag, answer.val.val.toDebugString()], ["last-operation-failed", "disk full"]);
  bad(out.checkWrite(), { tag: "closed" });
});

Deno.test("output to a web stream whose reader wants no more is closed", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const out = (await interfacesOf({ stdout: writable }))("cli/stdout").getStdout();
  await readable.cancel();
  await later(0);
  bad(await out.checkWrite(), { tag: "closed" });
  const pipe = new WritableStream<Uint8Array>({
    write: () => {
      throw Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
    },
  });
  bad(await answerOfWrite((await interfacesOf({ stdout: pipe }))("cli/stdout").getStdout()), { tag: "closed" });
  const cut = new TransformStream<Uint8Array, Uint8Array>(), stdin = "x".repeat(1_000_000);
  const running = run(guest("command"), { args: ["", "cat"], stdin, stdout: cut.writable });
  const reader = cut.readable.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals(await running, { exitCode: 0 });
});

Deno.test("a system's error that comes through a web stream has its code", async () => {
  const failing = (code: string) => Object.assign(new Error(`no: ${code}`), { code });
  for (const [code, expected] of [["ENOSPC", "insufficient-space"], ["EIO", "io"], ["ERR_OTHER", undefined]] as const) {
    const stdout = new WritableStream<Uint8Array>({
      write: () => {
        throw failing(code);
      },
    });
    const stdin = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(failing(code)) });
    const of = await interfacesOf({ stdin, stdout });
    for (
      const answer of [
        await answerOfWrite(of("cli/stdout").getStdout()),
        await of("cli/stdin").getStdin().blockingRead(1n),
      ]
    ) {
      const { tag, val } = answer.val;
      assertEquals([tag, val.toDebugString()], ["last-operation-failed", `no: ${code}`]);
      assertEquals(of("filesystem/types").filesystemErrorCode(val), expected);
    }
  }
});

Deno.test("splice moves what is there", async () => {
  const of = await interfacesOf({ stdin: "some text", stdout: "capture" });
  const input = of("cli/stdin").getStdin(), out = of("cli/stdout").getStdout();
  assertEquals(good(out.splice(input, 4n)), 4n);
  assertEquals(good(await out.blockingSplice(input, 100n)), 5n);
  bad(out.splice(input, 1n), { tag: "closed" });
});

Deno.test("poll gives every index that is ready, and waits for the first", async () => {
  const of = await interfacesOf({ stdin: new ReadableStream({}) });
  const { poll } = of("io/poll"), clock = of("clocks/monotonic-clock");
  const never = of("cli/stdin").getStdin().subscribe();
  const soon = clock.subscribeDuration(200_000_000n), now = clock.subscribeDuration(0n);
  assertEquals([...await poll([never, now, soon])], [1]);
  const waited = poll([never, soon]);
  assert(waited instanceof Promise);
  assertEquals([...await waited], [1]);
  assertEquals([...await poll([now, soon, now])], [0, 1, 2]);
  assertThrows(() => poll([]), Trap, "poll of no pollables");
});

Deno.test("a promising call that waits lets timers run; a plain one sleeps", async () => {
  const of = await interfacesOf();
  const clock = of("clocks/monotonic-clock"), { poll, Pollable } = of("io/poll");
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 2);
  await clock.subscribeDuration(30_000_000n).block();
  assert(ticks > 0);
  ticks = 0;
  const started = performance.now();
  plainFormOf(poll)!([clock.subscribeDuration(20_000_000n), clock.subscribeDuration(1n << 62n)]);
  plainFormOf(Pollable.prototype.block)!.call(clock.subscribeDuration(5_000_000n));
  assert(performance.now() - started >= 24);
  assertEquals(ticks, 0);
  clearInterval(ticking);
});

Deno.test("a plain call that waits for the event loop says what is missing", async () => {
  const of = await interfacesOf({ stdin: new ReadableStream({}) });
  const input = of("cli/stdin").getStdin();
  assertThrows(() => plainFormOf(input.blockingRead)!.call(input, 1n), Error, "instance.promising");
  assertThrows(() => plainFormOf(of("io/poll").poll)!([input.subscribe()]), Error, "JSPI");
});

Deno.test("options that are none are refused", async () => {
  // deno-lint-ignore no-explicit-any
  const refused = (options: any, message: string) => assertRejects(() => interfacesOf(options), TypeError, message);
  await refused({ envs: {} }, "unknown WASI option `envs`; the closest one is `env`");
  await refused({ network: { https: true } }, "unknown WASI network option `https`");
  await refused({ stdin: 1 }, "stdin must be");
  await refused({ stdout: "inherits" }, "stdout must be");
  await refused({ args: [1] }, "args must be a string");
  await refused({ env: { A: "b\0c" } }, "env.A must not contain NUL");
  await refused({ network: { http: ["http://example.com"] } }, "network.http must hold hosts");
});

Deno.test("streams are taken last and let go of: a refused option leaves none locked", async () => {
  const stdout = new WritableStream<Uint8Array>(), stdin = new ReadableStream<Uint8Array>();
  await assertRejects(() => interfacesOf({ stdin, stdout, preopens: { "/": "/nowhere/at/all" } }));
  assertEquals([stdin.locked, stdout.locked], [false, false]);
  await assertRejects(() => interfacesOf({ stdout, stderr: stdout }), TypeError, "the same stream");
  assertEquals(stdout.locked, false);
});

Deno.test("captured output is whole, however it was written", async () => {
  const { stdout } = await run(guest("command"), { args: ["", "cat"], stdin: "ab".repeat(100_000), stdout: "capture" });
  assertEquals(text(stdout!), "ab".repeat(100_000));
});
