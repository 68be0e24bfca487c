// Sockets: refused unless granted; TCP and UDP on the loopback; addresses and names.

import { assert, assertEquals } from "@std/assert";
import { formatAddress, parseAddress } from "../../host/wasi/addresses.ts";
import { bind, done, listener, loopback, loopback6, sockets } from "./sockets.ts";
import { type Any, bad, good, interfacesOf, text, utf8 } from "./support.ts";

Deno.test("nothing is reached that was not granted", async () => {
  const of = await interfacesOf({ network: { http: true } });
  const network = of("sockets/instance-network").instanceNetwork();
  const tcp = good(of("sockets/tcp-create-socket").createTcpSocket("ipv4"));
  bad(tcp.startBind(network, loopback(0)), "access-denied");
  bad(tcp.startConnect(network, loopback(80)), "access-denied");
  const udp = good(of("sockets/udp-create-socket").createUdpSocket("ipv4"));
  bad(udp.startBind(network, loopback(0)), "access-denied");
  bad(of("sockets/ip-name-lookup").resolveAddresses(network, "localhost"), "access-denied");
});

for (const [family, address] of [["ipv4", loopback], ["ipv6", loopback6]] as const) {
  Deno.test(`TCP over ${family}: connect, accept, both directions, half-closed`, async () => {
    const made = await sockets();
    const [server, port] = await listener(made, family, address(0));
    assertEquals([server.isListening(), server.addressFamily()], [true, family]);
    bad(await server.accept(), "would-block");
    const client = made.tcp(family);
    const [input, output] = await done(
      client,
      client.startConnect(made.network, address(port)),
      () => client.finishConnect(),
    );
    await server.subscribe().block();
    const [accepted, theirInput, theirOutput] = good(server.accept());
    assertEquals(good(client.remoteAddress()), address(port));
    assertEquals(good(client.localAddress()), good(accepted.remoteAddress()));
    assertEquals(text(good(await input.read(10n))), "");
    good(await output.blockingWriteAndFlush(utf8("ping")));
    assertEquals(text(good(await theirInput.blockingRead(10n))), "ping");
    good(await theirOutput.blockingWriteAndFlush(utf8("pong and more")));
    assertEquals(text(good(await input.blockingRead(4n))), "pong");
    assertEquals(text(good(await input.blockingRead(100n))), " and more");
    good(client.shutdown("send"));
    bad(output.checkWrite(), { tag: "closed" });
    bad(await theirInput.blockingRead(1n), { tag: "closed" });
    good(await theirOutput.blockingWriteAndFlush(utf8("last")));
    accepted[Symbol.dispose]();
    assertEquals(text(good(await input.blockingRead(100n))), "last");
    bad(await input.blockingRead(1n), { tag: "closed" });
    for (const socket of [client, server]) socket[Symbol.dispose]();
  });
}

Deno.test("much data over TCP waits for who reads it", async () => {
  const made = await sockets();
  const [server, port] = await listener(made);
  const client = made.tcp();
  const [, output] = await done(
    client,
    client.startConnect(made.network, loopback(port)),
    () => client.finishConnect(),
  );
  await server.subscribe().block();
  const [accepted, input] = good(server.accept());
  const size = 20_000_000, chunk = new Uint8Array(65536).fill(5);
  const writing = (async () => {
    for (let left = size; left > 0;) {
      const permit = Number(good(await output.checkWrite()));
      if (permit === 0) {
        await output.subscribe().block();
        continue;
      }
      const part = chunk.subarray(0, Math.min(permit, left, chunk.length));
      good(output.write(part.slice()));
      left -= part.length;
    }
    good(await output.blockingFlush());
    client.shutdown("send");
  })();
  let received = 0;
  for (let answer; (answer = await input.blockingRead(100_000n)) instanceof Uint8Array;) received += answer.length;
  await writing;
  assertEquals(received, size);
  for (const socket of [client, accepted, server]) socket[Symbol.dispose]();
});

