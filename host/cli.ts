/**
 * The command line: runs, serves and looks into components.
 *
 * ```sh
 * deno run -A jsr:@windlass/component/cli run hello.wasm -- ann
 * npx @windlass/component serve handler.wasm --addr 127.0.0.1:8080
 * ```
 *
 * @module
 */

import "../abi/dispose.ts"; // first: before any class is made
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { compile } from "../core/compile.ts";
import type { Component } from "../core/component.ts";
import type { FuncType } from "../abi/types.ts";
import { CompileError, ComponentError, LinkError, Trap, ValueError } from "../errors.ts";
import { features } from "../core/features.ts";
import { matchName } from "../core/names.ts";
import type { ExternItem } from "../core/types.ts";
import { format, inspect, size } from "./cli/inspect.ts";
import { listen } from "./cli/listen.ts";
import { formatValue, parseCall } from "./cli/wave.ts";
import { closest } from "./definitions.ts";
import { instantiate } from "./instantiate.ts";
import { camelCase } from "./names.ts";
import "./print.ts";
import { ExitError, run, serve, wasi, type WasiOptions } from "./wasi/mod.ts";

const help = `Runs WebAssembly components.

Usage: windlass COMMAND FILE [OPTIONS]

  run FILE [-- ARGS…]       runs a command (wasi:cli/command); ARGS are its arguments
    --invoke 'f(1, "x")'    calls an exported function instead and prints its result;
                            'ns:pkg/iface#f(1)' for one in an interface; values as in WAVE:
                            1, -2.5, true, 'c', "text", [1, 2], (1, "a"), {field: 1}, case(1), some(1), none, ok(1)
  serve FILE                serves HTTP with a wasi:http/incoming-handler
    --addr HOST:PORT        where; default 127.0.0.1:8080
    --instances N           uses at most N instances again and again; default one for each request
  inspect FILE              prints its world as WIT, its core modules, and what it needs of an engine
  types FILE [-o OUT]       prints its world as TypeScript, for instantiate<World>
    --world NAME            what the type is called; default World
  split FILE -o DIR         writes its core modules apart, for hosts that forbid compiling:
                            compile(bytes, { modules }) takes them in the order of their numbers

A component that is run or served has no more than these give it:
  --dir HOST::GUEST         a directory of the host's, by the guest's name for it; HOST alone has the same name inside
  --dir-read-only HOST::GUEST
  --env NAME=VALUE          an environment variable; NAME alone passes this process's on
  --allow-http HOST         requests to a host: example.com, example.com:8080, *.example.com, or * for all
  --allow-sockets           TCP and UDP, to everywhere
  --max-memory-pages N      no memory of it exceeds N pages of 64 KiB

  --help, --version
`;

const capabilities = {
  dir: { type: "string", multiple: true },
  "dir-read-only": { type: "string", multiple: true },
  env: { type: "string", multiple: true },
  "allow-http": { type: "string", multiple: true },
  "allow-sockets": { type: "boolean" },
  "max-memory-pages": { type: "string" },
} as const satisfies ParseArgsConfig["options"];

/** What was typed wrongly. */
class UsageError extends Error {}

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** Options and the file of a subcommand, and what follows `--`. */
function parse(args: readonly string[], options: NonNullable<ParseArgsConfig["options"]>) {
  const end = args.indexOf("--");
  const [own, rest] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  let parsed;
  try {
    parsed = parseArgs({ args: [...own], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const [file, ...more] = parsed.positionals;
  if (file === undefined) throw new UsageError("which FILE?");
  return { file, values: parsed.values as Values, args: [...more, ...rest] };
}

const strings = (value: Values[string]): string[] => [value ?? []].flat() as string[];

/** The capabilities that were given. */
function wasiOptions(values: Values): WasiOptions {
  const preopens = new Map<string, { path: string; readOnly: boolean }>();
  for (const option of ["dir", "dir-read-only"]) {
    for (const dir of strings(values[option])) {
      const [path = "", guest = path, ...more] = dir.split("::");
      if (path === "" || guest === "" || more.length > 0) {
        throw new UsageError(`--${option} must be HOST::GUEST, found ${dir}`);
      }
      if (preopens.has(guest)) throw new UsageError(`the guest's directory ${guest} is given twice`);
      preopens.set(guest, { path, readOnly: option !== "dir" });
    }
  }
  const env = Object.fromEntries(
    strings(values["env"]).flatMap((entry) => {
      const at = entry.indexOf("="), own = process.env[entry];
      if (at >= 0) return [[entry.slice(0, at), entry.slice(at + 1)]];
      return own === undefined ? [] : [[entry, own]];
    }),
  );
  const http = strings(values["allow-http"]);
  return {
    env,
    preopens: Object.fromEntries(preopens),
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
    network: {
      ...http.length > 0 && { http: http.includes("*") ? true : http },
      ...values["allow-sockets"] === true && { sockets: true },
    },
  };
}

function integer(option: string, value: Values[string], least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string" || !/^\d+$/.test(value) || Number(value) < least || Number(value) > most) {
    throw new UsageError(`--${option} must be an integer from ${least} to ${most}`);
  }
  return Number(value);
}

/** A progress line on a terminal, for what takes long. */
async function waiting<T>(text: string, promise: Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return await promise;
  let shown = false;
  const timer = setTimeout(() => {
    shown = true;
    process.stderr.write(text);
  }, 300);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    if (shown) process.stderr.write("\r\x1b[K");
  }
}

let listened = false;

/** Writes to the standard output, and waits until it is out: the process ends right afterwards. Who closed it wants no more. */
function say(text: string): Promise<void> {
  // The stream tells an error to the callback, and then once more to whoever listens: nobody would be the process's end.
  if (!listened) process.stdout.on("error", () => {});
  listened = true;
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error && (error as { code?: string }).code !== "EPIPE") reject(error);
      else resolve();
    });
  });
}

