// Whether a type accepts nothing besides what its values become: then one name is enough for both.

import { absurd, everyPart, isPrimitive, type ResourceType, type ValType } from "../../abi/types/types.ts";

const same = new WeakMap<object, boolean>();

/** Whether a type accepts nothing besides what its values become, so that one name is enough. */
export function isSame(type: ValType | ResourceType): boolean {
  let known = same.get(type);
  if (known === undefined) same.set(type, known = isSameType(type));
  return known;
}

function isSameType(type: ValType | ResourceType): boolean {
  switch (type.kind) {
    case "resource":
    case "own":
    case "borrow":
    case "enum":
      return true;
    case "record":
    case "tuple":
    case "variant":
      return everyPart(type, isSame);
    case "u64": // a number may be given, too
    case "s64":
    case "list":
    case "fixed-list":
    case "map":
    case "flags":
    case "option":
    case "result":
    case "stream":
    case "future":
      return false;
    default:
      if (isPrimitive(type)) return true;
      return absurd(type);
  }
}
