// deno task bench:js-api: what the draft JS API adds to a call, in Deno and Node. Writes JS_API.md's
// table. `--runtimes Deno,Node`.

import { must } from "../tools/process.ts";
import { machine } from "./machine.ts";
import type { JsApiFigure } from "./js_api_run.ts";

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  Deno: [Deno.execPath(), "run", "-A", "--no-check"],
  Node: ["npx", "-y", "node@26.10.0"],
  Bun: ["npx", "-y", "bun@1.4.5"],
};
/** Processes of each runtime, of which the least figures count: others use the machine, too. */
const ROUNDS = 3;
const at = Deno.args.indexOf("--runtimes");
const names = at < 0 ? ["Deno", "Node"] : Deno.args[at + 1]!.split(",");

const bundle = "bench/.build/js_api_run.js";
await Deno.mkdir("bench/.build", { recursive: true });
await must([Deno.execPath(), "bundle", "--quiet", "--platform", "deno", "-o", bundle, "bench/js_api_run.ts"]);

interface Run {
  readonly runtime: string;
  readonly engine: string;
  readonly figures: readonly JsApiFigure[];
}
const before = await machine();
const runs: Run[] = [];
for (const name of names) {
  const rounds: Run[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(JSON.parse(await must(["nice", "-n", "5", ...COMMANDS[name]!, bundle])));
  const least = (of: (figure: JsApiFigure) => number, k: number): number =>
    Math.min(...rounds.map(({ figures }) => of(figures[k]!)));
  const figures = rounds[0]!.figures.map(({ name }, k) => ({
    name,
    own: least(({ own }) => own, k),
    draft: least(({ draft }) => draft, k),
  }));
  runs.push({ ...rounds[0]!, figures });
}

const ns = (value: number): string =>
  value < 1000 ? `${value.toPrecision(3)} ns` : `${(value / 1000).toPrecision(3)} µs`;
const heads = runs.flatMap(({ runtime }) => [`${runtime}: own`, "draft", "added"]);
const lines = [["call", ...heads], heads.map(() => "---:")];
lines[1]!.unshift("---");
runs[0]!.figures.forEach(({ name }, k) => {
  lines.push([
    name,
    ...runs.flatMap(({ figures }) => {
      const { own, draft } = figures[k]!;
      return [ns(own), ns(draft), ns(Math.max(0, draft - own))];
    }),
  ]);
});
const table = lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const [processor, cores, load] = before;
const about = `${
  runs.map(({ runtime, engine }) => `${runtime} (${engine})`).join(", ")
}. ${processor}, ${cores} cores, load ${load} before.`;
const path = "bench/JS_API.md", text = await Deno.readTextFile(path);
const [head, tail] = ["<!-- table -->", "<!-- end -->"];
const made = `${text.slice(0, text.indexOf(head) + head.length)}\n\n${table}\n\n${about}\n\n${
  text.slice(text.indexOf(tail))
}`;
await Deno.writeTextFile(path, made);
console.log(table);
