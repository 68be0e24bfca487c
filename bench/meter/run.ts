// What metering costs: each kernel plain and metered, in one run, and the ratio.
// `deno run -A bench/meter/run.ts`; the figures are in bench/METER.md.
// A figure is the best of several runs, because other work of the machine only makes runs longer.

import { InstanceTree } from "../../abi/state/instance.ts";
import { meterer } from "../../core/meter/meterer.ts";
import { transformWhole } from "../../core/module/transform.ts";
import { wat } from "../../tests/support/wat.ts";
import { kernels } from "./kernels.ts";

const TIMES = 15;

type Run = (size: number) => number;

function best(run: () => unknown): number {
  let least = Infinity;
  const start = performance.now();
  run();
  least = Math.min(least, performance.now() - start);
  return least;
}

/** An instance of a module, metered with a deadline, so that the clock is read too. */
function metered(bytes: Uint8Array): { run: Run; size: number } {
  const rewritten = transformWhole(bytes, meterer.transform(0, 0)) as Uint8Array<ArrayBuffer>;
  const module = new WebAssembly.Module(rewritten), tree = new InstanceTree({}, 1);
  const meter = meterer.meter(tree, { fuel: 10n ** 18n, deadline: 60_000 }, undefined);
  const admitted = meterer.admit(module, {}, meter), instance = new WebAssembly.Instance(module);
  admitted.attach(instance);
  return { run: instance.exports["run"] as Run, size: rewritten.length };
}

const ratios: number[] = [];
console.log("| kernel | plain, ms | metered, ms | ratio |\n|---|---|---|---|");
for (const [name, { text, size, bare }] of Object.entries(kernels)) {
  const bytes = await wat(`(module ${text})`);
  const plain = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports["run"] as Run;
  const { run } = metered(bytes);
  if (plain(size) !== run(size)) throw new Error(`${name} gives another result metered`);
  let a = Infinity, b = Infinity;
  for (let i = 0; i < TIMES; i++) {
    a = Math.min(a, best(() => plain(size)));
    b = Math.min(b, best(() => run(size)));
  }
  if (bare !== true) ratios.push(b / a);
  console.log(`| ${name} | ${a.toFixed(2)} | ${b.toFixed(2)} | ${(b / a).toFixed(2)} |`);
}
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
console.log(
  `\nGeometric mean without the counting loop: ${mean.toFixed(2)}; at worst ${Math.max(...ratios).toFixed(2)}.`,
);
