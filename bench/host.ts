// The hosts of bench/fixtures/calls.wasm: one whose functions give their arguments back, and one
// that checks them first. No runtime's own API is used here.

import { requireSame } from "./same.ts";

/** The host's resource. */
export class Counter {
  get(): number {
    return 7;
  }
}

/** What is imported as `bench:calls/host`. `err` is thrown as jco's output wants it, too. */
// deno-lint-ignore no-explicit-any
export function plainHost(): any {
  return {
    Counter,
    nop: () => {},
    add: (a: number, b: number) => (a + b) >>> 0,
    text: (s: string) => s,
    bytes: (b: Uint8Array) => b,
    points: (l: unknown) => l,
    names: (l: unknown) => l,
    echoBig: (b: unknown) => b,
    many: (...args: number[]) => args[0]! + args[19]!,
    fallible: (x: number) => {
      if (x === 0) throw Object.assign(new Error("failed"), { payload: "failed: the argument was 0" });
      return x;
    },
    maybe: (x: unknown) => x,
    echoShape: (s: unknown) => s,
    paint: (c: unknown) => c,
    permit: (p: unknown) => p,
    words: (l: unknown) => l,
    len: (b: Uint8Array) => b.length,
  };
}

/** The start of what the guest has at the address of its points: 1.5, 0, its index and padding. */
const pointWords = [0, 0x3ff80000, 0, 0, 0, 0];

/** The text that the guest's loops send: `a` only, unless it is what the host itself sent. */
const isText = (s: string): boolean => /^a*$/.test(s);

/**
 * The same host, which throws if the guest's loops send anything else than what lies in the guest's
 * memory.
 */
// deno-lint-ignore no-explicit-any
export function checkingHost(): any {
  const host = plainHost();
  // deno-lint-ignore no-explicit-any
  const checked = (name: string, check: (...args: any[]) => void): void => {
    const func = host[name];
    // deno-lint-ignore no-explicit-any
    host[name] = (...args: any[]) => {
      check(...args);
      return func(...args);
    };
  };
  const allA = (bytes: Uint8Array): void => requireSame(bytes.every((byte) => byte === 0x61), true);
  checked("add", (a, b) => requireSame([typeof a, b], ["number", 3]));
  checked("text", (s) => requireSame(isText(s), true));
  checked("bytes", allA);
  checked("len", allA);
  checked("points", (l) => requireSame(l, Array.from(l, (_, id) => ({ x: 1.5, y: 0, id }))));
  checked("names", (l) => requireSame(l, Array.from(l, () => "a".repeat(12))));
  checked("echoBig", (b) => requireSame(Object.values(b), Array.from({ length: 13 }, (_, i) => i)));
  checked("many", (...args) => requireSame(args, Array(20).fill(0)));
  checked("fallible", (x) => requireSame(x === 0 || x === 5, true));
  checked("maybe", (x) => requireSame(x, 1));
  checked("echoShape", (s) => requireSame(s, { tag: "square", val: 7 }));
  checked("paint", (c) => requireSame(c, "green"));
  checked("permit", (p) => requireSame(p, { read: true, write: false, exec: true }));
  checked(
    "words",
    (l: ArrayLike<number>) =>
      requireSame(Array.from(l), Array.from(l, (_, i) => i % 6 === 4 ? Math.floor(i / 6) : pointWords[i % 6]!)),
  );
  return host;
}
