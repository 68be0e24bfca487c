// wasi:sockets/udp: what a guest does with a UDP socket, and in which order.

import "../../abi/dispose.ts";
import { Trap } from "../../errors.ts";
import type { Suspending } from "../func.ts";
import { type Family, fits, hostOf, isPeer, sameAddress, type SocketAddress } from "./addresses.ts";
import { Datagrams, type IncomingDatagram } from "./datagrams.ts";
import type { Endings } from "./base/endings.ts";
import { type Answer, type Network, refuse } from "./network.ts";
import { mayListen } from "./base/platform.ts";
import { Pollable } from "./poll.ts";
import { type Readiness, Signal } from "./readiness.ts";
import { asking } from "./waiting.ts";

/** Datagrams on their way out before the guest has to wait. */
export const MAX_SENDING = 64;
/** Datagrams that are given at once. */
const MAX_RECEIVED = 1024;
/** What fits into one. */
export const MAX_DATAGRAM = 65507;

/** The record `outgoing-datagram`. */
export interface OutgoingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress?: SocketAddress | undefined;
}

/**
 * A socket as one pair of streams has it: until the next pair is made, or the socket is dropped.
 */
class Streaming {
  readonly datagrams: Datagrams;
  readonly family: Family;
  over = false;

  constructor(datagrams: Datagrams, family: Family) {
    this.datagrams = datagrams;
    this.family = family;
  }

  /** Whether the streams do anything. */
  get usable(): boolean {
    return !this.over && !this.datagrams.closed;
  }

  /** Ready where something is, or where the streams will never do anything again. */
  readiness(ready: () => boolean): Readiness {
    const { datagrams } = this;
    return {
      ready: () => !this.usable || datagrams.failed || ready(),
      onReady: (callback) => datagrams.signal.on(callback),
    };
  }
}

/** The resource `incoming-datagram-stream`. */
export class IncomingDatagramStream {
  readonly #streaming: Streaming;
  readonly #readiness: Readiness;

  constructor(streaming: Streaming) {
    this.#streaming = streaming;
    this.#readiness = streaming.readiness(() => streaming.datagrams.arrived > 0);
  }

  /** What arrived, at most so many. */
  declare receive: Suspending<(most: bigint) => Answer<IncomingDatagram[]> | Promise<Answer<IncomingDatagram[]>>>;

  static {
    this.prototype.receive = asking((self: IncomingDatagramStream, most: bigint): Answer<IncomingDatagram[]> => {
      const { datagrams, usable } = self.#streaming;
      if (!usable) return refuse("invalid-state");
      const received = datagrams.take(most > MAX_RECEIVED ? MAX_RECEIVED : Number(most));
      if (received.length > 0 || most === 0n) return received;
      const failure = datagrams.takeFailure();
      return failure === undefined ? received : refuse(failure);
    }, (received) => Array.isArray(received) && received.length === 0);
  }

  /** Ready when something arrived. */
  subscribe(): Pollable {
    return new Pollable(this.#readiness);
  }
}

/** The resource `outgoing-datagram-stream`. */
export class OutgoingDatagramStream {
  readonly #streaming: Streaming;
  readonly #readiness: Readiness;
  #permitted = 0;

  constructor(streaming: Streaming) {
    this.#streaming = streaming;
    this.#readiness = streaming.readiness(() => streaming.datagrams.sending < MAX_SENDING);
  }

  /** How many the next `send` may have. */
  declare checkSend: Suspending<() => Answer<bigint> | Promise<Answer<bigint>>>;

  static {
    this.prototype.checkSend = asking((self: OutgoingDatagramStream): Answer<bigint> => {
      const { datagrams, usable } = self.#streaming;
      self.#permitted = usable ? Math.max(0, MAX_SENDING - datagrams.sending) : 0;
      return usable ? BigInt(self.#permitted) : refuse("invalid-state");
    }, (permit) => permit === 0n);
  }

  /** Sends; how many were taken. */
  send(datagrams: readonly OutgoingDatagram[]): Answer<bigint> {
    const streaming = this.#streaming, { usable, datagrams: socket } = streaming;
    if (!usable) return refuse("invalid-state");
    if (datagrams.length > this.#permitted) {
      throw new Trap("interface-rule", `send of ${datagrams.length} datagrams where ${this.#permitted} are permitted`);
    }
    if (datagrams.length === 0) return 0n;
    this.#permitted = 0;
    const failure = socket.takeFailure();
    if (failure !== undefined) return refuse(failure);
    let sent = 0n;
    for (const { data, remoteAddress } of datagrams) {
      const code = this.#fault(data, remoteAddress);
      if (code !== undefined) return sent > 0n ? sent : refuse(code);
      socket.send(data, (remoteAddress ?? socket.remote)!);
      sent++;
    }
    return sent;
  }

  #fault(data: Uint8Array, to: SocketAddress | undefined): string | undefined {
    const { datagrams: { remote }, family } = this.#streaming;
    if (data.length > MAX_DATAGRAM) return "datagram-too-large";
    if (to === undefined) return remote === undefined ? "invalid-argument" : undefined;
    if (remote !== undefined && !sameAddress(to, remote)) return "invalid-argument";
    return isPeer(to, family) ? undefined : "invalid-argument";
  }

