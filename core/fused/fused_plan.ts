// Which plans have adapters in WebAssembly. The code that makes them (fuse.ts) is large, and most
// components have no calls between guests: `compile` loads it only for those that have some.
// Plans enter; what was made for them leaves.

import type { FusedCore, FusedSide } from "./fused_core.ts";
import type { Plan } from "../plan/plan_types.ts";

/** All adapters of a plan. */
export interface FusedPlan {
  /** The engine's modules. */
  modules(): WebAssembly.Module[];
  /** Makes the adapters of one instance tree. */
  core(side: FusedSide): FusedCore;
}

/** Makes adapters. */
export interface Fuser {
  /** Makes the adapters of a plan that has none yet; `metered` ones pay for what they lift. */
  fuse(plan: Plan, metered: boolean): void;
  /** Takes adapters that were compiled elsewhere. Gives how many; 0 if they are not those of the plan. */
  given(plan: Plan, metered: boolean, modules: readonly WebAssembly.Module[]): number;
}

const plans = new WeakMap<Plan, FusedPlan>();

/** The adapters of a plan, if there are some. */
export function fusedPlanOf(plan: Plan): FusedPlan | undefined {
  return plans.get(plan);
}

/** Says what the adapters of a plan are. */
export function setFusedPlan(plan: Plan, fused: FusedPlan): void {
  plans.set(plan, fused);
}

/** Whether some component instance of a plan calls another. */
export function hasGuestCalls({ steps }: Plan): boolean {
  return steps.some(({ kind }) => kind === "adapter");
}

/** Whether a plan has such calls, or those that are made of it may have: it has components as imports or exports. */
export function needsFuser(plan: Plan): boolean {
  return hasGuestCalls(plan) || plansMore(plan);
}

/** Whether other plans may be made of a plan: it has components as imports or exports. */
export function plansMore({ imports, exports }: Plan): boolean {
  return imports.some(({ want }) => want.kind === "component") ||
    [...exports.values()].some(({ item }) => item.sort === "component");
}
