// Which types are copied as bytes: their layout is the same in every memory, and any bit pattern is
// a value. And which types are the same.

import { resourceSlotOf } from "../types/resource_slots.ts";
import { absurd, everyPart, isPrimitive, type ValType } from "../types/types.ts";
import { isNumeric } from "./shared.ts";

const memo = new WeakMap<ValType, boolean>();

/** Whether elements of a type can be copied as bytes: numbers, and records of them. */
export function isPlain(type: ValType): boolean {
  if (isPrimitive(type)) return isNumeric(type);
  let plain = memo.get(type);
  if (plain === undefined) {
    plain = (type.kind === "record" || type.kind === "tuple" || type.kind === "fixed-list") && everyPart(type, isPlain);
    memo.set(type, plain);
  }
  return plain;
}

type Part = ValType | undefined;

/** The type that a type was last found to be the same as. */
const sameAs = new WeakMap<ValType, ValType>();

/** Whether two types are the same. */
export function isSameType(one: Part, other: Part): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined || one.kind !== other.kind) return false;
  if (isPrimitive(one) || sameAs.get(one) === other) return true;
  if (!haveSameParts(one, other)) return false;
  sameAs.set(one, other);
  return true;
}

/** Whether types of the same kind are the same. */
function haveSameParts(one: ValType, other: ValType): boolean {
  if (isPrimitive(one)) return true;
  const all = <T>(ones: readonly T[], others: readonly T[], same: (one: T, other: T) => boolean): boolean =>
    ones.length === others.length && ones.every((each, i) => same(each, others[i]!));
  const named = (one: { name: string; type: Part }, other: { name: string; type: Part }): boolean =>
    one.name === other.name && isSameType(one.type, other.type);
  const same = other as never as typeof one;
  switch (one.kind) {
    case "list":
    case "option":
    case "stream":
    case "future":
      return isSameType(one.element, (same as typeof one).element);
    case "fixed-list":
      return one.length === (same as typeof one).length && isSameType(one.element, (same as typeof one).element);
    case "map":
      return isSameType(one.key, (same as typeof one).key) && isSameType(one.value, (same as typeof one).value);
    case "record":
      return all(one.fields, (same as typeof one).fields, named);
    case "variant":
      return all(one.cases, (same as typeof one).cases, named);
    case "tuple":
      return all(one.types, (same as typeof one).types, isSameType);
    case "enum":
    case "flags":
      return all(one.names, (same as typeof one).names, (a, b) => a === b);
    case "result":
      return isSameType(one.ok, (same as typeof one).ok) && isSameType(one.err, (same as typeof one).err);
    case "own":
    case "borrow":
      return resourceSlotOf(one.resource) === resourceSlotOf((same as typeof one).resource);
    default:
      return absurd(one);
  }
}
