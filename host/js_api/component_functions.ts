// `invoke a component function`, and the JavaScript functions that do so.
// An exported function and its type enter, a function leaves that converts its arguments and its
// result, and throws the error of a `result`.
// Draft: JS-Reference.md `create a JS function for a component function`, `invoke a component function`,
// `create a component error`.

import type { GuestCall } from "../../abi/calls/from_host.ts";
import { tiers } from "../../abi/codegen/tiers.ts";
import { containsBorrow, type FuncType } from "../../abi/types/types.ts";
import type { PlainName } from "../../core/binary/names.ts";
import { invokeCode, MAX_PARAMS } from "./call_code.ts";
import { createComponentError } from "./component_error.ts";
import { type Crossing, release, type ResourceConversion, type TypeConversions } from "./crossing.ts";
import { apply, defineProperty } from "./intrinsics.ts";
import { conversionError, platformError } from "./platform_errors.ts";

/** An exported function. */
export interface ComponentFunction {
  readonly type: FuncType;
  /** The tag of its name. */
  readonly kind: PlainName["kind"];
  /** `export …`, for messages. */
  readonly path: string;
  /** Makes the function that takes and gives the library's own values. */
  make(): GuestCall;
  readonly conversions: TypeConversions;
  readonly resources: readonly (ResourceConversion | undefined)[];
}

/** Takes a receiver and arguments. `finish` makes the result from what the component returned. */
export type Invoke = (receiver: unknown, args: readonly unknown[]) => unknown;

/** What a component returned, and the crossing that it was returned in. */
type Finish = (value: unknown, crossing: Crossing) => unknown;

/**
 * `invoke a component function`. Conversions are made when the function is first called.
 *
 * @param finish Makes the result of what the component returned, once the error of a `result` was
 * thrown.
 */
export function invoker(func: ComponentFunction, finish?: Finish): Invoke {
  let invoke: Invoke | undefined, call: GuestCall, left = tiers.warmCalls;
  return (receiver, args) => {
    // Code is generated when it begins to pay: most functions of most components are called rarely.
    if (left === 0 || invoke === undefined) invoke = preparedInvoke(func, call ??= func.make(), left === 0, finish);
    if (left >= 0) left--;
    return invoke(receiver, args);
  };
}

function preparedInvoke(
  { type, kind, path, conversions, resources }: ComponentFunction,
  call: GuestCall,
  isWarm: boolean,
  finish?: Finish,
): Invoke {
  const { params, result, async } = type;
  const convert = params.map((param) => conversions.toComponent(param.type));
  const offset = kind === "method" ? 1 : 0, count = params.length, wanted = count - offset;
  const lends = params.some((param) => containsBorrow(param.type)), lendless: Crossing = { resources, lent: [] };
  const throwing = result?.kind === "result", errorType = throwing ? result.err : undefined;
  const okType = throwing ? result.ok : result, toJs = okType && conversions.toJs(okType);
  const finished: Finish = finish ?? (toJs === undefined ? (value) => value : toJs);

  const completed = (value: unknown, crossing: Crossing): unknown => {
    if (!throwing) return finished(value, crossing);
    const { tag, val } = value as { tag: "ok" | "err"; val: unknown };
    if (tag === "ok") return okType === undefined ? undefined : finished(val, crossing);
    const toJs = errorType && conversions.toJs(errorType);
    throw createComponentError(toJs === undefined ? val : toJs(val, crossing));
  };
  const refuseCount = (found: number): never => {
    throw new TypeError(`Cannot call ${path}: expected ${wanted} arguments, found ${found}`);
  };
  const later = async (promise: Promise<unknown>, crossing: Crossing): Promise<unknown> => {
    try {
      return completed(
        await promise.catch((error) => {
          throw platformError(error);
        }),
        crossing,
      );
    } finally {
      release(crossing);
    }
  };

  const failed = (error: unknown, k: number): unknown =>
    conversionError(error, `param ${k + 1} \`${params[k]?.name}\``, path);
  if (isWarm && conversions.generates && !async && !lends && count <= MAX_PARAMS) {
    const isSame = !throwing && finish === undefined && toJs === undefined;
    return invokeCode({
      isMethod: offset === 1,
      convert,
      call,
      crossing: lendless,
      refuseCount,
      failed,
      trapped: platformError,
      completed: isSame ? undefined : completed,
    });
  }

  const invoke: Invoke = (receiver, args) => {
    const crossing = lends ? { resources, lent: [] } : lendless;
    let waits = false;
    try {
      const values = new Array<unknown>(count);
      let k = 0;
      try {
        if (offset === 1) values[k] = convert[0]!(receiver, crossing);
        k = offset;
        if (args.length < wanted) refuseCount(args.length);
        for (; k < count; k++) values[k] = convert[k]!(args[k - offset], crossing);
      } catch (error) {
        throw failed(error, k);
      }
      let value: unknown;
      try {
        value = apply(call, undefined, values);
      } catch (error) {
        throw platformError(error);
      }
      waits = async;
      return waits ? later(value as Promise<unknown>, crossing) : completed(value, crossing);
    } finally {
      if (!waits) release(crossing);
    }
  };
  if (!async) return invoke;
  // As in the library's own API, an asynchronous function rejects and never throws.
  return (receiver, args) => {
    try {
      return invoke(receiver, args);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

/** `create a JS function for a component function`. */
export function componentFunction(func: ComponentFunction, name: string): (...args: unknown[]) => unknown {
  const invoke = invoker(func), length = func.type.params.length - (func.kind === "method" ? 1 : 0);
  // A method, which no `new` constructs.
  const { made } = {
    made(this: unknown, ...args: unknown[]): unknown {
      return invoke(this, args);
    },
  };
  defineProperty(made, "length", { value: length });
  return defineProperty(made, "name", { value: name });
}
