// Loading: what decoding and planning cost beside the engine's compilation of the same component's core modules.
// `deno task bench:compile` prints the figures and the ratio; the components are jco 1.0.3's own, from npm.

import { decodeBytes } from "../core/decode.ts";
import { planComponent } from "../core/plan.ts";
import { realComponent } from "../examples/real.ts";

function median(values: number[]): number {
  return values.sort((left, right) => left - right)[values.length >> 1]!;
}

async function timed(action: () => unknown): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** Median of 20 runs after 20. */
async function warm(action: () => unknown): Promise<number> {
  for (let i = 0; i < 20; i++) await action();
  const times: number[] = [];
  for (let i = 0; i < 20; i++) times.push(await timed(action));
  return median(times);
}

console.log(
  `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${new Date().toISOString().slice(0, 10)}; milliseconds\n`,
);
console.log("| component | bytes | decode + plan, cold | decode + plan, warm | WebAssembly.compile, warm | ratio |");
console.log("|---|---:|---:|---:|---:|---:|");
for (const name of ["wasm-tools", "js-component-bindgen-component"] as const) {
  const bytes = await realComponent(name);
  const load = () => planComponent({ kind: "defined", def: decodeBytes(bytes).component, scope: undefined });
  const cold = await timed(load);
  const own = await warm(load);
  const modules = decodeBytes(bytes).modules.map(({ offset, length }) => bytes.subarray(offset, offset + length));
  const engine = await warm(() => Promise.all(modules.map((module) => WebAssembly.compile(module))));
  const row = [cold.toFixed(2), own.toFixed(2), engine.toFixed(1), `${(100 * own / engine).toFixed(1)} %`];
  console.log(`| ${[name, bytes.length, ...row].join(" | ")} |`);
}
