// Waiting: what a pollable stands for, and how a host function waits for it.
// Where a guest can be suspended, by a promise; where not, on this thread if the thing waited for has a way to; else the error says what is missing.

import { abandon } from "../../abi/suspend.ts";
import { features } from "../../core/features.ts";
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

/** A cell of shared memory that nobody changes: waiting for it is sleeping. */
let cell: Int32Array<SharedArrayBuffer> | undefined;

/** Sleeps on this thread; an error where the runtime has no way to (a browser's main thread). */
export function sleepSync(milliseconds: number): void {
  if (milliseconds <= 0) return;
  try {
    // The memory's buffer: a page that is not isolated from other origins has no
    // `SharedArrayBuffer`, and its workers may sleep all the same.
    const shared = { initial: 1, maximum: 1, shared: true };
    cell ??= new Int32Array(new WebAssembly.Memory(shared).buffer as unknown as SharedArrayBuffer);
    Atomics.wait(cell, 0, 0, milliseconds);
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

/** Waits until one may be ready; `hold` is given what ends the wait for good. */
function change(items: readonly Readiness[], hold: (stop: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    let stops: (() => void)[] = [];
    const stop = (): void => {
      for (const each of stops) each();
      stops = [];
    };
    hold(stop);
    const changed = (): void => {
      stop();
      resolve();
    };
    stops = items.map((item) => item.onReady(changed));
  });
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

/** Milliseconds that a guest may go on without the event loop having its turn: timers, aborts, other guests. */
const MAX_TURN = 10;
let turn = 0;

/** The event loop's turn: what others wait for can happen. */
function nextTurn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  return new Promise<void>((resolve) => {
    if (setImmediate !== undefined) return void setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  }).then(() => {
    turn = performance.now();
  });
}

let plainly = false;

/** Whether a plain call is at it, during which the event loop does not run. */
export function isPlain(): boolean {
  return plainly || !features.jspi;
}

/**
 * A host function that waits: `begin` gives an attempt, and that what it has to wait for, or its value once it need not wait any more.
 *
 * It suspends the guest where that can be suspended, and waits on this thread otherwise.
 */
// deno-lint-ignore no-explicit-any
export function blocking<Self, A extends any[], R>(
  what: string,
  begin: (self: Self, ...args: A) => () => Waiting | Done<R>,
): Suspending<(this: Self, ...args: A) => R | Promise<R>> {
  const suspends = function (this: Self, ...args: A): R | Promise<R> {
    const attempt = begin(this, ...args);
    const first = attempt();
    return first instanceof Done && performance.now() - turn < MAX_TURN ? first.value : later(attempt, first);
  };
  const plain = function (this: Self, ...args: A): R {
    const outer = plainly;
    plainly = true;
    try {
      const attempt = begin(this, ...args);
      for (;;) {
        const next = attempt();
        if (next instanceof Done) return next.value;
        untilAnySync(next, what);
      }
    } finally {
      plainly = outer;
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

/** Waits and tries again until it is done. An abort of the guest ends the waiting. */
function later<R>(attempt: () => Waiting | Done<R>, first: Waiting | Done<R>): Promise<R> {
  let stop: () => void = () => {}, abandoned = false;
  const wait = async (): Promise<R> => {
    for (let next = first;; next = attempt()) {
      if (performance.now() - turn >= MAX_TURN) await nextTurn();
      if (next instanceof Done) return next.value;
      // Something may have happened meanwhile that nobody was told of.
      if (next.some((item) => item.ready())) continue;
      await change(next, (stopIt) => {
        stop = stopIt;
        if (abandoned) stopIt();
      });
    }
  };
  return Object.assign(wait(), {
    [abandon]: () => {
      abandoned = true;
      stop();
    },
  });
}
