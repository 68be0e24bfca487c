// The call rows with a component that was written ahead of time, beside the same component at run
// time. Argument: the module with the plan. Prints nanoseconds a call.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { load } from "@windlass/component/ahead";
import { files } from "./files.ts";
import { plainHost } from "./host.ts";
import { measure } from "./measure.ts";
import { rows } from "./rows.ts";
import { subjects } from "./subjects.ts";
import { engine, runtime } from "./runtime_name.ts";
import { Linker } from "@windlass/component";

// deno-lint-ignore no-explicit-any
type Any = any;
const { process } = globalThis as Any;
const plan = pathToFileURL(process.argv[2]);
const { default: written } = await import(plan.href);
const cores = (written.sizes as number[]).map((_, i) =>
  new WebAssembly.Module(new Uint8Array(readFileSync(new URL(`calls.core${i}.wasm`, plan))))
);
const HOST = "bench:calls/host", GUEST = "bench:calls/guest", LOOPS = "bench:calls/loops";
const component = await load(written, cores);
const { exports } = new Linker().define({ [HOST]: plainHost() }).link(component).instantiateSync() as Any;
const ahead = { name: "windlass, ahead", guest: exports[GUEST], loops: exports[LOOPS] };
const all = [...await subjects(files, ["windlass", "windlass, closures"]), ahead];
console.log(`${runtime}, ${engine}\n| row | ${all.map(({ name }) => name).join(" | ")} | ahead ÷ run time |`);
console.log(`|---|${"---:|".repeat(all.length + 1)}`);
const ratios: number[] = [];
for (const row of rows) {
  const here = all.filter((subject) => row.has(subject));
  if (here.length < all.length) continue;
  const ns = measure(here.map((subject) => row.run(subject)), row.calls), ratio = ns.at(-1)! / ns[0]!;
  ratios.push(ratio);
  console.log(
    `| ${row.direction}: ${row.name} | ${ns.map((each) => each.toFixed(1)).join(" | ")} | ${ratio.toFixed(2)} |`,
  );
}
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
const median = ratios.toSorted((a, b) => a - b)[ratios.length >> 1]!;
console.log(`\nGeometric mean ${mean.toFixed(2)}, median ${median.toFixed(2)}.`);
