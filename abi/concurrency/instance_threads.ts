// What a component instance has for concurrency: its threads, backpressure, and the lock of tasks
// that may not interleave.
// Spec: definitions.py `ComponentInstance`.

import { trap } from "../state/trap.ts";
import type { ComponentInstance } from "../state/instance.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Thread } from "./thread.ts";

const made = new WeakMap<ComponentInstance, InstanceThreads>();

/** Gives the threads of an instance. */
export function threadsOf(inst: ComponentInstance, scheduler: Scheduler): InstanceThreads {
  let found = made.get(inst);
  if (found === undefined) made.set(inst, found = new InstanceThreads(inst, scheduler));
  return found;
}

/** The threads of one instance. */
export class InstanceThreads {
  readonly inst: ComponentInstance;
  readonly scheduler: Scheduler;
  /** The table of threads. Index 0 is reserved. */
  readonly #table: (Thread | undefined)[] = [undefined];
  readonly #free: number[] = [];
  /** `backpressure`. */
  backpressure = 0;
  /** `exclusive_thread`. */
  exclusive: Thread | undefined = undefined;
  /** Threads of tasks that wait to enter, the first first. */
  readonly entering: Set<Thread> = new Set();
  /** Those of them that do not need the lock. */
  readonly #enteringFreely = new Set<Thread>();
  /** Threads that are ready but for the lock. */
  readonly locked: Set<Thread> = new Set();

  constructor(inst: ComponentInstance, scheduler: Scheduler) {
    this.inst = inst;
    this.scheduler = scheduler;
  }

  /** Puts a thread in the table. */
  register(thread: Thread): void {
    thread.index = this.#free.pop() ?? this.#table.length;
    this.#table[thread.index] = thread;
  }

  /** The limit of threads that a guest may make. Each lies in the host's memory. */
  checkRoom(): void {
    const { tree } = this.inst, most = Math.min(tree.maxHandles, tree.maxHostHandles);
    if (this.#free.length === 0 && this.#table.length > most) trap(tree, "handle-limit", most, " to threads");
  }

  unregister(thread: Thread): void {
    if (thread.index === 0) return;
    this.#table[thread.index] = undefined;
    this.#free.push(thread.index);
    thread.index = 0;
  }

  /** Gives the thread with an index. */
  at(index: number): Thread {
    const thread = this.#table[index];
    if (thread === undefined) trap(this.inst.tree, "unknown-thread", index);
    return thread;
  }

  /**
   * Whether a thread could go on while a synchronous task of the instance waits. Tasks that may not
   * interleave cannot.
   */
  hasCandidate(): boolean {
    return this.#table.some((thread) => thread !== undefined && isCandidate(thread));
  }

  /** Gives the one of them that has been ready for the longest time. */
  nextCandidate(fits: (thread: Thread) => boolean): Thread | undefined {
    let next: Thread | undefined;
    for (const thread of this.#table) {
      if (thread === undefined || next !== undefined && next.since < thread.since) continue;
      if (isCandidate(thread) && fits(thread)) next = thread;
    }
    return next;
  }

  addBackpressure(change: 1 | -1): void {
    const { tree } = this.inst;
    this.backpressure += change;
    if (this.backpressure < 0 || this.backpressure >= 0x1_0000) trap(tree, "backpressure-overflow");
    if (this.backpressure === 0) this.admit();
  }

  /** Takes the lock. */
  lock(thread: Thread): void {
    this.exclusive = thread;
  }

  /** Gives the lock back: a thread that waited for it goes on, or else a task that waits to enter. */
  unlock(): void {
    this.exclusive = undefined;
    this.passLock();
  }

  /** Wakes the next thread that waits for the lock. */
  passLock(): void {
    if (this.locked.size === 0 && this.entering.size === 0) return;
    for (const thread of this.locked) {
      this.locked.delete(thread);
      if (thread.isReady) return this.scheduler.wake(thread);
    }
    this.admit();
  }

  /** A task has to wait before it may enter. */
  waitToEnter(thread: Thread): void {
    this.entering.add(thread);
    if (!thread.task.needsExclusive) this.#enteringFreely.add(thread);
  }

  /** A task need not wait any more. */
  stopWaitingToEnter(thread: Thread): void {
    this.entering.delete(thread);
    this.#enteringFreely.delete(thread);
  }

  /** Wakes the next task that waits to enter, and may. */
  admit(): void {
    if (this.backpressure > 0) return;
    const [first] = this.exclusive === undefined ? this.entering : this.#enteringFreely;
    if (first !== undefined) this.scheduler.wake(first);
  }

  /** A thread was woken in vain. If that was to pass the lock, the next one gets it. */
  passOn(): void {
    if (this.exclusive === undefined) this.passLock();
  }
}

function isCandidate(thread: Thread): boolean {
  const { task } = thread;
  return !(task.needsExclusive && thread === task.implicit) && thread.isReady;
}
