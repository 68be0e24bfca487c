// The draft's names: a label of a component as an identifier of JavaScript.
// Names of imports, exports, fields and flags enter, JavaScript names leave.
// Draft: JS-Reference.md "Names". It leaves open what becomes of two labels with one JavaScript
// name (`a-1` and `a1`): here they keep WIT's spelling, as in the library's own API.

import { parsePlainName } from "../../core/binary/names.ts";

/** `Capitalize`: an acronym begins with a capital letter already. */
function capitalized(fragment: string): string {
  return fragment.charAt(0).toUpperCase() + fragment.slice(1);
}

/** `PascalCase`: `inner-HTML` → `InnerHTML`. */
export function pascalName(label: string): string {
  return label.split("-").map(capitalized).join("");
}

/** `CamelCase`: `inner-HTML` → `innerHTML`, `XML-http-request` → `xmlHttpRequest`. */
export function camelName(label: string): string {
  const [head = "", ...rest] = label.split("-");
  return head.toLowerCase() + rest.map(capitalized).join("");
}

/** `LabelOf`: the label that names a definition in JavaScript. */
export function labelOf(name: string): string {
  const plain = parsePlainName(name);
  return plain.kind === "constructor" ? plain.resource : plain.label;
}

/** The JavaScript names of labels. Those that would be the same keep their spelling. */
function distinct(labels: readonly string[], spelt: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of spelt) counts.set(name, (counts.get(name) ?? 0) + 1);
  return labels.map((label, i) => counts.get(spelt[i]!) === 1 ? spelt[i]! : label);
}

/** The JavaScript names of a record's fields or of the names of a flags type. */
export function fieldNames(labels: readonly string[]): readonly string[] {
  return distinct(labels, labels.map(camelName));
}

/** One declaration of a scope: a name, and whether it declares a type. */
export interface Named {
  readonly name: string;
  readonly isType: boolean;
}

/**
 * `JSName` of every declaration of one scope, in order. Names of functions of a resource belong to
 * its class, so that they are compared with those of the same class only.
 */
export function jsNames(declarations: readonly Named[]): readonly string[] {
  const groups = new Map<string, number[]>();
  declarations.forEach(({ name }, i) => {
    const plain = parsePlainName(name);
    const owner = plain.kind === "label" ? "" : `${plain.kind} ${plain.resource}`;
    const group = groups.get(owner);
    if (group === undefined) groups.set(owner, [i]);
    else group.push(i);
  });
  const names = new Array<string>(declarations.length);
  for (const group of groups.values()) {
    const labels = group.map((i) => labelOf(declarations[i]!.name));
    const spelt = group.map((i, k) => (declarations[i]!.isType ? pascalName : camelName)(labels[k]!));
    distinct(labels, spelt).forEach((name, k) => names[group[k]!] = name);
  }
  return names;
}
