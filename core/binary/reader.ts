// A cursor over bytes, with the productions of the core binary grammar that the component grammar
// uses.
// Bytes enter, numbers, names and views leave. Every failure is a CompileError with the byte offset
// into the whole binary.
// Spec: Binary.md, core spec "Binary Format: Values".

import { CompileError, type CompileErrorCode } from "../../errors.ts";
import { readAscii } from "../../abi/codecs/ascii.ts";
import { MAX_VECTOR } from "./limits.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/**
 * A loop reads names up to this length while they are ASCII, because calling TextDecoder takes
 * longer than reading most names.
 */
const SHORT_NAME = 64;

/** So many labels of a section are known again. */
const KNOWN_LABELS = 1_000;

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
  /** Labels that were read, up to {@linkcode KNOWN_LABELS}. */
  #labels: Map<string, string> | undefined;

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

  /** Describes what is being read, for messages: `type section, type 4`. */
  get place(): string {
    return this.#item === undefined ? this.#place : `${this.#place}, ${this.#item.what} ${this.#item.index}`;
  }

  /** Throws an error at `offset`, by default at the next byte. */
  fail(code: CompileErrorCode, details: readonly (string | number)[] = [], offset: number = this.offset): never {
    throw new CompileError(code, `decode ${this.place}`, offset, ...details);
  }

  /** Throws that the byte just read starts none of a production's alternatives. */
  unknown(byte: number, what: string): never {
    this.fail("unknown-opcode", [hex(byte), what], this.offset - 1);
  }

  /** Gives the next byte without taking it. */
  peek(): number {
    return this.#bytes[this.#position] ?? this.fail("unexpected-end");
  }

  byte(): number {
    return this.#bytes[this.#position++] ?? this.fail("unexpected-end", [], this.#base + this.#bytes.length);
  }

  /** Gives a view of the next bytes, without copying them. */
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

  /** Reads an integer of this many bits. Above 2^53 it gives the nearest number. */
  integer(bits: number, signed: boolean): number {
    return this.#leb(`var_${signed ? "s" : "u"}${bits}`, bits, signed ? 1 : 0);
  }

  /** Reads an integer of 64 bits exactly. */
  integer64(signed: boolean): bigint {
    const start = this.#position;
    this.integer(64, signed);
    let value = 0n, shift = 0n;
    for (let i = start; i < this.#position; i++, shift += 7n) value |= BigInt(this.#bytes[i]! & 0x7f) << shift;
    return signed ? BigInt.asIntN(Number(shift), value) : value;
  }

  /**
   * Reads a limit of a memory or table with 64-bit addresses. Above 2^53 it gives the nearest
   * number.
   */
  u64(): number {
    return this.#leb("var_u64", 64, 0);
  }

  /**
   * Reads a type index or the code of a type. An index is a signed 33-bit integer that is not
   * negative, a code is one byte, and the result for a code is the code minus 0x80. A negative
   * integer of several bytes is neither, because codes have no other encoding.
   */
  indexOrCode(what: string): number {
    const start = this.offset, byte = this.peek();
    if ((byte & 0xc0) === 0x40) return this.byte() - 0x80;
    const index = this.#leb("var_s33", 33, 1);
    return index < 0 ? this.fail("unknown-opcode", [hex(byte), what], start) : index;
  }

  /**
   * Reads a LEB128 integer of at most `bits` bits; `signed` is 1 or 0. It may be padded with zeros,
   * or with its sign. More bytes or bits are an error.
   */
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
      // No view is made here: a component has many names, and making a view takes longer than
      // reading most of them.
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

  /** A name that many definitions have in common: one that was read before is the same string. */
  label(): string {
    const name = this.name(), known = (this.#labels ??= new Map()), found = known.get(name);
    if (found !== undefined) return found;
    if (known.size < KNOWN_LABELS) known.set(name, name);
    return name;
  }

  /** A byte that must be 0 or 1. */
  flag(): boolean {
    const byte = this.byte();
    if (byte > 1) this.fail("invalid-boolean", [hex(byte)], this.offset - 1);
    return byte === 1;
  }

  /**
   * `vec(T)`. The array grows while items are read, so that a length that exceeds the bytes fails
   * before memory is allocated for it. What is returned has no room to grow.
   */
  vec<T>(read: (reader: this, index: number) => T, what: string, limit: number = MAX_VECTOR): T[] {
    const start = this.offset;
    const length = this.u32();
    if (length > limit) this.fail("limit-exceeded", [what, limit], start);
    if (length > this.remaining) this.fail("unexpected-end", [], this.#base + this.#bytes.length);
    const items: T[] = [];
    for (let i = 0; i < length; i++) items.push(read(this, i));
    return items.slice();
  }

  /**
   * Reads the `vec(u32)` of a section, which may have one number per function of a module. Numbers
   * of one byte each are not even read.
   */
  indices(what: string): ArrayLike<number> {
    const start = this.#position, length = this.u32();
    // A number takes at least one byte. If there are as many bytes as numbers, each number is one
    // byte, and the engine rejects a byte that is not a number.
    if (length === this.remaining && length <= MAX_VECTOR) return this.take(length);
    this.#position = start;
    return this.vec(readU32, what);
  }

  /** Reads the vector of a section. Messages give the number of the current item. */
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

  /** Throws if bytes are left. */
  finish(): void {
    if (this.remaining > 0) this.fail("trailing-bytes");
  }
}

/** `u32`, as a function for vectors and options. */
export function readU32(reader: Reader): number {
  return reader.u32();
}

/** A label, as a function for vectors. */
export function readLabel(reader: Reader): string {
  return reader.label();
}
