// Mutants: the same for the same seed, other ones for another; sections come back as they were.

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { fixtureBytes } from "./fixtures.ts";
import { runMutant } from "./fuzz_run.ts";
import { coreModulesOf, encodeSections, keyOf, mutant, parseSections, reduce } from "./mutate.ts";

const corpus = ["greet", "memories", "resources", "values"].map(fixtureBytes);

Deno.test("encodeSections() undoes parseSections()", () => {
  for (const bytes of corpus) assertEquals(encodeSections(parseSections(bytes)!), bytes);
  assertEquals(parseSections(corpus[0]!.subarray(0, 100)), undefined);
});

Deno.test("mutant() depends on the seed and the number, and on nothing else", () => {
  assertEquals(mutant(corpus, 1, 7), mutant(corpus, 1, 7));
  assertNotEquals(mutant(corpus, 1, 7), mutant(corpus, 1, 8));
  assertNotEquals(mutant(corpus, 1, 7), mutant(corpus, 2, 7));
});

Deno.test("300 mutants succeed or fail with errors of ours, and get past every step", () => {
  const known = new Set(corpus.flatMap((bytes) => coreModulesOf(bytes).map(keyOf)));
  const steps = new Set<string>();
  for (let i = 0; i < 300; i++) {
    for (const { step, what, verdict } of runMutant(mutant(corpus, 5, i), known, () => {})) {
      assert(verdict !== "failure", `mutant ${i}, ${step}: ${what}`);
      if (what === "ok") steps.add(step);
    }
  }
  assertEquals([...steps].sort(), ["call", "compile", "dispose", "instantiate", "link", "print", "reflect"]);
});

Deno.test("reduce() keeps what fails and leaves out the rest", () => {
  const sections = parseSections(corpus[2]!)!, nope = new TextEncoder().encode("nope");
  sections.push({ id: 0, body: Uint8Array.of(1, 0x6e, ...nope, 1, 2, 3) });
  const reduced = reduce(encodeSections(sections), (bytes) => new TextDecoder("latin1").decode(bytes).includes("nope"));
  assertEquals(reduced, Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 0, 4, ...nope));
});
