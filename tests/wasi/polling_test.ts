// Guests that poll without waiting, and guests that poll very much: others have their turn, and
// costs are linear.

import { assert, assertEquals } from "@std/assert";
import { createServer } from "node:net";
import { compile, type Component, instantiate } from "@windlass/component";
import { wasi } from "@windlass/component/wasi";
import { plainFormOf } from "../../host/func.ts";
import { componentOf } from "../support/wat.ts";
import { type Any, good, interfacesOf, text, utf8 } from "./support.ts";

const wit = `
  package test:polling;
  interface host { is-done: func() -> bool; }
  world guest {
    import host;
    import wasi:io/poll@0.2.0;
    import wasi:clocks/monotonic-clock@0.2.0;
    export poll-no-time: func() -> u32;
    export ask-ready: func() -> u32;
  }
  package wasi:io@0.2.0 {
    interface poll {
      resource pollable { ready: func() -> bool; block: func(); }
      poll: func(in: list<borrow<pollable>>) -> list<u32>;
    }
  }
  package wasi:clocks@0.2.0 {
    interface monotonic-clock {
      use wasi:io/poll@0.2.0.{pollable};
      subscribe-duration: func(when: u64) -> pollable;
    }
  }`;
const core = `(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.ready" (func $ready (param i32) (result i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop (param i32)))
  (import "test:polling/host" "is-done" (func $is-done (result i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  ;; Polls timers of 0 ns until the host is done; how often.
  (func (export "poll-no-time") (result i32) (local $polls i32) (local $timer i32)
    (loop $again
      (local.set $polls (i32.add (local.get $polls) (i32.const 1)))
      (local.set $timer (call $subscribe (i64.const 0)))
      (i32.store (i32.const 16) (local.get $timer))
      (call $poll (i32.const 16) (i32.const 1) (i32.const 0))
      (call $drop (local.get $timer))
      (br_if $again (i32.eqz (call $is-done))))
    (local.get $polls))
  ;; Asks whether a timer is ready that never is, until the host is done; how often.
  (func (export "ask-ready") (result i32) (local $polls i32) (local $timer i32)
    (local.set $timer (call $subscribe (i64.const 0x7fffffffffffffff)))
    (loop $again
      (local.set $polls (i32.add (local.get $polls) (i32.const 1)))
      (drop (call $ready (local.get $timer)))
      (br_if $again (i32.eqz (call $is-done))))
    (local.get $polls)))`;

let compiled: Promise<Component> | undefined;
async function guestThat(isDone: () => boolean): Promise<Any> {
  compiled ??= componentOf(core, wit, { world: "guest" }).then((bytes) => compile(bytes));
  return await instantiate(await compiled, { ...await wasi(), "test:polling/host": { isDone } });
}

for (const how of ["pollNoTime", "askReady"]) {
  Deno.test(`a guest that polls without waiting lets timers, files and sockets be: ${how}`, async () => {
    const { readFile } = await import("node:fs");
    const { connect } = await import("node:net");
    const server = createServer((socket) => socket.end("answer").on("error", () => {}));
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as Any).port));
    });
    const done = { timer: false, file: false, socket: false };
    const instance = await guestThat(() => Object.values(done).every((each) => each));
    setTimeout(() => done.timer = true, 1);
    readFile("deno.json", () => done.file = true);
    const socket = connect(port, "127.0.0.1").on("data", () => {}).on("close", () => done.socket = true);
    // It ends at all: where nothing else has its turn, it never does.
    assert(await instance.promising.exports[how]() > 1);
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
}

Deno.test("a socket is seen within a few turns of a guest that polls without waiting", async () => {
  const of = await interfacesOf({ network: { sockets: true } });
  const { poll } = of("io/poll"), { subscribeDuration } = of("clocks/monotonic-clock");
  const { createTcpSocket } = of("sockets/tcp-create-socket");
  const network = of("sockets/instance-network").instanceNetwork();
  /** Polls until something is ready; how many turns the event loop was given. */
  const busy = async (pollable: Any): Promise<number> => {
    for (let turns = 0;;) {
      const answer = poll([subscribeDuration(0n), pollable]);
      if (answer instanceof Promise) turns++;
      if ([...await answer].includes(1)) return turns;
    }
  };
  const server = good(createTcpSocket("ipv4")), loopback = { tag: "ipv4", val: { port: 0, address: [127, 0, 0, 1] } };
  good(server.startBind(network, loopback));
  const turns = [await busy(server.subscribe())];
  good(server.finishBind());
  good(server.startListen());
  await busy(server.subscribe());
  good(server.finishListen());
  for (let i = 0; i < 20; i++) {
    const client = good(createTcpSocket("ipv4"));
    good(client.startConnect(network, good(server.localAddress())));
    turns.push(await busy(client.subscribe()));
    const [, output] = good(client.finishConnect());
    good(output.checkWrite());
    good(output.write(utf8("hello")));
    turns.push(await busy(server.subscribe()));
    const [accepted, input] = good(server.accept());
    turns.push(await busy(input.subscribe()));
    assertEquals(text(good(await input.read(10n))), "hello");
    for (const socket of [client, accepted]) socket[Symbol.dispose]();
  }
  server[Symbol.dispose]();
  turns.sort((a, b) => a - b);
  assert(turns[turns.length >> 1]! <= 8, `turns: ${turns}`);
});

/** More than a function call may have arguments. */
const MANY = 200_000;

Deno.test("a poll of very many timers sets one", async () => {
  const of = await interfacesOf(), { subscribeDuration } = of("clocks/monotonic-clock");
  const { setTimeout: real } = globalThis;
  let timers = 0;
  globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
    timers++;
    return real(...args);
  }) as typeof setTimeout;
  try {
    const pollables = Array.from({ length: MANY }, () => subscribeDuration(1n << 60n));
    pollables[77] = subscribeDuration(500_000_000n);
    assertEquals([...await of("io/poll").poll(pollables)], [77]);
  } finally {
    globalThis.setTimeout = real;
  }
  // A timer may be early by a part of a millisecond: then there is another.
  assert(timers <= 3, `${timers} timers`);
});

Deno.test("a plain poll of very many timers waits for the first; all that are ready are given", async () => {
  const of = await interfacesOf(), { subscribeDuration } = of("clocks/monotonic-clock");
  const poll = plainFormOf(of("io/poll").poll)! as Any;
  const first = subscribeDuration(300_000_000n), never = subscribeDuration(1n << 60n);
  assertEquals([...poll(Array.from({ length: MANY }, (_, i) => i === 77 ? first : never))], [77]);
  assertEquals(poll(Array.from({ length: MANY }, () => first)).length, MANY);
});
