// The built-ins of tasks: context slots, backpressure, returning and cancelling.
// Spec: CanonicalABI.md `canon context.*`, `canon backpressure.*`, `canon task.*`.

import type { CoreValue } from "../types/core_values.ts";
import type { ValType } from "../types/types.ts";
import type { SignatureLayout } from "../types/layout.ts";
import { completeMessage } from "../../errors.ts";
import type { Codec } from "../codecs/codec.ts";
import type { StringEncoding } from "../state/canon_context.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { checkLeave, trap } from "../state/trap.ts";
import { currentThread } from "./blocking.ts";
import type { LiftTarget } from "./lift.ts";
import { isSameType } from "./plain_types.ts";
import type { Scheduler } from "./scheduler.ts";

/** Whom a built-in is made for. */
export interface TaskHost {
  readonly inst: ComponentInstance;
  readonly scheduler: Scheduler;
}

/** `context.get`. */
export function contextGet({ inst, scheduler }: TaskHost, type: "i32" | "i64", slot: number): () => CoreValue {
  return () => {
    const thread = currentThread(inst, scheduler), value = slot === 0 ? thread.slot0 : thread.slot1;
    if (type === "i32") return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value;
    return typeof value === "bigint" ? value : BigInt(value >>> 0);
  };
}

/** `context.set`. */
export function contextSet({ inst, scheduler }: TaskHost, slot: number): (value: CoreValue) => void {
  return (value) => {
    const thread = currentThread(inst, scheduler);
    if (slot === 0) thread.slot0 = value;
    else thread.slot1 = value;
  };
}

/** `backpressure.inc`, `backpressure.dec`. */
export function addBackpressure({ inst, scheduler }: TaskHost, change: 1 | -1): () => void {
  return () => scheduler.threads(inst).addBackpressure(change);
}

/** The operands of `task.return`. */
export interface Returning {
  readonly result: ValType | undefined;
  readonly codec: Codec | undefined;
  readonly layout: SignatureLayout;
  readonly stringEncoding: StringEncoding;
  readonly memory: WebAssembly.Memory | undefined;
}

/** `task.return`. */
export function returnTask(
  { inst, scheduler }: TaskHost,
  { result, codec, layout, stringEncoding, memory }: Returning,
): (...flat: CoreValue[]) => void {
  /** The function that it was last called for, and rightly so. */
  let known: LiftTarget | undefined;
  return (...flat) => {
    const { task } = currentThread(inst, scheduler), { target, cx, frame } = task;
    checkLeave(inst);
    if (target === undefined || target !== known) {
      const fits = target !== undefined && target.style !== "sync" && cx!.stringEncoding === stringEncoding &&
        (memory === undefined || target.memory === memory) && isSameType(target.signature.type.result, result);
      if (!fits) trap(inst.tree, "task-return-mismatch");
      known = target;
    }
    if (task.isResolved) trap(inst.tree, "task-resolved");
    let value: unknown;
    if (codec !== undefined) {
      const generated = task.passing?.result.get(), { alignment, size } = layout.params;
      cx!.beginLift();
      try {
        value = generated !== undefined
          ? generated(flat)[0]
          : layout.paramsDirect
          ? codec.liftFlat(cx!, flat, 0, frame)
          : codec.load(cx!, cx!.liftedPointer(flat[0], alignment, size), frame);
      } catch (error) {
        throw completeMessage(error, "lift", "result", target.path);
      }
    }
    task.resolve(value);
  };
}

/** `task.cancel`. */
export function cancelTask({ inst, scheduler }: TaskHost): () => void {
  return () => {
    const { task } = currentThread(inst, scheduler);
    checkLeave(inst);
    if (task.target === undefined || task.target.style === "sync") trap(inst.tree, "task-not-cancelled");
    task.cancel();
  };
}
