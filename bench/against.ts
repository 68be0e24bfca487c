// deno task bench:against COMMIT: this working tree beside another commit's library, every row, in one run; and beside itself with call
// hooks, whose absence is to cost nothing. The other commit is extracted to a temporary folder.

import * as now from "@windlass/component";
import { measure } from "./measure.ts";
import { rows, subjectOf } from "./rows.ts";

const [commit] = Deno.args;
if (commit === undefined) {
  console.error("usage: deno task bench:against COMMIT");
  Deno.exit(2);
}
const folder = await Deno.makeTempDir();
const extract = `git archive ${JSON.stringify(commit)} | tar -x -C ${JSON.stringify(folder)}`;
const { success, stderr } = await new Deno.Command("sh", { args: ["-c", extract] }).output();
if (!success) throw new Error(new TextDecoder().decode(stderr));
const before = await import(`file://${folder}/mod.ts`);
const none = () => {};
const hooks = { callingHost: none, returningFromHost: none, callingGuest: none, returningFromGuest: none };
const subjects = [
  subjectOf("before", before),
  // Each library with two instances, so that the call sites of neither are monomorphic.
  subjectOf("before, hooks", before, { hooks }),
  subjectOf("now", now as never),
  subjectOf("now, hooks", now as never, { hooks }),
];

console.log(
  `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${
    new Date().toISOString().slice(0, 10)
  }; before is ${commit}; ns a call\n`,
);
console.log(`| direction | row | before | now | now ÷ before | now, with hooks |\n|---|---|---:|---:|---:|---:|`);
for (const row of rows) {
  const [old = 0, , made = 0, hooked = 0] = measure(subjects.map((subject) => row.run(subject)), row.calls);
  const cells = [
    row.direction,
    row.name,
    old.toFixed(1),
    made.toFixed(1),
    `${(made / old).toFixed(2)} ×`,
    hooked.toFixed(1),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
await Deno.remove(folder, { recursive: true });
