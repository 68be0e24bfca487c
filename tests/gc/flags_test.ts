// The words of a tree that is collected serve another one.

import { assert, assertEquals } from "@std/assert";
import { type FlagPlace, takeFlags } from "../../abi/state/flags.ts";

declare const gc: () => void;

Deno.test("flags: words come back zeroed once nothing refers to their tree", async () => {
  const taken = new Set<number>();
  let words: Int32Array | undefined;
  (() => {
    for (let i = 0; i < 50; i++) {
      const place = takeFlags({}, 77);
      ({ words } = place);
      words.fill(-1, place.at, place.at + 77);
      taken.add(place.at);
    }
  })();
  let again: FlagPlace | undefined;
  for (let i = 0; i < 20 && again === undefined; i++) {
    gc();
    await new Promise((done) => setTimeout(done, 10));
    const place = takeFlags({}, 77);
    if (place.words === words && taken.has(place.at)) again = place;
  }
  assert(again !== undefined);
  const { words: back, at } = again!;
  assertEquals(back[at], 0);
});
