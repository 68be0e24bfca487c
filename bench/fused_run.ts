// Measures calls between guests, one runtime: prints JSON. `deno task bench:fused` runs it bundled in
// each runtime. Arguments: the folder of the component and of the floor's modules, text that the rows
// must have, and for each of jco's outputs its name, its folder and its pairs of encodings.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { compileSync, features, instantiateSync } from "../mod.ts";
import { RESOURCE_ROWS, rows } from "./fused_component.ts";
import { measure } from "./measure.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** What one runtime measured: nanoseconds a call, by implementation and row. */
export interface FusedRun {
  readonly runtime: string;
  readonly rows: readonly { readonly name: string; readonly times: Readonly<Record<string, number>> }[];
}

const { process } = globalThis as Any;
const [folder, filter, ...jco] = process.argv.slice(2);
const path = (name: string): string => `${folder}/${name}`;
const bytes = readFileSync(path("fused.wasm"));

const implementations: Record<string, (row: number) => ((n: number) => void) | undefined> = {};
const callee = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path("floor_callee.wasm"))));
const floor = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path("floor_caller.wasm"))), {
  "": callee.exports as WebAssembly.ModuleImports,
});
implementations["floor"] = (row) => floor.exports[`run${row}`] as Any;
const ours = (options: object) => {
  const { exports } = instantiateSync(compileSync(bytes, options));
  return (row: number) => (exports as Any)[`run${row}`];
};
implementations["fused"] = ours({});
Object.defineProperty(features, "simd", { value: false, configurable: true });
implementations["without SIMD"] = ours({});
implementations["JavaScript"] = ours({ fused: false });
for (const peer of jco) {
  const [name = "", place = "", encodings = ""] = peer.split("|"), pairs = encodings.split(",");
  const { instantiate } = await import(pathToFileURL(`${process.cwd()}/${place}/fused.js`).href);
  const exports = instantiate((file: string) => new WebAssembly.Module(readFileSync(`${place}/${file}`)), {});
  implementations[name] = (row) =>
    pairs.includes((rows[row]?.encodings ?? ["utf8", "utf8"]).join(" ")) ? exports[`run${row}`] : undefined;
}

const names = [...rows.map((row) => row.name), ...RESOURCE_ROWS];
const out: { name: string; times: Record<string, number> }[] = [];
for (const [row, name] of names.entries()) {
  if (filter && !name.includes(filter)) continue;
  const bytes = rows[row]?.bytes ?? 1, calls = bytes > 1000 ? 100 : 1000;
  const runs: [string, () => void][] = [];
  for (const [implementation, get] of Object.entries(implementations)) {
    const run = get(row);
    if (run === undefined) continue;
    try {
      run(3);
      runs.push([implementation, () => run(calls)]);
    } catch (error) {
      console.error(`${implementation}, ${name}: ${error}`);
    }
  }
  const times = measure(runs.map(([, run]) => run), calls);
  out.push({ name, times: Object.fromEntries(runs.map(([implementation], i) => [implementation, times[i]!])) });
}
const { Deno: deno, Bun: bun } = globalThis as Any;
const runtime = deno ? `Deno ${deno.version.deno}` : bun ? `Bun ${bun.version}` : `Node ${process.versions.node}`;
console.log(JSON.stringify({ runtime, rows: out } satisfies FusedRun));
