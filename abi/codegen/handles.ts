// What generated code may know of a handle's resource: whose it is, and how to name it.
// A type and the context of one instance in; facts and expressions out.

import type { CanonContext } from "../state/canon_context.ts";
import { GuestResource } from "../resources/guest_resource.ts";
import { HostResource } from "../resources/host_resource.ts";
import { resourceSlotOf } from "../types/resource_slots.ts";
import type { OfKind, ValType } from "../types/types.ts";

/** Whether a borrow is of a resource that the instance defines: it receives the representation, and nothing is noted in its table. */
export function isOwnBorrow({ resource }: OfKind<"borrow">, { inst, resources }: CanonContext): boolean {
  const runtime = resources[resourceSlotOf(resource)];
  return runtime instanceof GuestResource && runtime.node === inst;
}

/** Whether a handle is of a resource that the host gave: its objects stay as they are. */
export function isHostResource({ resource }: OfKind<"own" | "borrow">, { resources }: CanonContext): boolean {
  return resources[resourceSlotOf(resource)] instanceof HostResource;
}

/** A resource at run time, as an expression. */
export function resourceOf(type: ValType): string {
  return `cx.resources[${resourceSlotOf((type as OfKind<"own" | "borrow">).resource)}]`;
}
