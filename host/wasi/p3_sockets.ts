// What the sockets of WASI 0.3 have in common: errors, addresses that are chosen, waiting for the system.

import { err, type Result } from "../../abi/codecs/results.ts";
import type { Family, SocketAddress } from "./addresses.ts";
import { codeOf } from "./p3_answers.ts";
import { type Answer as Answer2, Network } from "./network.ts";
import type { Readiness } from "./readiness.ts";
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

/** The network of a guest that has one, for the functions of 0.2 that ask. */
export const granted: Network = new Network(true);
export const denied: Network = new Network(false);

/** Any address of this host, any port. */
export function anyAddress(family: Family): SocketAddress {
  return family === "ipv4"
    ? { tag: "ipv4", val: { port: 0, address: [0, 0, 0, 0] } }
    : { tag: "ipv6", val: { port: 0, address: [0, 0, 0, 0, 0, 0, 0, 0], flowInfo: 0, scopeId: 0 } };
}

/** A socket of 0.2, as far as binding goes. */
interface Bindable {
  readonly isUnbound: boolean;
  readonly readiness: Readiness;
  addressFamily(): Family;
  startBind(network: Network, address: SocketAddress): Answer2<void>;
  boundNow(): Answer2<void>;
}

/**
 * A synchronous function that binds a socket first: the guest is suspended for the moment that takes.
 *
 * @param addressOf Where to bind to. `undefined` if it is bound already.
 * @param then What follows.
 */
export function binding<Self, A extends unknown[], T>(
  innerOf: (self: Self) => Bindable,
  network: (self: Self) => Network,
  addressOf: (self: Self, ...args: A) => SocketAddress | undefined,
  then: (self: Self, ...args: A) => Answer<T>,
): ReturnType<typeof blocking<Self, A, Answer<T>>> {
  return blocking("a socket to be bound", (self: Self, ...args: A) => {
    const inner = innerOf(self), address = addressOf(self, ...args);
    const begun = address === undefined ? undefined : inner.startBind(network(self), address);
    const refusal = codeOf(begun);
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