  /** Ready when something may be sent. */
  subscribe(): Pollable {
    return new Pollable(this.#readiness);
  }
}

/** The resource `udp-socket`. */
export class UdpSocket {
  readonly #family: Family;
  readonly #endings: Endings;
  readonly #signal = new Signal();
  readonly #readiness: Readiness = {
    ready: () => this.#phase !== "binding" || this.#outcome !== undefined,
    onReady: (callback) => this.#signal.on(callback),
  };
  #datagrams: Datagrams | undefined;
  #streaming: Streaming | undefined;
  #phase: "unbound" | "binding" | "bound" | "dropped" = "unbound";
  /** What binding came to. */
  #outcome: { readonly code: string | undefined } | undefined;
  #hopLimit = 64;
  #receiveBufferSize = 65_536n;
  #sendBufferSize = 65_536n;

  /** Made by the library only. */
  constructor(family: Family, endings: Endings) {
    this.#family = family;
    this.#endings = endings;
  }

  /** Begins to bind. */
  startBind(network: Network, address: SocketAddress): Answer<void> {
    if (!network.granted) return refuse("access-denied");
    if (this.#phase !== "unbound") return refuse("invalid-state");
    if (!fits(address, this.#family)) return refuse("invalid-argument");
    if (!mayListen(hostOf(address), address.val.port)) return refuse("access-denied");
    this.#phase = "binding";
    this.#datagrams = new Datagrams(this.#family === "ipv6");
    this.#datagrams.bind(address, (code) => {
      this.#outcome = { code };
      this.#signal.fire();
    });
  }

  /** Whether binding worked; `would-block` while that is not known. */
  boundNow(): Answer<void> {
    if (this.#phase !== "binding") return refuse("not-in-progress");
    if (this.#outcome === undefined) return refuse("would-block");
    const { code } = this.#outcome;
    this.#outcome = undefined;
    if (code !== undefined) {
      this.#phase = "unbound";
      this.#datagrams!.close(this.#endings);
      return refuse(code);
    }
    this.#phase = "bound";
    this.#datagrams!.setHopLimit(this.#hopLimit);
  }

  /** The system's socket, once it is bound. */
  get datagrams(): Datagrams | undefined {
    return this.#phase === "bound" ? this.#datagrams : undefined;
  }

  /** Whether it was not bound yet. */
  get isUnbound(): boolean {
    return this.#phase === "unbound";
  }

  /** Ready when what was begun can be finished. */
  get readiness(): Readiness {
    return this.#readiness;
  }

  /** Whether binding worked. */
  declare finishBind: Suspending<() => Answer<void> | Promise<Answer<void>>>;

  static {
    this.prototype.finishBind = asking(
      (self: UdpSocket): Answer<void> => self.boundNow(),
      (answer) => answer?.val === "would-block",
    );
  }

  /**
   * Its two streams; connected to an address, or open to all. Streams that were made before do
   * nothing any more.
   */
  stream(remote: SocketAddress | undefined): Answer<[IncomingDatagramStream, OutgoingDatagramStream]> {
    if (this.#phase !== "bound") return refuse("invalid-state");
    if (remote !== undefined && !isPeer(remote, this.#family)) return refuse("invalid-argument");
    const datagrams = this.#datagrams!;
    if (this.#streaming !== undefined) this.#streaming.over = true;
    const connected = datagrams.connect(remote);
    datagrams.signal.fire(); // for those who wait for streams that are over
    if (!connected) return refuse("remote-unreachable");
    const streaming = this.#streaming = new Streaming(datagrams, this.#family);
    return [new IncomingDatagramStream(streaming), new OutgoingDatagramStream(streaming)];
  }

  /** Where it is bound. */
  localAddress(): Answer<SocketAddress> {
    return this.#phase === "bound" ? this.#datagrams!.local : refuse("invalid-state");
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
    if (this.#phase === "bound") this.#datagrams!.setHopLimit(value);
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
    return new Pollable(this.#readiness);
  }

  [Symbol.dispose](): void {
    this.#phase = "dropped";
    this.#datagrams?.close(this.#endings);
  }
}
