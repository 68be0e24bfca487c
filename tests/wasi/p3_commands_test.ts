// Commands of WASI 0.3 as Rust and wit-bindgen make them: exit codes, standard streams, clocks.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { compile, Trap } from "@windlass/component";
import { run, serve, type WasiOptions } from "@windlass/component/wasi";
import { features } from "../../core/module/features.ts";
import { unreachable } from "../support/engine.ts";
import { wat } from "../support/wat.ts";
import { guest } from "./guests.ts";
import { CAT } from "./p3_guests.ts";
import { text } from "./support.ts";

const command = await compile(guest("p3/command"));

/** Runs the command with these arguments. */
const does = (args: string, options: WasiOptions = {}) =>
  run(command, { args: ["command", ...args.split(" ")], stdout: "capture", stderr: "capture", ...options });
/** What a command printed that must have come to its end. */
async function printed(args: string, options: WasiOptions = {}): Promise<string> {
  const { exitCode, stdout } = await does(args, options);
  assertEquals(exitCode, 0);
  return text(stdout!);
}

Deno.test("a command in Rust has its arguments, its environment and no directory", async () => {
  const env = { A: "1", "ß": "zwei" };
  assertEquals(await printed("args x", { env }), '["command", "args", "x"] in None\nA=1\nß=zwei\n');
});

Deno.test("its exit code: ok, err, a code of its own, and a panic traps", async () => {
  assertEquals((await does("args")).exitCode, 0);
  assertEquals((await does("unknown")).exitCode, 1);
  for (const code of [0, 3, 255]) {
    const { exitCode, stdout } = await does(`exit ${code}`);
    assertEquals([exitCode, text(stdout!)], [code, "before\n"]);
  }
  await assertRejects(() => does("panic"), Trap, unreachable);
});

Deno.test("standard input is handed on, changed, counted, read in part", async () => {
  const stdin = "a line\n".repeat(30_000);
  assertEquals(await printed("cat", { stdin }), stdin);
  assertEquals(await printed("upper", { stdin }), stdin.toUpperCase());
  assertEquals(await printed("lines", { stdin }), "30000 lines, 210000 bytes, the end\n");
  assertEquals(await printed("head 6", { stdin }), "a line");
  assertEquals([await printed("cat"), await printed("lines")], ["", "0 lines, 0 bytes, the end\n"]);
});

Deno.test({
  name: "web streams in and out: no more is read than was written, and an endless one is left",
  ignore: !features.jspi,
  async fn() {
    let pulled = 0;
    const endless = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        pull(controller) {
          pulled++;
          controller.enqueue(new Uint8Array(65_536).fill(97));
        },
      }, { highWaterMark: 0 });
    const stdin = endless();
    assertEquals(await printed("head 3", { stdin }), "aaa");
    assertEquals(stdin.locked, false); // whoever gave it may read on
    assert(pulled < 5, `${pulled} chunks were taken`);
    // A sink that breaks down: the guest is told, and so is who runs it.
    const broken = (reason?: Error): WritableStream<Uint8Array> => {
      let written = 0;
      return new WritableStream({
        write(bytes) {
          if ((written += bytes.length) > 300_000) throw reason;
        },
      });
    };
    await assertRejects(() => does("upper", { stdin: endless(), stdout: broken(new Error("full")) }), Error, "full");
    // One that wants no more is no failure of the host's.
    assertEquals((await does("upper", { stdin: endless(), stdout: broken() })).exitCode, 1);
  },
});

Deno.test("of two waits the longer one is given up, and a deadline is kept", async () => {
  assertMatch(await printed("clocks"), /^1 ms before 1 h\ntrue \d+\n$/);
  const now = 1_234_567_890_123_456_789n;
  // A clock that stands still: the waits are real all the same.
  assertMatch(await printed("clocks", { clocks: { now: () => now } }), /^1 ms before 1 h\nfalse 1234567890\n$/);
});

Deno.test("random bytes: as many as asked for, the same from the same seed", async () => {
  const draw = () => printed("random 8", { random: { seed: 7n } });
  assertMatch(await draw(), /^[0-9a-f]{16}\n\d+\n$/);
  assertEquals(await draw(), await draw());
  assert(await printed("random 8") !== await printed("random 8"));
  assertMatch(await printed("random 0"), /^\n\d+\n$/);
});

Deno.test("both outputs are written at once, and a spawned task goes on after the return", async () => {
  const { exitCode, stdout, stderr } = await does("both");
  assertEquals([exitCode, text(stdout!), text(stderr!)], [0, "to stdout\n", "to stderr\n"]);
  assertEquals(await printed("after"), "before the return\nafter the return\n");
});

Deno.test("many of them run side by side, each with what it was given", async () => {
  const inputs = Array.from({ length: 8 }, (_, i) => `${i} `.repeat(1 + i * 5000));
  const outputs = await Promise.all(inputs.map((stdin) => printed("upper", { stdin })));
  assertEquals(outputs, inputs);
});

Deno.test("a signal ends a command whose output nobody takes", async () => {
  // One that waits for its output, and one that has handed it on and returned.
  for (const component of [command, await compile(await wat(CAT))]) {
    const abort = new AbortController(), stdout = new WritableStream({ write: () => new Promise<void>(() => {}) });
    setTimeout(() => abort.abort(new Error("enough")), 20);
    const running = run(component, { args: ["command", "cat"], stdin: "x", stdout, signal: abort.signal });
    await assertRejects(() => running, Error, "enough");
  }
});

Deno.test("a wait that a guest gives up leaves no timer, and neither does one that the guest's end cuts", async () => {
  const { setTimeout: set, clearTimeout: clear } = globalThis, long = new Set<unknown>();
  const replaced = {
    setTimeout(callback: () => void, milliseconds?: number) {
      const timer = set(callback, milliseconds);
      if (milliseconds! > 1_000_000) long.add(timer);
      return timer;
    },
    clearTimeout(timer: ReturnType<typeof set>) {
      long.delete(timer);
      clear(timer);
    },
  };
  Object.assign(globalThis, replaced);
  try {
    assertEquals((await does("clocks")).exitCode, 0);
    assertEquals(long.size, 0);
    const handler = await serve(guest("p3/handler")), abort = new AbortController();
    const answered = handler(new Request("http://localhost/sleep?3600000", { signal: abort.signal }));
    while (long.size === 0) await new Promise((resolve) => set(resolve, 1));
    abort.abort();
    assertEquals((await answered).status, 500);
    assertEquals(long.size, 0);
  } finally {
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }
});
