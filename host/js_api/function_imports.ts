// `read the function import`: a function of JavaScript as a guest calls it. Values are converted both
// ways, and what is thrown becomes the error of a `result`, or a trap.
// A callable and a function type enter, what an instance takes for an import leaves.
// Draft: JS-Reference.md `read the function import`.

import type { HostCall } from "../../abi/calls/call_link.ts";
import { err, isThenable, ok } from "../../abi/codecs/results.ts";
import { tiers } from "../../abi/codegen/tiers.ts";
import { trapBecause } from "../../abi/state/trap.ts";
import { containsBorrow, type FuncType } from "../../abi/types/types.ts";
import type { PlainName } from "../../core/binary/names.ts";
import type { MakeHostImport } from "../../core/run/running_core.ts";
import { hostCallCode, MAX_PARAMS } from "./call_code.ts";
import { type Crossing, release, type ResourceConversion, type ToComponent, type TypeConversions } from "./crossing.ts";
import { apply, construct } from "./intrinsics.ts";
import { conversionError } from "./platform_errors.ts";
import { refuse } from "./refuse.ts";

/** What a function import is made from. */
export interface FunctionImport {
  readonly type: FuncType;
  /** The tag of its name. */
  readonly kind: PlainName["kind"];
  readonly value: unknown;
  /** `[[ImportValue]]` of the resource that the tag names: the receiver of a static function. */
  readonly constructorValue: object | undefined;
  /** The import in messages. */
  readonly display: string;
  readonly conversions: TypeConversions;
  readonly resources: readonly (ResourceConversion | undefined)[];
}

/** All but the first, whatever `Array.prototype` has become. */
function rest(values: readonly unknown[]): unknown[] {
  const made = new Array<unknown>(values.length - 1);
  for (let i = 0; i < made.length; i++) made[i] = values[i + 1];
  return made;
}

/** `read the function import`. */
export function readFunction(given: FunctionImport): MakeHostImport {
  if (typeof given.value !== "function") refuse("a function", given.value);
  return () => ({ kind: "func", call: callOf(given) });
}

/** Makes the body of the component host function. Conversions are made when it is first called. */
function callOf(given: FunctionImport): HostCall {
  let call: HostCall | undefined, left = tiers.warmCalls;
  return (...values) => {
    if (left === 0 || call === undefined) call = preparedCall(given, left === 0);
    if (left >= 0) left--;
    return apply(call, undefined, values);
  };
}

function preparedCall(given: FunctionImport, isWarm: boolean): HostCall {
  const { type: { params, result, async }, kind, conversions, resources, display } = given;
  const callable = given.value as (...args: unknown[]) => unknown, path = `import ${display}`;
  const convert = params.map(({ type }) => conversions.toJs(type)), count = params.length;
  const lends = params.some(({ type }) => containsBorrow(type)), lendless: Crossing = { resources, lent: [] };
  const throwing = result?.kind === "result";
  const okType = throwing ? result.ok : result, errorType = throwing ? result.err : undefined;
  const toOk = okType && conversions.toComponent(okType);
  const toError = errorType && conversions.toComponent(errorType);
  const isMethod = kind === "method", receiver = kind === "static" ? given.constructorValue : undefined;

  const converted = (
    value: unknown,
    convert: ToComponent | undefined,
    crossing: Crossing,
    verb: string,
    item: string,
  ): unknown => {
    if (convert === undefined) return undefined;
    try {
      return convert(value, crossing);
    } catch (error) {
      return trapBecause(path, conversionError(error, item, path), "host-value", verb);
    }
  };
  const returned = (value: unknown, crossing: Crossing): unknown => {
    const made = converted(value, toOk, crossing, "returned", "result");
    return throwing ? ok(made) : made;
  };
  const threw = (value: unknown, crossing: Crossing): unknown => {
    if (!throwing) trapBecause(path, value, "host-threw");
    return err(converted(value, toError, crossing, "threw", "result.error"));
  };
  if (isWarm && conversions.generates && !async && !lends && count <= MAX_PARAMS) {
    const result = okType === undefined && !throwing ? undefined : returned;
    return hostCallCode({ kind, callable, receiver, convert, crossing: lendless, returned: result, threw });
  }
  const perform = (values: unknown[]): unknown =>
    kind === "constructor"
      ? construct(callable, values)
      : isMethod
      ? apply(callable, values[0], rest(values))
      : apply(callable, receiver, values);

  /** The end of a call whose function gave a promise, as one of an asynchronous type may. */
  const later = (promise: PromiseLike<unknown>, crossing: Crossing): Promise<unknown> =>
    Promise.resolve(promise).then(
      (value) => returned(value, crossing),
      (error) => threw(error, crossing),
    ).finally(() => release(crossing));

  return (...values: unknown[]) => {
    const crossing = lends ? { resources, lent: [] } : lendless;
    let waits = false;
    try {
      for (let i = 0; i < count; i++) {
        const toJs = convert[i];
        if (toJs !== undefined) values[i] = toJs(values[i], crossing);
      }
      let value: unknown;
      try {
        value = perform(values);
        waits = async && isThenable(value);
      } catch (error) {
        return threw(error, crossing);
      }
      return waits ? later(value as PromiseLike<unknown>, crossing) : returned(value, crossing);
    } finally {
      if (!waits) release(crossing);
    }
  };
}
