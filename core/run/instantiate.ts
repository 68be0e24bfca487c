// Runs a plan: one pass over its steps, with the host's imports, makes a running instance tree.
// It is a generator that asks for core instances, so that the sync and the async driver share it.
// Nothing here looks at names or types. abi/ makes trampolines from signatures.

import type { CoreFunction } from "../../abi/types/core_values.ts";
import { engineMessage, LinkError } from "../../errors.ts";
import type { InstanceTree } from "../../abi/state/instance.ts";
import type { ExportStyle } from "../../abi/codegen/generate.ts";
import { CanonContext } from "../../abi/state/canon_context.ts";
import {
  type GuestCall,
  type Lifted,
  liftExport,
  liftPromising,
  linkExport,
  linkReading,
  type PromisingCall,
} from "../../abi/calls/from_host.ts";
import type { CallLink } from "../../abi/calls/call_link.ts";
import { signatureOf } from "../../abi/codecs/signature.ts";
import type { FuncType } from "../../abi/types/types.ts";
import { Loopback } from "../../abi/calls/loopback.ts";
import { exportFunction } from "../../abi/codegen/tiers.ts";
import { refuseEnter } from "../../abi/state/entering.ts";
import { isHostError, rethrow, surface, trapAt } from "../../abi/state/trap.ts";
import { methodWithSignal, raceWithSignal } from "../../abi/concurrency/signals.ts";
import { isThenable } from "../../abi/codecs/results.ts";
import { afterTurn } from "../../abi/concurrency/turn.ts";
import type { Scheduler } from "../../abi/concurrency/scheduler.ts";
import type { LiftTarget } from "../../abi/concurrency/lift.ts";
import { type Component, makeComponent } from "../component.ts";
import { ComponentValues } from "./component_values.ts";
import { hooked, hookedOptions, timed } from "./hooked.ts";
import type { Admitted } from "../meter/attach.ts";
import type { Meterer } from "../meter/meterer.ts";
import type { HeldModule } from "../module/held_module.ts";
import {
  type FuncRef,
  isMaking,
  type ModuleRef,
  type Plan,
  type PlanComponent,
  type ValueStep,
} from "../plan/plan_types.ts";
import { type HostImport, RunningCore, type RunSettings } from "./running_core.ts";

/** A core module to instantiate. */
export interface Instantiation {
  readonly module: WebAssembly.Module;
  /** Size of the module in bytes. 0 if it is unknown. */
  readonly size: number;
  readonly imports: WebAssembly.Imports;
}

/** A running instance tree, with the items that its exports refer to. */
export class Running {
  readonly plan: Plan;
  readonly tree: InstanceTree;
  readonly #core: RunningCore;
  readonly #settings: RunSettings;
  readonly #values: ComponentValues;
  /** The loopback for imports that are exported again, and the calls that were made with it. */
  #loopback: Loopback | undefined;
  readonly #loopbacks: Map<string, ReturnType<Loopback["lift"]>> = new Map();

