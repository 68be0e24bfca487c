// One boundary crossing, each way, by type. `deno task bench` runs it; the figure is for the `×N`
// crossings that the name says.

import { files } from "./files.ts";
import { rows } from "./rows.ts";
import { subjects } from "./subjects.ts";

const all = await subjects(files);
for (const row of rows) {
  const group = `${row.direction}, ${row.name} ×${row.calls}`;
  for (const [i, subject] of all.filter((subject) => row.has(subject)).entries()) {
    Deno.bench({ group, name: `${subject.name}: ${group}`, baseline: i === 0, fn: row.run(subject) });
  }
}
