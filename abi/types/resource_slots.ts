// The plan gives every resource type a slot; an instance tree keeps its run-time counterpart there.
// Kept beside the type rather than in it: a ResourceType is public data, the slot is not.

import type { ResourceType } from "./types.ts";

const slots = new WeakMap<ResourceType, number>();

/** Makes a resource type with a slot. A name may be given later, by its first import or export. */
export function makeResourceType(slot: number, name?: string): ResourceType {
  const type: ResourceType = name === undefined ? { kind: "resource" } : { kind: "resource", name };
  slots.set(type, slot);
  return type;
}

/** The slot of a resource type. */
export function resourceSlotOf(type: ResourceType): number {
  return slots.get(type)!;
}

/** Names a resource type by its first import or export; later names do not count. */
export function nameResourceType(type: ResourceType, name: string): void {
  if (type.name === undefined) (type as { name?: string }).name = name;
}
