// Instances: the options that they are made with, their public interface, and their end.
// A linked plan and options enter, an Instance leaves. Functions are made when they are first read.

import "../../abi/dispose.ts";
import { describe, LinkError } from "../../errors.ts";
import { jspi } from "../../abi/state/jspi.ts";
import type { CallHooks } from "../../abi/state/hooks.ts";
import { FREE, LOCKED } from "../../abi/state/flags.ts";
import { InstanceTree, type Limits, reasonOf } from "../../abi/state/instance.ts";
import { Codecs } from "../../abi/codecs/codecs.ts";
import { disposed, refuseEnter } from "../../abi/state/entering.ts";
import type { ClassOf, GuestResource, ResourceObjectClass } from "../../abi/resources/guest_resource.ts";
import type { ResourceRuntime } from "../../abi/state/resource_runtime.ts";
import type { FuncType, ResourceType } from "../../abi/types/types.ts";
import type { ComponentInternals } from "../../core/component.ts";
import { features } from "../../core/module/features.ts";
import { runAsync, Running, runSync } from "../../core/run/instantiate.ts";
import { checkKnown, type Known } from "../../core/binary/known_names.ts";
import type { Plan } from "../../core/plan/plan_types.ts";
import { Classes, classOf, exportMembers, type ExportSource, type Members, ownersOf } from "./exports.ts";
import type { MakeHostImport } from "../../core/run/running_core.ts";
import { interfaceName, lookUp } from "./lookup.ts";
import { requireMatch, resultViews } from "../match.ts";
import { memberNames } from "../names.ts";
import { makeGuestClass, makePromisingClass } from "./classes.ts";
import type {
  ExportArgs,
  ExportFunc,
  ExportFuncNoThrow,
  ExportValue,
  FuncSchema,
  PromisingFunc,
  PromisingFuncNoThrow,
  ResourceClass,
  ResultFuncSchema,
} from "../schema.ts";

/**
 * A component's world as a type, as `Component.typescript()` prints it. The default world knows no
 * names, and its exports are `any`.
 */
export interface World {
  /** What the host provides, by import name. */
  readonly imports: object;
  /** The exports of an instance, by export name. */
  // deno-lint-ignore no-explicit-any
  readonly exports: Readonly<Record<string, any>>;
}

/** Settings of one instance. */
export interface InstantiateSettings {
  /** Limits of the instance tree. A limit that is not given has its default. */
  limits?: Limits;
  /** Called at the transitions between host and guest. */
  hooks?: CallHooks;
  /** Aborting locks the instance down. */
  signal?: AbortSignal;
  /**
   * Gets exceptions of destructors and finalizers that no caller can catch. The default is
   * `reportError`.
   */
  onError?: (error: unknown) => void;
  /**
   * What an instance tree does whose tasks all wait while nothing of the host is pending: `"trap"`
   * reports a deadlock, `"wait"` waits for the host's next call. The default is `"wait"`.
   */
  idle?: "trap" | "wait";
}
/**
 * `data` is what host functions made with `{ caller: true }` find as `caller.data`. It is required,
 * unless `undefined` is a valid value.
 */
export type InstantiateOptions<Data = undefined> =
  & InstantiateSettings
  & (undefined extends Data ? { readonly data?: Data } : { readonly data: Data });

/**
 * `any` stays `any`. A class keeps its static functions and methods (through `prototype`), and
 * `new` gives a promise.
 */
export type Promising<T> = { readonly [K in keyof T]: PromisingMember<T[K]> };
/** One member of {@linkcode Promising}. */
export type PromisingMember<T> = 0 extends 1 & T ? T
  : T extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>>
  : T extends abstract new (...args: infer A) => infer R
    ? { new (...args: A): Promise<R>; readonly prototype: Promising<R> } & Promising<Omit<T, "prototype">>
  : T extends object ? Promising<T>
  : T;

