// Deno's names as far as the tests use them, over Node's modules: `Deno.test` collects, `run` runs.
// What only Deno itself can do (spawn itself) is skipped, and counted.

import * as fs from "node:fs";
import * as fsp from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { inspect } from "node:util";
import { listen } from "../../host/wasi/listen.ts";
import { runAll, skip, summary, test } from "./collect.ts";

const shim = {
  test,
  args: process.argv.slice(2),
  env: { get: (name: string) => process.env[name] },
  exit: process.exit,
  execPath: skip("needs Deno's executable"),
  Command: class {
    constructor() {
      skip("needs Deno's executable")();
    }
  },
  inspect: (value: unknown, options?: object) => inspect(value, options),
  readFile: async (path: string | URL) => new Uint8Array(await fsp.readFile(path)),
  readFileSync: (path: string | URL) => new Uint8Array(fs.readFileSync(path)),
  readTextFile: (path: string | URL) => fsp.readFile(path, "utf8"),
  readTextFileSync: (path: string | URL) => fs.readFileSync(path, "utf8"),
  writeFile: (path: string, bytes: Uint8Array) => fsp.writeFile(path, bytes),
  writeTextFile: (path: string, text: string) => fsp.writeFile(path, text),
  mkdir: (path: string, options?: { recursive?: boolean }) => fsp.mkdir(path, options),
  symlink: (to: string, at: string) => fsp.symlink(to, at),
  rename: (from: string, to: string) => fsp.rename(from, to),
  remove: (path: string, options?: { recursive?: boolean }) => fsp.rm(path, options),
  realPath: (path: string) => fsp.realpath(path),
  stat: (path: string) => fsp.stat(path),
  statSync: (path: string) => fs.statSync(path),
  readDirSync: (path: string) => fs.readdirSync(path, { withFileTypes: true }),
  makeTempDir: () => fsp.mkdtemp(join(tmpdir(), "windlass-")),
  errors: { NotFound: class extends Error {} },
  /** Like Deno's, but that it listens a moment later. */
  serve(options: { port: number }, handler: (request: Request) => Promise<Response>) {
    const port = freePort();
    const listening = listen(async (request) => await handler(request), { port: options.port || port });
    starting.add(listening);
    listening.finally(() => starting.delete(listening)).catch(() => {});
    return { addr: { port }, shutdown: async () => await (await listening).close() };
  },
  listen: () => ({ addr: { port: freePort() }, close() {} }),
};

let nextPort = 20_000 + process.pid % 20_000;
/** A port that is probably free: `createServer` tells only later. */
function freePort(): number {
  return nextPort++;
}

const global = globalThis as { Deno?: unknown; Worker?: unknown };
global.Deno = shim;
/** Servers that do not listen yet: whoever fetches waits for them. */
const starting = new Set<Promise<unknown>>();
const { fetch: fetchNow } = globalThis;
globalThis.fetch = async (...args: Parameters<typeof fetch>) => {
  await Promise.allSettled(starting);
  return await fetchNow(...args);
};
global.Worker ??= class {
  constructor() {
    skip("needs web workers")();
  }
};

/** Runs every test that was collected; the last line says how many there were of each outcome. */
export async function run(group: string): Promise<void> {
  const only = process.env["FILTER"], verbose = process.env["VERBOSE"] !== undefined;
  const outcomes = await runAll({
    wanted: (name) => only === undefined || name.includes(only),
    onStart: (name) => verbose ? console.error(`· ${name}`) : undefined,
    onFailure: (name, error) => console.error(`${name} ... FAILED\n${inspect(error)}\n`),
  });
  for (const [reason, count] of Object.entries(outcomes.ignored)) console.log(`${count} ignored: ${reason}`);
  for (const name of outcomes.failures) console.error(`failed: ${name}`);
  console.log(summary(group, outcomes));
  process.exit(outcomes.failures.length > 0 ? 1 : 0);
}
