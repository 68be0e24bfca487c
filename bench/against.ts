// deno task bench:against COMMIT [--runs 3] [--runtimes Deno,Node,Bun]: this working tree beside
// another commit's library, every row, in
// each runtime; and beside itself with call hooks, whose absence is to cost nothing. Prints tables
// of medians and their geometric means.
// The other commit is extracted to a temporary folder; each runtime runs the same two bundles.

import { parseArgs } from "node:util";
import type { Compared } from "./against_run.ts";

const { values, positionals: [commit] } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { runs: { type: "string", default: "3" }, runtimes: { type: "string", default: "Deno,Node,Bun" } },
});
if (commit === undefined) {
  console.error("usage: deno task bench:against COMMIT [--runs 3] [--runtimes Deno,Node,Bun]");
  Deno.exit(2);
}
const folder = await Deno.makeTempDir();
await command("sh", "-c", `git archive ${JSON.stringify(commit)} | tar -x -C ${JSON.stringify(folder)}`);
const bundle = (source: string, to: string) =>
  command(Deno.execPath(), "bundle", "--platform", "deno", "-o", to, source);
const before = `${folder}/before.mjs`, runner = "bench/.build/against.mjs";
await bundle(`${folder}/mod.ts`, before);
await bundle("bench/against_run.ts", runner);

async function command(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** How each runtime runs a bundle. */
const runtimes: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  "Deno": [Deno.execPath(), "run", "--allow-all"],
  "Node": ["npx", "-y", "node@26"],
  "Bun": ["npx", "-y", "bun@1.4"],
};

const median = (figures: readonly number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1]!;
const geometricMean = (figures: readonly number[]): number =>
  Math.exp(figures.reduce((sum, figure) => sum + Math.log(figure), 0) / figures.length);

for (const name of values.runtimes.split(",")) {
  const runs: Compared[][] = [];
  for (let run = 0; run < Number(values.runs); run++) {
    const [program, ...args] = runtimes[name]!;
    runs.push(JSON.parse(await command(program, ...args, runner, before)));
  }
  console.log(`\n${name}; before is ${commit}; ns a call, medians of ${runs.length} runs\n`);
  console.log(`| row | before | now | before ÷ now | now, with hooks |\n|---|---:|---:|---:|---:|`);
  const speeds: number[] = [];
  for (const [i, { row }] of runs[0]!.entries()) {
    const of = (figure: (row: Compared) => number) => median(runs.map((rows) => figure(rows[i]!)));
    const speed = of(({ before, now }) => before / now);
    speeds.push(speed);
    const cells = [of((row) => row.before).toFixed(1), of((row) => row.now).toFixed(1), `${speed.toFixed(2)} ×`];
    console.log(`| ${[row, ...cells, of((row) => row.hooked).toFixed(1)].join(" | ")} |`);
  }
  console.log(`\ngeometric mean ${geometricMean(speeds).toFixed(3)} ×, lowest ${Math.min(...speeds).toFixed(2)} ×`);
}
await Deno.remove(folder, { recursive: true });
