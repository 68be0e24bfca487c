// The result of a function as what another function takes: a task gives its result to the host in a call
// of its own.

import type { FuncType } from "../types/types.ts";

const made = new WeakMap<FuncType, FuncType>();

/** Gives the type of a function that takes what another one gives. There is one per type. */
export function returningType(type: FuncType): FuncType {
  let returning = made.get(type);
  if (returning === undefined) {
    const params = type.result === undefined ? [] : [{ name: "result", type: type.result }];
    made.set(type, returning = { params, async: false });
  }
  return returning;
}
