// An echo server and a client of TCP, in Rust for WASI 0.3: against each other, and against sockets
// of the runtime's.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { compile, features } from "@windlass/component";
import { run, type WasiOptions } from "@windlass/component/wasi";
import { guest } from "./guests.ts";
import { text, utf8 } from "./support.ts";

const server = await compile(guest("p3/echo_server"));
const client = await compile(guest("p3/tcp_client"));
const network = { sockets: true } as const;

/** Starts the server for so many connections. */
async function echoServer(
  connections: number,
  signal?: AbortSignal,
): Promise<{ port: number; ended: Promise<string> }> {
  let output = "";
  const listening = Promise.withResolvers<number>();
  const stdout = new WritableStream<Uint8Array>({
    write(bytes) {
      output += text(bytes);
      if (output.includes("\n")) listening.resolve(Number(output.split("\n")[0]));
    },
  });
  const args = ["echo_server", ...Number.isFinite(connections) ? [`${connections}`] : []];
  const running = run(server, { args, network, stdout, ...signal && { signal } });
  running.catch(listening.reject);
  const port = await listening.promise;
  return { port, ended: running.then(({ exitCode }) => `${exitCode} ${output.slice(output.indexOf("\n") + 1)}`) };
}

/** Runs the client, and gives its exit code and what it printed. */
async function talk(port: number, options: WasiOptions): Promise<[number, string, string]> {
  const args = ["tcp_client", `${port}`];
  const { exitCode, stdout, stderr } = await run(client, { args, stdout: "capture", stderr: "capture", ...options });
  return [exitCode, text(stdout!), text(stderr!)];
}

/** Sends bytes over a socket of the runtime's, and gives what comes back until the end. */
function exchange(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1"), parts: Uint8Array[] = [];
    socket.on("data", (part: Uint8Array) => parts.push(part));
    socket.on("error", reject);
    socket.on("end", async () => resolve(await new Blob(parts as BlobPart[]).text()));
    socket.end(bytes);
  });
}

/** A server of the runtime's for one connection. */
async function listening(use: (socket: Socket) => void): Promise<{ port: number; close(): Promise<void> }> {
  const listener = createServer({ allowHalfOpen: true }, use);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => listener.close(() => resolve()));
  return { port: (listener.address() as AddressInfo).port, close };
}

Deno.test("the client and the server, several at once and with much to say", async () => {
  const inputs = ["", "hello", "a line\n".repeat(60_000)];
  const { port, ended } = await echoServer(inputs.length);
  const answers = await Promise.all(inputs.map((stdin) => talk(port, { stdin, network })));
  assertEquals(answers, inputs.map((input) => [0, input, ""]));
  assertEquals(await ended, "0 ");
});

Deno.test("the server against sockets of the runtime's", async () => {
  const inputs = Array.from({ length: 6 }, (_, i) => `${i} `.repeat(1 + i * 30_000));
  const { port, ended } = await echoServer(inputs.length);
  assertEquals(await Promise.all(inputs.map((input) => exchange(port, utf8(input)))), inputs);
  assertEquals(await ended, "0 ");
});

Deno.test("a connection that is reset fails alone", async () => {
  const { port, ended } = await echoServer(2);
  await new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("x"));
    socket.on("data", () => socket.resetAndDestroy());
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
  assertEquals(await exchange(port, utf8("still there")), "still there");
  assertMatch(await ended, /^0 (ErrorCode::ConnectionReset\n)?$/);
});

Deno.test("the client against a server of the runtime's that answers after the end, and first", async () => {
  const after = await listening((socket) => {
    let bytes = 0;
    socket.on("data", (part: Uint8Array) => bytes += part.length);
    socket.on("end", () => socket.end(`${bytes} bytes`));
  });
  assertEquals(await talk(after.port, { stdin: "x".repeat(200_000), network }), [0, "200000 bytes", ""]);
  await after.close();
  const first = await listening((socket) => void socket.resume().end("go away"));
  assertEquals((await talk(first.port, { stdin: "x", network })).slice(1), ["go away", ""]);
  await first.close();
});

Deno.test("nobody listens, and sockets that are not granted", async () => {
  const gone = await listening(() => {});
  await gone.close();
  assertEquals(await talk(gone.port, { network }), [1, "", "ErrorCode::ConnectionRefused\n"]);
  assertEquals(await talk(gone.port, {}), [1, "", "ErrorCode::AccessDenied\n"]);
  const { exitCode, stdout } = await run(server, { args: ["echo_server"], stdout: "capture" });
  assertEquals([exitCode, text(stdout!)], [1, "ErrorCode::AccessDenied\n"]);
});

Deno.test("a server that is aborted stops listening and hangs up", async () => {
  const abort = new AbortController(), reason = new Error("enough");
  const { port, ended } = await echoServer(Infinity, abort.signal);
  const hungUp = Promise.withResolvers<void>();
  const socket = connect(port, "127.0.0.1", () => socket.write("x"));
  socket.on("error", () => {});
  socket.on("close", () => hungUp.resolve());
  await new Promise((resolve) => socket.once("data", resolve));
  abort.abort(reason);
  assertEquals(await ended.catch((error) => error), reason);
  await hungUp.promise;
  assertEquals(await talk(port, { network }), [1, "", "ErrorCode::ConnectionRefused\n"]);
});

Deno.test({
  name: "a client sends no faster than its server reads",
  ignore: !features.jspi,
  async fn() {
    let pulled = 0;
    const stdin = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(65_536));
      },
    }, { highWaterMark: 0 });
    const connected = Promise.withResolvers<Socket>();
    const lazy = await listening((socket) => {
      socket.on("error", () => {});
      connected.resolve(socket.pause());
    });
    const talking = talk(lazy.port, { stdin, network });
    const socket = await connected.promise;
    // Until nothing more is taken: what the system buffers is some megabytes.
    for (let last = -1; last !== pulled; await new Promise((resolve) => setTimeout(resolve, 50))) last = pulled;
    assert(pulled < 1000, `${pulled} chunks were taken`);
    socket.resetAndDestroy();
    // Which of the two depends on what the runtime says first.
    assertMatch((await talking).join(), /^1,,ErrorCode::Connection(Reset|Broken)\n$/);
    await lazy.close();
  },
});
