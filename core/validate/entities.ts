// What comes out of a validated scope: the type of a component or instance, and the entity at an
// index.
// Spec: Explainer.md "Type Checking", "Index Spaces".

import { containsBorrow, type ResourceType, type ValType } from "../../abi/types/types.ts";
import type { Gates } from "../binary/gates.ts";
import { invalid } from "../binary/invalid.ts";
import { MAX_NESTING } from "../binary/limits.ts";
import type { SortIndex } from "../decode/syntax.ts";
import {
  type ComponentType,
  type Entity,
  InstanceType,
  type NamedEntity,
  rootOf,
  Substitution,
} from "./validated_types.ts";
import type { ValidationScope } from "./validation_scope.ts";

/** Checks what only the end of a component, or of a component type, shows of its exports. */
export function checkExports(scope: ValidationScope, offset: number): void {
  for (const { entity } of scope.export.items.values()) {
    if (entity.sort === "value") refuseBorrow(entity.type, offset);
  }
  if (!scope.leaksResource()) return;
  invalid("component", offset, "invalid-type", "local resource type found in export but not exported itself");
}

/** Refuses to export a value that is only lent. */
export function refuseBorrow(type: ValType, offset: number): void {
  if (!containsBorrow(type)) return;
  invalid("component", offset, "invalid-type", "an exported value cannot contain a `borrow` type");
}

/** What a scope amounts to as a component's type. */
export function typeOf(scope: ValidationScope): ComponentType {
  return {
    imports: scope.import.items,
    exports: scope.export.items,
    imported: scope.imported,
    defined: scope.defined,
    depth: depthOf(scope.export.items),
  };
}

function depthOf(items: ReadonlyMap<string, NamedEntity>): number {
  let depth = 0;
  for (const { entity } of items.values()) if (entity.sort === "instance") depth = Math.max(depth, entity.type.depth);
  return depth;
}

/** Instances nest in instances, and everything that walks them recurses. */
export function makeInstance(
  items: ReadonlyMap<string, NamedEntity>,
  offset: number,
  abstract: readonly ResourceType[],
): InstanceType {
  const depth = depthOf(items) + 1;
  if (depth > MAX_NESTING) invalid("instance", offset, "nesting-too-deep");
  return new InstanceType(items, depth, abstract);
}

/** An instance type with resources of its own. */
export function refreshed(type: InstanceType, fresh: Set<ResourceType>, scope: ValidationScope): InstanceType {
  if (type.abstract.length === 0) return type;
  const made = new Map(type.abstract.map((resource) => [rootOf(resource), scope.makeResource()]));
  for (const resource of made.values()) fresh.add(resource);
  return type.substitute(new Substitution((root) => made.get(root)));
}

/** The item at an index, for sorts that components import and export. */
export function entityAt({ sort, index }: SortIndex, scope: ValidationScope, gates: Gates, offset: number): Entity {
  switch (sort) {
    case "func":
      return { sort, type: scope.get(sort, index, offset) };
    case "type":
      return { sort, type: scope.get(sort, index, offset) };
    case "instance":
      return { sort, type: scope.get(sort, index, offset) };
    case "component":
      return { sort, type: scope.get(sort, index, offset) };
    case "core module":
      return { sort, type: scope.get(sort, index, offset) };
    case "value":
      gates.require("values", "a component value", offset);
      return { sort, type: scope.consume(index, offset) };
    default:
      invalid("component", offset, "wrong-kind", sort, "a func, value, type, component, instance or core module");
  }
}
