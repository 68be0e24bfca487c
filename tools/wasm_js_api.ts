// deno task wasm-js-api PATH [--runtime deno|node|bun]: the WebAssembly JS API's own tests, with the
// polyfill and without. PATH is `test` of a copy of WebAssembly/spec. Each file runs twice, in
// processes of its own; a test whose outcome differs is a fault of the polyfill.
// Files of tests enter, differences in words leave.

import { BUILD, bundleFile } from "./bundles.ts";
import { must } from "./process.ts";
import { RUNTIMES } from "./runtime_commands.ts";

interface Outcome {
  /** What the harness says of the whole file: 0 if it ran. */
  readonly status: number;
  readonly tests: readonly { readonly name: string; readonly status: number; readonly message: string | null }[];
}

const path = Deno.args.find((argument) => !argument.startsWith("--"));
if (path === undefined) throw new Error("which tests? The folder `test` of a copy of WebAssembly/spec");
const at = Deno.args.indexOf("--runtime"), runtime = at < 0 ? "deno" : Deno.args[at + 1]!;
if (runtime !== "deno" && RUNTIMES[runtime] === undefined) {
  throw new Error(`which runtime? deno, ${Object.keys(RUNTIMES).join(" or ")}`);
}
// The runtime itself: `npx` would look for it a hundred times.
const command = runtime === "deno"
  ? [Deno.execPath(), "run", "-A", "--no-check"]
  : [(await must([...RUNTIMES[runtime]!.command, "-e", "console.log(process.execPath)"])).trim()];

async function* testsIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${path}/js-api/${folder}`)) {
    const inner = folder === "" ? name : `${folder}/${name}`;
    if (isDirectory) yield* testsIn(inner);
    else if (name.endsWith(".any.js")) yield inner;
  }
}

async function run(file: string, ...polyfill: string[]): Promise<Outcome> {
  const script = new URL("wasm_js_api/run_file.mjs", import.meta.url).pathname;
  const [program, ...args] = [...command, script, await Deno.realPath(path!), file, ...polyfill] as [
    string,
    ...string[],
  ];
  const { stdout, stderr } = await new Deno.Command(program, { args, stdout: "piped", stderr: "piped" }).output();
  const line = new TextDecoder().decode(stdout).trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`${file} did not end: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(line);
}

await Deno.mkdir(BUILD, { recursive: true });
const polyfill = `${BUILD}/polyfill.js`;
await bundleFile("host/js_api/polyfill.ts", polyfill, { platform: "deno", external: [] });
const module = `file://${await Deno.realPath(polyfill)}`;

/** A test's outcome without what differs from run to run: random numbers in names of objects. */
const told = ({ status, message }: Outcome["tests"][number]): string => `${status} ${message ?? ""}`;

let files = 0, tests = 0, passed = 0, differing = 0;
const names = await Array.fromAsync(testsIn(""));
for (const file of names.sort()) {
  const [plain, filled] = await Promise.all([run(file), run(file, module)]);
  files++;
  const expected = new Map(plain.tests.map((test) => [test.name, told(test)]));
  const found = new Map(filled.tests.map((test) => [test.name, told(test)]));
  tests += found.size;
  passed += filled.tests.filter(({ status }) => status === 0).length;
  if (plain.status !== filled.status) {
    differing++;
    console.error(`${file}: the harness ends with ${filled.status}, and with ${plain.status} without the polyfill`);
  }
  for (const name of new Set([...expected.keys(), ...found.keys()])) {
    if (expected.get(name) === found.get(name)) continue;
    differing++;
    console.error(`${file}: ${name}\n  without: ${expected.get(name)}\n  with:    ${found.get(name)}`);
  }
}
console.log(
  `${runtime}: ${files} files, ${tests} tests, ${passed} pass with the polyfill, ${differing} end otherwise than without`,
);
if (differing > 0 || tests === 0) Deno.exit(1);
