// The calls between guests that adapters in WebAssembly serve, and in which modules these are: those
// that one core instance imports first are one module, which is instantiated before it.
// A plan enters; it leaves descriptions for abi/fused. Other calls go through JavaScript.

import type { FusedCall, FusedEnd, ItemKey } from "../../abi/fused/fuse.ts";
import { valuesOf } from "../../abi/fused/places.ts";
import { enteringSet, mayCall } from "../../abi/state/nesting.ts";
import { areNumbers } from "../../abi/types/types.ts";
import { resourceSlotOf } from "../../abi/types/resource_slots.ts";
import { MAX_ADAPTER_MODULES, MAX_ADAPTER_VALUES, MAX_ADAPTERS, MAX_FUSED_VALUES } from "../binary/limits.ts";
import type { CoreRef, Plan, PlanOptions, PlanStep } from "./plan_types.ts";
import { isAsyncPlan } from "./async_plan.ts";
import { suspendingReach } from "./suspend_reach.ts";

/** The step of a call between guests. */
export type AdapterStep = PlanStep & { readonly kind: "adapter" };

/** The calls whose adapters are one module. */
export interface FusedGroup {
  /** The step that makes the first core instance that imports one of them. */
  readonly before: PlanStep;
  readonly calls: readonly FusedCall[];
  /** The step of each call. */
  readonly steps: readonly AdapterStep[];
  /** The core items that the calls name. */
  readonly refs: ReadonlyMap<ItemKey, CoreRef>;
}

/** What adapters need of the engine. */
export interface AdapterFeatures {
  /** Several memories in a module. */
  readonly multiMemory: boolean;
  /** 64-bit memories. */
  readonly memory64: boolean;
}

/** Gives the groups of a plan. */
export function fusedGroups(plan: Plan, engine: AdapterFeatures): FusedGroup[] {
  const adapters = new Map<number, AdapterStep>(), definers = new Map<number, number>();
  // What may have to wait runs as a task: its values are copied, and JavaScript does the rest.
  const reach = isAsyncPlan(plan) ? suspendingReach(plan, []) : undefined;
  for (const step of plan.steps) {
    if (step.kind === "adapter" && isServed(step, plan, engine)) adapters.set(step.coreFunc, step);
    if (step.kind === "resource") definers.set(step.resource, step.node);
  }
  if (adapters.size === 0) return [];
  const groups: FusedGroup[] = [], seen = new Set<object>();
  let count = 0, values = 0;
  for (const step of plan.steps) {
    if (step.kind !== "instantiate" || groups.length === MAX_ADAPTER_MODULES) continue;
    const steps: AdapterStep[] = [];
    for (const [, arg] of step.args) {
      if (arg.kind !== "items" || seen.has(arg.items)) continue;
      seen.add(arg.items);
      for (const [, ref] of arg.items) {
        const adapter = ref.kind === "made" ? adapters.get(ref.coreFunc) : undefined;
        if (adapter === undefined || count === MAX_ADAPTERS) continue;
        adapters.delete(adapter.coreFunc);
        values += valuesOf(adapter.type) + entered(adapter, plan).length;
        if (values > MAX_FUSED_VALUES) continue;
        steps.push(adapter);
        count++;
      }
    }
    const refs = new Map<ItemKey, CoreRef>(), describer = new Describer(plan, definers, reach, refs);
    const served = steps.map((step) => ({ step, call: describer.call(step) }))
      .filter(({ call: { adapts, copies } }) => adapts || copies);
    if (served.length === 0) continue;
    groups.push({
      before: step,
      steps: served.map(({ step }) => step),
      calls: served.map(({ call }) => call),
      refs,
    });
  }
  return groups;
}

/** Whether an adapter can serve a call. */
function isServed(step: AdapterStep, plan: Plan, { multiMemory, memory64 }: AdapterFeatures): boolean {
  const { options, core } = plan.lifts[step.lift]!;
  if (valuesOf(step.type) > MAX_ADAPTER_VALUES) return false;
  if (!multiMemory && (options.memory ?? step.options.memory) !== undefined) return false;
  if (!memory64 && (options.address === "i64" || step.options.address === "i64")) return false;
  // Such functions are made when they are first called.
  return [core, options.realloc, options.postReturn, step.options.realloc].every((ref) => ref?.kind !== "made");
}

/** The component instances that a call enters. */
function entered({ lift, node }: Pick<AdapterStep, "lift" | "node">, { lifts, nodes }: Plan): readonly number[] {
  return enteringSet(lifts[lift]!.node, node, parentIn(nodes));
}

function parentIn(nodes: Plan["nodes"]): (node: number) => number | undefined {
  return (node) => nodes[node]! < 0 ? undefined : nodes[node]!;
}

/** Describes calls for abi/fused. Core items get names. */
class Describer {
  readonly #plan: Plan;
  /** The component instance that defines each resource, by slot. */
  readonly #definers: ReadonlyMap<number, number>;
  /** Lifts that may have to wait. `undefined` for a component that is not asynchronous. */
  readonly #reach: ReadonlySet<number> | undefined;
  readonly #refs: Map<ItemKey, CoreRef>;

  constructor(
    plan: Plan,
    definers: ReadonlyMap<number, number>,
    reach: ReadonlySet<number> | undefined,
    refs: Map<ItemKey, CoreRef>,
  ) {
    this.#plan = plan;
    this.#definers = definers;
    this.#reach = reach;
    this.#refs = refs;
  }

  call({ coreFunc, lift, type, options, node }: AdapterStep): FusedCall {
    const { lifts, nodes } = this.#plan, callee = lifts[lift]!, { postReturn } = callee.options;
    const adapts = !callee.type.async && callee.options.style === "sync" && options.style === "sync";
    return {
      index: coreFunc,
      adapts,
      // Numbers cross faster as arguments of JavaScript than through a function of their own.
      copies: (!adapts || this.#reach?.has(lift) === true) && !areNumbers(type),
      caller: this.#end(type, options, node),
      callee: this.#end(callee.type, callee.options, callee.node),
      core: this.#key(callee.core),
      postReturn: postReturn && this.#key(postReturn),
      entering: entered({ lift, node }, this.#plan),
      allowed: mayCall(node, callee.node, parentIn(nodes)),
      defines: (resource) => this.#definers.get(resourceSlotOf(resource)) === callee.node,
    };
  }

  #end(type: FusedEnd["type"], options: PlanOptions, node: number): FusedEnd {
    const { stringEncoding, style, address, memory, realloc } = options;
    return {
      type,
      node,
      style,
      encoding: stringEncoding,
      address,
      memory: memory && this.#key(memory),
      realloc: realloc && this.#key(realloc),
    };
  }

  #key(ref: CoreRef): ItemKey {
    const key = ref.kind === "made" ? `${ref.coreFunc}` : `${ref.instance}.${ref.name}`;
    this.#refs.set(key, ref);
    return key;
  }
}
