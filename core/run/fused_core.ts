// The adapters of one instance tree: modules of adapters, instantiated before the core instances that
// import them.
// The compiled adapters of a plan enter, core functions leave.

import type { CoreFunction } from "../../abi/types/core_values.ts";
import type { Sides } from "../../abi/calls/guest_to_guest.ts";
import { fusedImports, type FusedTree, nameCalls } from "../../abi/fused/link.ts";
import type { InstanceTree } from "../../abi/state/instance.ts";
import type { FusedPlan } from "../fuse.ts";
import type { CodecSource } from "../../abi/codecs/codec.ts";
import type { FusedFunc } from "../../abi/fused/fuse.ts";
import type { AdapterStep } from "../plan/fused_calls.ts";
import type { CoreRef, PlanStep } from "../plan/plan_types.ts";

/** What adapters take from the core side. */
export interface FusedSide {
  readonly tree: InstanceTree;
  readonly codecs: CodecSource;
  readonly plan: FusedPlan;
  /** Gives a memory. */
  memory(ref: CoreRef): WebAssembly.Memory;
  /** Gives a function that adapters call, as calls of its instance must be made. */
  func(func: FusedFunc, ref: CoreRef, step: AdapterStep): CoreFunction;
  /** Whether a call is made by its adapter. */
  serves(step: AdapterStep): boolean;
  /** Gives both sides of a call. */
  sides(step: AdapterStep): Sides;
}

/** The adapters of one instance tree. */
export class FusedCore {
  readonly #side: FusedSide;
  readonly #tree: FusedTree;

  constructor(side: FusedSide) {
    const { tree, codecs, plan: { sites, step } } = side, made: Sides[] = [];
    this.#side = side;
    this.#tree = { tree, codecs, sites, sides: (index) => made[index] ??= side.sides(step(index)!) };
    nameCalls(this.#tree);
  }

  /** Whether a call has an adapter. */
  serves(step: AdapterStep): boolean {
    return this.#side.plan.step(step.coreFunc) !== undefined && this.#side.serves(step);
  }

  /** Makes the adapters that the core instance of a step is the first to import. */
  before(step: PlanStep): readonly (readonly [coreFunc: number, adapter: CoreFunction])[] {
    const part = this.#side.plan.before(step);
    if (part?.module === undefined) return [];
    const { fused, group: { steps, refs }, module } = part, imports = fusedImports(this.#tree, fused);
    const { memory, func, plan, serves } = this.#side;
    fused.memories.forEach((key, i) => imports[`m${i}`] = memory(refs.get(key)!));
    fused.funcs.forEach((each, i) => imports[`f${i}`] = func(each, refs.get(each.key)!, plan.step(each.call)!));
    const { exports } = new WebAssembly.Instance(module, { "": imports });
    return steps.filter(serves).map(({ coreFunc }) => [coreFunc, exports[coreFunc] as CoreFunction]);
  }
}