  constructor(plan: Plan, imports: readonly HostImport[], tree: InstanceTree, settings: RunSettings) {
    this.plan = plan;
    this.tree = tree;
    this.#core = new RunningCore(plan, imports, tree, settings);
    this.#settings = settings;
    this.#values = new ComponentValues({
      plan,
      imports,
      codecs: settings.codecs,
      convert: (type, given, path) => this.#loop.value(type, settings.codecs, given, path),
      start: (step, args) => this.#start(step, args),
    });
  }

  /** Runs every step. */
  *run(): Generator<Instantiation, void, WebAssembly.Instance> {
    const core = this.#core;
    this.#values.takeImports();
    for (const step of this.plan.steps) {
      if (step.kind === "instantiate") {
        const slot = ownSlot(step.module);
        this.#checkMetered(slot);
        core.instantiated(step, yield { module: slot.module, size: slot.length, imports: core.imports(step) });
      } else if (step.kind === "resource" || isMaking(step)) core.step(step);
      else this.#values.step(step);
    }
    core.allStepsRan();
  }

  /** Throws for a module that another component exports, if only one of the two is metered. */
  #checkMetered({ metered, length }: HeldModule): void {
    const wanted = this.tree.meter !== undefined;
    // Of a module without a length, nothing is known but what it says itself.
    if (metered === wanted || !metered && length === 0) return;
    throw new LinkError(metered ? "metered" : "not-metered", "instantiate component", "");
  }

  /** What meters the tree's modules, if they are metered. */
  get meterer(): Meterer | undefined {
    return this.#settings.meterer;
  }

  /** Makes the function that a metered module asks for units by, if it may suspend the guest. */
  get sliced(): ((refill: () => void) => CoreFunction) | undefined {
    return this.tree.meter?.slice === undefined ? undefined : (refill) => this.#core.sliced(refill);
  }

  /** Gives a component value. */
  value(value: number): unknown {
    return this.#values.get(value);
  }

  /**
   * Calls a start function. It is a plain call, even if the host waits for the instance:
   * instantiation is synchronous for the component.
   */
  #start({ func, start }: ValueStep & { kind: "start" }, args: readonly unknown[]): unknown {
    const { tree, scheduler } = this, path = `start function ${start}`;
    if (scheduler !== undefined) scheduler.inStart = true;
    try {
      const call = (): unknown => this.#called(func, path, args);
      const result = tree.meter === undefined ? call() : tree.meter.starting(call);
      if (tree.lockedDown) rethrow(tree);
      // A result is a value like others here: the brand is for functions.
      return func.type.result?.kind === "result" ? unbranded(result as { tag: string; val: unknown }) : result;
    } catch (error) {
      throw surface(tree, error, "call", path);
    } finally {
      if (scheduler !== undefined) scheduler.inStart = false;
    }
  }

  #called(func: FuncRef, path: string, args: readonly unknown[]): unknown {
    if (func.kind === "import" && func.type.async) return this.#asyncImportNow(func, path, args);
    const made = this.#export(func, path), { tree } = this;
    const { lifted, cx, target } = made;
    if (func.type.async) {
      return this.#core.async!.callNow({ ...target()!, path, number: tree.callNumber(path) }, cx, args);
    }
    const core = tree.suspension?.pin("a component start function", lifted.core) ?? lifted.core;
    return liftExport(linkExport({ ...lifted, core: hooked(tree, core, path, true) }, cx, false))(...args);
  }

  /** Calls an asynchronous import that is a start function, and must not give a promise. */
  #asyncImportNow({ leaf, type }: FuncRef & { kind: "import" }, path: string, args: readonly unknown[]): unknown {
    const { call, path: imported } = this.#core.host(leaf);
    const { params, result } = this.#loop.async(type, this.#settings.codecs, false, path);
    const values = params(args);
    let returned: unknown;
    try {
      returned = call(...values);
    } catch (thrown) {
      return result({ thrown });
    }
    if (!isThenable(returned)) return result({ returned });
    Promise.resolve(returned).catch(() => {}); // nobody hears of it
    return trapAt(this.tree, path, "block-sync-task", `: a start function waits for ${imported}`);
  }

  get #loop(): Loopback {
    return this.#loopback ??= new Loopback(this.tree);
  }

  /** The scheduler of asynchronous tasks. `undefined` for a component that has none. */
  get scheduler(): Scheduler | undefined {
    return this.#core.async?.scheduler;
  }

  /** Gives a core module by its reference. */
  module(ref: ModuleRef): WebAssembly.Module {
    return ownSlot(ref).module;
  }

  /** Gives an exported component. */
  component(item: PlanComponent): Component {
    const { codegen, fused, fuser, meterer, asyncParts, printers } = this.#settings;
    // Nothing that exports components is planned ahead of time.
    const { definition, modules } = this.#settings.definition!.exported(item), plan = definition.plan();
    fuser?.fuse(plan, meterer !== undefined);
    const reflect = () => definition.reflect();
    return makeComponent(
      { definition, reflect, plan, modules, codegen, fused, fuser, meterer, asyncParts, printers },
    );
  }

  /** Gives a function as JavaScript calls it. */
  func(ref: FuncRef, path: string, style: ExportStyle): GuestCall {
    if (ref.kind === "import" && ref.type.async) return this.#asyncImport(ref, path, style);
    const exported = this.#export(ref, path);
    const { lifted, cx } = exported;
    if (lifted.signature.type.async) return this.#task(exported, path, style);
    const { codecs, codegen } = this.#settings;
    const made = { ...lifted, core: hooked(this.tree, this.#plainCore(lifted.core, path), path, true) };
    // `realloc` and post-return are part of the call.
    return timed(this.tree, exportFunction(made, cx, style, codecs, codegen));
  }

  /** Gives a function that returns a promise. The guest may be suspended while it runs. */
  promisingFunc(ref: FuncRef, path: string, { throws, method }: ExportStyle): PromisingCall {
    if (ref.kind === "import" && ref.type.async) return this.#asyncImport(ref, path, { throws, method });
    const made = this.#export(ref, path);
    const { lifted, cx, suspendingCore } = made;
    if (made.target() !== undefined) return this.#task(made, path, { throws, method });
    const core = hooked(this.tree, suspendingCore(), path, true, true);
    const call = raceWithSignal(timed(this.tree, liftPromising(linkExport({ ...lifted, core }, cx, throws))));
    return method ? methodWithSignal(call) : call;
  }

  /**
   * Gives a function whose result is read while it lies in the guest's memory.
   *
   * @param type The function's type, which is synchronous, with the views in its result.
   */
  readingFunc(ref: FuncRef, path: string, type: FuncType, { read, promising }: ReadingStyle): GuestCall {
    const { lifted, cx, suspendingCore } = this.#export(ref, path), { tree } = this;
    const { side, style, address } = lifted.signature.layout.key;
    const signature = signatureOf(type, { side, style, address }, this.#settings.codecs);
    const link = (core: CoreFunction): CallLink => {
      const waits = hooked(tree, core, path, true, promising);
      return linkReading({ ...lifted, core: waits }, cx, signature, read);
    };
    if (promising) return raceWithSignal(timed(tree, liftPromising(link(suspendingCore()))));
    return timed(tree, liftExport(link(this.#plainCore(lifted.core, path))));
  }

  /** The core function of a plain call, which cannot be suspended. */
  #plainCore(core: CoreFunction, path: string): CoreFunction {
    const { suspension } = this.tree;
    return suspension === undefined
      ? core
      : suspension.pin(`the plain call of ${path}; call it through \`instance.promising\``, core);
  }

  /** Gives an asynchronous import that is exported again. */
  #asyncImport({ leaf, type }: FuncRef & { kind: "import" }, path: string, style: ExportStyle): PromisingCall {
    const { call: host } = this.#core.host(leaf), { tree } = this;
    const { params, result } = this.#loop.async(type, this.#settings.codecs, style.throws, path);
    const call = raceWithSignal(async (...args) => {
      if (tree.lockedDown || tree.disposed) refuseEnter(tree.nodes[0]!, "call", path);
      const values = params(args);
      let returned: unknown;
      try {
        returned = await host(...values);
      } catch (thrown) {
        return result({ thrown });
      }
      return result({ returned });
    });
    return style.method ? methodWithSignal(call) : call;
  }

  /** Gives a function that runs as a task. */
  #task({ target, cx }: ExportedLift, path: string, { throws, method }: ExportStyle): PromisingCall {
    const { codegen, codecs } = this.#settings;
    const made = { ...target()!, path, number: this.tree.callNumber(path) };
    const call = this.#core.async!.callable(made, cx, throws, codegen && { codecs, codegen });
    return method ? methodWithSignal(call) : call;
  }

  /** Gives the parts of a lift, with hooks around everything but the core function. */
  #export(ref: FuncRef, path: string): ExportedLift {
    const { tree } = this;
    if (ref.kind === "import") {
      const key = `${ref.leaf} ${path}`;
      let made = this.#loopbacks.get(key);
      if (made === undefined) {
        const { path: imported, ...calls } = this.#core.host(ref.leaf);
        made = this.#loop.lift(ref.type, this.#settings.codecs, calls, { imported, path });
        this.#loopbacks.set(key, made);
      }
      const { lifted, cx } = made;
      return { lifted, cx, suspendingCore: () => lifted.core, target: () => undefined };
    }
    const { lifted, options, node, suspendingCore, target } = this.#core.lift(ref.lift);
    const { postReturn } = lifted;
    return {
      lifted: { ...lifted, path, postReturn: postReturn && hooked(tree, postReturn, path, true) },
      cx: new CanonContext(node, hookedOptions(tree, options, path), true),
      suspendingCore,
      target,
    };
  }
}

function unbranded({ tag, val }: { tag: string; val: unknown }): unknown {
  return { tag, val };
}

/** How a result is read. */
export interface ReadingStyle {
  readonly read: (value: unknown) => unknown;
  /** Whether the function returns a promise, and the guest may be suspended. */
  readonly promising: boolean;
}

/** A lift that is exported. */
interface ExportedLift {
  readonly lifted: Lifted;
  readonly cx: CanonContext;
  readonly suspendingCore: () => CoreFunction;
  /** The lift as a task, if calls of it run as tasks. */
  readonly target: () => LiftTarget | undefined;
}

/** Gives the slot of a module. A plan that is run contains no imported ones. */
function ownSlot(ref: ModuleRef): HeldModule {
  return (ref as ModuleRef & { kind: "own" }).module;
}

/** Converts an exception of the engine while it instantiated a core module. */
function instantiateError(tree: InstanceTree, error: unknown): unknown {
  // For a missing core instance, engines throw a TypeError. For a missing or wrong item, they throw
  // a LinkError. Exceptions of the host were recognised before.
  const unfit = error instanceof WebAssembly.LinkError || error instanceof TypeError;
  if (unfit && !(error instanceof LinkError) && !isHostError(error)) {
    return new LinkError("core-link", "instantiate component", "", engineMessage(error));
  }
  return surface(tree, error, "instantiate", "component");
}

/** Looks at a metered module before the engine makes an instance of it. */
function admitted({ tree, meterer }: Running, { module, imports }: Instantiation): Admitted | undefined {
  return tree.meter && meterer!.admit(module, imports, tree.meter);
}

/** What is done with an instance that the engine made, before the next step. */
function made({ tree, sliced }: Running, instance: WebAssembly.Instance, admission: Admitted | undefined): void {
  if (admission !== undefined) tree.meter!.starting(() => admission.attach(instance, sliced));
  if (tree.lockedDown) rethrow(tree);
}

/** Runs a plan synchronously. */
export function runSync(running: Running): void {
  const steps = running.run();
  for (let step = steps.next(); !step.done;) {
    let instance: WebAssembly.Instance;
    const admission = admitted(running, step.value);
    try {
      instance = new WebAssembly.Instance(step.value.module, step.value.imports);
      made(running, instance, admission);
    } catch (error) {
      throw instantiateError(running.tree, error);
    }
    step = steps.next(instance);
  }
}

/** Waits until no task that an earlier start function left behind runs. */
async function untilFree({ scheduler, tree }: Running): Promise<void> {
  while (scheduler !== undefined && !scheduler.isFree && !tree.lockedDown) {
    await new Promise<void>((resolve) => afterTurn(resolve));
  }
}

/**
 * Modules up to this size are instantiated synchronously. Every browser allows that, and it is
 * faster than asking another thread.
 */
const SMALL_MODULE = 4096;

/** Runs a plan. Large modules are instantiated asynchronously, because browsers require that. */
export async function runAsync(running: Running): Promise<void> {
  const steps = running.run();
  for (let step = steps.next(); !step.done;) {
    let instance: WebAssembly.Instance;
    const admission = admitted(running, step.value);
    try {
      const { module, size, imports } = step.value;
      instance = size > 0 && size <= SMALL_MODULE
        ? new WebAssembly.Instance(module, imports)
        : await WebAssembly.instantiate(module, imports);
      made(running, instance, admission);
      await untilFree(running);
      if (running.tree.lockedDown) rethrow(running.tree);
    } catch (error) {
      throw instantiateError(running.tree, error);
    }
    step = steps.next(instance);
  }
}
