// The built-ins resource.new, resource.drop and resource.rep. An instance and a resource type
// enter, core functions leave.
// Spec: CanonicalABI.md `canon resource.*`.

import type { ComponentInstance } from "../state/instance.ts";
import type { Rep, ResourceRuntime } from "../state/resource_runtime.ts";
import { checkLeave, uncatchable } from "../state/trap.ts";

/** `canon_resource_new`. */
export function resourceNew(inst: ComponentInstance, runtime: ResourceRuntime): (rep: Rep) => number {
  return (rep) => {
    checkLeave(inst);
    return inst.handles.add(runtime, rep, undefined);
  };
}

/** `canon_resource_drop`. */
export function resourceDrop(inst: ComponentInstance, runtime: ResourceRuntime): (handle: number) => void {
  return (handle) => {
    try {
      checkLeave(inst);
      const rep = inst.handles.drop(handle >>> 0, runtime);
      if (rep !== undefined) runtime.destroy(rep, inst);
    } catch (error) {
      throw uncatchable(inst.tree, error);
    }
  };
}

/**
 * `canon_resource_rep`. Only this built-in and `context.*` may run during realloc and post-return.
 */
export function resourceRep(inst: ComponentInstance, runtime: ResourceRuntime): (handle: number) => Rep {
  return (handle) => inst.handles.rep(handle >>> 0, runtime);
}
