// What may watch the calls of a guest: the command line's `--trace`. Nothing of it is public.
// The imports of a guest enter, and leave with functions around them; so do calls of its exports.

import type { Component } from "../../core/component.ts";
import type { Imports } from "../link/linker.ts";

/** Watches the calls between a guest and its host. */
export interface Watch {
  /** Gives the imports for a component, with a function around each that it may call. */
  imports(component: Component, imports: Imports): Imports;
  /**
   * Calls an export. `args` are its arguments in words, `show` says what it gave.
   */
  call<T>(path: string, args: string, call: () => PromiseLike<T> | T, show?: (value: T) => string): Promise<T>;
}

/** Calls an export, watched by whoever watches. */
export async function watched<T>(watch: Watch | undefined, path: string, call: () => PromiseLike<T> | T): Promise<T> {
  return watch === undefined ? await call() : await watch.call(path, "", call);
}
