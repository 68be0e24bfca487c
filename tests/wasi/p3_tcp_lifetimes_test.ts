// Streams of WASI 0.3 that outlive their socket: the handle, and what was made of it, own one connection.

import { assert, assertEquals } from "@std/assert";
import { wasi } from "@windlass/component/wasi";
import { type Any, text, utf8 } from "./support.ts";

const { "[static]tcp-socket.create": create } =
  (await wasi({ network: { sockets: true } }) as Any)["wasi:sockets/types@0.3.0"];

/** What a stream has, up to its end. */
async function all(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let found = "";
  for await (const bytes of stream) found += text(bytes);
  return found;
}

/** Two ends of a connection on this machine. */
async function pair(): Promise<[Any, Any]> {
  const listener = create("ipv4"), client = create("ipv4");
  await listener.bind({ tag: "ipv4", val: { port: 0, address: [127, 0, 0, 1] } });
  const connections = (await listener.listen())[Symbol.asyncIterator]();
  const [{ value: server }] = await Promise.all([
    connections.next(),
    client.connect(listener.getLocalAddress()),
  ]);
  listener[Symbol.dispose]();
  return [server, client];
}

/** A stream that is open until the given text is sent. */
function later(): { stream: ReadableStream<Uint8Array>; send(last: string): void } {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const send = (last: string): void => {
    const writer = writable.getWriter();
    writer.write(utf8(last)).then(() => writer.close(), () => {});
  };
  return { stream: readable, send };
}

Deno.test("streams of a TCP connection of WASI 0.3 work after their socket is dropped", async () => {
  const [server, client] = await pair(), ping = later(), pong = later();
  const serverSent = server.send(ping.stream), [fromClient, serverReceived] = server.receive();
  const clientSent = client.send(pong.stream), [fromServer, clientReceived] = client.receive();
  server[Symbol.dispose]();
  client[Symbol.dispose]();
  ping.send("ping");
  assertEquals(await all(fromServer), "ping");
  pong.send("pong");
  assertEquals(await all(fromClient), "pong");
  for (const result of await Promise.all([serverSent, serverReceived, clientSent, clientReceived])) {
    assert(result.tag === "ok", result.val);
  }
});
