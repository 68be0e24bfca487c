// Guest to guest: canon lower of another instance's lifted function, through JS values. Handles travel as representations, maps as
// entries, strings in the encoding they came in: nothing of it is visible to the host.
// Both sides of a call in, core functions out. Most adapters are never called: each is made by its first call.
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

/** Both sides of an adapter. Contexts are of kind `host: false`. */
export interface Sides {
  /** What the caller lowers by. */
  readonly lower: Signature;
  readonly caller: CanonContext;
  readonly lifted: Lifted;
  readonly callee: CanonContext;
}

function linkGuests({ lower, caller, lifted, callee }: Sides): CallLink {
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

/** The same where the callee may be suspended: its core function gives a promise, so that no JavaScript is on the stack meanwhile. */
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
