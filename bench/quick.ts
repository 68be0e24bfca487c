import { measure } from "./measure.ts";
import { rawSubject, rows, subjectOf } from "./rows.ts";
import * as lib from "../mod.ts";
const two = Deno.args.includes("two"), names = Deno.args.filter((a) => a !== "two");
const subjects = [subjectOf("w", lib as never)];
if (two) subjects.push(subjectOf("w2", lib as never));
for (const row of rows) {
  if (names.length && !names.includes(row.name)) continue;
  const all = row.name === "add" ? [rawSubject(), ...(two ? [rawSubject()] : []), ...subjects] : subjects;
  console.log(
    row.direction,
    row.name,
    measure(all.map((s) => row.run(s)), row.calls).map((x) => x.toFixed(1)).join("  "),
  );
}
