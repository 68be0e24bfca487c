// Commands, run to their end: exit codes, output, breakdowns, and the process that lives on.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { compile, instantiate, Linker, LinkError, Trap } from "@windlass/component";
import { ExitError, linkWasi, run, wasi, type WasiData } from "@windlass/component/wasi";
import { features } from "../../core/module/features.ts";
import { guests, recordedDigests, sourceDigest } from "../../tools/guests.ts";
import { unreachable, withoutFeature } from "../support/engine.ts";
import { guest } from "./guests.ts";
import { text, utf8 } from "./support.ts";

const command = await compile(guest("command"));
/**
 * Without suspension a stream is read to its end before the guest runs, and what is written is kept
 * until it has ended.
 */
const ignore = !features.jspi;

const does = (what: string, options = {}) => run(command, { args: ["command", what], stdout: "capture", ...options });

Deno.test("every guest is what its source compiles to", async () => {
  const recorded = await recordedDigests();
  for (const guest of guests) assertEquals(recorded[guest], await sourceDigest(guest), guest);
});

Deno.test("a command greets", async () => {
  const { exitCode, stdout, stderr } = await run(guest("hello"), { args: ["hello", "ann"], stdout: "capture" });
  assertEquals([exitCode, text(stdout!), stderr], [0, "Hello, ann!\n", undefined]);
  assertEquals(await run(guest("hello")), { exitCode: 0 });
});

Deno.test("environment, input and sleep", async () => {
  assertEquals(text((await does("env", { env: { A: "1", B: "zwei" } })).stdout!), "A=1\nB=zwei\n");
  assertEquals(text((await does("env")).stdout!), "");
  assertEquals(text((await does("cat", { stdin: "in and out" })).stdout!), "in and out");
  assertEquals(text((await does("sleep")).stdout!), "slept\n");
});

Deno.test("web streams in and out, however much", async () => {
  const chunk = new Uint8Array(100_000).fill(7);
  let pulls = 0, writes = 0, received = 0, closed = false;
  const stdin = new ReadableStream<Uint8Array>({
    pull: (controller) => ++pulls > 50 ? controller.close() : controller.enqueue(chunk),
  }, { highWaterMark: 0 });
  const stdout = new WritableStream<Uint8Array>({
    async write(bytes) {
      // Not each time: browsers make 4 ms of a millisecond in a chain of timers.
      if (++writes % 16 === 0) await new Promise((done) => setTimeout(done, 1));
      received += bytes.length;
    },
    close: () => {
      closed = true;
    },
  });
  assertEquals(await does("cat", { stdin, stdout }), { exitCode: 0 });
  assertEquals([received, closed, stdout.locked], [5_000_000, false, false]);
});

Deno.test("without JSPI a command has its input whole, and its output is kept until it has ended", () =>
  withoutFeature("jspi", async () => {
    let left = 3, received = 0;
    const stdin = new ReadableStream<Uint8Array>({
      pull: (controller) => left-- > 0 ? controller.enqueue(new Uint8Array(100_000)) : controller.close(),
    });
    const stdout = new WritableStream<Uint8Array>({ write: (bytes) => void (received += bytes.length) });
    assertEquals(await does("cat", { stdin, stdout }), { exitCode: 0 });
    assertEquals([received, stdin.locked, stdout.locked], [300_000, false, false]);
    const endless = new ReadableStream<Uint8Array>(), abort = new AbortController();
    setTimeout(() => abort.abort(new Error("enough")), 5);
    await assertRejects(() => does("cat", { stdin: endless, signal: abort.signal }), Error, "enough");
    assertEquals(endless.locked, false);
  }));

Deno.test("exit codes", async () => {
  for (
    const [what, code, output] of [["exit-well", 0, "before\n"], ["exit-badly", 1, "before\n"], ["nothing", 1, ""]]
  ) {
    const { exitCode, stdout } = await does(what as string);
    assertEquals([exitCode, text(stdout!)], [code, output]);
  }
});

Deno.test("what ends the shim's process is a trap here, and the process goes on", async () => {
  const fatal = {
    trap: unreachable,
    overrun: "write of 16 bytes where 0 are permitted",
    "poll-nothing": "no pollables",
  };
  for (const [what, message] of Object.entries(fatal)) {
    const error = await assertRejects(() => does(what), Trap, message);
    assert(/^Cannot call (export wasi:cli\/run|import wasi:io)/.test(error.message));
  }
  assertEquals((await does("exit-well")).exitCode, 0);
});

Deno.test("a signal ends a command that waits", async () => {
  const abort = new AbortController();
  const running = does("cat", { stdin: new ReadableStream({}), signal: abort.signal });
  setTimeout(() => abort.abort(new Error("enough")), 10);
  await assertRejects(() => running, Error, "enough");
  await assertRejects(() => does("cat", { signal: AbortSignal.abort(new Error("before")) }), Error, "before");
});

