// A guest that ends right after it sent something: what it sent arrives, also when the process ends
// right afterwards.
// A case starts this very file once more, in a process of its own: `child` is what it does there.

import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { run } from "@windlass/component/wasi";
import { componentOf } from "../support/wat.ts";
import { type Any, withDirectory } from "./support.ts";

const wit = `
  package test:endings;
  world guest {
    import wasi:io/poll@0.2.0;
    import wasi:io/streams@0.2.0;
    import wasi:sockets/network@0.2.0;
    import wasi:sockets/instance-network@0.2.0;
    import wasi:sockets/tcp@0.2.0;
    import wasi:sockets/tcp-create-socket@0.2.0;
    import wasi:sockets/udp@0.2.0;
    import wasi:sockets/udp-create-socket@0.2.0;
    export wasi:cli/run@0.2.0;
  }
  package wasi:cli@0.2.0 { interface run { run: func() -> result; } }
  package wasi:io@0.2.0 {
    interface error { resource error; }
    interface poll { resource pollable { block: func(); } }
    interface streams {
      use error.{error};
      variant stream-error { last-operation-failed(error), closed }
      resource input-stream;
      resource output-stream {
        check-write: func() -> result<u64, stream-error>;
        write: func(contents: list<u8>) -> result<_, stream-error>;
      }
    }
  }
  package wasi:sockets@0.2.0 {
    interface network {
      resource network;
      enum error-code {
        unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
        not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
        remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
        name-unresolvable, temporary-resolver-failure, permanent-resolver-failure
      }
      enum ip-address-family { ipv4, ipv6 }
      type ipv4-address = tuple<u8, u8, u8, u8>;
      type ipv6-address = tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
      record ipv4-socket-address { port: u16, address: ipv4-address }
      record ipv6-socket-address { port: u16, flow-info: u32, address: ipv6-address, scope-id: u32 }
      variant ip-socket-address { ipv4(ipv4-socket-address), ipv6(ipv6-socket-address) }
    }
    interface instance-network { use network.{network}; instance-network: func() -> network; }
    interface tcp {
      use wasi:io/streams@0.2.0.{input-stream, output-stream};
      use wasi:io/poll@0.2.0.{pollable};
      use network.{network, error-code, ip-socket-address};
      resource tcp-socket {
        start-connect: func(network: borrow<network>, remote-address: ip-socket-address) -> result<_, error-code>;
        finish-connect: func() -> result<tuple<input-stream, output-stream>, error-code>;
        subscribe: func() -> pollable;
      }
    }
    interface tcp-create-socket {
      use network.{error-code, ip-address-family};
      use tcp.{tcp-socket};
      create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
    }
    interface udp {
      use wasi:io/poll@0.2.0.{pollable};
      use network.{network, error-code, ip-socket-address};
      record outgoing-datagram { data: list<u8>, remote-address: option<ip-socket-address> }
      resource udp-socket {
        start-bind: func(network: borrow<network>, local-address: ip-socket-address) -> result<_, error-code>;
        finish-bind: func() -> result<_, error-code>;
        %stream: func(remote-address: option<ip-socket-address>)
          -> result<tuple<incoming-datagram-stream, outgoing-datagram-stream>, error-code>;
        subscribe: func() -> pollable;
      }
      resource incoming-datagram-stream;
      resource outgoing-datagram-stream {
        check-send: func() -> result<u64, error-code>;
        send: func(datagrams: list<outgoing-datagram>) -> result<u64, error-code>;
      }
    }
    interface udp-create-socket {
      use network.{error-code, ip-address-family};
      use udp.{udp-socket};
      create-udp-socket: func(address-family: ip-address-family) -> result<udp-socket, error-code>;
    }
  }`;

const i32s = (count: number): string => "i32 ".repeat(count);
/** A module whose results are at 0 and after; it traps where one is an error. */
const core = (imports: string, body: string): string =>
  `(module
  (import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop-pollable (param i32)))
  ${imports}
  (memory (export "memory") 4)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  (func $check (if (i32.load8_u (i32.const 0)) (then (unreachable))))
  (func $wait (param i32) (call $block (local.get 0)) (call $drop-pollable (local.get 0)))
  (func (export "wasi:cli/run@0.2.0#run") (result i32) (local $socket i32) (local $output i32)
    ${body}
    (i32.const 0)))`;
/** An address on the loopback, flattened: 127.0.0.1 and a port. */
const flat = (port: number): string =>
  [0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0].map((each) => `(i32.const ${each})`).join(" ");

