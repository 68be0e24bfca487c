// deno task test:node, test:bun: the tests in another runtime, each group of them as one bundle.
// deno task test:stress runs the group `stress` only, which the others leave out.
// A bundle lies beside the folders of tests, so that what they read by relative paths is found. What only Deno can do is skipped there, and counted.

import { aloud, must } from "./process.ts";

interface Runtime {
  readonly command: readonly string[];
  readonly env?: Record<string, string>;
}
const RUNTIMES: Readonly<Record<string, Runtime>> = {
  node: { command: ["npx", "-y", "node@26.10.0"] },
  // Its engine takes thirty times as long to evaluate a text: fewer random components there.
  bun: { command: ["npx", "-y", "bun@1.4.5"], env: { WINDLASS_RUNS: "0.2" } },
};
/** What is not bundled: it finds its files by its own place. */
const EXTERNAL = [
  "@bytecodealliance/jco-transpile@0.12.1",
  "@bytecodealliance/jco@1.0.3",
  "@bytecodealliance/preview2-shim@0.23.0",
];
/** The first group watches handle tables, which guests of WASI need not leave empty. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  abi: ["abi", "acceptance", "core", "e2e", "host", "property", "spec", "."],
  wasi: ["wasi", "cli"],
};
/** What is asked for by name only. It looks at what the collector leaves. */
const STRESS = "stress", STRESS_FLAGS = ["--expose-gc"];
/** Tests of Deno's own processes and of this repository. */
const NOT_HERE = /^(?:\.\/(?:repository|examples)_test|cli\/cli_test)/;

const build = "tests/.build";

async function installExternal(): Promise<void> {
  const marker = `${build}/installed.txt`, wanted = EXTERNAL.join(" ");
  if (await Deno.readTextFile(marker).catch(() => "") === wanted) return;
  await Deno.mkdir(build, { recursive: true });
  await Deno.writeTextFile(`${build}/package.json`, `{ "private": true, "type": "module" }\n`);
  await must(["npm", "install", "--no-audit", "--no-fund", "--silent", ...EXTERNAL], { ...aloud, cwd: build });
  await Deno.writeTextFile(marker, wanted);
}

/** The tests of a folder and of the folders in it; of `tests` itself, its own. */
async function* testsIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`tests/${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory && folder !== ".") yield* testsIn(path);
    else if (name.endsWith("_test.ts")) yield path;
  }
}

async function bundle(group: string, folders: readonly string[]): Promise<string> {
  const imports: string[] = [];
  for (const folder of folders) {
    for await (const path of testsIn(folder)) if (!NOT_HERE.test(path)) imports.push(`import "../${path}";`);
  }
  const entry = `${build}/${group}.ts`, out = `${build}/${group}.js`;
  const text = ['import { run } from "../runtimes/shim.ts";', ...imports.sort(), `await run("${group}");`];
  await Deno.writeTextFile(entry, `${text.join("\n")}\n`);
  const external = ["jco-transpile/wasm-tools", "jco", "preview2-shim/instantiation"].map((name) =>
    `@bytecodealliance/${name}`
  );
  const flags = external.flatMap((name) => ["--external", name]);
  await must([Deno.execPath(), "bundle", "--quiet", "--platform", "deno", ...flags, "-o", out, entry], aloud);
  return out;
}

const runtime = Deno.args[0] ?? "";
const found = RUNTIMES[runtime];
if (found === undefined) throw new Error(`which runtime? ${Object.keys(RUNTIMES).join(" or ")}`);
await installExternal();
let failed = false;
const stress = Deno.args[1] === STRESS, flags = stress ? STRESS_FLAGS : [];
for (const [group, folders] of Object.entries(stress ? { [STRESS]: [STRESS] } : GROUPS)) {
  const out = await bundle(group, folders);
  await must([...found.command, ...flags, out], { ...aloud, env: { NO_COLOR: "1", ...found.env } }).catch((error) => {
    console.error(error.message);
    failed = true;
  });
}
Deno.exit(failed ? 1 : 0);
