// One boundary crossing, each way, by type. `deno task bench` runs it; the figure is for the `×N` crossings that the name says.
// The baseline of the scalar rows is a raw core call, of the others Windlass with plain host functions.

import { rawSubject, rows, subjects } from "./rows.ts";

const all = await subjects();
for (const row of rows) {
  const group = `${row.direction}, ${row.name} ×${row.calls}`;
  const raw = row.name === "add" ? [rawSubject()] : [];
  for (const [i, subject] of [...raw, ...all].entries()) {
    Deno.bench({ group, name: `${subject.name}: ${group}`, baseline: i === 0, fn: row.run(subject) });
  }
}
