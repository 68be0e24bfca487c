// The routes of a call between guests, for tests: an adapter in WebAssembly with vectors, one without,
// and JavaScript. Each gives what it came to; all three must be alike.

import { assertEquals } from "@std/assert";
import { type CompileOptions, compileSync, type Component, features } from "@windlass/component";

/** A component compiled for each route. */
export interface Routes {
  readonly vectors: Component;
  readonly words: Component;
  readonly javascript: Component;
}

/** Runs an action as in an engine without a feature. */
export function without<T>(name: keyof typeof features, action: () => T): T {
  const had = Object.getOwnPropertyDescriptor(features, name)!;
  Object.defineProperty(features, name, { value: false, configurable: true, enumerable: true });
  try {
    return action();
  } finally {
    Object.defineProperty(features, name, had);
  }
}

/** Compiles a component for each route. */
export function routes(bytes: Uint8Array<ArrayBuffer>, options: CompileOptions = {}): Routes {
  return {
    vectors: compileSync(bytes, options),
    words: without("simd", () => compileSync(bytes, options)),
    javascript: compileSync(bytes, { ...options, fused: false }),
  };
}

/** Runs the same on each route; gives what it came to, which must be the same. */
export function alike<T>(found: Routes, run: (component: Component) => T): T {
  const expected = run(found.javascript);
  assertEquals(run(found.vectors), expected);
  assertEquals(run(found.words), expected);
  return expected;
}

/** What a call came to: a value, or the words of an error. */
export function outcome<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}
