// Values that may be promises: a store in memory answers at once, so that its guests need not be
// suspended, and one of Deno KV later.

import { err } from "@windlass/component";
import type { Later } from "./store.ts";

/** Goes on with a value, at once if it is there. */
export function after<T, R>(value: Later<T>, next: (value: T) => Later<R>): Later<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** The `error` of wasi:keyvalue. */
export type KeyvalueError =
  | { readonly tag: "no-such-store" | "access-denied" }
  | {
    readonly tag: "other";
    readonly val: string;
  };

/** An `err` of it. */
export type Failed = ReturnType<typeof err<KeyvalueError>>;

/** What a store threw, as the guest's error. */
export function other(error: unknown): Failed {
  return err({
    tag: "other",
    val: error instanceof Error ? error.message : String(error),
  });
}

/** Uses a store; what fails is the guest's error. */
export function guarded<T>(use: () => Later<T>): Later<T | Failed> {
  try {
    const value = use();
    return value instanceof Promise ? value.catch(other) : value;
  } catch (error) {
    return other(error);
  }
}
