// The values of a call that does not return at once, passed by generated code: the parts of its plan
// that values cross in.
// A signature and a context enter, functions leave. Until a part has been used a few times, and
// where nothing is generated, `undefined` leaves, and closures serve (calls/passing.ts).

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import type { CallLink } from "../calls/call_link.ts";
import { type CallPlan, planOfGiven, planOfOutcome, planOfParams } from "../calls/call_plan.ts";
import type { CodecSource } from "../codecs/codec.ts";
import type { Signature } from "../codecs/signature.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { areNumbers } from "../types/types.ts";
import { tiers } from "./tiers.ts";
import { type Codegen, generate, isPassed } from "./generate.ts";

/** What is generated from. */
export interface Passed {
  readonly signature: Signature;
  readonly cx: CanonContext;
  readonly codecs: CodecSource;
  readonly codegen: Codegen;
  /** For messages. */
  readonly path: string;
}

/** A function that is generated when it has been asked for a few times. */
class Warm<F> {
  #left: number;
  #make: (() => F | undefined) | undefined;
  #made: F | undefined;

  constructor({ print }: Codegen, make: () => F | undefined) {
    this.#left = print === undefined ? 0 : tiers.warmCalls;
    this.#make = make;
  }

  get(): F | undefined {
    const make = this.#make;
    if (make === undefined || this.#left-- > 0) return this.#made;
    this.#make = undefined;
    try {
      return this.#made = make();
    } catch {
      return undefined; // the stack is nearly exhausted, or a policy forbids it: closures serve
    }
  }
}

/**
 * Whether only numbers cross. Closures pass these faster than generated code, which must hand them
 * over in a call of its own: 45 and 61 ns for a host function with one parameter and a result.
 */
export function isNumbers({ type }: Signature): boolean {
  return areNumbers(type);
}

function linked({ cx, path }: Passed, plan: CallPlan, call: CoreFunction): CallLink {
  const lifts = plan.lift !== undefined;
  return {
    plan,
    caller: lifts ? undefined : cx,
    callee: lifts ? { cx, core: call, postReturn: undefined, entering: [], allowed: true, number: 0 } : undefined,
    host: lifts ? undefined : call,
    path,
    throws: true,
  };
}

/** Lowers what the host gives a guest as parameters. */
export function paramsLowering(passed: Passed): Warm<(values: readonly unknown[]) => CoreValue[]> {
  return new Warm(passed.codegen, () => {
    if (isNumbers(passed.signature)) return undefined;
    let flat: CoreValue[] = [];
    const plan = planOfParams(passed.signature);
    const made = generate(
      linked(passed, plan, (...core) => void (flat = core)),
      false,
      passed.codecs,
      passed.codegen,
      isPassed,
    );
    return made && ((values) => {
      made(...values as CoreValue[]);
      return flat;
    });
  });
}

/** Lifts what a guest gives the host: parameters, or the operands of `task.return`. */
export function givenLifting(passed: Passed): Warm<(flat: readonly CoreValue[]) => unknown[]> {
  return new Warm(passed.codegen, () => {
    if (isNumbers(passed.signature)) return undefined;
    let values: unknown[] = [];
    const plan = planOfGiven(passed.signature), host = (...given: unknown[]) => void (values = given);
    const made = generate(linked(passed, plan, host as CoreFunction), false, passed.codecs, passed.codegen, isPassed);
    return made && ((flat) => {
      made(...flat);
      const given = values;
      values = []; // they may be garbage soon
      return given;
    });
  });
}

/** Lowers what a host function has come to: `outcome` gives it, or throws it. */
export function outcomeLowering(
  passed: Passed,
): Warm<(flat: readonly CoreValue[], outcome: () => unknown) => CoreValue | undefined> {
  return new Warm(passed.codegen, () => {
    if (isNumbers(passed.signature)) return undefined;
    let outcome: () => unknown;
    const plan = planOfOutcome(passed.signature);
    const made = generate(
      linked(passed, plan, (() => outcome()) as CoreFunction),
      false,
      passed.codecs,
      passed.codegen,
      isPassed,
    );
    return made && ((flat, given) => {
      outcome = given;
      try {
        return made(...flat) as CoreValue | undefined;
      } finally {
        outcome = nothing;
      }
    });
  });
}

function nothing(): void {}

export type { Warm };
