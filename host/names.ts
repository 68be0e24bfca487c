// Converts WIT names to JavaScript names. Functions, fields and flags are camelCase, resources are
// PascalCase, cases keep WIT's spelling.
// Two WIT names may have the same camelCase form (`a1`, `a-1`); both keep their WIT spelling then.
// The WIT name is always accepted, too.
// JavaScript reserves a few names. A guest's member with such a name gets another one, the same in
// exports, imports and printed types.

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
 * JavaScript names for the labels of one scope. Labels keep their spelling if their names would be
 * the same, or if the name is another label: the class of `a-b` must not take the name of `AB`.
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

/** JavaScript names for the fields of a record or the names of a flags type. */
export function memberNames(labels: readonly string[]): readonly string[] {
  return uniqueNames(labels, camelCase);
}

/**
 * The kinds of members that an object of exports or imports, a class, or an object of a class can
 * have.
 */
export type MemberKind =
  | "func"
  | "method"
  | "static"
  | "type"
  | "value"
  | "instance"
  | "component"
  | "module"
  | "core module";

/** Names that every class uses already: `prototype`, and `constructor` of its objects. */
const ofClasses: Readonly<Partial<Record<MemberKind, string>>> = { method: "constructor", static: "prototype" };

/**
 * Members that are functions in JavaScript. Such a member named `then` would make its object a
 * thenable.
 */
const callable: readonly MemberKind[] = ["func", "method", "static", "type"];

/**
 * Whether JavaScript reserves a name. For example, `await` would call a function `then` and never
 * give the object.
 */
function isKept(kind: MemberKind, name: string): boolean {
  return name === ofClasses[kind] || name === "then" && callable.includes(kind);
}

/**
 * The JavaScript name of a member: its label in JavaScript's spelling, or `[method]constructor` if
 * JavaScript reserves the name.
 */
export function memberKey(kind: MemberKind, label: string, spelt: string): string {
  return isKept(kind, spelt) ? `[${kind}]${label}` : spelt;
}

/** The second name of a member: its WIT label. A reserved label has no second name. */
export function rawKey(kind: MemberKind, label: string, key: string): string {
  return isKept(kind, label) ? key : label;
}

/**
 * The names under which a host may provide a member. A host may provide a `then`, but a class
 * cannot have a second `prototype`.
 */
export function givenKeys(kind: MemberKind, label: string): readonly string[] {
  const spelt = kind === "type" ? pascalCase(label) : camelCase(label);
  const keys = [label, spelt, memberKey(kind, label, spelt)];
  return [...new Set(keys)].filter((key) => key !== ofClasses[kind]);
}
