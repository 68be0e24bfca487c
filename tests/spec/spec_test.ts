// Our own scripts, one Deno test per file, messages compared.

import { assertEquals } from "@std/assert";
import { features } from "@windlass/component";
import { leavesAnyHandles } from "../support/leaks.ts";
import { runWast } from "../support/wast.ts";

for (const folder of ["", "async/"]) {
  const url = new URL(folder, new URL("../spec/", import.meta.url));
  for (const { name } of [...Deno.readDirSync(url)].sort((left, right) => left.name < right.name ? -1 : 1)) {
    if (!name.endsWith(".wast")) continue;
    const path = `${folder}${name}`;
    const fn = async (): Promise<void> => {
      leavesAnyHandles();
      const outcomes = await runWast(await Deno.readTextFile(new URL(name, url)), { strict: true });
      assertEquals(
        outcomes.filter(({ status }) => status !== "passed").map(({ line, detail }) => `${path}:${line}: ${detail}`),
        [],
      );
    };
    // Without JSPI most of these refuse to suspend a stack, and what follows cannot pass; WebKit stood
    // still in one. `deno task wast --no-jspi` runs them so.
    const runs = (folder === "" || features.jspi) && (name !== "memory64.wast" || features.memory64);
    Deno.test({ name: `${path} passes`, ignore: !runs, fn });
  }
}
