// Resource types at run time: who made them, how they are destroyed, and how a handle's representation becomes a JS object.
// A guest's resource is a ResourceObject in JS that holds its representation; a host's is any object, held in a slab by an index.
// Also the built-ins resource.new, resource.drop and resource.rep.
// Spec: CanonicalABI.md `canon resource.*`, definitions.py `ResourceType`.

import { dispose } from "./dispose.ts";
import { describe, finish, Trap, ValueError } from "../errors.ts";
import type { CallScope } from "./call_scope.ts";
import { isThenable } from "./results.ts";
import { type ComponentInstance, FREE, type InstanceTree } from "./instance.ts";
import { asTrap, checkLeave, refuseEntered, rethrow, surface, trap, uncatchable, whyNotEntered } from "./trap.ts";
import type { ResourceType } from "./types.ts";

/** A resource type of one instance tree. */
export interface ResourceRuntime {
  readonly type: ResourceType;
  /** The component instance that defined it: `impl`. `undefined` for a host's. */
  readonly node: ComponentInstance | undefined;
  /** In the words of a handle mismatch. */
  describe(): string;
  /** A guest gave it away to the host. */
  ownToHost(rep: number): unknown;
  /** A guest lent it to the host for one call. */
  borrowToHost(rep: number, scope: CallScope): unknown;
  /** The host gives it away; `scope` takes it back if the call does not happen. */
  ownFromHost(value: unknown, scope: CallScope): number;
  /** The host lends it for one call. */
  borrowFromHost(value: unknown, scope: CallScope): number;
  /** The last handle is gone: runs the destructor. `caller` is the guest that dropped it, if one did. */
  destroy(rep: number, caller: ComponentInstance | undefined): void;
}

// ── A guest's resources in JS ─────────────────────────────────────────────────────────────────────────────────────────────

/** What messages say of a resource that is gone. */
const phrases = {
  dropped: "was dropped",
  "given away": "was given away",
  ended: "was a borrow that ended with its call",
} as const;

/**
 * What a resource object holds. Apart from the object: the objects of every class look different to an engine, these all look the same,
 * and a call looks at much of it.
 */
export class Holding {
  readonly runtime: GuestResource;
  readonly rep: number;
  readonly owned: boolean;
  /** Why it is no longer there, if it is not. */
  gone: keyof typeof phrases | undefined = undefined;
  /** Calls that it is lent to. */
  lends = 0;

  constructor(runtime: GuestResource, rep: number, owned: boolean) {
    this.runtime = runtime;
    this.rep = rep;
    this.owned = owned;
  }
}

let holdingOf: (value: object) => Holding | undefined;

/** A guest's resource as the host sees it. Classes of exported resources extend it; it has no statics, which they would inherit. */
export class ResourceObject {
  readonly #holding: Holding;

  /** Made by lifting only. */
  constructor(holding: Holding) {
    this.#holding = holding;
  }

  /** Drops it: runs the destructor of an owned one. Doing so again, or when the instance is gone, does nothing. */
  [Symbol.dispose](): void {
    const holding = this.#holding, { runtime } = holding;
    if (!holding.owned) holding.gone ??= "ended";
    if (holding.gone !== undefined || runtime.isGone) return;
    if (holding.lends > 0) throw finish(new ValueError("lent-resource"), "drop", "", `resource ${runtime.name}`);
    runtime.refuseIfEntered();
    holding.gone = "dropped";
    runtime.forget(this);
    runtime.destroy(holding.rep, undefined);
  }

  static {
    holdingOf = (value) => #holding in value ? value.#holding : undefined;
  }
}

/** What the object of a type holds, alive; a ValueError says what is wrong with it. */
function alive(value: unknown, runtime: GuestResource): Holding {
  const holding = typeof value === "object" && value !== null ? holdingOf(value) : undefined;
  if (holding !== undefined && holding.runtime === runtime && holding.gone === undefined) return holding;
  return refuseObject(value, holding, runtime);
}

function refuseObject(value: unknown, holding: Holding | undefined, runtime: GuestResource): never {
  if (holding?.runtime === runtime) {
    throw new ValueError("dead-resource", `the resource \`${runtime.name}\` ${phrases[holding.gone!]}`);
  }
  const isNamesake = holding?.runtime.name === runtime.name;
  if (!isNamesake && isThenable(value)) throw new ValueError("promise", `resource \`${runtime.name}\``);
  const found = isNamesake ? "one of another type or instance" : describe(value);
  throw new ValueError("type-mismatch", `resource \`${runtime.name}\``, found);
}

