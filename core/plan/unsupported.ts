// What a plan can express and this library cannot run yet, in one place. A step enters, the name of
// the missing feature leaves. Reaching such a step is a trap.

import type { MakingStep } from "./plan_types.ts";

/**
 * Gives the feature that a step needs and that is missing, in the words of a trap. `undefined` if
 * the step can run.
 */
export function unsupportedStep(step: MakingStep): string | undefined {
  if (step.kind !== "builtin") return undefined;
  switch (step.builtin.name) {
    case "thread.spawn-ref":
    case "thread.spawn-indirect":
    case "thread.available-parallelism":
      return step.builtin.name;
    default:
      return undefined;
  }
}
