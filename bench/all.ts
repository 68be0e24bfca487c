// deno task bench:all: every row with every implementation on Deno, Node 26 and Bun; prints the
// tables and writes RESULTS.md and results.svg.
// Each runtime runs the same bundle. Scalar rows are measured once more alone, one implementation
// in a process: a call site that sees one
// function, and one that sees those of two instances.

import { compared, type Measured, summaries } from "./measure_rows.ts";

interface Run {
  readonly runtime: string;
  readonly engine: string;
  readonly measured: readonly Measured[];
}

const build = "bench/.build";
await Deno.mkdir(build, { recursive: true });
for (const name of ["run", "load"]) {
  await command(Deno.execPath(), ["bundle", "--platform", "deno", "-o", `${build}/${name}.mjs`, `bench/${name}.ts`]);
}

async function command(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** How each runtime runs a bundle; with the collector exposed. */
const runtimes: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  "Deno": [Deno.execPath(), "run", "--allow-all", "--v8-flags=--expose-gc"],
  "Node": ["npx", "-y", "node@26", "--expose-gc"],
  "Bun": ["npx", "-y", "bun@1.4"],
};

async function run(runtime: string, bundle: string, ...args: string[]): Promise<unknown> {
  const [program, ...before] = runtimes[runtime]!;
  const output = await command(program, [...before, `${build}/${bundle}.mjs`, ...args]);
  return JSON.parse(output.trim().split("\n").at(-1)!);
}

const format = (ns: number | undefined): string => ns === undefined ? "" : ns < 100 ? ns.toFixed(1) : ns.toFixed(0);
const ratio = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ×`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), `|---|${"---:|".repeat(head.length - 1)}`, ...rows.map(line)].join("\n");
}

const scalars = ["nop", "add", "enum", "flags", "resource method"];
const columns = ["windlass", "windlass, typed", "windlass, dynamic", "windlass, closures", "jco current", "jco 1.10.2"];
const sections: string[] = [];
let chart = "";

for (const name of Object.keys(runtimes)) {
  console.error(`${name}: rows`);
  const { runtime, engine, measured } = await run(name, "run") as Run;
  const directions = [...new Set(measured.map(({ direction }) => direction))];
  const parts = [`## ${runtime}, ${engine}`];
  for (const direction of directions) {
    const rows = measured.filter((row) => row.direction === direction).map((row) => {
      const { name, figures, wrong } = row, { ours, best } = compared(measured, row);
      const of = (subject: string): number | undefined => figures.find((figure) => figure.subject === subject)?.ns;
      const cells = columns.map((column) =>
        wrong.some(({ subject }) => subject === column) ? "wrong" : format(column === "windlass" ? ours : of(column))
      );
      return [name, format(of("raw")), ...cells, best < Infinity ? ratio(best / ours) : ""];
    });
    parts.push(table([direction, "raw", ...columns, "best jco ÷ windlass"], rows));
  }
  parts.push(...summaries(measured));
  if (name === "Deno") chart = draw(runtime, measured);

  console.error(`${name}: scalars alone`);
  const alone: Record<string, Run> = {};
  for (const subjects of ["raw", "raw;raw", "windlass", "windlass;windlass", "jco 1.10.2"]) {
    alone[subjects] = await run(name, "run", "--subjects", subjects, "--rows", scalars.join(";")) as Run;
  }
  const cells = alone["windlass"]!.measured.map(({ direction, name: row }) => {
    const of = (subjects: string): number | undefined => {
      const found = alone[subjects]!.measured.find((other) => other.direction === direction && other.name === row);
      return found === undefined || found.figures.length === 0
        ? undefined
        : Math.max(...found.figures.map(({ ns }) => ns));
    };
    return [
      `${direction}: ${row}`,
      ...["raw", "windlass", "raw;raw", "windlass;windlass", "jco 1.10.2"].map((key) => format(of(key))),
    ];
  });
  parts.push(
    table(
      ["one implementation in a process", "raw", "windlass", "raw, two instances", "windlass, two", "jco 1.10.2"],
      cells,
    ),
  );

  console.error(`${name}: loading`);
  const { figures } = await run(name, "load") as { figures: Record<string, number> };
  const units = Object.entries(figures).map(([what, value]) => [
    what,
    what.startsWith("bytes of heap") ? `${value.toFixed(0)} B` : `${value.toFixed(1)} µs`,
  ]);
  parts.push(table(["loading and instances", ""], units));
  sections.push(parts.join("\n\n"));
}

/** Bars: how many times as fast as the best jco each row is, on a logarithmic scale. */
function draw(runtime: string, measured: readonly Measured[]): string {
  const bars = measured.flatMap(({ direction, name, figures }) => {
    const of = (subject: string): number | undefined => figures.find((figure) => figure.subject === subject)?.ns;
    const ours = of("windlass"), jco = of("jco 1.10.2");
    return ours === undefined || jco === undefined
      ? []
      : [{ label: `${direction.startsWith("host") ? "→ guest" : "→ host"}  ${name}`, gain: jco / ours }];
  });
  const width = 720, left = 190, row = 18, top = 44, most = Math.log2(Math.max(...bars.map(({ gain }) => gain), 2));
  const least = Math.min(0, ...bars.map(({ gain }) => Math.log2(gain)));
  const x = (gain: number): number => left + (width - left - 60) * (Math.log2(gain) - least) / (most - least);
  const lines = bars.map(({ label, gain }, i) => {
    const y = top + i * row, [from, to] = gain < 1 ? [x(gain), x(1)] : [x(1), x(gain)];
    return `<text x="${left - 8}" y="${y + 12}" text-anchor="end">${label.replaceAll("<", "&lt;")}</text>` +
      `<rect x="${from.toFixed(1)}" y="${y + 2}" width="${Math.max(1, to - from).toFixed(1)}" height="${
        row - 5
      }" fill="${gain < 1 ? "#c0504d" : "#4a7ebb"}"/>` +
      `<text x="${(Math.max(x(1), x(gain)) + 5).toFixed(1)}" y="${y + 12}">${gain.toFixed(1)} ×</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${
    top + bars.length * row + 12
  }" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="24" font-size="14">Times as fast as jco 1.10.2 (${runtime}; logarithmic)</text>
${lines.join("\n")}
</svg>
`;
}

const { stdout } = await new Deno.Command("sh", {
  args: ["-c", "grep -m1 'model name' /proc/cpuinfo | cut -d: -f2; nproc"],
}).output();
const [model = "", cores = ""] = new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.trim());
const text = `# Results

\`deno task bench:all\`, ${new Date().toISOString().slice(0, 10)}; ${
  model || Deno.build.arch
}, ${cores} cores; nanoseconds a call, medians of 15 samples.
How the figures are made: README.md beside this file. By value means \`err()\` and \`{ throws: false }\`, beside the best jco's exception; a view is \`t.view\`, beside the best jco's copy.

![Times as fast as jco 1.10.2](results.svg)

${sections.join("\n\n")}
`;
await Deno.writeTextFile("bench/RESULTS.md", text);
await Deno.writeTextFile("bench/results.svg", chart);
console.log(text);