async function load(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(file));
}

async function loadComponent(file: string, values: Values): Promise<Component> {
  const maxMemoryPages = integer("max-memory-pages", values["max-memory-pages"], 0, 65536);
  const bytes = await load(file);
  const options = maxMemoryPages === undefined ? {} : { maxMemoryPages };
  return await waiting(`compiling ${file} (${size(bytes.length)})…`, compile(bytes, options));
}

// ── Subcommands: each gives the exit code ─────────────────────────────────────────────────────────────────────────────────

async function runCommand(args: readonly string[]): Promise<number> {
  const { file, values, args: rest } = parse(args, { ...capabilities, invoke: { type: "string" } });
  const component = await loadComponent(file, values), options = wasiOptions(values);
  const { invoke } = values;
  if (typeof invoke !== "string") {
    return (await run(component, { ...options, args: [basename(file), ...rest] })).exitCode;
  }
  if (rest.length > 0) throw new UsageError("--invoke has its arguments in the call");
  return await invokeCall(component, invoke, options);
}

/** An export by name: versions match by semver; without a version the only one there is. */
function findItem(name: string, items: readonly ExternItem[]): ExternItem | undefined {
  const names = items.map((item) => item.name);
  const found = matchName(name, names);
  if (found !== undefined) return items[names.indexOf(found)];
  const versions = items.filter((item) => item.name.split("@")[0] === name);
  if (versions.length > 1) throw new UsageError(`several versions: ${versions.map(({ name }) => name).join(", ")}`);
  return versions[0];
}

/** Finds an exported function: its type, its interface's name if it is in one, and its own. */
function findFunction(component: Component, path: string): { type: FuncType; owner: string | undefined; name: string } {
  const at = path.indexOf("#");
  const owner = at < 0 ? undefined : findItem(path.slice(0, at), component.exports);
  const items = at < 0 ? component.exports : owner?.type.kind === "instance" ? owner.type.exports : [];
  const label = path.slice(at + 1), found = findItem(label, items);
  if (label.startsWith("[")) throw new UsageError(`${path} belongs to a resource: only functions can be invoked`);
  if (found?.type.kind === "func") return { type: found.type.type, owner: owner?.name, name: found.name };
  const functions = component.exports.flatMap(({ name, type }) =>
    type.kind === "func"
      ? [name]
      : type.kind === "instance"
      ? type.exports.flatMap((item) => item.type.kind === "func" ? `${name}#${item.name}` : [])
      : []
  ).filter((name) => !name.includes("["));
  const near = closest(path, functions);
  const some = functions.slice(0, 10).join(", "),
    more = functions.length > 10 ? ` and ${functions.length - 10} more` : "";
  const known = functions.length === 0 ? "it exports none" : `it exports ${some}${more}`;
  throw new UsageError(`no function ${path}: ${near === undefined ? known : `the closest one is ${near}`}`);
}

async function invokeCall(component: Component, text: string, options: WasiOptions): Promise<number> {
  const call = parseCall(text), { type, owner, name } = findFunction(component, call.path);
  let args: unknown[];
  try {
    args = call.args(type.params.map((param) => param.type));
  } catch (error) {
    throw error instanceof SyntaxError ? new UsageError(error.message) : error;
  }
  const instance = await instantiate(component, { ...await wasi(options) });
  try {
    const exports = features.jspi ? instance.promising.exports : instance.exports;
    const members = owner === undefined ? exports : exports[owner];
    // Names that are the same in camelCase keep their spelling.
    const key = Object.hasOwn(members, name) ? name : camelCase(name);
    let result: unknown;
    try {
      result = await members[key](...args);
    } catch (error) {
      if (!(error instanceof ComponentError) || type.result?.kind !== "result") throw error;
      await say(`${formatValue({ tag: "err", val: error.payload }, type.result)}\n`);
      return 1;
    }
    if (type.result === undefined) return 0;
    const value = type.result.kind === "result" ? { tag: "ok", val: result } : result;
    await say(`${formatValue(value, type.result)}\n`);
    return 0;
  } catch (error) {
    if (error instanceof ExitError) return error.exitCode;
    throw error;
  } finally {
    await instance[Symbol.asyncDispose]();
  }
}

