// What the sockets of WASI 0.3 have in common: errors, binding, addresses that are chosen, and what both
// kinds hand on to the socket of 0.2.

import "../../abi/dispose.ts";
import { err, type Result } from "../../abi/codecs/results.ts";
import type { Suspending } from "../func.ts";
import type { Family, SocketAddress } from "./addresses.ts";
import { codeOf } from "./p3_answers.ts";
import { type Answer as Answer2, Network } from "./network.ts";
import type { Readiness } from "./readiness.ts";
import type { State } from "./state.ts";
import { blocking, Done } from "./waiting.ts";

/** The variant `error-code`. */
export interface SocketError {
  readonly tag: string;
}
/** What a function of a socket's gives: its value, or an error. */
export type Answer<T> = T | Result<never, SocketError>;

const CODES: ReadonlySet<string> = new Set([
  "access-denied",
  "not-supported",
  "invalid-argument",
  "out-of-memory",
  "timeout",
  "invalid-state",
  "address-not-bindable",
  "address-in-use",
  "remote-unreachable",
  "connection-refused",
  "connection-broken",
  "connection-reset",
  "connection-aborted",
  "datagram-too-large",
]);

/** An error code of 0.2 as a case of 0.3's variant. */
export function socketError(code: string): SocketError {
  return { tag: CODES.has(code) ? code : "other" };
}

/** An error as a result. */
export function refused(code: string): Result<never, SocketError> {
  return err(socketError(code)) as Result<never, SocketError>;
}

/** A 0.2 answer with the error of 0.3. */
export function answered<T>(answer: Answer2<T>): Answer<T> {
  const code = codeOf(answer);
  return code === undefined ? answer as T : refused(code);
}

/** The network of a guest that has one, or has none, for the functions of 0.2 that ask. */
const [granted, denied] = [new Network(true), new Network(false)];

/** Any address of this host, any port. */
export function anyAddress(family: Family): SocketAddress {
  return family === "ipv4"
    ? { tag: "ipv4", val: { port: 0, address: [0, 0, 0, 0] } }
    : { tag: "ipv6", val: { port: 0, address: [0, 0, 0, 0, 0, 0, 0, 0], flowInfo: 0, scopeId: 0 } };
}

/** A socket of 0.2, as far as both kinds are alike. */
interface InnerSocket extends Disposable {
  readonly isUnbound: boolean;
  readonly readiness: Readiness;
  addressFamily(): Family;
  startBind(network: Network, address: SocketAddress): Answer2<void>;
  boundNow(): Answer2<void>;
  localAddress(): Answer2<SocketAddress>;
  remoteAddress(): Answer2<SocketAddress>;
  receiveBufferSize(): Answer2<bigint>;
  setReceiveBufferSize(value: bigint): Answer2<void>;
  sendBufferSize(): Answer2<bigint>;
  setSendBufferSize(value: bigint): Answer2<void>;
}

/** What both kinds of sockets do. */
export abstract class P3Socket<Inner extends InnerSocket> {
  protected readonly inner: Inner;
  protected readonly state: State;

  /** Made by the library only. */
  constructor(state: State, inner: Inner) {
    this.state = state;
    this.inner = inner;
  }

  declare bind: Suspending<(address: SocketAddress) => Answer<void> | Promise<Answer<void>>>;

  static {
    this.prototype.bind = this.binding((_: P3Socket<InnerSocket>, address: SocketAddress) => address, () => undefined);
  }

  /** The network, as far as the guest has it. */
  protected get network(): Network {
    return this.state.sockets ? granted : denied;
  }

  /**
   * Makes a synchronous function that binds a socket first: the guest is suspended for the moment that
   * takes.
   *
   * @param addressOf Where to bind to. `undefined` if it is bound already.
   * @param then What follows.
   */
  protected static binding<Self extends P3Socket<InnerSocket>, A extends unknown[], T>(
    addressOf: (self: Self, ...args: A) => SocketAddress | undefined,
    then: (self: Self, ...args: A) => Answer<T>,
  ): ReturnType<typeof blocking<Self, A, Answer<T>>> {
    return blocking("a socket to be bound", (self: Self, ...args: A) => {
      const { inner, network } = self, address = addressOf(self, ...args);
      const refusal = codeOf(address === undefined ? undefined : inner.startBind(network, address));
      let isBound = address === undefined;
      return () => {
        if (refusal !== undefined) return new Done<Answer<T>>(refused(refusal));
        if (!isBound) {
          const code = codeOf(inner.boundNow());
          if (code === "would-block") return [inner.readiness];
          if (code !== undefined) return new Done<Answer<T>>(refused(code));
          isBound = true;
        }
        return new Done<Answer<T>>(then(self, ...args));
      };
    });
  }

  getLocalAddress(): Answer<SocketAddress> {
    return answered(this.inner.localAddress());
  }

  getRemoteAddress(): Answer<SocketAddress> {
    return answered(this.inner.remoteAddress());
  }

  getAddressFamily(): Family {
    return this.inner.addressFamily();
  }

  getReceiveBufferSize(): Answer<bigint> {
    return answered(this.inner.receiveBufferSize());
  }

  setReceiveBufferSize(value: bigint): Answer<void> {
    return answered(this.inner.setReceiveBufferSize(value));
  }

  getSendBufferSize(): Answer<bigint> {
    return answered(this.inner.sendBufferSize());
  }

  setSendBufferSize(value: bigint): Answer<void> {
    return answered(this.inner.setSendBufferSize(value));
  }

  [Symbol.dispose](): void {
    this.inner[Symbol.dispose]();
  }
}
