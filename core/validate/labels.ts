// Checks labels inside types. They are kebab case, and unique without regard to case, as names of
// imports and exports are. A type definition enters, or a CompileError is thrown.
// Spec: Explainer.md "Type Definitions" (`label`), "strongly-unique".

import type { PrimitiveKind } from "../../abi/types/types.ts";
import type { TypeDef } from "../decode/syntax.ts";
import { invalid } from "../binary/invalid.ts";
import { canonicalName, isKebab } from "../binary/names.ts";

/** The word for the labels of each kind of type, in messages. */
const words = {
  record: "record field",
  variant: "variant case",
  flags: "flag",
  enum: "enum tag",
  func: "function parameter",
} as const;

/** Checks the labels of a type definition. */
export function checkLabels(def: TypeDef, offset: number): void {
  switch (def.kind) {
    case "record":
      return checkAll(def.names, words.record, offset);
    case "variant":
      return checkAll(def.names, words.variant, offset);
    case "func":
      return checkAll(def.names, words.func, offset);
    case "flags":
    case "enum":
      return checkAll(def.names, words[def.kind], offset);
    case "list":
    case "fixed-list":
    case "map":
    case "tuple":
    case "option":
    case "result":
    case "own":
    case "borrow":
    case "stream":
    case "future":
    case "resource":
    case "component":
    case "instance":
      return;
    default:
      def.kind satisfies PrimitiveKind; // it has no labels, either
  }
}

function checkAll(labels: readonly string[], what: string, offset: number): void {
  // The message says: `record field` conflicts with the previous `field`.
  const seen = new Map<string, string>(), previous = `${what.slice(what.lastIndexOf(" ") + 1)} name`;
  for (const label of labels) {
    if (label === "") invalid("type", offset, "invalid-type", `${what} name cannot be empty`);
    if (!isKebab(label)) invalid("type", offset, "invalid-type", `${what} name \`${label}\` is not in kebab case`);
    takeName(seen, label, what, offset, "type", previous);
  }
}

/**
 * Adds a name to the names that are taken. Throws if a name is taken that must differ from it.
 * `what` is the word for the new name, `previous` for the other one.
 */
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
