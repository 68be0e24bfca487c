// Runs a plan: one pass over its steps, with the host's imports bound, gives a running instance tree.
// Written as a generator that asks for core instances, so that the sync and async drivers share it.
// Nothing here looks at names or types; trampolines are made from signatures (abi/).

import type { FuncType } from "../abi/types.ts";
import { engineMessage, LinkError } from "../errors.ts";
import type { CodecSource } from "../abi/codec.ts";
import { fuse, fuseSuspending } from "../abi/fuse.ts";
import { HookFailure } from "../abi/hooks.ts";
import { ComponentInstance, type InstanceTree } from "../abi/instance.ts";
import type { ExportStyle } from "../abi/codegen.ts";
import { signatureLayout } from "../abi/layout.ts";
import { type GuestCall, type Lifted, liftPromising, type PromisingCall } from "../abi/lift.ts";
import { type HostCall, lowerHost, lowerSuspending, refuseSuspending } from "../abi/lower.ts";
import { loopback } from "../abi/loopback.ts";
import { CanonContext, type CanonOptions } from "../abi/options.ts";
import {
  GuestResource,
  HostResource,
  type HostResourceClass,
  resourceDrop,
  resourceNew,
  resourceRep,
} from "../abi/resources.ts";
import { isThenable } from "../abi/results.ts";
import { type CoreFunction, signatureOf } from "../abi/signature.ts";
import { promising, Suspension } from "../abi/suspend.ts";
import { Entries, type Entry, exportFunction, importFunction, makeMethod } from "../abi/tiers.ts";
import { checkLeave, rethrow, surface, trap, trapAt } from "../abi/trap.ts";
import { suspendingReach } from "./reach.ts";
import { type Component, makeComponent } from "./component.ts";
import type { ComponentDef } from "./definitions.ts";
import type { ModuleSlot } from "./module_slot.ts";
import { planComponent } from "./plan.ts";
import type {
  ComponentItem,
  CoreRef,
  DefinedComponent,
  FuncRef,
  ModuleRef,
  Plan,
  PlanLift,
  PlanOptions,
  Step,
} from "./plan_types.ts";

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

/** A core module to instantiate. */
export interface Instantiation {
  readonly module: WebAssembly.Module;
  /** Bytes of the module; 0 if unknown. */
  readonly size: number;
  readonly imports: WebAssembly.Imports;
}

const nothing: ReadonlySet<number> = new Set();

/** A running instance tree with what its exports refer to. */
export class Running {
  readonly plan: Plan;
  readonly tree: InstanceTree;
  readonly #bound: readonly Bound[];
  readonly #codecs: CodecSource;
  readonly #codegen: boolean;
  #entries: Iterator<Entry, undefined> | undefined;
  readonly #nodes: ComponentInstance[] = [];
  readonly #coreInstances: WebAssembly.Exports[] = [];
  readonly #coreFuncs: CoreFunction[] = [];
  /** Inline core instances, each one object however often it is passed. */
  #items: Map<object, WebAssembly.ModuleImports> | undefined;
  /** Imports that are exported again, each with an arena of its own. */
  #loopbacks: Map<string, ReturnType<typeof loopback>> | undefined;
  /** Lifts that can reach a suspending import. */
  readonly #reach: ReadonlySet<number> = nothing;
  readonly #lifts: { lifted: Lifted; options: CanonOptions; node: ComponentInstance }[] = [];

  constructor(
    plan: Plan,
    bound: readonly Bound[],
    tree: InstanceTree,
    codecs: CodecSource,
    codegen: boolean,
  ) {
    this.plan = plan;
    this.tree = tree;
    this.#bound = bound;
    this.#codecs = codecs;
    this.#codegen = codegen;
    const suspending = bound.flatMap((item, leaf) => item.kind === "func" && item.suspends ? leaf : []);
    if (suspending.length === 0) return;
    tree.suspension = new Suspension();
    this.#reach = suspendingReach(plan, suspending);
  }

