// Parses the arguments of a command: words enter, options, a file and the component's own arguments
// leave. A UsageError says what was typed wrongly.

import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Limits } from "../../abi/state/instance.ts";
import { closest } from "../../core/binary/known_names.ts";
import type { WasiOptions } from "../wasi/mod.ts";
import type { Terminal } from "./terminal.ts";

/** What was typed wrongly. */
export class UsageError extends Error {}

/** What did not work for a reason that its message says in full. */
export class Failure extends Error {}

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
  plug: { type: "string", multiple: true },
  trace: { type: "boolean" },
};

const help: Options = { help: { type: "boolean", short: "h" } };

function strict(args: readonly string[], options: Options): { values: Values; positionals: string[] } {
  const known = { ...options, ...help };
  const { tokens } = parseArgs({
    args: [...args],
    options: known,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token, option = known[name];
    if (option === undefined) throw unknownOption(rawName, known);
    if (option.type === "string") {
      if (value === undefined) throw new UsageError(`${rawName} needs a value`);
      // It is the next option, before which a value was forgotten.
      if (!inlineValue && /^-./.test(value)) {
        throw new UsageError(`${rawName} needs a value, found ${value}; ${rawName}=${value} if that is the value`);
      }
    } else if (value !== undefined) throw new UsageError(`${rawName} takes no value, found ${value}`);
  }
  const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true });
  return { values: values as Values, positionals };
}

/** Names the option that was probably meant. */
function unknownOption(given: string, known: Options): UsageError {
  const names = Object.keys(known), near = closest(given.replace(/^-+/, ""), names);
  const hint = near === undefined
    ? `there are ${names.map((name) => `--${name}`).join(", ")}`
    : `the closest one is --${near}`;
  return new UsageError(`unknown option ${given}: ${hint}`);
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
 * @param what What the first word is, for the message that asks for it.
 * @returns `undefined` if help is asked for.
 */
export function parse(
  args: readonly string[],
  options: Options,
  passes = false,
  what = "FILE",
): Arguments | undefined {
  const at = passes ? firstWord(args, options) : args.length;
  const { values, positionals } = strict(args.slice(0, at), options);
  if (values["help"] === true) return undefined;
  const [file, ...more] = [...positionals, ...args.slice(at)];
  if (file === undefined) {
    // `run --env app.wasm`: the option has taken the file.
    const taker = Object.entries(values).find(([name, value]) =>
      options[name]?.type === "string" && /\.(?:wasm|wit)$/.test(String(strings(value).at(-1)))
    );
    const hint = taker === undefined ? "" : `; --${taker[0]} has taken ${strings(taker[1]).at(-1)} as its value`;
    throw new UsageError(`which ${what}?${hint}`);
  }
  // As with programs that take other programs: `run FILE -- ARGS`.
  return { file, values, rest: passes && more[0] === "--" ? more.slice(1) : more };
}

/** Words that no command but `run` takes. */
export function noMore(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`what is ${words[0]} for? The command takes one FILE`);
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
  const deadline = duration("timeout", values);
  if (fuel === undefined && deadline === undefined) return {};
  return {
    metering: true,
    limits: { ...fuel === undefined ? {} : { fuel }, ...deadline === undefined ? {} : { deadline } },
  };
}

/** The most milliseconds that timers take: 24 days. */
const MAX_TIMEOUT = 2 ** 31 - 1;
/** Units of time, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = { "": 1, ms: 1, s: 1000, m: 60_000 };

/** A duration that was given, in milliseconds: `500`, `500ms`, `10s`, `2m`. */
function duration(option: string, values: Values): number | undefined {
  const value = values[option];
  if (value === undefined) return undefined;
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|)$/.exec(String(value)) ?? [];
  const ms = number === "" ? NaN : Math.ceil(Number(number) * UNITS[unit]!);
  if (!(ms >= 1 && ms <= MAX_TIMEOUT)) {
    throw new UsageError(`--${option} must be milliseconds, 500 or 10s or 2m, up to ${MAX_TIMEOUT}, found ${value}`);
  }
  return ms;
}

/** What was given for an option that may be given several times. */
export const strings = (value: Values[string]): string[] => [value ?? []].flat() as string[];

/**
 * What the options give to the component. One that was read from the standard input cannot read it
 * too.
 */
export function wasiOptions({ file, values }: Arguments, { env: own, guest }: Terminal): WasiOptions {
  const preopens = new Map<string, { path: string; readOnly: boolean }>();
  for (const option of ["dir", "dir-read-only"]) {
    for (const dir of strings(values[option])) {
      const [path = "", name = path, ...more] = dir.split("::");
      if (path === "" || name === "" || more.length > 0) {
        throw new UsageError(`--${option} must be HOST::GUEST, found ${dir}`);
      }
      if (preopens.has(name)) {
        throw new UsageError(`the guest's directory ${name} is given twice: give one another name, HOST::GUEST`);
      }
      preopens.set(name, { path, readOnly: option !== "dir" });
    }
  }
  const http = strings(values["allow-http"]);
  const { stdin, ...outputs } = guest;
  return {
    env: environment(strings(values["env"]), own),
    preopens: Object.fromEntries(preopens),
    ...file !== "-" && stdin !== undefined && { stdin },
    ...outputs,
    network: {
      ...http.length > 0 && { http: http.includes("*") ? true : http },
      ...values["allow-sockets"] === true && { sockets: true },
    },
  };
}

/** Variables by `NAME=VALUE`, and by `NAME` those that this process has itself. */
function environment(entries: readonly string[], own: Terminal["env"]): Record<string, string> {
  return Object.fromEntries(entries.flatMap((entry) => {
    const at = entry.indexOf("=");
    if (entry === "" || at === 0) throw new UsageError(`--env must be NAME or NAME=VALUE, found ${entry || '""'}`);
    if (at > 0) return [[entry.slice(0, at), entry.slice(at + 1)]];
    const value = own[entry];
    return value === undefined ? [] : [[entry, value]];
  }));
}
