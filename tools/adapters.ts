// deno task adapters FILE.wasm: the adapters of the calls between guests of a component, as text, for
// reading. Each is exported by the number of the core function that the caller imports.

import { fusePlan } from "../core/fused/fuse.ts";
import { componentInternals } from "../core/component.ts";
import { compile } from "../mod.ts";
import { unwat } from "../tests/support/wat.ts";

const [file] = Deno.args;
if (file === undefined) throw new Error("which component? deno task adapters FILE.wasm");
const { plan } = componentInternals(await compile(await Deno.readFile(file), { fused: false }));
const parts = fusePlan(plan, false);
if (parts.length === 0) console.log(";; no call between guests has an adapter");
for (const { fused, group: { steps } } of parts) {
  for (const { coreFunc, lift } of steps) {
    console.log(`;; ${coreFunc}: ${plan.lifts[lift]!.name ?? `lift ${lift}`}`);
  }
  console.log(`;; ${fused.bytes.length} bytes`);
  console.log(await unwat(fused.bytes));
}
