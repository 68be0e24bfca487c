// WASI 0.3 over the host of 0.2: what its functions give, and a command that is run.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { run, wasi, type WasiOptions } from "@windlass/component/wasi";
import { features } from "@windlass/component";
import { receivedBody } from "../../host/wasi/p3_http_bodies.ts";
import { wat } from "../support/wat.ts";
import { CAT } from "./p3_guests.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const VERSION = "0.3.0";
/** The members of an interface for one guest. */
const imports = async (options: WasiOptions = {}): Promise<(name: string) => Any> => {
  const all = await wasi(options) as Any;
  return (name) => all[`wasi:${name}@${VERSION}`];
};
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function all(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let found = "";
  for await (const bytes of stream) found += text(bytes);
  return found;
}

/** A stream of texts, as a guest's comes. */
function stream(...parts: string[]): ReadableStream<Uint8Array> {
  const bytes = parts.map((part) => new TextEncoder().encode(part));
  return new ReadableStream({
    pull(controller) {
      const next = bytes.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  });
}

const kind = (ended: Any): unknown => ended.tag === "ok" ? "ok" : ended.val;

Deno.test("standard input is a stream and a future that says how it ended", async () => {
  const [bytes, ended] = (await imports({ stdin: "hello" }))("cli/stdin").readViaStream();
  assertEquals([await all(bytes), kind(await ended)], ["hello", "ok"]);
  const failing = new ReadableStream({ start: (controller) => controller.error(new Error("gone")) });
  const [nothing, failed] = (await imports({ stdin: failing }))("cli/stdin").readViaStream();
  assertEquals([await all(nothing), kind(await failed)], ["", "io"]);
});

Deno.test("the future of standard input settles when the guest stops reading", async () => {
  const [bytes, ended] = (await imports({ stdin: "hello" }))("cli/stdin").readViaStream();
  const iterator = bytes[Symbol.asyncIterator]();
  await iterator.return();
  assertEquals(kind(await ended), "ok");
});

Deno.test("standard output takes a stream; its future says whether all was written", async () => {
  let written = "";
  const stdout = new WritableStream<Uint8Array>({ write: (bytes) => void (written += text(bytes)) });
  const get = await imports({ stdout });
  assertEquals(kind(await get("cli/stdout").writeViaStream(stream("a", "", "bc"))), "ok");
  assertEquals(written, "abc");
  const broken = new WritableStream({ write: () => Promise.reject(new Error("full")) });
  const failing = await imports({ stderr: broken });
  let pulled = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      pulled++;
      controller.enqueue(new Uint8Array(65536));
    },
  });
  assertEquals(kind(await failing("cli/stderr").writeViaStream(endless)), "io");
  assert(pulled < 10, `${pulled} chunks were taken`);
});

Deno.test("clocks: what is past is not waited for, the rest is", async () => {
  const get = await imports(), { now, waitFor, waitUntil } = get("clocks/monotonic-clock");
  assertEquals([waitFor(0n), waitUntil(now())], [undefined, undefined]);
  const before = now();
  await waitFor(3_000_000n);
  assert(now() - before >= 3_000_000n);
  await waitUntil(now() + 1_000_000n);
  const { seconds, nanoseconds } = get("clocks/system-clock").now();
  assert(Math.abs(Number(seconds) - Date.now() / 1000) < 2 && nanoseconds < 1e9);
});

Deno.test("random: as many bytes as asked for, the same from the same seed", async () => {
  const [a, b] = [await imports({ random: { seed: 7n } }), await imports({ random: { seed: 7n } })];
  assertEquals(a("random/random").getRandomBytes(20n), b("random/random").getRandomBytes(20n));
  assertEquals(a("random/insecure").getInsecureRandomBytes(3n).length, 3);
  assertEquals(a("random/insecure-seed").getInsecureSeed(), a("random/insecure-seed").getInsecureSeed());
});

Deno.test("nothing is granted that is not named", async () => {
  const get = await imports();
  assertEquals(get("cli/environment").getEnvironment(), []);
  assertEquals(get("filesystem/preopens").getDirectories(), []);
  assertEquals(kind(await get("sockets/ip-name-lookup").resolveAddresses("127.0.0.1")), { tag: "access-denied" });
});

