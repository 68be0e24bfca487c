// Streams of bytes of WASI 0.3 from end to end: who drops one stops its other end, who is slow
// holds it back, and errors come through the future that belongs to it.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { createServer, type Socket } from "node:net";
import { compile, features } from "@windlass/component";
import { run, serve, wasi } from "@windlass/component/wasi";
import { wat } from "../support/wat.ts";
import { guest } from "./guests.ts";
import { type Any, nodeModule, utf8, withDirectory } from "./support.ts";

/** Without suspension a stream is read to its end before a guest runs. */
const ignore = !features.jspi;
const CHUNK = 1 << 16;
/** Chunks that may be under way between two ends, with what each place between them holds. */
const MOST = 6;

const cat = await compile(guest("p3_cat"));
const server = await compile(guest("p3_server"));

/** A stream without an end, or with a failure for one; it counts what was taken from it. */
class Flow {
  pulled = 0;
  cancelled = Promise.withResolvers<void>();
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;

  constructor(chunks = Infinity, end: "closes" | "fails" = "closes") {
    this.stream = new ReadableStream({
      pull: (controller) => {
        if (this.pulled < chunks) return controller.enqueue(new Uint8Array(CHUNK).fill(this.pulled++));
        if (end === "closes") controller.close();
        else controller.error(new Error("the source has failed"));
      },
      cancel: () => this.cancelled.resolve(),
    }, { highWaterMark: 0 });
  }
}

const later = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

Deno.test({
  name: "standard input: what a guest does not read stays, and a failure is the guest's to see",
  ignore,
  async fn() {
    const flow = new Flow();
    const { exitCode, stdout } = await run(cat, {
      args: ["cat", "-c", "100000"],
      stdin: flow.stream,
      stdout: "capture",
    });
    assertEquals([exitCode, stdout!.length], [0, 100_000]);
    assert(flow.pulled <= MOST, `${flow.pulled} chunks were taken`);
    assertEquals(flow.stream.locked, false);
    const failing = await run(cat, { stdin: new Flow(3, "fails").stream, stdout: "capture" });
    assertEquals([failing.exitCode, failing.stdout!.length], [1, 3 * CHUNK]);
  },
});

Deno.test({
  name: "standard output: a slow one holds the guest back, and one that takes no more stops it",
  ignore,
  async fn() {
    const flow = new Flow(40);
    let taken = 0, ahead = 0;
    const slow = new WritableStream<Uint8Array>({
      async write(bytes) {
        if (taken % (8 * CHUNK) === 0) await later(1);
        taken += bytes.length;
        ahead = Math.max(ahead, flow.pulled - taken / CHUNK);
      },
    });
    assertEquals([await run(cat, { stdin: flow.stream, stdout: slow }), taken], [{ exitCode: 0 }, 40 * CHUNK]);
    assert(ahead <= MOST, `${ahead} chunks were under way`);
    const endless = new Flow();
    const broken = new WritableStream({ write: () => Promise.reject(new Error("full")) });
    // What stops the writer is told to who runs the program, too.
    await assertRejects(() => run(cat, { stdin: endless.stream, stdout: broken }), Error, "full");
    assert(endless.pulled <= MOST, `${endless.pulled} chunks were taken`);
  },
});

/** Writes 4 bytes, and ends without a word to the stream. */
const leaves = `(component
  (import "wasi:cli/stdout@0.3.0" (instance $stdout
    (type $E (enum "io" "illegal-byte-sequence" "pipe")) (export "error-code" (type $e (eq $E)))
    (export "write-via-stream" (func (param "data" (stream u8)) (result (future (result (error $e))))))))
  (type $bytes (stream u8))
  (core module $Lib (memory (export "m") 1))
  (core instance $lib (instantiate $Lib))
  (core func $new (canon stream.new $bytes))
  (core func $put (canon stream.write $bytes async (memory (core memory $lib "m"))))
  (core func $write (canon lower (func $stdout "write-via-stream")))
  (core module $M
    (import "" "new" (func $new (result i64))) (import "" "put" (func $put (param i32 i32 i32) (result i32)))
    (import "" "write" (func $write (param i32) (result i32)))
    (func (export "run") (result i32) (local $ends i64)
      (local.set $ends (call $new))
      (drop (call $write (i32.wrap_i64 (local.get $ends))))
      (drop (call $put (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (i32.const 0) (i32.const 4)))
      (i32.const 0)))
  (core instance $m (instantiate $M (with "" (instance
    (export "new" (func $new)) (export "put" (func $put)) (export "write" (func $write))))))
  (func $run async (result (result)) (canon lift (core func $m "run")))
  (instance (export "wasi:cli/run@0.3.0") (export "run" (func $run))))`;

Deno.test("what a command wrote is there, though it has left the stream open", async () => {
  const { exitCode, stdout } = await run(await wat(leaves), { stdout: "capture" });
  assertEquals([exitCode, stdout!.length], [0, 4]);
});

