// TCP by the letter of WASI's interface: states, addresses, options, shutting down, dropping.

import { assert, assertEquals } from "@std/assert";
import { bind, connection, done, listener, loopback, loopback6, sockets } from "./sockets.ts";
import { type Any, bad, good, text, utf8 } from "./support.ts";

const SECOND = 1_000_000_000n;
const closed = { tag: "closed" };
const families = [["ipv4", loopback], ["ipv6", loopback6]] as const;
const v4 = (...address: number[]) => ({ tag: "ipv4", val: { port: 0, address } });
const v6 = (...address: number[]) => ({ tag: "ipv6", val: { port: 0, flowInfo: 0, address, scopeId: 0 } });
const withPort = ({ tag, val }: Any, port: number) => ({ tag, val: { ...val, port } });

/** What binding comes to: nothing, or the error. */
async function tryBind(socket: Any, network: Any, address: Any): Promise<string | undefined> {
  const begun = socket.startBind(network, address);
  if (begun !== undefined) return begun.val;
  await socket.subscribe().block();
  return socket.finishBind()?.val;
}

for (const [family, address] of families) {
  Deno.test(`a TCP socket's states (${family})`, async () => {
    const { network, tcp } = await sockets();
    const settings = (socket: Any) => {
      assertEquals(socket.addressFamily(), family);
      const set = { KeepAliveIdleTime: 1n, KeepAliveInterval: 1n, KeepAliveCount: 1, HopLimit: 255 };
      const sizes = { ReceiveBufferSize: 16_000n, SendBufferSize: 16_000n };
      for (const [name, value] of Object.entries({ ...set, ...sizes })) {
        good(socket[`set${name}`](value));
        good(socket[`${name[0]!.toLowerCase()}${name.slice(1)}`]());
      }
      good(socket.setKeepAliveEnabled(false));
      good(socket.keepAliveEnabled());
    };
    const nothingInProgress = (socket: Any) => {
      for (const finish of ["finishBind", "finishConnect", "finishListen"]) bad(socket[finish](), "not-in-progress");
    };
    const invalid = (...answers: unknown[]) => answers.forEach((answer) => bad(answer, "invalid-state"));
    const unbound = tcp(family);
    nothingInProgress(unbound);
    invalid(unbound.startListen(), unbound.accept(), unbound.shutdown("both"));
    invalid(unbound.localAddress(), unbound.remoteAddress());
    assertEquals(unbound.isListening(), false);
    good(unbound.setListenBacklogSize(32n));
    settings(unbound);

    const bound = tcp(family);
    await bind(bound, network, address(0));
    nothingInProgress(bound);
    invalid(bound.startBind(network, address(0)), bound.accept(), bound.shutdown("both"), bound.remoteAddress());
    good(bound.localAddress());
    good(bound.setListenBacklogSize(32n));
    settings(bound);

    const listening = bound;
    await done(listening, listening.startListen(), () => listening.finishListen());
    nothingInProgress(listening);
    invalid(listening.startBind(network, address(0)), listening.startConnect(network, address(1)));
    invalid(listening.startListen(), listening.shutdown("both"), listening.remoteAddress());
    const to = good(listening.localAddress());
    assertEquals(listening.isListening(), true);
    settings(listening);

    const connected = tcp(family);
    await done(connected, connected.startConnect(network, to), () => connected.finishConnect());
    nothingInProgress(connected);
    invalid(connected.startBind(network, address(0)), connected.startConnect(network, to), connected.startListen());
    invalid(connected.accept(), connected.setListenBacklogSize(5n));
    assertEquals([good(connected.remoteAddress()), connected.isListening()], [to, false]);
    const local = good(connected.localAddress());
    settings(connected);
    good(connected.shutdown("both"));
    good(connected.shutdown("both"));
    assertEquals(good(connected.localAddress()), local);
    for (const socket of [unbound, listening, connected]) socket[Symbol.dispose]();
  });

  Deno.test(`addresses that a TCP socket is bound to (${family})`, async () => {
    const { network, tcp } = await sockets();
    const unspecified = family === "ipv4" ? v4(0, 0, 0, 0) : v6(0, 0, 0, 0, 0, 0, 0, 0);
    const first = tcp(family);
    for (const any of [address(0), unspecified]) {
      const socket = tcp(family);
      assertEquals(await tryBind(socket, network, any), undefined);
      const local = good(socket.localAddress());
      assertEquals(local, withPort(any, local.val.port));
      assert(local.val.port > 0);
      const again = tcp(family);
      assertEquals(await tryBind(again, network, local), "address-in-use");
      // A failed attempt leaves it unbound: the next one may work.
      assertEquals(await tryBind(again, network, any), undefined);
      for (const each of [socket, again]) each[Symbol.dispose]();
    }
    // Addresses for documentation: no host has them.
    const foreign = family === "ipv4" ? v4(203, 0, 113, 7) : v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7);
    assertEquals(await tryBind(first, network, foreign), "address-not-bindable");
    const wrong = family === "ipv4" ? loopback6(0) : loopback(0);
    assertEquals(await tryBind(first, network, wrong), "invalid-argument");
    const none = family === "ipv4"
      ? [v4(255, 255, 255, 255), v4(224, 254, 0, 0)]
      : [v6(0xff00, 0, 0, 0, 0, 0, 0, 0), v6(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1)];
    for (const each of none) assertEquals(await tryBind(first, network, each), "invalid-argument");
    for (const each of [...none, wrong, unspecified]) {
      bad(first.startConnect(network, withPort(each, 47)), "invalid-argument");
    }
    bad(first.startConnect(network, address(0)), "invalid-argument");
  });

  Deno.test(`a port is free again when its socket is dropped, connections or not (${family})`, async () => {
    const made = await sockets(), { network, tcp } = made;
    const [server, port] = await listener(made, family, address(0));
    const client = tcp(family);
    await done(client, client.startConnect(network, address(port)), () => client.finishConnect());
    await server.subscribe().block();
    const [accepted, input, output] = good(server.accept());
    good(await output.blockingWriteZeroesAndFlush(10n));
    for (const each of [input, output, accepted, server]) each[Symbol.dispose]();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const next = tcp(family);
    assertEquals(await tryBind(next, network, address(port)), undefined);
    await done(next, next.startListen(), () => next.finishListen());
    for (const each of [next, client]) each[Symbol.dispose]();
  });

  Deno.test(`shutdown("receive") throws away what was received, and closes the input (${family})`, async () => {
    const [client, server] = await connection(family);
    good(await server.output.blockingWriteAndFlush(utf8("Lorem ipsum")));
    await client.input.subscribe().block();
    good(client.socket.shutdown("receive"));
    assert(await client.input.subscribe().ready());
    bad(await client.input.read(10n), closed);
    bad(await client.input.read(0n), closed);
    // The other direction goes on, and what comes later hinders nobody.
    for (let i = 0; i < 100; i++) good(await server.output.blockingWriteAndFlush(new Uint8Array(4096)));
    good(await client.output.blockingWriteAndFlush(utf8("still here")));
    assertEquals(text(good(await server.input.blockingRead(100n))), "still here");
    for (const peer of [client, server]) peer.drop();
  });

  Deno.test(`shutdown("send") closes the output, and loses nothing (${family})`, async () => {
    const [client, server] = await connection(family);
    const length = Number(good(await client.output.checkWrite()));
    good(client.output.write(new Uint8Array(length).fill(7)));
    good(client.socket.shutdown("send"));
    bad(client.output.flush(), closed);
    bad(await client.output.checkWrite(), closed);
    assertEquals((await server.rest()).length, length);
    const [other] = await connection(family);
    assert(good(await other.output.checkWrite()) >= 3n);
    good(other.socket.shutdown("send"));
    bad(other.output.write(utf8("Hi!")), closed);
    for (const peer of [client, server, other]) peer.drop();
  });

  Deno.test(`a peer that has shut down ends the input at once (${family})`, async () => {
    const [client, server] = await connection(family);
    good(server.socket.shutdown("both"));
    server.drop();
    await client.input.subscribe().block();
    bad(await client.input.read(10n), closed);
    bad(await client.input.read(0n), closed);
    client.drop();
  });

  Deno.test(`accepted sockets have the options of the one that listens, and are changed by themselves (${family})`, async () => {
    const { network, tcp } = await sockets();
    const listening = tcp(family);
    const set = (socket: Any, keepAlive: boolean, number: number, size: bigint) => {
      good(socket.setKeepAliveEnabled(keepAlive));
      good(socket.setKeepAliveIdleTime(BigInt(number) * SECOND));
      good(socket.setKeepAliveInterval(BigInt(number) * SECOND));
      good(socket.setKeepAliveCount(number));
      good(socket.setHopLimit(number));
      good(socket.setReceiveBufferSize(size));
      good(socket.setSendBufferSize(size));
    };
    const get = (socket: Any) =>
      ["Enabled", "IdleTime", "Interval", "Count"].map((name) => good(socket[`keepAlive${name}`]()))
        .concat(["hopLimit", "receiveBufferSize", "sendBufferSize"].map((name) => good(socket[name]())));
    set(listening, true, 42, 0x10000n);
    await bind(listening, network, address(0));
    await done(listening, listening.startListen(), () => listening.finishListen());
    const accept = async () => {
      const client = tcp(family);
      const to = good(listening.localAddress());
      await done(client, client.startConnect(network, to), () => client.finishConnect());
      await listening.subscribe().block();
      client[Symbol.dispose]();
      return good(listening.accept())[0];
    };
    const first = await accept();
    assertEquals(get(first), [true, 42n * SECOND, 42n * SECOND, 42, 42, 0x10000n, 0x10000n]);
    set(listening, false, 43, 0x20000n);
    assertEquals(get(first), [true, 42n * SECOND, 42n * SECOND, 42, 42, 0x10000n, 0x10000n]);
    const second = await accept();
    assertEquals(get(second), [false, 43n * SECOND, 43n * SECOND, 43, 43, 0x20000n, 0x20000n]);
    for (const socket of [first, second, listening]) socket[Symbol.dispose]();
  });
}

