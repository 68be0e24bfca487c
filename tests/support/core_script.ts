// Runs scripts of the specification's core tests, to compare what metered modules come to with what
// plain ones do. Nothing is compared with what a script expects: that is the engine's to fulfil.
// The text of a script and a form of its modules enter, a line for each command leaves.

import { type CoreForm, fuelled, plain } from "./core_forms.ts";
import { atom, type Expr, head, type List, parseExprs, Unrunnable } from "./sexpr.ts";
import { VectorCalls } from "./vector_calls.ts";
import { wat } from "./wat.ts";
import { number } from "./wast.ts";

/** What became of a command. */
export interface CoreOutcome {
  readonly line: number;
  readonly command: string;
  /** What it came to, in words. `undefined` if it cannot be run here. */
  readonly outcome: string | undefined;
}

const decoder = new TextDecoder();

function stringOf(expr: Expr | undefined): string {
  return expr?.kind === "string" ? decoder.decode(expr.bytes) : "";
}

/** Objects that stand for the numbers of `ref.extern`, in all forms. */
const hosts = new Map<string, object>();
function hostOf(name: string): object {
  let found = hosts.get(name);
  if (found === undefined) hosts.set(name, found = { toString: () => `host ${name}` });
  return found;
}

/** An argument as JavaScript gives it. */
function argument(expr: Expr): unknown {
  const [, value] = (expr as List).items, text = atom(value);
  switch (head(expr)) {
    case "i32.const":
    case "f32.const":
    case "f64.const":
      return number(text);
    case "i64.const": {
      const plain = text.replaceAll("_", ""), negative = plain.startsWith("-");
      const size = BigInt(plain.replace(/^[+-]/, ""));
      return BigInt.asIntN(64, negative ? -size : size);
    }
    case "ref.extern":
    case "ref.host":
      return hostOf(text);
    case "ref.null":
      return null;
    default:
      throw new Unrunnable(head(expr));
  }
}

/** A result in words. */
function words(value: unknown): string {
  if (Array.isArray(value)) return value.map(words).join(" ");
  if (typeof value === "function") return "function";
  if (typeof value !== "object" || value === null) {
    return Object.is(value, -0) ? "-0" : `${typeof value} ${String(value)}`;
  }
  return [...hosts.values()].includes(value) ? String(value) : "object";
}

function failure(error: unknown): string {
  if (error instanceof Unrunnable) throw error;
  return error instanceof Error ? `${error.constructor.name}: ${error.message}` : `exception ${typeof error}`;
}

/** The host that scripts import. */
function spectest(): WebAssembly.ModuleImports {
  const names = ["print", "print_i32", "print_i64", "print_f32", "print_f64", "print_i32_f32", "print_f64_f64"];
  const global = (value: "i32" | "i64" | "f32" | "f64", init: number | bigint) =>
    new WebAssembly.Global({ value }, init as never);
  return {
    ...Object.fromEntries(names.map((name) => [name, () => {}])),
    global_i32: global("i32", 666),
    global_i64: global("i64", 666n),
    global_f32: global("f32", 666.6),
    global_f64: global("f64", 666.6),
    table: new WebAssembly.Table({ initial: 10, maximum: 20, element: "anyfunc" }),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
  };
}

/** A script in one form. */
class CoreScript {
  readonly #text: string;
  readonly #form: CoreForm;
  readonly #definitions = new Map<string, WebAssembly.Module>();
  readonly #instances = new Map<string, WebAssembly.Instance>();
  readonly #registered: WebAssembly.Imports = { spectest: spectest() };
  readonly #vectors: VectorCalls;
  #definition: WebAssembly.Module | undefined;
  #instance: WebAssembly.Instance | undefined;

  constructor(text: string, form: CoreForm, commands: readonly Expr[]) {
    this.#text = text;
    this.#form = form;
    this.#vectors = new VectorCalls(text, commands);
  }

  async run(command: List): Promise<string> {
    const [, first, second] = command.items;
    switch (head(command)) {
      case "module":
        return await this.#module(command);
      case "register":
        this.#registered[stringOf(first)] = this.#find(second).exports;
        return "registered";
      case "invoke":
      case "get":
        return await this.#act(command);
      case "assert_return":
      case "assert_exception":
      case "assert_exhaustion":
        return await this.#act(first as List);
      case "assert_trap":
        return head(first) === "module" ? await this.#module(first as List) : await this.#act(first as List);
      case "assert_unlinkable":
        return await this.#module(first as List);
      case "assert_invalid":
      case "assert_malformed":
      case "assert_malformed_custom":
      case "assert_invalid_custom":
        return this.#accepts(await this.#bytes(first as List)) ? "accepted" : "refused";
      default:
        throw new Unrunnable(head(command));
    }
  }

