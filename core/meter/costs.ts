// What each instruction costs, in units of fuel: one unit is about what an addition takes.
// Rows of the table of instructions enter, costs leave.
// An instruction that works through a length which the guest gives is charged by that length too,
// when it runs: otherwise one instruction could take a second.

import type { Instruction } from "../module/instructions.ts";

/**
 * A function of up to so many units is not charged if it has no loop and calls nothing: whoever
 * calls it has paid. To charge it would take as long as to run it.
 */
export const SMALL_LEAF = 10;

/** Instructions that cost more than 1. Costs of a name's last part hold for every type. */
const heavier: readonly (readonly [cost: number, names: string])[] = [
  [4, "throw rethrow throw_ref"],
  // A small function that calls nothing is paid for by its callers.
  [4 + SMALL_LEAF, "call return_call"],
  [6 + SMALL_LEAF, "call_ref return_call_ref"],
  [8 + SMALL_LEAF, "call_indirect return_call_indirect"],
  [4, "*.div_s *.div_u *.rem_s *.rem_u *.div *.sqrt"],
  [10, "memory.copy memory.fill memory.init table.copy table.fill table.init table.set"],
  // Growing may move what was there.
  [1000, "memory.grow table.grow"],
  // An allocation, and the work that it makes for the garbage collector.
  [10, "struct.new struct.new_default array.new array.new_default array.new_fixed array.new_data array.new_elem"],
  [10, "array.fill array.copy array.init_data array.init_elem"],
  [4, "ref.test ref.cast br_on_cast br_on_cast_fail"],
  // What other threads must see.
  [20, "memory.atomic.notify atomic.fence"],
  // It sleeps, up to a millisecond at once.
  [100_000, "memory.atomic.wait32 memory.atomic.wait64"],
];

/** Instructions that cost nothing: each belongs to one that begins a block, which is charged. */
const free = "else end catch catch_all delegate";

/** What an instruction works through, which says how much of it one unit pays for. */
export type Measured = "bytes" | "elements" | "items";

/** Instructions whose last operand says how much they work through. */
const measured: Readonly<Record<Measured, string>> = {
  bytes: "memory.copy memory.fill memory.init",
  elements: "table.copy table.fill table.init table.grow",
  items:
    "array.new array.new_default array.new_data array.new_elem array.fill array.copy array.init_data array.init_elem",
};

/**
 * By how many bits a length is shifted to the left to be units. 16 bytes cost a unit; an element of
 * a table 8, since engines keep several tables in step; an item of an array 1.
 */
export const UNIT_SHIFT: Readonly<Record<Measured, number>> = { bytes: -4, elements: 3, items: 0 };

const costs: ReadonlyMap<string, number> = new Map(
  ([...heavier, [0, free]] as const).flatMap(([cost, names]) => names.split(" ").map((name) => [name, cost])),
);

const lengths: ReadonlyMap<string, Measured> = new Map(
  (Object.keys(measured) as Measured[]).flatMap((what) => measured[what].split(" ").map((name) => [name, what])),
);

/** The units that an instruction costs whatever its operands are. */
export function costOf({ name }: Instruction): number {
  return costs.get(name) ?? costs.get(`*${name.slice(name.lastIndexOf("."))}`) ?? 1;
}

/** What an instruction works through besides. `undefined` for nearly all. */
export function measuredBy({ name }: Instruction): Measured | undefined {
  return lengths.get(name);
}

/** The units of a length that is known. */
export function unitsOf(length: number, row: Instruction): number {
  return Math.floor(length * 2 ** UNIT_SHIFT[measuredBy(row)!]);
}
