// wasi:sockets/ip-name-lookup: names and addresses in text, to addresses.

import type { Result } from "../../abi/codecs/results.ts";
import type { Suspending } from "../func.ts";
import { canonical, type IpAddress, parseAddress } from "./addresses.ts";
import { type Network, networkCode, refuse, RESOLVER_CODES } from "./network.ts";
import { required } from "./base/platform.ts";
import { Pollable } from "./poll.ts";
import { Settled } from "./readiness.ts";
import { asking } from "./waiting.ts";

/** Bytes of a domain name at most, and of a part of it. */
const MAX_NAME = 253, MAX_LABEL = 63;

/**
 * What a name stands for: an address, or a domain name in ASCII. `undefined` if it is neither. URLs
 * have the same rules, IDNA included: what is a host there is one here, as long as it is nothing
 * besides a host.
 */
export function parseHost(name: string): IpAddress | string | undefined {
  const bracketed = /^\[(.*)\]$/s.exec(name)?.[1], inner = bracketed ?? name;
  if (!inner.includes(":") ? bracketed !== undefined : !/^[\da-fA-F:.]+$/.test(inner)) return undefined;
  // URLs leave out tabs and line feeds, and end a host at these.
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x20/?#@\\]/.test(inner)) return undefined;
  const text = inner.includes(":") ? `[${inner}]` : inner;
  let host: string;
  try {
    host = new URL(`http://${text}/`).hostname;
  } catch {
    return undefined;
  }
  if (host.startsWith("[")) return canonical(parseAddress(host.slice(1, -1)));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return parseAddress(host);
  const labels = host.replace(/\.$/, "").split(".");
  const fits = host.length <= MAX_NAME && labels.every(({ length }) => length > 0 && length <= MAX_LABEL);
  return fits ? host : undefined;
}

type Next = IpAddress | undefined | Result<never, string>;

/** The resource `resolve-address-stream`. */
export class ResolveAddressStream {
  readonly #settled: Settled;
  #addresses: readonly IpAddress[] | undefined;
  #next = 0;
  #failure: string | undefined;

  constructor(addresses: Promise<readonly IpAddress[]>) {
    this.#settled = new Settled(addresses.then((found) => {
      this.#addresses = found;
    }, (error) => {
      const code = networkCode(error, RESOLVER_CODES);
      this.#failure = code === "unknown" ? "name-unresolvable" : code;
    }));
  }

  /** The next address; nothing at the end. */
  declare resolveNextAddress: Suspending<() => Next | Promise<Next>>;

  static {
    this.prototype.resolveNextAddress = asking((self: ResolveAddressStream): Next => {
      if (self.#failure !== undefined) return refuse(self.#failure);
      if (self.#addresses === undefined) return refuse("would-block");
      return self.#addresses[self.#next++];
    }, (next) => next !== undefined && next.tag === "err" && next.val === "would-block");
  }

  /** Ready when the answer is there. */
  subscribe(): Pollable {
    return new Pollable(this.#settled);
  }
}

/** The addresses of a domain name, as the system resolves it. */
export function lookUp(host: string): Promise<IpAddress[]> {
  const dns = required("node:dns", "sockets");
  return new Promise((resolve, reject) => {
    dns.lookup(host, { all: true }, (error, found) => {
      if (error === null) resolve(found.map(({ address }) => canonical(parseAddress(address))));
      else reject(error);
    });
  });
}

/** `resolve-addresses`. */
export function resolveAddresses(network: Network, name: string): ResolveAddressStream | Result<never, string> {
  if (!network.granted) return refuse("access-denied");
  const host = parseHost(name);
  if (host === undefined) return refuse("invalid-argument");
  return new ResolveAddressStream(typeof host === "string" ? lookUp(host) : Promise.resolve([host]));
}
