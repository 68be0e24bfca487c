// What a component's module imports: a specifier for each import, and the bindings it takes from it.
// Reflection data enters; what to write as `import` declarations leaves.
// Spec: JS-Reference.md "WebAssembly ESM-Integration": the specifier is the `external-id`, else the
// name; instances give named imports, functions and values the default one, modules and components
// are sources.

import type { ResourceType } from "../../abi/types/types.ts";
import { parsePlainName } from "../../core/binary/names.ts";
import type { ExternItem } from "../../core/types.ts";
import { givesWasi } from "../hints.ts";
import { bindingNames } from "./names.ts";

/** One import. */
export interface Need {
  /** The import's name: the key of the imports object. */
  readonly name: string;
  /** Where it comes from, as the component says it. */
  readonly specifier: string;
  readonly from:
    /** The default export. */
    | { readonly kind: "default" }
    /** A `WebAssembly.Module` or a `Component`. */
    | { readonly kind: "source" }
    /** Named exports. */
    | { readonly kind: "named"; readonly members: readonly Member[] };
  /** Whether `wasi()` can give it. */
  readonly wasi: boolean;
}

/** A member of an imported instance. */
export interface Member {
  /** Its WIT name: the key of the imports object. */
  readonly name: string;
  /** The name of the binding. */
  readonly binding: string;
}

/** Gives what a module imports, in the component's order. */
export function needsOf(imports: readonly ExternItem[]): Need[] {
  const declared = new Set<ResourceType>();
  return imports.flatMap((item): Need[] => {
    const { name, type, externalId } = item;
    const need = { name, specifier: externalId ?? name, wasi: givesWasi(name) };
    if (type.kind === "instance") {
      const members = membersOf(type.exports, declared);
      // An interface of types only gives a host nothing to define.
      return members.length === 0 ? [] : [{ ...need, from: { kind: "named", members } }];
    }
    if (!isGiven(item, declared)) return [];
    return [{ ...need, from: { kind: type.kind === "module" || type.kind === "component" ? "source" : "default" } }];
  });
}

/** The members of an instance that a host gives. */
function membersOf(items: readonly ExternItem[], declared: Set<ResourceType>): Member[] {
  const given = items.filter((item) => isGiven(item, declared)), names = bindingNames(given);
  return given.map(({ name }) => ({ name, binding: names.get(name)! }));
}

/**
 * Whether a host gives an item by its own name. Functions of a resource are members of its class,
 * and a resource that an earlier import has declared is not given again.
 */
function isGiven({ name, type }: ExternItem, declared: Set<ResourceType>): boolean {
  if (type.kind === "func") return parsePlainName(name).kind === "label";
  if (type.kind !== "type") return true;
  if (type.type.kind !== "resource" || declared.has(type.type)) return false;
  declared.add(type.type);
  return true;
}
