// deno task wast [--strict] [--verbose] PATH…: runs `.wast` scripts, prints a line per file and the total.

import { parseArgs } from "node:util";
import { type Outcome, runWast } from "../tests/support/wast.ts";

async function* scripts(path: string): AsyncGenerator<string> {
  if (!(await Deno.stat(path)).isDirectory) return yield path;
  const entries = (await Array.fromAsync(Deno.readDir(path))).sort((left, right) => left.name < right.name ? -1 : 1);
  for (const entry of entries) {
    if (entry.isDirectory || entry.name.endsWith(".wast")) yield* scripts(`${path}/${entry.name}`);
  }
}

const { values: options, positionals } = parseArgs({
  args: Deno.args,
  options: { strict: { type: "boolean" }, verbose: { type: "boolean" } },
  allowPositionals: true,
});
if (positionals.length === 0) {
  console.error("usage: deno task wast [--strict] [--verbose] PATH…");
  Deno.exit(2);
}

for (const path of positionals) {
  try {
    await Deno.stat(path);
  } catch {
    console.error(`there is no ${path}`);
    Deno.exit(2);
  }
}

const totals: Record<Outcome["status"], number> = { passed: 0, failed: 0, skipped: 0 };
const perCommand = new Map<string, Record<Outcome["status"], number>>();
for (const path of positionals) {
  for await (const file of scripts(path)) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const outcome of await runWast(await Deno.readTextFile(file), { strict: options.strict ?? false })) {
      counts[outcome.status]++;
      totals[outcome.status]++;
      let command = perCommand.get(outcome.command);
      if (command === undefined) perCommand.set(outcome.command, command = { passed: 0, failed: 0, skipped: 0 });
      command[outcome.status]++;
      if (outcome.status !== "passed" && (options.verbose || outcome.status === "failed")) {
        console.log(`${file}:${outcome.line}: ${outcome.command} ${outcome.status}: ${outcome.detail}`);
      }
    }
    console.log(`${file}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
for (const [command, { passed, failed, skipped }] of perCommand) {
  console.log(`  ${command}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
}
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
if (totals.failed > 0) Deno.exit(1);
