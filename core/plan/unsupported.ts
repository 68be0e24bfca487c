// What a plan can express and this library cannot run yet, in one place. A step enters, the name of
// the missing feature leaves. Reaching such a step is a trap.

import type { Builtin, MakingStep, Plan, PlanLift, PlanOptions } from "./plan_types.ts";

/**
 * Gives the feature that a step needs and that is missing, in the words of a trap. `undefined` if
 * the step can run.
 */
export function unsupportedStep(step: MakingStep, plan: Plan): string | undefined {
  switch (step.kind) {
    case "builtin":
      return unsupportedBuiltin(step.builtin, plan);
    case "lower":
      return unsupportedCanon("lower", step.options);
    case "adapter":
      return unsupportedCanon("lower", step.options) ?? unsupportedLift(plan.lifts[step.lift]!);
  }
}

/** Gives the missing feature of a lift in the same way. */
export function unsupportedLift({ options }: PlanLift): string | undefined {
  return unsupportedCanon("lift", options);
}

function unsupportedCanon(canon: "lift" | "lower", { address }: PlanOptions): string | undefined {
  return address === "i64" ? `${canon} with a 64-bit memory` : undefined;
}

function unsupportedBuiltin(builtin: Builtin, { resources }: Plan): string | undefined {
  switch (builtin.name) {
    case "resource.new":
    case "resource.rep":
      return resources[builtin.resource]!.rep === "i64" ? `${builtin.name} of an i64` : undefined;
    // `canon_thread_new_ref`, of which it consists, "has not yet been defined".
    case "thread.spawn-ref":
      return `${builtin.name}: the specification has no rules for it yet`;
    case "thread.spawn-indirect":
      return `${builtin.name}: no engine has the shared tables that it needs`;
    default:
      return undefined;
  }
}
