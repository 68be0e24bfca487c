// Reflection: turns validated types into the public ExternType data, with resolved types, and with
// resources compared by identity.
// A type that has several names becomes one object, so that a reader can see that the names mean
// the same type.

import { absurd, type ResourceType, type ValType } from "../abi/types/types.ts";
import { formatValType } from "./module/core_value_types.ts";
import type { ResolvedCoreType } from "./module/module_type.ts";
import { type Entity, type NamedEntity, rootOf, Substitution, typeRoot } from "./validate/validated_types.ts";

import type { CoreItemType, ExternItem, ExternType } from "./types.ts";

/**
 * Converts validated types into the public `ExternType` data. Use one instance per component,
 * because it keeps the identity of types and resources.
 */
export class Reflection {
  readonly #made = new Map<object, ExternType>();
  readonly #canonical = new Canonical();

  items(entities: Iterable<readonly [string, NamedEntity]>): ExternItem[] {
    // A type export of a function, instance or component type is left out: a host can neither give
    // nor get one.
    const shown = [...entities].filter(([, { entity }]) =>
      entity.sort !== "type" || entity.type.kind === "value" || entity.type.kind === "resource"
    );
    return shown.map(([name, { name: attributes, entity }]) => ({
      name,
      type: this.#type(entity),
      ...(attributes.implements === undefined ? {} : { implements: attributes.implements }),
      ...(attributes.externalId === undefined ? {} : { externalId: attributes.externalId }),
    }));
  }

  #type(entity: Entity): ExternType {
    switch (entity.sort) {
      case "func":
        return { kind: "func", type: this.#canonical.func(entity.type) };
      case "instance":
        return this.#once(entity.type, () => ({ kind: "instance", exports: this.items(entity.type.entries()) }));
      case "component":
        return this.#once(entity.type, () => {
          const { imports, exports } = entity.type;
          return { kind: "component", imports: this.items(imports), exports: this.items(exports) };
        });
      case "core module": {
        const { imports = [], exports = [] } = entity.type ?? {};
        return { kind: "module", imports: imports.map(coreItem), exports: exports.map(coreItem) };
      }
      case "value":
        return { kind: "value", type: this.#canonical.value(entity.type) };
      case "type": {
        const { type } = entity;
        switch (type.kind) {
          case "value":
            return { kind: "type", type: this.#canonical.value(type.type) };
          case "resource":
            return { kind: "type", type: this.#canonical.resource(type.type) };
          case "func":
          case "instance":
          case "component":
            throw new Error(`a ${type.kind} type is not reflected`);
          default:
            return absurd(type);
        }
      }
    }
  }

  /**
   * Types are shared, and their converted forms must be shared, too: a small binary can describe an
   * enormous tree of types.
   */
  #once(key: object, make: () => ExternType): ExternType {
    let type = this.#made.get(key);
    if (type === undefined) this.#made.set(key, type = make());
    return type;
  }
}

/** An import or export of a core module, with its type's spelling in the text format. */
function coreItem<T extends { readonly type: ResolvedCoreType }>(item: T): Omit<T, "type"> & { type: CoreItemType } {
  return { ...item, type: coreItemType(item.type) };
}

function coreItemType(type: ResolvedCoreType): CoreItemType {
  switch (type.kind) {
    case "func":
    case "tag":
      return { kind: type.kind, params: type.params.map(formatValType), results: type.results.map(formatValType) };
    case "table":
      return { ...type, element: formatValType(type.element) };
    case "memory":
      return type;
    case "global":
      return { ...type, type: formatValType(type.type) };
  }
}

/** Replaces all names of a type by one object: the first name that was met. */
class Canonical extends Substitution {
  readonly #resources = new Map<ResourceType, ResourceType>();

  constructor() {
    super(() => undefined);
  }

  override resource(type: ResourceType): ResourceType {
    const root = rootOf(type);
    let made = this.#resources.get(root);
    if (made === undefined) {
      made = type.name === undefined ? { kind: "resource" } : { kind: "resource", name: type.name };
      this.#resources.set(root, made);
    } else if (made.name === undefined && type.name !== undefined) {
      (made as { name?: string }).name = type.name;
    }
    return made;
  }

  override value(type: ValType): ValType {
    return super.value(typeRoot(type));
  }
}