/** Reads its standard input in each way; traps where something else comes than is expected. */
const reads = `(component
  (import "wasi:cli/stdin@0.3.0" (instance $stdin
    (type $E (enum "io" "illegal-byte-sequence" "pipe")) (export "error-code" (type $e (eq $E)))
    (export "read-via-stream" (func (result (tuple (stream u8) (future (result (error $e)))))))))
  (type $bytes (stream u8))
  (core module $Lib (memory (export "m") 1))
  (core instance $lib (instantiate $Lib))
  (core func $open (canon lower (func $stdin "read-via-stream") (memory (core memory $lib "m"))))
  (core func $read (canon stream.read $bytes (memory (core memory $lib "m"))))
  (core func $begin (canon stream.read $bytes async (memory (core memory $lib "m"))))
  (core func $cancel (canon stream.cancel-read $bytes))
  (core module $M (import "" "m" (memory 1)) (import "" "open" (func $open (param i32)))
    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "" "begin" (func $begin (param i32 i32 i32) (result i32)))
    (import "" "cancel" (func $cancel (param i32) (result i32)))
    (func $expect (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
    (func (export "run") (result i32) (local $s i32)
      (call $open (i32.const 16))
      (local.set $s (i32.load (i32.const 16)))
      ;; Nothing: waits until there is something. Then two bytes of four, the rest of them, and none yet.
      (call $expect (call $read (local.get $s) (i32.const 32) (i32.const 0)) (i32.const 0))
      (call $expect (call $begin (local.get $s) (i32.const 32) (i32.const 2)) (i32.const 0x20))
      (call $expect (call $begin (local.get $s) (i32.const 34) (i32.const 16)) (i32.const 0x20))
      (call $expect (call $begin (local.get $s) (i32.const 36) (i32.const 16)) (i32.const -1))
      ;; A read that was cancelled has taken nothing: the next one gets what comes.
      (call $expect (call $cancel (local.get $s)) (i32.const 2))
      (call $expect (call $read (local.get $s) (i32.const 36) (i32.const 16)) (i32.const 0x40))
      (call $expect (call $read (local.get $s) (i32.const 40) (i32.const 16)) (i32.const 1))
      (call $expect (i32.load (i32.const 32)) (i32.const 0x64636261))
      (call $expect (i32.load (i32.const 36)) (i32.const 0x68676665))
      (i32.const 0)))
  (core instance $m (instantiate $M (with "" (instance (export "m" (memory $lib "m")) (export "open" (func $open))
    (export "read" (func $read)) (export "begin" (func $begin)) (export "cancel" (func $cancel))))))
  (func $run async (result (result)) (canon lift (core func $m "run")))
  (instance (export "wasi:cli/run@0.3.0") (export "run" (func $run))))`;

Deno.test({
  name: "reads of nothing, of a part, and such as are cancelled lose no byte",
  ignore,
  async fn() {
    const parts = ["abcd", "efgh"];
    const stdin = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await later(5);
        const part = parts.shift();
        if (part === undefined) controller.close();
        else controller.enqueue(utf8(part));
      },
    }, { highWaterMark: 0 });
    const component = await compile(await wat(reads), { gates: { "more-async-builtins": true } });
    assertEquals(await run(component, { stdin }), { exitCode: 0 });
  },
});

