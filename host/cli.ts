/**
 * The command line: runs, serves and looks into components.
 *
 * ```sh
 * deno run -A jsr:@windlass/component/cli hello.wasm ann
 * npx @windlass/component serve handler.wasm --addr 127.0.0.1:8080
 * ```
 *
 * @module
 */

import "../abi/dispose.ts"; // first: before any class is made
import { existsSync } from "node:fs";
import process from "node:process";
import { closest } from "../core/binary/known_names.ts";
import { Trap } from "../errors.ts";
import { type Arguments, capabilities, noMore, type Options, parse, UsageError } from "./cli/arguments.ts";
import { completionScript } from "./cli/completion.ts";
import { commandHelp, type CommandName, commandNames, isCommand, programHelp } from "./cli/help.ts";
import { inspectCommand } from "./cli/inspect.ts";
import { describe } from "./cli/mends.ts";
import { runCommand } from "./cli/run.ts";
import { serveCommand } from "./cli/serve.ts";
import { splitCommand } from "./cli/split.ts";
import { say, tell } from "./cli/terminal.ts";
import { typesCommand } from "./cli/types.ts";
import { wrapCommand, wrapOptions } from "./cli/wrap.ts";

async function completionCommand({ file, rest }: Arguments): Promise<number> {
  noMore(rest);
  await say(completionScript(file));
  return 0;
}

interface Command {
  readonly options: Options;
  /** Whether the arguments after the file belong to the component. */
  readonly passes?: true;
  /** What its first word is; default FILE. */
  readonly takes?: string;
  readonly act: (given: Arguments) => Promise<number>;
}

const output: Options = { output: { type: "string", short: "o" } };
const plug: Options = { plug: { type: "string", multiple: true } };
/** The commands. The words for them and for their options are in cli/help.ts. */
const commands: Readonly<Record<CommandName, Command>> = {
  run: { options: { ...capabilities, invoke: { type: "string" } }, passes: true, act: runCommand },
  serve: {
    options: {
      ...capabilities,
      addr: { type: "string", default: "127.0.0.1:8080" },
      instances: { type: "string" },
      reuse: { type: "string" },
      quiet: { type: "boolean" },
    },
    act: serveCommand,
  },
  inspect: { options: { ...plug, json: { type: "boolean" }, wit: { type: "boolean" } }, act: inspectCommand },
  types: {
    options: {
      ...output,
      world: { type: "string", default: "World" },
      "wit-world": { type: "string" },
      module: { type: "boolean" },
    },
    act: typesCommand,
  },
  split: {
    options: { ...output, "max-memory-pages": { type: "string" }, metering: { type: "boolean" } },
    act: splitCommand,
  },
  wrap: { options: wrapOptions, act: wrapCommand },
  completion: { options: {}, takes: "SHELL: bash, zsh or fish", act: completionCommand },
};

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
  const [first] = args;
  let name: CommandName | undefined;
  try {
    if (first === undefined || first === "help" || first === "--help" || first === "-h") {
      await say(args[1] === undefined ? programHelp() : commandHelp(command(args[1])));
      return first === undefined ? 2 : 0;
    }
    if (first === "--version" || first === "-V") {
      await say(`${version}\n`);
      return 0;
    }
    name = commandOf(first);
    const { options, passes = false, takes, act } = commands[name];
    const given = parse(first === name ? args.slice(1) : args, options, passes, takes);
    if (given !== undefined) return await act(given);
    await say(commandHelp(name));
    return 0;
  } catch (error) {
    tell(`${describe(error)}\n`);
    if (error instanceof UsageError) tell(name === undefined ? "Try --help.\n" : `Try ${name} --help.\n`);
    return error instanceof Trap ? TRAPPED : error instanceof UsageError ? 2 : 1;
  }
}

/**
 * The command that a command line begins with. `run` may be left out before an option and before
 * what is a file's name: a word with a dot or a slash in it, or a file that is there.
 */
function commandOf(word: string): CommandName {
  if (isCommand(word)) return word;
  return word.startsWith("-") || /[./\\]/.test(word) || existsSync(word) ? "run" : command(word);
}

/** Gives the command of a name. */
function command(name: string): CommandName {
  if (isCommand(name)) return name;
  const near = closest(name, commandNames);
  const hint = near === undefined ? `there are ${commandNames.join(", ")}` : `the closest one is ${near}`;
  throw new UsageError(`unknown command ${name}: ${hint}`);
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
