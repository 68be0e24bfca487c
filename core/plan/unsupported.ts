// What a plan can express and this library cannot run yet, in one place. A step enters, the name of
// the missing feature leaves. Reaching such a step is a trap.

import type { MakingStep } from "./plan_types.ts";

/**
 * Gives the feature that a step needs and that is missing, in the words of a trap. `undefined` if
 * the step can run.
 */
export function unsupportedStep(step: MakingStep): string | undefined {
  if (step.kind !== "builtin") return undefined;
  const { name } = step.builtin;
  switch (name) {
    // `canon_thread_new_ref`, of which it consists, "has not yet been defined".
    case "thread.spawn-ref":
      return `${name}: the specification has no rules for it yet`;
    case "thread.spawn-indirect":
      return `${name}: no engine has the shared tables that it needs`;
    default:
      return undefined;
  }
}
