// What metering costs: kernels and guests of real toolchains plain and metered, in one run, and the
// ratio; how much larger the code is; how long instrumenting takes beside compiling.
// `deno task bench:meter`; the figures are in bench/METER.md. The guest in JavaScript is what
// `deno task test:js` made; without it, its rows are left out.
// A figure is the best of several runs, because other work of the machine only makes runs longer.

import process from "node:process";
import { compile, compileSync, type Component, type InstantiateSettings, Linker } from "@windlass/component";
import { run as runCommand, wasi } from "@windlass/component/wasi";
import { InstanceTree } from "../abi/state/instance.ts";
import { componentInternals } from "../core/component.ts";
import { meterer } from "../core/meter/meterer.ts";
import { transformWhole } from "../core/module/transform.ts";
import { realComponent, runReal } from "../examples/real.ts";
import { wat } from "../tests/support/wat.ts";
import { kernels } from "./meter_kernels.ts";

const TIMES = 60, LONG_TIMES = 8;

// The first module that a process meters: the code that does it has not been compiled by then.
const modules: { readonly name: string; readonly component: Uint8Array<ArrayBuffer> }[] = [];
for (const name of ["wasm-tools", "js-component-bindgen-component"] as const) {
  modules.push({ name, component: await realComponent(name) });
}
const first = coreModule(modules[0]!.component), firstTime = timeOf(() => meteredForm(first));

type Run = (size: number) => number;

type Clock = () => number;
function wall(): number {
  return performance.now();
}
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
  const rewritten = meteredForm(bytes);
  const module = new WebAssembly.Module(rewritten), tree = new InstanceTree({}, 1);
  const meter = meterer.meter(tree, { fuel: 10n ** 18n, deadline: 60_000 }, undefined);
  const admitted = meterer.admit(module, {}, meter), instance = new WebAssembly.Instance(module);
  admitted.attach(instance);
  return { run: instance.exports["run"] as Run, size: rewritten.length };
}

function meteredForm(module: Uint8Array): Uint8Array<ArrayBuffer> {
  return transformWhole(module, meterer.transform(0, 0)) as Uint8Array<ArrayBuffer>;
}

const ratios: number[] = [];

/** The same as {@linkcode row} for runs that wait for something. */
async function rowAsync(name: string, plain: () => Promise<unknown>, metered: () => Promise<unknown>): Promise<void> {
  const least = [Infinity, Infinity];
  for (let i = 0; i < LONG_TIMES; i++) {
    for (const [k, run] of [plain, metered].entries()) {
      const start = cpu();
      await run();
      least[k] = Math.min(least[k]!, cpu() - start);
    }
  }
  print(name, least[0]!, least[1]!);
}

function print(name: string, plain: number, metered: number): void {
  console.log(`| ${name} | ${plain.toFixed(2)} | ${metered.toFixed(2)} | ${(metered / plain).toFixed(2)} |`);
}

/** Runs both in turn, and prints a row. */
function row(name: string, clock: Clock, plain: () => unknown, metered: () => unknown, counts = true): void {
  let a = Infinity, b = Infinity;
  for (let i = 0; i < (clock === wall ? TIMES : LONG_TIMES); i++) {
    a = Math.min(a, timeOf(plain, clock));
    b = Math.min(b, timeOf(metered, clock));
  }
  if (counts) ratios.push(b / a);
  print(name, a, b);
}

console.log("| work | plain, ms | metered, ms | ratio |\n|---|---|---|---|");
for (const [name, { text, size, bare }] of Object.entries(kernels)) {
  const bytes = await wat(`(module ${text})`);
  const plain = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports["run"] as Run;
  const { run } = metered(bytes);
  if (plain(size) !== run(size)) throw new Error(`${name} gives another result metered`);
  row(name, wall, () => plain(size), () => run(size), bare !== true);
}

/** A component plain and metered, and how much larger its code is. */
async function both(source: Uint8Array<ArrayBuffer>): Promise<{ plain: Component; charged: Component; grows: string }> {
  const bytes = coreModule(source);
  return {
    plain: await compile(source),
    charged: await compile(source, { metering: true }),
    grows: `, ${(meteredForm(bytes).length / bytes.length).toFixed(2)} × the code`,
  };
}

