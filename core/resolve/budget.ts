// The budget for unfolding a component: work is counted while the component is validated and
// planned.
// Definitions enter, weights leave. Above the limit it throws a CompileError that names the limit.

import type { Definition, TypeDecl } from "../decode/syntax.ts";
import { invalid } from "../binary/invalid.ts";
import { MAX_UNFOLDED_DEFINITIONS } from "../binary/limits.ts";

/** Limits what a small binary can unfold into. */
export class Budget {
  #left: number;

  /**
   * @param bytes The size of the binary, which raises the limit: definitions that are spelt out are
   * paid for.
   */
  constructor(bytes = 0) {
    this.#left = MAX_UNFOLDED_DEFINITIONS + bytes;
  }

  /** Counts `weight` definitions, or parts of a definition. */
  spend(offset: number, weight = 1): void {
    this.#left -= weight;
    if (this.#left < 0) {
      invalid("component", offset, "limit-exceeded", "definition", MAX_UNFOLDED_DEFINITIONS);
    }
  }
}

/** A scope costs about as much as this many definitions. */
export const SCOPE_WEIGHT = 8;

/** How many bytes of a value definition weigh as much as a definition. */
const VALUE_BYTES = 4;

/**
 * The weight of a definition or declaration: the number of parts that it lists. The parts of a type
 * are counted when the type is evaluated.
 */
export function weigh(definition: Definition | TypeDecl): number {
  switch (definition.kind) {
    case "instance":
    case "core-instance":
      return 1 + (definition.expr.kind === "exports" ? definition.expr.exports : definition.expr.args).length;
    // Each instance has a value of its own: some objects for a few bytes.
    case "value":
      return 1 + Math.ceil(definition.value.bytes.length / VALUE_BYTES);
    default:
      return 1;
  }
}
