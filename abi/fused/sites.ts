// What an adapter is doing, as a number in the flags of the tree: an adapter leaves it there when
// guest code runs or a value is wrong, so that a message can name the call and the parameter.
// Adapters take numbers while they are written; from a number, the call and the part of it leave.

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
  readonly #sites: Site[] = [];

  add(adapter: number, phase: Phase, param = 0): number {
    return this.#sites.push({ adapter, phase, param });
  }

  at(number: number): Site | undefined {
    return this.#sites[number - 1];
  }
}

/**
 * The value of the word that says which call an instance was entered for: that of an adapter is
 * below that of a lock-down, -1. Others are above 0.
 */
export function enteredBy(site: number): number {
  return -1 - site;
}
