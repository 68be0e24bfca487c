// `canon lower` of a function that another guest lifts, if one of them is asynchronous or may have
// to wait.
// Both sides enter, a core function for the caller leaves.
// Spec: CanonicalABI.md `canon lower`.

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import { completeMessage } from "../../errors.ts";
import { failurePlace } from "../calls/call_plan.ts";
import { liftParams, lowerResult } from "../calls/passing.ts";
import type { Signature } from "../codecs/signature.ts";
import { CallFrame } from "../state/call_frame.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { FREE } from "../state/flags.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { checkLeave, trap, whyNotEntered } from "../state/trap.ts";
import { block, blockSuspended, checkMayBlock, currentThread } from "./blocking.ts";
import { type LiftTarget, makeTask } from "./lift.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Stacks } from "./stacks.ts";
import { RETURNED, STARTED, Subtask } from "./subtask.ts";
import type { Task, TaskEnds } from "./task.ts";

/** Both sides. Their contexts have `host: false`. */
export interface TaskSides {
  readonly lower: Signature;
  readonly caller: CanonContext;
  /** Made when it is first called. */
  readonly target: () => LiftTarget;
  readonly callee: CanonContext;
}

/** A call that a guest has made. */
class GuestCall implements TaskEnds {
  readonly #sides: TaskSides;
  readonly #flat: readonly CoreValue[];
  readonly subtask: Subtask;
  /** What a synchronous lower returns. */
  result: CoreValue | undefined = undefined;

  constructor(sides: TaskSides, flat: readonly CoreValue[], scheduler: Scheduler) {
    this.#sides = sides;
    this.#flat = flat;
    this.subtask = new Subtask(scheduler, sides.lower.framed ? new CallFrame() : undefined);
  }

  start(): readonly unknown[] {
    const { lower, caller, target } = this.#sides, at = { param: 0 };
    this.subtask.progress(STARTED);
    try {
      return liftParams(lower, caller, this.#flat, this.subtask.frame, at);
    } catch (error) {
      const { verb, item } = failurePlace("lift-params", at.param, lower.places);
      throw completeMessage(error, verb, item, target().path);
    }
  }

  resolve(value: unknown): void {
    const { lower, caller, target } = this.#sides;
    try {
      this.result = lowerResult(lower, caller, value, this.#flat, this.subtask.frame);
    } catch (error) {
      throw completeMessage(error, "lower", "result", target().path);
    }
    this.subtask.progress(RETURNED);
  }

  cancelled(): void {
    this.subtask.progressCancelled();
  }
}

/** Makes the core function that the caller imports. */
export function lowerGuest({ target: make, ...others }: TaskSides, stacks: Stacks): CoreFunction {
  let target: LiftTarget | undefined;
  const sides: TaskSides = { ...others, target: () => target ??= make() };
  const { lower, caller: { inst }, callee } = sides;
  const entry = { entering: callee.inst.enteringSet(inst), allowed: inst.mayCall(callee.inst) };
  const call = lower.key.style === "sync" ? callSync : callAsync;
  return stacks.attempt(lower.layout.core, (...flat) => call(sides, entry, flat));
}

/** How a caller enters the callee. */
interface Entry {
  /** The instances that a call enters. */
  readonly entering: readonly ComponentInstance[];
  readonly allowed: boolean;
}

/** Checks that the callee may be entered. */
function checkEnter({ inst: { tree } }: CanonContext, { entering, allowed }: Entry): void {
  if (!allowed) trap(tree, "cannot-enter", " from itself, or from one within or around it");
  for (let i = 0; i < entering.length; i++) {
    if (entering[i]!.entered !== FREE) trap(tree, "cannot-enter", whyNotEntered(entering[i]!));
  }
}

/** Starts the callee. The running thread is the caller's. */
function started(sides: TaskSides, flat: readonly CoreValue[]): { call: GuestCall; task: Task } {
  const { caller, callee } = sides, target = sides.target(), { scheduler } = target;
  const thread = currentThread(caller.inst, scheduler);
  const call = new GuestCall(sides, flat, scheduler);
  const task = makeTask(target, callee, call, thread.task.root);
  return { call, task };
}

function callAsync(sides: TaskSides, entry: Entry, flat: readonly CoreValue[]): CoreValue | undefined {
  checkLeave(sides.caller.inst);
  checkEnter(sides.caller, entry);
  const { entering: set } = entry, { call, task } = started(sides, flat), { scheduler } = task, { subtask } = call;
  const state = (): CoreValue => {
    if (subtask.isResolved) {
      subtask.deliver();
      return RETURNED;
    }
    subtask.cancel = (inst, back) => task.requestCancellation(inst, back);
    subtask.handle = sides.caller.inst.handles.addItem(subtask);
    return subtask.state | subtask.handle << 4;
  };
  let back = (): void => {};
  if (scheduler.run(task.implicit, false, set, () => back())) {
    // A task that holds the lock and could go on does so first: then this one may start.
    const holder = scheduler.threads(task.inst).exclusive;
    if (!task.isInitial || holder === undefined || !holder.isReady || !scheduler.allowed) return state();
    if (scheduler.run(holder, false, set, () => back())) return state();
  }
  const stack = scheduler.suspend("an asynchronous call");
  back = () => {
    if (task.isInitial && task.implicit.isReady && !scheduler.run(task.implicit, false, set, () => back())) return;
    scheduler.resume(stack, [], state);
  };
  return undefined;
}

function callSync(sides: TaskSides, entry: Entry, flat: readonly CoreValue[]): CoreValue | undefined {
  const { caller } = sides, target = sides.target(), { inst } = caller, { scheduler } = target, { tree } = inst;
  checkLeave(inst);
  const thread = currentThread(inst, scheduler);
  if (target.async) checkMayBlock(thread);
  checkEnter(caller, entry);
  const { entering: set } = entry, { call, task } = started(sides, flat), { subtask } = call;
  if (++tree.words[tree.depthAt]! > tree.callDepth) trap(tree, "call-depth-limit", tree.callDepth);
  const finish = (): CoreValue | undefined => {
    subtask.deliver();
    return call.result;
  };
  let back = (): void => {};
  if (target.async) {
    const waiting = { ready: () => subtask.isResolved, cancellable: false, what: `the call of ${target.path}` };
    const waitNow = scheduler.run(task.implicit, false, set, () => back());
    if (waitNow) {
      tree.words[tree.depthAt]!--;
      if (subtask.isResolved) return finish();
      subtask.waiter = thread;
      return block(thread, waiting, finish);
    }
    const stack = scheduler.suspend(waiting.what);
    back = () => {
      tree.words[tree.depthAt]!--;
      if (subtask.isResolved) return scheduler.resume(stack, [], finish);
      subtask.waiter = thread;
      blockSuspended(thread, stack, waiting, finish);
    };
    return undefined;
  }
  // A synchronous callee is not left before it has resolved.
  for (const each of set) each.entered = task.number;
  const left = (): CoreValue | undefined => {
    scheduler.leave(set);
    tree.words[tree.depthAt]!--;
    return finish();
  };
  if (scheduler.run(task.implicit, false, [], () => back()) && scheduler.settle(task, () => back())) return left();
  const stack = scheduler.suspend(`the call of ${target.path}`);
  back = () => {
    try {
      if (scheduler.settle(task, () => back())) scheduler.resume(stack, [], left);
    } catch (error) {
      scheduler.unwind(stack, error);
    }
  };
  return undefined;
}
