// deno task bench:async [--runtimes Deno,Node,Bun] [--jco]: the asynchronous rows beside what they
// are made of, on Deno, Node 26 and Bun; prints the table and writes ASYNC.md's part between its two
// marks. Each runtime runs the same bundle. With --jco, also what jco 1.35 makes of the component, in
// Node.

import { parseArgs } from "node:util";
import type { AsyncRun } from "./async_run.ts";
import { must } from "../tools/process.ts";
import { machine } from "./machine.ts";
import { wat } from "../tests/support/wat.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { runtimes: { type: "string", default: "Deno,Node,Bun" }, jco: { type: "boolean", default: false } },
});
const bundle = "bench/.build/async_run.mjs", report = "bench/ASYNC.md";
await Deno.mkdir("bench/.build", { recursive: true });
const makeBundle = (to: string, source: string): Promise<string> =>
  must([Deno.execPath(), "bundle", "--quiet", "--platform", "deno", "-o", to, source]);
await makeBundle(bundle, "bench/async_run.ts");

/** How each runtime runs a bundle; with the collector exposed. */
const runtimes: Readonly<Record<string, readonly string[]>> = {
  "Deno": [Deno.execPath(), "run", "--allow-all", "--v8-flags=--expose-gc"],
  "Node": ["npx", "-y", "node@26", "--expose-gc"],
  "Bun": ["npx", "-y", "bun@1.4"],
};

/** What a row is held against: a time in nanoseconds, and the primitive that its ratio is to. */
interface Target {
  readonly row: string;
  readonly target: string;
  readonly primitive: string;
  /** Bytes of one operation, for rates. */
  readonly bytes?: number;
  readonly elements?: true;
}

const CHUNK = 65536;
const targets: readonly Target[] = [
  { row: "guest → host, value at once", target: "≤ 40 ns", primitive: "import call" },
  { row: "guest → host, promise settled", target: "≤ 1.5 µs", primitive: "microtask hop" },
  { row: "host → guest, at once", target: "≤ 0.8 µs", primitive: "microtask hop" },
  { row: "host → guest, waits once", target: "≤ 3 µs", primitive: "microtask hop" },
  { row: "guest → guest, at once", target: "≤ 0.3 µs", primitive: "import call" },
  { row: "guest → guest, waits once", target: "≤ 2 µs", primitive: "microtask hop" },
  { row: "suspended synchronous call", target: "≤ 1.3 ×", primitive: "JSPI round trip" },
  {
    row: "stream<u8> host → guest, iterable",
    target: "≥ 3 GB/s, ≤ 1.5 ×",
    primitive: "copy of 64 KiB",
    bytes: CHUNK,
  },
  {
    row: "stream<u8> host → guest, ReadableStream",
    target: "≥ 3 GB/s, ≤ 1.5 ×",
    primitive: "copy of 64 KiB",
    bytes: CHUNK,
  },
  {
    row: "stream<u8> guest → host, own buffer",
    target: "≥ 3 GB/s, ≤ 1.5 ×",
    primitive: "byte stream pull into a buffer",
    bytes: CHUNK,
  },
  {
    row: "stream<u8> guest → host, new arrays",
    target: "≥ 3 GB/s, ≤ 1.5 ×",
    primitive: "copy of 64 KiB into a new array",
    bytes: CHUNK,
  },
  { row: "stream<u8> guest → guest, 64 KiB", target: "≥ 6 GB/s", primitive: "copy of 64 KiB", bytes: CHUNK },
  { row: "stream<u8> guest → guest, 1 KiB", target: "≥ 0.8 GB/s", primitive: "copy of 1 KiB", bytes: 1024 },
  { row: "stream<record of 4> guest → host", target: "≥ 2 M/s", primitive: "stream pull", elements: true },
];

const time = (ns: number): string =>
  ns < 1000 ? `${ns.toFixed(ns < 10 ? 1 : 0)} ns` : `${(ns / 1000).toFixed(ns < 1e4 ? 2 : 1)} µs`;
