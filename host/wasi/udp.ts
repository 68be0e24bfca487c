// wasi:sockets/udp over `node:dgram`.

import "../../abi/dispose.ts";
import type { Socket } from "node:dgram";
import { Trap } from "../../errors.ts";
import {
  type Answer,
  type Family,
  fits,
  hostOf,
  isPeer,
  type Network,
  networkCode,
  refuse,
  type SocketAddress,
  socketAddress,
} from "./addresses.ts";
import { mayListen, required } from "./platform.ts";
import { Pollable } from "./poll.ts";
import { Signal } from "./readiness.ts";

/** Bytes that arrived and wait for the guest; what comes then is lost, as datagrams may be. */
const MAX_WAITING = 1 << 20;
/** What one takes besides its bytes. */
const OVERHEAD = 256;
/** Datagrams on their way out before the guest has to wait. */
const MAX_SENDING = 64;
/** What fits into one. */
const MAX_DATAGRAM = 65507;

/** The record `incoming-datagram`. */
export interface IncomingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress: SocketAddress;
}
/** The record `outgoing-datagram`. */
export interface OutgoingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress?: SocketAddress | undefined;
}

function sameAddress(a: SocketAddress, b: SocketAddress): boolean {
  return a.tag === b.tag && a.val.port === b.val.port && a.val.address.every((part, i) => part === b.val.address[i]);
}

/** The operating system's socket and what arrived at it. */
class Datagrams {
  readonly socket: Socket;
  readonly signal: Signal = new Signal();
  readonly arrived: IncomingDatagram[] = [];
  #waiting = 0;
  readonly #outgoing: { readonly data: Uint8Array; readonly to: SocketAddress }[] = [];
  /** Where it is connected to; only from there something arrives. */
  remote: SocketAddress | undefined;
  failure: unknown;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("message", (data, from) => {
      const remoteAddress = socketAddress(from.address, from.port);
      if (this.#waiting + data.length + OVERHEAD > MAX_WAITING) return;
      if (this.remote !== undefined && !sameAddress(this.remote, remoteAddress)) return;
      this.#waiting += data.length + OVERHEAD;
      this.arrived.push({ data: new Uint8Array(data), remoteAddress });
      this.signal.fire();
    });
  }

  take(most: number): IncomingDatagram[] {
    const taken = this.arrived.splice(0, most);
    for (const { data } of taken) this.#waiting -= data.length + OVERHEAD;
    return taken;
  }