/** A running instance. */
export interface Instance<W extends World = World> {
  /**
   * The exports. Interface names are exactly as exported; interface members and root functions are
   * in camelCase. A sync function returns its value, an async one a promise.
   */
  readonly exports: W["exports"];
  /**
   * The same exports, each returning a promise. Calls that may reach a suspending host function go
   * through here (JSPI).
   */
  readonly promising: { readonly exports: Promising<W["exports"]> };
  /**
   * Gives a function by path (`ns:pkg/iface@1.2.0#f`, `#[method]r.m`, a root name). Versions match
   * by semver, and the type is checked here, once.
   */
  func<F extends FuncSchema>(path: string, type: F, options?: { throws?: true; promising?: false }): ExportFunc<F>;
  /** Gives a function by path that returns a Result instead of throwing a ComponentError. */
  func<F extends ResultFuncSchema>(
    path: string,
    type: F,
    options: { throws: false; promising?: false },
  ): ExportFuncNoThrow<F>;
  /**
   * Gives a function by path whose result is read where it is. `read` is called before the guest
   * frees the result, so that `t.view` in its type is a list in the guest's memory, valid until
   * `read` returns; what `read` gives is what the call gives. The instance is still entered: `read`
   * may not call it. An `err` is thrown as ever, and is not read.
   */
  func<F extends FuncSchema, R>(
    path: string,
    type: F,
    options: { read: (value: ExportValue<F["result"]>) => R; throws?: true; promising?: false },
  ): (...args: ExportArgs<F["params"]>) => R;
  /** Likewise, and it returns a promise (JSPI). */
  func<F extends FuncSchema, R>(
    path: string,
    type: F,
    options: { read: (value: ExportValue<F["result"]>) => R; throws?: true; promising: true },
  ): (...args: ExportArgs<F["params"]>) => Promise<R>;
  /** Gives a function by path that returns a promise (JSPI). */
  func<F extends FuncSchema>(path: string, type: F, options: { throws?: true; promising: true }): PromisingFunc<F>;
  /** Gives a function by path that returns a promise of a Result (JSPI). */
  func<F extends ResultFuncSchema>(
    path: string,
    type: F,
    options: { throws: false; promising: true },
  ): PromisingFuncNoThrow<F>;
  /** Gives an exported interface by name. Versions match by semver. */
  // deno-lint-ignore no-explicit-any
  interface(name: string): Readonly<Record<string, any>> | undefined;
  /**
   * What is left of the limit `fuel`, which may be set. `undefined` if there is no such limit.
   * Setting it is a TypeError for a component that was not compiled with `metering`.
   */
  fuel: bigint | undefined;
  /**
   * Drops what the instance owns, and runs the destructors. Later use of any part of the instance
   * is a TypeError.
   */
  [Symbol.dispose](): void;
  /** Like `[Symbol.dispose]`, for `await using`. Waits for a suspended call first. */
  [Symbol.asyncDispose](): Promise<void>;
}

const codecs = new Codecs(memberNames);

/** A plan with its imports matched, from which instances are made. */
export interface LinkedPlan extends Omit<ComponentInternals, "modules" | "reflect"> {
  readonly plan: Plan;
  /** One function per leaf of the imports. */
  readonly hostImports: readonly MakeHostImport[];
  /** The classes that the host provides for imported resources. */
  readonly classes: ReadonlyMap<ResourceType, ResourceClass>;
}

/** The names of {@linkcode InstantiateOptions}. */
export const INSTANTIATE_OPTIONS: Known<InstantiateOptions<unknown>> = {
  limits: true,
  hooks: true,
  signal: true,
  onError: true,
  idle: true,
  data: true,
};
const LIMITS: Known<Limits> = {
  liftedBytes: true,
  handles: true,
  callDepth: true,
  tasks: true,
  fuel: true,
  deadline: true,
  memory: true,
  slice: true,
};
/** Limits that hold for metered modules only. */
const METERED: readonly (keyof Limits)[] = ["fuel", "deadline", "memory", "slice"];
const HOOKS: Known<CallHooks> = {
  callingHost: true,
  returningFromHost: true,
  callingGuest: true,
  returningFromGuest: true,
  idle: true,
};
interface FuncOptions {
  readonly throws?: boolean;
  readonly promising?: boolean;
  readonly read?: (value: unknown) => unknown;
}
const FUNC_OPTIONS: Known<FuncOptions> = { throws: true, promising: true, read: true };

function checkReading(read: unknown, type: FuncType, throws: boolean, display: string): void {
  if (typeof read !== "function") {
    throw new TypeError(`the option \`read\` must be a function, found ${describe(read)}`);
  }
  if (!throws) throw new TypeError("the options `read` and `throws: false` exclude each other: an `err` is not read");
  if (type.async) {
    throw new TypeError(`the option \`read\` is for synchronous functions: the guest goes on (export ${display})`);
  }
  if (type.result === undefined) throw new TypeError(`the option \`read\` needs a result to read (export ${display})`);
}

