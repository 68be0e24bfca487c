// A resource type at run time, defined by a guest or by the host: the operations that handle tables
// and codecs need.
// resources/ implements this interface.
// Spec: definitions.py `ResourceType`.

import type { CoreValue } from "../types/core_values.ts";
import type { CallFrame } from "./call_frame.ts";
import type { ComponentInstance, InstanceTree } from "./instance.ts";
import { trap } from "./trap.ts";
import type { ResourceType } from "../types/types.ts";

/** A representation: a core value of the type that the resource's definition names. */
export type Rep = CoreValue;

/**
 * Gives a representation that is lent to the guest that defines it. The core type of a borrow is an
 * i32, whatever the representation is; the specification does not say what becomes of an i64 that
 * is larger.
 */
export function lentRep(tree: InstanceTree, rep: Rep): number {
  if (typeof rep === "number") return rep;
  if (BigInt.asUintN(32, rep) !== BigInt.asUintN(64, rep)) trap(tree, "borrow-representation");
  return Number(BigInt.asIntN(32, rep));
}

/** A resource type of one instance tree. */
export interface ResourceRuntime {
  readonly type: ResourceType;
  /**
   * `impl`: the component instance that defined the type. `undefined` for a resource of the host.
   */
  readonly node: ComponentInstance | undefined;
  /** Describes the type in the message for a handle of the wrong type. */
  describe(): string;
  /** A guest gives the resource to the host. */
  ownToHost(rep: Rep): unknown;
  /** A guest lends the resource to the host for one call. */
  borrowToHost(rep: Rep, scope: CallFrame): unknown;
  /** The host gives the resource to a guest. `scope` undoes that if the call fails first. */
  ownFromHost(value: unknown, scope: CallFrame): Rep;
  /** The host lends the resource to a guest for one call. */
  borrowFromHost(value: unknown, scope: CallFrame): Rep;
  /**
   * Runs the destructor: the last handle is gone. `caller` is the guest that dropped the handle, or
   * `undefined` if no guest did.
   */
  destroy(rep: Rep, caller: ComponentInstance | undefined): void;
}
