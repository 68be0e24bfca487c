// The host of bench/fixtures/calls.wasm: its functions give their arguments back. No runtime's own
// API is used here.

/** The host's resource. */
export class Counter {
  get(): number {
    return 7;
  }
}

/** What is imported as `bench:calls/host`. `err` is thrown as jco's output wants it, too. */
// deno-lint-ignore no-explicit-any
export function host(): any {
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
  };
}
