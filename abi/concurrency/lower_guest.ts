// `canon lower` of a function that another guest lifts, if one of them is asynchronous or may have
// to wait.
// Both sides enter, a core function for the caller leaves.
// Spec: CanonicalABI.md `canon lower`.

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import { completeMessage } from "../../errors.ts";
import type { GuestCopy } from "../calls/guest_copy.ts";
import { failurePlace } from "../calls/call_plan.ts";
import { liftParams, lowerResult, type ParamAt } from "../calls/passing.ts";
import type { Frame } from "../codecs/codec.ts";
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
import {
  CANCELLED_BEFORE_RETURNED,
  CANCELLED_BEFORE_STARTED,
  RETURNED,
  STARTED,
  STARTING,
  Subtask,
} from "./subtask.ts";
import type { Task, TaskEnds, TaskPassing } from "./task.ts";

/** Both sides. Their contexts have `host: false`. */
export interface TaskSides {
  readonly lower: Signature;
  readonly caller: CanonContext;
  /** Made when it is first called. */
  readonly target: () => LiftTarget;
  readonly callee: CanonContext;
  /** What copies the values from memory to memory. Without it, they go through JavaScript. */
  readonly copy: GuestCopy | undefined;
}

/** A call that a guest has made. */
class GuestCall implements TaskEnds, ParamAt {
  readonly #sides: TaskSides;
  readonly #flat: readonly CoreValue[];
  readonly #frame: Frame;
  /** Made when the caller goes on before the callee has returned. */
  #subtask: Subtask | undefined = undefined;
  /** `Subtask.State`. */
  #state: number = STARTING;
  param = 0;
  /** What a synchronous lower returns. */
  result: CoreValue | undefined = undefined;
  /** Called when the threads that ran for the call have blocked or ended, if that was not at once. */
  back: () => void = nothing;

  constructor(sides: TaskSides, flat: readonly CoreValue[]) {
    this.#sides = sides;
    this.#flat = flat;
    this.#frame = sides.lower.framed ? new CallFrame() : undefined;
  }

  get isResolved(): boolean {
    return this.#state >= RETURNED;
  }

  /** The subtask. */
  subtask(scheduler: Scheduler): Subtask {
    const made = this.#subtask ??= new Subtask(scheduler, this.#frame);
    made.state = this.#state;
    return made;
  }

