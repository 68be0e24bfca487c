// Charges function bodies, in a small module of WebAssembly (kernel/*.wat): it reads each byte of a
// module, and JavaScript takes several times as long for that.
// Bodies and what is known of their module enter; charged bodies and the hints for their branches
// leave.

import { leb } from "../../abi/wasm/encoder.ts";
import { SMALL_LEAF } from "./costs.ts";
import { kernelModule } from "./kernel_bytes.ts";
import { type MeterLayout, ownLimits } from "./layout.ts";
import { opcodeTables, type OwnSpace, SPACES } from "./opcodes.ts";

/** Addresses that do not change: kernel/records.wat says what is there. */
const LIMITS = 0x3000, LEAF = 0x3014, PIECES = 0x3040, FAILURE = 0x3100, STOPPED = 0x3110, NEEDED = 0x3118;
const LOCALS_SIZE = 0x311c,
  WIDE_MEMORIES = 0x3200,
  WIDE_TABLES = 0x3400,
  LENGTHS = 0x7800,
  PARAMS = 0x8000,
  WINDOW = 0x10000;
const WIDE_MEMORY_BYTES = 0x200, WIDE_TABLE_BYTES = 0x4000, PIECE = 16;

/** How many bodies one call charges. */
const MAX_BODIES = (WINDOW - PARAMS) / 4;
/** Bytes that are read and written at once: they stay in the processor's cache. */
const FIRST_INPUT = 1 << 16, FIRST_OUTPUT = 1 << 18;
/** A kernel with more memory is not used again: a guest with one huge body made it so large. */
const MAX_KEPT = 1 << 26;
/** Bytes behind the input that end whatever is read beyond it. */
const SENTINEL = 64, END = 0x0b;

const GLOBAL_GET = 0x23, GLOBAL_SET = 0x24, CALL = 0x10, I64_CONST = 0x42, I32_CONST = 0x41, I32_LT_S = 0x48;
const IF = 0x04, VOID = 0x40, MINUS_ONE = 0x7f;

interface Exports extends WebAssembly.Exports {
  readonly memory: WebAssembly.Memory;
  readonly out: WebAssembly.Global;
  readonly hints: WebAssembly.Global;
  readonly hinted: WebAssembly.Global;
  readonly first: WebAssembly.Global;
  readonly written: WebAssembly.Global;
  readonly localsEnd: WebAssembly.Global;
  layout(frames: number, out: number, hints: number, records: number): void;
  bodies(at: number, end: number, count: number, func: number, hint: number): number;
}

/** Why the kernel stopped before the last body. */
export type Stop = "done" | "incomplete" | "bad size" | "full" | "wrong";
const stops: readonly Stop[] = ["done", "incomplete", "bad size", "full", "wrong"];

/** How bodies are charged. */
export interface RunOptions {
  /** Whether the kernel writes hints. */
  readonly hints: boolean;
  readonly params: Uint32Array;
}

/** How far the kernel came: where the next body begins in the window, and how many it has charged. */
export interface Run {
  readonly stop: Stop;
  readonly at: number;
  readonly done: number;
}

/** What is wrong with a body. */
export type Failure =
  | { readonly kind: "index"; readonly at: number; readonly space: OwnSpace | "local"; readonly index: number }
  | { readonly kind: "instruction" | "early end" | "late end" | "locals" | "type"; readonly at: number };
const failures = [, "index", "instruction", "early end", "late end", "locals", "type"] as const;

/** How the offsets of a body moved. */
export interface Moved {
  /** How many bytes longer the declarations of locals are. */
  readonly locals: number;
  /** How many bytes were put in before the byte at a place, in order. */
  readonly insertions: readonly { readonly at: number; readonly length: number }[];
}

/** What became of the body that was charged last. */
export interface Written extends Moved {
  /** Where the branches of the charges are in the charged body. */
  readonly branches: readonly number[];
}

let compiled: WebAssembly.Module | undefined, made: Kernel | undefined;

/** The kernel, with its memory. All modules share it: nothing stays in it between two calls of {@linkcode run}. */
class Kernel {
  readonly #exports: Exports;
  #input = 0;
  #output = 0;
  #out = 0;
  #hints = 0;
  #layout: MeterLayout | undefined;

  constructor() {
    compiled ??= new WebAssembly.Module(Uint8Array.from(atob(kernelModule), (char) => char.charCodeAt(0)));
    this.#exports = new WebAssembly.Instance(compiled).exports as Exports;
    const { entries, lengths } = opcodeTables();
    this.#bytes.set(new Uint8Array(entries.buffer));
    this.#bytes.set(lengths, LENGTHS);
    this.#words[LEAF / 4] = SMALL_LEAF;
    this.#arrange(FIRST_INPUT, FIRST_OUTPUT);
  }