Deno.test("TCP sockets say what is wrong", async () => {
  const made = await sockets();
  const { network, tcp } = made;
  const [server, port] = await listener(made);
  const socket = tcp();
  bad(socket.startListen(), "invalid-state");
  bad(socket.finishBind(), "not-in-progress");
  bad(socket.finishConnect(), "not-in-progress");
  bad(socket.accept(), "invalid-state");
  bad(socket.localAddress(), "invalid-state");
  bad(socket.remoteAddress(), "invalid-state");
  bad(socket.shutdown("both"), "invalid-state");
  bad(socket.startBind(network, loopback6(0)), "invalid-argument");
  bad(socket.startConnect(network, loopback(0)), "invalid-argument");
  bad(socket.startConnect(network, { tag: "ipv4", val: { port: 1, address: [0, 0, 0, 0] } }), "invalid-argument");
  const mapped = {
    tag: "ipv6",
    val: { port: 1, flowInfo: 0, address: [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], scopeId: 0 },
  };
  bad(tcp("ipv6").startConnect(network, mapped), "invalid-argument");
  bad(socket.setListenBacklogSize(0n), "invalid-argument");
  bad(socket.setHopLimit(0), "invalid-argument");
  good(socket.setKeepAliveEnabled(true));
  good(socket.setKeepAliveIdleTime(5_000_000_000n));
  assertEquals([good(socket.keepAliveEnabled()), good(socket.keepAliveIdleTime())], [true, 5_000_000_000n]);
  const settings = ["keepAliveInterval", "keepAliveCount", "hopLimit", "receiveBufferSize", "sendBufferSize"];
  for (const name of settings) {
    const value = good(socket[name]());
    good(socket[`set${name[0]!.toUpperCase()}${name.slice(1)}`](value));
    assertEquals(good(socket[name]()), value);
  }
  good(socket.startBind(network, loopback(port)));
  bad(await socket.finishBind(), "would-block");
  await socket.subscribe().block();
  bad(socket.finishBind(), "address-in-use");
  server[Symbol.dispose]();
  const client = tcp();
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  closed.close();
  good(client.startConnect(network, loopback(closed.addr.port)));
  await client.subscribe().block();
  bad(client.finishConnect(), "connection-refused");
  client[Symbol.dispose]();
});

Deno.test("a connection from a bound port; one before the server listens is turned away", async () => {
  const { network, tcp } = await sockets();
  const server = tcp(), early = tcp();
  await bind(server, network, loopback(0));
  const address = good(server.localAddress());
  const [input] = await done(early, early.startConnect(network, address), () => early.finishConnect());
  const answer = await input.blockingRead(1n);
  assert(answer.val.tag === "closed" || answer.val.tag === "last-operation-failed");
  await done(server, server.startListen(), () => server.finishListen());
  const client = tcp();
  await bind(client, network, loopback(0));
  const local = good(client.localAddress());
  await done(client, client.startConnect(network, address), () => client.finishConnect());
  await server.subscribe().block();
  assertEquals(good(good(server.accept())[0].remoteAddress()), local);
  for (const socket of [server, early, client]) socket[Symbol.dispose]();
});

