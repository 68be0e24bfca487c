// WIT names ↔ JavaScript names. Functions, fields and flags are camelCase, resources PascalCase; cases keep WIT's spelling.
// camelCase is not injective (`a1`, `a-1`): names that collide keep their WIT spelling. The raw WIT name is accepted everywhere.

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

/** JS names for labels of one scope; those that collide keep their spelling. */
export function uniqueNames(labels: readonly string[], spell: (label: string) => string): readonly string[] {
  const spelt = labels.map(spell);
  const counts = new Map<string, number>();
  for (const name of spelt) counts.set(name, (counts.get(name) ?? 0) + 1);
  return labels.map((label, i) => counts.get(spelt[i]!) === 1 ? spelt[i]! : label);
}

/** JS names of the fields of a record or the names of a flags type. */
export function memberNames(labels: readonly string[]): readonly string[] {
  return uniqueNames(labels, camelCase);
}