  /** Runs every step. */
  *run(): Generator<Instantiation, void, WebAssembly.Instance> {
    const { plan, tree } = this;
    for (const parent of plan.nodes) {
      this.#nodes.push(new ComponentInstance(tree, parent < 0 ? undefined : this.#nodes[parent]));
    }
    plan.resources.forEach(({ type, leaf }, slot) => {
      if (leaf === undefined) return;
      tree.resources[slot] = new HostResource(type, (this.#bound[leaf] as Bound & { kind: "resource" }).class);
    });
    for (const step of plan.steps) {
      if (step.kind !== "instantiate") {
        this.#step(step);
        continue;
      }
      const slot = ownSlot(step.module);
      const instance = yield { module: slot.module, size: slot.length, imports: this.#imports(step) };
      this.#coreInstances[step.slot] = instance.exports;
    }
    // What was needed on the way only.
    this.#entries = this.#items = undefined;
    if (tree.suspension !== undefined) tree.suspension.pinned = "what runs now";
  }

  /** A core module by reference. */
  module(ref: ModuleRef): WebAssembly.Module {
    return ownSlot(ref).module;
  }

  /** An exported component. A plan that is run has no imported ones. */
  component(item: ComponentItem): Component {
    const root = item as DefinedComponent;
    return makeComponent({ root, plan: planComponent(root), modules: modulesOf(root.def), codegen: this.#codegen });
  }

  /** A function as JS calls it. */
  func(ref: FuncRef, path: string, style: ExportStyle): GuestCall {
    const made = this.#export(ref, path);
    if (typeof made === "string") return () => trapAt(this.tree, path, "unsupported-builtin", made);
    const { lifted, cx } = made, { suspension } = this.tree;
    const core = suspension === undefined
      ? lifted.core
      : suspension.pin(`the plain call of ${path}; call it through \`instance.promising\``, lifted.core);
    return exportFunction({ ...lifted, core: this.#hooked(core, path, true) }, cx, style, this.#codecs, this.#codegen);
  }

  /** The same, giving a promise: the guest may be suspended on the way. */
  promisingFunc(ref: FuncRef, path: string, { throws, method }: ExportStyle): PromisingCall {
    const made = this.#export(ref, path);
    if (typeof made === "string") return async () => await trapAt(this.tree, path, "unsupported-builtin", made);
    const { lifted, cx, suspendingCore } = made;
    const call = liftPromising({ ...lifted, core: this.#hooked(suspendingCore(), path, true, true) }, cx, throws);
    return method ? makeMethod(call) as PromisingCall : call;
  }

  /** What a call of an export consists of, with hooks everywhere but around the core function; or what it would need. */
  #export(
    ref: FuncRef,
    path: string,
  ): { lifted: Lifted; cx: CanonContext; suspendingCore: () => CoreFunction } | string {
    if (ref.kind === "import") {
      const key = `${ref.leaf} ${path}`;
      let made = this.#loopbacks?.get(key);
      if (made === undefined) {
        const { call, suspends = false, plain } = this.#bound[ref.leaf] as Bound & { kind: "func" };
        const imported = `import ${this.plan.imports[ref.leaf]!.display}`;
        const hooked = this.#hooked(call, imported, false, suspends);
        const calls = { call: hooked, suspends, plain: plain && this.#hooked(plain, imported, false) };
        made = loopback(signatureOf(ref.type, this.#codecs), calls, this.tree, { imported, path });
        (this.#loopbacks ??= new Map()).set(key, made);
      }
      const { lifted, cx } = made;
      return { lifted, cx, suspendingCore: () => lifted.core };
    }
    const plan = this.plan.lifts[ref.lift]!;
    const missing = missingWord("lift", plan.options, plan.type);
    if (missing !== undefined) return missing;
    const { lifted, options, node } = this.#lift(ref.lift);
    const { postReturn } = lifted;
    return {
      lifted: { ...lifted, path, postReturn: postReturn && this.#hooked(postReturn, path, true) },
      cx: new CanonContext(node, this.#hookedOptions(options, path), true),
      suspendingCore: () => this.#reach.has(ref.lift) ? promising(lifted.core) : lifted.core,
    };
  }

  #core(ref: CoreRef): unknown {
    if (ref.kind === "made") return this.#coreFuncs[ref.slot];
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

  #imports(step: Step & { kind: "instantiate" }): WebAssembly.Imports {
    const imports: WebAssembly.Imports = Object.create(null);
    for (const [name, arg] of step.args) {
      if (arg.kind === "instance") {
        imports[name] = this.#coreInstances[arg.slot] as WebAssembly.ModuleImports;
      } else {
        let items = this.#items?.get(arg.items);
        if (items === undefined) {
          items = Object.create(null) as WebAssembly.ModuleImports;
          for (const [field, ref] of arg.items) items[field] = this.#core(ref) as WebAssembly.ImportValue;
          (this.#items ??= new Map()).set(arg.items, items);
        }
        imports[name] = items;
      }
    }
    return imports;
  }

  #step(step: Exclude<Step, { kind: "instantiate" }>): void {
    const node = this.#nodes[step.node]!;
    const { resources } = this.tree;
    switch (step.kind) {
      case "lower":
        this.#coreFuncs[step.slot] = this.#lower(step, node);
        return;
      case "resource": {
        const { type } = this.plan.resources[step.resource]!;
        const destructor = step.destructor && this.#core(step.destructor) as (rep: number) => void;
        resources[step.resource] = new GuestResource(
          type,
          node,
          destructor && this.#pinned("a destructor", destructor),
        );
        return;
      }
      case "resource.new":
        this.#coreFuncs[step.slot] = resourceNew(node, resources[step.resource]!);
        return;
      case "resource.drop":
        this.#coreFuncs[step.slot] = resourceDrop(node, resources[step.resource]!);
        return;
      case "resource.rep":
        this.#coreFuncs[step.slot] = resourceRep(node, resources[step.resource]!);
        return;
      case "unsupported":
        this.#coreFuncs[step.slot] = unsupported(node, step.name);
        return;
    }
  }

  #lower({ func, options }: Step & { kind: "lower" }, node: ComponentInstance): CoreFunction {
    const entry = func.kind === "import" && this.#codegen ? this.#nextEntry() : undefined;
    const missing = missingWord("lower", options, func.type);
    if (missing !== undefined) return unsupported(node, missing);
    const canon = this.#options(options), { suspension } = this.tree;
    if (func.kind === "import") {
      const path = `import ${this.plan.imports[func.leaf]!.display}`;
      const { call, suspends, plain } = this.#bound[func.leaf] as Bound & { kind: "func" };
      const cx = new CanonContext(node, this.#hookedOptions(canon, path), true);
      const hooked = this.#hooked(call, path, false, suspends);
      if (!suspends || suspension === undefined) {
        const signature = () => signatureOf(func.type, this.#codecs);
        return importFunction(func.type, signature, hooked, cx, path, this.#codecs, entry);
      }
      const signature = signatureOf(func.type, this.#codecs);
      const otherwise = plain === undefined
        ? refuseSuspending(cx, suspension, path)
        : lowerHost(signature, this.#hooked(plain, path, false), cx, path);
      return suspension.dispatch(signature.layout.lowered, otherwise, lowerSuspending(signature, hooked, cx, path));
    }
    const plan = this.plan.lifts[func.lift]!;
    const absent = missingWord("lift", plan.options, plan.type);
    if (absent !== undefined) return unsupported(node, absent);
    const { lifted, options: callee, node: calleeNode } = this.#lift(func.lift);
    const caller = new CanonContext(node, canon, false), called = new CanonContext(calleeNode, callee, false);
    const fused = fuse(lifted, caller, called);
    if (suspension === undefined || !this.#reach.has(func.lift)) return fused;
    return suspension.dispatch(lifted.signature.layout.lowered, fused, fuseSuspending(lifted, caller, called));
  }

  /** The entry of the next import that is lowered; the plan says how many there are. */
  #nextEntry(): Entry {
    this.#entries ??= entriesOf(this.plan).forInstance();
    return this.#entries.next().value!;
  }

  #lift(index: number): { lifted: Lifted; options: CanonOptions; node: ComponentInstance } {
    let found = this.#lifts[index];
    if (found === undefined) {
      const plan: PlanLift = this.plan.lifts[index]!;
      const options = this.#options(plan.options);
      const lifted: Lifted = {
        signature: signatureOf(plan.type, this.#codecs),
        core: this.#core(plan.core) as CoreFunction,
        postReturn: options.postReturn,
        path: `function ${plan.name ?? index} of another component`,
      };
      this.#lifts[index] = found = { lifted, options, node: this.#nodes[plan.node]! };
    }
    return found;
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

  /** A function of a guest's that JavaScript calls in the middle of something: nothing in it can be suspended. */
  #pinned<F extends (...args: never[]) => unknown>(what: string, func: F): F {
    return this.tree.suspension?.pin(what, func) ?? func;
  }

  // ── Hooks: wrapped around functions when there are any, so that they cost nothing when there are none ───────────────────

  #hooked<F extends (...args: never[]) => unknown>(func: F, path: string, guest: boolean, mayWait = false): F {
    const { hooks } = this.tree;
    if (hooks === undefined) return func;
    return ((...args: never[]) => {
      observe(() => guest ? hooks.callingGuest?.(path) : hooks.callingHost?.(path));
      const returning = (): void =>
        observe(() => guest ? hooks.returningFromGuest?.(path) : hooks.returningFromHost?.(path));
      let waits = false;
      try {
        const value = func(...args);
        // What waits has not returned yet.
        waits = mayWait && isThenable(value);
        return waits ? Promise.resolve(value).finally(returning) : value;
      } finally {
        if (!waits) returning();
      }
    }) as F;
  }

  #hookedOptions(options: CanonOptions, path: string): CanonOptions {
    return { ...options, realloc: options.realloc && this.#hooked(options.realloc, path, true) };
  }
}

/** The core modules that a component defines, in order of appearance. */
function modulesOf({ definitions }: ComponentDef): ModuleSlot[] {
  return definitions.flatMap((definition) =>
    definition.kind === "core-module"
      ? [definition.module]
      : definition.kind === "component"
      ? modulesOf(definition.component)
      : []
  );
}

function observe(hook: () => void): void {
  try {
    hook();
  } catch (error) {
    throw new HookFailure(error);
  }
}

/** What a `canon lift` or `canon lower` would need that there is not yet, as traps name it. */
function missingWord(canon: "lift" | "lower", { missing }: PlanOptions, { async }: FuncType): string | undefined {
  if (missing === "64-bit memory") return `${canon} with a 64-bit memory`;
  if (missing === "async") return `async ${canon}`;
  return async ? canon === "lift" ? "async lift" : "lower of an async function" : undefined;
}

/** A module's place. A plan that is run has no imported ones. */
function ownSlot(ref: ModuleRef): ModuleSlot {
  return (ref as ModuleRef & { kind: "own" }).module;
}

const allEntries = new WeakMap<Plan, Entries>();

/** The entries of a plan's imports. */
function entriesOf(plan: Plan): Entries {
  let entries = allEntries.get(plan);
  if (entries === undefined) {
    const lowered = plan.steps.flatMap((step) => step.kind === "lower" && step.func.kind === "import" ? step : []);
    const counts = lowered.map(({ func }) => signatureLayout(func.type).lowered.params.length);
    allEntries.set(plan, entries = new Entries(counts));
  }
  return entries;
}

/** A core function that traps when called, after the check that every built-in begins with. */
function unsupported(node: ComponentInstance, name: string): CoreFunction {
  return () => {
    checkLeave(node);
    trap(node.tree, "unsupported-builtin", name);
  };
}

/** What instantiating a core module threw. */
function instantiateError(tree: InstanceTree, error: unknown): unknown {
  // A missing instance is a TypeError of the engine's, a missing or unfit item a LinkError; the host's own are parked.
  const unfit = error instanceof WebAssembly.LinkError || error instanceof TypeError;
  if (unfit && !(error instanceof LinkError) && tree.parked === undefined) {
    return new LinkError("core-link", "instantiate component", "", engineMessage(error));
  }
  return surface(tree, error, "instantiate", "component");
}

/** Runs a plan without waiting. */
export function runSync(running: Running): void {
  const steps = running.run();
  for (let step = steps.next(); !step.done;) {
    let instance: WebAssembly.Instance;
    try {
      instance = new WebAssembly.Instance(step.value.module, step.value.imports);
      if (running.tree.poisoned) rethrow(running.tree);
    } catch (error) {
      throw instantiateError(running.tree, error);
    }
    step = steps.next(instance);
  }
}

/** Modules that any browser instantiates without waiting, which is faster than asking another thread. */
const SMALL_MODULE = 4096;

/** Runs a plan, core instances of large modules made asynchronously: browsers insist on that. */
export async function runAsync(running: Running): Promise<void> {
  const steps = running.run();
  for (let step = steps.next(); !step.done;) {
    let instance: WebAssembly.Instance;
    try {
      const { module, size, imports } = step.value;
      instance = size > 0 && size <= SMALL_MODULE
        ? new WebAssembly.Instance(module, imports)
        : await WebAssembly.instantiate(module, imports);
      if (running.tree.poisoned) rethrow(running.tree);
    } catch (error) {
      throw instantiateError(running.tree, error);
    }
    step = steps.next(instance);
  }
}