/** Lends an object; whoever does gives it back by counting its `lends` down. */
export function lendDirectly(value: unknown, runtime: GuestResource): Holding {
  const holding = alive(value, runtime);
  holding.lends++;
  return holding;
}

/** Whether a value is a resource object of a type, alive or not. */
export function isResourceObject(value: unknown, runtime: GuestResource): boolean {
  return typeof value === "object" && value !== null && holdingOf(value)?.runtime === runtime;
}

/** A class of resource objects. */
export type ResourceObjectClass = abstract new (...args: never[]) => ResourceObject;

/** A resource type that a component of the tree defined. */
export class GuestResource implements ResourceRuntime {
  readonly type: ResourceType;
  readonly node: ComponentInstance;
  #class: ResourceObjectClass | undefined;
  /** The number that stands for its destructor while that runs. */
  #call: number | undefined;
  readonly #destructor: ((rep: number) => void) | undefined;
  /** Made when first needed: a small binary can define many types that have no objects. */
  #finalizers: FinalizationRegistry<number> | undefined;

  constructor(type: ResourceType, node: ComponentInstance, destructor: ((rep: number) => void) | undefined) {
    this.type = type;
    this.node = node;
    this.#destructor = destructor;
  }

  get name(): string {
    return this.type.name ?? "resource";
  }

  /** The class that lifted objects are instances of; made when first asked for, which may be while the instance starts. */
  get class(): ResourceObjectClass {
    return this.#class ??= this.node.tree.makeClass?.(this) ?? ResourceObject as unknown as ResourceObjectClass;
  }

  describe(): string {
    return "guest-defined resource";
  }

  ownToHost(rep: number): ResourceObject {
    const object = this.#make(new Holding(this, rep, true));
    this.remember(object, rep);
    return object;
  }

  borrowToHost(rep: number, scope: CallScope): ResourceObject {
    const holding = new Holding(this, rep, false);
    scope.atEnd(() => {
      holding.gone ??= "ended";
    });
    return this.#make(holding);
  }

  ownFromHost(value: unknown, scope: CallScope): number {
    const holding = alive(value, this), object = value as ResourceObject;
    if (!holding.owned) {
      throw new ValueError("type-mismatch", `an owned \`${this.name}\``, "a borrowed one");
    }
    if (holding.lends > 0) throw new ValueError("lent-resource");
    holding.gone = "given away";
    this.forget(object);
    scope.onFailure(() => {
      holding.gone = undefined;
      this.remember(object, holding.rep);
    });
    return holding.rep;
  }

  borrowFromHost(value: unknown, scope: CallScope): number {
    const holding = lendDirectly(value, this);
    scope.atEnd(() => void holding.lends--);
    return holding.rep;
  }

