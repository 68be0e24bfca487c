// The bytes of a stream as WASI's host reads them: straight out of the guest's memory where a guest
// writes them, or else as a web stream or an iterator gives them.

import type { ByteTaker } from "../../abi/concurrency/byte_streams.ts";
import { byteReader } from "../../abi/concurrency/host_streams.ts";

/** What bytes are read from. */
export interface Bytes {
  /** Asks once for at most so many bytes. They may be taken at once. */
  read(max: number, taker: ByteTaker): void;
  /** Nobody reads any more. */
  cancel(): void;
}

/** Reads a guest's stream, or one of JavaScript's. */
export function bytesOf(contents: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): Bytes {
  if (!(contents instanceof ReadableStream)) return new Chunks(contents[Symbol.asyncIterator]());
  const own = byteReader(contents);
  if (own !== undefined) return own;
  const reader = contents.getReader();
  return new Chunks({
    next: () => reader.read() as Promise<IteratorResult<Uint8Array>>,
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  });
}

/** The chunks of an iterator. */
class Chunks implements Bytes {
  readonly #iterator: AsyncIterator<Uint8Array>;
  /** What was not taken of the last chunk. */
  #rest: Uint8Array = new Uint8Array();
  #cancelled = false;

  constructor(iterator: AsyncIterator<Uint8Array>) {
    this.#iterator = iterator;
  }

  read(max: number, taker: ByteTaker): void {
    if (this.#rest.length > 0) return this.#give(max, taker);
    this.#iterator.next().then(({ done, value }) => {
      if (this.#cancelled) return;
      if (done) return taker.over();
      this.#rest = value;
      if (value.length > 0) this.#give(max, taker);
      else this.read(max, taker);
    }, (error) => this.#cancelled || taker.fail(error));
  }

  #give(max: number, taker: ByteTaker): void {
    const part = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(max);
    taker.take(part, true);
    taker.taken();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#iterator.return?.().catch(() => {});
  }
}
