// The core side of a running instance tree: its core instances, the core functions made for them,
// and the lifts of their exports.
// The steps of a plan are noted in order. What a step defines is made when something refers to it,
// because many definitions are never used.
// Nothing here looks at names or types. abi/ makes trampolines from signatures.

import type { CoreFunction } from "../../abi/types/core_values.ts";
import { LinkError } from "../../errors.ts";
import type { HostCall } from "../../abi/calls/call_link.ts";
import { CanonContext, type CanonOptions } from "../../abi/state/canon_context.ts";
import type { CodecSource } from "../../abi/codecs/codec.ts";
import type { Lifted } from "../../abi/calls/from_host.ts";
import { adapt, adaptSuspending, type Sides } from "../../abi/calls/guest_to_guest.ts";
import { ComponentInstance, type InstanceTree } from "../../abi/state/instance.ts";
import { type ClassOf, GuestResource } from "../../abi/resources/guest_resource.ts";
import { HostResource, type HostResourceClass } from "../../abi/resources/host_resource.ts";
import type { Rep } from "../../abi/state/resource_runtime.ts";
import { resourceDrop, resourceNew, resourceRep } from "../../abi/resources/builtins.ts";
import { type Signature, signatureOf } from "../../abi/codecs/signature.ts";
import { type Dispatched, promising, Suspension } from "../../abi/state/suspend.ts";
import type { Codegen } from "../../abi/codegen/generate.ts";
import { importFunction, type ImportSource, type InstanceEntries } from "../../abi/codegen/tiers.ts";
import {
  linkImport,
  type Lowered,
  lowerHost,
  lowerSuspending,
  refuseSuspending,
  returningCopies,
} from "../../abi/calls/to_host.ts";
import { checkLeave, trap } from "../../abi/state/trap.ts";
import { containsRange, type FuncType } from "../../abi/types/types.ts";
import type { LiftTarget } from "../../abi/concurrency/lift.ts";
import type { SchedulerSettings } from "../../abi/concurrency/scheduler.ts";
import type { Printers } from "../component.ts";
import type { Definition } from "../definition.ts";
import { isAsyncPlan } from "../plan/async_plan.ts";
import type { AsyncCore, AsyncParts } from "../async/async_core.ts";
import { fusedPlanOf, type Fuser } from "../fused/fused_plan.ts";
import type { FusedFunc } from "../../abi/fused/fuse.ts";
import type { AdapterStep } from "../plan/fused_calls.ts";
import type { FusedCore } from "../fused/fused_core.ts";
import { hooked, hookedOptions, timed, watched } from "./hooked.ts";
import { LoweredImports } from "./lowered_imports.ts";
import type { Meterer } from "../meter/meterer.ts";
import type { CoreRef, MakingStep, Plan, PlanLift, PlanOptions, PlanStep } from "../plan/plan_types.ts";
import { allLifts, suspendingReach } from "../plan/suspend_reach.ts";
import { unsupportedStep } from "../plan/unsupported.ts";

/** What running a plan depends on, besides the plan. */
export interface RunSettings {
  readonly codecs: CodecSource;
  /** Where generated functions come from. `undefined` if closures serve. */
  readonly codegen: Codegen | undefined;
  /** Whether calls between guests may have adapters in WebAssembly. */
  readonly fused: boolean;
  readonly fuser: Fuser | undefined;
  readonly meterer: Meterer | undefined;
  /** What runs asynchronous parts. Set for a plan that has some, and for metered modules. */
  readonly asyncParts: AsyncParts | undefined;
  /** The component that the plan was made of. `undefined` if it was planned ahead of time. */
  readonly definition: Definition | undefined;
  /** Gives the class of each resource that the component defines. */
  readonly classOf: ClassOf;
  /** Functions that print the worlds of exported components. */
  readonly printers: Printers;
  /** What happens if the tree has nothing to do while calls wait. */
  readonly scheduling: SchedulerSettings;
}