// wasm-tools, 2.2 MB of Rust, prints and parses its own core module.
const limits = { fuel: 10n ** 18n, deadline: 600_000 };
const source = modules[0]!.component, forms = await both(source);
const tools = (await runReal(forms.plain)).exports["local:wasm-tools/tools"];
const chargedTools = (await runReal(forms.charged, { limits })).exports["local:wasm-tools/tools"];
const core = coreModule(source), printed = tools.print(core);
if (chargedTools.print(core) !== printed) throw new Error("wasm-tools prints something else metered");
const toolsName = `wasm-tools (Rust${forms.grows})`;
row(`${toolsName} prints a module of 2.1 MB`, cpu, () => tools.print(core), () => chargedTools.print(core));
row(`${toolsName} parses its text`, cpu, () => tools.parse(printed), () => chargedTools.parse(printed));

/** An instance that has WASI. */
async function withWasi(component: Component, settings: InstantiateSettings = {}): Promise<Exports> {
  return (await new Linker().define(await wasi()).link(component).instantiate(settings)).exports as Exports;
}
// deno-lint-ignore no-explicit-any
type Exports = any;

// Guests of the tests: a small component in Rust, a command in C, SpiderMonkey.
const words = await both(await Deno.readFile("tests/wasi/guests/p3/words.wasm")),
  text = "Grüße an alle. ".repeat(60_000);
const [shouts, chargedShouts] = [await withWasi(words.plain), await withWasi(words.charged, { limits })]
  .map((exports) => exports["test:words/words"]);
if (chargedShouts.shout(text) !== shouts.shout(text)) throw new Error("words shouts something else metered");
const shout = (exports: Exports) => () => {
  for (let i = 0; i < 20; i++) exports.shout(text);
};
row(`words (Rust${words.grows}) shouts 1 MB, 20 times`, cpu, shout(shouts), shout(chargedShouts));

const counts = await both(await Deno.readFile("tests/wasi/guests/count.wasm")), folder = await Deno.makeTempDir();
await Deno.writeTextFile(`${folder}/text`, "eleven chars\n".repeat(4_000_000));
const count = async (component: Component, limited: boolean): Promise<string> => {
  const options = {
    args: ["count", "text"],
    preopens: { "/": { path: folder, readOnly: true } },
    stdout: "capture",
  } as const;
  const { stdout } = await runCommand(component, { ...options, ...limited && { limits } });
  return new TextDecoder().decode(stdout);
};
if (await count(counts.plain, false) !== await count(counts.charged, true)) throw new Error("count counts otherwise");
await rowAsync(
  `count (C${counts.grows}) of 52 MB`,
  () => count(counts.plain, false),
  () => count(counts.charged, true),
);
await Deno.remove(folder, { recursive: true });

const greeter = await Deno.readFile("tests/.build/js/greeter.wasm").catch(() => undefined);
if (greeter !== undefined) {
  modules.push({ name: "greeter (StarlingMonkey)", component: greeter });
  const made = await both(greeter), name = `StarlingMonkey${made.grows}`;
  const greets = await withWasi(made.plain), chargedGreets = await withWasi(made.charged, { limits });
  const greet = (exports: Exports) => () => {
    for (let i = 0; i < 10_000; i++) exports.greet("ann");
  };
  row(`10,000 calls of \`greet\` (${name})`, cpu, greet(greets), greet(chargedGreets));
}

const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
console.log(
  `\nGeometric mean without the counting loop: ${mean.toFixed(2)}; at worst ${Math.max(...ratios).toFixed(2)}.`,
);

console.log(
  "\n| module | bytes | metered | ratio | instrumenting, ms | per MB | compiling, ms | share |\n|---|---|---|---|---|---|---|---|",
);
for (const { name, component } of modules) {
  const bytes = coreModule(component);
  let least = Infinity, compiling = Infinity, size = 0;
  for (let i = 0; i < TIMES; i++) {
    least = Math.min(least, timeOf(() => size = meteredForm(bytes).length));
    // The engine remembers modules by their bytes: each time it gets others.
    const fresh = new Uint8Array(bytes.length + 4), start = performance.now();
    fresh.set(bytes);
    fresh.set([0, 2, 1, i], bytes.length);
    await WebAssembly.compile(fresh);
    compiling = Math.min(compiling, performance.now() - start);
  }
  const cells = [
    ...[name, bytes.length, size, (size / bytes.length).toFixed(3), least.toFixed(1)],
    ...[(least / (bytes.length / 1e6)).toFixed(1), compiling.toFixed(1), `${(100 * least / compiling).toFixed(0)} %`],
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
console.log(`\nThe first module of the process, ${first.length} bytes: ${firstTime.toFixed(1)} ms.`);

/** The largest core module of a component. */
function coreModule(component: Uint8Array): Uint8Array<ArrayBuffer> {
  const slots = componentInternals(compileSync(component)).modules;
  const { offset, length } = slots.reduce((most, slot) => slot.length > most.length ? slot : most);
  return component.slice(offset, offset + length) as Uint8Array<ArrayBuffer>;
}
