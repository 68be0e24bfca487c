// Finds the constructors, methods and static functions of the resources of an interface, for the
// printers. Items enter, functions by resource leave.

import type { FuncType } from "../../abi/types/types.ts";
import { parsePlainName, type PlainName } from "../../core/binary/names.ts";
import type { ExternItem } from "../../core/types.ts";

/** A constructor, method or static function. */
export interface ResourceFunction {
  readonly name: string;
  readonly plain: Exclude<PlainName, { kind: "label" }>;
  readonly type: FuncType;
}

/** Gives the functions of all resources among some items, by the label of the resource. */
export function resourceFunctions(items: Iterable<ExternItem>): Map<string, ResourceFunction[]> {
  const found = new Map<string, ResourceFunction[]>();
  for (const { name, type } of items) {
    const plain = parsePlainName(name);
    if (type.kind !== "func" || plain.kind === "label") continue;
    const func = { name, plain, type: type.type };
    const functions = found.get(plain.resource);
    if (functions === undefined) found.set(plain.resource, [func]);
    else functions.push(func);
  }
  return found;
}
