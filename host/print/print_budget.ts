// Limits the cost of printing a world. Types are shared and names are long, so that a small binary
// can describe an enormous text. Pieces of text enter; they leave unchanged, or a CompileError is
// thrown.

import { CompileError } from "../../errors.ts";
import { MAX_PRINTED_CHARS } from "../../core/binary/limits.ts";

/** Counts the characters that printing one world concatenates. */
export class PrintBudget {
  #left: number = MAX_PRINTED_CHARS;

  /**
   * Counts a piece of text, and the cost of putting it into other text. Throws a CompileError above
   * the limit.
   */
  text(piece: string): string {
    this.#left -= piece.length + 8;
    if (this.#left < 0) {
      throw new CompileError("limit-exceeded", "print world", undefined, "character", MAX_PRINTED_CHARS);
    }
    return piece;
  }
}