function checkOptions(options: InstantiateOptions<unknown>, metered: boolean): void {
  checkKnown("option of instantiate", options, INSTANTIATE_OPTIONS);
  checkKnown("limit", options.limits, LIMITS);
  const { idle, limits } = options;
  const lacking = metered ? undefined : METERED.find((name) => limits?.[name] !== undefined);
  if (lacking !== undefined) {
    throw new TypeError(`the limit ${lacking} needs a component that is compiled with { metering: true }`);
  }
  if (idle !== undefined && idle !== "trap" && idle !== "wait") {
    throw new TypeError(`the option \`idle\` must be "trap" or "wait", found ${describe(idle)}`);
  }
  // The functions of a hooks object may use other members of it, so unknown members are allowed.
  const { hooks } = options;
  if (hooks === undefined) return;
  const functions = Object.entries(hooks).filter(([, member]) => typeof member === "function");
  checkKnown("hook", Object.fromEntries(functions), HOOKS);
}

/** Asks the signal's own getters: those of a signal that another thread sets are the embedder's. */
function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}

/** Makes the running instance tree of a linked component. Nothing of it has run yet. */
export function prepareRunning(
  { plan, hostImports, codegen, meterer, ...parts }: Omit<LinkedPlan, "classes">,
  options: InstantiateOptions<unknown>,
  classOf: ClassOf,
): Running {
  checkOptions(options, meterer !== undefined);
  throwIfAborted(options.signal);
  if (options.limits?.slice !== undefined && !jspi.has) {
    throw new LinkError("missing-feature", "instantiate component", "", "the limit `slice`", "JSPI");
  }
  const tree = new InstanceTree(options, plan.nodes.length + 1);
  tree.meter = meterer?.meter(tree, options.limits ?? {}, options.signal);
  return new Running(plan, hostImports.map((make) => make(tree)), tree, {
    ...parts,
    codecs,
    // What was written ahead of time needs no evaluation.
    codegen: codegen?.print === undefined || features.codegen ? codegen : undefined,
    meterer,
    classOf,
    scheduling: {
      idle: options.idle ?? "wait",
      onIdle: (report) => options.hooks?.idle?.(report),
      maxTasks: tree.maxTasks,
    },
  });
}

function prepare(linked: LinkedPlan, options: InstantiateOptions<unknown> = {}): ExportSource {
  const classes = new Classes(makeGuestClass);
  const running = prepareRunning(
    linked,
    options,
    (runtime) => classes.of(runtime).class as ResourceObjectClass,
  );
  return {
    running,
    classes,
    hostClasses: linked.classes,
    func: (ref, path, method) => running.func(ref, path, { throws: true, method }),
  };
}

/** Makes an instance of a linked component. */
export async function instantiateLinked(linked: LinkedPlan, options?: InstantiateOptions<unknown>): Promise<Instance> {
  const source = prepare(linked, options);
  await runAsync(source.running);
  return new RunningInstance(source, options?.signal);
}

/** Makes an instance synchronously. */
export function instantiateLinkedSync(linked: LinkedPlan, options?: InstantiateOptions<unknown>): Instance {
  const source = prepare(linked, options);
  runSync(source.running);
  return new RunningInstance(source, options?.signal);
}

let treeOf: (instance: RunningInstance) => InstanceTree;

/** Calls back once when an instance is locked down: no call enters it any more. */
export function whenLockedDown(instance: Instance, told: () => void): void {
  treeOf(instance as RunningInstance).toldOfEnd.push(told);
}

class RunningInstance implements Instance {
  readonly exports: Members;
  readonly #source: ExportSource;
  readonly #running: Running;
  /** Removes the listener from the signal, which may live much longer than the instance. */
  #unlisten: (() => void) | undefined;
  #promising: { readonly exports: Members } | undefined;

  static {
    treeOf = (instance) => instance.#running.tree;
  }

  constructor(source: ExportSource, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#running = source.running;
    const { exports } = source.running.plan;
    this.exports = exportMembers(exports, "", source);
    // A class gets its members when the interface that exports it is read. An object that was
    // lifted before needs them too, so the interface is read now.
    let owners: ReturnType<typeof ownersOf> | undefined;
    const complete = ({ type }: GuestResource): void => {
      for (const path of (owners ??= ownersOf(exports)).get(type) ?? []) {
        path.reduce((members, name) => members[name] as Members, this.exports);
      }
    };
    for (const runtime of source.classes.made()) complete(runtime);
    source.classes.complete = complete;
    const { tree } = this.#running;
    if (signal?.aborted) tree.abort(reasonOf(signal));
    throwIfAborted(signal);
    if (signal === undefined) return;
    const abort = (): void => tree.abort(reasonOf(signal));
    signal.addEventListener("abort", abort, { once: true });
    this.#unlisten = () => signal.removeEventListener("abort", abort);
  }

