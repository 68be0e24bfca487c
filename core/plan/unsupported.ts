// What a plan can express and this library cannot run yet, in one place. A step enters, the name of
// the missing feature leaves. Reaching such a step is a trap.

import type { FuncType } from "../../abi/types/types.ts";
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
      return unsupportedCanon("lower", step.options, step.type);
    case "adapter":
      return unsupportedCanon("lower", step.options, step.type) ?? unsupportedLift(plan.lifts[step.lift]!);
  }
}

/** Gives the missing feature of a lift in the same way. */
export function unsupportedLift({ options, type }: PlanLift): string | undefined {
  return unsupportedCanon("lift", options, type);
}

function unsupportedCanon(canon: "lift" | "lower", options: PlanOptions, { async }: FuncType): string | undefined {
  if (options.style !== "sync") return `async ${canon}`;
  if (options.address === "i64") return `${canon} with a 64-bit memory`;
  return async ? canon === "lift" ? "async lift" : "lower of an async function" : undefined;
}

function unsupportedBuiltin(builtin: Builtin, { resources }: Plan): string | undefined {
  switch (builtin.name) {
    case "resource.new":
    case "resource.rep":
      return resources[builtin.resource]!.rep === "i64" ? `${builtin.name} of an i64` : undefined;
    case "resource.drop":
      return undefined;
    default:
      return builtin.name;
  }
}
