// Wraps functions for call hooks. Only instances with hooks get wrapped functions, so that hooks
// cost nothing otherwise.
// A function and its path enter. The same function leaves, or one that calls the hooks around it.

import { type HookFailure, observe } from "../../abi/state/hooks.ts";
import type { InstanceTree } from "../../abi/state/instance.ts";
import type { CanonOptions } from "../../abi/state/canon_context.ts";
import { isThenable } from "../../abi/codecs/results.ts";
import { abandon } from "../../abi/state/suspend.ts";

type Func = (...args: never[]) => unknown;

/**
 * Makes a function that calls the tree's hooks when it is called and when it has returned. With
 * `mayWait`, a call that gives a promise returns when the promise settles.
 */
export function hooked<F extends Func>(tree: InstanceTree, func: F, path: string, guest: boolean, mayWait = false): F {
  const { hooks } = tree;
  if (hooks === undefined) return func;
  const returning = (): void =>
    observe(() => guest ? hooks.returningFromGuest?.(path) : hooks.returningFromHost?.(path));
  return ((...args: never[]) => {
    observe(() => guest ? hooks.callingGuest?.(path) : hooks.callingHost?.(path));
    let waits = false;
    try {
      const value = func(...args);
      // A call that waits has not returned yet.
      waits = mayWait && isThenable(value);
      return waits ? hookedPromise(tree, value as PromiseLike<unknown>, returning) : value;
    } finally {
      if (!waits) returning();
    }
  }) as F;
}

/** Gives canonical options with a hooked `realloc`. */
export function hookedOptions(tree: InstanceTree, options: CanonOptions, path: string): CanonOptions {
  if (tree.hooks === undefined || options.realloc === undefined) return options;
  return { ...options, realloc: hooked(tree, options.realloc, path, true) };
}

/**
 * Wraps the promise of a call that has not returned yet. If the guest is unwound, the call returns
 * at that moment and not when the host's promise settles.
 */
function hookedPromise(
  tree: InstanceTree,
  promise: PromiseLike<unknown> & { readonly [abandon]?: () => void },
  returning: () => void,
): Promise<unknown> {
  let returned = false;
  const returningOnce = (): void => {
    if (returned) return;
    returned = true;
    returning();
  };
  return Object.assign(Promise.resolve(promise).finally(returningOnce), {
    [abandon]: () => {
      promise[abandon]?.();
      try {
        returningOnce();
      } catch (error) {
        tree.onError((error as HookFailure).error); // the instance is locked down: no call is left that it could end
      }
    },
  });
}

/**
 * Wraps a function that a guest calls and that costs it no units, if the guest is watched: one that
 * does nothing but call such functions may spend few units in a long time.
 */
export function watched<F extends Func>({ meter }: InstanceTree, func: F): F {
  if (meter === undefined || !meter.isWatched) return func;
  return ((...args: never[]) => {
    const value = func(...args);
    meter.returned();
    return value;
  }) as F;
}

/** Wraps a function by which the host calls a guest, where the guest's time is limited. */
export function timed<F extends Func>({ meter }: InstanceTree, func: F): F {
  if (meter === undefined || !meter.isTimed) return func;
  // A function that is no constructor either, and passes `this` on.
  const { call } = {
    call(this: unknown, ...args: never[]): unknown {
      return meter.timed(() => func.apply(this, args));
    },
  };
  return call as F;
}
