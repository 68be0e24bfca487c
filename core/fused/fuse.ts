// The adapters of a plan, compiled: which module serves which calls between guests.
// A plan enters; modules of adapters leave, for the engine and for instances. Where none can be had,
// calls go through JavaScript.

import { ADAPTERS_MARK, type EngineFeatures, fuse } from "../../abi/fused/fuse.ts";
import { Sites } from "../../abi/fused/sites.ts";
import { isExhausted } from "../../abi/exhausted.ts";
import { isForbidden } from "../module/forbidden.ts";
import { features, hasLegacyTry } from "../module/features.ts";
import { fusedPlanOf, type Fuser, hasGuestCalls, setFusedPlan } from "./fused_plan.ts";
import { fusedGroups } from "../plan/fused_calls.ts";
import type { Plan } from "../plan/plan_types.ts";
import { FusedCore, type FusedPart, type FusedParts } from "./fused_core.ts";

/** Makes the adapters of a plan. */
export async function fuseAsync(plan: Plan): Promise<void> {
  await Promise.all(
    fusePlan(plan).map(async (part) => {
      try {
        part.module = await WebAssembly.compile(part.fused.bytes);
      } catch (error) {
        refuse(error);
      }
    }),
  );
}

/** Makes the adapters of a plan that has none yet, without waiting. */
function fuseSync(plan: Plan): void {
  if (fusedPlanOf(plan) !== undefined || !hasGuestCalls(plan)) return;
  for (const part of fusePlan(plan)) {
    try {
      part.module = new WebAssembly.Module(part.fused.bytes);
    } catch (error) {
      refuse(error);
    }
  }
}

/**
 * Takes adapters that were compiled elsewhere. Gives how many; 0 if they are not those of the plan.
 */
function fuseGiven(plan: Plan, modules: readonly WebAssembly.Module[]): number {
  const parts = fusePlan(plan);
  const fits = parts.length === modules.length &&
    parts.every(({ fused: { mark } }, i) => {
      const found = WebAssembly.Module.customSections(modules[i]!, ADAPTERS_MARK)[0];
      return found !== undefined && new TextDecoder().decode(found) === mark;
    });
  if (!fits) return 0;
  parts.forEach((part, i) => part.module = modules[i]);
  return parts.length;
}

/** All that makes adapters without waiting. */
export const fuser: Fuser = { fuse: fuseSync, given: fuseGiven };

/** Without a module, JavaScript serves. Any other failure is a fault of ours. */
function refuse(error: unknown): void {
  if (!isForbidden(error) && !isExhausted(error)) throw error;
}

/** How exceptions are caught in the engine. Engines from before `try_table` have `try`. */
function catching(): EngineFeatures["catching"] {
  return features.exceptions ? "try_table" : hasLegacyTry() ? "try" : undefined;
}

/** Writes the adapters of a plan. They are not compiled yet. */
export function fusePlan(plan: Plan): readonly FusedPart[] {
  const groups = fusedGroups(plan, features);
  if (groups.length === 0) return [];
  const sites = new Sites(), engine: EngineFeatures = { simd: features.simd, catching: catching() };
  const parts = groups.map((group): FusedPart => ({
    group,
    fused: fuse(group.calls, sites, engine),
    module: undefined,
  }));
  const byStep = new Map(parts.map((part) => [part.group.before, part]));
  const byCall = new Map(
    parts.flatMap((part) => part.group.steps.map((step) => [step.coreFunc, { step, part }] as const)),
  );
  const all: FusedParts = {
    sites,
    before: (step) => byStep.get(step),
    step: (call) => byCall.get(call)?.step,
    isCompiled: (call) => byCall.get(call)?.part.module !== undefined,
  };
  setFusedPlan(plan, {
    modules: () => parts.flatMap(({ module }) => module ?? []),
    core: (side) => new FusedCore(side, all),
  });
  return parts;
}
