// Labels inside types: kebab case, and unique whatever their case, as names of imports and exports are.
// Spec: Explainer.md "Type Definitions" (`label`), "strongly-unique".

import type { TypeDef } from "./definitions.ts";
import { invalid } from "./invalid.ts";
import { canonicalName, isKebab } from "./names.ts";

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
      return checkAll(def.fields.map(({ name }) => name), words.record, offset);
    case "variant":
      return checkAll(def.cases.map(({ name }) => name), words.variant, offset);
    case "flags":
    case "enum":
      return checkAll(def.names, words[def.kind], offset);
    case "func":
      return checkAll(def.params.map(({ name }) => name), words.func, offset);
  }
}

function checkAll(labels: readonly string[], what: string, offset: number): void {
  const seen = new Map<string, string>();
  for (const label of labels) {
    if (label === "") invalid("type", offset, "invalid-type", `${what} name cannot be empty`);
    if (!isKebab(label)) invalid("type", offset, "invalid-type", `${what} name \`${label}\` is not in kebab case`);
    // `record field` conflicts with the previous `field`.
    takeName(seen, label, `${what} name`, offset, "type", `${what.split(" ").at(-1)} name`);
  }
}

/** Takes a name; throws if one is taken that must differ from it, which `previous` says the kind of. */
export function takeName(
  taken: Map<string, string>,
  name: string,
  what: string,
  offset: number,
  place = "component",
  previous = "name",
): void {
  const canonical = canonicalName(name), found = taken.get(canonical);
  if (found !== undefined) invalid(place, offset, "name-conflict", `${what} \`${name}\``, previous, found);
  taken.set(canonical, name);
}
