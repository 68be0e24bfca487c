// The realloc of a 64-bit memory with numbers: a call would have to make five bigints.
// A realloc enters, a function leaves; one for each realloc.

import type { CoreFunction, CoreFuncType } from "../types/core_values.ts";
import { withNumbers } from "./wide_core.ts";

/** `realloc` of a 64-bit memory, with numbers. */
export type WideRealloc = (old: number, oldSize: number, alignment: number, size: number) => number;

const type: CoreFuncType = { params: ["i64", "i64", "i64", "i64"], results: ["i64"] };
const numbers = { params: new Map([0, 1, 2, 3].map((i) => [i, "pointer"] as const)), result: true };
const made = new WeakMap<CoreFunction, WideRealloc>();

/** Gives the function around a realloc. `undefined` if there can be none. */
export function wideRealloc(realloc: CoreFunction): WideRealloc | undefined {
  let found = made.get(realloc);
  if (found !== undefined) return found;
  found = withNumbers(realloc, type, numbers);
  if (found !== undefined) made.set(realloc, found);
  return found;
}
