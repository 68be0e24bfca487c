// Readiness: what a pollable stands for. It is either ready or says when it may be.

/** Something that a guest may wait for. */
export interface Readiness {
  /** Whether waiting is over. */
  ready(): boolean;
  /** Calls back once it may be over; what is returned stops that. */
  onReady(callback: () => void): () => void;
  /** Waits on this thread; missing where only the event loop can bring it about. */
  readonly waitSync?: (() => void) | undefined;
  /**
   * When it will be over, in milliseconds of `performance.now()`, if that is known. `onReady` is
   * not called then: whoever waits sets one timer for the earliest of all deadlines.
   */
  readonly deadline?: number | undefined;
}

/** Tells those who wait that something changed. */
export class Signal {
  readonly #listeners = new Set<() => void>();

  /** Whether somebody waits. */
  get awaited(): boolean {
    return this.#listeners.size > 0;
  }

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

/** Waits until something may be ready. */
export function whenReady(readiness: Readiness): Promise<void> {
  return new Promise((resolve) => {
    const stop = readiness.onReady(() => {
      stop();
      resolve();
    });
  });
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
    return callAt(this.deadline, callback);
  }
}

/**
 * Calls back at a time of `performance.now()`, or earlier: whoever waits looks again. What is
 * returned stops that.
 */
export function callAt(deadline: number, callback: () => void): () => void {
  // Timers count in whole milliseconds of 31 bits.
  const left = Math.ceil(deadline - performance.now());
  const timer = setTimeout(callback, Math.min(Math.max(left, 0), 2 ** 31 - 1));
  return () => clearTimeout(timer);
}
