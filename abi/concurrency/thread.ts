// A thread of a guest: what runs it, what it waits for, and its context slots.
// A thread that does not run has a continuation. It runs a callback, starts a function, or lets a
// suspended stack go on.
// Spec: definitions.py `Thread`.

import type { ComponentInstance } from "../state/instance.ts";
import type { Task } from "./task.ts";

/** Lets a thread go on. `entering` are the instances that it enters. */
export type Continue = (cancelled: boolean, entering: readonly ComponentInstance[], thread: Thread) => void;

/** What a blocked thread waits for. */
export interface Waiting {
  readonly ready: () => boolean;
  readonly cancellable: boolean;
  /** In the words of a report: `waitable set 3`. */
  readonly what: string;
}

/** No instances. */
export const nobody: readonly ComponentInstance[] = [];

/** A thread. */
export class Thread {
  readonly task: Task;
  /** Its index in the instance's table of threads. 0 if it has none. */
  index = 0;
  /** The values of `context.get` and `context.set`. */
  slot0: number | bigint = 0;
  slot1: number | bigint = 0;
  /** What it waits for. `undefined` if it runs, or is suspended until another thread resumes it. */
  waiting: Waiting | undefined = undefined;
  /** Whether cancelling its task may resume it. */
  cancellable = false;
  /** How it goes on. `undefined` while it runs, and after its end. */
  go: Continue | undefined = undefined;
  /** Whether it goes on by resuming a suspended stack, which takes a microtask. */
  onStack = false;
  /** Whether it is below another thread on one stack: it goes on when control is back there. */
  below = false;
  /** Whether it is in a queue of the scheduler. */
  queued = false;
  /** When it became ready: the number of an event of the scheduler's. 0 before that. */
  since = 0;
  /** How often it has yielded, and none could go on. */
  fruitless = 0;
  /** What happens with the results of the core function that runs on its stack. */
  returned: ((result: unknown, thread: Thread) => void) | undefined = undefined;
  /** Whether its stack is suspended, and not at its end. */
  suspended = false;
  /** The instances that are left when it blocks or ends. Set only while a resumed stack runs. */
  entered: readonly ComponentInstance[] = nobody;
  /** An exception that the end of its core function caused. */
  failure: { readonly error: unknown } | undefined = undefined;

  constructor(task: Task) {
    this.task = task;
  }

  /** `suspended`: it goes on only if another thread resumes it. */
  get isSuspended(): boolean {
    return this.go !== undefined && this.waiting === undefined;
  }

  /** `ready`. */
  get isReady(): boolean {
    return this.go !== undefined && this.waiting !== undefined && this.waiting.ready();
  }
}
