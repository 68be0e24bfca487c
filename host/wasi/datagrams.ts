// One UDP socket of the operating system's, over `node:dgram`: what arrived at it, and what is on
// its way out.
// It is connected as the system connects it where the runtime can: then the system tells that
// nobody listens at the other end.

import type { Socket } from "node:dgram";
import { hostOf, isLoopback, isUnspecified, sameAddress, type SocketAddress, socketAddress } from "./addresses.ts";
import type { Endings } from "./base/endings.ts";
import { BIND_CODES, networkCode } from "./network.ts";
import { inDeno, required } from "./base/platform.ts";
import { Signal } from "./readiness.ts";

/** Bytes that arrived and wait for the guest; what comes then is lost, as datagrams may be. */
const MAX_WAITING = 1 << 20;
/** What one takes besides its bytes. */
const OVERHEAD = 256;
/** Ports that are tried where the guest wants any. */
const MAX_PORTS = 64;
/** The ports for such use: IANA's "dynamic" ones. */
const DYNAMIC_PORTS = { first: 49152, count: 16384 } as const;

/** The record `incoming-datagram`. */
export interface IncomingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress: SocketAddress;
}

/**
 * A socket of the runtime's. Addresses are never names: they are "looked up" at once, so that
 * nothing is reordered.
 */
function create(ipv6: boolean): Socket {
  const lookup = (host: string, _: unknown, done: (error: null, address: string, family: number) => void): void =>
    done(null, host, ipv6 ? 6 : 4);
  return required("node:dgram", "sockets").createSocket({
    type: ipv6 ? "udp6" : "udp4",
    ipv6Only: ipv6,
    lookup: lookup as never,
  });
}

/** The operating system's socket. */
export class Datagrams {
  readonly signal: Signal = new Signal();
  readonly #ipv6: boolean;
  #socket: Socket;
  readonly #arrived: IncomingDatagram[] = [];
  #waiting = 0;
  /**
   * Deno only: what was taken and not sent yet. Its sends are asynchronous, and would change their
   * order.
   */
  readonly #queue: (() => void)[] = [];
  #sending = 0;
  #remote: SocketAddress | undefined;
  #connected = false;
  #failure: unknown;
  #closed: (() => void) | undefined;

  /** A socket that is not bound yet. */
  constructor(ipv6: boolean) {
    this.#ipv6 = ipv6;
    this.#socket = create(ipv6);
  }

  /** Binds it; `done` is told the error's code, if there is one. */
  bind(address: SocketAddress, done: (code?: string) => void): void {
    const host = hostOf(address);
    // Linux takes back a port that it chose itself when the socket is disconnected: a port of our
    // choice stays.
    let tries = address.val.port === 0 && !inDeno ? MAX_PORTS : 0;
    const attempt = (): void => {
      const socket = this.#socket;
      const port = tries > 0 ? DYNAMIC_PORTS.first + Math.floor(Math.random() * DYNAMIC_PORTS.count) : address.val.port;
      const failed = (error: unknown): void => {
        if (this.#closed !== undefined) return;
        const code = networkCode(error, BIND_CODES);
        if (code !== "address-in-use" || tries === 0) return done(code);
        tries--;
        socket.close();
        this.#socket = create(this.#ipv6);
        attempt();
      };
      socket.once("error", failed);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off("error", failed);
        this.#listen(socket);
        done();
      });
    };
    attempt();
  }

  #listen(socket: Socket): void {
    socket.on("error", (error) => this.#fail(error));
    socket.on("message", (data, from) => {
      const remoteAddress = socketAddress(from.address, from.port);
      if (this.#waiting + data.length + OVERHEAD > MAX_WAITING || !this.#isFrom(remoteAddress)) return;
      this.#waiting += data.length + OVERHEAD;
      this.#arrived.push({ data: new Uint8Array(data), remoteAddress });
      this.signal.fire();
    });
  }

  #isFrom(address: SocketAddress): boolean {
    return this.#remote === undefined || sameAddress(this.#remote, address);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.signal.fire();
  }

  /** Where it is connected to; only from there something arrives. */
  get remote(): SocketAddress | undefined {
    return this.#remote;
  }

  /** Connects it, or with `undefined` disconnects it. Gives whether that worked. */
  connect(remote: SocketAddress | undefined): boolean {
    this.#failure = undefined;
    this.#remote = remote;
    if (!inDeno) {
      if (this.#connected) this.#socket.disconnect();
      this.#connected = false;
      if (remote !== undefined) {
        try {
          this.#socket.connect(remote.val.port, hostOf(remote), () => {});
          this.#socket.remoteAddress(); // throws where it did not work
          this.#connected = true;
        } catch {
          this.#remote = undefined;
          return false;
        }
      }
    }
    // What arrived before is still there, as far as it is from the right one.
    const kept = this.#arrived.filter(({ remoteAddress }) => this.#isFrom(remoteAddress));
    this.take(Infinity);
    for (const datagram of kept) this.#waiting += datagram.data.length + OVERHEAD;
    this.#arrived.push(...kept);
    return true;
  }

  /** Where it is bound. */
  get local(): SocketAddress {
    const { address, port } = this.#socket.address(), local = socketAddress(address, port);
    // Deno does not connect it, and so the system does not choose an address: for the loopback
    // there is one only.
    if (this.#connected || this.#remote === undefined || !isLoopback(this.#remote) || !isUnspecified(local)) {
      return local;
    }
    return socketAddress(local.tag === "ipv4" ? "127.0.0.1" : "::1", port);
  }

  setHopLimit(limit: number): void {
    this.#socket.setTTL(limit);
  }

  /** How many have arrived. */
  get arrived(): number {
    return this.#arrived.length;
  }

  /** What arrived, at most so many. */
  take(most: number): IncomingDatagram[] {
    const taken = this.#arrived.splice(0, most);
    for (const { data } of taken) this.#waiting -= data.length + OVERHEAD;
    return taken;
  }

  /** Whether the system told of an error that nobody was told yet. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** The code of what the system told; it is told once. */
  takeFailure(): string | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? undefined : networkCode(failure);
  }

  /** How many are on their way out. */
  get sending(): number {
    return this.#sending;
  }

  /** Sends one. */
  send(data: Uint8Array, to: SocketAddress): void {
    this.#sending++;
    const sent = (error: unknown): void => {
      this.#sending--;
      if (error) this.#fail(error);
      this.#queue.shift();
      this.#queue[0]?.();
      if (this.#sending === 0) this.#closed?.();
      this.signal.fire();
    };
    const send = (): void => {
      try {
        if (this.#connected) this.#socket.send(data, sent);
        else this.#socket.send(data, to.val.port, hostOf(to), sent);
      } catch (error) {
        sent(error); // some are told at once
      }
    };
    if (!inDeno) return send();
    this.#queue.push(send);
    if (this.#queue.length === 1) send();
  }

  /** Closes it, after what is on its way out was sent. */
  close(endings: Endings): void {
    if (this.#closed !== undefined) return;
    endings.add(
      new Promise<void>((resolve) => {
        this.#closed = () => this.#socket.close(resolve);
        if (this.#sending === 0) this.#closed();
      }),
    );
    this.signal.fire();
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }
}
