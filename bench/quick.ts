import { tiers } from "../abi/tiers.ts";
if (Deno.args.includes("eager")) tiers.warmCalls = 0;
import { measure } from "./measure.ts";
import { rawSubject, rows, subjectOf } from "./rows.ts";
import * as lib from "../mod.ts";
const names = Deno.args.filter((a) => a !== "eager" && a !== "two");
const subjects: any[] = [subjectOf("w", lib as never)];
if (Deno.args.includes("two")) subjects.push(subjectOf("w2", lib as never));
for (const row of rows) {
  if (names.length && !names.includes(row.name)) continue;
  const all = row.name === "add"
    ? [rawSubject(), ...(Deno.args.includes("two") ? [rawSubject()] : []), ...subjects]
    : subjects;
  console.log(
    row.direction,
    row.name,
    measure(all.map((s) => row.run(s)), row.calls).map((x) => x.toFixed(1)).join("  "),
  );
}
