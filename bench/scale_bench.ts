// deno task bench:scale: one handler (tests/wasi/guests/server.wasm, `/hello`) in one and in two
// processes or threads: a cluster of Node's, `deno serve --parallel`, workerd twice. The servers of
// one and of two are asked in turns, since other work runs on the machine; the best turn counts.
// Prints the table and writes SCALE.md's part between its two marks.

import { makeProject, nodePath, PROJECT, windlass } from "../tests/esm/project.ts";
import { must } from "../tools/process.ts";
import { load } from "./load_client.ts";
import { machine } from "./machine.ts";

const CONNECTIONS = 32, TURNS = 8, MS = 1500, FIRST_PORT = 18080;

/** A way to serve, in so many processes or threads. */
interface Server {
  readonly name: string;
  /** Starts it; gives where it answers, and the processes' ids, whose time is counted. */
  start(count: number, port: number): Promise<{ ports: number[]; children: Deno.ChildProcess[] }>;
}

function child(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Deno.ChildProcess {
  return new Deno.Command(command, { args: [...args], cwd, env, stdout: "null", stderr: "null" }).spawn();
}

const servers = (folder: string, node: string): Server[] => [
  {
    name: "Node 26, `node:cluster`",
    // deno-lint-ignore require-await
    async start(count, port) {
      return { ports: [port], children: [child(node, ["node.mjs", `${count}`], folder, { PORT: `${port}` })] };
    },
  },
  {
    name: "Deno 2.9, `deno serve --parallel`",
    // deno-lint-ignore require-await
    async start(count, port) {
      const args = ["serve", "--parallel", "--allow-read", "--host=127.0.0.1", `--port=${port}`, "server.js"];
      return { ports: [port], children: [child(Deno.execPath(), args, folder, { DENO_JOBS: `${count}` })] };
    },
  },
  {
    name: "workerd, a port each",
    async start(count, port) {
      const ports = Array.from({ length: count }, (_, i) => port + i), children: Deno.ChildProcess[] = [];
      for (const own of ports) {
        const config = (await Deno.readTextFile(`${folder}/config.capnp`)).replace(
          /127\.0\.0\.1:\d+/,
          `127.0.0.1:${own}`,
        );
        await Deno.writeTextFile(`${folder}/${own}.capnp`, config);
        children.push(child(`../node_modules/.bin/workerd`, ["serve", `${own}.capnp`], folder));
      }
      return { ports, children };
    },
  },
];

/** The processor's seconds that processes and theirs have taken, those that ended left out. */
async function seconds(children: readonly Deno.ChildProcess[]): Promise<number> {
  const script = `for p in $(ps -o pid= --ppid ${children.map(({ pid }) => pid).join(",")}) ${
    children.map(({ pid }) => pid).join(" ")
  }; do cut -d' ' -f14,15 /proc/$p/stat; done`;
  const ticks = (await must(["sh", "-c", script])).trim().split(/\s+/).map(Number);
  return ticks.reduce((sum, each) => sum + each, 0) / 100;
}

/** Waits until a server answers. */
async function answers(port: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const response = await fetch(`http://127.0.0.1:${port}/hello`).catch(() => undefined);
    if (response?.status === 200 && await response.text() === "Hello!\n") return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers at port ${port}`);
}

interface Figures {
  readonly best: number;
  /** Microseconds of the processor's time for a request. */
  readonly cost: number;
}

/** One and two, in turns. */
async function measure(server: Server, port: number): Promise<Figures[]> {
  const running = [];
  for (const count of [1, 2]) running.push(await server.start(count, port + 4 * count));
  try {
    for (const { ports } of running) for (const port of ports) await answers(port);
    for (const { ports } of running) await load(ports, CONNECTIONS, MS);
    const figures = running.map(() => ({ best: 0, cost: Infinity }));
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [i, { ports, children }] of running.entries()) {
        const before = await seconds(children), rate = await load(ports, CONNECTIONS, MS);
        const cost = (await seconds(children) - before) / (rate * MS / 1000) * 1e6;
        figures[i] = { best: Math.max(figures[i]!.best, rate), cost: Math.min(figures[i]!.cost, cost) };
      }
    }
    return figures;
  } finally {
    for (const { children } of running) {
      for (const each of children) {
        // A cluster's own processes end when their parent's channel does.
        each.kill("SIGTERM");
        await each.status;
      }
    }
  }
}

await makeProject();
const node = await nodePath("26.10.0"), rows: string[][] = [];
let port = FIRST_PORT;
for (const [pool, options] of [["an instance per request", []], ["4 instances", ["--instances", "4"]]] as const) {
  const folder = `${PROJECT}/cluster`;
  await windlass(".", "wrap", "server.wasm", "-o", "cluster", "--serve", ...options);
  await windlass(".", "wrap", "server.wasm", "-o", "workerd", "--serve", "--modules", "import", ...options);
  const bundle = ["--bundle", "--format=esm", "--target=esnext", "--external:*.wasm", "--log-level=error"];
  await must(["../node_modules/.bin/esbuild", "server.js", ...bundle, "--outfile=worker.js"], {
    cwd: `${PROJECT}/workerd`,
  });
  for (const server of servers(folder, node)) {
    const own = server.name.startsWith("workerd") ? servers(`${PROJECT}/workerd`, node).at(-1)! : server;
    const [one, two] = await measure(own, port += 20);
    const rate = (figure: number): string => Math.round(figure).toLocaleString("en");
    rows.push([
      `${server.name}, ${pool}`,
      rate(one!.best),
      rate(two!.best),
      `${one!.cost.toFixed(0)} µs`,
      `${two!.cost.toFixed(0)} µs`,
    ]);
    console.error(rows.at(-1)!.join(" | "));
  }
}
const [processor, cores, busy] = await machine();
const head = ["served by", "requests a second, 1", "2", "processor's time for a request, 1", "2"];
const table = [head, ["---", ...head.slice(1).map(() => "---:")], ...rows].map((cells) => `| ${cells.join(" | ")} |`);
const text = `\`deno task bench:scale\`, ${
  new Date().toISOString().slice(0, 10)
}; ${processor}, ${cores} cores, load ${busy} at
the end. 1 and 2 are processes, with \`deno serve --parallel\` threads. ${CONNECTIONS} connections from the same machine, whose
client takes a part of its cores, too; of ${TURNS} turns of ${
  MS / 1000
} s, one and two in turns, the most requests and the least time,
which is what all of the servers' threads took.

${table.join("\n")}
`;
console.log(text);
const report = "bench/SCALE.md", BEGIN = "<!-- measured -->\n", END = "<!-- end -->";
const before = await Deno.readTextFile(report);
const from = before.indexOf(BEGIN) + BEGIN.length, to = before.indexOf(END);
await Deno.writeTextFile(report, `${before.slice(0, from)}\n${text}\n${before.slice(to)}`);
await must([Deno.execPath(), "fmt", "--quiet", report]);
