// deno task bench:table: every row with every implementation in one run, nanoseconds a call (median of 15 samples, interleaved) and ratios.

import { measure } from "./measure.ts";
import { rawSubject, rows, subjects } from "./rows.ts";

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
