// Whether a type mentions resources that it does not bind itself. Such a type may not be used in
// another component, nor by the imports of its own component. Exports of its component may use it
// only if those resources are exported, too.
// Spec: Explainer.md "Alias Definitions", "External Visibility of Types"; Binary.md's rule for
// outer aliases of types.

import { containsHandle, everyPart, type ResourceType, type ValType } from "../../abi/types/types.ts";
import { type Entity, type NamedEntity, rootOf, type TypeEntity } from "./validated_types.ts";
import type { Budget } from "../resolve/budget.ts";

/**
 * Whether a type mentions a resource that is abstract neither in this type nor in a type around it.
 */
export function mentionsOuterResource(type: TypeEntity, budget: Budget): boolean {
  return new ResourceSearch(budget).type(type, new Set());
}

/** Whether an item mentions one of these resources. */
export function mentionsResourceOf(resources: ReadonlySet<ResourceType>, entity: Entity, budget: Budget): boolean {
  const item = itemOf(entity);
  return item !== undefined && new ResourceSearch(budget, resources).type(item, new Set());
}

/** Gives the type of an item, if it has one. */
function itemOf(entity: Entity): TypeEntity | undefined {
  if (entity.sort === "type") return entity.type;
  return entity.sort === "core module" ? undefined : { kind: entity.sort, type: entity.type } as TypeEntity;
}

/** Searches for resources that are not bound inside the type that mentions them. */
class ResourceSearch {
  readonly #budget: Budget;
  /**
   * Types of instances and components in which nothing was found. That does not depend on what is
   * bound.
   */
  readonly #clean = new Set<object>();

  /** The resources to search for. `undefined` means all. */
  readonly #wanted: ReadonlySet<ResourceType> | undefined;

  constructor(budget: Budget, wanted?: ReadonlySet<ResourceType>) {
    this.#budget = budget;
    this.#wanted = wanted;
  }

  #found(type: ResourceType, bound: ReadonlySet<ResourceType>): boolean {
    const root = rootOf(type);
    return !bound.has(root) && (this.#wanted === undefined || this.#wanted.has(root));
  }

  type(item: TypeEntity, bound: ReadonlySet<ResourceType>): boolean {
    switch (item.kind) {
      case "value":
        return this.#value(item.type, bound);
      case "func":
        return [...item.type.params.map(({ type }) => type), ...(item.type.result ? [item.type.result] : [])]
          .some((type) => this.#value(type, bound));
      case "resource":
        return this.#found(item.type, bound);
      case "instance": {
        const inside = item.type.abstract.length === 0 ? bound : new Set([...bound, ...item.type.abstract.map(rootOf)]);
        return this.#entries(item.type, item.type.entries(), inside);
      }
      case "component": {
        const { imports, exports, imported, defined } = item.type;
        const inside = new Set([...bound, ...imported, ...defined]);
        return this.#entries(imports, imports, inside) || this.#entries(exports, exports, inside);
      }
    }
  }

  #entries(
    owner: object,
    items: Iterable<readonly [string, NamedEntity]>,
    bound: ReadonlySet<ResourceType>,
  ): boolean {
    if (this.#clean.has(owner)) return false;
    for (const [, { entity }] of items) {
      this.#budget.spend(0);
      const item = itemOf(entity);
      if (item !== undefined && this.type(item, bound)) return true;
    }
    this.#clean.add(owner);
    return false;
  }

  #value(type: ValType, bound: ReadonlySet<ResourceType>): boolean {
    if (!containsHandle(type)) return false;
    if (type.kind === "own" || type.kind === "borrow") return this.#found(type.resource, bound);
    this.#budget.spend(0);
    return !everyPart(type, (part) => !this.#value(part, bound));
  }
}
