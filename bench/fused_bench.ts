// deno task bench:fused [--runtimes Deno,Node,Bun] [--jco] [--rows text]: calls between guests as
// adapters in WebAssembly, beside the JavaScript route, hand-written core WebAssembly that copies
// without checking, and, with --jco, what jco makes of the same component. Prints the tables and
// writes FUSED.md's part between its two marks. Each runtime runs the same bundle.

import { parseArgs } from "node:util";
import { must } from "../tools/process.ts";
import { machine } from "./machine.ts";
import { wat } from "../tests/support/wat.ts";
import { componentText, floorTexts, type FusedRow } from "./fused_component.ts";
import type { FusedRun } from "./fused_run.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    runtimes: { type: "string", default: "Deno,Node" },
    jco: { type: "boolean", default: false },
    rows: { type: "string", default: "" },
  },
});
const folder = "bench/.build/fused", bundle = "bench/.build/fused_run.mjs", report = "bench/FUSED.md";
const runtimes: Readonly<Record<string, readonly string[]>> = {
  "Deno": [Deno.execPath(), "run", "--allow-all"],
  "Node": ["npx", "-y", "node@26"],
  "Bun": ["npx", "-y", "bun@1.4"],
};

/** jco's outputs: which release, with which options, and the pairs of encodings that it has. */
const peers = [
  { name: "jco 1.35", version: "1.35.0", options: [], encodings: ["utf8 utf8", "utf8 utf16", "utf16 utf8"] },
  {
    name: "jco 1.35, several memories",
    version: "1.35.0",
    options: ["--multi-memory"],
    encodings: ["utf8 utf8", "utf8 utf16", "utf16 utf8"],
  },
  { name: "jco 1.10.2", version: "1.10.2", options: [], encodings: ["utf8 utf8"] },
  { name: "jco 1.10.2, several memories", version: "1.10.2", options: ["--multi-memory"], encodings: ["utf8 utf8"] },
] as const;

await Deno.mkdir(folder, { recursive: true });
await must([Deno.execPath(), "bundle", "--quiet", "--platform", "deno", "-o", bundle, "bench/fused_run.ts"]);
const floor = floorTexts();
await Deno.writeFile(`${folder}/fused.wasm`, await wat(componentText()));
await Deno.writeFile(`${folder}/floor_callee.wasm`, await wat(floor.callee));
await Deno.writeFile(`${folder}/floor_caller.wasm`, await wat(floor.caller));

/** Makes jco's outputs; gives an argument of fused_run.ts for each. */
async function transpiled(): Promise<string[]> {
  return await Promise.all(peers.map(async ({ name, version, options, encodings }) => {
    const place = `bench/.jco/fused-${version}${options.join("")}`;
    await Deno.mkdir(place, { recursive: true });
    const has = (row: FusedRow): boolean => (encodings as readonly string[]).includes(pairOf(row));
    await Deno.writeFile(`${place}/source.wasm`, await wat(componentText(has)));
    const jco = ["npx", "-y", `@bytecodealliance/jco@${version}`, "transpile", `${place}/source.wasm`];
    await must([...jco, "--instantiation", "sync", "--name", "fused", "-o", place, ...options]);
    await Deno.writeTextFile(`${place}/package.json`, '{ "type": "module" }\n');
    return `${name}|${place}|${encodings.join(",")}`;
  }));
}

function pairOf({ encodings }: FusedRow): string {
  return (encodings ?? ["utf8", "utf8"]).join(" ");
}

const outputs = values.jco ? await transpiled() : [], names = values.runtimes.split(",");
const runs: FusedRun[] = [];
for (const name of names) {
  console.error(name);
  const out = await must([...runtimes[name]!, bundle, folder, values.rows, ...outputs]);
  runs.push(JSON.parse(out.trim().split("\n").at(-1)!));
}

const time = (ns: number | undefined): string =>
  ns === undefined
    ? ""
    : ns < 1000
    ? `${ns.toFixed(ns < 10 ? 1 : 0)} ns`
    : `${(ns / 1000).toFixed(ns < 1e4 ? 2 : 1)} µs`;
const ratio = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? "" : `${value.toFixed(value < 10 ? 2 : 0)} ×`;
const mean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);

const best = (times: Readonly<Record<string, number>>): number | undefined => {
  const found = Object.entries(times).flatMap(([name, ns]) => name.startsWith("jco") ? ns : []);
  return found.length === 0 ? undefined : Math.min(...found);
};

function tableOf({ rows }: FusedRun): string {
  const head = [
    "row",
    "fused",
    "without SIMD",
    "floor",
    "÷ floor",
    "JavaScript ÷",
    ...(values.jco ? ["best jco", "jco ÷"] : []),
  ];
  const lines = rows.map(({ name, times }) => {
    const fused = times["fused"]!, jco = best(times);
    return [
      name,
      time(fused),
      time(times["without SIMD"]),
      time(times["floor"]),
      ratio(fused / (times["floor"] ?? NaN)),
      ratio(times["JavaScript"]! / fused),
      ...(values.jco ? [time(jco), ratio((jco ?? NaN) / fused)] : []),
    ];
  });
  const js = mean(rows.map(({ times }) => times["JavaScript"]! / times["fused"]!));
  const measured = rows.flatMap(({ times }) => best(times) === undefined ? [] : best(times)! / times["fused"]!);
  const means = `Geometric means: ${ratio(js)} the speed of the JavaScript route${
    measured.length === 0
      ? ""
      : `, ${ratio(mean(measured))} that of the best jco (${measured.length} rows; the others it cannot transpile)`
  }.`;
  const table = [head, ["---", ...head.slice(1).map(() => "---:")], ...lines].map((cells) =>
    `| ${cells.join(" | ")} |`
  );
  return `${table.join("\n")}\n\n${means}`;
}

const [processor, cores] = await machine();
const text = `\`deno task bench:fused${values.jco ? " --jco" : ""}\`, ${
  new Date().toISOString().slice(0, 10)
}; ${processor}, ${cores} cores; medians of 15 samples, the implementations interleaved.

${runs.map((run) => `## ${run.runtime}\n\n${tableOf(run)}`).join("\n\n")}
`;
console.log(text);
if (values.rows === "") {
  const BEGIN = "<!-- measured -->\n", END = "<!-- end -->", before = await Deno.readTextFile(report);
  const from = before.indexOf(BEGIN) + BEGIN.length, to = before.indexOf(END);
  await Deno.writeTextFile(report, `${before.slice(0, from)}\n${text}\n${before.slice(to)}`);
  await must([Deno.execPath(), "fmt", "--quiet", report]);
}
