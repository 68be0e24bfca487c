// Resources of the host in guests. Any object can be one. It is held in an array, and its index is
// the representation.
// Objects enter, representations leave, and the reverse.
// Spec: definitions.py `ResourceType`.

import { dispose } from "../dispose.ts";
import { describe, Trap, ValueError } from "../../errors.ts";
import type { CallFrame } from "../state/call_frame.ts";
import type { ComponentInstance, InstanceTree } from "../state/instance.ts";
import type { ResourceRuntime } from "../state/resource_runtime.ts";
import { isThenable } from "../codecs/results.ts";
import { trap } from "../state/trap.ts";
import type { ResourceType } from "../types/types.ts";

/** How objects of a host's resource are recognised. */
export interface HostResourceClass {
  is(value: unknown): boolean;
  /** `false`: dropping an object only lets go of it, and does not dispose of it. */
  readonly disposes?: boolean;
}

/**
 * A resource type that the host provides. Its objects are held in an array, and their indices are
 * the representations.
 */
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

  /** How many objects are held for guests. */
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

  ownFromHost(value: unknown, scope: CallFrame): number {
    const rep = this.hold(value);
    scope.onFailure(() => this.#remove(rep));
    return rep;
  }

  borrowFromHost(value: unknown, scope: CallFrame): number {
    const rep = this.hold(value);
    scope.atEnd(() => this.#remove(rep));
    return rep;
  }

  destroy(rep: number, caller: ComponentInstance | undefined): void {
    const object = this.#remove(rep) as { [dispose]?: unknown } | null | undefined;
    if (this.#class.disposes === false) return;
    const method = object?.[dispose];
    if (typeof method !== "function") return;
    try {
      method.call(object);
    } catch (error) {
      // Without a caller, the instance ends and drops its resources in no particular order, so that
      // no guest is at fault.
      if (caller !== undefined || !(error instanceof Trap)) throw error;
    }
  }

  /** Holds an object for a guest. Gives its representation. */
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
