// wasi:sockets/network: the resource that gives access, and error codes.

import { err, type Result } from "../../abi/codecs/results.ts";
import { type IoError, StreamFailure } from "./streams.ts";

/** What a function of a socket's gives: its value, or an error code. */
export type Answer<T> = T | Result<never, string>;

/** A network error as a result. */
export function refuse(code: string): Result<never, string> {
  return err(code) as Result<never, string>;
}

type Codes = Readonly<Record<string, string>>;

/** The enum `error-code`, by the operating system's names. */
const CODES: Codes = {
  EACCES: "access-denied",
  EPERM: "access-denied",
  EADDRINUSE: "address-in-use",
  EADDRNOTAVAIL: "address-not-bindable",
  EINVAL: "invalid-argument",
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-reset",
  EPIPE: "connection-reset",
  ECONNABORTED: "connection-aborted",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "remote-unreachable",
  ENETUNREACH: "remote-unreachable",
  EHOSTDOWN: "remote-unreachable",
  ENETDOWN: "remote-unreachable",
  EMSGSIZE: "datagram-too-large",
  EMFILE: "new-socket-limit",
  ENOMEM: "out-of-memory",
  ENOBUFS: "out-of-memory",
  ENFILE: "new-socket-limit",
  EALREADY: "concurrency-conflict",
  EAFNOSUPPORT: "not-supported",
  EOPNOTSUPP: "not-supported",
  ENETRESET: "remote-unreachable",
  ENONET: "remote-unreachable",
};
/** What `bind` means by some of them. Deno says EINVAL for an address that is not this host's. */
export const BIND_CODES: Codes = { EINVAL: "address-not-bindable" };
/** What `connect` means by some of them: no port was left to bind to. */
export const CONNECT_CODES: Codes = { EADDRNOTAVAIL: "address-in-use", EAGAIN: "address-in-use" };
/** What a resolver says. Anything else is that there is no such name. */
export const RESOLVER_CODES: Codes = {
  EAI_AGAIN: "temporary-resolver-failure",
  EAI_FAIL: "permanent-resolver-failure",
  EAI_MEMORY: "out-of-memory",
  ETIMEOUT: "temporary-resolver-failure",
  ESERVFAIL: "permanent-resolver-failure",
};

/**
 * The code for what a socket's runtime said.
 *
 * @param meanings What the operation means by some of the system's codes.
 */
export function networkCode(error: unknown, meanings: Codes = {}): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (name === "NotCapable" || name === "PermissionDenied") return "access-denied";
  return typeof code === "string" ? meanings[code] ?? CODES[code] ?? "unknown" : "unknown";
}

/** A socket's error as its streams tell it. */
export function networkFailure(error: unknown): StreamFailure {
  return new StreamFailure(error instanceof Error ? error.message : String(error), { network: networkCode(error) });
}

/** `network-error-code`. */
export function networkErrorCode(error: IoError): string | undefined {
  return error.codes.network;
}

/** The resource `network`. */
export class Network {
  /** Whether it gives anything. */
  readonly granted: boolean;

  /** Made by the library only. */
  constructor(granted: boolean) {
    this.granted = granted;
  }
}
