// deno task wasi-programs PATH…: runs Wasmtime's programs of WASI 0.3 (crates/test-programs, p3_*), as the
// tests of its crates wasi and wasi-http do; a line for each and the total. PATH is a component or a folder
// of components that are named `SUITE__p3-NAME.wasm`.

import { basename, join } from "node:path";
import { echo } from "./wasi_programs/echo.ts";
import { runCommand } from "./wasi_programs/commands.ts";
import { isHandler, serveHandler } from "./wasi_programs/handlers.ts";

if (Deno.args.length === 0) {
  console.error("usage: deno task wasi-programs PATH…");
  Deno.exit(2);
}

/** The components at a path. */
async function componentsAt(path: string): Promise<string[]> {
  if ((await Deno.stat(path)).isFile) return [path];
  const files = [...Deno.readDirSync(path)].map(({ name }) => name);
  return files.filter((name) => /__p3-.*\.wasm$/.test(name)).sort().map((name) => join(path, name));
}

/** Milliseconds that a program may take. */
const PATIENCE = 10_000;

/** Runs a program. Gives why it failed. */
async function failureOf(path: string, server: string): Promise<string | undefined> {
  const name = basename(path, ".wasm").replace(/^.*__p3-/, "");
  const signal = AbortSignal.timeout(PATIENCE);
  // A program that does not heed the signal ends the wait all the same.
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => setTimeout(reject, 500, signal.reason))
  );
  try {
    const work = isHandler(name) ? serveHandler(path, name, signal) : runCommand(path, name, server, signal);
    return await Promise.race([work, late]);
  } catch (error) {
    return String(error).split("\n")[0];
  }
}

await using server = echo();
let passed = 0, failed = 0;
for (const path of Deno.args) {
  for (const file of await componentsAt(path)) {
    const failure = await failureOf(file, server.authority);
    if (failure === undefined) passed++;
    else failed++;
    console.log(`${basename(file)}: ${failure ?? "passed"}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 && passed > 0 ? 0 : 1);
