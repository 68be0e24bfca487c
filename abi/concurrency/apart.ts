// Guest code that is no part of the running thread: realloc, post-return, destructors, and calls of
// synchronous functions. Each is a thread of its own, made only if it asks for one.

import type { Scheduler } from "./scheduler.ts";
import type { Thread } from "./thread.ts";

type Func = (...args: never[]) => unknown;

/**
 * Makes a function that runs apart from the running thread. With `isCall`, it is a function that the
 * host calls, and a message says what to call instead.
 */
export function apart<F extends Func>(scheduler: Scheduler, func: F, isCall = false): F {
  return ((...args) => {
    const { current, allowed, plainCall, root } = scheduler;
    scheduler.root = current?.task.root ?? root;
    scheduler.current = undefined;
    scheduler.allowed = false;
    scheduler.plainCall = isCall;
    try {
      return func(...args);
    } finally {
      end(scheduler.current);
      scheduler.current = current;
      scheduler.allowed = allowed;
      scheduler.plainCall = plainCall;
      scheduler.root = root;
    }
  }) as F;
}

/** Makes a lifted function and its post-return, which runs in the thread of the call. */
export function callApart<F extends Func, P extends Func>(
  scheduler: Scheduler,
  core: F,
  postReturn: P | undefined,
): { core: F; postReturn: P | undefined } {
  if (postReturn === undefined) return { core: apart(scheduler, core, true), postReturn };
  let last: Thread | undefined;
  return {
    core: apart(
      scheduler,
      ((...args) => {
        try {
          return core(...args);
        } finally {
          last = scheduler.current;
        }
      }) as F,
      true,
    ),
    postReturn: ((...args) => {
      const { current, allowed, root } = scheduler;
      scheduler.root = current?.task.root ?? root;
      scheduler.current = last;
      scheduler.allowed = false;
      last = undefined;
      try {
        return postReturn(...args);
      } finally {
        scheduler.current = current;
        scheduler.allowed = allowed;
        scheduler.root = root;
      }
    }) as P,
  };
}

/** A synchronous call has ended: its thread has no index any more. */
function end(thread: Thread | undefined): void {
  if (thread !== undefined && thread.index !== 0) thread.task.unregister(thread);
}
