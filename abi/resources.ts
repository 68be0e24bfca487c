// Resource types at run time: who made them, how they are destroyed, and how a handle's representation becomes a JS object.
// A guest's resource is a ResourceObject in JS that holds its representation; a host's is any object, held in a slab by an index.
// Also the built-ins resource.new, resource.drop and resource.rep.
// Spec: CanonicalABI.md `canon resource.*`, definitions.py `ResourceType`.

import { describe, finish, ValueError } from "../errors.ts";
import type { CallScope } from "./call_scope.ts";
import { isThenable } from "./results.ts";
import type { ComponentInstance } from "./instance.ts";
import { asTrap, checkLeave, refuse, rethrow, surface, trap, uncatchable } from "./trap.ts";
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

type Status = "own" | "borrowed" | "dropped" | "given away" | "ended";

/** What messages say of a resource that is gone. */
const phrases: Readonly<Record<Exclude<Status, "own" | "borrowed">, string>> = {
  dropped: "was dropped",
  "given away": "was given away",
  ended: "was a borrow that ended with its call",
};

let takeObject: (value: unknown, runtime: GuestResource, scope: CallScope) => number;
/** Lends an object where whoever does gives it back itself; gives the representation. */
export let lendDirectly: (value: unknown, runtime: GuestResource) => number;
/** Gives it back. */
export let endDirectLend: (object: ResourceObject) => void;
let endBorrow: (object: ResourceObject) => void;
let runtimeOf: (value: unknown) => GuestResource | undefined;

/** A guest's resource as the host sees it. Classes of exported resources extend it; it has no statics, which they would inherit. */
export class ResourceObject {
  #runtime: GuestResource;
  #rep: number;
  #status: Status;
  #lends = 0;

  /** Made by lifting only. */
  constructor(runtime: GuestResource, rep: number, status: "own" | "borrowed") {
    this.#runtime = runtime;
    this.#rep = rep;
    this.#status = status;
  }

