// A cursor over bytes: the productions of the core binary grammar that the component grammar reuses.
// Every failure is a CompileError with the byte offset into the whole binary.
// Spec: Binary.md, core spec "Binary Format: Values".

import { CompileError, type CompileErrorCode } from "../../errors.ts";
import { readAscii } from "../../abi/codecs/ascii.ts";
import { MAX_VECTOR } from "./limits.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Names up to this long are read by a loop while they are ASCII: calling TextDecoder costs more than most names. */
const SHORT_NAME = 64;

/** A byte in hexadecimal, as messages show it. */
export function hex(byte: number): string {
  return `0x${byte.toString(16)}`;
}

/** Reads one section's content. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #base: number;
  #position = 0;
  readonly #place: string;
  #item: { readonly what: string; index: number } | undefined;

  /** @param base Offset of the first byte in the whole binary. */
  constructor(bytes: Uint8Array, base: number, place: string) {
    this.#bytes = bytes;
    this.#base = base;
    this.#place = place;
  }

  /** Offset of the next byte in the whole binary. */
  get offset(): number {
    return this.#base + this.#position;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  /** What is being read, for messages: `type section, type 4`. */
  get place(): string {
    return this.#item === undefined ? this.#place : `${this.#place}, ${this.#item.what} ${this.#item.index}`;
  }

  /** Throws at `offset`, by default the next byte. */
  fail(code: CompileErrorCode, details: readonly (string | number)[] = [], offset: number = this.offset): never {
    throw new CompileError(code, `decode ${this.place}`, offset, ...details);
  }

  /** Throws that no alternative of a production starts with the byte just read. */
  unknown(byte: number, what: string): never {
    this.fail("unknown-opcode", [hex(byte), what], this.offset - 1);
  }

  /** Looks at the next byte without taking it. */
  peek(): number {
    return this.#bytes[this.#position] ?? this.fail("unexpected-end");
  }

  byte(): number {
    return this.#bytes[this.#position++] ?? this.fail("unexpected-end", [], this.#base + this.#bytes.length);
  }

  /** A view of the next bytes; no copy. */
  take(length: number): Uint8Array {
    if (length > this.remaining) this.fail("unexpected-end", [], this.#base + this.#bytes.length);
    return this.#bytes.subarray(this.#position, this.#position += length);
  }

  u32(): number {
    const byte = this.#bytes[this.#position]!;
    if (byte < 0x80) {
      this.#position++;
      return byte;
    }
    return this.#leb("var_u32", 32, 0);
  }

  /** An integer of so many bits; beyond 2^53 the nearest number. */
  integer(bits: number, signed: boolean): number {
    return this.#leb(`var_${signed ? "s" : "u"}${bits}`, bits, signed ? 1 : 0);
  }

  /** A limit of a memory or table with 64-bit addresses; beyond 2^53 the nearest number. */
  u64(): number {
    return this.#leb("var_u64", 64, 0);
  }

  /**
   * A type index, which is a signed 33-bit integer that is not negative, or the code of a type,
   * which is one byte; gives the code less 0x80. A negative integer of several bytes is neither:
   * codes have no other encoding.
   */
  indexOrCode(what: string): number {
    const start = this.offset, byte = this.peek();
    if ((byte & 0xc0) === 0x40) return this.byte() - 0x80;
    const index = this.#leb("var_s33", 33, 1);
    return index < 0 ? this.fail("unknown-opcode", [hex(byte), what], start) : index;
  }

  /** LEB128 of at most `bits` bits, `signed` being 1 or 0. Padding with zeros, or with the sign, is allowed; further bytes or bits are not. */
  #leb(kind: string, bits: number, signed: number): number {
    let value = 0, factor = 1;
    for (let shift = 0;; shift += 7) {
      const byte = this.byte();
      if (shift + 7 >= bits) {
        const unused = 0x7f & -1 << (bits - shift - signed);
        const high = byte & unused;
        if (byte >= 0x80) this.fail("bad-leb", [kind, "representation too long"], this.offset - 1);
        if (high !== 0 && !(signed && high === unused)) this.fail("bad-leb", [kind, "too large"], this.offset - 1);
      }
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return signed && byte & 0x40 ? value - factor : value;
    }
  }

  /** `core:name`. */
  name(): string {
    const length = this.u32();
    if (length <= SHORT_NAME && length <= this.remaining) {
      // Without a view: a component has many names, and views cost more than most of them.
      const ascii = readAscii(this.#bytes, this.#position, length);
      if (ascii !== undefined) {
        this.#position += length;
        return ascii;
      }
    }
    const start = this.offset;
    const bytes = this.take(length);
    try {
      return decoder.decode(bytes);
    } catch {
      this.fail("invalid-utf8", [], start);
    }
  }

  /** A byte that must be 0 or 1. */
  flag(): boolean {
    const byte = this.byte();
    if (byte > 1) this.fail("invalid-boolean", [hex(byte)], this.offset - 1);
    return byte === 1;
  }

  /** `vec(T)`. Allocates as it reads: a length that the bytes cannot hold fails before anything is made of it. */
  vec<T>(read: (reader: this, index: number) => T, what: string, limit: number = MAX_VECTOR): T[] {
    const start = this.offset;
    const length = this.u32();
    if (length > limit) this.fail("limit-exceeded", [what, limit], start);
    if (length > this.remaining) this.fail("unexpected-end", [], this.#base + this.#bytes.length);
    const items: T[] = [];
    for (let i = 0; i < length; i++) items.push(read(this, i));
    return items;
  }

  /** A section's `vec(u32)`, which may be as long as a module has functions; numbers of one byte each are not even read. */
  indices(what: string): ArrayLike<number> {
    const start = this.#position, length = this.u32();
    // No number is shorter than a byte: where there are as many bytes as numbers, each is one. If one is not, the engine refuses them.
    if (length === this.remaining && length <= MAX_VECTOR) return this.take(length);
    this.#position = start;
    return this.vec(readU32, what);
  }

  /** A section's vector; messages count its items. */
  items(what: string, read: () => void): void {
    const item = { what, index: 0 };
    this.vec((_, index) => {
      this.#item = item;
      item.index = index;
      read();
    }, what);
    this.#item = undefined;
  }

  /** `<T>?`. */
  optional<T>(read: (reader: this) => T, what?: string): T | undefined {
    if (what !== undefined && this.peek() > 1) this.fail("unknown-opcode", [hex(this.peek()), what]);
    return this.flag() ? read(this) : undefined;
  }

  /** Throws unless everything was read. */
  finish(): void {
    if (this.remaining > 0) this.fail("trailing-bytes");
  }
}

/** `u32`, as vectors and options read it. */
export function readU32(reader: Reader): number {
  return reader.u32();
}

/** `core:name`, likewise. */
export function readName(reader: Reader): string {
  return reader.name();
}
