// deno task bench:wasi [--runtimes Deno,Node,Bun] [--size BYTES]: the handler of WASI 0.3 beside that of
// 0.2, and a command that copies a file beside the same loop in JavaScript, on Deno, Node 26 and Bun;
// prints the tables and writes WASI.md's part between its two marks. Each runtime runs the same bundle.

import { parseArgs } from "node:util";
import type { WasiRun } from "./wasi_run.ts";
import { must } from "../tools/process.ts";
import { machine } from "./machine.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { runtimes: { type: "string", default: "Deno,Node,Bun" }, size: { type: "string", default: "1000000000" } },
});
const bundle = "bench/.build/wasi_run.mjs", report = "bench/WASI.md";
await Deno.mkdir("bench/.build", { recursive: true });
await must([Deno.execPath(), "bundle", "--quiet", "--platform", "deno", "-o", bundle, "bench/wasi_run.ts"]);

/** How each runtime runs a bundle; with the collector exposed. */
const runtimes: Readonly<Record<string, readonly string[]>> = {
  "Deno": [Deno.execPath(), "run", "--allow-all", "--v8-flags=--expose-gc"],
  "Node": ["npx", "-y", "node@26", "--expose-gc"],
  "Bun": ["npx", "-y", "bun@1.4"],
};

/** What is measured in one process. */
const served = ["hello", "echo of 1 MiB", "copy of 1 MiB"]
  .flatMap((what) => ["an instance per request", "4 instances"].map((pool) => `${what}, ${pool}`));
/** What is copied, and the loop in JavaScript that does the same. */
const copies = [
  ["cat to nowhere, 0.3", "a file read into one buffer"],
  ["cat to a web stream, 0.3", "a file read and written to a web stream"],
  ["cat of a web stream to a web stream, 0.3", "chunks written to a web stream"],
] as const;
const processes = [...served, copies.flat().join(";")];

async function measure(runtime: string): Promise<WasiRun> {
  const parts: WasiRun[] = [];
  for (const rows of processes) {
    const output = await must([...runtimes[runtime]!, bundle, "--size", values.size, "--rows", rows]);
    parts.push(JSON.parse(output.trim().split("\n").at(-1)!));
  }
  // The last one has copied the files, and tells of memory.
  return { ...parts.at(-1)!, figures: parts.flatMap(({ figures }) => figures) };
}

const runs: WasiRun[] = [];
for (const name of values.runtimes.split(",")) {
  console.error(name);
  runs.push(await measure(name));
}
const names = runs.map(({ runtime }) => runtime);
const ns = (run: WasiRun, name: string): number => run.figures.find((figure) => figure.name === name)!.ns;
const ratio = (value: number): string => `${value.toFixed(2)} ×`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, ["---", ...head.slice(1).map(() => "---:")], ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const requests = served.map((name) => [
  name,
  ...runs.map((run) => `${(ns(run, `${name}, 0.3`) / 1000).toFixed(0)} µs`),
  ...runs.map((run) => ratio(ns(run, `${name}, 0.2`) / ns(run, `${name}, 0.3`))),
]);
const CHUNK = 65536;
const copied = copies.map(([row, loop]) => [
  row,
  ...runs.map((run) => `${(CHUNK / ns(run, row)).toFixed(1)} GB/s`),
  loop,
  ...runs.map((run) => ratio(ns(run, loop) / ns(run, row))),
]);
const memory = runs.map(({ runtime, memory: { before, most, after } }) => [
  runtime,
  ...[before, most, after].map((value) => `${value.toFixed(0)} MiB`),
]);
const [processor, cores, load] = await machine();
const text = `\`deno task bench:wasi\`, ${
  new Date().toISOString().slice(0, 10)
}; ${processor}, ${cores} cores, load ${load} at the end;
the least of 25 samples (5 of copies), those of both sides interleaved, since other work runs on the machine; a
process for each pair of handlers, and one for copies; engines ${runs.map(({ engine }) => engine).join(", ")}.

The processor's time for a request, 16 at a time, and the throughput against the handler of 0.2 (target ≥ 0.9 ×):

${table(["handler of 0.3", ...names, ...names.map((name) => `against 0.2, ${name}`)], requests)}

A file of ${Number(values.size) / 1e9} GB, and the throughput against the loop (target ≥ 0.5 ×):

${table(["command of 0.3", ...names, "loop", ...names.map((name) => `ratio, ${name}`)], copied)}

Resident memory of the process, before the copies, at most after one of them, and after all:

${table(["runtime", "before", "most", "after"], memory)}
`;
console.log(text);
const BEGIN = "<!-- measured -->\n", END = "<!-- end -->";
const before = await Deno.readTextFile(report);
const from = before.indexOf(BEGIN) + BEGIN.length, to = before.indexOf(END);
await Deno.writeTextFile(report, `${before.slice(0, from)}\n${text}\n${before.slice(to)}`);
await must([Deno.execPath(), "fmt", "--quiet", report]);
