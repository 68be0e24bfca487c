// The core side of a running instance tree: its core instances, the core functions made for them,
// and the lifts of what they export.
// Steps of a plan are noted in order; what they define is made when something refers to it, since
// many definitions are never used.
// Nothing here looks at names or types; trampolines are made from signatures (abi/).

import type { FuncType } from "../abi/types.ts";
import { LinkError } from "../errors.ts";
import type { CodecSource } from "../abi/codec.ts";
import { fuse, fuseSuspending } from "../abi/fuse.ts";
import { ComponentInstance, type InstanceTree } from "../abi/instance.ts";
import type { Lifted } from "../abi/lift.ts";
import { type HostCall, lowerHost, lowerSuspending, refuseSuspending } from "../abi/lower.ts";
import { CanonContext, type CanonOptions } from "../abi/options.ts";
import {
  GuestResource,
  HostResource,
  type HostResourceClass,
  resourceDrop,
  resourceNew,
  resourceRep,
} from "../abi/resources.ts";
import { type CoreFunction, signatureOf } from "../abi/signature.ts";
import { type Dispatched, promising, Suspension } from "../abi/suspend.ts";
import { type Entry, importFunction } from "../abi/tiers.ts";
import { checkLeave, trap } from "../abi/trap.ts";
import { hooked, hookedOptions } from "./hooked.ts";
import { LoweredImports, type LowerStep } from "./lowered_imports.ts";
import type { CoreRef, Plan, PlanLift, PlanOptions, Step } from "./plan_types.ts";
import { suspendingReach } from "./reach.ts";

/** What the host gives for one leaf of the imports. */
export type Bound =
  | {
    readonly kind: "func";
    readonly call: HostCall;
    /** Whether it may return a promise. */
    readonly suspends?: boolean;
    /** What is called instead where nothing can be suspended; without it that is a trap. */
    readonly plain?: HostCall | undefined;
  }
  | { readonly kind: "resource"; readonly class: HostResourceClass }
  /** What was only checked. */
  | { readonly kind: "none" };

/** A step that defines one core function. */
type MakingStep = Exclude<Step, { kind: "instantiate" | "resource" }>;

/** A lift of one instance. */
export interface RunningLift {
  readonly lifted: Lifted;
  readonly options: CanonOptions;
  readonly node: ComponentInstance;
  /**
   * The core function as promising calls need it: one that gives a promise, if it can reach a
   * suspending import.
   */
  suspendingCore(): CoreFunction;
}

/**
 * Dispatchers that one module holds. Small enough for browsers, which compile modules of 4 KiB
 * without waiting.
 */
const DISPATCHED_TOGETHER = 32;
/** Functions that wait and are looked at, whether they can be made too: most can. */
const MAX_LOOKED_AT = 128;

const nothing: ReadonlySet<number> = new Set();

/** The core side of one instance tree. */
export class RunningCore {
  readonly plan: Plan;
  readonly tree: InstanceTree;
  readonly #bound: readonly Bound[];
  readonly #codecs: CodecSource;
  readonly #codegen: boolean;
  readonly #lowered: LoweredImports;
  readonly #nodes: ComponentInstance[] = [];
  readonly #coreInstances: WebAssembly.Exports[] = [];
  /** Core functions by slot, or the steps that say how to make them. */
  readonly #coreFuncs: (CoreFunction | MakingStep)[] = [];
  readonly #entries: Entry[][] = [];
  /** Lowered functions that can be suspended and are not made yet, those that core modules get. */
  readonly #toDispatch = new Map<number, LowerStep>();
  /** Inline core instances, each one object however often it is passed. */
  #items: Map<object, WebAssembly.ModuleImports> | undefined;
  /** Lifts that can reach a suspending import. */
  readonly #reach: ReadonlySet<number> = nothing;
  readonly #lifts: RunningLift[] = [];

