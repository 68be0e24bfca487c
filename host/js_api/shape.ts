// What instantiating a component needs to know of its type: the declarations of each scope, with
// their names in JavaScript. Made once for each component.
// A component enters, its shape leaves.
// Draft: JS-Reference.md "Names".

import { LinkError } from "../../errors.ts";
import type { ResourceType } from "../../abi/types/types.ts";
import { isInterfaceName, parsePlainName, type PlainName } from "../../core/binary/names.ts";
import { type Component, componentInternals } from "../../core/component.ts";
import {
  type ComponentType,
  type Entity,
  type InstanceType,
  type NamedEntity,
  rootOf,
} from "../../core/validate/validated_types.ts";
import { Conversions } from "./conversions.ts";
import { jsNames } from "./names.ts";

/** One import or export of a scope. */
export interface Declaration {
  readonly name: string;
  readonly plain: PlainName;
  /** `JSName`. An interface name stays as it is. */
  readonly key: string;
  readonly entity: Entity;
}

/** How many definitions a component may import or export, those of nested instances included. */
export const MAX_DEFINITIONS = 100_000;

/** The shape of one component. */
export class Shape {
  readonly component: Component;
  readonly type: ComponentType;
  readonly conversions: Conversions;
  /** Whether the draft refuses the component for its interface names. */
  readonly hasInterfaceNames: boolean;
  readonly imports: readonly Declaration[];
  readonly exports: readonly Declaration[];
  readonly #scopes = new WeakMap<InstanceType, readonly Declaration[]>();

  constructor(component: Component) {
    this.component = component;
    // It was compiled from bytes, and so has a definition.
    const { definition, codegen } = componentInternals(component);
    this.type = definition!.type();
    this.conversions = new Conversions(codegen !== undefined);
    const { imports, exports } = this.type;
    this.hasInterfaceNames = [...imports.keys(), ...exports.keys()].some(isInterfaceName);
    this.imports = this.#scope(imports.entries());
    this.exports = this.#scope(exports.entries());
  }

  /** The declarations of an instance. A small binary can describe an enormous tree of instances. */
  scopeOf(type: InstanceType): readonly Declaration[] {
    let made = this.#scopes.get(type);
    if (made === undefined) this.#scopes.set(type, made = this.#scope(type.entries()));
    return made;
  }

  #scope(entries: Iterable<readonly [string, NamedEntity]>): readonly Declaration[] {
    const items = [...entries];
    const keys = jsNames(items.map(([name, { entity }]) => ({ name, isType: entity.sort === "type" })));
    return items.map(([name, { entity }], i) => ({
      name,
      plain: parsePlainName(name),
      key: isInterfaceName(name) ? name : keys[i]!,
      entity,
    }));
  }

  /** Counts definitions of one instantiation. */
  static counter(): (count: number) => void {
    let left = MAX_DEFINITIONS;
    return (count) => {
      left -= count;
      if (left < 0) throw new LinkError("too-many-definitions", "instantiate component", "", MAX_DEFINITIONS);
    };
  }
}

/** The abstract resource type that a declaration designates; `undefined` if it designates none. */
export function variableOf({ entity }: Declaration): ResourceType | undefined {
  return entity.sort === "type" && entity.type.kind === "resource" ? rootOf(entity.type.type) : undefined;
}

/** The abstract resource types of a scope by the labels under which it declares them. */
export function variablesOf(scope: readonly Declaration[]): ReadonlyMap<string, ResourceType> {
  const found = new Map<string, ResourceType>();
  for (const declaration of scope) {
    const variable = variableOf(declaration);
    if (variable !== undefined) found.set(declaration.name, variable);
  }
  return found;
}
