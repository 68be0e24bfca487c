// deno task bench:table: every row with every implementation in one run, nanoseconds a call (median of 15 after warming up) and ratios.

import { rawSubject, rows, subjects } from "./rows.ts";

function median(values: number[]): number {
  return values.sort((left, right) => left - right)[values.length >> 1]!;
}

/** Nanoseconds for one of the `calls` crossings that `run` makes. */
function measure(run: () => void, calls: number): number {
  const until = performance.now() + 60;
  let rounds = 0;
  while (performance.now() < until) run(), rounds++;
  const perSample = Math.max(1, Math.ceil(rounds / 6));
  return median(Array.from({ length: 15 }, () => {
    const start = performance.now();
    for (let i = 0; i < perSample; i++) run();
    return (performance.now() - start) * 1e6 / (perSample * calls);
  }));
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
    const raw = row.name === "add" ? measure(row.run(rawSubject()), row.calls) : undefined;
    const figures = new Map(all.map((subject) => [subject.name, measure(row.run(subject), row.calls)]));
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
