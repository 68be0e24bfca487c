// The built-ins of threads: new ones, and passing control from one to another.
// Spec: CanonicalABI.md `canon thread.*`.

import type { CoreFunction, CoreType, CoreValue } from "../types/core_values.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { checkLeave, trap } from "../state/trap.ts";
import { checkMayBlock, currentThread, isSynchronous, runOthers } from "./blocking.ts";
import { callCore, type GuestCore } from "./lift.ts";
import type { Scheduler } from "./scheduler.ts";
import { Thread } from "./thread.ts";

/** Whom a built-in is made for. */
export interface ThreadHost {
  readonly inst: ComponentInstance;
  readonly scheduler: Scheduler;
}

function running({ inst, scheduler }: ThreadHost): Thread {
  checkLeave(inst);
  return registered(currentThread(inst, scheduler));
}

/** Makes sure that a thread is in the table: those of synchronous calls are put there late. */
function registered(thread: Thread): Thread {
  if (thread.index === 0) thread.task.register(thread);
  return thread;
}

/** `thread.index`. */
export function threadIndex(host: ThreadHost): () => number {
  return () => running(host).index;
}

/** `thread.available-parallelism`: the threads of a tree run on one of the engine's. */
export function availableParallelism(): number {
  return 1;
}

/** How to look up and call a thread's function. */
export interface StartTable {
  readonly table: WebAssembly.Table;
  /** The type of the parameter. */
  readonly param: CoreType;
  /** Whether a function has the type `(func (param …))`. */
  readonly fits: (func: CoreFunction) => boolean;
  readonly core: (func: CoreFunction) => GuestCore;
}

/** `thread.new-indirect`. */
export function newThread(
  host: ThreadHost,
  { table, param, fits, core }: StartTable,
): (index: CoreValue, arg: CoreValue) => number {
  return (index, arg) => {
    const { task } = running(host), { tree } = host.inst;
    const at = typeof index === "bigint" ? Number(BigInt.asUintN(64, index)) : (index as number) >>> 0;
    if (at >= table.length) trap(tree, "thread-table-bounds", at);
    const func = table.get(typeof index === "bigint" ? index as never : at) as CoreFunction | null;
    if (func === null) trap(tree, "thread-no-function");
    if (!fits(func)) trap(tree, "thread-function-type", param);
    host.scheduler.threads(host.inst).checkRoom();
    const thread = new Thread(task);
    thread.go = () => {
      callCore(thread, core(func), [arg], () => task.unregister(thread));
    };
    task.register(thread);
    return thread.index;
  };
}

function suspendedAt(host: ThreadHost, index: CoreValue): Thread {
  const thread = host.scheduler.threads(host.inst).at((index as number) >>> 0);
  if (!thread.isSuspended) trap(host.inst.tree, "thread-not-suspended");
  return thread;
}

/** `thread.resume-later`. */
export function resumeLater(host: ThreadHost): (index: CoreValue) => void {
  return (index) => {
    running(host);
    const thread = suspendedAt(host, index);
    thread.waiting = { ready: () => true, cancellable: thread.cancellable, what: "its turn" };
    host.scheduler.wake(thread);
  };
}

const always = { ready: () => true, what: "its turn after a yield" };
const flag = (cancelled: boolean): number => cancelled ? 1 : 0;

/** `thread.yield`. */
export function yieldThread(host: ThreadHost, cancellable: boolean): () => CoreValue | undefined {
  return () => {
    const thread = running(host), { task } = thread, { scheduler } = host;
    if (task.deliverPendingCancel(cancellable)) return 1;
    // A synchronous task is ready again at once, and so is whoever cannot be suspended.
    if (isSynchronous(thread) || !scheduler.allowed) return yieldInPlace(thread, cancellable);
    const stack = scheduler.suspend("thread.yield");
    yieldOnStack(thread, stack, cancellable);
    scheduler.land(thread);
    return undefined;
  };
}

/** How often a thread may yield to none, while only others could end its wait. */
const MAX_FRUITLESS_YIELDS = 1_000_000;

/** Lets a thread of the instance run: on top of this one, or in its place if its stack is suspended. */
function yieldInPlace(thread: Thread, cancellable: boolean): CoreValue | undefined {
  const { task: { inst, scheduler } } = thread, threads = scheduler.threads(inst);
  const other = threads.nextCandidate((each) => scheduler.allowed || !each.onStack);
  if (other === undefined) {
    // It may wait in a loop for them, or for what is below it on the stack: that would never end.
    const waits = threads.hasCandidate() || thread.task.async;
    if (waits && ++thread.fruitless > MAX_FRUITLESS_YIELDS) scheduler.refuse("thread.yield");
    return 0;
  }
  thread.fruitless = 0;
  if (other.onStack) return switchTo(thread, other, true, cancellable);
  let back = (): void => {};
  if (scheduler.run(other, false, [], () => back())) return 0;
  const stack = scheduler.suspend("thread.yield");
  back = () => scheduler.resume(stack, [], () => 0);
  return undefined;
}