  // deno-lint-ignore no-explicit-any
  get promising(): any {
    if (this.#promising === undefined) {
      const source: ExportSource = {
        ...this.#source,
        classes: new Classes(makePromisingClass),
        func: (ref, path, method) => this.#running.promisingFunc(ref, path, { throws: true, method }),
      };
      this.#promising = { exports: exportMembers(this.#running.plan.exports, "", source) };
    }
    return this.#promising;
  }

  // deno-lint-ignore no-explicit-any
  func(path: string, type: FuncSchema, options: FuncOptions = {}): any {
    checkKnown("option of func()", options, FUNC_OPTIONS);
    const { ref, display } = lookUp(path, this.#running.plan.exports);
    const classes = (resource: ResourceType) => classOf(this.#source, resource) as ResourceClass | undefined;
    requireMatch(ref.type, type, classes, `look up export ${path}`, path);
    const { promising = false, throws = true, read } = options;
    const viewed = resultViews(ref.type, type, read !== undefined, display);
    if (read !== undefined) {
      checkReading(read, ref.type, throws, display);
      return this.#running.readingFunc(ref, `export ${display}`, viewed, { read, promising });
    }
    const style = { throws, method: false };
    return this.#running[promising ? "promisingFunc" : "func"](ref, `export ${display}`, style);
  }

  interface(name: string): Members | undefined {
    const found = interfaceName(name, this.#running.plan.exports);
    return found === undefined ? undefined : this.exports[found] as Members;
  }

  get fuel(): bigint | undefined {
    return this.#running.tree.meter?.fuel;
  }

  set fuel(fuel: bigint | number | undefined) {
    const { meter } = this.#running.tree;
    if (meter === undefined) {
      throw new TypeError("fuel can be set for a component that is compiled with { metering: true } only");
    }
    meter.fuel = fuel;
  }

  [Symbol.dispose](): void {
    const { tree } = this.#running;
    if (tree.disposed) return;
    const { scheduler } = this.#running;
    const running = tree.lockedDown ? undefined : tree.nodes.find((node) => node.entered !== FREE);
    if (scheduler !== undefined && !tree.lockedDown) {
      // A guest on the stack cannot be stopped, tasks that wait can.
      if (scheduler.isRunning) refuseEnter(running ?? tree.nodes[0]!, "dispose", "instance");
      scheduler.endAll((path) => disposed(path));
    } else if (running !== undefined) {
      // A guest on the stack cannot be stopped. A suspended guest can: its call rejects, and its
      // stack is unwound.
      if (tree.waits.size === 0) refuseEnter(running, "dispose", "instance");
      tree.abort(disposed(tree.calleeOf(running.entered)!));
    }
    this.#unlisten?.();
    // From here on, only destructors run.
    tree.disposed = true;
    for (const node of tree.nodes) node.entered = LOCKED;
    // A guest's destructor may still use resources of the host that its instance owns, so those are
    // dropped last.
    const failures = [
      ...this.#drain((type) => type.node !== undefined),
      ...this.#drain((type) => type.node === undefined),
    ];
    for (const node of tree.nodes) {
      for (const item of node.handles.drainItems()) item.abandon();
    }
    if (failures.length > 0) throw failures[0]!.error;
  }

  /**
   * Drops the resources of some types that the instances own. Gives an exception that `onError`
   * threw, which does not stop the rest.
   */
  #drain(wanted: (type: ResourceRuntime) => boolean): { readonly error: unknown }[] {
    const { tree } = this.#running;
    const failures: { readonly error: unknown }[] = [];
    for (const node of tree.nodes) {
      for (const { type, rep } of node.handles.drain(wanted)) {
        try {
          type.destroy(rep, undefined);
        } catch (error) {
          try {
            tree.onError(error);
          } catch (error) {
            failures.push({ error });
          }
        }
      }
    }
    return failures;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve, reject) => {
      const dispose = (): void => {
        try {
          resolve(this[Symbol.dispose]());
        } catch (error) {
          reject(error);
        }
      };
      // A call that is suspended ends first, and so do tasks that go on after they have returned.
      const { tree, scheduler } = this.#running;
      if (scheduler !== undefined && !tree.lockedDown) scheduler.whenDone(dispose);
      else if (tree.pendingCalls.size === 0) dispose();
      else tree.idle.push(dispose);
    });
  }
}
