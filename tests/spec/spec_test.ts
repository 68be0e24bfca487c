// Our own scripts, one Deno test per file, messages compared.

import { assertEquals } from "@std/assert";
import { features } from "@windlass/component";
import { leavesAnyHandles } from "../support/leaks.ts";
import { NEEDS_JSPI, type Outcome, runWast } from "../support/wast.ts";

for (const folder of ["", "async/"]) {
  const url = new URL(folder, new URL("../spec/", import.meta.url));
  for (const { name } of [...Deno.readDirSync(url)].sort((left, right) => left.name < right.name ? -1 : 1)) {
    if (!name.endsWith(".wast")) continue;
    const path = `${folder}${name}`;
    const fn = async (): Promise<void> => {
      leavesAnyHandles();
      const outcomes = await runWast(await Deno.readTextFile(new URL(name, url)), { strict: true });
      // Without JSPI, those commands pass that suspend no stack: `deno task wast --no-jspi` runs them so.
      const isRight = ({ status, detail }: Outcome): boolean =>
        status === "passed" || !features.jspi && status === "skipped" && detail === NEEDS_JSPI;
      assertEquals(
        outcomes.filter((outcome) => !isRight(outcome)).map(({ line, detail }) => `${path}:${line}: ${detail}`),
        [],
      );
    };
    Deno.test({ name: `${path} passes`, ignore: path === "async/memory64.wast" && !features.memory64, fn });
  }
}
