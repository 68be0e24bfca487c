// What linking knows of one function that is called across a boundary: its plan, and what stands at either end. Both tiers make a
// function from it, and what an exception at a step means is said here for both.

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

/** A guest that is called. */
export interface Callee {
  readonly cx: CanonContext;
  readonly core: CoreFunction;
  readonly postReturn: ((...results: unknown[]) => void) | undefined;
  /** `entering_set`, innermost first. */
  readonly entering: readonly ComponentInstance[];
  /** Whether the caller may call it at all: it is neither the caller, nor within or around it. */
  readonly allowed: boolean;
  /** What {@linkcode ComponentInstance.entered} is meanwhile. */
  readonly number: number;
}

/** One linked function. The end that a plan has no steps for is `undefined`. */
export interface CallLink {
  readonly plan: CallPlan;
  readonly caller: CanonContext | undefined;
  readonly callee: Callee | undefined;
  readonly host: HostCall | undefined;
  /** `import ns:pkg/iface#f` or `export ns:pkg/iface#f`. */
  readonly path: string;
  /** Whether the host that calls gets an `err` at the top as an exception, else a Result. */
  readonly throws: boolean;
}

/** How far a call is that fails, and what it owes. */
export interface Failing {
  readonly link: CallLink;
  /** The parameter at work. */
  readonly param: number;
  readonly callerFrame: Frame;
  readonly calleeFrame: Frame;
}

/** What to throw for an exception at a step. */
export function failed(call: Failing, step: Step, error: unknown): unknown {
  const { link } = call;
  if (link.caller === undefined) return failedFromHost(call, step, error);
  return link.callee === undefined ? failedToHost(call, step, error) : failedBetweenGuests(call, step, error);
}

/** The host's own fault leaves the instance usable, a trap does not. */
function failedFromHost({ link, param, calleeFrame }: Failing, step: Step, error: unknown): unknown {
  const { plan, path } = link, { cx, entering } = link.callee!, { tree } = cx.inst;
  // Nothing was entered, or everything was left.
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

/** The host's own exceptions stay as they are; whatever it is, no guest can swallow it. */
function failedToHost({ link, param, callerFrame }: Failing, step: Step, error: unknown): unknown {
  callerFrame?.end();
  const { verb, item } = failurePlace(step, param, link.plan.lower!.places);
  // A trap that the host's interface asks for has no place yet; an error of another component knows its own.
  if (step !== "call-host" || error instanceof Trap) completeMessage(error, verb, item, link.path);
  return uncatchable(link.caller!.inst.tree, error);
}

function failedBetweenGuests({ link, param }: Failing, step: Step, error: unknown): unknown {
  const { verb, item } = failurePlace(step, param, link.plan.lift!.places);
  return uncatchable(link.callee!.cx.inst.tree, completeMessage(asTrap(error), verb, item, link.path));
}