function yieldOnStack(thread: Thread, stack: ReturnType<Scheduler["suspend"]>, cancellable: boolean): void {
  const { scheduler } = thread.task;
  thread.waiting = { ...always, cancellable };
  thread.cancellable = cancellable;
  thread.onStack = true;
  thread.go = (cancelled, entering) => scheduler.resume(stack, entering, () => flag(cancelled));
  scheduler.wake(thread, true);
}

/** `thread.suspend`. */
export function suspendThread(host: ThreadHost, cancellable: boolean): () => CoreValue | undefined {
  return () => {
    const thread = running(host);
    checkMayBlock(thread, "thread.suspend");
    return suspendNow(thread, cancellable);
  };
}

function suspendNow(thread: Thread, cancellable: boolean): CoreValue | undefined {
  const { task } = thread, { scheduler } = task;
  if (task.deliverPendingCancel(cancellable)) return 1;
  let resumed: { cancelled: boolean } | undefined;
  if (isSynchronous(thread)) {
    // Another thread may resume this one while it runs on top of it.
    thread.go = (cancelled) => {
      resumed = { cancelled };
    };
    thread.cancellable = cancellable;
    thread.below = true;
    const ready = (): boolean => resumed !== undefined || thread.waiting !== undefined;
    const outcome = runOthers(thread, ready, () => scheduler.blocked(thread));
    thread.below = false;
    if (outcome === "under way") {
      suspendOnStack(thread, scheduler.suspend("thread.suspend"), cancellable);
      return undefined;
    }
    thread.go = thread.waiting = undefined;
    if (outcome === "ready") return flag(resumed?.cancelled ?? false);
  }
  const stack = scheduler.suspend("thread.suspend");
  suspendOnStack(thread, stack, cancellable);
  scheduler.land(thread);
  return undefined;
}

function suspendOnStack(thread: Thread, stack: ReturnType<Scheduler["suspend"]>, cancellable: boolean): void {
  const { scheduler } = thread.task;
  thread.cancellable = cancellable;
  thread.onStack = true;
  thread.go = (cancelled, entering) => scheduler.resume(stack, entering, () => flag(cancelled));
}

/** `thread.suspend-then-resume`, `thread.yield-then-resume`. */
export function thenResume(
  host: ThreadHost,
  yields: boolean,
  cancellable: boolean,
): (index: CoreValue) => CoreValue | undefined {
  return (index) => {
    const thread = running(host), other = suspendedAt(host, index);
    if (thread.task.deliverPendingCancel(cancellable)) return 1;
    return switchTo(thread, other, yields, cancellable);
  };
}

/** `thread.suspend-then-promote`, `thread.yield-then-promote`. */
export function thenPromote(
  host: ThreadHost,
  yields: boolean,
  cancellable: boolean,
): (index: CoreValue) => CoreValue | undefined {
  const yieldNow = yieldThread(host, cancellable);
  return (index) => {
    const thread = running(host), other = host.scheduler.threads(host.inst).at((index as number) >>> 0);
    if (thread.task.deliverPendingCancel(cancellable)) return 1;
    if (other.isReady) return switchTo(thread, other, yields, cancellable);
    if (yields) return yieldNow();
    checkMayBlock(thread, "thread.suspend-then-promote");
    return suspendNow(thread, cancellable);
  };
}

/** Passes control to another thread. */
function switchTo(thread: Thread, other: Thread, yields: boolean, cancellable: boolean): CoreValue | undefined {
  const { scheduler } = thread.task;
  if (other.onStack) {
    const stack = scheduler.suspend("thread.suspend-then-resume");
    if (yields) yieldOnStack(thread, stack, cancellable);
    else suspendOnStack(thread, stack, cancellable);
    scheduler.replaceBy(other);
    return undefined;
  }
  // The other one runs on top of this one, which may be resumed meanwhile.
  let resumed: { cancelled: boolean } | undefined;
  thread.cancellable = cancellable;
  thread.go = (cancelled) => {
    resumed = { cancelled };
  };
  if (yields) thread.waiting = { ...always, cancellable };
  thread.below = true;
  const landed = scheduler.run(other, false, [], () => scheduler.blocked(thread));
  thread.below = false;
  const { isReady, waiting } = thread;
  if (landed && resumed !== undefined) return flag(resumed.cancelled);
  thread.go = thread.waiting = undefined;
  if (landed) {
    if ((yields || isReady) && (isSynchronous(thread) || !scheduler.allowed && !other.below)) return 0;
    if (!yields && isSynchronous(thread)) return suspendNow(thread, cancellable);
  }
  const stack = scheduler.suspend("thread.suspend-then-resume");
  if (yields) {
    yieldOnStack(thread, stack, cancellable);
  } else {
    suspendOnStack(thread, stack, cancellable);
    thread.waiting = waiting; // the other one may have called `thread.resume-later`
  }
  if (landed) scheduler.land(thread);
  return undefined;
}
