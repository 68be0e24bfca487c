// Whether a plan has parts of the asynchronous model: then its instances have a scheduler.

import { containsAsyncValue, type FuncType } from "../../abi/types/types.ts";
import type { Plan } from "./plan_types.ts";

const asyncPlans = new WeakMap<Plan, boolean>();

/** Whether a plan has parts of the asynchronous model. */
export function isAsyncPlan(plan: Plan): boolean {
  let known = asyncPlans.get(plan);
  if (known === undefined) asyncPlans.set(plan, known = findAsync(plan));
  return known;
}

function findAsync({ steps, lifts, imports }: Plan): boolean {
  return lifts.some(({ type, options }) => options.style !== "sync" || isAsyncType(type)) ||
    imports.some(({ want }) =>
      want.kind === "func" && isAsyncType(want.type) || want.kind === "value" && containsAsyncValue(want.type)
    ) ||
    steps.some((step) => step.kind === "builtin" && !step.builtin.name.startsWith("resource."));
}

function isAsyncType({ async, params, result }: FuncType): boolean {
  return async || params.some(({ type }) => containsAsyncValue(type)) ||
    result !== undefined && containsAsyncValue(result);
}
