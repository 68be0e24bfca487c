// Resources of a guest in JavaScript. An object holds a representation, and a class belongs to each
// resource type. The destructor runs when the object is dropped or garbage-collected.
// Representations enter, objects leave, and the reverse.
// Spec: CanonicalABI.md `canon resource.*`, definitions.py `ResourceType`.

import "../dispose.ts";
import { completeMessage, describe, ValueError } from "../../errors.ts";
import type { AddressType } from "../types/core_values.ts";
import type { CallFrame } from "../state/call_frame.ts";
import { FREE } from "../state/flags.ts";
import type { ComponentInstance } from "../state/instance.ts";
import type { Rep, ResourceRuntime } from "../state/resource_runtime.ts";
import { isThenable } from "../codecs/results.ts";
import { asTrap, rethrow, surface, trap, whyNotEntered } from "../state/trap.ts";
import { refuseEnter } from "../state/entering.ts";
import type { ResourceType } from "../types/types.ts";

/** The reasons in messages about a resource that cannot be used any more. */
const phrases = {
  dropped: "was dropped",
  "given away": "was given away",
  ended: "was a borrow that ended with its call",
} as const;

/**
 * The state of a resource object. It is an object of its own because engines optimise code for one
 * class: each resource class differs, but every Holding has the same shape, and calls read it
 * often.
 */
export class Holding {
  readonly runtime: GuestResource;
  readonly rep: Rep;
  readonly owned: boolean;
  /** Why the resource cannot be used any more; `undefined` while it can. */
  gone: keyof typeof phrases | undefined = undefined;
  /** How many calls the resource is lent to. */
  lends = 0;

  constructor(runtime: GuestResource, rep: Rep, owned: boolean) {
    this.runtime = runtime;
    this.rep = rep;
    this.owned = owned;
  }
}

let holdingOf: (value: object) => Holding | undefined;

/**
 * A resource of a guest, as the host sees it. The classes of exported resources extend this class.
 * It has no static members because they would inherit them.
 */
export class ResourceObject {
  readonly #holding: Holding;

  /** Only lifting makes such objects. */
  constructor(holding: Holding) {
    this.#holding = holding;
  }

  /**
   * Drops the resource; the destructor of an owned one runs. A second call has no effect, nor has a
   * call after the instance's end.
   */
  [Symbol.dispose](): void {
    const holding = this.#holding, { runtime } = holding;
    if (!holding.owned) holding.gone ??= "ended";
    if (holding.gone !== undefined || runtime.isGone) return;
    if (holding.lends > 0) {
      throw completeMessage(new ValueError("lent-resource"), "drop", "", `resource ${runtime.name}`);
    }
    runtime.refuseIfEntered();
    holding.gone = "dropped";
    runtime.forget(this);
    runtime.destroy(holding.rep, undefined);
  }

  static {
    holdingOf = (value) => #holding in value ? value.#holding : undefined;
  }
}

/**
 * Gives the state of an object that can still be used. Throws a ValueError that says what is wrong
 * otherwise.
 */
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

/** Lends an object. The caller must return it by decrementing `lends`. */
export function lendDirectly(value: unknown, runtime: GuestResource): Holding {
  const holding = alive(value, runtime);
  holding.lends++;
  return holding;
}

/** Whether a value is an object of this resource type, usable or not. */
export function isResourceObject(value: unknown, runtime: GuestResource): boolean {
  return typeof value === "object" && value !== null && holdingOf(value)?.runtime === runtime;
}

/** A class of resource objects. */
export type ResourceObjectClass = abstract new (...args: never[]) => ResourceObject;

/** Gives the class for objects of a resource type. Called once per type. */
export type ClassOf = (resource: GuestResource) => ResourceObjectClass;

const none: readonly ComponentInstance[] = [];

/** A resource type that a component of the tree defines. */
export class GuestResource implements ResourceRuntime {
  readonly type: ResourceType;
  readonly node: ComponentInstance;
  /** The core type of its representations. */
  readonly rep: AddressType;
  /** The instance that dropped last, and what its drop enters. */
  #dropper: ComponentInstance | undefined = undefined;
  #entering: readonly ComponentInstance[] | undefined = undefined;
  #class: ResourceObjectClass | undefined;
  readonly #classOf: ClassOf;
  /** The call number of the destructor. */
  #call: number | undefined;
  readonly #destructor: ((rep: Rep) => void) | undefined;
  /**
   * Made when it is first needed, because a small binary can define many types that have no
   * objects.
   */
  #finalizers: FinalizationRegistry<Rep> | undefined;

