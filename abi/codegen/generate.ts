// Makes the function of a linked call from a trampoline's text, or from the function that the text was
// written as ahead of time.
// Linked functions enter, functions leave. The text is printed once per signature (trampolines.ts),
// or not at all, and compiled per instance (function_pool.ts).
// This file knows what a text depends on, and not how it is printed: who has all texts ahead of time
// loads no printer.

import type { CoreFunction } from "../types/core_values.ts";
import { within } from "../../errors.ts";
import type { CallFrame } from "../state/call_frame.ts";
import { type CallLink, failed } from "../calls/call_link.ts";
import type { CallPlan, Step } from "../calls/call_plan.ts";
import type { CodecSource } from "../codecs/codec.ts";
import { isHostResource, isOwnBorrow } from "./handles.ts";
import { ownCopy, ownFunction } from "./function_pool.ts";
import { helpers } from "./helpers.ts";
import { readied } from "./readied.ts";
import { thrownValue } from "../codecs/results.ts";
import type { Signature } from "../codecs/signature.ts";
import { type Numbers, withNumbers } from "../wasm/wide_core.ts";
import { containsAsyncValue, containsHandle, type FuncType, type OfKind, type ValType } from "../types/types.ts";

/** Functions with more parameters than this stay in the closure tier. */
const MAX_PARAMETERS = 40;

/** Makes a trampoline for one instance. */
type Maker = (...instance: unknown[]) => CoreFunction;

/** A maker's source as a function of the library's helpers and of the maker's constants. */
export type WrittenMaker = (helpers: unknown, constants: unknown) => unknown;

/** The text of a maker, and the constants that it refers to as `k0`, `k1`, …. */
export interface WrittenTrampoline {
  /** The body of a function of `H` and `K`, or copies of the function itself. */
  readonly body: string | readonly WrittenMaker[];
  /** Which core values are numbers. `undefined` if it takes the core function as it is. */
  readonly numbers: Numbers | undefined;
  readonly constants: readonly unknown[];
}

/** Prints a trampoline. `undefined` if the text would be too large. */
export type Printer = (plan: CallPlan, facts: Facts, codecs: CodecSource) => WrittenTrampoline | undefined;

/** Where the functions of a component come from, if not from closures. */
export interface Codegen {
  /** Prints trampolines. `undefined` if those that there are were written ahead of time. */
  readonly print: Printer | undefined;
  /** Whether the engine may be given text, so that each instance has code of its own. */
  readonly evaluates: boolean;
  /** The entries of imports, in portions, as they were written ahead of time. */
  readonly entries: readonly (readonly (() => unknown)[])[] | undefined;
}

/**
 * The texts of each signature, by the facts that they depend on. `undefined` if the text would be
 * too large.
 */
const written = new WeakMap<Signature, Map<string, WrittenTrampoline | undefined>>();

/** Whether trampolines of a function type can be generated at all. */
export function isCovered(type: FuncType): boolean {
  const types = [...type.params.map((param) => param.type), ...(type.result === undefined ? [] : [type.result])];
  return type.params.length <= MAX_PARAMETERS && !type.async && !types.some(containsAsyncValue);
}

/**
 * Whether the values of an asynchronous function can be passed by generated code. Handles cannot:
 * what a call owes for them outlives the code.
 */
export function isPassed({ params, result }: FuncType): boolean {
  const fits = (type: ValType): boolean => !containsAsyncValue(type) && !containsHandle(type);
  return params.length <= MAX_PARAMETERS && params.every(({ type }) => fits(type)) &&
    (result === undefined || fits(result));
}

/** How an export is called. */
export interface ExportStyle {
  /** Whether an `err` is thrown. Otherwise a top-level `result` is given as a Result. */
  readonly throws: boolean;
  /** Whether `this` is passed as the first argument. */
  readonly method: boolean;
}

