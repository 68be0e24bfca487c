// Addresses of sockets: as WASI has them, in text as the runtimes have them, and what they may be
// used for.

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

/** Whether two are the same address and port. */
export function sameAddress(a: SocketAddress, b: SocketAddress): boolean {
  return a.tag === b.tag && a.val.port === b.val.port && a.val.address.every((part, i) => part === b.val.address[i]);
}

/** Whether it is this host's own, of the loopback. */
export function isLoopback({ tag, val: { address } }: SocketAddress): boolean {
  return tag === "ipv4" ? address[0] === 127 : address.every((part, i) => part === (i === 7 ? 1 : 0));
}

/** Whether no host has it: `0.0.0.0` or `::`. */
export function isUnspecified({ val }: SocketAddress): boolean {
  return val.address.every((part) => part === 0);
}

/** Whether it is one host's: no multicast, no broadcast. */
export function isUnicast({ tag, val }: SocketAddress): boolean {
  const [first = 0] = val.address;
  if (tag === "ipv6") return first >> 8 !== 0xff;
  return (first < 224 || first > 239) && !val.address.every((part) => part === 255);
}

/** Whether it is an IPv4 address in IPv6 clothes, `::ffff:a.b.c.d`. */
function isMapped({ tag, val: [a, b, c, d, e, f] }: IpAddress): boolean {
  return tag === "ipv6" && !a && !b && !c && !d && !e && f === 0xffff;
}

/** An address without IPv6 clothes. */
export function canonical(address: IpAddress): IpAddress {
  if (!isMapped(address)) return address;
  const [high = 0, low = 0] = address.val.slice(6);
  return { tag: "ipv4", val: [high >> 8, high & 255, low >> 8, low & 255] };
}

/** Whether a socket of a family may use it: of the family, and no IPv4 address in IPv6 clothes. */
export function fits({ tag, val }: SocketAddress, family: Family): boolean {
  return tag === family && !isMapped({ tag, val: val.address });
}

/** Whether a socket of a family may send to it: one that fits, of some host, with a port. */
export function isPeer(address: SocketAddress, family: Family): boolean {
  return fits(address, family) && !isUnspecified(address) && address.val.port !== 0;
}
