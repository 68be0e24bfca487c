// What an adapter is doing, as numbers in the flags of the tree, so that a message can name the call
// and the parameter. While it takes a value from one guest to the other, a word of the tree has the
// number of that part of the call. While the callee runs, the word of the callee's instance that
// says "entered" has the number of the call, and how deep it is.
// Adapters take numbers while they are written; from a number, the call and the part of it leave.

import { LOCKED } from "../state/flags.ts";

/** A part of a call between guests. */
export type Phase = "call" | "params" | "result";

/** One part of one call. */
export interface Site {
  /** The adapter, by its index in the plan of the component. */
  readonly adapter: number;
  readonly phase: Phase;
  /** Index of the parameter. */
  readonly param: number;
}

/** The sites of a component. Number 0 is none. */
export class Sites {
  readonly #sites: Site[];

  constructor(sites: Iterable<Site> = []) {
    this.#sites = [...sites];
  }

  /** All of them, in order. */
  all(): readonly Site[] {
    return this.#sites;
  }

  add(adapter: number, phase: Phase, param = 0): number {
    return this.#sites.push({ adapter, phase, param });
  }

  at(number: number): Site | undefined {
    return this.#sites[number - 1];
  }
}

/** How many depths such a word tells from each other. Deeper calls begin again. */
const DEPTHS = 2 ** 10;

/**
 * The value of the word "entered" for a call of an adapter, from which the depth is subtracted. It
 * is below that of a lock-down; the numbers of other calls are above 0.
 */
export function enteredBy(site: number): number {
  return LOCKED - 1 - site * DEPTHS;
}

/** The bits of a depth that the word has. */
export const DEPTH_MASK: number = DEPTHS - 1;

/** The call that such a word names. `undefined` if it is not an adapter's. */
export function enteredFrom(word: number): { readonly site: number; readonly depth: number } | undefined {
  if (word >= LOCKED) return undefined;
  const value = LOCKED - 1 - word;
  return { site: Math.floor(value / DEPTHS), depth: value % DEPTHS };
}
