// Runs `.wast` scripts against the library: components, instances, invocations and what scripts
// assert about them. Values compare by what they mean, not by how JS spells them: `(option.none)`
// is `undefined` or `{ tag: "none" }`.

import {
  CompileError,
  type CompileOptions,
  compileSync,
  type Component,
  ComponentError,
  type Instance,
  type Limits,
  Linker,
  LinkError,
  Trap,
} from "@windlass/component";
import { scheduling } from "../../abi/concurrency/scheduler.ts";
import { jspi } from "../../abi/state/jspi.ts";
import { camelCase } from "../../host/names.ts";
import { type Expr, head, type List, parseExprs, Unrunnable } from "./sexpr.ts";
import { defineSpectest } from "./spectest.ts";
import { wat } from "./wat.ts";
import { gatesOf, onlyValidates } from "./wast_gates.ts";

/** What became of one command. */
export interface Outcome {
  readonly status: "passed" | "failed" | "skipped";
  /** `assert_return`, `assert_trap`, … */
  readonly command: string;
  readonly line: number;
  readonly detail: string;
}

/** How strictly to compare. */
export interface WastOptions {
  /** Whether messages must contain the script's phrase. */
  readonly strict?: boolean;
  /** How to compile: whether calls between guests have adapters, and whether JavaScript is generated. */
  readonly fused?: boolean;
  readonly codegen?: boolean;
  /** Whether core modules are metered; and limits of the instances. */
  readonly metering?: boolean;
  readonly limits?: Limits;
}

const decoder = new TextDecoder();

function stringOf(expr: Expr | undefined): string {
  return expr?.kind === "string" ? decoder.decode(expr.bytes) : "";
}

/** Phrases of Wasmtime's own, and those of the reference suite for the same. */
const aliases: readonly (readonly [theirs: string, ours: RegExp])[] = [
  ["cannot read after being notified that the", /cannot read from (stream|future) after/],
  ["cannot write after being notified that the", /cannot write to (stream|future) after/],
  // Engines say it in words of their own, too.
  ["unreachable", /unreachable/i],
  ["thrown Wasm exception", /uncaught exception propagated/],
  ["fuel allocated for hostcalls has been exhausted", /limit `liftedBytes`/],
];

/**
 * What is said of a command that suspends a stack where the engine cannot. A script says it itself,
 * in a comment behind the command, where a stack yields to others and is not told that none of them
 * can run.
 */
export const NEEDS_JSPI = "needs JSPI";

// Values.

export function number(text: string): number {
  const plain = text.replaceAll("_", "");
  if (/nan/.test(plain)) return NaN;
  if (/inf/.test(plain)) return plain.startsWith("-") ? -Infinity : Infinity;
  const match = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?$/i.exec(plain);
  if (match === null) return Number(plain);
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  const value = parseInt(`${whole}${fraction}` || "0", 16) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === "-" ? -value : value;
}

/** `(field "name" (u32.const 1))`, or with the value's parentheses left out. */
function fieldValue(field: List): Expr {
  const [, , value, ...rest] = field.items;
  return value?.kind === "atom" ? { ...field, items: [value, ...rest] } : value!;
}