  /** Sends one after the other: some runtimes would change their order. */
  send(data: Uint8Array, to: SocketAddress): void {
    this.#outgoing.push({ data, to });
    if (this.#outgoing.length === 1) this.#sendNext();
  }

  #sendNext(): void {
    if (this.closed) return void (this.#outgoing.length = 0);
    const { data, to } = this.#outgoing[0]!;
    this.socket.send(data, to.val.port, hostOf(to), (error) => {
      this.#outgoing.shift();
      this.failure ??= error ?? undefined;
      if (this.#outgoing.length > 0) this.#sendNext();
      this.signal.fire();
    });
  }

  close(): void {
    this.closed = true;
    this.socket.close();
    this.signal.fire();
  }

  /** How many are on their way. */
  get sending(): number {
    return this.#outgoing.length;
  }
}

/** The resource `incoming-datagram-stream`. */
export class IncomingDatagramStream {
  readonly #datagrams: Datagrams;

  constructor(datagrams: Datagrams) {
    this.#datagrams = datagrams;
  }

  /** What arrived, at most so many. */
  receive(most: bigint): Answer<IncomingDatagram[]> {
    return this.#datagrams.take(Number(most > 1024n ? 1024n : most));
  }

  /** Ready when something arrived. */
  subscribe(): Pollable {
    const { signal, arrived } = this.#datagrams;
    return new Pollable({ ready: () => arrived.length > 0, onReady: (callback) => signal.on(callback) });
  }
}

/** The resource `outgoing-datagram-stream`. */
export class OutgoingDatagramStream {
  readonly #datagrams: Datagrams;
  readonly #family: Family;
  #permitted = 0;

  constructor(datagrams: Datagrams, family: Family) {
    this.#datagrams = datagrams;
    this.#family = family;
  }

  /** How many the next `send` may have. */
  checkSend(): Answer<bigint> {
    this.#permitted = Math.max(0, MAX_SENDING - this.#datagrams.sending);
    return BigInt(this.#permitted);
  }

  /** Sends; how many were taken. */
  send(datagrams: readonly OutgoingDatagram[]): Answer<bigint> {
    if (datagrams.length > this.#permitted) {
      throw new Trap("interface-rule", `send of ${datagrams.length} datagrams where ${this.#permitted} are permitted`);
    }
    const { failure, remote, closed } = this.#datagrams;
    if (closed) return refuse("invalid-state");
    this.#datagrams.failure = undefined;
    if (failure !== undefined) return refuse(networkCode(failure));
    this.#permitted = 0;
    let sent = 0n;
    for (const { data, remoteAddress } of datagrams) {
      const code = this.#fault(data, remoteAddress);
      if (code !== undefined) return sent > 0n ? sent : refuse(code);
      this.#datagrams.send(data, (remoteAddress ?? remote)!);
      sent++;
    }
    return sent;
  }

  #fault(data: Uint8Array, to: SocketAddress | undefined): string | undefined {
    const { remote } = this.#datagrams;
    if (data.length > MAX_DATAGRAM) return "datagram-too-large";
    if (to === undefined) return remote === undefined ? "invalid-argument" : undefined;
    if (remote !== undefined && !sameAddress(to, remote)) return "invalid-argument";
    return isPeer(to, this.#family) ? undefined : "invalid-argument";
  }

  /** Ready when something may be sent. */
  subscribe(): Pollable {
    const { signal } = this.#datagrams;
    return new Pollable({
      ready: () => this.#datagrams.sending < MAX_SENDING,
      onReady: (callback) => signal.on(callback),
    });
  }
}

/** The resource `udp-socket`. */
export class UdpSocket {
  readonly #family: Family;
  readonly #signal = new Signal();
  #datagrams: Datagrams | undefined;
  #phase: "unbound" | "binding" | "bound" = "unbound";
  #outcome: { readonly error?: unknown } | undefined;
  #hopLimit = 64;
  #receiveBufferSize = 65_536n;
  #sendBufferSize = 65_536n;

  /** Made by the library only. */
  constructor(family: Family) {
    this.#family = family;
  }

  /** Begins to bind. */
  startBind(network: Network, address: SocketAddress): Answer<void> {
    if (!network.granted) return refuse("access-denied");
    if (this.#phase !== "unbound") return refuse("invalid-state");
    if (!fits(address, this.#family)) return refuse("invalid-argument");
    if (!mayListen(hostOf(address), address.val.port)) return refuse("access-denied");
    const ipv6 = this.#family === "ipv6";
    const socket = required("node:dgram", "sockets").createSocket({ type: ipv6 ? "udp6" : "udp4", ipv6Only: ipv6 });
    this.#phase = "binding";
    this.#datagrams = new Datagrams(socket);
    const settle = (error?: unknown): void => {
      if (this.#phase !== "binding") {
        this.#datagrams!.failure = error;
        return;
      }
      this.#outcome = error === undefined ? {} : { error };
      this.#signal.fire();
    };
    socket.on("error", settle);
    socket.bind({ address: hostOf(address), port: address.val.port, exclusive: true }, () => settle());
  }

  /** Whether binding worked. */
  finishBind(): Answer<void> {
    if (this.#phase !== "binding") return refuse("not-in-progress");
    if (this.#outcome === undefined) return refuse("would-block");
    const { error } = this.#outcome;
    this.#outcome = undefined;
    this.#phase = error === undefined ? "bound" : "unbound";
    if (error !== undefined) return refuse(networkCode(error));
    this.#datagrams!.socket.setTTL(this.#hopLimit);
  }

  /** Its two streams; connected to an address, or open to all. */
  stream(remote: SocketAddress | undefined): Answer<[IncomingDatagramStream, OutgoingDatagramStream]> {
    if (this.#phase !== "bound") return refuse("invalid-state");
    if (remote !== undefined && !isPeer(remote, this.#family)) return refuse("invalid-argument");
    const datagrams = this.#datagrams!;
    datagrams.remote = remote;
    datagrams.take(Infinity);
    return [new IncomingDatagramStream(datagrams), new OutgoingDatagramStream(datagrams, this.#family)];
  }

  /** Where it is bound. */
  localAddress(): Answer<SocketAddress> {
    if (this.#phase !== "bound") return refuse("invalid-state");
    const { address, port } = this.#datagrams!.socket.address();
    return socketAddress(address, port);
  }
  /** Where it is connected to. */
  remoteAddress(): Answer<SocketAddress> {
    return this.#datagrams?.remote ?? refuse("invalid-state");
  }
  /** IPv4 or IPv6. */
  addressFamily(): Family {
    return this.#family;
  }
  /** Time to live. */
  unicastHopLimit(): Answer<number> {
    return this.#hopLimit;
  }
  /** Sets it. */
  setUnicastHopLimit(value: number): Answer<void> {
    if (value === 0) return refuse("invalid-argument");
    this.#hopLimit = value;
    if (this.#phase === "bound") this.#datagrams!.socket.setTTL(value);
  }
  /** Of the operating system. */
  receiveBufferSize(): Answer<bigint> {
    return this.#receiveBufferSize;
  }
  /** Sets it. */
  setReceiveBufferSize(value: bigint): Answer<void> {
    if (value === 0n) return refuse("invalid-argument");
    this.#receiveBufferSize = value;
  }
  /** Of the operating system. */
  sendBufferSize(): Answer<bigint> {
    return this.#sendBufferSize;
  }
  /** Sets it. */
  setSendBufferSize(value: bigint): Answer<void> {
    if (value === 0n) return refuse("invalid-argument");
    this.#sendBufferSize = value;
  }

  /** Ready when what was begun can be finished. */
  subscribe(): Pollable {
    return new Pollable({
      ready: () => this.#phase !== "binding" || this.#outcome !== undefined,
      onReady: (callback) => this.#signal.on(callback),
    });
  }

  [Symbol.dispose](): void {
    this.#phase = "unbound";
    this.#datagrams?.close();
  }
}