Deno.test("UDP: datagrams there and back, connected and not", async () => {
  const { network, udp } = await sockets();
  const a = udp(), b = udp(), c = udp();
  for (const socket of [a, b, c]) await bind(socket, network, loopback(0));
  const addressOf = (socket: Any) => good(socket.localAddress());
  const [fromAll, toAny] = good(a.stream(undefined));
  const [fromA, toA] = good(b.stream(addressOf(a)));
  const [, toB] = good(c.stream(addressOf(b)));
  assertEquals(good(b.remoteAddress()), addressOf(a));
  assertEquals(good(await fromAll.receive(10n)), []);
  assert(good(toA.checkSend()) > 0n);
  assertEquals(good(toA.send([{ data: utf8("one") }, { data: utf8("two"), remoteAddress: addressOf(a) }])), 2n);
  const received: Any[] = [];
  while (received.length < 2) {
    await fromAll.subscribe().block();
    received.push(...good(await fromAll.receive(1n)));
  }
  assertEquals(received.map(({ data, remoteAddress }) => [text(data), remoteAddress]), [
    ["one", addressOf(b)],
    ["two", addressOf(b)],
  ]);
  // What comes from elsewhere does not reach a connected socket.
  toB.checkSend();
  good(toB.send([{ data: utf8("stray") }]));
  toAny.checkSend();
  good(toAny.send([{ data: utf8("reply"), remoteAddress: addressOf(b) }]));
  await fromA.subscribe().block();
  assertEquals(good(fromA.receive(10n)).map(({ data }: Any) => text(data)), ["reply"]);
  toAny.checkSend();
  bad(toAny.send([{ data: utf8("nowhere") }]), "invalid-argument");
  toA.checkSend();
  bad(toA.send([{ data: utf8("x"), remoteAddress: addressOf(c) }]), "invalid-argument");
  toA.checkSend();
  bad(toA.send([{ data: new Uint8Array(70_000) }]), "datagram-too-large");
  for (const socket of [a, b, c]) socket[Symbol.dispose]();
});

Deno.test("UDP sockets say what is wrong", async () => {
  const { network, udp } = await sockets();
  const socket = udp();
  bad(socket.stream(undefined), "invalid-state");
  bad(socket.localAddress(), "invalid-state");
  bad(socket.remoteAddress(), "invalid-state");
  bad(socket.finishBind(), "not-in-progress");
  bad(socket.startBind(network, loopback6(0)), "invalid-argument");
  bad(socket.setUnicastHopLimit(0), "invalid-argument");
  await bind(socket, network, loopback(0));
  good(socket.setUnicastHopLimit(5));
  assertEquals(good(socket.unicastHopLimit()), 5);
  bad(socket.startBind(network, loopback(0)), "invalid-state");
  const other = udp();
  good(other.startBind(network, good(socket.localAddress())));
  await other.subscribe().block();
  bad(other.finishBind(), "address-in-use");
  socket[Symbol.dispose]();
});

Deno.test("names are looked up", async () => {
  const { network, resolve } = await sockets();
  const all = async (name: string) => {
    const stream = good(resolve(network, name));
    await stream.subscribe().block();
    const found = [];
    for (let next; (next = good(stream.resolveNextAddress())) !== undefined;) found.push(formatAddress(next));
    return found;
  };
  assert((await all("localhost")).some((address) => address === "127.0.0.1" || address === "0:0:0:0:0:0:0:1"));
  assertEquals(await all("127.0.0.9"), ["127.0.0.9"]);
  assertEquals(await all("[::1]"), ["0:0:0:0:0:0:0:1"]);
  bad(resolve(network, "not a name"), "invalid-argument");
  const missing = good(resolve(network, "missing.invalid"));
  bad(await missing.resolveNextAddress(), "would-block");
  await missing.subscribe().block();
  const code = missing.resolveNextAddress().val;
  assert(["name-unresolvable", "temporary-resolver-failure"].includes(code), code);
});

Deno.test("addresses in text", () => {
  assertEquals(parseAddress("10.0.0.255"), { tag: "ipv4", val: [10, 0, 0, 255] });
  assertEquals(parseAddress("::"), { tag: "ipv6", val: [0, 0, 0, 0, 0, 0, 0, 0] });
  assertEquals(parseAddress("fe80::1%2"), { tag: "ipv6", val: [0xfe80, 0, 0, 0, 0, 0, 0, 1] });
  assertEquals(parseAddress("1:2:3:4:5:6:7:8"), { tag: "ipv6", val: [1, 2, 3, 4, 5, 6, 7, 8] });
  assertEquals(parseAddress("::ffff:1.2.3.4"), { tag: "ipv6", val: [0, 0, 0, 0, 0, 0xffff, 0x102, 0x304] });
});