/** How many files this process has open, where the system tells. */
function openFiles(): number {
  try {
    return nodeModule("node:fs").readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

Deno.test({
  name: "files: read to a point and closed, read past the end, and not read at all",
  ignore: !("process" in globalThis),
  fn: () =>
    withDirectory(async (path) => {
      const { writeFileSync, mkdirSync } = nodeModule("node:fs"), size = 5 * CHUNK + 7;
      const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7 + (i >> 8));
      writeFileSync(`${path}/file`, bytes);
      mkdirSync(`${path}/directory`);
      const copy = (...args: string[]) =>
        run(cat, { args: ["cat", ...args], preopens: { "/": { path, readOnly: true } }, stdout: "capture" });
      const whole = await copy("file");
      assertEquals([whole.exitCode, whole.stdout], [0, bytes]);
      const before = openFiles();
      for (let i = 0; i < 10; i++) {
        const part = await copy("-c", "70000", "file", "file");
        assertEquals([part.exitCode, part.stdout!.length], [0, 140_000]);
        assertEquals(part.stdout!.subarray(70_000), bytes.subarray(0, 70_000));
      }
      assertEquals(openFiles(), before);
      const some = await copy("missing", "directory", "file");
      assertEquals([some.exitCode, some.stdout], [1, bytes]);
    }),
});

Deno.test({
  name: "a guest that always finds something to read lets timers run",
  ignore: !("process" in globalThis),
  fn: () =>
    withDirectory(async (path) => {
      const { openSync, ftruncateSync, closeSync } = nodeModule("node:fs"), file = openSync(`${path}/sparse`, "w");
      ftruncateSync(file, 3e8);
      closeSync(file);
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      assertEquals(await run(cat, { args: ["cat", "sparse"], preopens: { "/": path } }), { exitCode: 0 });
      clearInterval(timer);
      assert(ticks > 0);
    }),
});

const post = (path: string, body: BodyInit): Request =>
  new Request(`http://localhost${path}`, { method: "POST", body, duplex: "half" } as RequestInit);

for (const path of ["/echo", "/copy"]) {
  Deno.test({
    name: `bodies of requests and responses: a slow reader holds the sender back, its end stops it: ${path}`,
    // Firefox has no `Request.body`.
    ignore: ignore || !("body" in Request.prototype),
    async fn() {
      const flow = new Flow(), handle = await serve(server), { body } = await handle(post(path, flow.stream));
      const reader = body!.getReader();
      for (let count = 0; count < 10 * CHUNK;) {
        count += (await reader.read()).value!.length;
        await later(1);
        const ahead = flow.pulled - count / CHUNK;
        assert(ahead <= MOST, `${ahead} chunks were under way`);
      }
      await reader.cancel();
      await flow.cancelled.promise;
    },
  });
  Deno.test(`a request whose body breaks off is answered nevertheless, and others are: ${path}`, async () => {
    const handle = await serve(server, { instances: { max: 1 } });
    // How an answer ends whose beginning was sent is the guest's to say; it ends, at any rate.
    const broken = await handle(post(path, new Flow(3, "fails").stream));
    const whole = await handle(post(path, new Uint8Array(3 * CHUNK)));
    await broken.arrayBuffer().catch(() => {});
    assertEquals((await whole.arrayBuffer()).byteLength, 3 * CHUNK);
  });
}

/** A server on this machine, for a test, and a socket of a guest's that is connected to it. */
async function connected(use: (socket: Any, peer: Socket) => Promise<void>): Promise<void> {
  const peer = Promise.withResolvers<Socket>();
  const listening = createServer((socket) => {
    socket.on("error", () => {});
    peer.resolve(socket);
  });
  await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
  const { port } = listening.address() as { port: number };
  const of = await wasi({ network: { sockets: true } }) as Any;
  const socket = of["wasi:sockets/types@0.3.0"]["[static]tcp-socket.create"]("ipv4");
  try {
    await socket.connect({ tag: "ipv4", val: { port, address: [127, 0, 0, 1] } });
    await use(socket, await peer.promise);
  } finally {
    socket[Symbol.dispose]();
    (await peer.promise).destroy();
    await new Promise<void>((done) => listening.close(() => done()));
  }
}

const ended = (result: Any): unknown => result.tag === "ok" ? "ok" : result.val.tag;

Deno.test({
  name: "sockets: a peer that does not read holds the sender back, and one that is gone is an error",
  ignore: !("process" in globalThis),
  fn: () =>
    connected(async (socket, peer) => {
      peer.pause();
      const flow = new Flow(), sent = socket.send(flow.stream);
      for (let before = -1; before < flow.pulled;) {
        before = flow.pulled;
        await later(50);
      }
      // What the system itself keeps of a connection is a few mebibytes.
      assert(flow.pulled > 0 && flow.pulled < 1000, `${flow.pulled} chunks were taken`);
      peer.destroy();
      assert(ended(await sent) !== "ok");
      await flow.cancelled.promise;
    }),
});

Deno.test({
  name: "sockets: who receives slowly holds the peer back, and who stops is told that it is over",
  ignore: !("process" in globalThis),
  fn: () =>
    connected(async (socket, peer) => {
      const [bytes, over] = socket.receive(), iterator = bytes[Symbol.asyncIterator]();
      let written = 0;
      const write = (): void => {
        while (peer.write(new Uint8Array(CHUNK))) written++;
        written++;
      };
      peer.on("drain", write);
      write();
      assert((await iterator.next()).value.length > 0);
      for (let before = -1; before < written;) {
        before = written;
        await later(50);
      }
      assert(written < 1000, `${written} chunks were written`);
      await iterator.return();
      assertEquals(ended(await over), "ok");
      assertEquals(await iterator.next(), { done: true, value: undefined });
    }),
});

Deno.test({
  name: "sockets: a connection that the peer resets is an error of what is received",
  ignore: !("process" in globalThis),
  fn: () =>
    connected(async (socket, peer) => {
      const [bytes, over] = socket.receive();
      peer.write("some");
      const iterator = bytes[Symbol.asyncIterator]();
      assertEquals((await iterator.next()).value.length, 4);
      peer.resetAndDestroy();
      assertEquals((await iterator.next()).done, true);
      assertEquals(ended(await over), "connection-reset");
    }),
});
