// Guest to guest: canon lower of another instance's lifted function, through JS values for now.
// In order: may the caller leave; lift from the caller; enter the callee; lower; core call; borrow check; lift; lower into the caller;
// post-return; leave. Handles travel as representations, maps as entries: nothing of it is visible to the host.
// Spec: CanonicalABI.md `canon lift` called by `canon lower`.

import { finish } from "../errors.ts";
import { CallScope } from "./call_scope.ts";
import type { CoreValue } from "./codec.ts";
import { type Lifted, liftResult, lowerParams, runPostReturn } from "./lift.ts";
import { liftParams, lowerResult } from "./lower.ts";
import type { CanonContext } from "./options.ts";
import type { CoreFunction } from "./signature.ts";
import { asTrap, checkLeave, rethrow, trap, uncatchable } from "./trap.ts";

/** Makes the core function that the caller imports. Both contexts are of kind `host: false`. */
export function fuse(lifted: Lifted, caller: CanonContext, callee: CanonContext): CoreFunction {
  const { signature, core, postReturn, path } = lifted;
  const { tree } = callee.inst;
  const entering = callee.inst.enteringSet(caller.inst);
  return (...flat: CoreValue[]) => {
    let verb = "call", place = "";
    const onParam = (k: number): void => {
      place = signature.places[k] ?? "parameters";
    };
    try {
      checkLeave(caller.inst);
      for (const inst of entering) if (inst.entered) trap(tree, "cannot-enter");
      const subtask = signature.scoped ? new CallScope() : undefined;
      const task = signature.scoped ? new CallScope() : undefined;
      verb = "lift";
      caller.scope = subtask;
      caller.beginLift();
      const args = liftParams(signature, caller, flat, onParam);
      for (const inst of entering) inst.entered = true;
      verb = "lower";
      callee.scope = task;
      const lowered = lowerParams(signature, callee, args, onParam);
      verb = "call", place = "";
      const result = core(...lowered) as CoreValue | undefined;
      if (tree.poisoned) rethrow(tree);
      if (task !== undefined && task.borrows > 0) trap(tree, "borrows-remain");
      verb = "lift", place = "result";
      const value = liftResult(signature, callee, result);
      verb = "lower";
      const returned = lowerResult(signature, caller, value, flat);
      verb = "call", place = "";
      if (postReturn !== undefined) runPostReturn(callee, postReturn, signature, result);
      task?.end();
      subtask?.end();
      for (const inst of entering) inst.entered = false;
      return returned;
    } catch (error) {
      throw uncatchable(tree, finish(asTrap(error), verb, place, path));
    }
  };
}
