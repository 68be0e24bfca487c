// The adapters of one instance tree: modules of adapters, instantiated before the core instances that
// import them.
// The compiled adapters of a plan enter, core functions leave.

import { engineMessage, LinkError } from "../../errors.ts";
import type { CoreFunction } from "../../abi/types/core_values.ts";
import type { Sides } from "../../abi/calls/guest_to_guest.ts";
import { Frames, fusedImports, type FusedTree, guestCopy, nameCalls } from "../../abi/fused/link.ts";
import type { Sites } from "../../abi/fused/sites.ts";
import type { InstanceTree } from "../../abi/state/instance.ts";
import type { CodecSource } from "../../abi/codecs/codec.ts";
import { exportNames, type FusedFunc, type FusedModule } from "../../abi/fused/fuse.ts";
import type { GuestCopy } from "../../abi/calls/guest_copy.ts";
import type { FusedPlan } from "./fused_plan.ts";
import type { AdapterStep, FusedGroup } from "../plan/fused_calls.ts";
import type { CoreRef, PlanStep } from "../plan/plan_types.ts";

/** One module of adapters. */
export interface FusedPart {
  readonly group: Omit<FusedGroup, "calls"> & {
    readonly calls: readonly Pick<FusedGroup["calls"][number], "index" | "adapts" | "copies">[];
  };
  readonly fused: Omit<FusedModule, "bytes">;
  /** The engine's module. */
  module: WebAssembly.Module | undefined;
}

/** All adapters of a plan, by what they are for. */
export interface FusedParts {
  readonly sites: Sites;
  /** The module that is instantiated before a step. */
  before(step: PlanStep): FusedPart | undefined;
  /** The step of a call, by its number. `undefined` for a call without an adapter. */
  step(call: number): AdapterStep | undefined;
  /** Whether the adapter of a call was compiled. */
  isCompiled(call: number): boolean;
}

/** Gives the adapters of a plan, from their parts. */
export function fusedPlan(parts: readonly FusedPart[], sites: Sites): FusedPlan {
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
  return { modules: () => parts.flatMap(({ module }) => module ?? []), core: (side) => new FusedCore(side, all) };
}

/** What adapters take from the core side. */
export interface FusedSide {
  readonly tree: InstanceTree;
  readonly codecs: CodecSource;
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
  readonly #parts: FusedParts;
  readonly #tree: FusedTree;
  readonly #frames = new Frames();
  readonly #copies = new Map<number, GuestCopy>();

  constructor(side: FusedSide, parts: FusedParts) {
    const { tree, codecs } = side, { sites, step } = parts, made: Sides[] = [];
    this.#side = side;
    this.#parts = parts;
    this.#tree = { tree, codecs, sites, sides: (index) => made[index] ??= side.sides(step(index)!) };
    nameCalls(this.#tree);
  }

  /** Whether a call has an adapter. */
  serves(step: AdapterStep): boolean {
    return this.#parts.isCompiled(step.coreFunc) && this.#side.serves(step);
  }

  /** What copies the values of a call that runs as a task. `undefined` if JavaScript does. */
  copy(step: AdapterStep): GuestCopy | undefined {
    return this.#copies.get(step.coreFunc);
  }

  /** Makes the adapters that the core instance of a step is the first to import. */
  before(step: PlanStep): readonly (readonly [coreFunc: number, adapter: CoreFunction])[] {
    const part = this.#parts.before(step);
    if (part?.module === undefined) return [];
    const { fused, group: { steps, refs, calls }, module } = part,
      imports = fusedImports(this.#tree, fused, this.#frames);
    const { memory, func, serves } = this.#side;
    fused.memories.forEach((key, i) => imports[`m${i}`] = memory(refs.get(key)!));
    fused.funcs.forEach((each, i) => imports[`f${i}`] = func(each, refs.get(each.key)!, this.#parts.step(each.call)!));
    const { exports } = instantiate(module, imports);
    for (const { index, copies } of calls) if (copies) this.#copies.set(index, guestCopy(exports, index, this.#frames));
    return steps.filter((step, i) => calls[i]!.adapts && serves(step))
      .map(({ coreFunc }) => [coreFunc, exports[exportNames.adapter(coreFunc)] as CoreFunction]);
  }
}

/**
 * Instantiates a module of adapters. A module that the host provided may have functions of other
 * types than it should: engines do not tell before.
 */
function instantiate(module: WebAssembly.Module, imports: WebAssembly.ModuleImports): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, { "": imports });
  } catch (error) {
    if (!(error instanceof WebAssembly.LinkError)) throw error;
    throw new LinkError("core-link", "instantiate component", "", engineMessage(error));
  }
}