Deno.test("a socket that is dropped while it begins to connect connects to nothing", async () => {
  const { network, tcp } = await sockets();
  const upstream = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let accepted = 0;
  (async () => {
    for await (const connection of upstream) {
      accepted++;
      connection.close();
    }
  })().catch(() => {});
  const client = tcp();
  await bind(client, network, loopback(0));
  good(client.startConnect(network, loopback(upstream.addr.port)));
  client[Symbol.dispose]();
  await new Promise((done) => setTimeout(done, 30));
  upstream.close();
  assertEquals(accepted, 0);
});

Deno.test("what is written after the end of sending leaves the other direction alone", async () => {
  const made = await sockets();
  const [server, port] = await listener(made);
  const client = made.tcp();
  const [input, output] = await done(
    client,
    client.startConnect(made.network, loopback(port)),
    () => client.finishConnect(),
  );
  await server.subscribe().block();
  const [accepted, , theirOutput] = good(server.accept());
  assert(good(output.checkWrite()) > 0n);
  good(client.shutdown("send"));
  assert(output.write(utf8("late")).tag === "err");
  await new Promise((done) => setTimeout(done, 10));
  good(await theirOutput.blockingWriteAndFlush(utf8("answer")));
  assertEquals(text(good(await input.blockingRead(10n))), "answer");
  for (const socket of [client, accepted, server]) socket[Symbol.dispose]();
});

Deno.test("datagrams that nobody reads are lost at some point, empty ones too; a dropped socket sends nothing", async () => {
  const { network, udp } = await sockets();
  const a = udp(), b = udp();
  for (const socket of [a, b]) await bind(socket, network, loopback(0));
  const [incoming] = good(a.stream(undefined)), [, outgoing] = good(b.stream(good(a.localAddress())));
  for (let sent = 0; sent < 10_000;) {
    const permit = Number(good(outgoing.checkSend()));
    if (permit === 0) await outgoing.subscribe().block();
    else sent += Number(good(outgoing.send(Array.from({ length: permit }, () => ({ data: new Uint8Array() })))));
  }
  await new Promise((done) => setTimeout(done, 50));
  let received = 0;
  for (let some; (some = good(incoming.receive(1000n)).length) > 0;) received += some;
  assert(received <= 4096, `${received} datagrams were kept`);
  b[Symbol.dispose]();
  outgoing.checkSend();
  bad(outgoing.send([{ data: utf8("x") }]), "invalid-state");
  a[Symbol.dispose]();
});

Deno.test("only one host's addresses are bound and connected to", async () => {
  const { network, tcp } = await sockets();
  for (const address of [[255, 255, 255, 255], [224, 0, 0, 1]]) {
    bad(tcp().startBind(network, { tag: "ipv4", val: { port: 0, address } }), "invalid-argument");
    bad(tcp().startConnect(network, { tag: "ipv4", val: { port: 1, address } }), "invalid-argument");
  }
});

Deno.test("what the process itself may not do is refused to the guest, and nothing breaks", async () => {
  const script = `
    import { wasi } from ${JSON.stringify(import.meta.resolve("../../host/wasi/mod.ts"))};
    const imports = await wasi({ network: { sockets: true } });
    const of = (name) => imports[\`wasi:sockets/\${name}@0.2.6\`];
    const network = of("instance-network").instanceNetwork();
    const address = { tag: "ipv4", val: { port: 0, address: [127, 0, 0, 1] } };
    const tcp = of("tcp-create-socket").createTcpSocket("ipv4"), udp = of("udp-create-socket").createUdpSocket("ipv4");
    console.log(tcp.startBind(network, address).val, udp.startBind(network, address).val);`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "--ext=ts", `data:text/typescript,${encodeURIComponent(script)}`],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(text(stdout), "access-denied access-denied\n", text(stderr));
});
