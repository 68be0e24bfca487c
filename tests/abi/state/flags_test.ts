// The words of instance trees: where they are, that they do not meet, and that they are zero for
// whoever gets them next.

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { FREE, INSTANCE_WORDS, LOCKED, takeFlags, TREE_WORDS } from "../../../abi/state/flags.ts";
import { ComponentInstance, InstanceTree } from "../../../abi/state/instance.ts";

Deno.test("flags: one memory serves many trees, whose words do not overlap", () => {
  const owners = Array.from({ length: 500 }, () => ({})), places = owners.map((owner) => takeFlags(owner, 3));
  assert(new Set(places.map(({ memory }) => memory)).size <= 2); // the last of the block before, and one
  const taken = new Map<Int32Array, Set<number>>(), count = TREE_WORDS + 3 * INSTANCE_WORDS;
  for (const { words, at } of places) {
    let indices = taken.get(words);
    if (indices === undefined) taken.set(words, indices = new Set());
    for (let k = at; k < at + count; k++) {
      assertEquals([words[k], indices.has(k)], [0, false]);
      indices.add(k);
    }
  }
});

Deno.test("flags: more words than a page has are in one place", () => {
  const { words, at } = takeFlags({}, 20_000);
  assert(words.length >= at + TREE_WORDS + 20_000 * INSTANCE_WORDS);
});

Deno.test("flags: emitted code would see what JavaScript sets", () => {
  const tree = new InstanceTree({}, 1), instance = new ComponentInstance(tree);
  const seen = (): number[] => [instance.enteredAt, instance.noLeaveAt, tree.lockedDownAt].map((at) => tree.words[at]!);
  assertEquals(seen(), [FREE, 0, 0]);
  instance.entered = 7;
  instance.mayLeave = false;
  assertEquals(seen(), [7, 1, 0]);
  instance.entered = FREE;
  instance.mayLeave = true;
  const other = new ComponentInstance(new InstanceTree({}, 1));
  tree.poison(new Error("for this test"));
  assertEquals([seen(), tree.poisoned, instance.mayLeave], [[LOCKED, 1, 1], true, false]);
  assertEquals([other.entered, other.mayLeave, other.tree.poisoned], [FREE, true, false]);
  assertNotEquals(other.enteredAt, instance.enteredAt);
});
