// Sockets as a guest has them, for tests: all on the loopback.

import { type Any, bad, good, interfacesOf } from "./support.ts";

export const loopback = (port: number): Any => ({ tag: "ipv4", val: { port, address: [127, 0, 0, 1] } });
export const loopback6 = (port: number): Any => ({
  tag: "ipv6",
  val: { port, flowInfo: 0, address: [0, 0, 0, 0, 0, 0, 0, 1], scopeId: 0 },
});

/** The sockets of a guest that may use them. */
export async function sockets(): Promise<Any> {
  const of = await interfacesOf({ network: { sockets: true } });
  return {
    network: of("sockets/instance-network").instanceNetwork(),
    tcp: (family = "ipv4"): Any => good(of("sockets/tcp-create-socket").createTcpSocket(family)),
    udp: (family = "ipv4"): Any => good(of("sockets/udp-create-socket").createUdpSocket(family)),
    resolve: of("sockets/ip-name-lookup").resolveAddresses,
  };
}

/** Begins, waits, finishes. */
export async function done(socket: Any, begun: unknown, finish: () => unknown): Promise<Any> {
  good(begun);
  await socket.subscribe().block();
  return good(finish());
}

export const bind = (socket: Any, network: Any, address: unknown): Promise<Any> =>
  done(socket, socket.startBind(network, address), () => socket.finishBind());

/** A socket that listens, and its port. */
export async function listener(
  { tcp, network }: Any,
  family = "ipv4",
  address: Any = loopback(0),
): Promise<[Any, number]> {
  const server = tcp(family);
  await bind(server, network, address);
  await done(server, server.startListen(), () => server.finishListen());
  return [server, good(server.localAddress()).val.port];
}

/**
 * Two sockets that are connected: what connected, then what was accepted, each with its streams.
 */
export async function connection(family = "ipv4"): Promise<[Peer, Peer]> {
  const made = await sockets(), address = family === "ipv4" ? loopback : loopback6;
  const [server, port] = await listener(made, family, address(0));
  const client = made.tcp(family);
  const streams = await done(
    client,
    client.startConnect(made.network, address(port)),
    () => client.finishConnect(),
  );
  await server.subscribe().block();
  const [accepted, ...theirs] = good(server.accept());
  server[Symbol.dispose]();
  return [new Peer(client, streams), new Peer(accepted, theirs)];
}

/** A connected socket and its streams. */
export class Peer {
  readonly socket: Any;
  readonly input: Any;
  readonly output: Any;

  constructor(socket: Any, [input, output]: Any) {
    this.socket = socket;
    this.input = input;
    this.output = output;
  }

  /** Everything until the end, which must be one: a connection that breaks off is none. */
  async rest(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let part: Any;
    while ((part = await this.input.blockingRead(65_536n)) instanceof Uint8Array) parts.push(part);
    bad(part, { tag: "closed" });
    return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  }

  /** Drops all of it, as a guest does: its streams, then the socket. */
  drop(): void {
    for (const each of [this.input, this.output, this.socket]) each[Symbol.dispose]();
  }
}
