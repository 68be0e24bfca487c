// Everything that is done with a mutant, and what may become of it: success, or one of the
// library's errors. A component that may be mutated goes in; one outcome per step comes out.
// Nothing is thrown.

import {
  CompileError,
  compileSync,
  type Component,
  ComponentError,
  err,
  type ExternItem,
  type FuncType,
  HostFunc,
  type HostFunction,
  type Instance,
  type Linked,
  Linker,
  type LinkerInstance,
  LinkError,
  ok,
  suspending,
  Trap,
  type ValType,
  ValueError,
} from "@windlass/component";
import { camelCase, pascalCase } from "../../host/names.ts";
import { coreModulesOf, keyOf } from "./mutate.ts";
import { gates } from "./wasm.ts";

/** What is done, in order. */
export const steps = ["compile", "reflect", "print", "link", "instantiate", "call", "dispose"] as const;
/** One of {@linkcode steps}. */
export type Step = typeof steps[number];

/**
 * What became of one step: `ok`, or the class and code of an error of ours; or what it should not
 * have thrown.
 */
export interface Outcome {
  readonly step: Step;
  readonly what: string;
  /** Whether it is one of the errors a mutant may cause. */
  readonly verdict: "allowed" | "failure";
  readonly error?: unknown;
}

function outcomeOf(step: Step, error: unknown): Outcome {
  if (
    error instanceof CompileError || error instanceof LinkError || error instanceof Trap || error instanceof ValueError
  ) {
    return { step, what: `${error.name} ${error.code}`, verdict: "allowed", error };
  }
  if (error instanceof ComponentError) return { step, what: error.name, verdict: "allowed", error };
  const what = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${Deno.inspect(error)}`;
  return { step, what, verdict: "failure", error };
}

/** A small value of a type; `pick` chooses among a few. Resources are the host's own. */
function simpleValue(type: ValType, pick: number, depth = 0): unknown {
  const of = (part: ValType): unknown => simpleValue(part, pick, depth + 1);
  if (depth > 20) return undefined;
  switch (type.kind) {
    case "bool":
      return pick > 0;
    case "char":
      return "a☃💩"[0];
    case "string":
      return ["", "abc", "é☃💩"][pick];
    case "u64":
    case "s64":
      return BigInt(pick);
    case "list":
      return pick === 0 ? [] : [of(type.element)];
    case "fixed-list":
      return Array.from({ length: Math.min(type.length, 100) }, () => of(type.element));
    case "map":
      return pick === 0 ? new Map() : new Map([[of(type.key), of(type.value)]]);
    case "record":
      return Object.fromEntries(type.fields.map((field) => [field.name, of(field.type)]));
    case "tuple":
      return type.types.map(of);
    case "variant": {
      const part = type.cases[pick % type.cases.length]!;
      return part.type ? { tag: part.name, val: of(part.type) } : { tag: part.name };
    }
    case "enum":
      return type.names[pick % type.names.length];
    case "flags":
      return { [type.names[0]!]: pick > 0 };
    case "option":
      return pick === 0
        ? undefined
        : type.element.kind === "option"
        ? { tag: "some", val: of(type.element) }
        : of(type.element);
    case "result": {
      const part = pick === 0 ? type.err : type.ok;
      return { tag: pick === 0 ? "err" : "ok", val: part && of(part) };
    }
    case "own":
    case "borrow":
      return new HostObject();
    case "stream":
    case "future":
    case "error-context":
      return undefined;
    default:
      return pick;
  }
}

/** Reads all of what reflection gives, each object once. */
function readAll(value: unknown, seen: Set<unknown> = new Set()): void {
  const waiting = [value];
  for (let next = waiting.pop(); waiting.length > 0 || next !== undefined; next = waiting.pop()) {
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    waiting.push(...Object.values(next));
  }
}

/** The exported functions: their types, and how to get at them. */
function functionsOf(
  items: readonly ExternItem[],
  members: (instance: Instance) => Record<string, unknown>,
  depth = 0,
) {
  const found: { type: FuncType; get: (instance: Instance) => unknown }[] = [];
  for (const { name, type } of items) {
    if (type.kind === "func") {
      const [, annotation, resource = "", label = ""] = /^\[(\w+)\]([^.]*)\.?(.*)$/.exec(name) ?? [];
      found.push({
        type: type.type,
        get: (instance) => {
          if (annotation === undefined) return members(instance)[name];
          const made = members(instance)[pascalCase(resource)] as Record<string, unknown> | undefined;
          if (annotation === "constructor") {
            return made && ((...args: never[]) => Reflect.construct(made as never, args));
          }
          return annotation === "static" ? made?.[camelCase(label)] : undefined;
        },
      });
    } else if (type.kind === "instance" && depth < 3) {
      const inner = (instance: Instance) => (members(instance)[name] ?? {}) as Record<string, unknown>;
      found.push(...functionsOf(type.exports, inner, depth + 1));
    }
  }
  return found.slice(0, 60);
}

/** Does everything with a mutant that can be done; gives what became of each step. */
export function runMutant(
  bytes: Uint8Array<ArrayBuffer>,
  known: ReadonlySet<string>,
  enter: (step: Step) => void,
): Outcome[] {
  const outcomes: Outcome[] = [];
  function attempt<T>(step: Step, action: () => T): T | undefined {
    enter(step);
    try {
      const value = action();
      outcomes.push({ step, what: "ok", verdict: "allowed" });
      return value;
    } catch (error) {
      outcomes.push(outcomeOf(step, error));
      return undefined;
    }
  }
  const capped = bytes.length % 2 === 0 ? { maxMemoryPages: 1024 } : {};
  const component: Component | undefined = attempt("compile", () => compileSync(bytes, { ...capped, gates }));
  if (component === undefined) return outcomes;
  attempt("reflect", () => readAll([component.imports, component.exports]));
  attempt("print", () => component.wit());
  attempt("print", () => component.typescript());
  const linked = attempt("link", () => new Linker().trapUnknown().link(component));
  const modules = coreModulesOf(bytes);
  const mutated = modules.length !== component.modules.length || modules.some((each) => !known.has(keyOf(each)));
  if (linked === undefined || mutated) return outcomes;

  exercise(linked, component, attempt, outcomes);
  // Again with host functions that answer, so that calls get past them.
  const hosted = attempt("link", () => hostFor(component.imports).link(component));
  if (hosted !== undefined) exercise(hosted, component, attempt, outcomes);
  // Again with one function that suspends: a plain call that reaches it traps.
  const waiting = suspendingFor(component.imports);
  const suspended = waiting && attempt("link", () => waiting.link(component));
  if (suspended !== undefined) exercise(suspended, component, attempt, outcomes);
  return outcomes;
}

/** Instantiates, calls everything a few times, disposes. */
function exercise(
  linked: Linked<undefined>,
  component: Component,
  attempt: <T>(step: Step, action: () => T) => T | undefined,
  outcomes: Outcome[],
): void {
  const onError = (error: unknown): void => void outcomes.push(outcomeOf("dispose", error));
  const limits = { handles: 1000, liftedBytes: 2 ** 24 };
  const start = (): Instance | undefined => attempt("instantiate", () => linked.instantiateSync({ limits, onError }));
  let instance = start();
  const functions = functionsOf(component.exports, (of) => of.exports);
  for (let i = 0, restarts = 0; i < functions.length * 3 && instance !== undefined; i++) {
    const { type, get } = functions[Math.floor(i / 3)]!;
    const current: Instance = instance, args = type.params.map((param) => simpleValue(param.type, i % 3));
    attempt("call", () => {
      const value = (get(current) as HostFunction | undefined)?.(...args);
      if (value instanceof Promise) value.catch(() => {});
    });
    if (!outcomes.at(-1)!.what.startsWith("Trap")) continue;
    // An instance that trapped is locked down: a few more get a chance.
    attempt("dispose", () => current[Symbol.dispose]());
    instance = restarts++ < 8 ? start() : undefined;
  }
  if (instance !== undefined) attempt("dispose", () => instance![Symbol.dispose]());
}

class HostObject {
  [Symbol.dispose](): void {}
}

/** A linker with a function that answers, or a class, for every import. */
function hostFor(imports: readonly ExternItem[]): Linker {
  const linker = new Linker({ shadowing: true }).trapUnknown();
  for (const { name, type } of imports) {
    if (type.kind === "instance") define(linker.instance(name), type.exports);
    else define(linker, [{ name, type }]);
  }
  return linker;
}

/**
 * A linker whose one function, the first that is imported, suspends; nothing if no function is
 * imported.
 */
function suspendingFor(imports: readonly ExternItem[]): Linker | undefined {
  const linker = new Linker({ shadowing: true }).trapUnknown();
  for (const { name, type } of imports) {
    const found = type.kind === "instance" ? type.exports.find((item) => item.type.kind === "func") : { name, type };
    if (found?.type.kind !== "func") continue;
    const to = type.kind === "instance" ? linker.instance(name) : linker;
    to.func(found.name, suspending(() => Promise.resolve()));
    return linker;
  }
  return undefined;
}

function define(to: Pick<Linker, "func" | "resource"> | LinkerInstance, items: readonly ExternItem[]): void {
  for (const { name, type } of items) {
    if (type.kind === "type" && type.type.kind === "resource") to.resource(name, HostObject);
    if (type.kind === "func") to.func(name, HostFunc.dynamic((_, func) => (...args) => answer(func, args)));
  }
}

/** The first argument of the result's kind, or a small value. */
function answer({ params, result }: FuncType, args: readonly unknown[]): unknown {
  if (result === undefined) return undefined;
  const same = params.findIndex(({ type }) => type.kind === result.kind);
  const value = same < 0 ? simpleValue(result, 1) : args[same];
  if (result.kind !== "result") return value;
  const { tag, val } = value as { tag: string; val: unknown };
  return tag === "ok" ? ok(val) : err(val);
}
