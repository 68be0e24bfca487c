// Pointers and lengths in memories of both address types, as core values and as words.

import { assertEquals } from "@std/assert";
import { guestMemory } from "../../../abi/state/memory.ts";
import { fromCore, pointersOf, UTF16_TAG } from "../../../abi/state/pointers.ts";

const memory = guestMemory(new WebAssembly.Memory({ initial: 1 }));

Deno.test("pointers: 32 bits are unsigned, as core values and in memory", () => {
  const { toCore, load, store } = pointersOf("i32");
  assertEquals(fromCore(-1), 2 ** 32 - 1);
  assertEquals(toCore(7), 7);
  store(memory, 8, 2 ** 32 - 1);
  assertEquals([load(memory, 8), [...memory.u8.slice(8, 13)]], [2 ** 32 - 1, [255, 255, 255, 255, 0]]);
});

Deno.test("pointers: 64 bits are numbers", () => {
  const { toCore, load, store } = pointersOf("i64");
  assertEquals([fromCore(5n), toCore(5)], [5, 5n]);
  store(memory, 16, 2 ** 40 + 1);
  assertEquals([load(memory, 16), memory.u64[2]], [2 ** 40 + 1, 2n ** 40n + 1n]);
});

Deno.test("pointers: what no number holds is larger than any memory, and aligned as it was", () => {
  const { load } = pointersOf("i64");
  for (const pointer of [2n ** 52n, 2n ** 53n + 1n, 2n ** 53n + 4n, 2n ** 63n + 2n, 2n ** 64n - 8n, 2n ** 64n - 1n]) {
    memory.u64[2] = pointer;
    for (const number of [fromCore(pointer), fromCore(BigInt.asIntN(64, pointer)), load(memory, 16)]) {
      assertEquals([number >= 2 ** 52, Number.isSafeInteger(number)], [true, true]);
      assertEquals(number % 64, Number(pointer % 64n));
    }
  }
  const largest = 2n ** 52n - 1n;
  memory.u64[2] = largest;
  assertEquals([fromCore(largest), load(memory, 16)], [2 ** 52 - 1, 2 ** 52 - 1]);
});

Deno.test("pointers: a string's tag is the highest bit of its length, and bit 31 here", () => {
  const narrow = pointersOf("i32"), wide = pointersOf("i64");
  assertEquals(narrow.unitsFromCore(-2147483645), UTF16_TAG + 3); // 0x80000003
  assertEquals(wide.unitsFromCore(BigInt.asIntN(64, 2n ** 63n + 3n)), UTF16_TAG + 3);
  assertEquals(BigInt.asUintN(64, wide.unitsToCore(UTF16_TAG + 3) as bigint), 2n ** 63n + 3n);
  assertEquals([wide.unitsFromCore(3n), wide.unitsToCore(3)], [3, 3n]);
  wide.storeUnits(memory, 24, UTF16_TAG + 9);
  assertEquals([wide.loadUnits(memory, 24), memory.u64[3]], [UTF16_TAG + 9, 2n ** 63n + 9n]);
});

Deno.test("pointers: a 64-bit length that has bit 31 is no tag, but too long for any string", () => {
  const { unitsFromCore } = pointersOf("i64");
  assertEquals([unitsFromCore(2n ** 31n), unitsFromCore(2n ** 63n + 2n ** 31n)], [Infinity, Infinity]);
});
