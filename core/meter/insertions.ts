// The code that a function body is charged by.
// The places of its charges enter; what is put in before which byte leaves.
//
// The counter is a 32-bit global. At a head, its new value goes to a local on the way:
//
//   counter -= cost; if (counter < 0) refill()
//
// In a loop that calls nothing, nobody else changes the counter. There the local keeps it, and the
// global is only written, so that an iteration need not wait for the memory twice.
// A negative counter means that a module overspent: refill() takes the debt from what all modules
// have together. So the sum that is spent does not depend on who got how much when.

import { leb } from "../../abi/wasm/encoder.ts";
import { measuredBy, UNIT_SHIFT } from "./costs.ts";
import type { MeterLayout } from "./layout.ts";
import type { Charge, Scanned } from "./scan.ts";
import type { Region } from "./ways.ts";

/** Bytes to put in before the byte of the body at `at`. */
export interface Insertion {
  readonly at: number;
  readonly bytes: readonly number[];
}

/** The insertions of one body, in order, and the locals that they use. */
export interface Insertions {
  readonly insertions: readonly Insertion[];
  /** How many locals of each type follow the function's own. */
  readonly locals: { readonly i32: number; readonly i64: number };
}

const I32_CONST = 0x41, I64_CONST = 0x42, LOCAL_GET = 0x20, LOCAL_SET = 0x21, LOCAL_TEE = 0x22;
const GLOBAL_GET = 0x23, GLOBAL_SET = 0x24, I32_SUB = 0x6b, I32_LT_S = 0x48, IF = 0x04, VOID = 0x40, END = 0x0b;
const CALL = 0x10, I32_SHL = 0x74, I32_SHR_U = 0x76, I64_SHL = 0x86, I64_SHR_U = 0x88, I32_WRAP_I64 = 0xa7;

/** Whether the counter's local holds while a region runs. */
function keepsCounter(region: Region): boolean {
  return region.outer !== undefined && !region.calls;
}

/** A signed LEB128 integer. */
export function sleb(value: number): number[] {
  const byte = value & 0x7f, rest = value >> 7;
  return rest === (byte & 0x40 ? -1 : 0) ? [byte] : [byte | 0x80, ...sleb(rest)];
}

/** Makes the insertions of a body whose function has so many parameters. */
export function insertionsOf({ charges, locals }: Scanned, params: number, layout: MeterLayout): Insertions {
  const made = new Inserting(layout, params + locals, charges);
  return { insertions: charges.flatMap((charge) => made.charge(charge)), locals: made.used };
}

class Inserting {
  readonly #layout: MeterLayout;
  readonly #getCounter: readonly number[];
  readonly #setCounter: readonly number[];
  readonly #counter: number[];
  readonly #refill: readonly number[];
  readonly #narrow: number[];
  readonly #wide: number[];
  readonly used: { i32: number; i64: number };

  constructor(layout: MeterLayout, first: number, charges: readonly Charge[]) {
    this.#layout = layout;
    this.#getCounter = [GLOBAL_GET, ...leb(layout.counter)];
    this.#setCounter = [GLOBAL_SET, ...leb(layout.counter)];
    this.#refill = [CALL, ...leb(layout.refill)];
    // A function that charges by no length and has no cost gets no locals.
    const lengths = charges.filter((charge) => charge.kind === "length");
    const heads = charges.some((charge) => charge.kind === "head" && charge.region.cost > 0);
    const narrow = lengths.some((charge) => !this.#isWide(charge)) ? 1 : 0;
    this.used = { i32: (heads ? 1 : 0) + narrow, i64: lengths.some((charge) => this.#isWide(charge)) ? 1 : 0 };
    this.#counter = leb(first);
    this.#narrow = leb(first + this.used.i32 - 1);
    this.#wide = leb(first + this.used.i32);
  }

  charge(charge: Charge): Insertion[] {
    return charge.kind === "head" ? this.#head(charge) : [{ at: charge.at, bytes: this.#length(charge) }];
  }

  #head({ at, start, region }: Charge & { kind: "head" }): Insertion[] {
    if (region.cost === 0) return [];
    const counter = this.#counter, keeps = keepsCounter(region);
    const bytes = [
      ...(keeps ? [LOCAL_GET, ...counter] : this.#getCounter),
      ...[I32_CONST, ...sleb(region.cost), I32_SUB, LOCAL_TEE, ...counter],
      ...this.#setCounter,
      ...[LOCAL_GET, ...counter, I32_CONST, 0, I32_LT_S, IF, VOID, ...this.#refill],
      ...(keeps ? this.#reload() : []),
      END,
    ];
    // The outermost loop that calls nothing takes the counter before it begins.
    const begins = keeps && !keepsCounter(region.outer!);
    return [...(begins ? [{ at: start, bytes: this.#reload() }] : []), { at, bytes }];
  }

  #reload(): number[] {
    return [...this.#getCounter, LOCAL_SET, ...this.#counter];
  }

  #length(charge: Charge & { kind: "length" }): number[] {
    const shift = UNIT_SHIFT[measuredBy(charge.instruction)!], wide = this.#isWide(charge);
    const local = wide ? this.#wide : this.#narrow;
    const shifted = shift === 0
      ? []
      : wide
      ? [I64_CONST, ...sleb(Math.abs(shift)), shift < 0 ? I64_SHR_U : I64_SHL]
      : [I32_CONST, ...sleb(Math.abs(shift)), shift < 0 ? I32_SHR_U : I32_SHL];
    return [
      ...[LOCAL_TEE, ...local, LOCAL_GET, ...local, ...shifted],
      ...(wide ? [I32_WRAP_I64] : []),
      ...[CALL, ...leb(this.#layout.spend)],
      ...(keepsCounter(charge.region) ? this.#reload() : []),
    ];
  }

  /** Whether the length on the stack has 64 bits: that of a copy does if both sides have. */
  #isWide({ instruction: { name }, indices }: Charge & { kind: "length" }): boolean {
    const { wideMemories, wideTables } = this.#layout;
    const isWide = name.startsWith("memory.") ? wideMemories : name.startsWith("table.") ? wideTables : undefined;
    if (isWide === undefined || name.endsWith(".init")) return false;
    return indices.every((index) => isWide[index] === true);
  }
}
