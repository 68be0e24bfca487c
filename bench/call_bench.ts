// One boundary crossing, each way, by type. `deno task bench` runs it; the figure is for the `×N`
// crossings that the name says.

import { files } from "./files.ts";
import { checkedRows } from "./measure_rows.ts";

for (const { row, here } of await checkedRows(files)) {
  const group = `${row.direction}, ${row.name} ×${row.calls}`;
  for (const [i, subject] of here.entries()) {
    Deno.bench({ group, name: `${subject.name}: ${group}`, baseline: i === 0, fn: row.run(subject) });
  }
}
