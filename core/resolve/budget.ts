// How much a component may unfold into: counted while it is validated and planned.
// Definitions in, weights out; beyond the bound a CompileError that names the limit.

import type { Definition, TypeDecl } from "../decode/syntax.ts";
import { invalid } from "../binary/invalid.ts";
import { MAX_UNFOLDED_DEFINITIONS } from "../binary/limits.ts";

/** Bounds what a small binary can unfold into. */
export class Budget {
  #left: number;

  /** @param bytes The size of the binary, which pays for what it spells out. */
  constructor(bytes = 0) {
    this.#left = MAX_UNFOLDED_DEFINITIONS + bytes;
  }

  /** Counts `weight` definitions, or parts of one. */
  spend(offset: number, weight = 1): void {
    this.#left -= weight;
    if (this.#left < 0) {
      invalid("component", offset, "limit-exceeded", "definition", MAX_UNFOLDED_DEFINITIONS);
    }
  }
}

/** A scope costs about as much as this many definitions. */
export const SCOPE_WEIGHT = 8;

/** How much work a definition or declaration is, by the parts it lists; a type's parts count when it is evaluated. */
export function weigh(definition: Definition | TypeDecl): number {
  switch (definition.kind) {
    case "instance":
    case "core-instance":
      return 1 + (definition.expr.kind === "exports" ? definition.expr.exports : definition.expr.args).length;
    default:
      return 1;
  }
}
