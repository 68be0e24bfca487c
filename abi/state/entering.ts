// Entering and leaving component instances from the host, and what the host is told of one that cannot be entered.

import { completeMessage, ValueError } from "../../errors.ts";
import { FREE } from "./flags.ts";
import type { ComponentInstance } from "./instance.ts";
import { notEntered } from "./trap.ts";

/** What a call gets whose instance was disposed, before or while it was suspended. */
export function disposed(path: string): unknown {
  return completeMessage(new ValueError("dead-resource", "the instance was disposed"), "call", "", path);
}

/** Throws what the host is told. */
export function refuseEnter(inst: ComponentInstance, verb: string, path: string): never {
  if (inst.tree.disposed) throw disposed(path);
  throw notEntered(inst, verb, path);
}

/** Enters instances for a call, or refuses and leaves them as they were. */
export function enterAll(entering: readonly ComponentInstance[], path: string, call: number): void {
  // Outermost first: an outer one that is entered is the usual reason to refuse.
  for (let i = entering.length - 1; i >= 0; i--) {
    if (entering[i]!.entered !== FREE) {
      for (let k = i + 1; k < entering.length; k++) entering[k]!.entered = FREE;
      refuseEnter(entering[i]!, "call", path);
    }
    entering[i]!.entered = call;
  }
}

/** The call is over. */
export function leaveAll(entering: readonly ComponentInstance[]): void {
  for (let i = 0; i < entering.length; i++) entering[i]!.entered = FREE;
}
