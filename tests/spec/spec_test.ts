// Our own scripts, one Deno test per file, messages compared.

import { assertEquals } from "@std/assert";
import { runWast } from "../support/wast.ts";

const folder = new URL("../spec/", import.meta.url);
for (const { name } of [...Deno.readDirSync(folder)].sort((left, right) => left.name < right.name ? -1 : 1)) {
  if (!name.endsWith(".wast")) continue;
  Deno.test(`${name} passes`, async () => {
    const outcomes = await runWast(await Deno.readTextFile(new URL(name, folder)), { strict: true });
    assertEquals(
      outcomes.filter((outcome) => outcome.status !== "passed").map(({ line, detail }) => `${name}:${line}: ${detail}`),
      [],
    );
  });
}
