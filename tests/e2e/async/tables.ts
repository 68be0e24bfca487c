// Counts what lies in the handle tables of guests, for tests that nothing is left behind.

import { HandleTable } from "../../../abi/state/handle_table.ts";

const used = new Set<HandleTable>();
for (const name of ["add", "addItem"] as const) {
  const own = HandleTable.prototype[name] as (this: HandleTable, ...args: unknown[]) => number;
  HandleTable.prototype[name] = function (this: HandleTable, ...args: unknown[]): number {
    used.add(this);
    return own.apply(this, args);
  } as never;
}

/** Gives a function that counts the handles and waitables which were added from now on and are left. */
export function itemsOf(): () => number {
  used.clear();
  return () => [...used].reduce((sum, { size }) => sum + size, 0);
}
