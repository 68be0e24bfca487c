// A resource type at run time, defined by a guest or by the host: the operations that handle tables
// and codecs need.
// resources/ implements this interface.
// Spec: definitions.py `ResourceType`.

import type { CallFrame } from "./call_frame.ts";
import type { ComponentInstance } from "./instance.ts";
import type { ResourceType } from "../types/types.ts";

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
  ownToHost(rep: number): unknown;
  /** A guest lends the resource to the host for one call. */
  borrowToHost(rep: number, scope: CallFrame): unknown;
  /** The host gives the resource to a guest. `scope` undoes that if the call fails first. */
  ownFromHost(value: unknown, scope: CallFrame): number;
  /** The host lends the resource to a guest for one call. */
  borrowFromHost(value: unknown, scope: CallFrame): number;
  /**
   * Runs the destructor: the last handle is gone. `caller` is the guest that dropped the handle, or
   * `undefined` if no guest did.
   */
  destroy(rep: number, caller: ComponentInstance | undefined): void;
}