  constructor(
    type: ResourceType,
    node: ComponentInstance,
    destructor: ((rep: Rep) => void) | undefined,
    classOf: ClassOf,
    rep: AddressType = "i32",
  ) {
    this.rep = rep;
    this.type = type;
    this.node = node;
    this.#destructor = destructor;
    this.#classOf = classOf;
  }

  get name(): string {
    return this.type.name ?? "resource";
  }

  /**
   * The class of lifted objects. It is made when it is first needed, which may be while the
   * instance starts.
   */
  get class(): ResourceObjectClass {
    return this.#class ??= this.#classOf(this);
  }

  describe(): string {
    return "guest-defined resource";
  }

  ownToHost(rep: Rep): ResourceObject {
    const object = this.#make(new Holding(this, rep, true));
    this.remember(object, rep);
    return object;
  }

  borrowToHost(rep: Rep, scope: CallFrame): ResourceObject {
    const holding = new Holding(this, rep, false);
    scope.atEnd(() => {
      holding.gone ??= "ended";
    });
    return this.#make(holding);
  }

  ownFromHost(value: unknown, scope: CallFrame): Rep {
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

  borrowFromHost(value: unknown, scope: CallFrame): Rep {
    const holding = lendDirectly(value, this);
    scope.atEnd(() => void holding.lends--);
    return holding.rep;
  }

  destroy(rep: Rep, caller: ComponentInstance | undefined): void {
    const { tree } = this.node;
    if (caller === undefined && (tree.lockedDown || this.#destructor === undefined)) return;
    // When the instance ends, all its parts are entered already and stay so.
    const entering = tree.disposed ? none : this.#enteringSet(caller);
    for (let i = 0; i < entering.length; i++) {
      if (entering[i]!.entered !== FREE) trap(tree, "cannot-enter", whyNotEntered(entering[i]!));
    }
    if (this.#destructor === undefined) return;
    const call = this.#call ??= tree.callNumber(`the destructor of resource ${this.name}`);
    for (let i = 0; i < entering.length; i++) entering[i]!.entered = call;
    try {
      this.#destructor(rep);
      if (tree.lockedDown) rethrow(tree);
    } catch (error) {
      throw caller === undefined ? surface(tree, error, "drop", `resource ${this.name}`) : asTrap(error);
    }
    for (let i = 0; i < entering.length; i++) entering[i]!.entered = FREE;
  }

  /** `entering_set`. It is kept for the caller that comes next: mostly the same one drops. */
  #enteringSet(caller: ComponentInstance | undefined): readonly ComponentInstance[] {
    if (this.#entering === undefined || this.#dropper !== caller) {
      this.#dropper = caller;
      this.#entering = this.node.enteringSet(caller);
    }
    return this.#entering;
  }

  /** Whether the destructor can never run again. */
  get isGone(): boolean {
    return this.node.tree.lockedDown || this.node.tree.disposed;
  }

  /** Throws if the host drops the resource while the instance runs. Nothing has changed then. */
  refuseIfEntered(): void {
    if (this.#destructor === undefined) return;
    const taken = this.node.enteringSet(undefined).findLast((inst) => inst.entered !== FREE);
    if (taken !== undefined) refuseEnter(taken, "drop", `resource ${this.name}`);
  }

  /** Lets the destructor run when the object is garbage-collected. */
  remember(object: ResourceObject, rep: Rep): void {
    if (this.#destructor === undefined) return;
    // The registry must not keep the tree alive. It is reachable only from the tree's resources.
    this.#finalizers ??= new FinalizationRegistry((rep) => this.#finalize(rep));
    this.#finalizers.register(object, rep, object);
  }

  /** Cancels {@linkcode remember}: the object does not own the resource any more. */
  forget(object: ResourceObject): void {
    this.#finalizers?.unregister(object);
  }

  #make(holding: Holding): ResourceObject {
    return Reflect.construct(ResourceObject, [holding], this.class);
  }

  #finalize(rep: Rep): void {
    if (this.isGone) return;
    const { tree } = this.node;
    // The instance is entered although no JavaScript runs, so a call is suspended. The drop waits
    // until the call has ended.
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
