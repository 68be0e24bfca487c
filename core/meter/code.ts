// Charges the bodies of a code section, one by one as they arrive.
// Chunks of the section enter; the charged section leaves when its last body has arrived: a
// section's size stands before its content, so that no byte of it can leave earlier.

import { leb } from "../../abi/wasm/encoder.ts";
import { concat } from "../binary/bytes.ts";
import { Reader } from "../binary/reader.ts";
import { type Insertion, insertionsOf } from "./insertions.ts";
import type { MeterLayout } from "./layout.ts";
import { scanBody } from "./scan.ts";

/** How the offsets of a body moved. */
export interface Moved {
  /** How many bytes longer the declarations of locals are. */
  readonly locals: number;
  readonly insertions: readonly Insertion[];
}

/** What the code of a module is charged with. */
export interface CodeSettings {
  readonly layout: MeterLayout;
  /** How many parameters a defined function has. */
  readonly params: (func: number) => number;
  /** Bodies of the added functions, with their sizes. */
  readonly added: readonly (readonly number[])[];
  /** Says which functions' offsets have to be known, by the index among the defined ones. */
  readonly wanted: (func: number) => boolean;
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
  readonly #out: Uint8Array[] = [];
  /** How many bodies there are. `undefined` until it is read. */
  #count: number | undefined;
  #done = 0;
  /** How offsets moved in the functions that were wanted. */
  readonly moved: Map<number, Moved> = new Map();

  constructor(settings: CodeSettings, offset: number) {
    this.#settings = settings;
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

  /** The content of the charged section. */
  end(): Uint8Array {
    if (this.#count !== this.#done) {
      this.#reader(concat(this.#pieces)).fail("unexpected-end", [], this.#offset + this.#held);
    }
    if (this.#held > 0) this.#reader(concat(this.#pieces)).fail("trailing-bytes");
    const { added } = this.#settings;
    return concat([
      Uint8Array.from(leb(this.#done + added.length)),
      ...this.#out,
      Uint8Array.from(added.flat()),
    ]);
  }

  #reader(bytes: Uint8Array): Reader {
    return new Reader(bytes, this.#offset, `${this.#settings.place}, code section`);
  }

  #body(body: Uint8Array, offset: number): void {
    const { layout, params, wanted, place } = this.#settings, func = this.#done++;
    const scanned = scanBody(body, offset, `${place}, function body ${func}`);
    const { insertions, locals } = insertionsOf(scanned, params(func), layout);
    const groups = [[locals.i32, VALUE_I32], [locals.i64, VALUE_I64]].filter(([count]) => count! > 0);
    const added = groups.flatMap(([count, type]) => [...leb(count!), type!]);
    const head = leb(scanned.groups + groups.length), oldHead = lebEnd(body, 0)!;
    const longer = head.length - oldHead + added.length;
    const size = body.length + longer + insertions.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const prefix = leb(size), out = new Uint8Array(prefix.length + size);
    let to = 0, from = oldHead;
    const put = (bytes: ArrayLike<number>): void => {
      out.set(bytes, to);
      to += bytes.length;
    };
    put(prefix);
    put(head);
    put(body.subarray(from, from = scanned.localsEnd));
    put(added);
    for (const { at, bytes } of insertions) {
      put(body.subarray(from, from = at));
      put(bytes);
    }
    put(body.subarray(from));
    this.#out.push(out);
    if (wanted(func)) this.moved.set(func, { locals: longer, insertions });
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
