// Bounds what printing a world can cost: types are shared and names are long, so that a small binary can describe an enormous text.

import { CompileError } from "../../errors.ts";
import { MAX_PRINTED_CHARS } from "../../core/binary/limits.ts";

/** Counts the characters that one printing puts together. */
export class PrintBudget {
  #left: number = MAX_PRINTED_CHARS;

  /** Counts a piece of text, and what putting it into others costs. Throws CompileError beyond the limit. */
  text(piece: string): string {
    this.#left -= piece.length + 8;
    if (this.#left < 0) {
      throw new CompileError("limit-exceeded", "print world", undefined, "character", MAX_PRINTED_CHARS);
    }
    return piece;
  }
}
