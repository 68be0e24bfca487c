// Where a component's bytes come from: a buffer, or a stream of chunks, of which pieces of any size
// are taken.

import { concat } from "../binary/bytes.ts";
import { pieceLength } from "../decode/decode.ts";

/**
 * Any buffer or view, shared ones too. TypeScript's `BufferSource` refuses a plain `Uint8Array`,
 * whose buffer might be shared.
 */
export type Bytes = ArrayBufferLike | ArrayBufferView;
/** The bytes of a buffer or view, without a copy. */
export function bytesOf(source: Bytes): Uint8Array {
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  return new Uint8Array(source);
}

export function isBytes(source: unknown): source is Bytes {
  // By its tag: a page that is not isolated from other origins has shared buffers (of memories),
  // but no `SharedArrayBuffer`.
  return ArrayBuffer.isView(source) || source instanceof ArrayBuffer ||
    Object.prototype.toString.call(source) === "[object SharedArrayBuffer]";
}

/** Takes pieces of any size out of a stream of chunks. */
export class Chunks {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** At most `count` bytes as they lie; none at the end. */
  async some(count: number): Promise<Uint8Array> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return this.#chunk;
      if (!isBytes(value)) throw new TypeError("the stream must give byte chunks");
      this.#chunk = bytesOf(value);
    }
    const piece = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(piece.length);
    return piece;
  }

  /** Exactly `count` bytes; fewer only at the end. Buffers no more than has arrived. */
  async exactly(count: number): Promise<Uint8Array> {
    const first = await this.some(count);
    if (first.length === count) return first;
    const pieces = [first];
    let length = first.length;
    while (length < count) {
      const piece = await this.some(count - length);
      if (piece.length === 0) break;
      pieces.push(piece);
      length += piece.length;
    }
    return concat(pieces);
  }

  /** A section, or as much of one as the walker takes at once. */
  async section(): Promise<Uint8Array> {
    const header: number[] = [];
    do {
      const [byte] = await this.some(1);
      if (byte === undefined) break;
      header.push(byte);
    } while (header.length < 2 || header.length < 6 && header.at(-1)! >= 0x80);
    const bytes = Uint8Array.from(header);
    const length = bytes.length === 0 ? 0 : pieceLength(bytes, 0);
    return length === bytes.length ? bytes : concat([bytes, await this.exactly(length - bytes.length)]);
  }

  /**
   * Lets go of the source. Nobody waits for its answer, which may never come: what counts is why
   * we let go.
   */
  cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => {});
  }
}
