// Charges the bodies of a code section, one by one as they arrive.
// Chunks of the section enter; the charged section leaves when its last body has arrived: a
// section's size stands before its content, so that no byte of it can leave earlier.

import { leb } from "../../abi/wasm/encoder.ts";
import { concat } from "../binary/bytes.ts";
import { Reader } from "../binary/reader.ts";
import { beginsKeeping, Charges } from "./charges.ts";
import { type FunctionHints, writeHints } from "./custom.ts";
import type { MeterLayout } from "./layout.ts";
import { Output } from "./output.ts";
import { scanBody } from "./scan.ts";

/** How the offsets of a body moved. */
export interface Moved {
  /** How many bytes longer the declarations of locals are. */
  readonly locals: number;
  /** How many bytes were put in before the byte at a place, in order. */
  readonly insertions: { readonly at: number; readonly length: number }[];
}

/** What the code of a module is charged with. */
export interface CodeSettings {
  readonly layout: MeterLayout;
  /** How many parameters a defined function has. */
  readonly params: (func: number) => number;
  /** Bodies of the added functions, with their sizes. */
  readonly added: readonly (readonly number[])[];
  /** The index of the first defined function. */
  readonly first: number;
  /** The branch hints that the module had, by function. */
  readonly hints: ReadonlyMap<number, FunctionHints>;
  /** For messages: `core module 3`. */
  readonly place: string;
}

const VALUE_I32 = 0x7f, VALUE_I64 = 0x7e;
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
  readonly #charges: Charges;
  /** The charged bodies, and the one that is being charged. */
  readonly #out = new Output(1 << 16);
  readonly #scratch = new Output(1 << 12);
  /** How many bodies there are. `undefined` until it is read. */
  #count: number | undefined;
  #done = 0;
  /** The content of a section of branch hints, and how many functions it is about. */
  readonly #hints = new Output(1 << 12);
  #hinted = 0;

  constructor(settings: CodeSettings, offset: number) {
    this.#settings = settings;
    this.#charges = new Charges(settings.layout);
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
      const end = lebEnd(bytes, 0);
      if (end === undefined) return;
      this.#count = this.#reader(bytes).u32();
      at = end;
    }
    this.#needed = 1;
    while (this.#done < this.#count) {
      const start = lebEnd(bytes, at);
      if (start === undefined) break;
      const end = start + lebAt(bytes, at, start);
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }
      this.#body(bytes.subarray(start, end), this.#offset + start);
      at = end;
    }
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
    return [Uint8Array.from(leb(this.#done + added.length)), this.#out.written, Uint8Array.from(added.flat())];
  }

  /** The content of the section of branch hints, in pieces; empty if there are none. */
  hints(): Uint8Array[] {
    return this.#hinted === 0 ? [] : [Uint8Array.from(leb(this.#hinted)), this.#hints.written];
  }

  #reader(bytes: Uint8Array): Reader {
    return new Reader(bytes, this.#offset, `${this.#settings.place}, code section`);
  }

  #body(body: Uint8Array, offset: number): void {
    const { params, layout, first, hints, place } = this.#settings, func = this.#done++;
    const scanned = scanBody(body, params(func), layout, offset, `${place}, function body ${func}`);
    const locals = this.#charges.locals(scanned);
    const out = this.#scratch;
    out.clear();
    out.leb(scanned.groups + (locals.i32 > 0 ? 1 : 0) + locals.i64);
    out.copy(body, lebEnd(body, 0)!, scanned.localsEnd);
    if (locals.i32 > 0) out.all([locals.i32, VALUE_I32]);
    if (locals.i64 > 0) out.all([locals.i64, VALUE_I64]);
    const own = hints.get(first + func);
    const moved: Moved | undefined = own !== undefined
      ? { locals: out.length - scanned.localsEnd, insertions: [] }
      : undefined;
    let from = scanned.localsEnd;
    const before = (at: number, write: () => void): void => {
      out.copy(body, from, from = at);
      const start = out.length;
      write();
      moved?.insertions.push({ at, length: out.length - start });
    };
    const branches: number[] = [];
    for (const charge of scanned.charges) {
      if (charge.kind === "length") before(charge.at, () => this.#charges.length(out, charge, locals));
      else if (charge.kind === "wait") before(charge.at, () => this.#charges.wait(out));
      else if (charge.kind === "grow") before(charge.at, () => this.#charges.grow(out, charge));
      else if (charge.region.cost > 0) {
        if (beginsKeeping(charge)) before(charge.start, () => this.#charges.keep(out, locals.counter));
        before(charge.at, () => branches.push(this.#charges.head(out, charge, locals)));
      }
    }
    out.copy(body, from, body.length);
    if (branches.length > 0 || own !== undefined) {
      this.#hinted++;
      writeHints(this.#hints, first + func, own ?? [], branches, moved);
    }
    this.#out.leb(out.length);
    this.#out.copy(out.written, 0, out.length);
  }
}

/** Where the LEB128 integer at a place ends. `undefined` if it has not arrived, or is none. */
function lebEnd(bytes: Uint8Array, at: number): number | undefined {
  for (let end = at; end < at + MAX_LEB; end++) {
    if (end >= bytes.length) return undefined;
    if (bytes[end]! < 0x80) return end + 1;
  }
  return at + MAX_LEB;
}

/** The unsigned LEB128 integer between two places. */
function lebAt(bytes: Uint8Array, from: number, end: number): number {
  let value = 0;
  for (let i = end - 1; i >= from; i--) value = value * 128 + (bytes[i]! & 0x7f);
  return value;
}
