// Host functions. A typed one carries its type, which is checked when linking. A dynamic one is
// made from the type of the import.
// Both become a plain call for each import.

import { describe } from "../errors.ts";
import { bindSignal } from "../abi/concurrency/signals.ts";
import type { FuncType } from "../abi/types/types.ts";
import { checkKnown, type Known } from "../core/binary/known_names.ts";
import type { Caller, FuncSchema, HostFuncOptions, HostImpl } from "./schema.ts";

/**
 * A plain host function. It takes `any`, so that its parameters need no annotation: the component
 * says their types.
 */
// deno-lint-ignore no-explicit-any
export type HostFunction = (...args: any[]) => unknown;

/** A function declared to suspend its caller. */
export type Suspending<F extends HostFunction = HostFunction> = F & { readonly "~suspending": true };
/**
 * A suspending function as an imports object takes it. The guest waits for the promise, so that
 * TypeScript accepts the function wherever the awaited value is expected.
 */
export type SuspendingFunction<A extends readonly unknown[], R> =
  & Suspending<(...args: A) => R>
  & ((...args: A) => Awaited<R>);

/** Makes the call for one import of one instance. */
export type MakeCall = (name: string, type: FuncType, caller: Caller) => HostFunction;

let makeCallOf: (func: HostFunc<never>) => MakeCall;
let takesCallerOf: (func: HostFunc<never>) => boolean;
let create: (type: FuncSchema | undefined, suspends: boolean, caller: boolean, make: MakeCall) => HostFunc;

/**
 * A host function that is more than a plain one: typed by us, or made from the component's type.
 *
 * `Data` is what its `caller.data` must be.
 *
 * @example
 * ```ts
 * import { HostFunc, t } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * const length = HostFunc.typed(t.func([t.string], t.u32), (text) => text.length);
 * assertEquals(length.suspends, false);
 * ```
 */
export class HostFunc<in Data = unknown> {
  /** Its type. `undefined` if the function is dynamic. */
  readonly type: FuncSchema | undefined;
  /** Whether it may return a promise where a value is due. */
  readonly suspends: boolean;
  /** Never set. It carries `Data` for TypeScript. */
  declare readonly "~data"?: (data: Data) => void;
  readonly #make: MakeCall;
  readonly #caller: boolean;

  private constructor(type: FuncSchema | undefined, suspends: boolean, caller: boolean, make: MakeCall) {
    this.type = type;
    this.suspends = suspends;
    this.#caller = caller;
    this.#make = make;
  }

  static {
    makeCallOf = (func) => func.#make;
    takesCallerOf = (func) => func.#caller;
    create = (type, suspends, caller, make) => new HostFunc(type, suspends, caller, make);
  }

  /**
   * A function whose types are known: inferred by TypeScript, checked against the component's when
   * linking.
   *
   * @param type Made by `t.func`.
   * @param impl The function; with `{ caller: true }` it is told the instance's data first.
   * @param options See {@linkcode HostFuncOptions}.
   */
  static typed<
    const F extends FuncSchema,
    const O extends HostFuncOptions = Record<never, never>,
    Data = unknown,
  >(type: F, impl: HostImpl<F, O, Data>, options?: O): HostFunc<Data> {
    const func = impl as HostFunction;
    checkKnown("option of HostFunc.typed", options, TYPED_OPTIONS);
    if (!Array.isArray(type?.params)) throw new TypeError("HostFunc.typed takes a type made by t.func");
    if (typeof func !== "function") throw new TypeError(`HostFunc.typed takes a function, found ${describe(func)}`);
    return create(
      type,
      options?.suspends ?? isSuspending(func),
      options?.caller === true,
      options?.caller === true ? (_, __, caller) => (...args) => func(caller, ...args) : () => func,
    ) as HostFunc<Data>;
  }

  /**
   * A function whose types are the component's: `make` is called once per import when linking, and
   * gives the function.
   *
   * @param make Takes the import's name (`ns:pkg/iface@1.0.0#f`) and type.
   * @param options See {@linkcode HostFuncOptions}.
   */
  static dynamic(make: (name: string, type: FuncType) => HostFunction, options?: { suspends?: boolean }): HostFunc {
    checkKnown("option of HostFunc.dynamic", options, DYNAMIC_OPTIONS);
    if (typeof make !== "function") throw new TypeError(`HostFunc.dynamic takes a function, found ${describe(make)}`);
    return create(undefined, options?.suspends ?? false, false, make);
  }
}

const TYPED_OPTIONS: Known<HostFuncOptions> = { suspends: true, caller: true };
const DYNAMIC_OPTIONS: Known<{ suspends?: boolean }> = { suspends: true };

