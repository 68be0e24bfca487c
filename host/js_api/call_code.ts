// Calls of the draft JS API as generated JavaScript, where the engine permits it: each conversion has
// a call site of its own, which engines can inline.
// The parts of a call enter, a function leaves that does what the closures in `component_functions.ts`
// and `function_imports.ts` do. Asynchronous functions, and those that lend resources, are theirs.

import type { HostCall } from "../../abi/calls/call_link.ts";
import type { GuestCall } from "../../abi/calls/from_host.ts";
import { ownFunction } from "../../abi/codegen/function_pool.ts";
import type { Invoke } from "./component_functions.ts";
import type { Crossing, ToComponent, ToJs } from "./crossing.ts";
import { apply, construct } from "./intrinsics.ts";

/** Functions of more parameters are left to closures: generated text has a bound. */
export const MAX_PARAMS = 32;

/** The parts of a call of a component. */
interface Invocation {
  /** Whether the first parameter is the receiver. */
  readonly isMethod: boolean;
  readonly convert: readonly ToComponent[];
  readonly call: GuestCall;
  readonly crossing: Crossing;
  refuseCount(found: number): never;
  /** The error of a parameter, with its place. */
  failed(error: unknown, k: number): unknown;
  /** The error of the call. */
  trapped(error: unknown): unknown;
  /** Makes the result. `undefined` if it is what the component returned. */
  readonly completed: ((value: unknown, crossing: Crossing) => unknown) | undefined;
}

/** Makes `invoke a component function`. */
export function invokeCode(given: Invocation): Invoke {
  const { isMethod, convert, completed } = given, offset = isMethod ? 1 : 0, wanted = convert.length - offset;
  const values = convert.map((_, k) => `v${k}`);
  const steps = convert.map((_, k) =>
    k < offset ? "" : `    v${k} = c${k}(args[${k - offset}], crossing); k = ${k + 1};`
  );
  const body = `const { call, crossing, refuseCount, failed, trapped, completed } = given;
${values.map((_, k) => `const c${k} = given.convert[${k}];`).join(" ")}
return (receiver, args) => {
  let ${["k = 0", ...values].join(", ")};
  try {
${isMethod ? "    v0 = c0(receiver, crossing); k = 1;" : ""}
    if (args.length < ${wanted}) refuseCount(args.length);
${steps.join("\n")}
  } catch (error) {
    throw failed(error, k);
  }
  let value;
  try {
    value = call(${values.join(", ")});
  } catch (error) {
    throw trapped(error);
  }
  return ${completed === undefined ? "value" : "completed(value, crossing)"};
};`;
  return ownFunction(["given"], body)(given) as Invoke;
}

/** The parts of a call of a host function. */
interface HostInvocation {
  readonly kind: "label" | "constructor" | "method" | "static";
  readonly callable: unknown;
  readonly receiver: unknown;
  readonly convert: readonly (ToJs | undefined)[];
  readonly crossing: Crossing;
  /** Makes the component's result. `undefined` if there is none. */
  readonly returned: ((value: unknown, crossing: Crossing) => unknown) | undefined;
  /** Makes the component's error, or traps. */
  threw(error: unknown, crossing: Crossing): unknown;
}

/** Makes the body of a component host function. */
export function hostCallCode(given: HostInvocation): HostCall {
  const { kind, convert, returned } = given;
  const values = convert.map((toJs, k) => toJs === undefined ? `p${k}` : `v${k}`);
  const steps = convert.map((toJs, k) => toJs === undefined ? "" : `  const v${k} = c${k}(p${k}, crossing);`);
  const call = {
    label: `callable(${values.join(", ")})`,
    static: `apply(callable, receiver, [${values.join(", ")}])`,
    method: `apply(callable, ${values[0]}, [${values.slice(1).join(", ")}])`,
    constructor: `construct(callable, [${values.join(", ")}])`,
  }[kind];
  const body = `const { callable, receiver, crossing, returned, threw } = given;
${convert.map((toJs, k) => toJs === undefined ? "" : `const c${k} = given.convert[${k}];`).join(" ")}
return (${convert.map((_, k) => `p${k}`).join(", ")}) => {
${steps.filter((step) => step !== "").join("\n")}
  let value;
  try {
    value = ${call};
  } catch (error) {
    return threw(error, crossing);
  }
  return ${returned === undefined ? "undefined" : "returned(value, crossing)"};
};`;
  return ownFunction(["given", "apply", "construct"], body)(given, apply, construct) as HostCall;
}
