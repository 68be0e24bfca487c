// Runs the programs of wasi-testsuite in the folders that the command line names, with a line for each
// and the total. It knows no runtime's own names: Deno loads it, Node and Bun run it as a bundle.

import { readdir } from "node:fs/promises";
import process from "node:process";
import { failureOf } from "./program.ts";

/** Runs every program in these folders whose file's name has this text in it. Says whether all passed. */
export async function runAll(folders: readonly string[], filter: string): Promise<boolean> {
  let passed = 0, failed = 0;
  for (const folder of folders) {
    for (const file of (await readdir(folder)).sort()) {
      if (!file.endsWith(".wasm") || !file.includes(filter)) continue;
      const failure = await failureOf(folder, file.slice(0, -".wasm".length));
      if (failure === undefined) passed++;
      else failed++;
      console.log(`${file}: ${failure ?? "passed"}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}

/** The whole run, as the arguments say: the text that names must have, then folders. */
export async function main([filter = "", ...folders]: readonly string[]): Promise<never> {
  process.exit(await runAll(folders, filter) ? 0 : 1);
}
