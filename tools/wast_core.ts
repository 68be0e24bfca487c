// deno task wast:core PATH…: runs scripts of the specification's core tests (`test/core` of
// WebAssembly/spec) with plain modules and with metered ones, and says where the results, the traps or
// the memories differ. The scripts are not committed.

import { compareForms, type Comparison } from "../tests/support/core_script.ts";
import { scripts } from "./scripts.ts";

if (Deno.args.length === 0) {
  console.error("usage: deno task wast:core PATH…");
  Deno.exit(2);
}
let compared = 0, skipped = 0, different = 0;
for (const path of Deno.args) {
  for await (const file of scripts(await Deno.realPath(path))) {
    let found: Comparison;
    try {
      found = await compareForms(await Deno.readTextFile(file));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      console.log(`${file}: left out: ${error.message}`);
      continue;
    }
    for (const difference of found.differences) console.log(`${file}:${difference}`);
    console.log(`${file}: ${found.compared} compared, ${found.skipped} skipped`);
    compared += found.compared;
    skipped += found.skipped;
    different += found.differences.length;
  }
}
console.log(`${compared} commands compared, ${skipped} skipped, ${different} different`);
if (different > 0) Deno.exit(1);
