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
      // What has to suspend a stack is refused, and what follows it cannot pass either.
      const refused = !features.jspi && outcomes.some(({ detail }) => detail.includes("this engine has no JSPI"));
      if (refused) return;
      assertEquals(
        outcomes.filter(({ status }) => status !== "passed").map(({ line, detail }) => `${path}:${line}: ${detail}`),
        [],
      );
    };
    Deno.test(`${path} passes`, fn);
  }
}
