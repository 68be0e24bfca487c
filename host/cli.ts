/**
 * The command line: runs, serves and looks into components.
 *
 * ```sh
 * deno run -A jsr:@windlass/component/cli run hello.wasm ann
 * npx @windlass/component serve handler.wasm --addr 127.0.0.1:8080
 * ```
 *
 * @module
 */

import "../abi/dispose.ts"; // first: before any class is made
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { type Component, componentInternals } from "../core/component.ts";
import { splitComponent } from "../core/sources/split.ts";
import { CompileError, LinkError, Trap, ValueError } from "../errors.ts";
import {
  type Arguments,
  capabilities,
  executionBounds,
  integer,
  memoryBound,
  noMore,
  type Options,
  parse,
  UsageError,
  wasiOptions,
} from "./cli/arguments.ts";
import { commandHelp, type CommandName, isCommand, programHelp } from "./cli/help.ts";
import { format, inspect, json } from "./cli/inspect.ts";
import { invoke } from "./cli/invoke.ts";
import { load, say, waiting } from "./cli/terminal.ts";
import { stemOf, wrapCommand, wrapOptions } from "./cli/wrap.ts";
import { moduleTypes, typesPath } from "./esm/module_types.ts";
import { compile } from "./compile.ts";
import { listen, run, serve } from "./wasi/mod.ts";

async function compileFile({ file, values }: Arguments): Promise<Component> {
  const { metering = false } = executionBounds(values), options = { ...memoryBound(values), metering };
  const bytes = await load(file);
  return await waiting(file, bytes, () => compile(bytes, options));
}

async function runCommand(given: Arguments): Promise<number> {
  const { file, values, rest } = given, { invoke: call } = values;
  if (typeof call === "string" && rest.length > 0) {
    const option = rest[0]!.startsWith("-") ? `; options stand before FILE, found ${rest[0]} after it` : "";
    throw new UsageError(`--invoke has its arguments in the call${option}`);
  }
  const options = wasiOptions(given), { limits = {} } = executionBounds(values), component = await compileFile(given);
  const { deadline } = limits;
  // A guest that waits gives the event loop its turns, so that the deadline does not end it.
  const signal = deadline === undefined ? {} : { signal: timeout(deadline) };
  if (typeof call === "string") return await invoke(component, call, options, { limits, ...signal });
  return (await run(component, { ...options, limits, ...signal, args: [basename(file), ...rest] })).exitCode;
}

/** A signal for a command that waits for too long. It does not keep the process alive. */
function timeout(ms: number): AbortSignal {
  const ending = new AbortController();
  setTimeout(() => ending.abort(new Error(`the command did not end within ${ms} ms`)), ms).unref();
  return ending.signal;
}

async function serveCommand(given: Arguments): Promise<number> {
  const { file, values, rest } = given;
  const address = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(values["addr"] as string);
  if (address === null || Number(address[3]) > 65535) throw new UsageError("--addr must be HOST:PORT");
  noMore(rest);
  const [, v6, host, port] = address;
  const max = integer("instances", values, 1, 100_000);
  const handler = await serve(await compileFile(given), {
    ...wasiOptions(given),
    limits: executionBounds(values).limits ?? {},
    ...max === undefined ? {} : { instances: { max } },
    onError: report,
  });
  const { url } = await listen(handler, { hostname: v6 ?? (host || "127.0.0.1"), port: Number(port) });
  process.stderr.write(`serving ${file} at ${url}\n`);
  return await new Promise<never>(() => {});
}

/** Prints the failure of a handler in one line. */
function report(error: unknown): void {
  process.stderr.write(`${error instanceof Trap ? describe(error) : `error: ${(error as Error)?.message ?? error}`}\n`);
}

async function inspectCommand({ file, values, rest }: Arguments): Promise<number> {
  noMore(rest);
  const bytes = await load(file), found = await waiting(file, bytes, () => inspect(bytes));
  if (values["json"] === true) {
    await say(json(file, bytes.length, found));
    return 0;
  }
  process.stderr.write(format(file, bytes.length, found));
  await say(found.component.wit());
  return 0;
}

async function typesCommand(given: Arguments): Promise<number> {
  const { values, rest } = given;
  noMore(rest);
  const component = await compileFile(given), worldName = values["world"] as string;
  const isModule = values["module"] === true;
  const text = isModule ? moduleTypes(component, "instance", worldName) : component.typescript({ worldName });
  if (typeof values["output"] === "string") await writeFile(values["output"], text);
  else if (isModule && given.file !== "-") {
    const path = typesPath(given.file);
    await writeFile(path, text);
    await say(`${path}\n`);
  } else await say(text);
  return 0;
}

