// Generated functions and their copies. Engines specialise a function by what it closes over only as long as its code has made one closure,
// and share what they learn between functions of the same text; one that runs for two instances takes three times as long.
// So instances get code of their own, up to a number.
// Text in, functions out.

/** Instances with code of their own; beyond this many they share. */
const MAX_COPIES = 16;

/** Something that is made anew for each instance, until there are enough. */
export class Copies<T> {
  #count = 0;
  #last: T | undefined;

  /** The next instance's. */
  next(make: () => T): T {
    if (this.#last === undefined || this.#count < MAX_COPIES) {
      this.#count++;
      this.#last = make();
    }
    return this.#last;
  }
}

let functions = 0;

/** A function from its text, which no other function has. */
export function ownFunction(names: readonly string[], body: string): (...args: unknown[]) => unknown {
  return new Function(...names, `"use strict";\n${body}\n// ${functions++}`) as (...args: unknown[]) => unknown;
}
