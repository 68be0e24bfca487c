// Values of a type that stand for nothing, which stubs of imports give; and how much a type
// describes.

import type { ResourceType, ValType } from "@windlass/component";

/**
 * How many values lie side by side in a type, counted no further than some number: types can be
 * small and describe much.
 */
export function breadth(type: ValType, most: number): number {
  const parts: readonly (ValType | undefined)[] = type.kind === "record"
    ? type.fields.map((field) => field.type)
    : type.kind === "tuple"
    ? type.types
    : type.kind === "variant"
    ? type.cases.map((one) => one.type)
    : type.kind === "result"
    ? [type.ok, type.err]
    : type.kind === "fixed-list"
    ? [type.element]
    : "element" in type
    ? [type.element]
    : [];
  const times = type.kind === "fixed-list" ? type.length : 1;
  let count = type.kind === "enum" || type.kind === "flags" ? type.names.length : 1;
  for (const part of parts) {
    if (count >= most) break;
    if (part !== undefined) count += times * breadth(part, most - count);
  }
  return count;
}

/** Values that a stub makes at once. */
const MOST_VALUES = 100_000;

/** The value that a stub gives: nothing, as far as the type allows. */
export function emptyValue(type: ValType, object: (resource: ResourceType) => unknown): unknown {
  if (breadth(type, MOST_VALUES) >= MOST_VALUES) {
    throw new Error("a value of this type is too large for a stub: script it");
  }
  return empty(type, object);
}

function empty(type: ValType, object: (resource: ResourceType) => unknown): unknown {
  switch (type.kind) {
    case "bool":
      return false;
    case "u64":
    case "s64":
      return 0n;
    case "char":
      return " ";
    case "string":
      return "";
    case "list":
      return [];
    case "map":
      return new Map();
    case "fixed-list":
      return Array.from({ length: type.length }, () => empty(type.element, object));
    case "record":
      return Object.fromEntries(type.fields.map(({ name, type }) => [name, empty(type, object)]));
    case "tuple":
      return type.types.map((part) => empty(part, object));
    case "enum":
      return type.names[0];
    case "flags":
      return {};
    case "variant": {
      const { name, type: payload } = type.cases[0]!;
      return payload === undefined ? { tag: name } : { tag: name, val: empty(payload, object) };
    }
    case "option":
      return type.element.kind === "option" ? { tag: "none" } : undefined;
    case "result":
      return { tag: "ok", val: type.ok && empty(type.ok, object) };
    case "own":
    case "borrow":
      return object(type.resource);
    default:
      return 0;
  }
}