async function splitCommand({ file, values, rest: more }: Arguments): Promise<number> {
  const { output } = values;
  noMore(more);
  if (typeof output !== "string") throw new UsageError("where to? Give -o DIR");
  const bytes = await load(file);
  const component = await waiting(file, bytes, () => compile(bytes));
  const { rest, modules } = splitComponent(bytes, componentInternals(component).modules, {
    ...memoryBound(values),
    ...values["metering"] === true && { meterer: (await import("../core/meter/meterer.ts")).meterer },
  });
  await mkdir(output, { recursive: true });
  const stem = stemOf(file);
  const pieces = [...modules.map((bytes, i) => [`core${i}`, bytes] as const), ["rest", rest] as const];
  for (const [name, bytes] of pieces) {
    const path = join(output, `${stem}.${name}.wasm`);
    await writeFile(path, bytes);
    await say(`${path}\n`);
  }
  return 0;
}

interface Command {
  readonly options: Options;
  /** Whether the arguments after the file belong to the component. */
  readonly passes?: true;
  readonly act: (given: Arguments) => Promise<number>;
}

const output: Options = { output: { type: "string", short: "o" } };
const commands: Readonly<Record<CommandName, Command>> = {
  run: { options: { ...capabilities, invoke: { type: "string" } }, passes: true, act: runCommand },
  serve: {
    options: {
      ...capabilities,
      addr: { type: "string", default: "127.0.0.1:8080" },
      instances: { type: "string" },
    },
    act: serveCommand,
  },
  inspect: { options: { json: { type: "boolean" } }, act: inspectCommand },
  types: {
    options: { ...output, world: { type: "string", default: "World" }, module: { type: "boolean" } },
    act: typesCommand,
  },
  split: {
    options: { ...output, "max-memory-pages": { type: "string" }, metering: { type: "boolean" } },
    act: splitCommand,
  },
  wrap: { options: wrapOptions, act: wrapCommand },
};

/**
 * Describes an error for somebody at a terminal: what failed, and where. The stack is shown only
 * for unexpected errors.
 */
function describe(error: unknown): string {
  if (error instanceof CompileError || error instanceof LinkError || error instanceof ValueError) {
    return `error: ${error.message}`;
  }
  if (error instanceof Trap) return `error: the component trapped: ${error.message}`;
  if (error instanceof UsageError) return `error: ${error.message}`;
  if (!(error instanceof Error)) return `error: ${error}`;
  return "code" in error || error instanceof TypeError
    ? `error: ${error.message}`
    : `error: ${error.stack ?? error.message}`;
}

/** The exit code after a trap, which is that of a process that was aborted. */
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
  try {
    if (name === undefined || name === "help" || name === "--help" || name === "-h") {
      await say(rest[0] === undefined ? programHelp() : commandHelp(command(rest[0])));
      return name === undefined ? 2 : 0;
    }
    if (name === "--version" || name === "-V") {
      await say(`${version}\n`);
      return 0;
    }
    const { options, passes = false, act } = commands[command(name)];
    const given = parse(rest, options, passes);
    if (given !== undefined) return await act(given);
    await say(commandHelp(command(name)));
    return 0;
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    if (error instanceof UsageError) {
      process.stderr.write(name !== undefined && isCommand(name) ? `Try ${name} --help.\n` : "Try --help.\n");
    }
    return error instanceof Trap ? TRAPPED : error instanceof UsageError ? 2 : 1;
  }
}

/** Gives the command of a name. */
function command(name: string): CommandName {
  if (!isCommand(name)) throw new UsageError(`unknown command ${name}`);
  return name;
}

/** The version of the package; a test compares it with deno.json. */
export const version = "0.1.0";

/**
 * Runs the command line where this file is the program. In a bundle `import.meta` is the bundle's:
 * a
 * program that calls `main` must not become this one.
 */
async function runAs(url: string): Promise<void> {
  // The process ends although a read of standard input may still be pending.
  if (/\/host\/cli\.[jt]s$/.test(new URL(url).pathname)) process.exit(await main(process.argv.slice(2)));
}

if (import.meta.main) await runAs(import.meta.url);
