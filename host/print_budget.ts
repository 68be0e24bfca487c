// Bounds what printing a world can cost: types are shared, so that a small binary can describe an enormous text.

import { CompileError } from "../errors.ts";
import { MAX_PRINTED_TYPES } from "../core/limits.ts";

/** Counts the types that one printing spells out. */
export class PrintBudget {
  #left: number = MAX_PRINTED_TYPES;

  /** Counts one type. Throws CompileError beyond the limit. */
  spend(): void {
    if (--this.#left < 0) {
      throw new CompileError("limit-exceeded", "print world", undefined, "type", MAX_PRINTED_TYPES);
    }
  }
}
