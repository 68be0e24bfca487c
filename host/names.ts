// WIT names ↔ JavaScript names. Functions, fields and flags are camelCase, resources PascalCase; cases keep WIT's spelling.
// camelCase is not injective (`a1`, `a-1`): names that collide keep their WIT spelling. The raw WIT name is accepted everywhere.
// JavaScript keeps a few names for itself; what a guest calls so has another name, the same in exports, imports and printed types.

function capitalise(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** `get-HTTP` → `getHttp`. */
export function camelCase(label: string): string {
  const [head = "", ...rest] = label.toLowerCase().split("-");
  return head + rest.map(capitalise).join("");
}

/** `my-file` → `MyFile`. */
export function pascalCase(label: string): string {
  return label.toLowerCase().split("-").map(capitalise).join("");
}

/**
 * JS names for labels of one scope; those that collide keep their spelling: with each other, or, as
 * the class of `a-b` does, with the label `AB`, which is the second name of what it belongs to.
 */
export function uniqueNames(labels: readonly string[], spell: (label: string) => string): readonly string[] {
  const spelt = labels.map(spell), own = new Set(labels);
  const counts = new Map<string, number>();
  for (const name of spelt) counts.set(name, (counts.get(name) ?? 0) + 1);
  return labels.map((label, i) => {
    const name = spelt[i]!;
    return counts.get(name) === 1 && (name === label || !own.has(name)) ? name : label;
  });
}

/** JS names of the fields of a record or the names of a flags type. */
export function memberNames(labels: readonly string[]): readonly string[] {
  return uniqueNames(labels, camelCase);
}

/** What can be a member of an object of exports or imports, of a class, or of a class's objects. */
export type MemberKind = "func" | "method" | "static" | "type" | "instance" | "component" | "module" | "core module";

/** What a class has already: its objects' prototype, and on that the class itself. */
const ofClasses: Readonly<Partial<Record<MemberKind, string>>> = { method: "constructor", static: "prototype" };

/** What is a function to JavaScript: as a member named `then` it would make a promise of the object that has it. */
const callable: readonly MemberKind[] = ["func", "method", "static", "type"];

/** Whether JavaScript keeps a name for itself: `await` would call a function `then`, and never give the object. */
function isKept(kind: MemberKind, name: string): boolean {
  return name === ofClasses[kind] || name === "then" && callable.includes(kind);
}

/** A member's JS name: its label as JS spells it, or `[method]constructor` where JavaScript keeps that name. */
export function memberKey(kind: MemberKind, label: string, spelt: string): string {
  return isKept(kind, spelt) ? `[${kind}]${label}` : spelt;
}

/** The second name of a member: its raw WIT label. A label that JavaScript keeps is none. */
export function rawKey(kind: MemberKind, label: string, key: string): string {
  return isKept(kind, label) ? key : label;
}

/** The names under which a host may give a member. A host may have a `then`, but no class another `prototype`. */
export function givenKeys(kind: MemberKind, label: string): readonly string[] {
  const spelt = kind === "type" ? pascalCase(label) : camelCase(label);
  const keys = [label, spelt, memberKey(kind, label, spelt)];
  return [...new Set(keys)].filter((key) => key !== ofClasses[kind]);
}
