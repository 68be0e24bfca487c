// `canon lower` of a host function: makes the core function that a guest imports.
// Signatures and host functions enter, core functions leave. No guest can catch what they throw
// (call_link.ts).
// Spec: CanonicalABI.md `canon lower`.

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import type { CallLink, HostCall } from "./call_link.ts";
import { planToHost } from "./call_plan.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { Performance } from "./perform.ts";
import { isTypedArray } from "../codecs/typed_arrays.ts";
import { isThenable } from "../codecs/results.ts";
import type { Signature } from "../codecs/signature.ts";
import { type Suspension, wait } from "../state/suspend.ts";
import { trapAt, unwinding } from "../state/trap.ts";

/** The parts of a lowered host function. */
export interface Lowered {
  readonly signature: Signature;
  readonly call: HostCall;
  readonly cx: CanonContext;
  /** `import ns:pkg/iface#f`. */
  readonly path: string;
}

/** Links a host function to a guest. */
export function linkImport({ signature, call, cx, path }: Lowered): CallLink {
  return { plan: planToHost(signature), caller: cx, callee: undefined, host: call, path, throws: false };
}

/**
 * Makes a function return a copy where it would return a view that it was given: the memory may
 * grow before the value is stored, and the view would be empty then.
 */
export function returningCopies(call: HostCall, cx: CanonContext): HostCall {
  return (...args) => {
    const value = call(...args);
    const isOwn = isTypedArray(value) && (value as Uint8Array).buffer === cx.memory.buffer;
    return isOwn ? (value as Uint8Array).slice() : value;
  };
}

/** Makes the core function. */
export function lowerHost(link: CallLink): CoreFunction {
  const performance = new Performance(link);
  return (...flat: CoreValue[]) => performance.run(flat);
}

/**
 * Makes the core function of a host function that may return a promise. It is called only if the
 * guest can be suspended. The instance stays entered while the guest waits.
 */
export function lowerSuspending(link: CallLink): CoreFunction {
  const performance = new Performance(link), { tree } = link.caller!.inst;
  return (...flat: CoreValue[]) => {
    const call = performance.begin(flat);
    performance.call(call);
    if (!isThenable(call.returned)) return performance.end(call, call.returned);
    return wait(tree, call.returned as PromiseLike<unknown>, {
      fulfilled: (value) => performance.end(call, value) as CoreValue | undefined,
      rejected: (error) => performance.endThrown(call, error) as CoreValue | undefined,
      ended: () => {
        call.callerFrame?.end();
        return unwinding(tree);
      },
    });
  };
}

/**
 * Makes the core function that stands for a suspending host function if nothing can be suspended.
 */
export function refuseSuspending(cx: CanonContext, suspension: Suspension, path: string): CoreFunction {
  const { inst } = cx;
  return () => {
    if (!inst.mayLeave) trapAt(inst.tree, path, "cannot-leave");
    trapAt(inst.tree, path, "cannot-suspend", suspension.pinned);
  };
}
