// Parses the arguments of a command: words enter, options, a file and the component's own arguments
// leave. A UsageError says what was typed wrongly.

import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Limits } from "../../abi/state/instance.ts";
import type { WasiOptions } from "../wasi/mod.ts";

/** What was typed wrongly. */
export class UsageError extends Error {}

/** The options of a command, for the parser. */
export type Options = NonNullable<ParseArgsConfig["options"]>;
/** What was given for them. */
export type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** What a command was called with. */
export interface Arguments {
  readonly file: string;
  readonly values: Values;
  /** The words after the file. */
  readonly rest: readonly string[];
}

/** Options that give a component something. */
export const capabilities: Options = {
  dir: { type: "string", multiple: true },
  "dir-read-only": { type: "string", multiple: true },
  env: { type: "string", multiple: true },
  "allow-http": { type: "string", multiple: true },
  "allow-sockets": { type: "boolean" },
  "max-memory-pages": { type: "string" },
  fuel: { type: "string" },
  timeout: { type: "string" },
};

const help: Options = { help: { type: "boolean", short: "h" } };

function strict(args: readonly string[], options: Options): { values: Values; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, ...help },
      allowPositionals: true,
    });
    return { values: values as Values, positionals };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The index of the first word that is neither an option nor an option's value. */
function firstWord(args: readonly string[], options: Options): number {
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...options, ...help },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  return tokens.find(({ kind }) => kind === "positional")?.index ?? args.length;
}

/**
 * Parses the arguments of a command.
 *
 * @param passes Whether what follows the file belongs to the component, whatever it looks like.
 * @returns `undefined` if help is asked for.
 */
export function parse(args: readonly string[], options: Options, passes = false): Arguments | undefined {
  const at = passes ? firstWord(args, options) : args.length;
  const { values, positionals } = strict(args.slice(0, at), options);
  if (values["help"] === true) return undefined;
  const [file, ...more] = [...positionals, ...args.slice(at)];
  if (file === undefined) throw new UsageError("which FILE?");
  // As with programs that take other programs: `run FILE -- ARGS`.
  return { file, values, rest: passes && more[0] === "--" ? more.slice(1) : more };
}

/** Words that no command but `run` takes. */
export function noMore(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`what is ${words[0]} for?`);
}

/** A number that was given. */
export function integer(option: string, values: Values, least: number, most: number): number | undefined {
  const value = values[option];
  if (value === undefined) return undefined;
  if (typeof value !== "string" || !/^\d+$/.test(value) || Number(value) < least || Number(value) > most) {
    throw new UsageError(`--${option} must be an integer from ${least} to ${most}`);
  }
  return Number(value);
}

/** `--max-memory-pages`, as `compile` takes it. */
export function memoryBound(values: Values): { maxMemoryPages?: number } {
  const maxMemoryPages = integer("max-memory-pages", values, 0, 65536);
  return maxMemoryPages === undefined ? {} : { maxMemoryPages };
}

/** What a component may execute, as `run` and `serve` take it; nothing if no bound was given. */
export function executionBounds(values: Values): { metering?: true; limits?: Limits } {
  const fuel = integer("fuel", values, 0, Number.MAX_SAFE_INTEGER);
  const deadline = integer("timeout", values, 1, MAX_TIMEOUT);
  if (fuel === undefined && deadline === undefined) return {};
  return {
    metering: true,
    limits: { ...fuel === undefined ? {} : { fuel }, ...deadline === undefined ? {} : { deadline } },
  };
}

/** The most milliseconds that timers take. */
const MAX_TIMEOUT = 2 ** 31 - 1;

const strings = (value: Values[string]): string[] => [value ?? []].flat() as string[];

/**
 * What the options give to the component. One that was read from the standard input cannot read it
 * too.
 */
export function wasiOptions({ file, values }: Arguments): WasiOptions {
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
    ...file !== "-" && { stdin: "inherit" },
    stdout: "inherit",
    stderr: "inherit",
    network: {
      ...http.length > 0 && { http: http.includes("*") ? true : http },
      ...values["allow-sockets"] === true && { sockets: true },
    },
  };
}
