// Finds the lifts of a plan that can reach a function which may have to wait. Only they need a stack
// that can be suspended.
// Core instances that are linked to each other form one group, because functions pass between them
// in both directions, through tables.
// A plan and leaves enter, lifts leave. This is needed only if a suspending function is linked, or
// the component has asynchronous parts.

import { type Builtin, isMaking, type MakingStep, type Plan } from "./plan_types.ts";

/** Groups of core instances that are linked, directly or through other instances. */
class Groups {
  readonly #parents: number[] = [];

  of(member: number): number {
    let root = member;
    while ((this.#parents[root] ??= root) !== root) root = this.#parents[root]!;
    for (let at = member; at !== root;) {
      const next = this.#parents[at]!;
      this.#parents[at] = root;
      at = next;
    }
    return root;
  }

  join(left: number, right: number): void {
    this.#parents[this.of(left)] = this.of(right);
  }
}

/** A map from a number to a list of numbers. */
class Lists {
  readonly #lists = new Map<number, number[]>();

  add(key: number, value: number): void {
    const list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, [value]);
    else list.push(value);
  }

  of(key: number): readonly number[] {
    return this.#lists.get(key) ?? [];
  }
}

const memo = new WeakMap<Plan, Map<string, ReadonlySet<number>>>();

/** Gives the lifts that can reach one of the leaves. The result is kept per plan and leaves. */
export function suspendingReach(plan: Plan, leaves: readonly number[]): ReadonlySet<number> {
  let known = memo.get(plan);
  if (known === undefined) memo.set(plan, known = new Map());
  const key = leaves.join();
  let reach = known.get(key);
  if (reach === undefined) known.set(key, reach = findReach(plan, leaves));
  return reach;
}

/** Gives all lifts: where any code of a guest may be suspended. */
export function allLifts({ lifts }: Plan): ReadonlySet<number> {
  return new Set(lifts.keys());
}

function findReach(plan: Plan, leaves: readonly number[]): ReadonlySet<number> {
  const groups = new Groups(), importers = new Lists();
  // A list of items may be passed many times. It is a member of a group, as an instance is, and its
  // items are examined only once.
  const lists = new Map<object, number>();
  const firstList = plan.steps.length;
  for (const step of plan.steps) {
    if (step.kind !== "instantiate") continue;
    for (const [, arg] of step.args) {
      if (arg.kind === "instance") {
        groups.join(step.instance, arg.instance);
        continue;
      }
      let list = lists.get(arg.items);
      if (list === undefined) {
        lists.set(arg.items, list = firstList + lists.size);
        for (const [, ref] of arg.items) {
          if (ref.kind === "export") groups.join(list, ref.instance);
          else importers.add(ref.coreFunc, list);
        }
      }
      groups.join(step.instance, list);
    }
  }
  const liftsOfGroup = new Lists(), liftsOfFunc = new Lists(), lowersOfLift = new Lists();
  plan.lifts.forEach(({ core }, lift) => {
    if (core.kind === "export") liftsOfGroup.add(groups.of(core.instance), lift);
    else liftsOfFunc.add(core.coreFunc, lift);
  });
  const suspending = new Set(leaves), queue: number[] = [];
  for (const step of plan.steps) {
    if (step.kind === "adapter") lowersOfLift.add(step.lift, step.coreFunc);
    if (isMaking(step) && mayBlock(step, suspending)) {
      queue.push(step.coreFunc);
    }
  }
  const reached = new Set<number>(), groupsSeen = new Set<number>();
  const reach = (lift: number): void => {
    if (reached.has(lift)) return;
    reached.add(lift);
    for (const lower of lowersOfLift.of(lift)) queue.push(lower); // too many, perhaps, for one call's arguments
  };
  for (let coreFunc = queue.pop(); coreFunc !== undefined; coreFunc = queue.pop()) {
    liftsOfFunc.of(coreFunc).forEach(reach);
    for (const instance of importers.of(coreFunc)) {
      const group = groups.of(instance);
      if (groupsSeen.has(group)) continue;
      groupsSeen.add(group);
      liftsOfGroup.of(group).forEach(reach);
    }
  }
  return reached;
}

/** Whether the guest may have to wait in what a step makes. */
function mayBlock(step: MakingStep, suspending: ReadonlySet<number>): boolean {
  switch (step.kind) {
    case "lower":
      return suspending.has(step.leaf) || step.type.async && step.options.style === "sync";
    case "adapter":
      return step.type.async && step.options.style === "sync";
    case "builtin":
      return isBlocking(step.builtin);
  }
}

/** Whether a built-in may block its caller, or pass control to another thread. */
export function isBlocking(builtin: Builtin): boolean {
  switch (builtin.name) {
    case "waitable-set.wait":
    case "thread.yield":
    case "thread.suspend":
    case "subtask.cancel":
      return true;
    case "stream.read":
    case "stream.write":
    case "future.read":
    case "future.write":
      return builtin.options.style === "sync";
    default:
      return isTransfer(builtin);
  }
}

function isTransfer({ name }: Builtin): boolean {
  return name.startsWith("thread.suspend-then-") || name.startsWith("thread.yield-then-");
}
