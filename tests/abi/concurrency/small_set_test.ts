import { assertEquals } from "@std/assert";
import { SmallSet } from "../../../abi/concurrency/small_set.ts";

function items(set: SmallSet<string>): string[] {
  const all: string[] = [];
  set.forEach((item) => all.push(item));
  return all;
}

Deno.test("SmallSet keeps the order, with one item and with more", () => {
  const set = new SmallSet<string>();
  assertEquals([set.size, set.first, items(set)], [0, undefined, []]);
  set.add("a");
  set.add("a");
  assertEquals([set.size, set.first, items(set)], [1, "a", ["a"]]);
  set.add("b");
  set.add("c");
  set.add("b");
  assertEquals([set.size, set.first, items(set)], [3, "a", ["a", "b", "c"]]);
  set.delete("a");
  assertEquals([set.size, set.first], [2, "b"]);
  set.delete("c");
  set.delete("b");
  assertEquals([set.size, set.first, items(set)], [0, undefined, []]);
});

Deno.test("SmallSet.delete() leaves another item in", () => {
  const set = new SmallSet<string>();
  set.add("a");
  set.delete("b");
  assertEquals(set.first, "a");
  set.delete("a");
  assertEquals(set.size, 0);
});