/** What the host provides for one leaf of the imports. */
export type HostImport =
  | {
    readonly kind: "func";
    readonly call: HostCall;
    /** Its type, if it sees lists as views. Otherwise its type is the import's. */
    readonly viewed?: FuncType | undefined;
    /** Whether it may return a promise. */
    readonly suspends?: boolean;
    /** The function to call if nothing can be suspended. Without it, such a call is a trap. */
    readonly plain?: HostCall | undefined;
  }
  | { readonly kind: "resource"; readonly class: HostResourceClass }
  /** A component value, as the host gave it. Each instance converts it anew. */
  | { readonly kind: "value"; readonly given: unknown }
  /** A leaf that needed a check only, or a value that the host need not give. */
  | { readonly kind: "none" };

type LowerStep = PlanStep & { kind: "lower" };
/** A function that guests import from others or from the host. */
type CallStep = LowerStep | AdapterStep;

/** Makes what the host provides for one import, for one instance tree. */
export type MakeHostImport = (tree: InstanceTree) => HostImport;

/** A lift of one instance. */
export interface RunningLift {
  readonly lifted: Lifted;
  readonly options: CanonOptions;
  readonly node: ComponentInstance;
  /**
   * The core function for promising calls. It returns a promise if it can reach a suspending
   * import.
   */
  suspendingCore(): CoreFunction;
  /** The lift as a task, if calls of it run as tasks. */
  target(): LiftTarget | undefined;
}

/**
 * How many dispatchers one module holds. Browsers compile modules up to 4 KiB synchronously, and
 * this many stay below.
 */
const DISPATCHED_TOGETHER = 32;
/** Functions that wait and are looked at, whether they can be made too: most can. */
const MAX_LOOKED_AT = 128;

const nothing: ReadonlySet<number> = new Set();

/** The core side of one instance tree. */
export class RunningCore implements ImportSource<LowerStep> {
  readonly plan: Plan;
  readonly tree: InstanceTree;
  readonly #imports: readonly HostImport[];
  readonly codecs: CodecSource;
  readonly codegen: Codegen | undefined;
  readonly #classOf: ClassOf;
  readonly #lowered: LoweredImports;
  readonly #nodes: ComponentInstance[] = [];
  readonly #coreInstances: WebAssembly.Exports[] = [];
  /**
   * Core functions by the number that the plan gave them. A function that is not made yet is the
   * step that says how to make it.
   */
  readonly #coreFuncs: (CoreFunction | MakingStep)[] = [];
  readonly #entries: InstanceEntries[] = [];
  /** Lowered functions that can be suspended, that core modules get, and that are not made yet. */
  readonly #toDispatch = new Map<number, CallStep>();
  /** Inline core instances. Each is one object, however often it is passed. */
  #items: Map<object, WebAssembly.ModuleImports> | undefined;
  /** Lifts that can reach a suspending import. */
  readonly #reach: ReadonlySet<number> = nothing;
  readonly #lifts: RunningLift[] = [];
  /** The asynchronous side. `undefined` for a component that has none. */
  readonly async: AsyncCore | undefined;
  /** The adapters in WebAssembly, if the plan has some that this tree can use. */
  readonly #fused: FusedCore | undefined;
  readonly #asyncParts: AsyncParts | undefined;

