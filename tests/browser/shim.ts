// Deno's names in a browser, as far as the tests use them: files come from the server, and nothing
// can be written. What needs a file system, a process or a listening socket is skipped and counted;
// and so is what the engine lacks, if the library says so and the engine's features agree.

import { featureNames, features } from "../../core/module/features.ts";
import { runAll, skip, test } from "../runtimes/collect.ts";
import { finish, post, query, read, readSync } from "./client.ts";

const decoder = new TextDecoder();
const files = skip("needs a file system"),
  processes = skip("needs Deno's executable"),
  sockets = skip("needs to listen");

const shim = {
  test,
  args: [],
  env: { get: (name: string) => query.get(name) ?? undefined },
  execPath: processes,
  Command: class {
    constructor() {
      processes();
    }
  },
  inspect: (value: unknown) => inspect(value),
  readFile: read,
  readFileSync: readSync,
  readTextFile: async (path: string | URL) => decoder.decode(await read(path)),
  readTextFileSync: (path: string | URL) => decoder.decode(readSync(path)),
  readDirSync: (path: URL) => JSON.parse(decoder.decode(readSync(new URL("?list", path)))),
  ...Object.fromEntries(
    [
      "writeFile",
      "writeTextFile",
      "mkdir",
      "symlink",
      "rename",
      "remove",
      "realPath",
      "stat",
      "statSync",
      "makeTempDir",
    ]
      .map((name) => [name, files]),
  ),
  errors: { NotFound: class extends Error {} },
  serve: sockets,
  listen: sockets,
};
(globalThis as { Deno?: unknown }).Deno = shim;

/** A value in words, for messages only. */
function inspect(value: unknown): string {
  return JSON.stringify(value, (_, item) => typeof item === "bigint" ? `${item}n` : item) ?? String(value);
}

/** An error in words. V8's stack begins with the message, the others' does not have it. */
function describe(error: unknown): string {
  const { stack, cause } = (error ?? {}) as Error;
  if (stack === undefined) return inspect(error);
  let text = stack.startsWith(String(error)) ? stack : `${error}\n${stack}`;
  // Scripts have their page's query in their address.
  text = text.replaceAll(/\?[^\s:)]*/g, "");
  return cause === undefined ? text : `${text}\ncaused by ${describe(cause)}`;
}

/** Why an error means that a browser has no such thing. */
function lacking(error: unknown): string | undefined {
  const { message = "" } = (error ?? {}) as Error;
  const [, module] = / need (node:\w+), which this runtime does not have/.exec(message) ?? [];
  if (module !== undefined) return `needs ${module}`;
  if ("document" in globalThis && message.includes("waits for a sleep, which cannot happen")) {
    return "needs to sleep on a page's thread";
  }
  if (!features.jspi && /JSPI \(WebAssembly\.Suspending and WebAssembly\.promising\)/.test(message)) {
    return "needs JSPI";
  }
  for (const [name, words] of Object.entries(featureNames)) {
    const lacks = !features[name as keyof typeof featureNames];
    if (lacks && message.includes(`${words}, which this engine does not have`)) return `needs ${words}`;
  }
  return undefined;
}

let running = false;
/**
 * What fails while the bundle is loaded: no test will run. Later, tests bring about such events
 * themselves.
 */
const failed = (error: unknown): void => {
  if (!running) finish({ checks: [{ name: "the bundle is loaded", failure: describe(error) }] });
};
globalThis.addEventListener("error", ({ error, message }) => failed(error ?? message));
globalThis.addEventListener("unhandledrejection", ({ reason }) => failed(reason));

/** Runs every test of the bundle, and tells the server. */
export async function run(group: string): Promise<void> {
  running = true;
  const only = query.get("FILTER");
  const outcomes = await runAll({
    wanted: (name) => only === null || name.includes(only),
    // So that the server can say which test never ended. Nobody waits for it: the browser sends it
    // while the test runs.
    onStart: (name) => void post("/progress", name),
    onFailure: (name, error) => void post("/failure", { name, error: describe(error) }),
    lacking,
  });
  await finish({ group, outcomes });
}