/** Sends five datagrams to a port, and ends; it drops nothing. */
const udpGuest = (port: number): string =>
  core(
    `
  (import "wasi:sockets/udp-create-socket@0.2.0" "create-udp-socket" (func $create (param i32 i32)))
  (import "wasi:sockets/udp@0.2.0" "[method]udp-socket.start-bind" (func $start-bind (param ${i32s(15)})))
  (import "wasi:sockets/udp@0.2.0" "[method]udp-socket.finish-bind" (func $finish-bind (param i32 i32)))
  (import "wasi:sockets/udp@0.2.0" "[method]udp-socket.subscribe" (func $subscribe (param i32) (result i32)))
  (import "wasi:sockets/udp@0.2.0" "[method]udp-socket.stream" (func $stream (param ${i32s(15)})))
  (import "wasi:sockets/udp@0.2.0" "[method]outgoing-datagram-stream.check-send" (func $check-send (param i32 i32)))
  (import "wasi:sockets/udp@0.2.0" "[method]outgoing-datagram-stream.send" (func $send (param i32 i32 i32 i32)))
  (data (i32.const 1024) "12345")`,
    `
    (call $create (i32.const 0) (i32.const 0)) (call $check)
    (local.set $socket (i32.load (i32.const 4)))
    (call $start-bind (local.get $socket) (call $network) ${flat(0)} (i32.const 0)) (call $check)
    (call $wait (call $subscribe (local.get $socket)))
    (call $finish-bind (local.get $socket) (i32.const 0)) (call $check)
    (call $stream (local.get $socket) (i32.const 1) ${flat(port)} (i32.const 0)) (call $check)
    (local.set $output (i32.load (i32.const 8)))
    (call $check-send (local.get $output) (i32.const 0)) (call $check)
    ;; Records of 44 bytes: where the data is, how long it is, and no address.
    ${
      [0, 1, 2, 3, 4].map((i) => `
      (i32.store (i32.const ${2048 + 44 * i}) (i32.const ${1024 + i}))
      (i32.store (i32.const ${2052 + 44 * i}) (i32.const 1))`).join("")
    }
    (call $send (local.get $output) (i32.const 2048) (i32.const 5) (i32.const 0)) (call $check)`,
  );

/** Connects to a port, writes as much as it may, and ends; it drops nothing. */
const tcpGuest = (port: number): string =>
  core(
    `
  (import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $create (param i32 i32)))
  (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-connect" (func $start-connect (param ${i32s(15)})))
  (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.finish-connect" (func $finish-connect (param i32 i32)))
  (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.subscribe" (func $subscribe (param i32) (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.check-write" (func $check-write (param i32 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))`,
    `
    (call $create (i32.const 0) (i32.const 0)) (call $check)
    (local.set $socket (i32.load (i32.const 4)))
    (call $start-connect (local.get $socket) (call $network) ${flat(port)} (i32.const 0)) (call $check)
    (call $wait (call $subscribe (local.get $socket)))
    (call $finish-connect (local.get $socket) (i32.const 0)) (call $check)
    (local.set $output (i32.load (i32.const 8)))
    (call $check-write (local.get $output) (i32.const 0)) (call $check)
    (call $write (local.get $output) (i32.const 4096) (i32.load (i32.const 8)) (i32.const 0)) (call $check)`,
  );

const TASK = "WINDLASS_ENDINGS_GUEST";

async function child(file: string): Promise<number> {
  return (await run(await Deno.readFile(file), { network: { sockets: true } })).exitCode;
}

// As the command line does: the process ends as soon as `run` has.
if (process.env[TASK] !== undefined) process.exit(await child(process.env[TASK]!));

/** Runs a guest in a process of its own. */
async function runGuest(guest: string): Promise<void> {
  await withDirectory(async (path) => {
    const file = `${path}/guest.wasm`;
    await Deno.writeFile(file, await componentOf(guest, wit, { world: "guest" }));
    const inDeno = (globalThis as Any).Deno.version !== undefined;
    const args = [...inDeno ? ["run", "--allow-all"] : [], fileURLToPath(import.meta.url)];
    const env = { ...process.env, NO_COLOR: "1", [TASK]: file };
    const started = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "inherit"] });
    assertEquals(await new Promise((resolve) => started.on("close", resolve)), 0);
  });
}

Deno.test("datagrams that a guest sent right before its end arrive", async () => {
  const received: string[] = [];
  const socket = createSocket("udp4", (data) => received.push(data.toString()));
  const port = await new Promise<number>((resolve) => {
    socket.bind(0, "127.0.0.1", () => resolve(socket.address().port));
  });
  await runGuest(udpGuest(port));
  for (let i = 0; i < 50 && received.length < 5; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  assertEquals(received, ["1", "2", "3", "4", "5"]);
});

Deno.test("what a guest wrote to a connection right before its end arrives, however slow its peer is", async () => {
  let length = 0;
  let ended: (how: string) => void;
  const outcome = new Promise<string>((resolve) => ended = resolve);
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on("data", (data) => length += data.length).on("end", () => ended("an end"));
    socket.on("error", (error) => ended(String(error)));
    setTimeout(() => socket.resume(), 200);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as Any).port));
  });
  await runGuest(tcpGuest(port));
  assertEquals(await outcome, "an end");
  await new Promise<void>((resolve) => server.close(() => resolve()));
  assert(length >= 4096, `${length} bytes`);
});
