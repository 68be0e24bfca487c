// Blocking: what happens when a guest's thread has to wait in a function that it called.
// Spec: definitions.py `Thread.wait_until`, `Thread.suspend`.

import type { CoreValue } from "../types/core_values.ts";
import type { ComponentInstance } from "../state/instance.ts";
import type { Scheduler, SuspendedStack } from "./scheduler.ts";
import { Task } from "./task.ts";
import type { Thread, Waiting } from "./thread.ts";

/** Gives the running thread of an instance. Code that no task runs gets a synchronous task. */
export function currentThread(inst: ComponentInstance, scheduler: Scheduler): Thread {
  const { current } = scheduler;
  if (current !== undefined && current.task.inst === inst) return current;
  const task = new Task(inst, scheduler);
  return scheduler.current = task.implicit;
}

/** Whether a thread may not block, because its caller waits for it synchronously. */
export function isSynchronous(thread: Thread): boolean {
  const { task } = thread;
  return !task.async && !task.isResolved && thread === task.implicit;
}

/**
 * The trap of a synchronous task that calls what may block, unless another thread of its instance is
 * ready. Wasmtime makes this check only when the task really has to wait; the pinned commit makes it
 * at once.
 */
export const EAGER_BLOCK_CHECK = true as boolean;

/** Makes that check. `what` may have to wait. */
export function checkMayBlock(thread: Thread, what: string): void {
  if (!EAGER_BLOCK_CHECK || !isSynchronous(thread)) return;
  const { scheduler, inst } = thread.task;
  if (!scheduler.hasReady && !scheduler.threads(inst).hasCandidate()) scheduler.neverReturns(what);
}

/**
 * Waits. `finish` gives what the guest's call returns, with whether the wait was cancelled. Gives
 * that at once if nothing is to be waited for.
 */
export function block(
  thread: Thread,
  waiting: Waiting,
  finish: (cancelled: boolean) => CoreValue | undefined,
): CoreValue | undefined {
  const { task } = thread, { scheduler } = task;
  if (task.deliverPendingCancel(waiting.cancellable)) return finish(true);
  if (waiting.ready()) return finish(false);
  if (isSynchronous(thread)) {
    let back = (): void => {};
    const outcome = runOthers(thread, waiting.ready, () => back());
    if (outcome === "ready") return finish(false);
    if (outcome === "under way") {
      const stack = scheduler.suspend(waiting.what);
      back = () => {
        if (waiting.ready()) scheduler.resume(stack, [], () => finish(false));
        else blockSuspended(thread, stack, waiting, finish);
      };
      return undefined;
    }
  }
  const stack = scheduler.suspend(waiting.what);
  waitOnStack(thread, stack, waiting, finish);
  scheduler.land(thread);
  return undefined;
}

/** Makes a thread wait whose stack is suspended. */
export function waitOnStack(
  thread: Thread,
  stack: SuspendedStack,
  waiting: Waiting,
  finish: (cancelled: boolean) => CoreValue | undefined,
): void {
  const { scheduler } = thread.task;
  scheduler.wait(thread, waiting, (cancelled, entering) => {
    scheduler.resume(stack, entering, () => finish(cancelled));
  }, true);
}

/** A thread whose stack is suspended already has to wait longer: control goes to its resumer. */
export function blockSuspended(
  thread: Thread,
  stack: SuspendedStack,
  waiting: Waiting,
  finish: (cancelled: boolean) => CoreValue | undefined,
): void {
  const { scheduler } = thread.task;
  waitOnStack(thread, stack, waiting, finish);
  scheduler.flight = { thread, toEnter: [] };
  scheduler.land(thread);
}

/**
 * Runs other threads of the instance on top of a synchronous task's stack, until it need not wait
 * any more. If one of them goes on in a microtask, `back` is called when that blocks or ends.
 * "stuck" if only suspended stacks could help.
 */
export function runOthers(thread: Thread, ready: () => boolean, back: () => void): "ready" | "under way" | "stuck" {
  const { task: { inst, scheduler } } = thread, threads = scheduler.threads(inst);
  while (!ready()) {
    const other = threads.nextCandidate((each) => each !== thread && !each.onStack);
    if (other === undefined) {
      if (threads.nextCandidate((each) => each !== thread) === undefined) scheduler.neverReturns();
      return "stuck";
    }
    if (!scheduler.run(other, false, [], back)) return "under way";
  }
  return "ready";
}
