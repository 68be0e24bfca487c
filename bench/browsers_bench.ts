// deno task bench:browsers [ENGINE…]: the rows of bench:all in Chromium, Firefox and WebKit, ours
// beside jco's output: prints tables and writes BROWSERS.md. Needs `deno task bench:jco`, and the
// browsers that `deno task test:browser` needs.
// Each engine runs the same bundle, in a worker, one engine after the other.

import { ENGINES, start } from "../tests/browser/engines.ts";
import { must } from "../tools/process.ts";
import { machine } from "./machine.ts";
import { compared, type Measured, summaries } from "./measure_rows.ts";

/** How long one engine may take. */
const PATIENCE = 15 * 60_000;

const bundle = "bench/.build/browser_run.js", report = "bench/BROWSERS.md";
await Deno.mkdir("bench/.build", { recursive: true });
await must([Deno.execPath(), "bundle", "--quiet", "--platform", "browser", "-o", bundle, "bench/browser_run.ts"]);

/** What is measured. */
const subjects = ["windlass", "windlass, by value", "windlass, views", "jco current", "jco 1.10.2"];
const folders = ["fixtures", ".jco/current", ".jco/v1.10.2"];
const paths = folders.flatMap((folder) => {
  try {
    return [...Deno.readDirSync(`bench/${folder}`)].filter(({ isFile, name }) => isFile && /\.(?:js|wasm)$/.test(name))
      .map(({ name }) => `${folder}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
});

/** A page with clocks as fine as browsers give them, which is where nothing of others' is loaded. */
const isolated = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cache-control": "no-store",
};
const types: Readonly<Record<string, string>> = { js: "text/javascript", wasm: "application/wasm", html: "text/html" };
let heard: (outcome: Outcome) => void = () => {};

interface Outcome {
  readonly userAgent?: string;
  readonly measured?: readonly Measured[];
  readonly error?: string;
}

function answer(body: BodyInit, type: string): Response {
  return new Response(body, { headers: { ...isolated, "content-type": types[type]! } });
}

async function handle(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/") return answer(`<script>new Worker("/run.js", { type: "module" })</script>`, "html");
  if (pathname === "/run.js") return answer(await Deno.readTextFile(bundle), "js");
  if (pathname === "/settings") return new Response(JSON.stringify({ paths, subjects }), { headers: isolated });
  if (pathname === "/outcome") {
    heard(await request.json());
    return new Response("", { headers: isolated });
  }
  const path = pathname.replace(/^\/bench\//, "");
  if (!paths.includes(path)) return new Response("", { status: 404, headers: isolated });
  return answer(await Deno.readFile(`bench/${path}`), path.split(".").at(-1)!);
}

const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handle);

const format = (ns: number | undefined): string => ns === undefined ? "" : ns < 100 ? ns.toFixed(1) : ns.toFixed(0);

function table(measured: readonly Measured[], direction: string): string {
  const columns = ["windlass", "jco current", "jco 1.10.2"];
  const lines = measured.filter((row) => row.direction === direction).map((row) => {
    const { ours, best } = compared(measured, row);
    const cells = columns.map((column) =>
      row.wrong.some(({ subject }) => subject === column)
        ? "wrong"
        : format(column === "windlass" ? ours : row.figures.find(({ subject }) => subject === column)?.ns)
    );
    return `| ${[row.name, ...cells, best < Infinity ? `${(best / ours).toFixed(2)} ×` : ""].join(" | ")} |`;
  });
  return [`| ${[direction, ...columns, "best jco ÷ windlass"].join(" | ")} |`, "|---|---:|---:|---:|---:|", ...lines]
    .join("\n");
}

/** The engine's name and version, from what it calls itself. */
function named(engine: string, userAgent: string): string {
  const version = { chromium: /Chrome\/([\d.]+)/, firefox: /Firefox\/([\d.]+)/, webkit: /Version\/([\d.]+)/ }[engine];
  return `${engine[0]!.toUpperCase()}${engine.slice(1)} ${version?.exec(userAgent)?.[1] ?? ""}`.trim();
}

const sections: string[] = [];
for (const name of Deno.args.length > 0 ? Deno.args : Object.keys(ENGINES)) {
  const engine = ENGINES[name];
  if (engine === undefined) throw new Error(`which engine? ${Object.keys(ENGINES).join(", ")}`);
  const path = engine.find();
  if (path === undefined) throw new Error(`${name} is not installed`);
  const outcome = Promise.withResolvers<Outcome>();
  heard = outcome.resolve;
  const timer = setTimeout(() => outcome.reject(new Error(`nothing was heard of ${name}`)), PATIENCE);
  // Without the settings that tests need: they make memories slower.
  const stop = await start({ ...engine, env: {} }, path, `http://127.0.0.1:${server.addr.port}/`);
  const { userAgent, measured, error } = await outcome.promise.finally(stop);
  clearTimeout(timer);
  if (measured === undefined) throw new Error(`${name}: ${error}`);
  const directions = [...new Set(measured.map(({ direction }) => direction))];
  sections.push(
    [
      `## ${named(name, userAgent ?? "")}`,
      ...directions.map((direction) => table(measured, direction)),
      ...summaries(measured),
    ].join("\n\n"),
  );
  console.log(sections.at(-1));
}
await server.shutdown();

const [model = "", cores = "", load = ""] = await machine();
const begin = "<!-- figures -->", end = "<!-- end of figures -->";
const text = await Deno.readTextFile(report), from = text.indexOf(begin), to = text.indexOf(end);
if (from < 0 || to < from) throw new Error(`${report} has no place for figures`);
const intro = `${new Date().toISOString().slice(0, 10)}; ${model}, ${cores} cores, load ${load}.`;
const made = [begin, intro, ...sections].join("\n\n");
await Deno.writeTextFile(report, `${text.slice(0, from)}${made}\n\n${text.slice(to)}`);
await must([Deno.execPath(), "fmt", "--quiet", report]);
