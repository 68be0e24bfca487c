// deno task bench:table: every row with every implementation in one run, nanoseconds a call (median of 15 samples, interleaved) and ratios.

import { rawSubject, rows, subjects } from "./rows.ts";

function median(values: number[]): number {
  return values.sort((left, right) => left - right)[values.length >> 1]!;
}

/** How often to run for a sample of some ten milliseconds; warms up on the way. */
function calibrate(run: () => void): number {
  const until = performance.now() + 60;
  let rounds = 0;
  while (performance.now() < until) run(), rounds++;
  return Math.max(1, Math.ceil(rounds / 6));
}

/** Nanoseconds a call of each run, samples of all of them interleaved: what disturbs the machine disturbs them alike. */
function measure(runs: readonly (() => void)[], calls: number): number[] {
  const repeats = runs.map(calibrate);
  const samples: number[][] = runs.map(() => []);
  for (let round = 0; round < 15; round++) {
    runs.forEach((run, k) => {
      const start = performance.now();
      for (let i = 0; i < repeats[k]!; i++) run();
      samples[k]!.push((performance.now() - start) * 1e6 / (repeats[k]! * calls));
    });
  }
  return samples.map(median);
}

const all = await subjects();
const format = (value: number | undefined): string =>
  value === undefined ? "" : value < 100 ? value.toFixed(1) : value.toFixed(0);

console.log(`Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${new Date().toISOString().slice(0, 10)}; ns a call\n`);
for (const direction of ["host → guest", "guest → host"] as const) {
  console.log(
    `| ${direction} | ${
      [
        "raw",
        ...all.map((subject) => subject.name),
        "jco current ÷ windlass",
        "jco 1.10.2 ÷ windlass",
      ].join(" | ")
    } |`,
  );
  console.log(`|---|${"---:|".repeat(all.length + 3)}`);
  for (const row of rows) {
    if (row.direction !== direction) continue;
    const measured = row.name === "add" ? [rawSubject(), ...all] : all;
    const medians = measure(measured.map((subject) => row.run(subject)), row.calls);
    const figures = new Map(measured.map((subject, k) => [subject.name, medians[k]!]));
    const raw = figures.get("raw core call");
    figures.delete("raw core call");
    const ratio = (name: string): string =>
      figures.has(name) ? `${(figures.get(name)! / figures.get("windlass")!).toFixed(1)} ×` : "";
    console.log(
      `| ${
        [row.name, format(raw), ...[...figures.values()].map(format), ratio("jco current"), ratio("jco 1.10.2")].join(
          " | ",
        )
      } |`,
    );
  }
  console.log();
}
