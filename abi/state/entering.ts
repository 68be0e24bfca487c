// Entering and leaving component instances when the host calls, and the errors for an instance that
// cannot be entered.
// Instances, as the list that `entering_set` gives, enter. Their flags change, or an error is
// thrown.

import { completeMessage, ValueError } from "../../errors.ts";
import { FREE } from "./flags.ts";
import type { ComponentInstance } from "./instance.ts";
import { notEntered } from "./trap.ts";

/**
 * The error for a call whose instance was disposed of, before the call or while it was suspended.
 */
export function disposed(path: string): unknown {
  return completeMessage(new ValueError("dead-resource", "the instance was disposed"), "call", "", path);
}

/** Throws the error for an instance that cannot be entered. */
export function refuseEnter(inst: ComponentInstance, verb: string, path: string): never {
  if (inst.tree.disposed) throw disposed(path);
  throw notEntered(inst, verb, path);
}

/**
 * Enters instances for a call. If one of them cannot be entered, throws and leaves all of them as
 * they were.
 */
export function enterAll(entering: readonly ComponentInstance[], path: string, call: number): void {
  // The outermost comes first: if an instance is entered already, it is usually that one.
  for (let i = entering.length - 1; i >= 0; i--) {
    if (entering[i]!.entered !== FREE) {
      for (let k = i + 1; k < entering.length; k++) entering[k]!.entered = FREE;
      refuseEnter(entering[i]!, "call", path);
    }
    entering[i]!.entered = call;
  }
}

/** Marks instances as left: the call is over. */
export function leaveAll(entering: readonly ComponentInstance[]): void {
  for (let i = 0; i < entering.length; i++) entering[i]!.entered = FREE;
}
