// Counts what lies in the handle tables of guests, for tests that nothing is left behind.
// Only who counts keeps the tables: in a bundle, thousands of other tests follow, and each table
// keeps its instance and that one's memory.

import { HandleTable } from "../../../abi/state/handle_table.ts";

let counted: WeakRef<Set<HandleTable>> | undefined;
for (const name of ["add", "addItem"] as const) {
  const own = HandleTable.prototype[name] as (this: HandleTable, ...args: unknown[]) => number;
  HandleTable.prototype[name] = function (this: HandleTable, ...args: unknown[]): number {
    counted?.deref()?.add(this);
    return own.apply(this, args);
  } as never;
}

/** Gives a function that counts the handles and waitables which were added from now on and are left. */
export function itemsOf(): () => number {
  const used = new Set<HandleTable>();
  counted = new WeakRef(used);
  return () => [...used].reduce((sum, { size }) => sum + size, 0);
}
