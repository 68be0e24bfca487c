// The adapters of one instance tree: modules of adapters, instantiated before the core instances that
// import them.
// The compiled adapters of a plan enter, core functions leave.

import type { CoreFunction } from "../../abi/types/core_values.ts";
import type { Sides } from "../../abi/calls/guest_to_guest.ts";
import { fusedImports, type FusedTree, nameCalls } from "../../abi/fused/link.ts";
import type { InstanceTree } from "../../abi/state/instance.ts";
import type { FusedPlan } from "../fuse.ts";
import type { AdapterStep } from "../plan/fused_calls.ts";
import type { CoreRef, PlanStep } from "../plan/plan_types.ts";

/** What adapters take from the core side. */
export interface FusedSide {
  readonly tree: InstanceTree;
  readonly plan: FusedPlan;
  /** Gives a core item. */
  core(ref: CoreRef): unknown;
  /** Gives both sides of a call. */
  sides(step: AdapterStep): Sides;
}

/** The adapters of one instance tree. */
export class FusedCore {
  readonly #side: FusedSide;
  readonly #tree: FusedTree;

  constructor(side: FusedSide) {
    const { tree, plan: { sites, step } } = side, made: Sides[] = [];
    this.#side = side;
    this.#tree = { tree, sites, sides: (index) => made[index] ??= side.sides(step(index)!) };
    nameCalls(this.#tree);
  }

  /** Whether a call has an adapter. */
  serves({ coreFunc }: AdapterStep): boolean {
    return this.#side.plan.step(coreFunc) !== undefined;
  }

  /** Makes the adapters that the core instance of a step is the first to import. */
  before(step: PlanStep): readonly (readonly [coreFunc: number, adapter: CoreFunction])[] {
    const part = this.#side.plan.before(step);
    if (part?.module === undefined) return [];
    const { fused, group: { steps, refs }, module } = part, imports = fusedImports(this.#tree, fused);
    fused.memories.forEach((key, i) => imports[`m${i}`] = this.#side.core(refs.get(key)!) as WebAssembly.Memory);
    fused.funcs.forEach((key, i) => imports[`f${i}`] = this.#side.core(refs.get(key)!) as CoreFunction);
    const { exports } = new WebAssembly.Instance(module, { "": imports });
    return steps.map(({ coreFunc }) => [coreFunc, exports[coreFunc] as CoreFunction]);
  }
}