Deno.test("what is no command is a LinkError", async () => {
  await assertRejects(() => run(guest("server")), LinkError, "wasi:cli/run@0.2.0#run");
  await assertRejects(() => run(guest("hello"), { imports: { "wasi:cli/stdout@0.2.0": {} } }), LinkError, "get-stdout");
});

Deno.test("imports replace WASI's", async () => {
  const imports = { "wasi:cli/environment@0.2.0": { getArguments: () => ["hello", "bob"] } };
  const { stdout } = await run(guest("hello"), { stdout: "capture", imports });
  assertEquals(text(stdout!), "Hello, bob!\n");
});

Deno.test("plain calls do what need not wait", async () => {
  const instance = await instantiate(command, { ...await wasi({ args: ["", "cat"], stdin: "now" }) });
  assertEquals(instance.exports["wasi:cli/run@0.2.0"].run(), undefined);
  const sleeper = await instantiate(command, { ...await wasi({ args: ["", "sleep"] }) });
  const started = performance.now();
  assertEquals(sleeper.exports["wasi:cli/run@0.2.0"].run(), undefined);
  assert(performance.now() - started >= 19);
});

Deno.test("exit comes out of the export as an ExitError", async () => {
  const instance = await instantiate(command, { ...await wasi({ args: ["", "exit-badly"] }) });
  const { run } = instance.promising.exports["wasi:cli/run@0.2.0"];
  assertEquals((await assertRejects(() => run(), ExitError)).exitCode, 1);
  await assertRejects(() => run(), Trap, "cannot enter");
});

Deno.test("linked once, each instance has what its data gives", async () => {
  const linker = new Linker<WasiData & { user: string }>();
  const made = await linkWasi(linker);
  const linked = linker.link(command);
  const outputs = await Promise.all(["ann", "bob"].map(async (user) => {
    const chunks: string[] = [];
    const stdout = new WritableStream<Uint8Array>({ write: (chunk) => void chunks.push(text(chunk)) });
    const data = { ...await made.data({ args: ["", "env"], env: { USER: user }, stdout }), user };
    const instance = await linked.instantiate({ data });
    await instance.promising.exports["wasi:cli/run@0.2.0"].run();
    await new Promise((done) => setTimeout(done)); // without suspension, the last of it is on its way
    return chunks.join("");
  }));
  assertEquals(outputs, ["USER=ann\n", "USER=bob\n"]);
  const without = await linked.instantiate({ data: { user: "eve" } as never });
  await assertRejects(() => without.promising.exports["wasi:cli/run@0.2.0"].run(), TypeError, "no WASI data");
});

Deno.test("output that is captured is whole, and a failed write is the guest's to see", async () => {
  const stdin = utf8("x".repeat(1_000_000));
  assertEquals((await does("cat", { stdin })).stdout!.length, 1_000_000);
  const stdout = new WritableStream<Uint8Array>({
    write: () => {
      throw new Error("full");
    },
  });
  await assertRejects(() => does("cat", { stdin, stdout }), Error, "full");
});

Deno.test("a signal ends a command whose output nobody takes, and what it waits for", { ignore }, async () => {
  const abort = new AbortController();
  const stdout = new WritableStream<Uint8Array>({ write: () => new Promise(() => {}) });
  const running = does("cat", { stdin: "x".repeat(200_000), stdout, signal: abort.signal });
  setTimeout(() => abort.abort(new Error("enough")), 20);
  await assertRejects(() => running, Error, "enough");
  assertEquals(stdout.locked, false);
  // The sleep of 20 ms is over at once: the test runner would see its timer otherwise.
  const asleep = does("sleep", { signal: AbortSignal.timeout(1) });
  await assertRejects(() => asleep, DOMException);
});

Deno.test("the event loop has its turn while a guest moves what is there", { ignore }, async () => {
  let left = 20_000;
  const stdin = new ReadableStream<Uint8Array>({
    pull: (controller) => left-- > 0 ? controller.enqueue(new Uint8Array(4096)) : controller.close(),
  });
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 1);
  const started = performance.now();
  await does("cat", { stdin, stdout: new WritableStream() });
  clearInterval(ticking);
  const most = performance.now() - started;
  assert(ticks >= Math.floor(most / 100), `${ticks} ticks in ${most} ms`);
});

Deno.test("the first failure is the one that is told, and streams are let go of", { ignore }, async () => {
  const stdout = new WritableStream<Uint8Array>({
    write: () => {
      throw new Error("full");
    },
  });
  const stdin = new ReadableStream<Uint8Array>();
  await assertRejects(() => does("spend", { stdin, stdout }), Trap, unreachable);
  assertEquals([stdin.locked, stdout.locked], [false, false]);
});
