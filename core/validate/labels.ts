// Labels inside types: kebab case, and unique whatever their case, as names of imports and exports are.
// Spec: Explainer.md "Type Definitions" (`label`), "strongly-unique".

import type { TypeDef } from "../decode/syntax.ts";
import { invalid } from "../binary/invalid.ts";
import { canonicalName, isKebab } from "../binary/names.ts";

/** What messages call the labels of each kind of type. */
const words = {
  record: "record field",
  variant: "variant case",
  flags: "flag",
  enum: "enum tag",
  func: "function parameter",
} as const;

/** Checks the labels that a type definition has. */
export function checkLabels(def: TypeDef, offset: number): void {
  switch (def.kind) {
    case "record":
      return checkAll(def.fields, words.record, offset);
    case "variant":
      return checkAll(def.cases, words.variant, offset);
    case "func":
      return checkAll(def.params, words.func, offset);
    case "flags":
    case "enum":
      return checkAll(def.names, words[def.kind], offset);
  }
}

function checkAll(labelled: readonly (string | { readonly name: string })[], what: string, offset: number): void {
  // `record field` conflicts with the previous `field`.
  const seen = new Map<string, string>(), previous = `${what.slice(what.lastIndexOf(" ") + 1)} name`;
  for (const part of labelled) {
    const label = typeof part === "string" ? part : part.name;
    if (label === "") invalid("type", offset, "invalid-type", `${what} name cannot be empty`);
    if (!isKebab(label)) invalid("type", offset, "invalid-type", `${what} name \`${label}\` is not in kebab case`);
    takeName(seen, label, what, offset, "type", previous);
  }
}

/** Takes a name, which `what` is; throws if one is taken that must differ from it, which `previous` says the kind of. */
export function takeName(
  taken: Map<string, string>,
  name: string,
  what: string,
  offset: number,
  place = "component",
  previous = "name",
): void {
  const canonical = canonicalName(name), found = taken.get(canonical);
  if (found !== undefined) invalid(place, offset, "name-conflict", `${what} name \`${name}\``, previous, found);
  taken.set(canonical, name);
}
