// What metering adds to a core module, and how a running one is found to have it.
// Each added item is the last of its kind, so that no index of the module shifts:
//
//   two types; a table of one function, which the library sets; a mutable global, the counter;
//   a function that calls the table's function, and one that spends the units of its parameter.
//
// The counter, the table and the module's start function are exported by names that begin with a
// prefix which none of the module's own names has. A custom section at the end says the prefix.
// A component refers to exports by name, and is checked against the names that the module had when
// it arrived: so it reaches none of these.

import { customSection, leb, name } from "../../abi/wasm/encoder.ts";
import { METER_MARK } from "../module/meter_mark.ts";

/** The added exports, by what follows the prefix. */
export const COUNTER = "counter", HANDLER = "handler", START = "start";

/** How many items of each kind are added. */
export const ADDED_TYPES = 2, ADDED_FUNCS = 2;

/** The indices of what is added to a module. */
export interface AddedIndices {
  readonly type: number;
  readonly func: number;
  readonly table: number;
  readonly global: number;
}

/** `[] -> []` and `[i32] -> []`. */
export const addedTypes: readonly number[] = [0x60, 0, 0, 0x60, 1, 0x7f, 0];

/** A table of exactly one function. */
export const addedTable: readonly number[] = [0x70, 1, 1, 1];

/** A mutable i32 of 0: the first charge asks for units. */
export const addedGlobal: readonly number[] = [0x7f, 1, 0x41, 0, 0x0b];

/** The types of the added functions. */
export function addedFuncs({ type }: AddedIndices): number[] {
  return [...leb(type), ...leb(type + 1)];
}

/** The bodies of the added functions, each with its size. */
export function addedBodies({ type, table, global }: AddedIndices): number[][] {
  const ask = [0x41, 0, 0x11, ...leb(type), ...leb(table)], counter = leb(global);
  const spend = [
    // The sign is cut off: nothing that can be worked through is so long, and units are not given back.
    ...[0x23, ...counter, 0x20, 0, 0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0x71, 0x6b, 0x22, 0],
    ...[0x24, ...counter, 0x20, 0, 0x41, 0, 0x48, 0x04, 0x40, ...ask, 0x0b],
  ];
  return [ask, spend].map((code) => [...leb(code.length + 2), 0, ...code, 0x0b]);
}

/** The added exports. `start` is the module's start function. */
export function addedExports(prefix: string, { table, global }: AddedIndices, start: number | undefined): number[][] {
  const exports = [
    [...name(`${prefix}${COUNTER}`), 3, ...leb(global)],
    [...name(`${prefix}${HANDLER}`), 1, ...leb(table)],
  ];
  if (start !== undefined) exports.push([...name(`${prefix}${START}`), 0, ...leb(start)]);
  return exports;
}

/** A prefix that no name begins with. */
export function freePrefix(names: readonly string[]): string {
  for (let i = 0;; i++) {
    const prefix = `${METER_MARK}${i === 0 ? "" : i}/`;
    if (!names.some((taken) => taken.startsWith(prefix))) return prefix;
  }
}

/** The custom section of a metered module. Its prefix is empty if there is no code to charge. */
export function meterMark(prefix: string): number[] {
  return customSection(METER_MARK, prefix);
}
