// One linked function: its call plan, and the caller and callee at its ends. Both tiers make a
// function from it.
// This file also says, for both tiers, what happens after an exception in a step.

import type { CoreFunction } from "../types/core_values.ts";
import { completeMessage, Trap } from "../../errors.ts";
import type { CanonContext } from "../state/canon_context.ts";
import type { CallPlan, Step } from "./call_plan.ts";
import { failurePlace } from "./call_plan.ts";
import type { Frame } from "../codecs/codec.ts";
import { leaveAll } from "../state/entering.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { asTrap, surface, uncatchable } from "../state/trap.ts";

/** A host function with its values in JS. */
export type HostCall = (...args: unknown[]) => unknown;

/** The guest that is called. */
export interface Callee {
  readonly cx: CanonContext;
  readonly core: CoreFunction;
  readonly postReturn: ((...results: unknown[]) => void) | undefined;
  /** `entering_set`, innermost first. */
  readonly entering: readonly ComponentInstance[];
  /**
   * Whether the caller may call this guest at all. It may not call itself, an instance nested in
   * it, or one around it.
   */
  readonly allowed: boolean;
  /** The value of {@linkcode ComponentInstance.entered} during the call. */
  readonly number: number;
}

/**
 * One linked function. `caller`, `callee` and `host` are `undefined` if the plan has no steps for
 * them.
 */
export interface CallLink {
  readonly plan: CallPlan;
  readonly caller: CanonContext | undefined;
  readonly callee: Callee | undefined;
  readonly host: HostCall | undefined;
  /** `import ns:pkg/iface#f` or `export ns:pkg/iface#f`. */
  readonly path: string;
  /** Whether an `err` becomes an exception for a host that calls. Otherwise it becomes a Result. */
  readonly throws: boolean;
  /** Reads the value while it still lies in the guest's memory, and gives another one for it. */
  readonly read?: ((value: unknown) => unknown) | undefined;
}

/** The state of a call that fails: how far it came, and what it owes. */
export interface Failing {
  readonly link: CallLink;
  /** Index of the parameter that is being converted. */
  readonly param: number;
  readonly callerFrame: Frame;
  readonly calleeFrame: Frame;
}

/** Gives the error to throw after an exception in a step. */
export function failed(call: Failing, step: Step, error: unknown): unknown {
  const { link } = call;
  if (link.caller === undefined) return failedFromHost(call, step, error);
  return link.callee === undefined ? failedToHost(call, step, error) : failedBetweenGuests(call, step, error);
}

/** A fault of the host leaves the instance usable. A trap locks it down. */
function failedFromHost({ link, param, calleeFrame }: Failing, step: Step, error: unknown): unknown {
  const { plan, path } = link, { cx, entering } = link.callee!, { tree } = cx.inst;
  // Nothing was entered yet, or everything was left already.
  if (step === "enter-from-host" || step === "give-result") return error;
  const { verb, item } = failurePlace(step, param, plan.lift!.places);
  if (verb !== "call") completeMessage(error, verb, item, path);
  if (step === "lower-params" && !tree.lockedDown) {
    calleeFrame?.undo();
    leaveAll(entering);
    return error;
  }
  calleeFrame?.end();
  return surface(tree, error, "call", path);
}

/** An exception of the host stays the same object. No guest can catch what is thrown here. */
function failedToHost({ link, param, callerFrame }: Failing, step: Step, error: unknown): unknown {
  callerFrame?.end();
  const { verb, item } = failurePlace(step, param, link.plan.lower!.places);
  // A trap of the host's interface has no place yet. Other errors already carry their place.
  if (step !== "call-host" || error instanceof Trap) completeMessage(error, verb, item, link.path);
  return uncatchable(link.caller!.inst.tree, error);
}

function failedBetweenGuests({ link, param }: Failing, step: Step, error: unknown): unknown {
  const { verb, item } = failurePlace(step, param, link.plan.lift!.places), { tree } = link.callee!.cx.inst;
  return uncatchable(tree, completeMessage(asTrap(error), verb, item, link.path));
}
