// Where the values of a call between guests are: in core values, or in a memory.
// Types enter; it leaves which types are copied byte by byte, and how large their code is.

import type { AddressType, CoreType } from "../types/core_values.ts";
import { layoutOf } from "../types/layout.ts";
import { scalarRules } from "../types/scalar_rules.ts";
import type { FuncType, OfKind, ValType } from "../types/types.ts";
import type { FuncRef } from "../wasm/code.ts";

/** Where a value is: in locals, one for each of its core values, or in a memory. */
export type Place =
  | { readonly kind: "flat"; readonly locals: readonly number[]; readonly types: readonly CoreType[] }
  /** `pointer` is a local that holds an address. */
  | { readonly kind: "memory"; readonly pointer: number; readonly offset: number };

/** One component instance at one end of a call: what its canonical options say. */
export interface Side {
  /** Distinguishes sides of one module: their options and their instance. */
  readonly key: string;
  /** The index of its memory in the module. -1 if it has none. */
  readonly memory: number;
  /** The address type of the memory. `i32` if it has none. */
  readonly address: AddressType;
  readonly realloc: FuncRef | undefined;
  readonly encoding: "utf8" | "utf16" | "latin1+utf16";
  /** The number of its component instance. */
  readonly node: number;
}

/** Values go from a side that lifts them to a side that lowers them. */
export interface Direction {
  readonly from: Side;
  readonly to: Side;
}

/** One type as both sides know it: they differ in names and in the objects of resource types. */
export interface Pair {
  readonly from: ValType;
  readonly to: ValType;
}

/** The parts of a type, as its layout has them: fields, or the payloads of cases. */
export function partsOf(type: ValType): readonly (ValType | undefined)[] {
  switch (type.kind) {
    case "record":
      return type.fields.map((field) => field.type);
    case "tuple":
      return type.types;
    case "variant":
      return type.cases.map((part) => part.type);
    case "option":
      return [undefined, type.element];
    case "result":
      return [type.ok, type.err];
    case "enum":
      return type.names.map(() => undefined);
    case "list":
    case "fixed-list":
      return [type.element];
    case "map":
      return [entryOf(type)];
    default:
      return [];
  }
}

const entries = new WeakMap<ValType, ValType>();

/** The element of a map. It is one object for each map type, as other elements are. */
function entryOf(type: OfKind<"map">): ValType {
  let entry = entries.get(type);
  if (entry === undefined) entries.set(type, entry = { kind: "tuple", types: [type.key, type.value] });
  return entry;
}

const copyable = new WeakMap<ValType, boolean>();

/**
 * Whether each byte of a type in memory is data that every guest may give: no pointer, nothing to
 * validate, and no padding, which is nobody else's business.
 */
export function isCopyable(type: ValType): boolean {
  let known = copyable.get(type);
  if (known === undefined) copyable.set(type, known = findCopyable(type));
  return known;
}

function findCopyable(type: ValType): boolean {
  switch (type.kind) {
    case "flags":
      return type.names.length === 8 * layoutOf(type, "i32").size;
    case "record":
    case "tuple": {
      const parts = partsOf(type) as readonly ValType[];
      const sum = parts.reduce((sum, part) => sum + layoutOf(part, "i32").size, 0);
      return sum === layoutOf(type, "i32").size && parts.every(isCopyable);
    }
    case "fixed-list":
      return isCopyable(type.element);
    case "bool":
    case "char":
      return false;
    default:
      return type.kind in scalarRules;
  }
}

/** How many parts a type has, all together, if each is counted each time. Infinite beyond this. */
const MANY = 1e6;
/** How many entries of a table take the place of the code for one value. */
const CASES_A_VALUE = 16;

const weights = new WeakMap<ValType, number>();

/** How many values the code of a type handles one by one: an upper bound of its length. */
export function weightOf(type: ValType): number {
  let known = weights.get(type);
  if (known === undefined) weights.set(type, known = findWeight(type));
  return known;
}

function findWeight(type: ValType): number {
  if (type.kind === "fixed-list" && layoutOf(type, "i32").flat !== undefined) {
    return 1 + type.length * weightOf(type.element);
  }
  let weight = 1;
  // Cases without a payload have a place in a table.
  if (type.kind === "variant") weight += Math.ceil(type.cases.length / CASES_A_VALUE);
  for (const part of partsOf(type)) {
    weight += part === undefined ? 0 : weightOf(part);
    if (weight > MANY) return Infinity;
  }
  return weight;
}

/** The same for the parameters and the result of a function. */
export function valuesOf({ params, result }: FuncType): number {
  return params.reduce((sum, { type }) => sum + weightOf(type), result === undefined ? 1 : 1 + weightOf(result));
}

const failing = new WeakMap<ValType, boolean>();

/** Whether lifting a type can fail, or lowering it runs a guest's code. */
export function canFail(type: ValType): boolean {
  let known = failing.get(type);
  if (known === undefined) failing.set(type, known = findFailing(type));
  return known;
}

function findFailing(type: ValType): boolean {
  switch (type.kind) {
    case "flags":
      return false;
    case "record":
    case "tuple":
    case "fixed-list":
      return partsOf(type).some((part) => canFail(part!));
    default:
      return type.kind === "char" || !(type.kind in scalarRules);
  }
}