  get #bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#exports.memory.buffer as ArrayBuffer);
  }

  get #words(): Uint32Array {
    return new Uint32Array(this.#exports.memory.buffer);
  }

  /** How many bytes its memory has. */
  get memory(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** How many bytes can be charged at once. */
  get room(): number {
    return this.#input;
  }

  /** Makes room for a body of so many bytes. */
  reserve(bytes: number): void {
    if (bytes > this.#input) this.#arrange(bytes, this.#output);
  }

  /** Makes room for the body that did not fit. */
  reserveOutput(): void {
    this.#arrange(this.#input, this.#words[NEEDED / 4]!);
  }

  #arrange(input: number, output: number): void {
    const aligned = (size: number): number => (size + 63) & ~63;
    // A frame takes two bytes of the body at least, and the pointer to it four.
    const frames = WINDOW + aligned(input + SENTINEL), out = frames + aligned(2 * input + SENTINEL);
    const hints = out + aligned(output), records = hints + aligned(output >> 2);
    const { memory } = this.#exports, missing = Math.ceil((records - memory.buffer.byteLength) / 65536) + 1;
    if (missing > 0) memory.grow(missing);
    this.#exports.layout(frames, out, hints, records);
    this.#input = input;
    this.#output = output;
    this.#out = out;
    this.#hints = hints;
  }

  /** Says which module the next bodies are of. */
  use(layout: MeterLayout): void {
    if (this.#layout === layout) return;
    this.#layout = layout;
    const bytes = this.#bytes, words = this.#words, limits = ownLimits(layout);
    SPACES.forEach((space, i) => {
      if (space !== undefined && space !== "local") words[LIMITS / 4 + i] = limits[space];
    });
    const counter = leb(layout.counter), ask = leb(layout.grow);
    const pieces = [
      [GLOBAL_GET, ...counter],
      [GLOBAL_SET, ...counter],
      [CALL, ...leb(layout.refill)],
      [CALL, ...leb(layout.spend)],
      [CALL, ...ask],
      [I64_CONST, 0, I32_CONST, MINUS_ONE, CALL, ...ask],
      [I32_CONST, 0, I32_LT_S, IF, VOID],
    ];
    pieces.forEach((piece, i) => {
      bytes.set(piece, PIECES + PIECE * i);
      bytes[PIECES + PIECE * (i + 1) - 1] = piece.length;
    });
    setBits(bytes.subarray(WIDE_MEMORIES, WIDE_MEMORIES + WIDE_MEMORY_BYTES), layout.wideMemories);
    setBits(bytes.subarray(WIDE_TABLES, WIDE_TABLES + WIDE_TABLE_BYTES), layout.wideTables);
  }

  /** Puts bytes into the window. What the kernel wrote before is forgotten. */
  put(bytes: Uint8Array): void {
    this.#forget();
    const all = this.#bytes, end = WINDOW + bytes.length;
    all.set(bytes, WINDOW);
    all.fill(END, end, end + SENTINEL);
  }

  /**
   * Charges up to `count` bodies, which lie from `start` to `end` in the window. `func` is the index
   * of the first; `params` are the parameters of each, from the first one on.
   */
  run(start: number, end: number, count: number, func: number, { hints, params }: RunOptions): Run {
    const most = Math.min(count, MAX_BODIES, end - start), words = this.#words;
    words.set(params.subarray(0, most), PARAMS / 4);
    // There are more bodies than functions: the engine refuses the module.
    if (params.length < most) words.fill(0, PARAMS / 4 + params.length, PARAMS / 4 + most);
    const state = this.#exports.bodies(WINDOW + start, WINDOW + end, most, func, hints ? 1 : 0);
    const after = this.#words;
    return { stop: stops[state]!, at: after[STOPPED / 4]! - WINDOW, done: after[STOPPED / 4 + 1]! };
  }

  /** What is wrong with the body at which {@linkcode run} stopped. Places are those of the window. */
  failure(): Failure {
    const [code, at, space, index] = this.#words.subarray(FAILURE / 4);
    const kind = failures[code!]!, place = at! - WINDOW;
    return kind === "index" ? { kind, at: place, space: SPACES[space!]!, index: index! } : { kind, at: place };
  }

  /** What became of the body that was charged last, which began at `start` in the window. */
  written(start: number): Written {
    const words = this.#words,
      begin = WINDOW + start,
      insertions: { at: number; length: number }[] = [],
      branches: number[] = [];
    const localsEnd = this.#exports.localsEnd.value as number;
    for (let charge = this.#exports.first.value as number >> 2; charge !== 0; charge = words[charge]! >> 2) {
      const [, kind, at, from, , , keep, length, branch] = words.subarray(charge);
      if (kind === 0 && branch === 0) continue;
      if (kind === 0 && keep! > 0) insertions.push({ at: from! - begin, length: keep! });
      insertions.push({ at: at! - begin, length: length! });
      if (kind === 0) branches.push(branch!);
    }
    return { locals: words[LOCALS_SIZE / 4]! - (localsEnd - begin), insertions, branches };
  }

  /** Takes the charged bodies, the hints, and how many functions the hints are about. */
  take(): { readonly bodies: Uint8Array; readonly hints: Uint8Array; readonly hinted: number } {
    const bytes = this.#bytes, { out, hints, hinted } = this.#exports;
    const taken = {
      bodies: bytes.slice(this.#out, out.value as number),
      hints: bytes.slice(this.#hints, hints.value as number),
      hinted: hinted.value as number,
    };
    this.#forget();
    return taken;
  }

  #forget(): void {
    const { out, hints, hinted } = this.#exports;
    out.value = this.#out;
    hints.value = this.#hints;
    hinted.value = 0;
  }
}

function setBits(to: Uint8Array, bits: readonly boolean[]): void {
  to.fill(0);
  // Engines allow fewer than there is room for.
  bits.slice(0, to.length * 8).forEach((bit, i) => {
    if (bit) to[i >> 3]! |= 1 << (i & 7);
  });
}

/** The kernel, which is made when the first module is metered, and after a module with a huge body. */
export function kernel(): Kernel {
  if (made !== undefined && made.memory > MAX_KEPT) made = undefined;
  return made ??= new Kernel();
}

export type { Kernel };
