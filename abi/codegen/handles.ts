// What generated code may know of a handle's resource: who defines it, and an expression for it.
// A type and the context of one instance enter, facts and expressions leave.

import type { CanonContext } from "../state/canon_context.ts";
import { GuestResource } from "../resources/guest_resource.ts";
import { HostResource } from "../resources/host_resource.ts";
import { resourceSlotOf } from "../types/resource_slots.ts";
import type { OfKind, ValType } from "../types/types.ts";

/**
 * Whether a borrow is of a resource that the instance itself defines, with a representation that is
 * an i32. The instance then receives the representation, and its table gets no entry.
 */
export function isOwnBorrow({ resource }: OfKind<"borrow">, { inst, resources }: CanonContext): boolean {
  const runtime = resources[resourceSlotOf(resource)];
  return runtime instanceof GuestResource && runtime.node === inst && runtime.rep === "i32";
}

/** Whether the host provides the resource. Its objects cross without a wrapper. */
export function isHostResource({ resource }: OfKind<"own" | "borrow">, { resources }: CanonContext): boolean {
  return resources[resourceSlotOf(resource)] instanceof HostResource;
}

/** An expression for a resource at run time. */
export function resourceOf(type: ValType): string {
  return `cx.resources[${resourceSlotOf((type as OfKind<"own" | "borrow">).resource)}]`;
}
