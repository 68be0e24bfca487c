// Names of bindings: how the draft JS API spells a label, where that is other than our own spelling.
// A label enters, a JavaScript name leaves.
// Spec: JS-Reference.md "Names" (component-model #686 at 02b704a).

import type { ExternItem } from "../../core/types.ts";
import { memberKey, type MemberKind, uniqueNames } from "../names.ts";

/** An `acronym` keeps its capitals: `XML-http-request` → `XMLHttpRequest`. */
function capitalize(fragment: string): string {
  return fragment.charAt(0).toUpperCase() + fragment.slice(1);
}

/** `PascalCase`: the name of a type. */
export function draftPascalCase(label: string): string {
  return label.split("-").map(capitalize).join("");
}

/** `CamelCase`: every other name. */
export function draftCamelCase(label: string): string {
  const [head = "", ...rest] = label.split("-");
  return head.toLowerCase() + rest.map(capitalize).join("");
}

/**
 * Gives `JSName` of the items of one scope, by their WIT names. Names that would be the same keep
 * their WIT spelling, which the draft leaves open. A function `then` has a name that no `await`
 * calls.
 */
export function bindingNames(items: readonly ExternItem[]): Map<string, string> {
  const types = new Set(items.filter(({ type }) => type.kind === "type").map(({ name }) => name));
  const spell = (label: string): string => types.has(label) ? draftPascalCase(label) : draftCamelCase(label);
  const labels = items.map(({ name }) => name), spelt = uniqueNames(labels, spell);
  return new Map(items.map(({ name, type }, i) => [name, memberKey(type.kind as MemberKind, name, spelt[i]!)]));
}

/** Whether a name can stand where an identifier is declared. */
export function isBindable(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name) && !RESERVED.has(name);
}

/** Words that a module cannot declare. */
const RESERVED: ReadonlySet<string> = new Set(
  ("arguments await break case catch class const continue debugger default delete do else enum eval export extends false " +
    "finally for function if implements import in instanceof interface let new null package private protected public " +
    "return static super switch this throw true try typeof var void while with yield").split(" "),
);