  constructor(
    plan: Plan,
    imports: readonly HostImport[],
    tree: InstanceTree,
    { codecs, codegen, fused, classOf, asyncParts, scheduling }: RunSettings,
  ) {
    this.plan = plan;
    this.tree = tree;
    this.#imports = imports;
    this.codecs = codecs;
    this.codegen = codegen;
    this.#asyncParts = asyncParts;
    this.#classOf = classOf;
    this.#lowered = LoweredImports.of(plan);
    for (const parent of plan.nodes) {
      this.#nodes.push(new ComponentInstance(tree, parent < 0 ? undefined : this.#nodes[parent]));
    }
    plan.resources.forEach(({ type, leaf }, resource) => {
      if (leaf === undefined) return;
      tree.resources[resource] = new HostResource(
        type,
        (imports[leaf] as HostImport & { kind: "resource" }).class,
        tree,
      );
    });
    const adapters = fused ? fusedPlanOf(plan) : undefined;
    if (adapters !== undefined && tree.flags.memory !== undefined) {
      this.#fused = adapters.core({
        tree,
        codecs,
        memory: (ref) => this.#core(ref) as WebAssembly.Memory,
        func: (func, ref, step) => this.#calledByAdapter(func, ref, step),
        serves: (step) => !this.#isAsync(step),
        sides: (step) => this.#sides(step)(),
      });
    }
    const suspending = imports.flatMap((item, leaf) => item.kind === "func" && item.suspends ? leaf : []);
    const sliced = tree.meter?.slice !== undefined;
    if (isAsyncPlan(plan)) {
      const side = {
        plan,
        tree,
        codecs,
        dispatchers: this.#lowered.dispatchers,
        core: (ref: CoreRef) => this.#core(ref),
        options: (options: PlanOptions) => this.#options(options),
      };
      this.async = asyncParts!.core(side, suspending, scheduling, sliced);
      return;
    }
    if (suspending.length === 0 && !sliced) return;
    tree.suspension = new Suspension();
    this.#reach = sliced ? allLifts(plan) : suspendingReach(plan, suspending);
  }

  /** Makes the function by which a metered module asks for units, and which may suspend the guest. */
  sliced(refill: () => void): CoreFunction {
    return this.async?.sliced(refill) ?? this.#asyncParts!.sliced(this.tree, refill);
  }

  /** Releases what only the steps needed. Called after the last step. */
  allStepsRan(): void {
    this.#items = undefined;
    this.#toDispatch.clear();
    if (this.tree.suspension !== undefined) this.tree.suspension.pinned = "what runs now";
  }

  /** Notes the definition of a step. */
  step(step: MakingStep | PlanStep & { kind: "resource" }): void {
    if (step.kind === "resource") {
      const { type, rep } = this.plan.resources[step.resource]!;
      const destructor = step.destructor && this.#core(step.destructor) as (rep: Rep) => void;
      const pinned = destructor && timed(this.tree, this.#pinned("a destructor", destructor));
      this.tree.resources[step.resource] = new GuestResource(
        type,
        this.#nodes[step.node]!,
        pinned,
        this.#classOf,
        rep,
      );
      return;
    }
    this.#coreFuncs[step.coreFunc] = step;
    if (step.kind !== "builtin" && this.#lowered.isUsed(step.coreFunc) && this.#canSuspend(step)) {
      this.#toDispatch.set(step.coreFunc, step);
    }
  }

  /** Notes the core instance that a step made. */
  instantiated(step: PlanStep & { kind: "instantiate" }, { exports }: WebAssembly.Instance): void {
    this.#coreInstances[step.instance] = exports;
    if (this.async !== undefined) this.async.scheduler.current = undefined;
  }

  /** Makes the imports object for instantiating a core module. */
  imports(step: PlanStep & { kind: "instantiate" }): WebAssembly.Imports {
    const imports: WebAssembly.Imports = Object.create(null);
    for (const [coreFunc, adapter] of this.#fused?.before(step) ?? []) this.#coreFuncs[coreFunc] = adapter;
    for (const [name, arg] of step.args) {
      if (arg.kind === "instance") {
        imports[name] = this.#coreInstances[arg.instance] as WebAssembly.ModuleImports;
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

  /** Gives a lift by its index in the plan. */
  lift(index: number): RunningLift {
    let found = this.#lifts[index];
    if (found === undefined) {
      const plan: PlanLift = this.plan.lifts[index]!;
      const options = this.#options(plan.options), core = this.#core(plan.core) as CoreFunction;
      const { style, address } = plan.options, node = this.#nodes[plan.node]!;
      const threaded = this.async?.isThreaded(plan.node);
      const lifted: Lifted = {
        signature: signatureOf(plan.type, { side: "lift", style, address }, this.codecs),
        ...(threaded ? this.async!.callApart(core, options.postReturn) : { core, postReturn: options.postReturn }),
        path: `function ${plan.name ?? index} of another component`,
      };
      let waiting: CoreFunction | undefined, target: LiftTarget | undefined;
      const suspendingCore = () => waiting ??= this.#reach.has(index) ? promising(core) : lifted.core;
      const asTask = () =>
        !this.async?.isTask(index) ? undefined : target ??= this.async.target(index, plan, node, options.postReturn);
      this.#lifts[index] = found = { lifted, options, node, suspendingCore, target: asTask };
    }
    return found;
  }

  /** Gives the type of a host function, if it sees lists as views. */
  #viewedType({ leaf }: LowerStep): FuncType | undefined {
    return (this.#imports[leaf] as HostImport & { kind: "func" }).viewed;
  }

  /** Gives what a guest calls, and the context for its values. */
  #hostCall(step: LowerStep): { call: HostCall; cx: CanonContext; path: string } {
    const { call, path } = this.host(step.leaf);
    const canon = hookedOptions(this.tree, this.#options(step.options), path);
    const cx = new CanonContext(this.#nodes[step.node]!, canon, true);
    const viewed = this.#viewedType(step);
    const mayReturnView = viewed?.result !== undefined && containsRange(viewed.result);
    return { call: mayReturnView ? returningCopies(call, cx) : call, cx, path };
  }

  /** Gives the host function of a leaf, with hooks, and its path `import ns:pkg/iface#f`. */
  host(leaf: number): { call: HostCall; plain: HostCall | undefined; suspends: boolean; path: string } {
    const { call, plain, suspends = false } = this.#imports[leaf] as HostImport & { kind: "func" };
    const { display, want } = this.plan.imports[leaf]!, path = `import ${display}`, { tree } = this;
    return {
      call: hooked(tree, watched(tree, call), path, false, suspends || want.kind === "func" && want.type.async),
      plain: plain && hooked(tree, watched(tree, plain), path, false),
      suspends,
      path,
    };
  }

  /** Gives a function that adapters call. Threads of their own need JavaScript around them. */
  #calledByAdapter({ role, node }: FusedFunc, ref: CoreRef, step: AdapterStep): CoreFunction {
    const func = this.#core(ref) as CoreFunction;
    if (this.async === undefined) return func;
    if (role === "realloc") return this.async.isThreaded(node) ? this.async.apart(func) : func;
    const { core, postReturn } = this.lift(step.lift).lifted;
    return role === "core" ? core : postReturn as CoreFunction;
  }

  #core(ref: CoreRef): unknown {
    if (ref.kind === "made") {
      const found = this.#coreFuncs[ref.coreFunc]!;
      return isMade(found) ? found : this.#make(found);
    }
    const item = this.#coreInstances[ref.instance]![ref.name];
    // This is possible only if a module is not the component's own but one that the host provided.
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
      const made = last.kind !== "builtin" && this.#canSuspend(last)
        ? this.#dispatch(last)
        : this.#coreFuncs[last.coreFunc] = this.#made(last);
      if (chain.length === 0) return made;
    }
  }

  /** A function that a lowered one is made of and that is not made yet. */
  #partOf(step: MakingStep): MakingStep | undefined {
    if (step.kind === "builtin") return undefined;
    return this.#unmade(step.options.realloc) ?? this.#unmade(step.options.postReturn) ??
      (step.kind === "adapter" ? this.#partOfLift(step.lift) : undefined);
  }

  #partOfLift(index: number): MakingStep | undefined {
    if (this.#lifts[index] !== undefined) return undefined;
    const { core, options } = this.plan.lifts[index]!;
    return this.#unmade(core) ?? this.#unmade(options.realloc) ?? this.#unmade(options.postReturn);
  }

  #unmade(ref: CoreRef | undefined): MakingStep | undefined {
    const found = ref?.kind === "made" ? this.#coreFuncs[ref.coreFunc] : undefined;
    return found === undefined || isMade(found) ? undefined : found;
  }

  #made(step: MakingStep): CoreFunction {
    const node = this.#nodes[step.node]!, unsupported = unsupportedStep(step);
    if (unsupported !== undefined) return trapping(node, unsupported);
    switch (step.kind) {
      case "lower":
        return this.#isAsync(step) ? this.#lowerAsync(step) : this.#lower(step);
      case "adapter":
        return this.#isAsync(step) ? this.#adaptAsync(step) : adapt(this.tree, this.#sides(step));
      case "builtin":
        return this.#builtin(step, node);
    }
  }

  #builtin({ builtin }: MakingStep & { kind: "builtin" }, node: ComponentInstance): CoreFunction {
    const { resources } = this.tree;
    switch (builtin.name) {
      case "resource.new":
        return resourceNew(node, resources[builtin.resource]!);
      case "resource.drop":
        return resourceDrop(node, resources[builtin.resource]!);
      case "resource.rep":
        return resourceRep(node, resources[builtin.resource]!);
      default:
        return this.async!.builtin({ builtin } as MakingStep & { kind: "builtin" }, node);
    }
  }

  /** Whether a call runs as a task of the scheduler's. */
  #isAsync(step: CallStep): boolean {
    if (this.async === undefined) return false;
    if (step.type.async || step.options.style !== "sync") return true;
    if (step.kind === "adapter") return this.async.isTask(step.lift);
    return (this.#imports[step.leaf] as HostImport & { kind: "func" }).suspends === true;
  }

  #lowerAsync(step: LowerStep): CoreFunction {
    const { plain } = this.host(step.leaf), signature = this.#lowering(step);
    return this.async!.lowerHost(
      { signature, plain, ...this.#hostCall(step) },
      this.codegen,
    );
  }

  #adaptAsync(step: AdapterStep): CoreFunction {
    const { lower, caller, callee } = this.#sides(step)();
    const copy = this.#fused?.copy(step);
    return this.async!.lowerGuest({ lower, caller, callee, copy, target: () => this.lift(step.lift).target()! });
  }

  #lower(step: LowerStep): CoreFunction {
    const { codegen } = this, found = codegen && this.#lowered.place(step.coreFunc);
    if (found === undefined) return importFunction(step.type, this, step, undefined, 0);
    const [entries, place] = this.#lowered.entries(found, this.#entries, codegen!);
    return importFunction(step.type, this, step, entries, place);
  }

  /** The parts of a lowered import (`ImportSource`). */
  prepare(step: LowerStep): Lowered {
    return { signature: this.#lowering(step), ...this.#hostCall(step) };
  }

  /** Gives the signature that a caller lowers with. */
  #lowering(step: CallStep): Signature {
    const { style, address } = step.options, type = step.kind === "lower" && this.#viewedType(step) || step.type;
    return signatureOf(type, { side: "lower", style, address }, this.codecs);
  }

  /** Gives both sides of an adapter. It is evaluated when the adapter is first called. */
  #sides(step: AdapterStep, suspending = false): () => Sides {
    const canon = this.#options(step.options), lift = this.lift(step.lift);
    return () => ({
      lower: this.#lowering(step),
      caller: new CanonContext(this.#nodes[step.node]!, canon, false),
      lifted: suspending ? { ...lift.lifted, core: lift.suspendingCore() } : lift.lifted,
      callee: new CanonContext(lift.node, lift.options, false),
    });
  }

  /**
   * Whether a function can be suspended: it is a suspending host function, or a lift that can reach
   * one.
   */
  #canSuspend(step: CallStep): boolean {
    if (this.tree.suspension === undefined) return false;
    // An adapter in WebAssembly is suspended with its guests.
    if (step.kind === "adapter") return this.#reach.has(step.lift) && this.#fused?.serves(step) !== true;
    return (this.#imports[step.leaf] as HostImport & { kind: "func" }).suspends === true;
  }

  /**
   * Makes a function that can be suspended. It makes other waiting functions in the same module,
   * because a module for each would cost kilobytes.
   */
  #dispatch(step: CallStep): CoreFunction {
    this.#toDispatch.delete(step.coreFunc);
    const steps = [step];
    let looked = 0;
    for (const [coreFunc, other] of this.#toDispatch) {
      if (steps.length === DISPATCHED_TOGETHER || looked++ === MAX_LOOKED_AT) break;
      if (this.#partOf(other) !== undefined) continue; // it is made when what it is made of is
      steps.push(other);
      this.#toDispatch.delete(coreFunc);
    }
    const suspension = this.tree.suspension!;
    const made = suspension.dispatch(
      steps.map((each) => this.#dispatched(each, suspension)),
      this.#lowered.dispatchers,
    );
    steps.forEach(({ coreFunc }, i) => this.#coreFuncs[coreFunc] = made[i]!);
    return made[0]!;
  }

  #dispatched(step: CallStep, suspension: Suspension): Dispatched {
    const signature = this.#lowering(step), type = signature.layout.core, { tree } = this;
    if (step.kind === "adapter") {
      return {
        type,
        plain: adapt(tree, this.#sides(step)),
        suspending: adaptSuspending(tree, this.#sides(step, true)),
      };
    }
    const { call, plain, path } = this.host(step.leaf);
    const canon = hookedOptions(tree, this.#options(step.options), path);
    const lowered = { signature, call, cx: new CanonContext(this.#nodes[step.node]!, canon, true), path };
    return {
      type,
      plain: plain === undefined
        ? refuseSuspending(lowered.cx, suspension, path)
        : lowerHost(linkImport({ ...lowered, call: plain })),
      suspending: lowerSuspending(linkImport(lowered)),
    };
  }

  #options({ stringEncoding, memory, address, realloc, postReturn }: PlanOptions): CanonOptions {
    return {
      stringEncoding,
      address,
      memory: memory && this.#core(memory) as WebAssembly.Memory,
      realloc: realloc && this.#pinned("realloc", this.#core(realloc) as NonNullable<CanonOptions["realloc"]>),
      postReturn: postReturn && this.#postReturn(postReturn),
    };
  }

  /** A post-return runs in the thread of its call. */
  #postReturn(ref: CoreRef): NonNullable<CanonOptions["postReturn"]> {
    const func = this.#core(ref) as NonNullable<CanonOptions["postReturn"]>;
    return this.tree.suspension?.pin("post-return", func) ?? func;
  }

  /**
   * Wraps a guest's function that JavaScript calls in the middle of its own work. Nothing can be
   * suspended while it runs.
   */
  #pinned<F extends (...args: never[]) => unknown>(what: string, func: F): F {
    return this.tree.suspension?.pin(what, func) ?? this.async?.apart(func) ?? func;
  }
}

/**
 * Makes a core function that traps when it is called, after the check at the start of every
 * built-in.
 */
function trapping(node: ComponentInstance, name: string): CoreFunction {
  return () => {
    checkLeave(node);
    trap(node.tree, "unsupported-builtin", name);
  };
}

/**
 * Whether a core function is made. Where the engine may not compile, one that suspends is a
 * `WebAssembly.Suspending`, which is no function: guests import it as it is.
 */
function isMade(func: CoreFunction | MakingStep): func is CoreFunction {
  return typeof func === "function" || !("kind" in func);
}