Deno.test("options of a TCP socket: nothing is 0, and what is too much is no error", async () => {
  const socket = (await sockets()).tcp();
  const most = (1n << 64n) - 1n;
  for (
    const [name, none, values] of [
      ["ListenBacklogSize", 0n, [1n, most]],
      ["KeepAliveIdleTime", 0n, [1n, most]],
      ["KeepAliveInterval", 0n, [1n, most]],
      ["KeepAliveCount", 0, [1, 0xffffffff]],
      ["HopLimit", 0, [1, 255]],
      ["ReceiveBufferSize", 0n, [1n, most]],
      ["SendBufferSize", 0n, [1n, most]],
    ] as const
  ) {
    bad(socket[`set${name}`](none), "invalid-argument");
    for (const value of values) {
      good(socket[`set${name}`](value));
      const get = `${name[0]!.toLowerCase()}${name.slice(1)}`;
      if (socket[get] !== undefined) assert(good(socket[get]()) > 0);
    }
  }
});

Deno.test("what was written arrives, though all of it is dropped right afterwards", async () => {
  const [client, server] = await connection();
  let length = 0;
  // More than the system takes at once.
  for (let permit; (permit = Number(good(await client.output.checkWrite()))) > 0;) {
    good(client.output.write(new Uint8Array(permit).fill(1)));
    length += permit;
  }
  client.drop();
  const received = await server.rest();
  assertEquals([received.length, received.every((byte) => byte === 1)], [length, true]);
  server.drop();
});

Deno.test("what was written arrives, though what was received is dropped unread", async () => {
  const [client, server] = await connection();
  const asking = (async () => {
    for (let left = 3_000_000; left > 0;) {
      const permit = Math.min(left, Number(good(await client.output.checkWrite())));
      if (permit === 0) await client.output.subscribe().block();
      else good(client.output.write(new Uint8Array(permit)));
      left -= permit;
    }
    good(client.socket.shutdown("send"));
  })();
  await server.input.subscribe().block();
  assert(good(await server.output.checkWrite()) > 6n);
  good(server.output.write(utf8("answer")));
  server.drop();
  await asking;
  assertEquals(text(await client.rest()), "answer");
  client.drop();
});

Deno.test("streams that outlive their socket are closed: nothing is taken that is not sent", async () => {
  const [client, accepted] = await connection();
  const { socket, input, output } = client;
  good(await output.checkWrite());
  socket[Symbol.dispose]();
  bad(output.write(utf8("x")), closed);
  bad(await output.checkWrite(), closed);
  bad(await input.read(1n), closed);
  await output.subscribe().block();
  await input.subscribe().block();
  for (const stream of [input, output]) stream[Symbol.dispose]();
  accepted.drop();
});
