// The built-ins of waitables, waitable sets and subtasks.
// Spec: CanonicalABI.md `canon waitable-set.*`, `canon waitable.join`, `canon subtask.*`.

import type { CoreValue } from "../types/core_values.ts";
import type { ComponentInstance } from "../state/instance.ts";
import type { GuestMemory } from "../state/memory.ts";
import { fromCore } from "../state/pointers.ts";
import { checkLeave, trap } from "../state/trap.ts";
import { block, blockSuspended, checkMayBlock, currentThread } from "./blocking.ts";
import type { Scheduler } from "./scheduler.ts";
import { Subtask } from "./subtask.ts";
import { BLOCKED, type GuestEvent, NOTHING, TASK_CANCELLED, Waitable, WaitableSet } from "./waitable.ts";

/** Whom a built-in is made for. */
export interface WaitingHost {
  readonly inst: ComponentInstance;
  readonly scheduler: Scheduler;
}

/** `waitable-set.new`. */
export function newWaitableSet({ inst, scheduler }: WaitingHost): () => number {
  return () => {
    checkLeave(inst);
    return inst.handles.addItem(new WaitableSet(scheduler));
  };
}

function setAt(inst: ComponentInstance, index: CoreValue): WaitableSet {
  return inst.handles.item((index as number) >>> 0, WaitableSet, "waitable set");
}

/** Where an event goes. */
export interface EventPlace {
  readonly memory: GuestMemory;
}

/** `unpack_event`: stores the payloads, gives the code. */
function store(inst: ComponentInstance, { memory }: EventPlace, core: CoreValue, event: GuestEvent): number {
  const ptr = fromCore(core), [code, index, payload] = event;
  memory.sync();
  if (ptr % 4 !== 0) trap(inst.tree, "unaligned-pointer");
  if (ptr + 8 > memory.u8.length) trap(inst.tree, "pointer-out-of-bounds");
  memory.u32[ptr / 4] = index;
  memory.u32[ptr / 4 + 1] = payload;
  return code;
}

/** `waitable-set.wait`. */
export function waitForSet(
  { inst, scheduler }: WaitingHost,
  place: EventPlace,
  cancellable: boolean,
): (index: CoreValue, ptr: CoreValue) => CoreValue | undefined {
  return (index, ptr) => {
    checkLeave(inst);
    const thread = currentThread(inst, scheduler);
    checkMayBlock(thread, "waitable-set.wait");
    const set = setAt(inst, index);
    set.waiters.add(thread);
    const waiting = { ready: () => set.hasEvent, cancellable, what: `waitable set ${(index as number) >>> 0}` };
    return block(thread, waiting, (cancelled) => {
      set.waiters.delete(thread);
      return store(inst, place, ptr, cancelled ? TASK_CANCELLED : set.takeEvent());
    });
  };
}

/** `waitable-set.poll`. */
export function pollSet(
  { inst, scheduler }: WaitingHost,
  place: EventPlace,
  cancellable: boolean,
): (index: CoreValue, ptr: CoreValue) => CoreValue {
  return (index, ptr) => {
    checkLeave(inst);
    const set = setAt(inst, index);
    const cancelled = cancellable && currentThread(inst, scheduler).task.deliverPendingCancel(true);
    return store(inst, place, ptr, cancelled ? TASK_CANCELLED : set.hasEvent ? set.takeEvent() : NOTHING);
  };
}

/** `waitable-set.drop`. */
export function dropSet({ inst }: WaitingHost): (index: CoreValue) => void {
  return (index) => {
    checkLeave(inst);
    setAt(inst, index).checkDrop(inst.tree);
    inst.handles.removeItem((index as number) >>> 0, WaitableSet, "waitable set");
  };
}

/** `waitable.join`. */
export function joinSet({ inst }: WaitingHost): (waitable: CoreValue, set: CoreValue) => void {
  return (waitable, set) => {
    checkLeave(inst);
    const member = inst.handles.item((waitable as number) >>> 0, Waitable, "waitable");
    if (member.waiter !== undefined) trap(inst.tree, "sync-in-waitable-set");
    member.join(set === 0 ? undefined : setAt(inst, set));
  };
}

/** `subtask.cancel`. */
export function cancelSubtask(
  { inst, scheduler }: WaitingHost,
  async: boolean,
): (index: CoreValue) => CoreValue | undefined {
  return (index) => {
    checkLeave(inst);
    const thread = currentThread(inst, scheduler);
    if (!async) checkMayBlock(thread, "subtask.cancel");
    const subtask = inst.handles.item((index as number) >>> 0, Subtask, "subtask");
    if (subtask.delivered || subtask.cancellationRequested) trap(inst.tree, "subtask-terminal");
    if (!async && subtask.set !== undefined) trap(inst.tree, "sync-in-waitable-set");
    const state = (): CoreValue => subtask.takeEvent()[2];
    if (subtask.isResolved) return state();
    subtask.cancellationRequested = true;
    const waiting = { ready: () => subtask.isResolved, cancellable: false, what: "subtask.cancel" };
    const finish = (): CoreValue => {
      subtask.waiter = undefined;
      return state();
    };
    let back = (): void => {};
    if (subtask.cancel!(inst, () => back())) {
      if (subtask.isResolved) return state();
      if (async) return BLOCKED;
      subtask.waiter = thread;
      return block(thread, waiting, finish);
    }
    const stack = scheduler.suspend(waiting.what);
    back = () => {
      if (subtask.isResolved) return scheduler.resume(stack, [], state);
      if (async) return scheduler.resume(stack, [], () => BLOCKED);
      subtask.waiter = thread;
      blockSuspended(thread, stack, waiting, finish);
    };
    return undefined;
  };
}

/** `subtask.drop`. */
export function dropSubtask({ inst }: WaitingHost): (index: CoreValue) => void {
  return (index) => {
    checkLeave(inst);
    const at = (index as number) >>> 0, subtask = inst.handles.item(at, Subtask, "subtask");
    subtask.checkDrop();
    subtask.join(undefined);
    inst.handles.removeItem(at, Subtask, "subtask");
  };
}
