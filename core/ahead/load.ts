// Makes the component that was written ahead of time.
// What a written module exports, and compiled core modules, enter. The component leaves. Nothing is
// decoded, validated, planned or generated.

import type { Codegen } from "../../abi/codegen/generate.ts";
import { setReadied } from "../../abi/codegen/readied.ts";
import { returningType } from "../../abi/codecs/returning.ts";
import { makeResourceType } from "../../abi/types/resource_slots.ts";
import { CompileError } from "../../errors.ts";
import { type Component, makeComponent, type Printers } from "../component.ts";
import { setFusedPlan } from "../fused/fused_plan.ts";
import { AHEAD_VERSION, type WrittenAdapters, type WrittenComponent } from "./written.ts";
import type { HeldModule } from "../module/held_module.ts";
import type { Plan } from "../plan/plan_types.ts";

/** Throws a CompileError if another version of the library wrote a component. */
export function checkVersion({ version }: Pick<WrittenComponent, "version">): void {
  if (version !== AHEAD_VERSION) {
    throw new CompileError("other-version", "load component", undefined, version, AHEAD_VERSION);
  }
}

/**
 * Makes the component.
 *
 * @param modules The core modules, then the adapters; `undefined` for adapters that the engine refused.
 */
export async function loadAhead(
  written: WrittenComponent,
  modules: readonly (WebAssembly.Module | undefined)[],
  printers: Printers,
): Promise<Component> {
  const { sizes, evaluates, fused, metered, entries } = written;
  // All at once: where they are files, each takes its time.
  const [meterer, asyncParts] = await Promise.all([
    metered ? import("../meter/meterer.ts").then(({ meterer }) => meterer) : undefined,
    metered || written.async ? import("../async/async_core.ts").then(({ asyncParts }) => asyncParts) : undefined,
  ]);
  const held = sizes.map((length, i): HeldModule => ({
    module: modules[i]!,
    offset: 0,
    length,
    metered,
    type: undefined,
  }));
  const { plan, adapters } = written.make({ m: held, r: makeResourceType, t: setReadied, g: returningType });
  if (adapters !== undefined) await setAdapters(plan, adapters, modules.slice(sizes.length));
  const codegen: Codegen = { print: undefined, evaluates, entries };
  return makeComponent({
    definition: undefined,
    reflect: () => written.reflect(),
    plan,
    modules: held,
    codegen,
    fused,
    fuser: undefined,
    meterer,
    asyncParts,
    printers,
  });
}

async function setAdapters(
  plan: Plan,
  { parts, sites }: WrittenAdapters,
  modules: readonly (WebAssembly.Module | undefined)[],
): Promise<void> {
  const [{ fusedPlan }, { Sites }] = await Promise.all([
    import("../fused/fused_core.ts"),
    import("../../abi/fused/sites.ts"),
  ]);
  setFusedPlan(plan, fusedPlan(parts.map((part, i) => ({ ...part, module: modules[i] })), new Sites(sites)));
}
