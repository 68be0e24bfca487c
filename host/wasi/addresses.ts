// wasi:sockets/network: addresses and error codes, and the lookup of names.

import { err, type Result } from "../../abi/results.ts";
import { Pollable } from "./poll.ts";
import { required } from "./platform.ts";
import { Settled } from "./readiness.ts";
import { type IoError, StreamFailure } from "./streams.ts";

/** The enum `ip-address-family`. */
export type Family = "ipv4" | "ipv6";
/** The variant `ip-address`. */
export interface IpAddress {
  readonly tag: Family;
  readonly val: readonly number[];
}
/** The variant `ip-socket-address`. */
export interface SocketAddress {
  readonly tag: Family;
  readonly val: {
    readonly port: number;
    readonly address: readonly number[];
    readonly flowInfo?: number;
    readonly scopeId?: number;
  };
}

/** What a function of a socket's gives: its value, or an error code. */
export type Answer<T> = T | Result<never, string>;

/** A network error as a result. */
export function refuse(code: string): Result<never, string> {
  return err(code) as Result<never, string>;
}

/** An address in text, as the runtime takes it. */
export function formatAddress({ tag, val }: IpAddress): string {
  return tag === "ipv4" ? val.join(".") : val.map((part) => part.toString(16)).join(":");
}

/** The host of a socket address in text. */
export function hostOf({ tag, val }: SocketAddress): string {
  const address = formatAddress({ tag, val: val.address });
  return tag === "ipv6" && val.scopeId ? `${address}%${val.scopeId}` : address;
}

/** An address that the runtime gave as text. */
export function parseAddress(text: string): IpAddress {
  if (!text.includes(":")) return { tag: "ipv4", val: text.split(".").map(Number) };
  let [plain = ""] = text.split("%");
  const embedded = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(plain);
  if (embedded !== null) {
    const [a, b, c, d] = embedded.slice(2).map(Number) as [number, number, number, number];
    plain = `${embedded[1]}${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
  }
  const [head = "", tail] = plain.split("::");
  const parts = (words: string): number[] => words === "" ? [] : words.split(":").map((word) => parseInt(word, 16));
  const front = parts(head), back = parts(tail ?? "");
  return { tag: "ipv6", val: [...front, ...Array(8 - front.length - back.length).fill(0), ...back] };
}

/** A socket address that the runtime gave. */
export function socketAddress(address: string, port: number): SocketAddress {
  const { tag, val } = parseAddress(address);
  return tag === "ipv4"
    ? { tag, val: { port, address: val } }
    : { tag, val: { port, address: val, flowInfo: 0, scopeId: Number(/%(\d+)$/.exec(address)?.[1] ?? 0) } };
}

/** Whether no host has it: `0.0.0.0` or `::`. */
function isUnspecified({ val }: SocketAddress): boolean {
  return val.address.every((part) => part === 0);
}

/** Whether it is one host's: no multicast, no broadcast. */
export function isUnicast({ tag, val }: SocketAddress): boolean {
  const [first = 0] = val.address;
  if (tag === "ipv6") return first >> 8 !== 0xff;
  return (first < 224 || first > 239) && !val.address.every((part) => part === 255);
}

/** Whether a socket of a family may use it: of the family, and no IPv4 address in IPv6 clothes. */
export function fits({ tag, val }: SocketAddress, family: Family): boolean {
  const [a, b, c, d, e, f] = val.address;
  const mapped = tag === "ipv6" && !a && !b && !c && !d && !e && f === 0xffff;
  return tag === family && !mapped;
}

/** Whether a socket of a family may send to it: one that fits, of some host, with a port. */
export function isPeer(address: SocketAddress, family: Family): boolean {
  return fits(address, family) && !isUnspecified(address) && address.val.port !== 0;
}

const CODES: Readonly<Record<string, string>> = {
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
  EAFNOSUPPORT: "not-supported",
  ENOTFOUND: "name-unresolvable",
  EAI_AGAIN: "temporary-resolver-failure",
};

/** The code for what a socket's runtime said. */
export function networkCode(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (name === "NotCapable" || name === "PermissionDenied") return "access-denied";
  return typeof code === "string" ? CODES[code] ?? "unknown" : "unknown";
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

/** The resource `resolve-address-stream`. */
export class ResolveAddressStream {
  readonly #settled: Settled;
  #addresses: IpAddress[] | undefined;
  #failure: string | undefined;

  constructor(addresses: Promise<readonly { readonly address: string }[]>) {
    this.#settled = new Settled(addresses.then((found) => {
      this.#addresses = found.map(({ address }) => parseAddress(address));
    }, (error) => {
      this.#failure = networkCode(error) === "unknown" ? "name-unresolvable" : networkCode(error);
    }));
  }

  /** The next address; nothing at the end. */
  resolveNextAddress(): IpAddress | undefined | Result<never, string> {
    if (this.#failure !== undefined) return refuse(this.#failure);
    if (this.#addresses === undefined) return refuse("would-block");
    return this.#addresses.shift();
  }

  /** Ready when the answer is there. */
  subscribe(): Pollable {
    return new Pollable(this.#settled);
  }
}

/** `resolve-addresses`. */
export function resolveAddresses(network: Network, name: string): ResolveAddressStream | Result<never, string> {
  if (!network.granted) return refuse("access-denied");
  if (!/^[^\s/?#@\\\0]{1,253}$/.test(name)) return refuse("invalid-argument");
  const dns = required("node:dns", "sockets");
  return new ResolveAddressStream(
    new Promise((resolve, reject) => {
      const host = /^\[(.*)\]$/.exec(name)?.[1] ?? name;
      dns.lookup(host, { all: true }, (error, found) => error === null ? resolve(found) : reject(error));
    }),
  );
}
