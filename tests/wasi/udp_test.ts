// UDP by the letter of WASI's interface: states, addresses, streams that replace each other,
// errors, dropping.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Trap } from "@windlass/component";
import { bind, loopback, loopback6, sockets } from "./sockets.ts";
import { type Any, bad, good, text, utf8 } from "./support.ts";

const families = [["ipv4", loopback], ["ipv6", loopback6]] as const;
const v4 = (...address: number[]) => ({ tag: "ipv4", val: { port: 0, address } });
const v6 = (...address: number[]) => ({ tag: "ipv6", val: { port: 0, flowInfo: 0, address, scopeId: 0 } });
const withPort = ({ tag, val }: Any, port: number) => ({ tag, val: { ...val, port } });

async function bound(family: string, address: Any): Promise<Any> {
  const { network, udp } = await sockets(), socket = udp(family);
  await bind(socket, network, address);
  return socket;
}

async function tryBind(socket: Any, network: Any, address: Any): Promise<string | undefined> {
  const begun = socket.startBind(network, address);
  if (begun !== undefined) return begun.val;
  await socket.subscribe().block();
  return socket.finishBind()?.val;
}

async function send(output: Any, ...datagrams: { data: Uint8Array; remoteAddress?: Any }[]): Promise<void> {
  await output.subscribe().block();
  assert(good(await output.checkSend()) >= BigInt(datagrams.length));
  assertEquals(good(output.send(datagrams)), BigInt(datagrams.length));
}

/** As many datagrams as that, in text. */
async function receive(input: Any, count: number): Promise<[string, Any][]> {
  const received: Any[] = [];
  while (received.length < count) {
    await input.subscribe().block();
    received.push(...good(await input.receive(100n)));
  }
  return received.map(({ data, remoteAddress }) => [text(data), remoteAddress]);
}