Deno.test("a body that was received has trailers, which settle when it was read, or at once without one", async () => {
  const rows = [[null, ""], [new Uint8Array(), ""], [new Uint8Array([97]), "a"], [stream("b", "c"), "bc"]] as const;
  for (const [contents, expected] of rows) {
    const taken = Promise.withResolvers<Any>(), body = receivedBody(contents);
    const [bytes, trailers] = body.consumed(taken.promise);
    assertEquals([await all(bytes as AsyncIterable<Uint8Array>), kind(await trailers)], [expected, "ok"]);
    taken.resolve({ tag: "ok", val: undefined });
    assertEquals(kind(await body.taken), "ok");
  }
  const failing = new ReadableStream({ start: (controller) => controller.error(new Error("ECONNRESET")) });
  const [bytes, trailers] = receivedBody(failing).consumed(Promise.resolve({ tag: "ok", val: undefined } as Any));
  assertEquals([await all(bytes as AsyncIterable<Uint8Array>), kind(await trailers)], ["", {
    tag: "connection-terminated",
  }]);
});

const hasFiles = "Deno" in globalThis && typeof Deno.makeTempDir === "function";

Deno.test({
  name: "files: streams in and out, entries, errors as variants",
  ignore: !hasFiles,
  async fn() {
    const path = await Deno.makeTempDir();
    try {
      const get = await imports({ preopens: { "/": path } });
      const [[root, name]] = get("filesystem/preopens").getDirectories();
      assertEquals([name, root.getType(), kind(root.getFlags())], ["/", { tag: "directory" }, undefined]);
      const file = root.openAt({}, "a.txt", { create: true }, { read: true, write: true });
      assertEquals(kind(await file.writeViaStream(stream("hello ", "there"), 0n)), "ok");
      assertEquals(kind(await file.appendViaStream(stream("!"))), "ok");
      const [bytes, ended] = file.readViaStream(6n);
      assertEquals([await all(bytes), kind(await ended)], ["there!", "ok"]);
      assertEquals(file.stat().size, 12n);
      assertEquals(root.createDirectoryAt("sub"), undefined);
      const [entries, listed] = root.readDirectory(), found: Any[] = [];
      for await (const entry of entries) found.push([entry.name, entry.type.tag]);
      assertEquals([found.sort(), kind(await listed)], [[["a.txt", "regular-file"], ["sub", "directory"]], "ok"]);
      const [none, refused] = root.readViaStream(0n);
      assertEquals([await all(none), kind(await refused)], ["", { tag: "is-directory" }]);
      assertEquals(kind(root.openAt({}, "../x", {}, { read: true })), { tag: "not-permitted" });
      assertEquals(kind(root.openAt({}, "missing", {}, { read: true })), { tag: "no-entry" });
      assertEquals(kind(root.openAt({}, "sub", {}, {}).getFlags()), undefined);
      for (const each of [file, root]) each[Symbol.dispose]();
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  },
});

Deno.test("a command of 0.3 is run; what it hands on is written although it has returned", async () => {
  const bytes = await wat(CAT);
  const { exitCode, stdout } = await run(bytes, { stdin: "a line\n".repeat(20_000), stdout: "capture" });
  assertEquals([exitCode, text(stdout!).length], [0, 140_000]);
  const chunks = stream("one ", "two ", "three");
  const streamed = await run(bytes, { stdin: chunks, stdout: "capture" });
  if (features.jspi) assertMatch(text(streamed.stdout!), /^one two three$/);
});

/** Returns, and goes on. */
const goesOn = (after: string): string =>
  `(component
  (import "wasi:cli/exit@0.3.0" (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
  (core func $exit (canon lower (func $exit "exit-with-code")))
  (core func $return (canon task.return (result (result))))
  (core module $M
    (import "" "exit" (func $exit (param i32)))
    (import "" "return" (func $return (param i32)))
    (func (export "run") (result i32) (call $return (i32.const 0)) (i32.const 1))
    (func (export "callback") (param i32 i32 i32) (result i32) ${after} (i32.const 0)))
  (core instance $m (instantiate $M (with "" (instance
    (export "exit" (func $exit)) (export "return" (func $return))))))
  (func $run async (result (result)) (canon lift (core func $m "run") async (callback (core func $m "callback"))))
  (instance (export "wasi:cli/run@0.3.0") (export "run" (func $run))))`;

Deno.test("what a command does after its return counts: an exit code, a trap", async () => {
  assertEquals((await run(await wat(goesOn("")))).exitCode, 0);
  assertEquals((await run(await wat(goesOn("(call $exit (i32.const 7))")))).exitCode, 7);
  const trap = await assertRejects(async () => await run(await wat(goesOn("unreachable"))));
  assertMatch(`${trap}`, /^Trap: /);
});