/**
 * Makes a function that takes its caller first, and its types from the component. Used for
 * interfaces whose types are all known to fit.
 */
export function callerFunc<Data>(func: (caller: Caller<Data>, ...args: never[]) => unknown): HostFunc<Data> {
  const told = func as (caller: unknown, ...args: unknown[]) => unknown;
  return create(undefined, false, true, (_, __, caller) => (...args) => told(caller, ...args)) as HostFunc<Data>;
}

/** Whether a host function takes its caller, and must therefore be made for each instance. */
export function takesCaller(func: HostFunc<never>): boolean {
  return takesCallerOf(func);
}

/** Gives the function that makes the calls of a host function. */
export function makeCall(func: HostFunc<never>): MakeCall {
  return makeCallOf(func);
}

const suspendingFunctions = new WeakSet<HostFunction>();

/**
 * Declares that a function may return a promise: a synchronous guest is then suspended (JSPI).
 *
 * Its export is then called through `instance.promising`. Linking it where the engine has no JSPI
 * is a LinkError.
 *
 * @example
 * ```ts
 * import { suspending } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * const sleep = suspending((ms: number) => new Promise((done) => setTimeout(done, ms)));
 * assertEquals(typeof sleep, "function");
 * ```
 */
// deno-lint-ignore no-explicit-any
export function suspending<A extends any[], R>(func: (...args: A) => R): SuspendingFunction<A, R> {
  if (typeof func !== "function") throw new TypeError(`suspending takes a function, found ${describe(func)}`);
  const declared = function (this: unknown, ...args: A): R {
    return func.apply(this, args);
  };
  suspendingFunctions.add(declared);
  return declared as SuspendingFunction<A, R>;
}

/**
 * Gives a function that calls an asynchronous export with a signal. When the signal aborts, the
 * promise rejects with its reason at once, and the guest is asked to cancel its work.
 *
 * @param signal The signal.
 * @param func An export that gives a promise: of an `async` function, or of `instance.promising`.
 * @returns A function with the same parameters and result.
 * @throws TypeError if the function is no such export.
 *
 * @example
 * ```ts
 * import { withSignal } from "@windlass/component";
 * import { assertThrows } from "@std/assert";
 *
 * // await withSignal(AbortSignal.timeout(1000), instance.exports.fetchPage)(url)
 * assertThrows(() => withSignal(AbortSignal.timeout(1), async () => {}), TypeError);
 * ```
 */
// deno-lint-ignore no-explicit-any
export function withSignal<F extends (...args: any[]) => Promise<unknown>>(signal: AbortSignal, func: F): F {
  if (!(signal instanceof AbortSignal)) {
    throw new TypeError(`withSignal takes an AbortSignal, found ${describe(signal)}`);
  }
  const bound = typeof func === "function" ? bindSignal(signal, func) : undefined;
  if (bound === undefined) {
    throw new TypeError("withSignal takes a function of `exports` that is async, or one of `promising.exports`");
  }
  return bound as F;
}

const plainForms = new WeakMap<HostFunction, HostFunction>();

/**
 * Makes a suspending function with a plain form. The plain form is called if nothing can be
 * suspended (in a plain call, or without JSPI), so that a result which needs no waiting is
 * available in every call.
 */
// deno-lint-ignore no-explicit-any
export function suspendingOr<A extends any[], R>(
  func: (...args: A) => R,
  plain: (...args: A) => unknown,
): Suspending<(...args: A) => R> {
  const declared = suspending(func);
  plainForms.set(declared, plain);
  return declared;
}

/** Gives the plain form of a suspending function, if it has one. */
export function plainFormOf(func: unknown): HostFunction | undefined {
  return typeof func === "function" ? plainForms.get(func as HostFunction) : undefined;
}

const viewParams = new WeakMap<HostFunction, readonly number[]>();

/**
 * Declares that a function takes some of its parameters, which are lists of numbers, as views of
 * the guest's memory. It must copy what it needs after it has returned, also if it suspends.
 *
 * @param positions The parameters by index. That of a method's object is 0.
 */
export function takingViews<F extends HostFunction>(func: F, ...positions: readonly number[]): F {
  viewParams.set(func, positions);
  return func;
}

/** Gives the parameters that a function takes as views. */
export function viewsOf(func: unknown): readonly number[] {
  return typeof func === "function" ? viewParams.get(func as HostFunction) ?? [] : [];
}

/** Whether a function was declared suspending. */
export function isSuspending(func: unknown): boolean {
  return typeof func === "function" && suspendingFunctions.has(func as HostFunction);
}