  /** What the exported memories hold at the end. */
  *memories(): Generator<Uint8Array> {
    for (const { exports } of this.#instances.values()) {
      for (const value of Object.values(exports)) {
        if (value instanceof WebAssembly.Memory) yield new Uint8Array(value.buffer);
      }
    }
  }

  #accepts(bytes: Uint8Array<ArrayBuffer>): boolean {
    try {
      new WebAssembly.Module(this.#form.bytes(bytes));
      return true;
    } catch {
      return false;
    }
  }

  async #bytes(module: List): Promise<Uint8Array<ArrayBuffer>> {
    const forms = module.items.slice(1).map(atom), texts = module.items.filter((item) => item.kind === "string");
    const bytes = Uint8Array.from(texts.flatMap((text) => [...text.bytes]));
    if (forms.includes("binary")) return bytes;
    const source = forms.includes("quote")
      ? `(module ${decoder.decode(bytes)})`
      : this.#text.slice(module.start, module.end).replace(/^\(module\s+definition/, "(module");
    try {
      return await wat(source);
    } catch (error) {
      throw new Unrunnable(`the encoder refuses it: ${String(error).slice(0, 60)}`);
    }
  }

  async #module(command: List): Promise<string> {
    const [, second, third, fourth] = command.items;
    if (atom(second) === "instance") {
      const definition = fourth === undefined ? this.#definition : this.#definitions.get(atom(fourth));
      if (definition === undefined) throw new Unrunnable("no such definition");
      return this.#instantiate(definition, atom(third));
    }
    this.#instance = undefined;
    const bytes = await this.#bytes(command);
    let module: WebAssembly.Module;
    try {
      module = new WebAssembly.Module(this.#form.bytes(bytes));
    } catch {
      return "refused"; // with a message of the engine's, or of ours
    }
    if (atom(second) !== "definition") return this.#instantiate(module, atom(second));
    this.#definition = module;
    this.#definitions.set(atom(third), module);
    return "defined";
  }

  #instantiate(module: WebAssembly.Module, name: string): string {
    this.#instance = undefined;
    try {
      this.#instance = this.#form.instantiate(module, this.#registered);
    } catch (error) {
      return failure(error);
    }
    this.#instances.set(name.startsWith("$") ? name : `${this.#instances.size}`, this.#instance);
    return "instantiated";
  }

  #find(name: Expr | undefined): WebAssembly.Instance {
    const found = name?.kind === "atom" ? this.#instances.get(name.text) : this.#instance;
    if (found === undefined) throw new Unrunnable("no such instance");
    return found;
  }

  async #act(action: List): Promise<string> {
    const named = action.items[1]?.kind === "atom";
    const { exports } = this.#find(named ? action.items[1] : undefined);
    const [name, ...args] = action.items.slice(named ? 2 : 1), found = exports[stringOf(name)];
    if (head(action) === "get") return words((found as WebAssembly.Global | undefined)?.value);
    const vectors = await this.#vectors.of(action, exports);
    const given = vectors === undefined ? args.map(argument) : [];
    try {
      return words((vectors ?? found as (...args: unknown[]) => unknown)(...given));
    } catch (error) {
      return failure(error);
    }
  }
}

/** Runs a script in one form. */
async function outcomes(text: string, form: CoreForm): Promise<{ all: CoreOutcome[]; script: CoreScript }> {
  const commands = parseExprs(text), script = new CoreScript(text, form, commands), all: CoreOutcome[] = [];
  let line = 1, at = 0;
  for (const command of commands) {
    if (command.kind !== "list") continue;
    line += text.slice(at, command.start).split("\n").length - 1;
    at = command.start;
    let outcome: string | undefined;
    try {
      outcome = await script.run(command);
    } catch (error) {
      if (!(error instanceof Unrunnable)) throw error;
    }
    all.push({ line, command: head(command), outcome });
  }
  return { all, script };
}

/** What a comparison has found. */
export interface Comparison {
  readonly compared: number;
  readonly skipped: number;
  readonly differences: readonly string[];
}

/** Runs a script with plain modules and in another form, metered ones, and says where they differ. */
export async function compareForms(text: string, other: CoreForm = fuelled()): Promise<Comparison> {
  const first = await outcomes(text, plain), second = await outcomes(text, other), differences: string[] = [];
  first.all.forEach(({ line, command, outcome }, i) => {
    const metered = second.all[i]!.outcome;
    if (metered !== outcome) differences.push(`${line}: ${command}: ${metered}, otherwise ${outcome}`);
  });
  const [left, right] = [[...first.script.memories()], [...second.script.memories()]];
  if (left.length !== right.length || left.some((bytes, i) => !equal(bytes, right[i]!))) {
    differences.push("the memories differ at the end");
  }
  const skipped = first.all.filter(({ outcome }) => outcome === undefined).length;
  return { compared: first.all.length - skipped, skipped, differences };
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
