// deno task bench:ahead [--runtimes Deno,Node,Bun]: calls of a component that was written ahead of
// time, beside the same component at run time, in one process. Prints a table for each runtime.

import { parseArgs } from "node:util";
import { aheadFiles } from "../host/ahead/files.ts";
import { must } from "../tools/process.ts";
import { RUNTIMES } from "../tools/runtime_commands.ts";

const { values } = parseArgs({ args: Deno.args, options: { runtimes: { type: "string", default: "Deno,Node,Bun" } } });
const build = "bench/.build/ahead", runner = `${build}/ahead_run.mjs`;
await Deno.mkdir(build, { recursive: true });
for (const [name, content] of await aheadFiles(await Deno.readFile("bench/fixtures/calls.wasm"), { name: "calls" })) {
  await Deno.writeFile(`${build}/${name}`, typeof content === "string" ? new TextEncoder().encode(content) : content);
}
await must([Deno.execPath(), "bundle", "--quiet", "--platform", "deno", "-o", runner, "bench/ahead_run.ts"]);
for (const name of values.runtimes.split(",")) {
  const command = name === "Deno" ? [Deno.execPath(), "run", "--allow-all"] : RUNTIMES[name.toLowerCase()]!.command;
  await must([...command, runner, `${build}/calls.plan.js`], { stdout: "inherit" });
}
