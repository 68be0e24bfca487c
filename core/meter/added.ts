// What metering adds to a core module, and how a running one is found to have it.
// Each added item is the last of its kind, so that no index of the module shifts:
//
//   three types; a table of two functions, which the library sets; a mutable global, the counter;
//   a function that calls the table's first function, to ask for units; one that spends the units of
//   its parameter; and one that calls the table's second function, to ask by how much a memory or
//   table may grow.
//
// The counter, the table and the module's start function are exported by names that begin with a
// prefix which none of the module's own names has. A custom section at the end says the prefix, and
// which memories and tables the module has.
// A component refers to exports by name, and is checked against the names that the module had when
// it arrived: so it reaches none of these.

import { customSection, leb, name } from "../../abi/wasm/encoder.ts";
import { COUNTER, HANDLERS, METER_MARK, type MeterMark, START } from "../module/meter_mark.ts";

/** How many items of each kind are added. */
export const ADDED_TYPES = 3, ADDED_FUNCS = 3;

/** The indices of what is added to a module. */
export interface AddedIndices {
  readonly type: number;
  readonly func: number;
  readonly table: number;
  readonly global: number;
}

/** `[] -> []`, `[i32] -> []` and `[i64 i64 i32] -> [i64]`. */
export const addedTypes: readonly number[] = [0x60, 0, 0, 0x60, 1, 0x7f, 0, 0x60, 3, 0x7e, 0x7e, 0x7f, 1, 0x7e];

/** A table of exactly two functions. */
export const addedTable: readonly number[] = [0x70, 1, 2, 2];

/** A mutable i32 of 0: the first charge asks for units. */
export const addedGlobal: readonly number[] = [0x7f, 1, 0x41, 0, 0x0b];

/** The types of the added functions. */
export function addedFuncs({ type }: AddedIndices): number[] {
  return [...leb(type), ...leb(type + 1), ...leb(type + 2)];
}

/** The bodies of the added functions, each with its size. */
export function addedBodies({ type, table, global }: AddedIndices): number[][] {
  const ask = [0x41, 0, 0x11, ...leb(type), ...leb(table)], counter = leb(global);
  const spend = [
    // The sign is cut off: nothing that can be worked through is so long, and units are not given back.
    ...[0x23, ...counter, 0x20, 0, 0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0x71, 0x6b, 0x22, 0],
    ...[0x24, ...counter, 0x20, 0, 0x41, 0, 0x48, 0x04, 0x40, ...ask, 0x0b],
  ];
  const grow = [0x20, 0, 0x20, 1, 0x20, 2, 0x41, 1, 0x11, ...leb(type + 2), ...leb(table)];
  return [ask, spend, grow].map((code) => [...leb(code.length + 2), 0, ...code, 0x0b]);
}

/** The added exports. `start` is the module's start function. */
export function addedExports(prefix: string, { table, global }: AddedIndices, start: number | undefined): number[][] {
  const exports = [
    [...name(`${prefix}${COUNTER}`), 3, ...leb(global)],
    [...name(`${prefix}${HANDLERS}`), 1, ...leb(table)],
  ];
  if (start !== undefined) exports.push([...name(`${prefix}${START}`), 0, ...leb(start)]);
  return exports;
}

/** The custom section of a metered module. */
export function meterSection(mark: MeterMark): number[] {
  return customSection(METER_MARK, JSON.stringify(mark));
}
