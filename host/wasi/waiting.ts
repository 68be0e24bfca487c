// How a host function waits for a readiness: by a promise where the guest can be suspended, else on
// this thread if the thing waited for has a way to, else with an error that says what is missing.

import type { Result } from "../../abi/codecs/results.ts";
import { abandon } from "../../abi/state/suspend.ts";
import { features } from "../../core/module/features.ts";
import { type Suspending, suspendingOr } from "../func.ts";
import { isLater, type Later } from "./files/steps.ts";
import { callAt, type Readiness } from "./readiness.ts";
import { nextTurn, turnIsDue } from "./turns.ts";

/** Any of these is to be waited for. */
export type Waiting = readonly Readiness[];
/** The value of a function that need not wait any more. */
export class Done<R> {
  readonly value: R;
  constructor(value: R) {
    this.value = value;
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

/** The earliest deadline of all; `Infinity` where none has one. */
function earliest(items: Waiting): number {
  let first = Infinity;
  for (const { deadline } of items) if (deadline !== undefined && deadline < first) first = deadline;
  return first;
}

/** Waits until one may be ready; `hold` is given what ends the wait for good. */
function change(items: Waiting, hold: (stop: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    let stops: (() => void)[] = [];
    const stop = (): void => {
      const all = stops;
      stops = [];
      for (const each of all) each();
    };
    const changed = (): void => {
      stop();
      resolve();
    };
    hold(stop);
    const deadline = earliest(items);
    if (deadline < Infinity) stops.push(callAt(deadline, changed));
    for (const item of items) if (item.deadline === undefined) stops.push(item.onReady(changed));
  });
}

/** The same on this thread. */
export function untilAnySync(items: Waiting, what: string): void {
  while (!items.some((item) => item.ready())) {
    const deadline = earliest(items);
    if (deadline < Infinity) sleepSync(deadline - performance.now());
    else {
      const able = items.find(({ waitSync }) => waitSync !== undefined);
      if (able === undefined) throw cannotWait(what);
      able.waitSync!();
    }
  }
}

let plainly = false;

/** Whether a plain call is at it, during which the event loop does not run. */
export function isPlain(): boolean {
  return plainly || !features.jspi;
}

/**
 * A host function that waits: `begin` gives an attempt, and that what it has to wait for, or its
 * value once it need not wait any more.
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
    return first instanceof Done && !turnIsDue() ? first.value : later(attempt, first);
  };
  const plain = function (this: Self, ...args: A): R {
    return asPlain(() => {
      const attempt = begin(this, ...args);
      for (;;) {
        const next = attempt();
        if (next instanceof Done) return next.value;
        untilAnySync(next, what);
      }
    });
  };
  return suspendingOr(suspends, plain) as Suspending<(this: Self, ...args: A) => R | Promise<R>>;
}

/**
 * A host function whose answer may come later: the guest is suspended until then where it can be,
 * and the answer must be there at once otherwise.
 *
 * @param what What the answer comes from.
 */
// deno-lint-ignore no-explicit-any
export function answering<Self, A extends any[], R>(
  what: string,
  answer: (self: Self, ...args: A) => Later<R>,
): Suspending<(this: Self, ...args: A) => Later<R>> {
  const suspends = function (this: Self, ...args: A): Later<R> {
    return answer(this, ...args);
  };
  const plain = function (this: Self, ...args: A): R {
    return asPlain(() => {
      const found = answer(this, ...args);
      if (!isLater(found)) return found;
      found.then(() => {}, () => {});
      throw cannotWait(what);
    });
  };
  return suspendingOr(suspends, plain) as Suspending<(this: Self, ...args: A) => Later<R>>;
}

function asPlain<R>(action: () => R): R {
  const outer = plainly;
  plainly = true;
  try {
    return action();
  } finally {
    plainly = outer;
  }
}

/** Waits and tries again until it is done. An abort of the guest ends the waiting. */
function later<R>(attempt: () => Waiting | Done<R>, first: Waiting | Done<R>): Promise<R> {
  let stop: () => void = () => {}, abandoned = false;
  const wait = async (): Promise<R> => {
    for (let next = first;; next = attempt()) {
      if (turnIsDue()) await nextTurn();
      if (abandoned) throw new Error("nobody waits any more"); // and nobody hears it: no timer, no listener is added
      if (next instanceof Done) return next.value;
      // Something may have happened meanwhile that nobody was told of.
      if (next.some((item) => item.ready())) continue;
      await change(next, (stopIt) => void (stop = stopIt));
    }
  };
  return Object.assign(wait(), {
    [abandon]: () => {
      abandoned = true;
      stop();
    },
  });
}

/** Answers "not yet" in a row before the clock is looked at. */
const MAX_NOT_YET = 16;
let notYet = 0;

/**
 * What the `get` of a future gives: nothing yet; what it came to; or that this was given before.
 */
export type Given<T> = Result<T, undefined> | undefined;

/**
 * A host function that never waits, but whose answer changes only when the event loop runs. A guest
 * may ask again and again until it does: then the event loop gets its turns, where the guest can be
 * suspended.
 *
 * @param isNotYet Whether an answer is one after which a guest asks again.
 */
// deno-lint-ignore no-explicit-any
export function asking<Self, A extends any[], R>(
  ask: (self: Self, ...args: A) => R,
  isNotYet: (answer: R) => boolean,
): Suspending<(this: Self, ...args: A) => R | Promise<R>> {
  const suspends = function (this: Self, ...args: A): R | Promise<R> {
    const answer = ask(this, ...args);
    if (!isNotYet(answer) || ++notYet % MAX_NOT_YET !== 0 || !turnIsDue()) return answer;
    return nextTurn().then(() => answer);
  };
  const plain = function (this: Self, ...args: A): R {
    return asPlain(() => ask(this, ...args));
  };
  return suspendingOr(suspends, plain) as Suspending<(this: Self, ...args: A) => R | Promise<R>>;
}
