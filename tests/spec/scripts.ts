// Our own scripts, one Deno test per file, messages compared.

import { assertEquals } from "@std/assert";
import { features } from "@windlass/component";
import { leavesAnyHandles } from "../support/leaks.ts";
import { NEEDS_JSPI, type Outcome, runWast } from "../support/wast.ts";

/**
 * Whether calls between guests have adapters. A browser's page has room for so many memories, which
 * it does not collect in time; what JavaScript does there, it does elsewhere.
 */
const ROUTES = "process" in globalThis ? [true, false] : [true];

/** Defines a test for each script in a folder of this one. */
export function testScripts(folder: "" | "async/"): void {
  const url = new URL(`../spec/${folder}`, import.meta.url); // of the bundles' folder, too
  for (const { name } of [...Deno.readDirSync(url)].sort((left, right) => left.name < right.name ? -1 : 1)) {
    if (!name.endsWith(".wast")) continue;
    const path = `${folder}${name}`;
    const run = async (fused: boolean): Promise<void> => {
      leavesAnyHandles();
      const outcomes = await runWast(await Deno.readTextFile(new URL(name, url)), { strict: true, fused });
      // Without JSPI, those commands pass that suspend no stack: `deno task wast --no-jspi` runs them so.
      const isRight = ({ status, detail }: Outcome): boolean =>
        status === "passed" || !features.jspi && status === "skipped" && detail === NEEDS_JSPI;
      assertEquals(
        outcomes.filter((outcome) => !isRight(outcome)).map(({ line, detail }) => `${path}:${line}: ${detail}`),
        [],
      );
    };
    const needs = "needs 64-bit memories", ignore = name.startsWith("memory64") && !features.memory64;
    for (const fused of ROUTES) {
      const route = fused ? "" : " without adapters between guests";
      const definition = { name: `${path} passes${route}`, ignore, fn: () => run(fused), needs };
      Deno.test(definition);
    }
  }
}