  constructor(plan: Plan, bound: readonly Bound[], tree: InstanceTree, codecs: CodecSource, codegen: boolean) {
    this.plan = plan;
    this.tree = tree;
    this.#bound = bound;
    this.#codecs = codecs;
    this.#codegen = codegen;
    this.#lowered = LoweredImports.of(plan);
    for (const parent of plan.nodes) {
      this.#nodes.push(new ComponentInstance(tree, parent < 0 ? undefined : this.#nodes[parent]));
    }
    plan.resources.forEach(({ type, leaf }, slot) => {
      if (leaf === undefined) return;
      tree.resources[slot] = new HostResource(type, (bound[leaf] as Bound & { kind: "resource" }).class, tree);
    });
    const suspending = bound.flatMap((item, leaf) => item.kind === "func" && item.suspends ? leaf : []);
    if (suspending.length === 0) return;
    tree.suspension = new Suspension();
    this.#reach = suspendingReach(plan, suspending);
  }

  /** Every step ran: what was needed on the way only is let go of. */
  finish(): void {
    this.#items = undefined;
    this.#toDispatch.clear();
    if (this.tree.suspension !== undefined) this.tree.suspension.pinned = "what runs now";
  }

  /** Notes what a step defines. */
  step(step: Exclude<Step, { kind: "instantiate" }>): void {
    if (step.kind === "resource") {
      const { type } = this.plan.resources[step.resource]!;
      const destructor = step.destructor && this.#core(step.destructor) as (rep: number) => void;
      const pinned = destructor && this.#pinned("a destructor", destructor);
      this.tree.resources[step.resource] = new GuestResource(type, this.#nodes[step.node]!, pinned);
      return;
    }
    this.#coreFuncs[step.slot] = step;
    if (step.kind === "lower" && this.#lowered.isUsed(step.slot) && this.#canSuspend(step)) {
      this.#toDispatch.set(step.slot, step);
    }
  }

  /** Notes the core instance that a step made. */
  instantiated(step: Step & { kind: "instantiate" }, { exports }: WebAssembly.Instance): void {
    this.#coreInstances[step.slot] = exports;
  }

  /** What the engine is given to instantiate a core module. */
  imports(step: Step & { kind: "instantiate" }): WebAssembly.Imports {
    const imports: WebAssembly.Imports = Object.create(null);
    for (const [name, arg] of step.args) {
      if (arg.kind === "instance") {
        imports[name] = this.#coreInstances[arg.slot] as WebAssembly.ModuleImports;
        continue;
      }
      let items = this.#items?.get(arg.items);
      if (items === undefined) {
        items = Object.create(null) as WebAssembly.ModuleImports;
        for (const [field, ref] of arg.items) items[field] = this.#core(ref) as WebAssembly.ImportValue;
        (this.#items ??= new Map()).set(arg.items, items);
      }
      imports[name] = items;
    }
    return imports;
  }

  /** A lift by its index in the plan. */
  lift(index: number): RunningLift {
    let found = this.#lifts[index];
    if (found === undefined) {
      const plan: PlanLift = this.plan.lifts[index]!;
      const options = this.#options(plan.options), core = this.#core(plan.core) as CoreFunction;
      const lifted: Lifted = {
        signature: signatureOf(plan.type, this.#codecs),
        core,
        postReturn: options.postReturn,
        path: `function ${plan.name ?? index} of another component`,
      };
      let waiting: CoreFunction | undefined;
      const suspendingCore = () => waiting ??= this.#reach.has(index) ? promising(core) : core;
      this.#lifts[index] = found = { lifted, options, node: this.#nodes[plan.node]!, suspendingCore };
    }
    return found;
  }

  /** What a host function is, hooked, with its path: `import ns:pkg/iface#f`. */
  host(leaf: number): { call: HostCall; plain: HostCall | undefined; suspends: boolean; path: string } {
    const { call, plain, suspends = false } = this.#bound[leaf] as Bound & { kind: "func" };
    const path = `import ${this.plan.imports[leaf]!.display}`, { tree } = this;
    return {
      call: hooked(tree, call, path, false, suspends),
      plain: plain && hooked(tree, plain, path, false),
      suspends,
      path,
    };
  }

  #core(ref: CoreRef): unknown {
    if (ref.kind === "made") {
      const found = this.#coreFuncs[ref.slot]!;
      return typeof found === "function" ? found : this.#make(found);
    }
    const item = this.#coreInstances[ref.instance]![ref.name];
    // Possible only with a module that is not the component's own: one that the host gave.
    if (item === undefined) {
      throw new LinkError(
        "core-link",
        "instantiate component",
        "",
        `core instance ${ref.instance} has no export \`${ref.name}\``,
      );
    }
    return item;
  }

  /**
   * Makes a function, and before it those that it is made of: such a chain may be as long as the
   * component, and the engine's stack is not.
   */
  #make(step: MakingStep): CoreFunction {
    for (const chain = [step];;) {
      const last = chain.at(-1)!, part = this.#partOf(last);
      if (part !== undefined) {
        chain.push(part);
        continue;
      }
      chain.pop();
      const made = last.kind === "lower" && this.#canSuspend(last)
        ? this.#dispatch(last)
        : this.#coreFuncs[last.slot] = this.#made(last);
      if (chain.length === 0) return made;
    }
  }

  /** A function that a lowered one is made of and that is not made yet. */
  #partOf(step: MakingStep): MakingStep | undefined {
    if (step.kind !== "lower") return undefined;
    const { func, options } = step;
    return this.#unmade(options.realloc) ?? this.#unmade(options.postReturn) ??
      (func.kind === "lift" ? this.#partOfLift(func.lift) : undefined);
  }

  #partOfLift(index: number): MakingStep | undefined {
    if (this.#lifts[index] !== undefined) return undefined;
    const { core, options } = this.plan.lifts[index]!;
    return this.#unmade(core) ?? this.#unmade(options.realloc) ?? this.#unmade(options.postReturn);
  }

  #unmade(ref: CoreRef | undefined): MakingStep | undefined {
    const found = ref?.kind === "made" ? this.#coreFuncs[ref.slot] : undefined;
    return typeof found === "function" ? undefined : found;
  }

