// Labels inside types: kebab case, and unique whatever their case, as names of imports and exports are.
// Spec: Explainer.md "Type Definitions" (`label`), "strongly-unique".

import type { TypeDef } from "./definitions.ts";
import { invalid } from "./invalid.ts";
import { canonicalName, isKebab } from "./names.ts";

/** What messages call the labels of each kind of type; the last word alone is what a conflict's other side is called. */
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
      return checkNamed(def.fields, words.record, offset);
    case "variant":
      return checkNamed(def.cases, words.variant, offset);
    case "func":
      return checkNamed(def.params, words.func, offset);
    case "flags":
    case "enum": {
      const labels = new Labels(words[def.kind], offset);
      for (const label of def.names) labels.add(label);
    }
  }
}

function checkNamed(parts: readonly { readonly name: string }[], what: string, offset: number): void {
  const labels = new Labels(what, offset);
  for (const { name } of parts) labels.add(name);
}

/** Up to so many names are compared with each other; beyond that they are looked up. */
const FEW = 8;

/** The labels of one type. */
class Labels {
  readonly #what: string;
  readonly #offset: number;
  readonly #labels: string[] = [];
  readonly #canonical: string[] = [];
  #taken: Map<string, string> | undefined;

  constructor(what: string, offset: number) {
    this.#what = what;
    this.#offset = offset;
  }

  add(label: string): void {
    const what = this.#what, offset = this.#offset;
    if (label === "") invalid("type", offset, "invalid-type", `${what} name cannot be empty`);
    if (!isKebab(label)) invalid("type", offset, "invalid-type", `${what} name \`${label}\` is not in kebab case`);
    const taken = this.#take(label);
    if (taken === undefined) return;
    // `record field` conflicts with the previous `field`.
    conflict("type", offset, `${what} name`, label, `${what.split(" ").at(-1)} name`, taken);
  }

  #take(label: string): string | undefined {
    const canonical = canonicalName(label), count = this.#labels.push(label);
    if (count > FEW) {
      this.#taken ??= new Map(this.#canonical.map((name, i) => [name, this.#labels[i]!]));
      return take(this.#taken, canonical, label);
    }
    const found = this.#canonical.indexOf(canonical);
    this.#canonical.push(canonical);
    return found < 0 ? undefined : this.#labels[found];
  }
}

/** Takes a name; gives one that is taken and must differ from it. */
function take(taken: Map<string, string>, canonical: string, name: string): string | undefined {
  const found = taken.get(canonical);
  if (found === undefined) taken.set(canonical, name);
  return found;
}

function conflict(place: string, offset: number, what: string, name: string, previous: string, taken: string): never {
  invalid(place, offset, "name-conflict", `${what} \`${name}\``, previous, taken);
}

/** Takes a name of an import or export, which `what` is; throws if one is taken that must differ from it. */
export function takeName(taken: Map<string, string>, name: string, what: string, offset: number): void {
  const found = take(taken, canonicalName(name), name);
  if (found !== undefined) conflict("component", offset, `${what} name`, name, "name", found);
}
