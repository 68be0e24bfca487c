// The repository's own rules: import directions, current fixtures, scripts.

import { assertEquals } from "@std/assert";
import { staleFixtures } from "../tools/fixtures.ts";
import { importViolations } from "../tools/imports.ts";

Deno.test("imports point one way: errors ← abi ← core ← host ← mod", async () => {
  assertEquals(await importViolations(), []);
});

Deno.test("every fixture is what its source encodes to", async () => {
  assertEquals(await staleFixtures(false), []);
});