/** A script's value as JS gives it to a call. */
function toJs(expr: Expr): unknown {
  if (expr.kind !== "list") throw new Unrunnable("a value must be a list");
  const [, ...rest] = expr.items;
  const atom = rest[0]?.kind === "atom" ? rest[0].text : "";
  switch (head(expr)) {
    case "bool.const":
      return atom === "true";
    case "u64.const":
    case "s64.const":
      return atom.startsWith("-") ? -BigInt(atom.slice(1).replaceAll("_", "")) : BigInt(atom.replaceAll("_", ""));
    case "u8.const":
    case "s8.const":
    case "u16.const":
    case "s16.const":
    case "u32.const":
    case "s32.const":
    case "f32.const":
    case "f64.const":
      return number(atom);
    case "char.const":
    case "str.const":
    case "enum.const":
      return stringOf(rest[0]);
    case "list.const":
    case "tuple.const":
      return rest.map(toJs);
    case "map.const":
      return new Map(rest.map((entry) => (entry as List).items.map(toJs) as [unknown, unknown]));
    case "record.const":
      return Object.fromEntries(rest.map((field) => {
        const [, name] = (field as List).items;
        return [camelCase(stringOf(name)), toJs(fieldValue(field as List))];
      }));
    case "flags.const":
      return Object.fromEntries(rest.map((flag) => [camelCase(stringOf(flag)), true]));
    case "variant.const":
      return rest.length > 1 ? { tag: stringOf(rest[0]), val: toJs(rest[1]!) } : { tag: stringOf(rest[0]) };
    case "option.none":
      return undefined;
    case "option.some":
      return head(rest[0]).startsWith("option.") ? { tag: "some", val: toJs(rest[0]!) } : toJs(rest[0]!);
    case "result.ok":
    case "result.err":
      return { tag: head(expr).slice(7), val: rest[0] && toJs(rest[0]) };
    default:
      throw new Unrunnable(`unknown value ${head(expr)}`);
  }
}

/** Whether a JS value is what a script expects. */
function equals(expr: Expr, actual: unknown): boolean {
  if (expr.kind !== "list") return false;
  const [, ...rest] = expr.items;
  const object = (typeof actual === "object" && actual !== null ? actual : {}) as Record<string, unknown>;
  switch (head(expr)) {
    case "f32.const":
      return Object.is(Math.fround(toJs(expr) as number), actual);
    case "list.const":
    case "tuple.const": {
      const items = actual as ArrayLike<unknown>;
      return items?.length === rest.length && rest.every((item, i) => equals(item, items[i]));
    }
    case "map.const":
      return actual instanceof Map && actual.size === rest.length && rest.every((entry, i) => {
        const [key, value] = (entry as List).items;
        const [actualKey, actualValue] = [...actual][i]!;
        return equals(key!, actualKey) && equals(value!, actualValue);
      });
    case "record.const":
      return Object.keys(object).length === rest.length && rest.every((field) => {
        const [, name] = (field as List).items;
        return equals(fieldValue(field as List), object[camelCase(stringOf(name))]);
      });
    case "flags.const": {
      const set = Object.keys(object).filter((name) => object[name] === true);
      return set.length === rest.length && rest.every((flag) => object[camelCase(stringOf(flag))] === true);
    }
    case "variant.const":
      return object.tag === stringOf(rest[0]) && (rest.length > 1 ? equals(rest[1]!, object.val) : !("val" in object));
    case "option.none":
      return actual === undefined || object.tag === "none";
    case "option.some":
      return head(rest[0]).startsWith("option.")
        ? object.tag === "some" && equals(rest[0]!, object.val)
        : actual !== undefined && equals(rest[0]!, actual);
    case "result.ok":
    case "result.err":
      return object.tag === head(expr).slice(7) &&
        (rest.length > 0 ? equals(rest[0]!, object.val) : object.val === undefined);
    default:
      return Object.is(toJs(expr), actual);
  }
}

function show(value: unknown): string {
  return Deno.inspect(value, { breakLength: Infinity });
}

// Commands.

class Script {
  readonly #text: string;
  readonly #compiling: CompileOptions;
  readonly #options: WastOptions;
  readonly #definitions = new Map<string, Component>();
  readonly #instances = new Map<string, Instance>();
  readonly #registered = new Map<string, Instance>();
  /** Whether the script is about asynchronous components. */
  readonly #async: boolean;
  #skipped = false;
  /** Instances that have ended since the engine has no JSPI. */
  readonly #unsuspended = new WeakSet<Instance>();
  #definition: Component | undefined;
  #instance: Instance | undefined;

  constructor(text: string, options: WastOptions) {
    this.#text = text;
    const { fused = true, codegen = true, metering = false } = options;
    this.#compiling = { gates: gatesOf(text), fused, codegen, metering };
    this.#options = options;
    this.#async = /\basync\b|\bthread\.|\bwaitable/.test(text);
  }

