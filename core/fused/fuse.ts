// The adapters of a plan, compiled: which module serves which calls between guests.
// A plan enters; modules of adapters leave, for the engine and for instances. Where none can be had,
// calls go through JavaScript.

import { ADAPTERS_MARK, type AdapterSettings, fuse, type FusedModule } from "../../abi/fused/fuse.ts";
import { Sites } from "../../abi/fused/sites.ts";
import { isExhausted } from "../../abi/exhausted.ts";
import { isForbidden } from "../module/forbidden.ts";
import { features, hasLegacyTry } from "../module/features.ts";
import { fusedPlanOf, type Fuser, hasGuestCalls, setFusedPlan } from "./fused_plan.ts";
import { type AdapterFeatures, fusedGroups } from "../plan/fused_calls.ts";
import type { Plan } from "../plan/plan_types.ts";
import { type FusedPart, fusedPlan } from "./fused_core.ts";

/** A module of adapters with its bytes. */
export interface WrittenPart extends FusedPart {
  readonly fused: FusedModule;
}

/** Makes the adapters of a plan. */
export async function fuseAsync(plan: Plan, metered: boolean): Promise<void> {
  await Promise.all(
    fusePlan(plan, metered).map(async (part) => {
      try {
        part.module = await WebAssembly.compile(part.fused.bytes);
      } catch (error) {
        refuse(error);
      }
    }),
  );
}

/** Makes the adapters of a plan that has none yet, without waiting. */
function fuseSync(plan: Plan, metered: boolean): void {
  if (fusedPlanOf(plan) !== undefined || !hasGuestCalls(plan)) return;
  for (const part of fusePlan(plan, metered)) {
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
function fuseGiven(plan: Plan, metered: boolean, modules: readonly WebAssembly.Module[]): number {
  const parts = fusePlan(plan, metered);
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
function catching(): AdapterSettings["catching"] {
  return features.exceptions ? "try_table" : hasLegacyTry() ? "try" : undefined;
}

/** Writes the adapters of a plan, whose modules may be metered. They are not compiled yet. */
export function fusePlan(plan: Plan, metered: boolean): readonly WrittenPart[] {
  const settings: AdapterSettings = { simd: features.simd, catching: catching(), metered };
  const { parts, sites } = writeAdapters(plan, features, settings);
  if (parts.length > 0) setFusedPlan(plan, fusedPlan(parts, sites));
  return parts;
}

/** Writes the adapters of a plan for an engine. */
export function writeAdapters(
  plan: Plan,
  engine: AdapterFeatures,
  settings: AdapterSettings,
): { readonly parts: readonly WrittenPart[]; readonly sites: Sites } {
  const sites = new Sites();
  const parts = fusedGroups(plan, engine).map((group): WrittenPart => ({
    group,
    fused: fuse(group.calls, sites, settings),
    module: undefined,
  }));
  return { parts, sites };
}
