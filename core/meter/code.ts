// Charges the bodies of a code section as they arrive.
// Chunks of the section enter; the charged section leaves when its last body has arrived: a
// section's size stands before its content, so that no byte of it can leave earlier.

import { leb } from "../../abi/wasm/encoder.ts";
import { concat } from "../binary/bytes.ts";
import { MAX_BODY_BYTES } from "../binary/limits.ts";
import { Reader } from "../binary/reader.ts";
import { readInstruction, skipImmediates, skipValueType } from "../module/instructions.ts";
import { type FunctionHints, writeHints } from "./custom.ts";
import { type Failure, type Kernel, kernel } from "./kernel.ts";
import type { MeterLayout } from "./layout.ts";

/** What the code of a module is charged with. */
export interface CodeSettings {
  readonly layout: MeterLayout;
  /** How many parameters each defined function has. */
  readonly params: Uint32Array;
  /** Bodies of the added functions, with their sizes. */
  readonly added: readonly (readonly number[])[];
  /** The index of the first defined function. */
  readonly first: number;
  /** The branch hints that the module had, by function. */
  readonly hints: ReadonlyMap<number, FunctionHints>;
  /** For messages: `core module 3`. */
  readonly place: string;
}

/** A body's size, or the number of bodies, in LEB128. */
const MAX_LEB = 5;

/** Charges the bodies of one module. */
export class MeteredCode {
  readonly #settings: CodeSettings;
  /** Offset of the next byte, in the component. */
  #offset: number;
  /** What is not charged yet, how many bytes of it there are, and how many a body needs. */
  #pieces: Uint8Array[] = [];
  #held = 0;
  #needed = 1;
  /** How many bodies there are. `undefined` until it is read. */
  #count: number | undefined;
  #done = 0;
  /** The charged bodies. */
  readonly #out: Uint8Array[] = [];
  /** Pieces of a section of branch hints, and how many functions it is about. */
  readonly #hints: Uint8Array[] = [];
  #hinted = 0;
  /** The functions that had hints and are not charged yet, the next one last. */
  readonly #ownHints: number[];

  constructor(settings: CodeSettings, offset: number) {
    this.#settings = settings;
    this.#ownHints = [...settings.hints.keys()].sort((a, b) => b - a);
    this.#offset = offset;
  }