  #made(step: MakingStep): CoreFunction {
    const node = this.#nodes[step.node]!, { resources } = this.tree;
    switch (step.kind) {
      case "lower":
        return this.#lower(step, node);
      case "resource.new":
        return resourceNew(node, resources[step.resource]!);
      case "resource.drop":
        return resourceDrop(node, resources[step.resource]!);
      case "resource.rep":
        return resourceRep(node, resources[step.resource]!);
      case "unsupported":
        return unsupported(node, step.name);
    }
  }

  #lower({ func, options, slot }: LowerStep, node: ComponentInstance): CoreFunction {
    const missing = this.#missing(func, options);
    if (missing !== undefined) return unsupported(node, missing);
    const canon = this.#options(options);
    if (func.kind === "lift") return this.#fuse(func.lift, canon, node);
    const entry = this.#codegen ? this.#lowered.entry(slot, this.#entries) : undefined;
    return importFunction(
      func.type,
      () => {
        const { call, path } = this.host(func.leaf);
        const cx = new CanonContext(node, hookedOptions(this.tree, canon, path), true);
        return { signature: signatureOf(func.type, this.#codecs), call, cx, path };
      },
      this.tree,
      this.#codecs,
      entry,
    );
  }

  #fuse(lift: number, canon: CanonOptions, node: ComponentInstance, suspending = false): CoreFunction {
    const { lifted, options, node: calleeNode, suspendingCore } = this.lift(lift);
    const contexts = () => ({
      caller: new CanonContext(node, canon, false),
      callee: new CanonContext(calleeNode, options, false),
    });
    return suspending ? fuseSuspending(lifted, suspendingCore, contexts) : fuse(lifted, contexts);
  }

  /**
   * Whether a lowered function can be suspended: a suspending host function, or a lift that can
   * reach one.
   */
  #canSuspend({ func, options }: LowerStep): boolean {
    if (this.tree.suspension === undefined || this.#missing(func, options) !== undefined) return false;
    if (func.kind === "lift") return this.#reach.has(func.lift);
    return (this.#bound[func.leaf] as Bound & { kind: "func" }).suspends === true;
  }

  /**
   * Makes a function that can be suspended, and with it others that wait to be made: a module for
   * each would cost kilobytes.
   */
  #dispatch(step: LowerStep): CoreFunction {
    this.#toDispatch.delete(step.slot);
    const steps = [step];
    let looked = 0;
    for (const [slot, other] of this.#toDispatch) {
      if (steps.length === DISPATCHED_TOGETHER || looked++ === MAX_LOOKED_AT) break;
      if (this.#partOf(other) !== undefined) continue; // it is made when what it is made of is
      steps.push(other);
      this.#toDispatch.delete(slot);
    }
    const suspension = this.tree.suspension!;
    const made = suspension.dispatch(
      steps.map((each) => this.#dispatched(each, suspension)),
      this.#lowered.dispatchers,
    );
    steps.forEach(({ slot }, i) => this.#coreFuncs[slot] = made[i]!);
    return made[0]!;
  }

  #dispatched({ func, options, node: index }: LowerStep, suspension: Suspension): Dispatched {
    const node = this.#nodes[index]!, canon = this.#options(options), signature = signatureOf(func.type, this.#codecs);
    const type = signature.layout.lowered;
    if (func.kind === "lift") {
      return { type, plain: this.#fuse(func.lift, canon, node), suspending: this.#fuse(func.lift, canon, node, true) };
    }
    const { call, plain, path } = this.host(func.leaf);
    const cx = new CanonContext(node, hookedOptions(this.tree, canon, path), true);
    return {
      type,
      plain: plain === undefined ? refuseSuspending(cx, suspension, path) : lowerHost(signature, plain, cx, path),
      suspending: lowerSuspending(signature, call, cx, path),
    };
  }

  /** What lowering a function would need that there is not yet. */
  #missing(func: LowerStep["func"], options: PlanOptions): string | undefined {
    const missing = missingWord("lower", options, func.type);
    if (missing !== undefined || func.kind === "import") return missing;
    const { options: lifting, type } = this.plan.lifts[func.lift]!;
    return missingWord("lift", lifting, type);
  }

  #options({ stringEncoding, memory, realloc, postReturn }: PlanOptions): CanonOptions {
    return {
      stringEncoding,
      memory: memory && this.#core(memory) as WebAssembly.Memory,
      realloc: realloc && this.#pinned("realloc", this.#core(realloc) as NonNullable<CanonOptions["realloc"]>),
      postReturn: postReturn &&
        this.#pinned("post-return", this.#core(postReturn) as NonNullable<CanonOptions["postReturn"]>),
    };
  }

  /**
   * A function of a guest's that JavaScript calls in the middle of something: nothing in it can be
   * suspended.
   */
  #pinned<F extends (...args: never[]) => unknown>(what: string, func: F): F {
    return this.tree.suspension?.pin(what, func) ?? func;
  }
}

/** What a `canon lift` or `canon lower` would need that there is not yet, as traps name it. */
export function missingWord(
  canon: "lift" | "lower",
  { missing }: PlanOptions,
  { async }: FuncType,
): string | undefined {
  if (missing === "64-bit memory") return `${canon} with a 64-bit memory`;
  if (missing === "async") return `async ${canon}`;
  return async ? canon === "lift" ? "async lift" : "lower of an async function" : undefined;
}

/** A core function that traps when called, after the check that every built-in begins with. */
function unsupported(node: ComponentInstance, name: string): CoreFunction {
  return () => {
    checkLeave(node);
    trap(node.tree, "unsupported-builtin", name);
  };
}
