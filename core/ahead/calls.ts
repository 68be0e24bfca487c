// Which trampolines of a plan are written: those that its instances may ask for between host and guest,
// with the facts that instances would have.
// A plan enters. The calls leave, each once per function that may need it.

import {
  type CallPlan,
  planFromHost,
  planOfGiven,
  planOfOutcome,
  planOfParams,
  planToHost,
} from "../../abi/calls/call_plan.ts";
import { type Facts, factsOf, isCovered, isPassed } from "../../abi/codegen/generate.ts";
import { isNumbers } from "../../abi/codegen/passing.ts";
import type { CodecSource } from "../../abi/codecs/codec.ts";
import { returningType } from "../../abi/codecs/returning.ts";
import { signatureOf } from "../../abi/codecs/signature.ts";
import { enteringSet } from "../../abi/state/nesting.ts";
import { resourceSlotOf } from "../../abi/types/resource_slots.ts";
import type { FuncType } from "../../abi/types/types.ts";
import { isAsyncPlan } from "../plan/async_plan.ts";
import type { FuncRef, NamedPlanItem, Plan, PlanLift } from "../plan/plan_types.ts";
import { LoweredImports } from "../run/lowered_imports.ts";

/** A trampoline that an instance may ask for. */
export interface WantedCall {
  /** The type that it is found by. */
  readonly type: FuncType;
  /** Whether that is the result of this type, as a parameter (`returningType`). */
  readonly returning: boolean;
  readonly plan: CallPlan;
  readonly facts: Facts;
}

type Exports = ReadonlyMap<string, NamedPlanItem>;

/** Gives the trampolines of a plan. */
export function* wantedCalls(plan: Plan, codecs: CodecSource): Iterable<WantedCall> {
  const finder = new Finder(plan, codecs);
  yield* finder.exported(plan.exports);
  yield* finder.imported();
}

class Finder {
  readonly #plan: Plan;
  readonly #codecs: CodecSource;
  readonly #isAsync: boolean;
  /** The component instance that defines each resource with representations that are an i32. */
  readonly #definers: ReadonlyMap<number, number>;

  constructor(plan: Plan, codecs: CodecSource) {
    this.#plan = plan;
    this.#codecs = codecs;
    this.#isAsync = isAsyncPlan(plan);
    const { steps, resources } = plan;
    this.#definers = new Map(
      steps.flatMap((step) =>
        step.kind === "resource" && resources[step.resource]!.rep === "i32" ? [[step.resource, step.node]] : []
      ),
    );
  }

  *exported(items: Exports): Iterable<WantedCall> {
    for (const [name, { item }] of items) {
      if (item.sort === "instance") yield* this.exported(item.instance.exports);
      if (item.sort === "func") yield* this.#export(item.func, name.startsWith("[method]"));
    }
  }

  *imported(): Iterable<WantedCall> {
    const lowered = LoweredImports.of(this.#plan);
    for (const step of this.#plan.steps) {
      if (step.kind !== "lower" || !lowered.isUsed(step.coreFunc)) continue;
      const { type, options: { style, address }, node } = step;
      const lower = signatureOf(type, { side: "lower", style, address }, this.#codecs);
      if (style === "sync" && isCovered(type)) yield this.#call(type, planToHost(lower), node, 0, {});
      // A function may suspend its caller, whatever its type, and runs as a task then.
      if (!this.#isAsync || !isPassed(type) || isNumbers(lower)) continue;
      for (const plan of [planOfGiven(lower), planOfOutcome(lower)]) yield this.#part(type, plan, node);
    }
  }

  *#export(ref: FuncRef, method: boolean): Iterable<WantedCall> {
    const { type } = ref;
    if (ref.kind === "import") {
      // The function of the host gets an instance of its own, which is nested in the root.
      const lift = signatureOf(type, { side: "lift", style: "sync", address: "i32" }, this.#codecs);
      if (isCovered(type)) yield* this.#styles(type, planFromHost(lift, false), -1, 2, method);
      return;
    }
    // The lift knows its type by an object of its own, if the type has other names where it is exported.
    const lift = this.#plan.lifts[ref.lift]!, { style, address, postReturn } = lift.options;
    const signature = signatureOf(lift.type, { side: "lift", style, address }, this.#codecs), { node } = lift;
    if (style === "sync" && isCovered(lift.type)) {
      const plan = planFromHost(signature, postReturn !== undefined);
      yield* this.#styles(lift.type, plan, node, this.#entered(node), method);
    }
    if (this.#isAsync) yield* this.#task(lift);
  }

  /** A call throws the `err` of a result, or gives it: two texts, if there is one. */
  *#styles(type: FuncType, plan: CallPlan, node: number, entered: number, method: boolean): Iterable<WantedCall> {
    for (const throws of type.result?.kind === "result" ? [true, false] : [true]) {
      yield this.#call(type, plan, node, entered, { throws, method });
    }
  }

  /** The parts of a call that runs as a task. */
  *#task({ type, options: { style, address }, node }: PlanLift): Iterable<WantedCall> {
    const lift = signatureOf(type, { side: "lift", style, address }, this.#codecs);
    if (isPassed(type) && !isNumbers(lift)) yield this.#part(type, planOfParams(lift), node);
    const returning = returningType(type);
    const result = signatureOf(returning, { side: "lower", style: "sync", address }, this.#codecs);
    if (!isPassed(returning) || isNumbers(result)) return;
    yield { ...this.#part(type, planOfGiven(result), node), returning: true };
  }

  /** A part of a call that does not return at once (abi/codegen/passing.ts). */
  #part(type: FuncType, plan: CallPlan, node: number): WantedCall {
    return this.#call(type, plan, node, 0, { throws: true });
  }

  #call(
    type: FuncType,
    plan: CallPlan,
    node: number,
    entered: number,
    { throws = false, method = false }: { throws?: boolean; method?: boolean },
  ): WantedCall {
    const { resources } = this.#plan;
    const facts = factsOf({
      plan,
      throws,
      method,
      entered,
      isOwn: ({ resource }) => this.#definers.get(resourceSlotOf(resource)) === node,
      isHost: ({ resource }) => resources[resourceSlotOf(resource)]!.leaf !== undefined,
    });
    return { type, returning: false, plan, facts };
  }

  /** How many instances a call from the host enters. */
  #entered(node: number): number {
    const { nodes } = this.#plan;
    return enteringSet(node, undefined, (inst) => nodes[inst]! < 0 ? undefined : nodes[inst]!).length;
  }
}