  /** The caller is told of the end. */
  deliver(): void {
    if (this.#subtask !== undefined) this.#subtask.deliver();
    else this.#frame?.end();
  }

  /** How the values of the task cross, if they are copied: they stay as they are until then. */
  passing(task: () => Task): TaskPassing | undefined {
    const { copy } = this.#sides;
    if (copy === undefined) return undefined;
    const params = (flat: readonly unknown[]): CoreValue[] =>
      copy.params(flat as readonly CoreValue[], this.#frame, task().frame) as CoreValue[];
    return { params: { get: () => params }, result: { get: () => asGiven }, copies: true };
  }

  start(): readonly unknown[] {
    const { lower, caller, target, copy } = this.#sides;
    this.#progress(STARTED);
    if (copy !== undefined) return this.#flat;
    try {
      return liftParams(lower, caller, this.#flat, this.#frame, this);
    } catch (error) {
      const { verb, item } = failurePlace("lift-params", this.param, lower.places);
      throw completeMessage(error, verb, item, target().path);
    }
  }

  resolve(value: unknown): void {
    const { lower, caller, target, copy } = this.#sides;
    try {
      if (copy !== undefined) this.result = copy.result((value ?? []) as readonly CoreValue[], this.#flat);
      else this.result = lowerResult(lower, caller, value, this.#flat, this.#frame);
    } catch (error) {
      throw completeMessage(error, "lower", "result", target().path);
    }
    this.#progress(RETURNED);
  }

  cancelled(): void {
    this.#progress(this.#state === STARTING ? CANCELLED_BEFORE_STARTED : CANCELLED_BEFORE_RETURNED);
  }

  #progress(state: number): void {
    this.#state = state;
    this.#subtask?.progress(state);
  }
}

function nothing(): void {}

/** The core values with which a callee returns, until they are copied. */
function asGiven(flat: readonly CoreValue[]): unknown[] {
  return [flat];
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
  const call = new GuestCall(sides, flat);
  const task: Task = makeTask(target, callee, call, thread.task.root, call.passing(() => task));
  return { call, task };
}

function callAsync(sides: TaskSides, entry: Entry, flat: readonly CoreValue[]): CoreValue | undefined {
  checkLeave(sides.caller.inst);
  checkEnter(sides.caller, entry);
  const { call, task } = started(sides, flat), { scheduler } = task, { entering } = entry;
  if (scheduler.run(task.implicit, false, entering, () => call.back())) {
    // A task that holds the lock and could go on does so first: then this one may start.
    const holder = task.isInitial ? task.threads.exclusive : undefined;
    if (holder === undefined || !holder.isReady || !scheduler.allowed) return stateOf(sides, call, task);
    if (scheduler.run(holder, false, entering, () => call.back())) return stateOf(sides, call, task);
  }
  return awaitBack(sides, entry, call, task);
}

/** What an asynchronous lower returns. */
function stateOf({ caller: { inst } }: TaskSides, call: GuestCall, task: Task): CoreValue {
  if (call.isResolved) {
    call.deliver();
    return RETURNED;
  }
  const subtask = call.subtask(task.scheduler);
  subtask.cancel = (inst, back) => task.requestCancellation(inst, back);
  subtask.handle = inst.handles.addItem(subtask);
  return subtask.state | subtask.handle << 4;
}

/** The caller's stack waits until the callee's first thread has blocked or ended. */
function awaitBack(sides: TaskSides, { entering }: Entry, call: GuestCall, task: Task): undefined {
  const { scheduler, implicit } = task, stack = scheduler.suspend("an asynchronous call");
  call.back = () => {
    if (task.isInitial && implicit.isReady && !scheduler.run(implicit, false, entering, () => call.back())) return;
    scheduler.resume(stack, [], () => stateOf(sides, call, task));
  };
}

function callSync(sides: TaskSides, entry: Entry, flat: readonly CoreValue[]): CoreValue | undefined {
  const { caller } = sides, target = sides.target(), { inst } = caller, { scheduler } = target, { tree } = inst;
  checkLeave(inst);
  const thread = currentThread(inst, scheduler);
  if (target.async) checkMayBlock(thread, target.path);
  checkEnter(caller, entry);
  const { entering: set } = entry, { call, task } = started(sides, flat);
  if (++tree.words[tree.depthAt]! > tree.callDepth) trap(tree, "call-depth-limit", tree.callDepth);
  const finish = (): CoreValue | undefined => {
    call.deliver();
    return call.result;
  };
  if (target.async) {
    const waiting = { ready: () => call.isResolved, cancellable: false, what: `the call of ${target.path}` };
    const waitNow = scheduler.run(task.implicit, false, set, () => call.back());
    if (waitNow) {
      tree.words[tree.depthAt]!--;
      if (call.isResolved) return finish();
      call.subtask(scheduler).waiter = thread;
      return block(thread, waiting, finish);
    }
    const stack = scheduler.suspend(waiting.what);
    call.back = () => {
      tree.words[tree.depthAt]!--;
      if (call.isResolved) return scheduler.resume(stack, [], finish);
      call.subtask(scheduler).waiter = thread;
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
  if (scheduler.run(task.implicit, false, [], () => call.back()) && scheduler.settle(task, () => call.back())) {
    return left();
  }
  const stack = scheduler.suspend(`the call of ${target.path}`);
  call.back = () => {
    try {
      if (scheduler.settle(task, () => call.back())) scheduler.resume(stack, [], left);
    } catch (error) {
      scheduler.unwind(stack, error);
    }
  };
  return undefined;
}
