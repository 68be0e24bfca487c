// Guest to guest: one instance lowers a function that another instance lifts. Values pass through
// JavaScript: handles as representations, maps as entries, strings in the caller's encoding. The
// host sees none of them.
// Both sides of a call enter, core functions leave. Most adapters are never called, so each is made
// when it is first called.
// Spec: CanonicalABI.md `canon lift` called by `canon lower`.

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import type { CallLink } from "./call_link.ts";
import { planBetweenGuests } from "./call_plan.ts";
import type { CanonContext } from "../state/canon_context.ts";
import type { Lifted } from "./from_host.ts";
import type { InstanceTree } from "../state/instance.ts";
import { Performance } from "./perform.ts";
import type { Signature } from "../codecs/signature.ts";
import { asTrap, uncatchable } from "../state/trap.ts";

/** Both sides of an adapter. Their contexts have `host: false`. */
export interface Sides {
  /** The signature that the caller lowers with. */
  readonly lower: Signature;
  readonly caller: CanonContext;
  readonly lifted: Lifted;
  readonly callee: CanonContext;
}

/** Links both sides: what the steps of the call need. */
export function linkGuests({ lower, caller, lifted, callee }: Sides): CallLink {
  const { signature, core, postReturn, path } = lifted;
  return {
    plan: planBetweenGuests(lower, signature, postReturn !== undefined),
    caller,
    callee: {
      cx: callee,
      core,
      postReturn,
      entering: callee.inst.enteringSet(caller.inst),
      allowed: caller.inst.mayCall(callee.inst),
      number: callee.inst.tree.callNumber(path),
    },
    host: undefined,
    path,
    throws: false,
  };
}

function perform(tree: InstanceTree, sides: () => Sides): Performance {
  try {
    return new Performance(linkGuests(sides()));
  } catch (error) {
    throw uncatchable(tree, asTrap(error)); // an exhausted stack
  }
}

/** Makes the core function that the caller imports. */
export function adapt(tree: InstanceTree, sides: () => Sides): CoreFunction {
  let made: Performance | undefined;
  return (...flat: CoreValue[]) => (made ??= perform(tree, sides)).run(flat);
}

/**
 * Makes the same for a callee that may be suspended. Its core function returns a promise, so that
 * no JavaScript frame is on the stack while it waits.
 */
export function adaptSuspending(tree: InstanceTree, sides: () => Sides): CoreFunction {
  let made: Performance | undefined;
  return (...flat: CoreValue[]) => {
    const performance = made ??= perform(tree, sides), call = performance.begin(flat);
    performance.call(call);
    return (call.returned as Promise<unknown>).then((returned) => performance.end(call, returned), (error) => {
      throw performance.failed(call, error);
    });
  };
}