/** Words that no subcommand but `run` takes. */
function noMore(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`what is ${words[0]} for?`);
}

async function serveCommand(args: readonly string[]): Promise<number> {
  const { file, values, args: more } = parse(args, {
    ...capabilities,
    addr: { type: "string", default: "127.0.0.1:8080" },
    instances: { type: "string" },
  });
  const address = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(values["addr"] as string);
  if (address === null || Number(address[3]) > 65535) throw new UsageError("--addr must be HOST:PORT");
  noMore(more);
  const [, v6, host, port] = address;
  const max = integer("instances", values["instances"], 1, 100_000);
  const component = await loadComponent(file, values);
  const handler = await serve(component, {
    ...wasiOptions(values),
    ...max === undefined ? {} : { instances: { max } },
    onError: report,
  });
  const { url } = await listen(handler, v6 ?? (host || "127.0.0.1"), Number(port), report);
  process.stderr.write(`serving ${file} at ${url}\n`);
  return await new Promise<never>(() => {});
}

/** What a handler did wrong, in a line. */
function report(error: unknown): void {
  process.stderr.write(`${error instanceof Trap ? describe(error) : `error: ${(error as Error)?.message ?? error}`}\n`);
}

async function inspectCommand(args: readonly string[]): Promise<number> {
  const { file, args: more } = parse(args, {});
  noMore(more);
  const bytes = await load(file);
  await say(format(basename(file), bytes, await waiting(`compiling ${file}…`, inspect(bytes))));
  return 0;
}

async function typesCommand(args: readonly string[]): Promise<number> {
  const { file, values, args: more } = parse(args, {
    output: { type: "string", short: "o" },
    world: { type: "string", default: "World" },
  });
  noMore(more);
  const text = (await loadComponent(file, {})).typescript({ worldName: values["world"] as string });
  if (typeof values["output"] === "string") await writeFile(values["output"], text);
  else await say(text);
  return 0;
}

async function splitCommand(args: readonly string[]): Promise<number> {
  const { file, values, args: more } = parse(args, { output: { type: "string", short: "o" } });
  const { output } = values;
  noMore(more);
  if (typeof output !== "string") throw new UsageError("where to? Give -o DIR");
  const { modules } = await inspect(await load(file));
  await mkdir(output, { recursive: true });
  const stem = basename(file).replace(/\.wasm$/, "");
  for (const [i, { bytes }] of modules.entries()) {
    const path = join(output, `${stem}.core${i}.wasm`);
    await writeFile(path, bytes);
    await say(`${path}\n`);
  }
  return 0;
}

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  run: runCommand,
  serve: serveCommand,
  inspect: inspectCommand,
  types: typesCommand,
  split: splitCommand,
};

/** An error as somebody at a terminal wants it: what and where; the stack only of what nobody expected. */
function describe(error: unknown): string {
  if (error instanceof CompileError || error instanceof LinkError || error instanceof ValueError) {
    return `error: ${error.message}`;
  }
  if (error instanceof Trap) return `error: the component trapped: ${error.message}`;
  if (error instanceof UsageError) return `error: ${error.message}\nTry --help.`;
  if (!(error instanceof Error)) return `error: ${error}`;
  return "code" in error || error instanceof TypeError
    ? `error: ${error.message}`
    : `error: ${error.stack ?? error.message}`;
}

/** What a trap exits with, as of a process that was aborted. */
const TRAPPED = 134;

/**
 * Runs a command line.
 *
 * @param args The arguments, without the program's name.
 * @returns The exit code.
 *
 * @example
 * ```ts
 * import { main } from "@windlass/component/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await main(["--version"]), 0);
 * ```
 */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  const own = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (name === undefined || name === "help" || name === "--help" || name === "-h" || own.includes("--help")) {
    await say(help);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-V") {
    await say(`${version}\n`);
    return 0;
  }
  try {
    const command = Object.hasOwn(commands, name) ? commands[name]! : undefined;
    if (command === undefined) throw new UsageError(`unknown command ${name}`);
    return await command(rest);
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    return error instanceof Trap ? TRAPPED : error instanceof UsageError ? 2 : 1;
  }
}

/** The version of the package; a test compares it with deno.json. */
export const version = "0.1.0";

// What was not awaited (a pending read of standard input) does not hold the process.
if (import.meta.main) process.exit(await main(process.argv.slice(2)));