  /** Drops it: runs the destructor of an owned one. Doing so again, or when the instance is gone, does nothing. */
  [Symbol.dispose](): void {
    if (this.#status === "borrowed") this.#status = "ended";
    if (this.#status !== "own" || this.#runtime.isGone) return;
    if (this.#lends > 0) throw finish(new ValueError("lent-resource"), "drop", "", `resource ${this.#runtime.name}`);
    this.#runtime.refuseIfEntered();
    this.#status = "dropped";
    this.#runtime.forget(this);
    this.#runtime.destroy(this.#rep, undefined);
  }

  static {
    /** The object of a type, alive; a ValueError says what is wrong with it. */
    const alive = (value: unknown, runtime: GuestResource): ResourceObject => {
      if (typeof value === "object" && value !== null && #runtime in value) {
        if (value.#runtime === runtime) {
          if (value.#status === "own" || value.#status === "borrowed") return value;
          throw new ValueError("dead-resource", `the resource \`${runtime.name}\` ${phrases[value.#status]}`);
        }
        if (value.#runtime.name === runtime.name) {
          throw new ValueError("type-mismatch", `resource \`${runtime.name}\``, "one of another type or instance");
        }
      }
      if (isThenable(value)) throw new ValueError("promise", `resource \`${runtime.name}\``);
      throw new ValueError("type-mismatch", `resource \`${runtime.name}\``, describe(value));
    };
    runtimeOf = (value) =>
      typeof value === "object" && value !== null && #runtime in value ? value.#runtime : undefined;
    takeObject = (value, runtime, scope) => {
      const object = alive(value, runtime);
      if (object.#status === "borrowed") {
        throw new ValueError("type-mismatch", `an owned \`${runtime.name}\``, "a borrowed one");
      }
      if (object.#lends > 0) throw new ValueError("lent-resource");
      object.#status = "given away";
      runtime.forget(object);
      scope.onFailure(() => {
        object.#status = "own";
        runtime.remember(object, object.#rep);
      });
      return object.#rep;
    };
    lendDirectly = (value, runtime) => {
      const object = alive(value, runtime);
      object.#lends++;
      return object.#rep;
    };
    endDirectLend = (object) => {
      object.#lends--;
    };
    endBorrow = (object) => {
      if (object.#status === "borrowed") object.#status = "ended";
    };
  }
}

/** Whether a value is a resource object of a type, alive or not. */
export function isResourceObject(value: unknown, runtime: GuestResource): boolean {
  return runtimeOf(value) === runtime;
}

/** A class of resource objects. */
export type ResourceObjectClass = abstract new (...args: never[]) => ResourceObject;

/** A resource type that a component of the tree defined. */
export class GuestResource implements ResourceRuntime {
  readonly type: ResourceType;
  readonly node: ComponentInstance;
  #class: ResourceObjectClass | undefined;
  readonly #destructor: ((rep: number) => void) | undefined;
  readonly #finalizers: FinalizationRegistry<number>;

  constructor(type: ResourceType, node: ComponentInstance, destructor: ((rep: number) => void) | undefined) {
    this.type = type;
    this.node = node;
    this.#destructor = destructor;
    // The registry must not keep the tree alive on its own account: it is reachable only from its resources.
    this.#finalizers = new FinalizationRegistry((rep) => this.#finalize(rep));
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
    const object = this.#make(rep, "own");
    this.remember(object, rep);
    return object;
  }

  borrowToHost(rep: number, scope: CallScope): ResourceObject {
    const object = this.#make(rep, "borrowed");
    scope.atEnd(() => endBorrow(object));
    return object;
  }

  ownFromHost(value: unknown, scope: CallScope): number {
    return takeObject(value, this, scope);
  }

  borrowFromHost(value: unknown, scope: CallScope): number {
    const rep = lendDirectly(value, this);
    scope.atEnd(() => endDirectLend(value as ResourceObject));
    return rep;
  }

  destroy(rep: number, caller: ComponentInstance | undefined): void {
    const { tree } = this.node;
    if (caller === undefined && (tree.poisoned || this.#destructor === undefined)) return;
    // At the instance's end everything is entered already, and stays so.
    const entering = tree.disposed ? [] : this.node.enteringSet(caller);
    if (entering.some((inst) => inst.entered)) trap(tree, "cannot-enter");
    if (this.#destructor === undefined) return;
    for (const inst of entering) inst.entered = true;
    try {
      this.#destructor(rep);
      if (tree.poisoned) rethrow(tree);
    } catch (error) {
      throw caller === undefined ? surface(tree, error, "drop", `resource ${this.name}`) : asTrap(error);
    }
    for (const inst of entering) inst.entered = false;
  }

  /** Whether there is nobody left to drop it for. */
  get isGone(): boolean {
    return this.node.tree.poisoned || this.node.tree.disposed;
  }

  /** An explicit drop by the host while the instance runs is refused before anything changes. */
  refuseIfEntered(): void {
    if (this.#destructor === undefined) return;
    if (this.node.enteringSet(undefined).some((inst) => inst.entered)) {
      refuse("cannot-enter", "drop", `resource ${this.name}`);
    }
  }

  /** Has the destructor run when the object is garbage. */
  remember(object: ResourceObject, rep: number): void {
    if (this.#destructor !== undefined) this.#finalizers.register(object, rep, object);
  }

  /** Takes that back: the object no longer owns. */
  forget(object: ResourceObject): void {
    if (this.#destructor !== undefined) this.#finalizers.unregister(object);
  }

  #make(rep: number, status: "own" | "borrowed"): ResourceObject {
    return Reflect.construct(ResourceObject, [this, rep, status], this.class);
  }

  #finalize(rep: number): void {
    if (this.isGone) return;
    const { tree } = this.node;
    // Entered while no JavaScript runs: a call is suspended. The drop waits for its end.
    if (this.#destructor !== undefined && this.node.enteringSet(undefined).some((inst) => inst.entered)) {
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
  readonly #objects: unknown[] = [];
  readonly #free: number[] = [];

  constructor(type: ResourceType, resourceClass: HostResourceClass) {
    this.type = type;
    this.#class = resourceClass;
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

  destroy(rep: number): void {
    const object = this.#remove(rep) as { [Symbol.dispose]?: unknown } | null | undefined;
    const dispose = object?.[Symbol.dispose];
    if (typeof dispose === "function") dispose.call(object);
  }

  /** Holds an object for a guest; gives the representation. */
  hold(value: unknown): number {
    if (!this.#class.is(value)) {
      if (isThenable(value)) throw new ValueError("promise", `resource \`${this.type.name ?? "resource"}\``);
      throw new ValueError("type-mismatch", `resource \`${this.type.name ?? "resource"}\``, describe(value));
    }
    const rep = this.#free.pop() ?? this.#objects.length;
    this.#objects[rep] = value;
    return rep;
  }

  #remove(rep: number): unknown {
    const object = this.#objects[rep];
    this.#objects[rep] = undefined;
    this.#free.push(rep);
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