/** The facts that a trampoline's text depends on, besides its signature. */
export interface Facts extends ExportStyle {
  /** Whether exactly one instance is entered. */
  readonly single: boolean;
  /** For each parameter: whether it is a borrow that needs no note in a frame. */
  readonly borrows: readonly boolean[];
  /** Whether the result is an object of the host that becomes a handle. */
  readonly own: boolean;
}

/** What the facts of a call are found from. */
export interface FactSource extends ExportStyle {
  readonly plan: CallPlan;
  /** How many instances are entered. */
  readonly entered: number;
  /** Whether a borrow is of a resource that the called instance defines (`isOwnBorrow`). */
  isOwn(type: OfKind<"borrow">): boolean;
  /** Whether the host provides a resource (`isHostResource`). */
  isHost(type: OfKind<"own" | "borrow">): boolean;
}

/** Finds the facts of a call. */
export function factsOf({ plan, throws, method, entered, isOwn, isHost }: FactSource): Facts {
  const { type: { params, result }, layout: { paramsDirect } } = (plan.lift ?? plan.lower)!;
  const toHost = plan.lift === undefined, lentDirectly = toHost ? isHost : isOwn;
  return {
    throws,
    method,
    single: entered === 1,
    borrows: params.map(({ type }) => paramsDirect && type.kind === "borrow" && lentDirectly(type)),
    own: toHost && result?.kind === "own" && isHost(result),
  };
}

/** Names the text of a call among those of its signature. */
export function textKey({ steps }: CallPlan, facts: Facts): string {
  return `${steps} ${Object.values(facts)}`;
}

/** The text of a call; `undefined` if there is none. */
function textOf(plan: CallPlan, facts: Facts, codecs: CodecSource, print: Printer | undefined) {
  const signature = (plan.lift ?? plan.lower)!, key = textKey(plan, facts);
  let texts = written.get(signature);
  if (texts === undefined) written.set(signature, texts = new Map());
  let text = texts.get(key);
  if (text !== undefined || texts.has(key)) return text;
  text = readied(signature, key, codecs) ?? print?.(plan, facts, codecs);
  texts.set(key, text);
  return text;
}

/**
 * Makes the function for a call between host and guest. `undefined` if the closure tier must serve
 * it.
 */
export function generate(
  link: CallLink,
  method: boolean,
  codecs: CodecSource,
  { print, evaluates }: Codegen,
  covers: (type: FuncType) => boolean = isCovered,
): CoreFunction | undefined {
  const { plan, callee, caller, throws } = link, signature = (plan.lift ?? plan.lower)!;
  if (!covers(signature.type)) return undefined;
  const cx = (callee?.cx ?? caller)!, { result } = signature.type;
  const facts = factsOf({
    plan,
    throws,
    method,
    entered: callee?.entering.length ?? 0,
    isOwn: (type) => isOwnBorrow(type, cx),
    isHost: (type) => isHostResource(type, cx),
  });
  const text = textOf(plan, facts, codecs, print);
  if (text === undefined) return undefined;
  const { body, numbers, constants } = text;
  const core = callee && numbers && withNumbers(callee.core, signature.layout.core, numbers);
  if (numbers !== undefined && core === undefined) return undefined;
  const own = typeof body === "string" ? ownFunction(["H", "K"], body) : ownCopy(body, evaluates);
  const maker = own(helpers, constants) as Maker;
  return maker(
    cx,
    link,
    core === undefined ? callee ?? {} : { ...callee, core },
    (place: Place | undefined, error: unknown, frame?: CallFrame): unknown => {
      if (place !== undefined && place.item !== "") within(error, place.item);
      const { step, param } = place ?? { step: callee === undefined ? "call-host" : "call-guest", param: 0 } as const;
      return failed({ link, param, callerFrame: frame, calleeFrame: frame }, step, error);
    },
    (error: unknown) => thrownValue(result, error),
  );
}

/** The origin of an exception, found from the trampoline's variable `at`. */
export interface Place {
  readonly step: Step;
  readonly param: number;
  readonly item: string;
}
