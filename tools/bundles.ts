// The tests as bundles, one per group, for runtimes other than Deno.
// A bundle lies beside the folders of tests, so that what they read by relative paths is found.

import { aloud, must } from "./process.ts";

/** Where bundles are. */
export const BUILD = "tests/.build";

/**
 * What is not bundled for Node and Bun: it finds its files by its own place. A browser asks the
 * server for it.
 */
const EXTERNAL = [
  "@bytecodealliance/jco-transpile@0.12.1",
  "@bytecodealliance/jco@1.0.3",
  "@bytecodealliance/preview2-shim@0.23.0",
  "@bytecodealliance/preview3-shim@0.7.0",
];
/**
 * Folders of tests; one that is named is not also in the group of the folder around it. The first
 * group watches handle tables, which guests of WASI need not leave empty. Asynchronous guests are
 * apart: one process of a browser has not enough places for the memories of both (Chromium places
 * some hundred at once, and WebKit's ends when there are more mappings than Linux gives).
 */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  abi: ["abi", "acceptance", "core", "e2e", "host", "js_api", "property", "spec", "."],
  async: ["e2e/async", "property/async", "spec/async"],
  wasi: ["wasi", "cli"],
};
/** Tests of Deno's own processes and of this repository. */
const NOT_HERE = /^(?:\.\/(?:repository|examples|docs)_test|cli\/(?:cli|wrap|completion|docs)_test)/;

/**
 * Tests of processes, which no browser has, as the command line is one; their files start some as
 * they are loaded. And one of
 * thousands of memories, for which a worker of Firefox has no room: the programs that it has found
 * run everywhere. And one that runs modules from their text, which a policy forbids.
 */
const NOT_IN_BROWSERS =
  /^(?:wasi\/(?:endings|standard_streams)_test|cli\/(?!wave)|property\/async\/interleaving_test|host\/esm\/module_text_test)/;

/** Installs what is not bundled. */
export async function installExternal(): Promise<void> {
  const marker = `${BUILD}/installed.txt`, wanted = EXTERNAL.join(" ");
  if (await Deno.readTextFile(marker).catch(() => "") === wanted) return;
  await Deno.mkdir(BUILD, { recursive: true });
  await Deno.writeTextFile(`${BUILD}/package.json`, `{ "private": true, "type": "module" }\n`);
  await must(["npm", "install", "--no-audit", "--no-fund", "--silent", ...EXTERNAL], { ...aloud, cwd: BUILD });
  await Deno.writeTextFile(marker, wanted);
}

/** What a bundle is for. */
export interface BundleOptions {
  readonly platform: "deno" | "browser";
  /** The module, relative to the bundles' folder, that gives Deno's names and has `run(group)`. */
  readonly shim: string;
  readonly external: readonly string[];
  /** What it runs in: two of them may be tested at the same time. Default the platform. */
  readonly runs?: string;
}

/** Folders that are named. */
const NAMED = new Set(Object.values(GROUPS).flat());

/** The tests of a folder and of those folders in it that are not named; of `tests` itself, its own. */
async function* testsIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`tests/${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory && folder !== "." && !NAMED.has(path)) yield* testsIn(path);
    else if (name.endsWith("_test.ts")) yield path;
  }
}

/** Makes one group's bundle; gives its path. */
export async function bundle(group: string, options: BundleOptions): Promise<string> {
  const imports: string[] = [];
  const isLeftOut = (path: string): boolean =>
    NOT_HERE.test(path) || options.platform === "browser" && NOT_IN_BROWSERS.test(path);
  // A group that is asked for by name only has a folder of that name.
  for (const folder of GROUPS[group] ?? [group]) {
    for await (const path of testsIn(folder)) if (!isLeftOut(path)) imports.push(`import "../${path}";`);
  }
  const name = `${BUILD}/${options.runs ?? options.platform}_${group}`;
  const text = [`import { run } from "${options.shim}";`, ...imports.sort(), `await run("${group}");`];
  await Deno.writeTextFile(`${name}.ts`, `${text.join("\n")}\n`);
  await bundleFile(`${name}.ts`, `${name}.js`, options);
  return `${name}.js`;
}

/** Bundles one module. */
export async function bundleFile(
  entry: string,
  out: string,
  { platform, external }: Pick<BundleOptions, "platform" | "external">,
): Promise<void> {
  const flags = external.flatMap((specifier) => ["--external", specifier]);
  await must([Deno.execPath(), "bundle", "--quiet", "--platform", platform, ...flags, "-o", out, entry], aloud);
}

// Before several runtimes are tested at the same time.
if (import.meta.main) await installExternal();
