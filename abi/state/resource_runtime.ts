// A resource type at run time, whoever made it: what handle tables and codecs ask of it.
// Spec: definitions.py `ResourceType`.

import type { CallFrame } from "./call_frame.ts";
import type { ComponentInstance } from "./instance.ts";
import type { ResourceType } from "../types/types.ts";

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
  borrowToHost(rep: number, scope: CallFrame): unknown;
  /** The host gives it away; `scope` takes it back if the call does not happen. */
  ownFromHost(value: unknown, scope: CallFrame): number;
  /** The host lends it for one call. */
  borrowFromHost(value: unknown, scope: CallFrame): number;
  /** The last handle is gone: runs the destructor. `caller` is the guest that dropped it, if one did. */
  destroy(rep: number, caller: ComponentInstance | undefined): void;
}
