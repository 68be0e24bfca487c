// Waiting: what a pollable stands for, and how a host function waits for it.
// Where a guest can be suspended, by a promise; where not, on this thread if the thing waited for has a way to; else the error says what is missing.

import { type Suspending, suspendingOr } from "../func.ts";

/** Something that a guest may wait for. */
export interface Readiness {
  /** Whether waiting is over. */
  ready(): boolean;
  /** Calls back once it may be over; what is returned stops that. */
  onReady(callback: () => void): () => void;
  /** Waits on this thread; missing where only the event loop can bring it about. */
  readonly waitSync?: (() => void) | undefined;
  /** When it will be over, in milliseconds of `performance.now()`, if that is known. */
  readonly deadline?: number | undefined;
}

/** Tells those who wait that something changed. */
export class Signal {
  readonly #listeners = new Set<() => void>();

  /** Calls back at each change, until what is returned is called. */
  on(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Something changed. */
  fire(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Never has to be waited for. */
export const always: Readiness = { ready: () => true, onReady: () => () => {} };

/** Ready once a promise is settled. */
export class Settled implements Readiness {
  readonly #signal = new Signal();
  #settled = false;

  constructor(promise: PromiseLike<unknown>) {
    const settle = (): void => {
      this.#settled = true;
      this.#signal.fire();
    };
    promise.then(settle, settle);
  }

  ready(): boolean {
    return this.#settled;
  }

  onReady(callback: () => void): () => void {
    return this.#signal.on(callback);
  }
}

/** Ready at a time of `performance.now()`, in milliseconds. */
export class Timer implements Readiness {
  readonly deadline: number;

  constructor(deadline: number) {
    this.deadline = deadline;
  }

  ready(): boolean {
    return performance.now() >= this.deadline;
  }

  onReady(callback: () => void): () => void {
    // Timers count in whole milliseconds of 31 bits: who waits looks again.
    const left = Math.ceil(this.deadline - performance.now());
    const timer = setTimeout(callback, Math.min(Math.max(left, 0), 2 ** 31 - 1));
    return () => clearTimeout(timer);
  }

  waitSync(): void {
    sleepSync(this.deadline - performance.now());
  }
}

/** Sleeps on this thread; an error where the runtime has no way to (a browser's main thread). */
export function sleepSync(milliseconds: number): void {
  if (milliseconds <= 0) return;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  } catch {
    throw cannotWait("a sleep");
  }
}

/** What to throw where a guest waits for something that only the event loop can bring about. */
export function cannotWait(what: string): Error {
  return new Error(
    `the guest waits for ${what}, which cannot happen while it runs: ` +
      "call it through `instance.promising` in an engine with JSPI (WebAssembly.Suspending and WebAssembly.promising)",
  );
}

/** Waits until one of several is ready. */
export async function untilAny(items: readonly Readiness[]): Promise<void> {
  while (!items.some((item) => item.ready())) {
    let stops: (() => void)[] = [];
    await new Promise<void>((resolve) => {
      stops = items.map((item) => item.onReady(resolve));
    });
    for (const stop of stops) stop();
  }
}

/** The same on this thread. */
export function untilAnySync(items: readonly Readiness[], what: string): void {
  while (!items.some((item) => item.ready())) {
    const deadlines = items.flatMap(({ deadline }) => deadline ?? []);
    if (deadlines.length > 0) sleepSync(Math.min(...deadlines) - performance.now());
    else {
      const able = items.find(({ waitSync }) => waitSync !== undefined);
      if (able === undefined) throw cannotWait(what);
      able.waitSync!();
    }
  }
}

/**
 * A host function that waits: `attempt` gives what it has to wait for, or its value once it need not wait any more.
 *
 * It suspends the guest where that can be suspended, and waits on this thread otherwise. `attempt` is called with the object that the
 * method belongs to as its first argument.
 */
// deno-lint-ignore no-explicit-any
export function blocking<Self, A extends any[], R>(
  what: string,
  begin: (self: Self, ...args: A) => () => Waiting | Done<R>,
): Suspending<(this: Self, ...args: A) => R | Promise<R>> {
  const suspends = function (this: Self, ...args: A): R | Promise<R> {
    const attempt = begin(this, ...args);
    const first = attempt();
    return first instanceof Done ? first.value : later(attempt, first);
  };
  const plain = function (this: Self, ...args: A): R {
    const attempt = begin(this, ...args);
    for (;;) {
      const next = attempt();
      if (next instanceof Done) return next.value;
      untilAnySync(next, what);
    }
  };
  return suspendingOr(suspends, plain) as Suspending<(this: Self, ...args: A) => R | Promise<R>>;
}

/** Any of these is to be waited for. */
export type Waiting = readonly Readiness[];
/** The value of a function that need not wait any more. */
export class Done<R> {
  readonly value: R;
  constructor(value: R) {
    this.value = value;
  }
}

async function later<R>(attempt: () => Waiting | Done<R>, first: Waiting): Promise<R> {
  for (let next: Waiting | Done<R> = first;; next = attempt()) {
    if (next instanceof Done) return next.value;
    await untilAny(next);
  }
}
