// Imported for its effect by end-to-end tests: after each test, every handle table that it used is
// empty, unless its instance was locked down or disposed of, or the test says what it leaves
// behind. The tables are the library's own, watched where handles are added.

import { assertEquals } from "@std/assert";
import { HandleTable } from "../../abi/state/handle_table.ts";

const used = new Set<HandleTable>();
const { add } = HandleTable.prototype;
HandleTable.prototype.add = function (...args) {
  used.add(this);
  return add.apply(this, args);
};

let expected: number | undefined = 0;

/** Says that the test leaves so many handles to guests that go on living. */
export function leavesHandles(count: number): void {
  expected = count;
}

/** Says that the test leaves handles, however many: what a script of a suite leaves is its own. */
export function leavesAnyHandles(): void {
  expected = undefined;
}

const { test } = Deno;
async function watched(fn: (context: Deno.TestContext) => void | Promise<void>, context: Deno.TestContext) {
  used.clear();
  expected = 0;
  await fn(context);
  if (expected === undefined) return;
  const left = [...used].filter(({ tree }) => !tree.lockedDown && !tree.disposed);
  assertEquals(left.reduce((sum, table) => sum + table.size, 0), expected, "handles are left in the guests' tables");
}

Object.defineProperty(Deno, "test", {
  value: (first: string | Deno.TestDefinition, fn?: Deno.TestDefinition["fn"]) => {
    const definition = typeof first === "string" ? { name: first, fn: fn! } : first;
    return test({ ...definition, fn: (context) => watched(definition.fn, context) });
  },
});
