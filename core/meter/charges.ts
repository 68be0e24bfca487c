// The code that a function body is charged by.
// The places of its charges enter; the code of each leaves, to be put in there.
//
// The counter is a 32-bit global. At a head, its new value goes to a local on the way:
//
//   counter -= cost; if (counter < 0) refill()
//
// In a loop that calls nothing, nobody else changes the counter. There the local keeps it, and the
// global is only written, so that an iteration need not wait for the memory.
// A negative counter means that a module overspent: refill() takes the debt from what all modules
// have together. So the sum that is spent does not depend on who got how much when.

import { leb } from "../../abi/wasm/encoder.ts";
import { measuredBy, UNIT_SHIFT } from "./costs.ts";
import type { MeterLayout } from "./layout.ts";
import type { Output } from "./output.ts";
import type { Charge, Scanned } from "./scan.ts";
import type { Region } from "./ways.ts";

const I32_CONST = 0x41, I64_CONST = 0x42, LOCAL_GET = 0x20, LOCAL_SET = 0x21, LOCAL_TEE = 0x22;
const GLOBAL_GET = 0x23, GLOBAL_SET = 0x24, I32_SUB = 0x6b, I32_LT_S = 0x48, IF = 0x04, VOID = 0x40, END = 0x0b;
const MEMORY_SIZE = 0x3f, TABLE_SIZE: readonly number[] = [0xfc, 16], I64_EXTEND_I32_U = 0xad;
const CALL = 0x10, I32_SHL = 0x74, I32_SHR_U = 0x76, I64_SHL = 0x86, I64_SHR_U = 0x88, I32_WRAP_I64 = 0xa7;

type HeadCharge = Charge & { readonly kind: "head" };
type LengthCharge = Charge & { readonly kind: "length" };

/** The locals that follow a function's own: the counter, and lengths of 32 and 64 bits. */
export interface AddedLocals {
  readonly counter: number;
  readonly narrow: number;
  readonly wide: number;
  /** How many there are of each type. */
  readonly i32: number;
  readonly i64: number;
}

/** Whether the counter's local holds while a region runs. */
function keepsCounter(region: Region): boolean {
  return region.outer !== undefined && !region.calls;
}

/** Whether a loop is the outermost of those that keep the counter in the local: it has to get it. */
export function beginsKeeping({ region }: HeadCharge): boolean {
  return keepsCounter(region) && !keepsCounter(region.outer!);
}

/** Writes the charges of one module. */
export class Charges {
  readonly #layout: MeterLayout;
  readonly #getCounter: readonly number[];
  readonly #setCounter: readonly number[];
  readonly #refill: readonly number[];
  readonly #spend: readonly number[];

  constructor(layout: MeterLayout) {
    this.#layout = layout;
    this.#getCounter = [GLOBAL_GET, ...leb(layout.counter)];
    this.#setCounter = [GLOBAL_SET, ...leb(layout.counter)];
    this.#refill = [CALL, ...leb(layout.refill)];
    this.#spend = [CALL, ...leb(layout.spend)];
  }

  /** The locals that a function needs. */
  locals({ charges, locals: own }: Scanned): AddedLocals {
    let heads = 0, narrow = 0, i64 = 0;
    for (const charge of charges) {
      if (charge.kind === "grow" || charge.kind === "wait") continue;
      if (charge.kind === "head") heads ||= charge.region.cost > 0 ? 1 : 0;
      else if (this.#isWide(charge)) i64 = 1;
      else narrow = 1;
    }
    return { counter: own, narrow: own + heads, wide: own + heads + narrow, i32: heads + narrow, i64 };
  }

  /** What is charged at a head, after the instruction `loop` or the locals. Gives where it branches. */
  head(out: Output, { region }: HeadCharge, { counter }: AddedLocals): number {
    const keeps = keepsCounter(region);
    if (keeps) {
      out.byte(LOCAL_GET);
      out.leb(counter);
    } else out.all(this.#getCounter);
    out.byte(I32_CONST);
    out.sleb(Math.min(region.cost, MAX_COST));
    out.byte(I32_SUB);
    out.byte(LOCAL_TEE);
    out.leb(counter);
    out.all(this.#setCounter);
    out.byte(LOCAL_GET);
    out.leb(counter);
    out.all(isNegative);
    const branch = out.length - 2;
    out.all(this.#refill);
    if (keeps) this.keep(out, counter);
    out.byte(END);
    return branch;
  }

  /** Gets the counter into its local. */
  keep(out: Output, counter: number): void {
    out.all(this.#getCounter);
    out.byte(LOCAL_SET);
    out.leb(counter);
  }

  /** What is charged before an instruction that works through the length on the stack. */
  length(out: Output, charge: LengthCharge, { counter, narrow, wide }: AddedLocals): void {
    const isWide = this.#isWide(charge), local = isWide ? wide : narrow;
    const shift = UNIT_SHIFT[measuredBy(charge.instruction)!];
    out.byte(LOCAL_TEE);
    out.leb(local);
    out.byte(LOCAL_GET);
    out.leb(local);
    if (shift !== 0) {
      out.byte(isWide ? I64_CONST : I32_CONST);
      out.sleb(Math.abs(shift));
      out.byte(shift < 0 ? (isWide ? I64_SHR_U : I32_SHR_U) : isWide ? I64_SHL : I32_SHL);
    }
    if (isWide) out.byte(I32_WRAP_I64);
    out.all(this.#spend);
    if (keepsCounter(charge.region)) this.keep(out, counter);
  }

  /** Replaces the operand of an instruction that grows something: by -1, if it may not grow so far. */
  grow(out: Output, { isTable, index }: Charge & { readonly kind: "grow" }): void {
    const { wideMemories, wideTables, grow } = this.#layout;
    const isWide = (isTable ? wideTables : wideMemories)[index] === true;
    if (!isWide) out.byte(I64_EXTEND_I32_U);
    if (isTable) out.all(TABLE_SIZE);
    else out.byte(MEMORY_SIZE);
    out.leb(index);
    if (!isWide) out.byte(I64_EXTEND_I32_U);
    out.byte(I32_CONST);
    out.sleb(spaceOf(isTable, index));
    out.byte(CALL);
    out.leb(grow);
    if (!isWide) out.byte(I32_WRAP_I64);
  }

  /** Replaces the operand of an instruction that sleeps: by how long it may. */
  wait(out: Output): void {
    out.all([I64_CONST, 0, I32_CONST, 0x7f, CALL, ...leb(this.#layout.grow)]);
  }

  /** Whether the length has 64 bits: that of a copy has if both sides have. */
  #isWide({ instruction: { name }, indices }: LengthCharge): boolean {
    const { wideMemories, wideTables } = this.#layout;
    const isWide = name.startsWith("memory.") ? wideMemories : name.startsWith("table.") ? wideTables : undefined;
    if (isWide === undefined || name.endsWith(".init")) return false;
    return indices.every((index) => isWide[index] === true);
  }
}

/** Stands for sleeping where {@linkcode spaceOf} numbers memories and tables. In LEB128, it is 0x7f. */
export const WAITS = -1;

/** One number for a memory or a table of a module, by its index. */
export function spaceOf(isTable: boolean, index: number): number {
  return index * 2 + (isTable ? 1 : 0);
}

/** The counter holds no more. A body would have to be larger than engines allow. */
const MAX_COST = 2 ** 31 - 1;

const isNegative: readonly number[] = [I32_CONST, 0, I32_LT_S, IF, VOID];
