// Functions that can be called with an AbortSignal: which these are, and how.
// Functions that give promises enter; they leave with a note of how to call them so.

import { reasonOf } from "../state/instance.ts";

/**
 * How to call a function with a signal. A function of a class takes `this` as its first argument.
 */
type CallWithSignal = (signal: AbortSignal, args: readonly unknown[]) => Promise<unknown>;

const signalled = new WeakMap<object, { readonly call: CallWithSignal; readonly method: boolean }>();

/** Notes that a function can be called with a signal. */
export function takesSignal<F extends object>(func: F, call: CallWithSignal, method: boolean): F {
  signalled.set(func, { call, method });
  return func;
}

/** Gives a function that calls with a signal. `undefined` if the function cannot be called so. */
export function bindSignal(
  signal: AbortSignal,
  func: object,
): ((this: unknown, ...args: unknown[]) => Promise<unknown>) | undefined {
  const known = signalled.get(func);
  if (known === undefined) return undefined;
  return function (this: unknown, ...args: unknown[]) {
    return known.call(signal, known.method ? [this, ...args] : args);
  };
}

/** Makes a method, which can be called with a signal, too. */
export function methodWithSignal(
  call: (...args: unknown[]) => Promise<unknown>,
): (...args: unknown[]) => Promise<unknown> {
  const method = function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return call(this, ...args);
  };
  return takesSignal(method, signalled.get(call)!.call, true);
}

/**
 * A synchronous function that may be suspended cannot be cancelled: only its promise is given up.
 */
export function raceWithSignal(
  call: (...args: unknown[]) => Promise<unknown>,
): (...args: unknown[]) => Promise<unknown> {
  return takesSignal(call, (signal, args) => {
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(reasonOf(signal));
      signal.addEventListener("abort", abort, { once: true });
      call(...args).then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }, false);
}