  destroy(rep: number, caller: ComponentInstance | undefined): void {
    const { tree } = this.node;
    if (caller === undefined && (tree.poisoned || this.#destructor === undefined)) return;
    // At the instance's end everything is entered already, and stays so.
    const entering = tree.disposed ? [] : this.node.enteringSet(caller);
    const taken = entering.find((inst) => inst.entered !== FREE);
    if (taken !== undefined) trap(tree, "cannot-enter", whyNotEntered(taken));
    if (this.#destructor === undefined) return;
    const call = this.#call ??= tree.callNumber(`the destructor of resource ${this.name}`);
    for (const inst of entering) inst.entered = call;
    try {
      this.#destructor(rep);
      if (tree.poisoned) rethrow(tree);
    } catch (error) {
      throw caller === undefined ? surface(tree, error, "drop", `resource ${this.name}`) : asTrap(error);
    }
    for (const inst of entering) inst.entered = FREE;
  }

  /** Whether there is nobody left to drop it for. */
  get isGone(): boolean {
    return this.node.tree.poisoned || this.node.tree.disposed;
  }

  /** An explicit drop by the host while the instance runs is refused before anything changes. */
  refuseIfEntered(): void {
    if (this.#destructor === undefined) return;
    const taken = this.node.enteringSet(undefined).findLast((inst) => inst.entered !== FREE);
    if (taken !== undefined) refuseEntered(taken, "drop", `resource ${this.name}`);
  }

  /** Has the destructor run when the object is garbage. */
  remember(object: ResourceObject, rep: number): void {
    if (this.#destructor === undefined) return;
    // The registry must not keep the tree alive on its own account: it is reachable only from its
    // resources.
    this.#finalizers ??= new FinalizationRegistry((rep) => this.#finalize(rep));
    this.#finalizers.register(object, rep, object);
  }

  /** Takes that back: the object no longer owns. */
  forget(object: ResourceObject): void {
    this.#finalizers?.unregister(object);
  }

  #make(holding: Holding): ResourceObject {
    return Reflect.construct(ResourceObject, [holding], this.class);
  }

  #finalize(rep: number): void {
    if (this.isGone) return;
    const { tree } = this.node;
    // Entered while no JavaScript runs: a call is suspended. The drop waits for its end.
    if (this.#destructor !== undefined && this.node.enteringSet(undefined).some((inst) => inst.entered !== FREE)) {
      tree.idle.push(() => this.#finalize(rep));
      return;
    }
    try {
      this.destroy(rep, undefined);
    } catch (error) {
      tree.onError(error);
    }
  }
}

// ── A host's resources in guests ──────────────────────────────────────────────────────────────────────────────────────────

/** How host objects are recognised and released. */
export interface HostResourceClass {
  is(value: unknown): boolean;
}

/** A resource type that the host gave: objects in a slab, their indices are the representations. */
export class HostResource implements ResourceRuntime {
  readonly type: ResourceType;
  readonly node = undefined;
  readonly #class: HostResourceClass;
  readonly #tree: InstanceTree;
  readonly #objects: unknown[] = [];
  readonly #free: number[] = [];

  constructor(type: ResourceType, resourceClass: HostResourceClass, tree: InstanceTree) {
    this.type = type;
    this.#class = resourceClass;
    this.#tree = tree;
  }

  /** Objects that guests hold handles to. */
  get size(): number {
    return this.#objects.length - this.#free.length;
  }

  describe(): string {
    return "host-defined resource";
  }

  ownToHost(rep: number): unknown {
    return this.#remove(rep);
  }

  borrowToHost(rep: number): unknown {
    return this.#objects[rep];
  }

  ownFromHost(value: unknown, scope: CallScope): number {
    const rep = this.hold(value);
    scope.onFailure(() => this.#remove(rep));
    return rep;
  }

  borrowFromHost(value: unknown, scope: CallScope): number {
    const rep = this.hold(value);
    scope.atEnd(() => this.#remove(rep));
    return rep;
  }

  destroy(rep: number, caller: ComponentInstance | undefined): void {
    const object = this.#remove(rep) as { [dispose]?: unknown } | null | undefined;
    const method = object?.[dispose];
    if (typeof method !== "function") return;
    try {
      method.call(object);
    } catch (error) {
      // Without a caller the instance ends: it drops what it has in no order, and no guest can be blamed for that.
      if (caller !== undefined || !(error instanceof Trap)) throw error;
    }
  }

  /** Holds an object for a guest; gives the representation. */
  hold(value: unknown): number {
    if (!this.#class.is(value)) {
      if (isThenable(value)) throw new ValueError("promise", `resource \`${this.type.name ?? "resource"}\``);
      throw new ValueError("type-mismatch", `resource \`${this.type.name ?? "resource"}\``, describe(value));
    }
    const { maxHostHandles } = this.#tree;
    if (this.#tree.hostHandles >= maxHostHandles) {
      trap(this.#tree, "handle-limit", maxHostHandles, " to the host's resources");
    }
    this.#tree.hostHandles++;
    const rep = this.#free.pop() ?? this.#objects.length;
    this.#objects[rep] = value;
    return rep;
  }

  #remove(rep: number): unknown {
    const object = this.#objects[rep];
    this.#objects[rep] = undefined;
    this.#free.push(rep);
    this.#tree.hostHandles--;
    return object;
  }
}

// ── Built-ins ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `canon_resource_new`. */
export function resourceNew(inst: ComponentInstance, runtime: ResourceRuntime): (rep: number) => number {
  return (rep) => {
    checkLeave(inst);
    return inst.handles.add(runtime, rep, undefined);
  };
}

/** `canon_resource_drop`. */
export function resourceDrop(inst: ComponentInstance, runtime: ResourceRuntime): (handle: number) => void {
  return (handle) => {
    try {
      checkLeave(inst);
      const rep = inst.handles.drop(handle >>> 0, runtime);
      if (rep !== undefined) runtime.destroy(rep, inst);
    } catch (error) {
      throw uncatchable(inst.tree, error);
    }
  };
}

/** `canon_resource_rep`: the one built-in besides `context.*` that may run during realloc and post-return. */
export function resourceRep(inst: ComponentInstance, runtime: ResourceRuntime): (handle: number) => number {
  return (handle) => inst.handles.rep(handle >>> 0, runtime);
}
