// The validated types of a component's items (`Entity`). Resources are compared by identity.
// A type that is imported or exported gets a name: a new object that stands for the same type.
// Comparisons use the root that all its names stand for. The same holds for resources.
// An instance knows its exports by name and substitutes resources only when an export is asked for,
// so that instantiating costs only what is used.
// Spec: Explainer.md "Type Checking", "Instance Definitions".

import { absurd, type FuncType, isPrimitive, type ResourceType, type ValType } from "../../abi/types/types.ts";
import type { NameDef } from "../decode/syntax.ts";
import type { CoreModuleType } from "../module/module_type.ts";
import type { ValueItem } from "../resolve/value_types.ts";

/** A type definition. If an import or export named it, `of` is the type that was named. */
export type TypeEntity =
  & (
    | ValueItem
    | { readonly kind: "func"; readonly type: FuncType }
    | { readonly kind: "resource"; readonly type: ResourceType }
    | { readonly kind: "instance"; readonly type: InstanceType }
    | { readonly kind: "component"; readonly type: ComponentType }
  )
  & { readonly of?: TypeEntity };

/** The type of an import, an export, or an item of an index space. */
export type Entity =
  | { readonly sort: "func"; readonly type: FuncType }
  | { readonly sort: "type"; readonly type: TypeEntity }
  | { readonly sort: "instance"; readonly type: InstanceType }
  | { readonly sort: "component"; readonly type: ComponentType }
  | { readonly sort: "value"; readonly type: ValType }
  /** `undefined` if the bytes of the module cannot be understood. The engine reports that later. */
  | { readonly sort: "core module"; readonly type: CoreModuleType | undefined };

/** An item with the attributes of its name. */
export interface NamedEntity {
  readonly name: NameDef;
  readonly entity: Entity;
}

/**
 * A name of a resource type: another object that stands for it. Such objects never leave
 * validation.
 */
class ResourceName implements ResourceType {
  readonly kind = "resource";
  readonly name: string;
  readonly root: ResourceType;

  constructor(root: ResourceType, name: string) {
    this.name = name;
    this.root = root;
  }
}

/** Makes a name of a resource type: another object that stands for it. */
export function renameResource(type: ResourceType, name: string): ResourceType {
  return new ResourceName(rootOf(type), name);
}

/** Gives the resource type that a name stands for. */
export function rootOf(type: ResourceType): ResourceType {
  return type instanceof ResourceName ? type.root : type;
}

/**
 * Names of value types. Each refers to the type that was named, which may be a name itself, and to
 * the root.
 */
const named = new WeakMap<ValType, { readonly of: ValType; readonly root: ValType }>();

/** Makes a name of a value type: another object that stands for it. */
export function renameType(type: ValType): ValType {
  const made = { ...type };
  named.set(made, { of: type, root: typeRoot(type) });
  return made;
}

/** Gives the type that a name stands for. */
export function typeRoot(type: ValType): ValType {
  return named.get(type)?.root ?? type;
}

/** The type of an instance. */
export class InstanceType {
  readonly #exports: ReadonlyMap<string, NamedEntity> | InstanceType;
  readonly #substitution: Substitution | undefined;
  /** The resources that are abstract in it. Each import of this type has its own. */
  readonly abstract: readonly ResourceType[];
  /** Nesting depth, counting this instance. */
  readonly depth: number;

  constructor(
    exports: ReadonlyMap<string, NamedEntity> | InstanceType,
    depth: number,
    abstract: readonly ResourceType[] = [],
    substitution?: Substitution,
  ) {
    this.#exports = exports;
    this.depth = depth;
    this.abstract = abstract;
    this.#substitution = substitution;
  }

  get size(): number {
    return this.#exports.size;
  }

  keys(): Iterable<string> {
    return this.#exports.keys();
  }

  get(name: string): NamedEntity | undefined {
    const found = this.#exports.get(name);
    return found === undefined || this.#substitution === undefined ? found : this.#substitution.named(found);
  }

  entries(): Iterable<readonly [string, NamedEntity]> {
    const exports = this.#exports.entries(), substitution = this.#substitution;
    if (substitution === undefined) return exports;
    return Array.from(exports, ([name, item]) => [name, substitution.named(item)] as const);
  }

  /**
   * Gives the same instance type with other resources. Substitutions nest at most as deep as
   * components.
   */
  substitute(substitution: Substitution): InstanceType {
    return new InstanceType(this, this.depth, this.abstract, substitution);
  }
}

/** The type of a component. */
export interface ComponentType {
  readonly imports: ReadonlyMap<string, NamedEntity>;
  readonly exports: ReadonlyMap<string, NamedEntity>;
  /** Resources that its imports introduce. */
  readonly imported: ReadonlySet<ResourceType>;
  /** Resources that it defines. Each instance has its own. */
  readonly defined: ReadonlySet<ResourceType>;
  /** The nesting depth of its exports. */
  readonly depth: number;
}

/** Replaces resources in types. A type that mentions none of them stays the same object. */
export class Substitution {
  readonly #resource: (root: ResourceType) => ResourceType | undefined;
  readonly #memo: Map<object, unknown>;

  /**
   * @param resource Gives the replacement of a resource, or `undefined` if the resource stays.
   * @param types Replacements of whole types, and of names of resources.
   */
  constructor(
    resource: (root: ResourceType) => ResourceType | undefined,
    types: Iterable<readonly [object, object]> = [],
  ) {
    this.#resource = resource;
    this.#memo = new Map(types);
  }