for (const [family, address] of families) {
  const unspecified = family === "ipv4" ? v4(0, 0, 0, 0) : v6(0, 0, 0, 0, 0, 0, 0, 0);

  Deno.test(`a UDP socket's states (${family})`, async () => {
    const { network, udp } = await sockets();
    const settings = (socket: Any) => {
      assertEquals(socket.addressFamily(), family);
      for (
        const [name, none, some] of [
          ["unicastHopLimit", 0, [255, 1, 42]],
          ["receiveBufferSize", 0n, [1n, (1n << 64n) - 1n, 0x10000n]],
          ["sendBufferSize", 0n, [1n, (1n << 64n) - 1n, 0x10000n]],
        ] as const
      ) {
        assert(good(socket[name]()) > 0);
        const set = `set${name[0]!.toUpperCase()}${name.slice(1)}`;
        bad(socket[set](none), "invalid-argument");
        for (const value of some) good(socket[set](value));
        assertEquals(good(socket[name]()), some[2]);
      }
    };
    const socket = udp(family);
    bad(await socket.finishBind(), "not-in-progress");
    for (const answer of [socket.stream(undefined), socket.stream(address(9)), socket.localAddress()]) {
      bad(answer, "invalid-state");
    }
    bad(socket.remoteAddress(), "invalid-state");
    settings(socket);
    await bind(socket, network, address(0));
    bad(socket.startBind(network, address(0)), "invalid-state");
    bad(await socket.finishBind(), "not-in-progress");
    bad(socket.remoteAddress(), "invalid-state");
    good(socket.localAddress());
    settings(socket);
    good(socket.stream(address(54321)));
    bad(socket.startBind(network, address(0)), "invalid-state");
    assertEquals(good(socket.remoteAddress()), address(54321));
    settings(socket);
    socket[Symbol.dispose]();
  });

  Deno.test(`addresses that a UDP socket is bound to, and streams to (${family})`, async () => {
    const { network, udp } = await sockets();
    for (const any of [address(0), unspecified]) {
      const socket = udp(family), again = udp(family);
      assertEquals(await tryBind(socket, network, any), undefined);
      const local = good(socket.localAddress());
      assertEquals(local, withPort(any, local.val.port));
      assert(local.val.port > 0);
      assertEquals(await tryBind(again, network, local), "address-in-use");
      assertEquals(await tryBind(again, network, any), undefined);
      for (const each of [socket, again]) each[Symbol.dispose]();
    }
    const socket = udp(family);
    const foreign = family === "ipv4" ? v4(203, 0, 113, 7) : v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7);
    assertEquals(await tryBind(socket, network, foreign), "address-not-bindable");
    const wrong = family === "ipv4" ? loopback6(0) : loopback(0);
    assertEquals(await tryBind(socket, network, wrong), "invalid-argument");
    const mapped = v6(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1);
    if (family === "ipv6") assertEquals(await tryBind(socket, network, mapped), "invalid-argument");
    await bind(socket, network, unspecified);
    for (const none of [withPort(unspecified, 47), address(0), withPort(wrong, 47), withPort(mapped, 47)]) {
      bad(socket.stream(none), "invalid-argument");
    }
    socket[Symbol.dispose]();
  });

  Deno.test(`a UDP socket is connected, disconnected and connected again, and keeps its port (${family})`, async () => {
    const socket = await bound(family, unspecified);
    const { port } = good(socket.localAddress()).val;
    const to = [address(4321), undefined, undefined, address(4321), address(4321), address(4320), undefined];
    for (const remote of [...to, address(4321)]) {
      good(socket.stream(remote));
      if (remote === undefined) bad(socket.remoteAddress(), "invalid-state");
      else assertEquals(good(socket.remoteAddress()), remote);
      // The system has chosen the address from which the peer is reached.
      assertEquals(good(socket.localAddress()), remote === undefined ? withPort(unspecified, port) : address(port));
    }
    // It still receives.
    const [input] = good(socket.stream(undefined)), other = await bound(family, address(0));
    await send(good(other.stream(undefined))[1], { data: utf8("hello"), remoteAddress: address(port) });
    assertEquals(await receive(input, 1), [["hello", good(other.localAddress())]]);
    for (const each of [socket, other]) each[Symbol.dispose]();
  });

  Deno.test(`streams have what arrived before them, from the right peer (${family})`, async () => {
    const [a, b, target] = [
      await bound(family, address(0)),
      await bound(family, address(0)),
      await bound(family, address(0)),
    ];
    const to = good(target.localAddress());
    const [, fromA] = good(a.stream(to)), [, fromB] = good(b.stream(to));
    await send(fromA, { data: utf8("A") });
    await send(fromB, { data: utf8("B1") }, { data: utf8("B2"), remoteAddress: to });
    await send(fromA, { data: utf8("A") });
    await new Promise((resolve) => setTimeout(resolve, 30));
    const [input] = good(target.stream(good(b.localAddress())));
    assertEquals(await receive(input, 2), [["B1", good(b.localAddress())], ["B2", good(b.localAddress())]]);
    for (const each of [a, b, target]) each[Symbol.dispose]();
  });

  Deno.test(`only the last pair of streams does anything (${family})`, async () => {
    const socket = await bound(family, address(0));
    const [input, output] = good(socket.stream(undefined)), waiting = input.subscribe();
    assertEquals(await waiting.ready(), false);
    const [later] = good(socket.stream(undefined));
    assertEquals(await waiting.ready(), true);
    bad(await input.receive(1n), "invalid-state");
    bad(await output.checkSend(), "invalid-state");
    assertEquals(good(await later.receive(1n)), []);
    socket[Symbol.dispose]();
    bad(await later.receive(1n), "invalid-state");
  });

  Deno.test(`what was sent arrives, though the socket is dropped right afterwards (${family})`, async () => {
    const target = await bound(family, address(0)), to = good(target.localAddress());
    const [input] = good(target.stream(undefined)), words = ["one", "two", "three", "four", "five"];
    for (const remote of [undefined, to]) {
      const socket = await bound(family, unspecified), [, output] = good(socket.stream(remote));
      await send(output, ...words.map((word) => ({ data: utf8(word), remoteAddress: to })));
      socket[Symbol.dispose]();
      assertEquals((await receive(input, words.length)).map(([word]) => word), words);
    }
    target[Symbol.dispose]();
  });

  Deno.test({
    name: `nobody listens where a connected UDP socket sends to (${family})`,
    // Deno's own UDP sockets are never connected by the system, which therefore tells them nothing.
    ignore: (globalThis as Any).Deno.version !== undefined,
    fn: async () => {
      const gone = await bound(family, address(0)), to = good(gone.localAddress());
      gone[Symbol.dispose]();
      await new Promise((resolve) => setTimeout(resolve, 20));
      const socket = await bound(family, address(0)), [input, output] = good(socket.stream(to));
      await send(output, { data: utf8("hello") });
      await input.subscribe().block();
      bad(await input.receive(1n), "connection-refused");
      // It was told once.
      assertEquals(good(await input.receive(1n)), []);
      await send(output, { data: utf8("hello") });
      await input.subscribe().block();
      good(await output.checkSend());
      bad(output.send([{ data: utf8("again") }]), "connection-refused");
      socket[Symbol.dispose]();
    },
  });
}

Deno.test("more datagrams than permitted are a trap; none are always permitted", async () => {
  const socket = await bound("ipv4", loopback(0)), [, output] = good(socket.stream(loopback(4320)));
  assertEquals(good(output.send([])), 0n);
  assertThrows(() => output.send([{ data: utf8("x") }]), Trap, "where 0 are permitted");
  const permit = Number(good(await output.checkSend()));
  const many = Array.from({ length: permit + 1 }, () => ({ data: utf8("x") }));
  assertThrows(() => output.send(many), Trap, `where ${permit} are permitted`);
  socket[Symbol.dispose]();
});
