// What a component's module exports. Reflection data enters; for each export the names of its
// bindings and its key in `instance.exports` leave.
// Spec: JS-Reference.md "WebAssembly ESM-Integration": a binding per `JSName`, no default one. The
// draft has no names for interfaces yet: one is bound by its full name as a string, and by the last
// part of that in camelCase, if no other export has it.

import { isInterfaceName, parsePlainName, splitVersion } from "../../core/binary/names.ts";
import type { ExternItem } from "../../core/types.ts";
import { memberKeys } from "../exports/exports.ts";
import { bindingNames, draftCamelCase } from "./names.ts";

/** One export. */
export interface Binding {
  /** The key in `instance.exports`. */
  readonly key: string;
  /** The names that the module exports it by. */
  readonly names: readonly string[];
  /** Whether it is a resource's class, whose name is a type's name, too. */
  readonly isClass: boolean;
}

/** Gives the bindings of a component's exports, in its order. */
export function bindingsOf(exports: readonly ExternItem[]): Binding[] {
  const bound = exports.filter(isBound);
  const plain = bindingNames(bound.filter(({ name }) => !isInterfaceName(name)));
  const short = shortNames(bound, new Set(plain.values()));
  const keys = memberKeys(bound.map(({ name, type }) => [name, type.kind]), true);
  return bound.map(({ name, type }) => ({
    key: keys.get(name)!,
    names: plain.has(name) ? [plain.get(name)!] : [name, ...short.has(name) ? [short.get(name)!] : []],
    isClass: type.kind === "type",
  }));
}

/** Functions of a resource are in its class, and types that are no resources have no value. */
function isBound({ name, type }: ExternItem): boolean {
  if (type.kind === "func") return parsePlainName(name).kind === "label";
  return type.kind !== "type" || type.type.kind === "resource";
}

/** Short names of interfaces, as far as each is the only one of its name. */
function shortNames(items: readonly ExternItem[], taken: ReadonlySet<string>): Map<string, string> {
  const owners = new Map<string, string[]>();
  for (const { name } of items.filter(({ name }) => isInterfaceName(name))) {
    const short = draftCamelCase(splitVersion(name).base.split("/").at(-1)!);
    owners.set(short, [...owners.get(short) ?? [], name]);
  }
  // Neither a default export nor something that `await import(…)` would call.
  const free = [...owners].filter(([short, names]) =>
    names.length === 1 && !taken.has(short) && short !== "default" && short !== "then"
  );
  return new Map(free.map(([short, [name]]) => [name!, short]));
}