const ratio = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ×`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, ["---", ...head.slice(1).map(() => "---:")], ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** Measures jco's output in Node: a row that failed or takes longer than 20 seconds has no figure. */
async function jco(): Promise<ReadonlyMap<string, number>> {
  const folder = "bench/.jco/async", program = "bench/.build/async_jco_run.mjs";
  await Deno.mkdir(folder, { recursive: true });
  // jco takes no component that exports a type beside its functions: the record becomes a tuple.
  const source = await Deno.readTextFile("bench/fixtures/async.wat");
  const named = /\(type \$sample' .*\n.*\(export \$sample .*\n/;
  await Deno.writeFile(
    `${folder}/async.wasm`,
    await wat(source.replace(named, "(type $sample (tuple u32 u32 f64 f64))\n")),
  );
  await must([
    ...["npx", "-y", "@bytecodealliance/jco@1.35.0", "transpile", `${folder}/async.wasm`, "-o", folder],
    ...["--name", "async", "--instantiation", "async", "--async-mode", "jspi"],
    ...["now", "settled", "pending"].flatMap((name) => ["--async-imports", name]),
  ]);
  await Deno.writeTextFile(`${folder}/package.json`, '{ "type": "module" }\n');
  await makeBundle(program, "bench/async_jco_run.ts");
  const found = new Map<string, number>();
  for (const { row } of targets) {
    try {
      const signal = AbortSignal.timeout(20_000);
      found.set(row, Number(await must([...runtimes["Node"]!, program, folder, row, "64"], { signal })));
    } catch (error) {
      console.error(`jco, ${row}: ${String(error).split("\n").find((line) => line.includes("Error:")) ?? "no result"}`);
    }
  }
  return found;
}

const runs: AsyncRun[] = [];
for (const name of values.runtimes.split(",")) {
  console.error(name);
  runs.push(JSON.parse((await must([...runtimes[name]!, bundle])).trim().split("\n").at(-1)!));
}
const peers = values.jco ? await jco() : undefined;
const names = runs.map(({ runtime }) => runtime);
const ns = (run: AsyncRun, name: string): number => run.figures.find((figure) => figure.name === name)!.ns;

const rows = targets.map(({ row, target, primitive, bytes, elements }) => [
  row,
  target,
  ...runs.map((run) => {
    const value = ns(run, row);
    if (bytes !== undefined) return `${(bytes / value).toFixed(1)} GB/s`;
    return elements ? `${(1000 / value).toFixed(1)} M/s` : time(value);
  }),
  primitive,
  ...runs.map((run) => ratio(ns(run, row) / ns(run, primitive))),
  ...(peers === undefined ? [] : [peers.has(row) ? time(peers.get(row)!) : ""]),
]);
const rowNames = new Set(targets.map(({ row }) => row));
const primitives = runs[0]!.figures.filter(({ name }) => !rowNames.has(name))
  .map(({ name }) => [name, ...runs.map((run) => time(ns(run, name)))]);
const counts = runs[0]!.many.map(({ calls }, i) => [
  `${calls}`,
  ...runs.map(({ many }) => {
    const { start, finish, heap } = many[i]!;
    return `${start.toFixed(1)} + ${finish.toFixed(1)} µs, ${(heap / 1024).toFixed(1)} KiB`;
  }),
]);

const [processor, cores, load] = await machine();
const text = `\`deno task bench:async\`, ${
  new Date().toISOString().slice(0, 10)
}; ${processor}, ${cores} cores, load ${load} at the end;
the fastest of 15 samples, all rows interleaved, since other work runs on the machine; engines ${
  runs.map(({ engine }) => engine).join(", ")
}.

${
  table([
    "row",
    "target",
    ...names,
    "primitive",
    ...names.map((name) => `ratio, ${name}`),
    ...(peers ? ["jco 1.35, Node"] : []),
  ], rows)
}

What the rows are made of:

${table(["primitive", ...names], primitives)}

Calls under way at once, for each of them: time to start and to finish, heap while it waits (targets: linear, at
most 4 KiB):

${table(["calls", ...names], counts)}
`;
console.log(text);
const BEGIN = "<!-- measured -->\n", END = "<!-- end -->";
const before = await Deno.readTextFile(report);
const from = before.indexOf(BEGIN) + BEGIN.length, to = before.indexOf(END);
await Deno.writeTextFile(report, `${before.slice(0, from)}\n${text}\n${before.slice(to)}`);
await must([Deno.execPath(), "fmt", "--quiet", report]);
