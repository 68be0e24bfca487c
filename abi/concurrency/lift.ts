// `canon lift` of what may run beside other tasks: functions of an async type, and synchronous ones
// that may have to wait. A task starts, and ends when the guest has resolved it.
// A lift's parts enter, tasks leave. Who calls (a guest or the host) gives the ends of the task.
// Spec: CanonicalABI.md `canon lift`.

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import type { CanonContext } from "../state/canon_context.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { completeMessage } from "../../errors.ts";
import { failurePlace } from "../calls/call_plan.ts";
import { liftResult, lowerParams } from "../calls/passing.ts";
import type { Signature } from "../codecs/signature.ts";
import type { CallStyle } from "../types/layout.ts";
import { asTrap, rethrow, trap } from "../state/trap.ts";
import { observe } from "../state/hooks.ts";
import type { InstanceThreads } from "./instance_threads.ts";
import type { Root } from "./root.ts";
import type { Scheduler } from "./scheduler.ts";
import { Task, type TaskEnds, type TaskPassing } from "./task.ts";
import type { Thread, Waiting } from "./thread.ts";
import { type GuestEvent, NOTHING, TASK_CANCELLED, WaitableSet } from "./waitable.ts";

/** A core function of a guest. */
export interface GuestCore {
  readonly plain: CoreFunction;
  /** Runs it on a stack of its own. `undefined` if it never has to wait, or the engine cannot. */
  readonly start: ((thread: Thread, args: readonly unknown[]) => void) | undefined;
}

/** The parts of a lift. */
export interface LiftTarget {
  readonly inst: ComponentInstance;
  readonly scheduler: Scheduler;
  readonly signature: Signature;
  readonly async: boolean;
  readonly style: CallStyle;
  readonly core: GuestCore;
  readonly callback: GuestCore | undefined;
  readonly postReturn: ((...results: unknown[]) => void) | undefined;
  /** For `task.return`, which must have the same. */
  readonly memory: WebAssembly.Memory | undefined;
  readonly path: string;
  /** The call number (entering.ts). */
  readonly number: number;
  /** The threads of its instance. */
  readonly threads: InstanceThreads;
  /** All instances that a thread enters when the scheduler lets it go on. */
  readonly enteringAll: readonly ComponentInstance[];
}

/** Makes a task. Its implicit thread is not started. */
export function makeTask(
  target: LiftTarget,
  cx: CanonContext,
  ends: TaskEnds,
  root: Root | undefined,
  passing?: TaskPassing,
): Task {
  const task = new Task(target.inst, target.scheduler, { target, ends, cx, root, passing });
  task.implicit.go = enter;
  return task;
}

/** `enter_implicit_thread`, and what follows. */
function enter(_cancelled: boolean, _entering: readonly ComponentInstance[], { task }: Thread): void {
  const { scheduler, implicit, threads } = task;
  const isHeld = (): boolean => threads.backpressure > 0 || task.needsExclusive && threads.exclusive !== undefined;
  if (!task.async || threads.entering.size === 0 && !isHeld()) return begin(task);
  threads.waitToEnter(implicit);
  const waiting = { ready: () => !isHeld(), cancellable: true, what: "its turn to enter" };
  scheduler.wait(implicit, waiting, (cancelled) => {
    threads.stopWaitingToEnter(implicit);
    if (cancelled) task.cancel();
    else begin(task);
    threads.admit();
  }, false);
}

function begin(task: Task): void {
  const { implicit } = task, { style, core, signature } = task.target!;
  if (task.needsExclusive) task.threads.lock(implicit);
  task.register(implicit);
  const flat = lowered(task, signature);
  if (flat === undefined) return;
  callCore(implicit, core, flat, style === "sync" ? endSync : style === "async" ? exit : next);
}

function exit(_result: unknown, { task }: Thread): void {
  task.exit();
}

/** Lowers the parameters. `undefined` if a value of the host does not fit: only its call fails. */
function lowered(task: Task, signature: Signature): readonly CoreValue[] | undefined {
  const { scheduler, cx, root } = task, at = { param: 0 };
  const values = task.start();
  scheduler.current = task.implicit;
  scheduler.allowed = false;
  const generated = task.passing?.params.get();
  try {
    return generated !== undefined ? generated(values) : lowerParams(signature, cx!, values, task.frame, at);
  } catch (error) {
    const { verb, item } = failurePlace("lower-params", at.param, signature.places);
    if (generated === undefined) completeMessage(error, verb, item, task.target!.path);
    if (!cx!.host || cx!.inst.tree.lockedDown || root === undefined) throw error;
    task.abandon();
    root.reject(error);
    return undefined;
  }
}

