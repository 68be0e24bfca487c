// deno task bench:start [--runs 9] [--runtimes Deno,Node,Bun] [--components greet,wasm-tools]: starts
// of whole processes, from nothing to the first call, beside jco's output of the same components.
// Each figure is a median over processes; the subjects take turns, so that what disturbs the machine
// disturbs all of them. Prints the tables of START.md.

import { parseArgs } from "node:util";
import { realComponent } from "../examples/real.ts";
import { RUNTIMES } from "../tools/runtime_commands.ts";
import { machine } from "./machine.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    runs: { type: "string", default: "9" },
    runtimes: { type: "string", default: "Deno,Node,Bun" },
    components: { type: "string", default: "greet,wasm-tools" },
    subjects: { type: "string" },
  },
});
const build = `${Deno.cwd()}/bench/.build/start`, jcoFolder = `${Deno.cwd()}/bench/.jco/start`;
const JCO_VERSIONS = ["1.10.2", "1.35.0"];

async function command(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], env }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** The path of a program that npm has. */
async function pathOf(runtime: string): Promise<string> {
  const [program, ...args] = RUNTIMES[runtime]!.command;
  return (await command(program!, [...args, "-p", "process.execPath"])).trim();
}

interface Runtime {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Record<string, string>;
}

async function runtimes(): Promise<Runtime[]> {
  const found: Runtime[] = [];
  for (const name of values.runtimes.split(",")) {
    if (name === "Deno") found.push({ name, command: [Deno.execPath(), "run", "--allow-all", "--no-config"] });
    else found.push({ name, command: [await pathOf(name.toLowerCase())] });
    if (name === "Node") {
      const cache = `${build}/cache`;
      found.push({ ...found.at(-1)!, name: "Node, compile cache", env: { NODE_COMPILE_CACHE: cache } });
    }
  }
  return found;
}

/** What is started: the arguments of start_run.ts. */
interface Subject {
  readonly name: string;
  readonly args: readonly string[];
}

async function bundle(entries: readonly string[], to: string): Promise<void> {
  const flags = ["--platform", "deno", "--minify", "--code-splitting", "--quiet"];
  await command(Deno.execPath(), ["bundle", ...flags, "--outdir", to, ...entries]);
}

async function subjectsOf(component: string): Promise<Subject[]> {
  const file = `${build}/${component}.wasm`;
  await Deno.writeFile(
    file,
    component === "greet" ? await Deno.readFile("tests/e2e/fixtures/greet.wasm") : await realComponent("wasm-tools"),
  );
  const subjects: Subject[] = [
    { name: "windlass", args: ["runtime", component, `${build}/lib/mod.js`, file] },
    { name: "windlass, phases", args: ["phases", component, `${build}/phases/start_phases.js`, file] },
  ];
  for (const version of JCO_VERSIONS) {
    const folder = `${jcoFolder}/${version}/${component}`;
    if (!await Deno.stat(`${folder}/it.js`).then(() => true, () => false)) {
      const jco = ["-y", `@bytecodealliance/jco@${version}`, "transpile", file];
      await command("npx", [...jco, "--instantiation", "async", "-o", folder, "--name", "it"]);
    }
    subjects.push({ name: `jco ${version}`, args: ["jco", component, `${folder}/it.js`, folder] });
  }
  return subjects.filter(({ name }) => values.subjects === undefined || values.subjects.split(";").includes(name));
}

type Marks = Record<string, number>;

const median = (figures: readonly number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1]!;

/** Starts a process. Its marks, and the milliseconds of the process itself. */
async function start({ command: [program, ...flags], env }: Runtime, args: readonly string[]): Promise<Marks> {
  const begin = performance.now();
  const output = await command(program!, [...flags, `${build}/start_run.js`, ...args], env);
  const process = performance.now() - begin;
  return { ...JSON.parse(output.trim().split("\n").at(-1)!), process };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), `|---|${"---:|".repeat(head.length - 1)}`, ...rows.map(line)].join("\n");
}

const ms = (figure: number | undefined): string => figure === undefined ? "" : figure.toFixed(1);

await Deno.mkdir(build, { recursive: true });
await bundle(["mod.ts"], `${build}/lib`);
await bundle(["bench/start_phases.ts"], `${build}/phases`);
await bundle(["bench/start_run.ts"], build);
console.log(
  `${(await machine()).join("; ")} (processor; cores; load). Milliseconds, medians of ${values.runs} processes.`,
);
for (const component of values.components.split(",")) {
  const subjects = await subjectsOf(component);
  for (const runtime of await runtimes()) {
    const nothing: Marks[] = [], found = new Map<string, Marks[]>(subjects.map(({ name }) => [name, []]));
    // The first round fills the caches of those runtimes that have some, and is not counted.
    for (let run = 0; run <= Number(values.runs); run++) {
      const empty = await start(runtime, ["nothing"]);
      if (run > 0) nothing.push(empty);
      for (const { name, args } of subjects) {
        const marks = await start(runtime, args);
        if (run > 0) found.get(name)!.push(marks);
      }
    }
    const empty = median(nothing.map(({ process }) => process!));
    const phases = [...new Set(subjects.flatMap(({ name }) => Object.keys(found.get(name)![0]!)))]
      .filter((phase) => phase !== "all" && phase !== "process");
    const rows = subjects.map(({ name }) => {
      const runs = found.get(name)!, of = (phase: string) => median(runs.map((marks) => marks[phase]!));
      const cells = [...phases, "all"].map((phase) => phase in runs[0]! ? ms(of(phase)) : "");
      return [name, ...cells, ms(of("process") - empty)];
    });
    console.log(`\n${component}, ${runtime.name}; a process that does nothing takes ${ms(empty)}\n`);
    console.log(table(["", ...phases, "all of it", "the process, beyond nothing"], rows));
  }
}
