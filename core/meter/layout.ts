// What the instrumentation of one module refers to: the indices of what is added to it, and what is
// known of its own memories, tables and functions.

import type { OwnSpace } from "./opcodes.ts";

/** Whether lengths and indices of a memory or table have 64 bits. */
export type IsWide = boolean;

/** The module's own items, as far as a function body is charged by them, and the added ones. */
export interface MeterLayout {
  /** The added global: units that the module may still spend before it has to ask. */
  readonly counter: number;
  /** The added function that asks for more units. */
  readonly refill: number;
  /** The added function that spends the units of its parameter. */
  readonly spend: number;
  /** The added function that says by how much a memory or table may grow. */
  readonly grow: number;
  /** How many types the module itself has. */
  readonly types: number;
  readonly wideMemories: readonly IsWide[];
  readonly wideTables: readonly IsWide[];
}

/** How many items the module itself has, by the spaces that something is added to. */
export function ownLimits({ types, counter, refill, wideTables }: MeterLayout): Readonly<Record<OwnSpace, number>> {
  return { type: types, function: refill, table: wideTables.length, global: counter };
}

/** Stands for sleeping where {@linkcode spaceOf} numbers memories and tables. */
export const WAITS = -1;

/** One number for a memory or a table of a module, by its index: the kernel writes it into the code. */
export function spaceOf(isTable: boolean, index: number): number {
  return index * 2 + (isTable ? 1 : 0);
}
