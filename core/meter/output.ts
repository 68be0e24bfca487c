// Bytes that are written one after the other into a buffer that grows.

/** Pieces up to this length are copied by a loop, which is faster than making a view of them. */
const SHORT = 32;

/** A buffer that grows. */
export class Output {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  get length(): number {
    return this.#length;
  }

  /** A view of what was written. It is overwritten after `clear`. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  all(bytes: readonly number[]): void {
    const { length } = bytes;
    this.#reserve(length);
    for (let i = 0; i < length; i++) this.#bytes[this.#length++] = bytes[i]!;
  }

  /** Copies a piece of other bytes. */
  copy(from: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    if (end - start <= SHORT) {
      for (let i = start; i < end; i++) this.#bytes[this.#length++] = from[i]!;
      return;
    }
    this.#bytes.set(start === 0 && end === from.length ? from : from.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** An unsigned LEB128 integer of up to 32 bits. */
  leb(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.byte(rest & 0x7f | 0x80);
    this.byte(rest);
  }

  /** A signed one. */
  sleb(value: number): void {
    let rest = value;
    for (; rest < -64 || rest > 63; rest >>= 7) this.byte(rest & 0x7f | 0x80);
    this.byte(rest & 0x7f);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.written);
    this.#bytes = larger;
  }
}
