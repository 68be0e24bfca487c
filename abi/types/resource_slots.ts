// Resource slots. The plan gives every resource type a number, its slot. An instance tree keeps the
// run-time object of the type in an array, at that index.
// The slot is kept beside the type and not in it, because a ResourceType is public data and the
// slot is internal.

import type { ResourceType } from "./types.ts";

const slots = new WeakMap<ResourceType, number>();

/** Makes a resource type with a slot. Its first import or export may give it a name later. */
export function makeResourceType(slot: number, name?: string): ResourceType {
  const type: ResourceType = name === undefined ? { kind: "resource" } : { kind: "resource", name };
  slots.set(type, slot);
  return type;
}

/** The slot of a resource type. */
export function resourceSlotOf(type: ResourceType): number {
  return slots.get(type)!;
}

/** Gives a resource type the name of its first import or export. Later names have no effect. */
export function nameResourceType(type: ResourceType, name: string): void {
  if (type.name === undefined) (type as { name?: string }).name = name;
}