  resource(type: ResourceType): ResourceType {
    return this.#once(type, () => {
      const exchanged = this.#resource(rootOf(type));
      // A name stays a name. The type that it stands for is replaced.
      if (exchanged === undefined) return type;
      return rootOf(type) === type ? exchanged : renameResource(exchanged, type.name ?? "");
    });
  }

  named({ name, entity }: NamedEntity): NamedEntity {
    return { name, entity: this.entity(entity) };
  }

  entity(entity: Entity): Entity {
    return this.#once(entity, (): Entity => {
      switch (entity.sort) {
        case "func":
          return { sort: "func", type: this.func(entity.type) };
        case "type":
          return { sort: "type", type: this.type(entity.type) };
        case "instance":
          return { sort: "instance", type: entity.type.substitute(this) };
        case "component":
          return { sort: "component", type: this.component(entity.type) };
        case "value":
          return { sort: "value", type: this.value(entity.type) };
        case "core module":
          return entity;
      }
    });
  }

  type(item: TypeEntity): TypeEntity {
    switch (item.kind) {
      case "value": {
        const type = this.value(item.type);
        return type === item.type ? item : { ...item, type };
      }
      case "func":
        return { ...item, type: this.func(item.type) };
      case "resource":
        return { ...item, type: this.resource(item.type) };
      case "instance":
        return { ...item, type: item.type.substitute(this) };
      case "component":
        return { ...item, type: this.component(item.type) };
    }
  }

  component(type: ComponentType): ComponentType {
    return this.#once(type, () => {
      const items = (map: ReadonlyMap<string, NamedEntity>): Map<string, NamedEntity> =>
        new Map([...map].map(([name, item]) => [name, this.named(item)]));
      return { ...type, imports: items(type.imports), exports: items(type.exports) };
    });
  }

  func(type: FuncType): FuncType {
    return this.#once(type, () => {
      const params = type.params.map((param) => {
        const exchanged = this.value(param.type);
        return exchanged === param.type ? param : { name: param.name, type: exchanged };
      });
      const result = type.result && this.value(type.result);
      if (result === type.result && params.every((param, i) => param === type.params[i])) return type;
      return result === undefined ? { params, async: type.async } : { params, result, async: type.async };
    });
  }

  value(type: ValType): ValType {
    const name = named.get(type);
    // A name of a primitive type may have a replacement. Otherwise nothing in a primitive type is
    // replaced.
    if (name === undefined && isPrimitive(type)) return (this.#memo.get(type) as ValType | undefined) ?? type;
    return this.#once(type, () => name === undefined ? this.#exchanged(type) : this.#name(type, name.of));
  }

  /**
   * Makes a name of the replaced type, so that both are recognised as the same. It does not
   * recurse, because a type can have a long chain of names.
   */
  #name(type: ValType, of: ValType): ValType {
    const names = [type];
    for (let next: ValType | undefined = of; next !== undefined && !this.#memo.has(next); next = named.get(next)?.of) {
      names.push(next);
    }
    let last = names.at(-1)!, made: ValType;
    const known = named.get(last)?.of;
    if (known === undefined) {
      made = isPrimitive(last) ? last : this.#exchanged(last);
      this.#memo.set(last, made);
      names.pop();
    } else {
      made = this.#memo.get(known) as ValType;
      last = known;
    }
    for (const name of names.reverse()) {
      made = made === last ? name : renameType(made);
      last = name;
      this.#memo.set(name, made);
    }
    return made;
  }

  #exchanged(type: ValType): ValType {
    const optional = (part: ValType | undefined): ValType | undefined => part && this.value(part);
    if (isPrimitive(type)) return type;
    switch (type.kind) {
      case "own":
      case "borrow": {
        const resource = this.resource(type.resource);
        return resource === type.resource ? type : { kind: type.kind, resource };
      }
      case "list":
      case "option":
      case "fixed-list": {
        const element = this.value(type.element);
        return element === type.element ? type : { ...type, element };
      }
      case "map": {
        const value = this.value(type.value);
        return value === type.value ? type : { ...type, value };
      }
      case "stream":
      case "future": {
        const element = optional(type.element);
        return element === type.element ? type : { ...type, element };
      }
      case "tuple": {
        const types = type.types.map((part) => this.value(part));
        return types.every((part, i) => part === type.types[i]) ? type : { ...type, types };
      }
      case "record": {
        const fields = type.fields.map(({ name, type }) => ({ name, type: this.value(type) }));
        return fields.every((field, i) => field.type === type.fields[i]!.type) ? type : { ...type, fields };
      }
      case "variant": {
        const cases = type.cases.map(({ name, type }) => ({ name, type: optional(type) }));
        return cases.every((part, i) => part.type === type.cases[i]!.type) ? type : { ...type, cases };
      }
      case "result": {
        const ok = optional(type.ok), err = optional(type.err);
        return ok === type.ok && err === type.err ? type : { ...type, ok, err };
      }
      case "enum":
      case "flags":
        return type;
      default:
        return absurd(type);
    }
  }

  #once<T extends object>(key: T, make: () => T): T {
    let made = this.#memo.get(key) as T | undefined;
    if (made === undefined) this.#memo.set(key, made = make());
    return made;
  }
}
