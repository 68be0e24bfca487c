// A store in memory, for runtimes that have no other, and for tests.

import type { Entry, Store } from "./store.ts";

/** Bytes that an entry takes besides its key and its value, more or less. */
const OVERHEAD = 128;

const sizeOf = (key: string, value: Uint8Array): number => 2 * key.length + value.length + OVERHEAD;

/** Keeps everything in memory, up to a bound. */
export class MemoryStore implements Store {
  readonly waits = false;
  readonly maxValue: number;
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #versions = 0;
  /** Its keys in order, until there is another one or one less. */
  #sorted: readonly string[] | undefined;

  /** @param maxBytes Bytes that it may take, with some for each entry. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.maxValue = Math.min(maxBytes, 1 << 20);
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Uint8Array): void {
    const old = this.#entries.get(key);
    const bytes = this.#bytes -
      (old === undefined ? 0 : sizeOf(key, old.value)) + sizeOf(key, value);
    if (bytes > this.#maxBytes) {
      throw new Error(`the store has room for ${this.#maxBytes} bytes`);
    }
    this.#bytes = bytes;
    if (old === undefined) this.#sorted = undefined;
    this.#entries.set(key, {
      value: value.slice(),
      version: `${++this.#versions}`,
    });
  }

  delete(key: string): void {
    const old = this.#entries.get(key);
    if (old === undefined) return;
    this.#bytes -= sizeOf(key, old.value);
    this.#sorted = undefined;
    this.#entries.delete(key);
  }

  swap(key: string, version: string | undefined, value: Uint8Array): boolean {
    if (this.#entries.get(key)?.version !== version) return false;
    this.set(key, value);
    return true;
  }

  keys(after: string | undefined, most: number): readonly string[] {
    const sorted = this.#sorted ??= [...this.#entries.keys()].sort();
    let low = 0, high = after === undefined ? 0 : sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! <= after!) low = middle + 1;
      else high = middle;
    }
    return sorted.slice(low, low + most);
  }

  [Symbol.dispose](): void {
    this.#entries.clear();
  }
}