  async run(command: List): Promise<Outcome> {
    const line = this.#text.slice(0, command.start).split("\n").length;
    const name = head(command);
    try {
      if (!jspi.has && this.#text.startsWith(` ;; ${NEEDS_JSPI}`, command.end)) throw new Unrunnable(NEEDS_JSPI);
      const detail = await this.#command(name, command);
      return { status: detail === undefined ? "passed" : "failed", command: name, line, detail: detail ?? "" };
    } catch (error) {
      const status = error instanceof Unrunnable ? "skipped" : "failed";
      if (status === "failed") this.#skipped = false;
      const { message, cause = "" } = error as Error;
      const detail = message === NEEDS_JSPI ? message : `${error} ${cause}`;
      return { status, command: name, line, detail };
    }
  }

  /** Gives what is wrong, or nothing. */
  async #command(name: string, command: List): Promise<string | undefined> {
    const [, first, ...rest] = command.items;
    switch (name) {
      case "component":
      case "module":
        this.#skipped = true;
        await this.#component(command);
        this.#skipped = false;
        return;
      case "register":
        this.#registered.set(stringOf(first), this.#find(rest[0]));
        return;
      case "invoke":
        await this.#invoke(command);
        return;
      case "assert_return": {
        const value = await this.#invoke(first as List);
        const [expected] = rest;
        if (expected === undefined) return value === undefined ? undefined : `expected nothing, found ${show(value)}`;
        return equals(expected, value) ? undefined : `expected ${this.#source(expected)}, found ${show(value)}`;
      }
      case "assert_trap":
        return await this.#fails(first as List, rest[0], [Trap]);
      case "assert_unlinkable":
        return await this.#fails(first as List, rest[0], [LinkError, CompileError]);
      case "assert_invalid":
      case "assert_malformed":
        return await this.#refused(first as List, rest[0]);
      default:
        throw new Unrunnable(`unknown command ${name}`);
    }
  }

