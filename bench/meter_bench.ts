// What metering costs: each kernel plain and metered, in one run, and the ratio.
// `deno task bench:meter`; the figures are in bench/METER.md.
// A figure is the best of several runs, because other work of the machine only makes runs longer.

import process from "node:process";
import { compile, compileSync } from "@windlass/component";
import { InstanceTree } from "../abi/state/instance.ts";
import { componentInternals } from "../core/component.ts";
import { meterer } from "../core/meter/meterer.ts";
import { transformWhole } from "../core/module/transform.ts";
import { realComponent, runReal } from "../examples/real.ts";
import { wat } from "../tests/support/wat.ts";
import { kernels } from "./meter_kernels.ts";

const TIMES = 15, LONG_TIMES = 6;

type Run = (size: number) => number;

type Clock = () => number;
const wall: Clock = () => performance.now();
/** What this thread has computed, in steps of 10 ms: other work of the machine does not count. */
const cpu: Clock = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

function timeOf(run: () => unknown, clock: Clock = wall): number {
  const start = clock();
  run();
  return clock() - start;
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

/** Runs both in turn, and prints a row. */
function row(name: string, clock: Clock, plain: () => unknown, metered: () => unknown, counts = true): void {
  let a = Infinity, b = Infinity;
  for (let i = 0; i < (clock === wall ? TIMES : LONG_TIMES); i++) {
    a = Math.min(a, timeOf(plain, clock));
    b = Math.min(b, timeOf(metered, clock));
  }
  if (counts) ratios.push(b / a);
  console.log(`| ${name} | ${a.toFixed(2)} | ${b.toFixed(2)} | ${(b / a).toFixed(2)} |`);
}

console.log("| work | plain, ms | metered, ms | ratio |\n|---|---|---|---|");
for (const [name, { text, size, bare }] of Object.entries(kernels)) {
  const bytes = await wat(`(module ${text})`);
  const plain = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports["run"] as Run;
  const { run } = metered(bytes);
  if (plain(size) !== run(size)) throw new Error(`${name} gives another result metered`);
  row(name, wall, () => plain(size), () => run(size), bare !== true);
}

// wasm-tools, 2.2 MB of Rust, prints and parses its own core module.
const source = await realComponent("wasm-tools");
const limits = { fuel: 10n ** 18n, deadline: 600_000 };
const [plain, charged] = [await compile(source), await compile(source, { metering: true })];
const tools = (await runReal(plain)).exports["local:wasm-tools/tools"];
const chargedTools = (await runReal(charged, { limits })).exports["local:wasm-tools/tools"];
const core = coreModule(source), printed = tools.print(core);
if (chargedTools.print(core) !== printed) throw new Error("wasm-tools prints something else metered");
row("wasm-tools prints a module of 2.1 MB", cpu, () => tools.print(core), () => chargedTools.print(core));
row("wasm-tools parses its text", cpu, () => tools.parse(printed), () => chargedTools.parse(printed));

const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
console.log(
  `\nGeometric mean without the counting loop: ${mean.toFixed(2)}; at worst ${Math.max(...ratios).toFixed(2)}.`,
);

console.log(
  "\n| module | bytes | metered | ratio | instrumenting, ms | per MB | compiling, ms |\n|---|---|---|---|---|---|---|",
);
for (const name of ["wasm-tools", "js-component-bindgen-component"] as const) {
  const bytes = coreModule(await realComponent(name));
  let least = Infinity, compiling = Infinity, size = 0;
  for (let i = 0; i < TIMES; i++) {
    least = Math.min(least, timeOf(() => size = transformWhole(bytes, meterer.transform(0, 0)).length));
    // The engine remembers modules by their bytes: each time it gets others.
    const fresh = Uint8Array.from([...bytes, 0, 2, 1, i]), start = performance.now();
    await WebAssembly.compile(fresh);
    compiling = Math.min(compiling, performance.now() - start);
  }
  const perMegabyte = least / (bytes.length / 1e6);
  console.log(
    `| ${name} | ${bytes.length} | ${size} | ${(size / bytes.length).toFixed(3)} | ${least.toFixed(1)} | ${
      perMegabyte.toFixed(1)
    } | ${compiling.toFixed(1)} |`,
  );
}

/** The largest core module of a component. */
function coreModule(component: Uint8Array): Uint8Array<ArrayBuffer> {
  const slots = componentInternals(compileSync(component)).modules;
  const { offset, length } = slots.reduce((most, slot) => slot.length > most.length ? slot : most);
  return component.slice(offset, offset + length);
}