/** Calls a core function, on a stack of its own if it may have to wait. */
export function callCore(
  thread: Thread,
  core: GuestCore,
  args: readonly unknown[],
  returned: (result: unknown, thread: Thread) => void,
): void {
  const { inst: { tree: { hooks } }, target } = thread.task;
  if (hooks === undefined) return callUnobserved(thread, core, args, returned);
  const path = target?.path ?? "a thread";
  observe(() => hooks.callingGuest?.(path));
  try {
    callUnobserved(thread, core, args, returned);
  } finally {
    observe(() => hooks.returningFromGuest?.(path));
  }
}

function callUnobserved(
  thread: Thread,
  core: GuestCore,
  args: readonly unknown[],
  returned: (result: unknown, thread: Thread) => void,
): void {
  const { scheduler, inst } = thread.task;
  if (core.start !== undefined) {
    thread.returned = returned;
    return core.start(thread, args);
  }
  scheduler.current = thread;
  scheduler.allowed = false;
  let result: unknown;
  try {
    result = core.plain(...args as never[]);
  } catch (error) {
    throw asTrap(error);
  }
  if (inst.tree.lockedDown) rethrow(inst.tree);
  returned(result, thread);
}

/** The end of a synchronously lifted function. */
function endSync(result: unknown, { task }: Thread): void {
  const { cx, inst, target } = task, { signature, postReturn, path } = target!;
  task.checkResolving();
  let value: unknown;
  try {
    value = task.passing?.copies ? [result] : liftResult(signature, cx!, result as CoreValue | undefined, task.frame);
  } catch (error) {
    throw completeMessage(error, "lift", "result", path);
  }
  task.resolve(value);
  if (postReturn !== undefined) {
    inst.mayLeave = false;
    if (signature.layout.core.results.length === 0) postReturn();
    else postReturn(result);
    if (inst.tree.lockedDown) rethrow(inst.tree);
    inst.mayLeave = true;
  }
  task.exit();
  task.ends!.ended?.();
}

const EXIT = 0, YIELD = 1, WAIT = 2;

/** What the implicit thread of a callback task waits for: an event of a set, or only its turn. */
class CallbackWait implements Waiting {
  readonly cancellable = true;
  readonly #task: Task;
  readonly #set: WaitableSet | undefined;
  readonly #index: number;

  constructor(task: Task, set: WaitableSet | undefined, index: number) {
    this.#task = task;
    this.#set = set;
    this.#index = index;
    set?.waiters.add(task.implicit);
  }

  ready(): boolean {
    if (this.#set?.hasEvent === false) return false;
    const { threads, implicit } = this.#task;
    if (threads.exclusive === undefined) return true;
    threads.locked.add(implicit);
    return false;
  }

  get what(): string {
    return this.#set === undefined ? "its turn after a yield" : `waitable set ${this.#index}`;
  }

  goOn(cancelled: boolean): void {
    const { implicit, threads } = this.#task, set = this.#set;
    set?.waiters.delete(implicit);
    if (threads.locked.size > 0) threads.locked.delete(implicit);
    callBack(this.#task, cancelled ? TASK_CANCELLED : set === undefined ? NOTHING : set.takeEvent());
  }
}

/** Does what a callback's return value says. */
function next(result: unknown, { task }: Thread): void {
  const { scheduler, implicit, inst } = task;
  const packed = result as number, code = packed & 0xf;
  if (code === EXIT) return task.exit();
  if (code !== YIELD && code !== WAIT) trap(inst.tree, "callback-code", code);
  const index = packed >>> 4;
  const set = code === WAIT ? inst.handles.item(index, WaitableSet, "waitable set") : undefined;
  // A cancellation that was pending is delivered now: no other thread runs in between.
  if (task.deliverPendingCancel(true)) return callBack(task, TASK_CANCELLED);
  task.threads.unlock();
  const waiting = new CallbackWait(task, set, index), go = (cancelled: boolean) => waiting.goOn(cancelled);
  if (set === undefined) {
    implicit.waiting = waiting;
    implicit.cancellable = true;
    implicit.go = go;
    scheduler.wake(implicit, true);
  } else {
    scheduler.wait(implicit, waiting, go, false);
  }
}

/** A callback may be so small that only its callers are charged for it, and this is its caller. */
const CALLBACK_UNITS = 10n;

function callBack(task: Task, event: GuestEvent): void {
  const { implicit, target, inst } = task;
  inst.tree.meter?.charge(CALLBACK_UNITS);
  task.threads.lock(implicit);
  callCore(implicit, target!.callback!, event, next);
}