  async #fails(action: List, phrase: Expr | undefined, classes: readonly (new (...args: never[]) => Error)[]) {
    try {
      if (head(action) === "invoke") await this.#invoke(action);
      else await this.#component(action);
    } catch (error) {
      if (!classes.some((each) => error instanceof each)) throw error;
      return this.#phrase(error as Error, phrase);
    }
    return `expected ${stringOf(phrase)}, but it succeeded`;
  }

  async #refused(component: List, phrase: Expr | undefined) {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await this.#bytes(component);
    } catch (error) {
      // Text that is malformed is the encoder's to refuse.
      const quoted = component.items.some((item) => item.kind === "atom" && item.text === "quote");
      if (quoted && error instanceof Unrunnable) return this.#phrase(error, phrase);
      throw error;
    }
    try {
      compileSync(bytes, this.#compiling);
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      return this.#phrase(error, phrase);
    }
    return `expected ${stringOf(phrase)}, but it was accepted`;
  }

  #phrase(error: Error, phrase: Expr | undefined): string | undefined {
    const expected = stringOf(phrase).replace(/^wasm trap: /, "");
    if (!this.#options.strict || error.message.includes(expected)) return undefined;
    if (aliases.some(([theirs, ours]) => expected.includes(theirs) && ours.test(error.message))) return undefined;
    return `expected ${JSON.stringify(expected)}, found ${JSON.stringify(error.message)}`;
  }

  #source(expr: Expr): string {
    return this.#text.slice(expr.start, expr.end);
  }

  #find(name: Expr | undefined): Instance {
    const found = name?.kind === "atom" ? this.#instances.get(name.text) : this.#instance;
    if (found !== undefined) return found;
    // Only what the encoder cannot encode excuses the commands that depend on it.
    throw this.#skipped ? new Unrunnable("its component was skipped") : new Error("there is no such instance");
  }

  async #bytes(component: List): Promise<Uint8Array<ArrayBuffer>> {
    const items = component.items.slice(1);
    const texts = items.filter((item) => item.kind === "string");
    const form = items.find((item) => item.kind === "atom" && !item.text.startsWith("$"));
    const bytes = Uint8Array.from(texts.flatMap((text) => [...text.bytes]));
    if (form?.kind === "atom" && form.text === "binary") return bytes;
    const quoted = form?.kind === "atom" && form.text === "quote";
    const source = quoted
      ? `(component ${decoder.decode(bytes)})`
      : this.#source(component).replace(/^\(component\s+definition/, "(component");
    try {
      return await wat(source);
    } catch (error) {
      throw new Unrunnable(`the encoder refuses it: ${error}`);
    }
  }

  async #component(command: List): Promise<void> {
    if (head(command) === "module") throw new Unrunnable("core modules are not components");
    const [, second, third, fourth] = command.items;
    const atom = (expr: Expr | undefined): string => expr?.kind === "atom" ? expr.text : "";
    if (atom(second) === "instance") {
      const definition = fourth === undefined ? this.#definition : this.#definitions.get(atom(fourth));
      if (definition === undefined) {
        throw this.#skipped ? new Unrunnable("its definition was skipped") : new Error("there is no such definition");
      }
      this.#instantiate(definition, atom(third));
      return;
    }
    const component = compileSync(await this.#bytes(command), this.#compiling);
    if (atom(second) === "definition" || onlyValidates(this.#text)) {
      this.#definition = component;
      if (atom(third).startsWith("$")) this.#definitions.set(atom(third), component);
    } else {
      this.#instantiate(component, atom(second));
    }
  }

  #instantiate(component: Component, name: string): void {
    this.#instance = undefined;
    const linker = new Linker({ shadowing: true });
    defineSpectest(linker, this.#options.metering);
    for (const [registered, instance] of this.#registered) linker.define({ [registered]: instance.exports });
    const instance = linker.link(component).instantiateSync({ idle: "trap", limits: this.#options.limits ?? {} });
    this.#instance = instance;
    const results = component.exports.filter(({ type }) => type.kind === "func" && type.type.result?.kind === "result");
    resultExports.set(instance, new Set(results.map((item) => item.name)));
    if (!name.startsWith("$")) return;
    // Wasmtime registers a named component under its name, too.
    this.#instances.set(name, instance);
    this.#registered.set(name.slice(1), instance);
  }

  /** Calls an export; a top-level result comes back as a variant value. */
  async #invoke(action: List): Promise<unknown> {
    if (head(action) !== "invoke") throw new Unrunnable(`unknown action ${head(action)}`);
    const [, first, ...rest] = action.items;
    const named = first?.kind === "atom";
    const name = stringOf(named ? rest[0] : first);
    const instance = this.#find(named ? first : undefined);
    // A synchronous function of an asynchronous component may have to wait.
    const { exports } = this.#async ? instance.promising : instance;
    const func = (exports as Record<string, unknown>)[name];
    if (typeof func !== "function") throw new Error(`there is no export ${name}`);
    const isResult = resultExports.get(instance)!.has(name);
    try {
      const value = await func(...rest.slice(named ? 1 : 0).map(toJs));
      return isResult ? { tag: "ok", val: value } : value;
    } catch (error) {
      if (isResult && error instanceof ComponentError) return { tag: "err", val: error.payload };
      if (!jspi.has && error instanceof Trap) {
        if (error.code === "cannot-suspend") this.#unsuspended.add(instance);
        else if (error.code !== "cannot-enter") throw error;
        if (this.#unsuspended.has(instance)) throw new Unrunnable(NEEDS_JSPI);
      }
      throw error;
    }
  }
}

/** Which exports of an instance have a top-level result. */
const resultExports = new WeakMap<Instance, Set<string>>();

/** Runs a script, command by command. */
export async function runWast(text: string, options: WastOptions = {}): Promise<Outcome[]> {
  scheduling.betweenCalls = false;
  const script = new Script(text, options);
  const outcomes: Outcome[] = [];
  for (const command of parseExprs(text)) {
    if (command.kind === "list") outcomes.push(await script.run(command));
  }
  return outcomes;
}
