// Functions around core functions that take numbers for pointers and lengths of 64 bits.

import { assertEquals } from "@std/assert";
import { fromCore, pointersOf, UTF16_TAG } from "../../../abi/state/pointers.ts";
import { withNumbers } from "../../../abi/wasm/wide_core.ts";

Deno.test("numbers become pointers and tagged lengths as bigints would, and a pointer becomes a number", () => {
  const seen: unknown[] = [];
  const core = (...values: unknown[]): unknown => {
    seen.push(values);
    return values[0];
  };
  const type = { params: ["i64", "i64", "i64", "i32"], results: ["i64"] } as const;
  const params = new Map([[0, "pointer"], [1, "units"]] as const);
  const func = withNumbers(core, type, { params, result: true })!;
  const { toCore, unitsToCore } = pointersOf("i64");
  for (const pointer of [0, 5, 2 ** 31, 2 ** 32 + 8, 2 ** 40]) {
    for (const units of [0, 7, 2 ** 28, UTF16_TAG, UTF16_TAG + 9]) {
      assertEquals(func(pointer, units, -3n, 4), pointer);
      assertEquals(seen.pop(), [toCore(pointer), BigInt.asIntN(64, unitsToCore(units) as bigint), -3n, 4]);
    }
  }
  // A pointer that no number holds is the same number as from a bigint.
  const given = withNumbers(() => beyond, { params: [], results: ["i64"] }, { params: new Map(), result: true })!;
  let beyond = 0n;
  for (beyond of [2n ** 52n - 1n, 2n ** 52n, 2n ** 53n + 1n, 2n ** 63n + 2n, -8n, -1n]) {
    assertEquals(given(), fromCore(beyond));
  }
  // Other results stay as they are.
  assertEquals(withNumbers(core, type, { params, result: false })!(6, 0, 0n, 0), 6n);
});
