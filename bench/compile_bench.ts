// Loading: what decoding, validating and planning cost beside the engine's compilation of the same
// component's core modules, and how
// they grow with a component that is made of types only.
// `deno task bench:compile` prints the figures and the ratios; the real components are jco 1.0.3's
// own, from npm.

import { decodeBytes } from "../core/decode/decode.ts";
import { Budget } from "../core/resolve/budget.ts";
import { Gates } from "../core/binary/gates.ts";
import { planComponent } from "../core/plan/plan.ts";
import { validateComponent } from "../core/validate/validate.ts";
import { realComponent } from "../examples/real.ts";
import { typesOnly } from "./generated.ts";

/** All of loading that is ours. */
function load(bytes: Uint8Array): void {
  const { component } = decodeBytes(bytes);
  validateComponent(component, new Gates(), new Budget(component.size));
  planComponent({ kind: "defined", def: component, scope: undefined });
}

function median(values: number[]): number {
  return values.sort((left, right) => left - right)[values.length >> 1]!;
}

async function timed(action: () => unknown): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** Median of 20 runs after 20, or of as many as said, after as many as said. */
async function warm(action: () => unknown, runs = 20, before = runs): Promise<number> {
  for (let i = 0; i < before; i++) await action();
  const times: number[] = [];
  for (let i = 0; i < runs; i++) times.push(await timed(action));
  return median(times);
}

console.log(
  `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${new Date().toISOString().slice(0, 10)}; milliseconds\n`,
);
console.log(
  "| component | bytes | decode + validate + plan, cold | after 20 runs | after 400 | WebAssembly.compile, warm | ratio |",
);
console.log("|---|---:|---:|---:|---:|---:|---:|");
for (const name of ["wasm-tools", "js-component-bindgen-component"] as const) {
  const bytes = await realComponent(name);
  const cold = await timed(() => load(bytes));
  const early = await warm(() => load(bytes)), own = await warm(() => load(bytes), 40, 400);
  const modules = decodeBytes(bytes).modules.map(({ offset, length }) => bytes.subarray(offset, offset + length));
  const engine = await warm(() => Promise.all(modules.map((module) => WebAssembly.compile(module))));
  const times = [cold, early, own].map((time) => time.toFixed(2));
  const row = [...times, engine.toFixed(1), `${(100 * own / engine).toFixed(1)} %`];
  console.log(`| ${[name, bytes.length, ...row].join(" | ")} |`);
}

console.log("\n| types only, bytes | decode + validate + plan, warm | ns per byte |");
console.log("|---:|---:|---:|");
for (const size of [10_000, 100_000, 1_000_000, 10_000_000]) {
  const { bytes } = typesOnly(size);
  const own = await warm(() => load(bytes), size > 1_000_000 ? 5 : 20);
  console.log(`| ${bytes.length} | ${own.toFixed(2)} | ${(1e6 * own / bytes.length).toFixed(0)} |`);
}