  /** Takes the next bytes of the section's content. */
  add(chunk: Uint8Array): void {
    this.#pieces.push(chunk);
    this.#held += chunk.length;
    // A body that arrives in many pieces is put together once.
    if (this.#held < this.#needed) return;
    const bytes = this.#pieces.length === 1 ? chunk : concat(this.#pieces);
    let at = 0;
    if (this.#count === undefined) {
      if (!isWhole(bytes, 0)) return;
      const reader = this.#reader(bytes);
      this.#count = reader.u32();
      at = reader.offset - this.#offset;
    }
    at = this.#bodies(bytes, at, this.#count);
    this.#pieces = [bytes.subarray(at)];
    this.#held = bytes.length - at;
    this.#offset += at;
  }

  /** The content of the charged section, in pieces. */
  end(): Uint8Array[] {
    if (this.#count !== this.#done) {
      this.#reader(concat(this.#pieces)).fail("unexpected-end", [], this.#offset + this.#held);
    }
    if (this.#held > 0) this.#reader(concat(this.#pieces)).fail("trailing-bytes");
    const { added } = this.#settings;
    return [Uint8Array.from(leb(this.#done + added.length)), ...this.#out, Uint8Array.from(added.flat())];
  }

  /** The content of the section of branch hints, in pieces; empty if there are none. */
  hints(): Uint8Array[] {
    return this.#hinted === 0 ? [] : [Uint8Array.from(leb(this.#hinted)), ...this.#hints];
  }

  /** A reader at a place in bytes that begin `from` behind the next byte. */
  #reader(bytes: Uint8Array, at = 0, from = 0): Reader {
    return new Reader(bytes.subarray(at), this.#offset + from + at, `${this.#settings.place}, code section`);
  }

  /** Charges the bodies that are whole. Gives where the first other one begins. */
  #bodies(bytes: Uint8Array, from: number, count: number): number {
    const engine = kernel();
    engine.use(this.#settings.layout);
    this.#needed = 1;
    let at = from;
    while (this.#done < count && at < bytes.length) {
      const charged = this.#window(engine, bytes.subarray(at, at + engine.room), at, count);
      at += charged;
      if (charged > 0) continue;
      // The next body has not arrived, or is larger than the window.
      this.#needed = this.#sizeAt(bytes, at);
      if (at + this.#needed > bytes.length) break;
      engine.reserve(this.#needed);
    }
    return at;
  }

  /** How many bytes a body takes, with its size. More than there are if that has not arrived. */
  #sizeAt(bytes: Uint8Array, at: number): number {
    if (!isWhole(bytes, at)) return bytes.length - at + 1;
    const reader = this.#reader(bytes, at), size = reader.u32();
    if (size > MAX_BODY_BYTES) {
      this.#bodyReader(bytes, at).fail("limit-exceeded", ["function body byte", MAX_BODY_BYTES]);
    }
    return reader.offset - this.#offset - at + size;
  }

  /** Charges the bodies of a piece of the bytes that begins at `from`. Gives how many bytes they are. */
  #window(engine: Kernel, piece: Uint8Array, from: number, count: number): number {
    const { params, first, hints } = this.#settings;
    engine.put(piece);
    for (let at = 0;;) {
      const own = hints.get(first + this.#done), start = at;
      const run = engine.run(at, piece.length, own === undefined ? this.#withoutHints(count) : 1, first + this.#done, {
        hints: own === undefined,
        params: params.subarray(this.#done),
      });
      if (own !== undefined && run.done === 1) this.#mergeHints(engine, own, lebEnd(piece, start));
      at = run.at;
      this.#done += run.done;
      if (run.stop === "wrong") this.#fail(engine.failure(), piece, from, at);
      if (run.stop === "bad size") this.#reader(piece, at, from).u32();
      if (run.stop === "full" && !this.#take(engine)) engine.reserveOutput();
      if (run.stop === "incomplete" || this.#done === count || at === piece.length) {
        this.#take(engine);
        return at;
      }
    }
  }

  /** How many functions, from the next one on, had no hints. */
  #withoutHints(count: number): number {
    const { first } = this.#settings, func = first + this.#done, own = this.#ownHints;
    while (own.length > 0 && own.at(-1)! < func) own.pop();
    return Math.min(count, (own.at(-1) ?? Infinity) - first) - this.#done;
  }

  /** Takes what the kernel has written. Whether that was anything. */
  #take(engine: Kernel): boolean {
    const { bodies, hints, hinted } = engine.take();
    if (bodies.length > 0) this.#out.push(bodies);
    if (hinted > 0) this.#hints.push(hints);
    this.#hinted += hinted;
    return bodies.length > 0;
  }

  /** Writes the hints of the body that was charged last, which began at `start` in the window. */
  #mergeHints(engine: Kernel, own: FunctionHints, start: number): void {
    const { branches, ...moved } = engine.written(start);
    this.#take(engine);
    this.#hinted++;
    this.#hints.push(writeHints(this.#settings.first + this.#done, own, branches, moved));
  }

  /** Throws what is wrong with the body whose size is at `at` in the window, which begins at `from`. */
  #fail(failure: Failure, window: Uint8Array, from: number, at: number): never {
    const start = lebEnd(window, at), body = window.subarray(0, at + this.#sizeAt(window, at));
    const reader = this.#bodyReader(body, failure.kind === "locals" ? start : failure.at, from), { offset } = reader;
    switch (failure.kind) {
      case "index":
        skipImmediates(readInstruction(reader), reader); // the body may end within it
        return reader.fail("unknown-index", [failure.space, failure.index], offset);
      case "early end":
        return reader.fail("unexpected-end");
      case "late end":
        return reader.fail("trailing-bytes");
      case "instruction":
        readInstruction(reader);
        break;
      case "locals":
        reader.vec(() => [reader.u32(), skipValueType(reader)], "local");
    }
    throw new Error(`the kernel refuses what is right: ${failure.kind} at ${failure.at}`);
  }

  #bodyReader(bytes: Uint8Array, at: number, from = 0): Reader {
    const { place } = this.#settings;
    return new Reader(bytes.subarray(at), this.#offset + from + at, `${place}, function body ${this.#done}`);
  }
}

/** Whether a LEB128 integer of 32 bits is there to its end, or to where it is too long. */
function isWhole(bytes: Uint8Array, at: number): boolean {
  return lebEnd(bytes, at) <= bytes.length;
}

/** Where a LEB128 integer ends; behind the end of the bytes if it is not whole. */
function lebEnd(bytes: Uint8Array, at: number): number {
  for (let end = at; end < at + MAX_LEB; end++) {
    if (end >= bytes.length || bytes[end]! < 0x80) return end + 1;
  }
  return at + MAX_LEB;
}
