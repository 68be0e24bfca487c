// The index space of core types, in a core module or a module type; and when two core types are
// equal. Types are compared group by group, as in the core specification. Two groups are equal if
// their types have the same shapes, with the same references inside the group and equal types
// outside. Groups are not interned: each `CoreEquality` remembers the pairs that it has compared.
// Spec: core spec 3.0 "Types: Recursive Types".

import type { CoreCompositeType, CoreFieldType, CoreSubType } from "./core_syntax.ts";
import {
  type AbstractHeapType,
  type CoreRefType,
  type CoreValType,
  indexIn,
  sameButIndex,
} from "./core_value_types.ts";
import { MAX_SUBTYPING_DEPTH } from "../binary/limits.ts";

/** A recursive group, with the space that its references count in. */
interface Group {
  readonly types: readonly CoreSubType[];
  readonly start: number;
  readonly space: CoreSpace;
}

/** A core type: one of a group. */
export interface CoreTypeEntry {
  readonly group: Group;
  readonly position: number;
}

/** Core types by index. */
export class CoreSpace {
  readonly #entries: (CoreTypeEntry | undefined)[] = [];

  get length(): number {
    return this.#entries.length;
  }

  /** Adds the types of a recursive group. */
  addGroup(types: readonly CoreSubType[]): void {
    const group: Group = { types, start: this.#entries.length, space: this };
    types.forEach((_, position) => this.#entries.push({ group, position }));
  }

  /** Adds a type of another space, or `undefined` for a module type, which takes an index too. */
  add(entry: CoreTypeEntry | undefined): void {
    this.#entries.push(entry);
  }

  at(index: number): CoreTypeEntry | undefined {
    return this.#entries[index];
  }
}

/** Whether a type is nothing but its shape: a group of its own, final, without supertypes. */
export function isPlain({ group: { types } }: CoreTypeEntry): boolean {
  return types.length === 1 && types[0]!.final && types[0]!.supertypes.length === 0;
}

/** What a core type is. */
export function shapeOf({ group, position }: CoreTypeEntry): CoreSubType {
  return group.types[position]!;
}

/**
 * What is wrong with the recursive group at the end of a space: faults that no engine would report,
 * because only the component mentions the group.
 */
export function groupFault(types: readonly CoreSubType[], space: CoreSpace): string | undefined {
  const start = space.length - types.length;
  for (const [i, { type, supertypes, shared }] of types.entries()) {
    for (const part of partsOf(type)) {
      const fault = valueFault(part, space);
      if (fault !== undefined) return fault;
      if (shared && !isShared(part, space)) return "shared composite type must contain shared types";
    }
    for (const index of supertypes) {
      // A supertype comes first.
      if (index >= start + i) return `unknown type ${index}: type index out of bounds`;
      const entry = space.at(index);
      if (entry === undefined) return `type index ${index} is a module type`;
      const shape = shapeOf(entry);
      if (shape.final) return "sub type cannot have a final super type";
      if (shape.shared !== shared || !extendsShape(type, shape.type, space)) return "sub type must match super type";
    }
  }
  return undefined;
}

/** What is wrong with a value type: its index, if it has one. */
export function valueFault(type: CoreValType, space: CoreSpace): string | undefined {
  const index = indexIn(type);
  if (index === undefined) return undefined;
  if (index >= space.length) return `unknown type ${index}: type index out of bounds`;
  return space.at(index) === undefined ? `type index ${index} is a module type` : undefined;
}

/**
 * Whether threads may share values of a type whose index, if it has one, is right: numbers, and
 * references to what is shared.
 */
export function isShared(type: CoreValType, space: CoreSpace): boolean {
  if (type.kind !== "ref") return true;
  return typeof type.heap === "number" ? shapeOf(space.at(type.heap)!).shared : type.shared;
}

/** The value types in a core type. */
export function partsOf(type: CoreCompositeType): readonly CoreValType[] {
  switch (type.kind) {
    case "func":
      return [...type.params, ...type.results];
    case "struct":
      return type.fields.map(({ type }) => type);
    case "array":
      return [type.field.type];
    case "cont":
      return [type.type];
  }
}

/** Whether a composite type may be declared a subtype of another one of the same space. */
function extendsShape(type: CoreCompositeType, above: CoreCompositeType, space: CoreSpace): boolean {
  const all = (lower: readonly CoreValType[], upper: readonly CoreValType[]): boolean =>
    lower.length === upper.length && lower.every((part, i) => extendsValue(part, upper[i]!, space));
  // What can be written to must be the same.
  const field = (lower: CoreFieldType, upper: CoreFieldType): boolean =>
    lower.mutable === upper.mutable && extendsValue(lower.type, upper.type, space) &&
    (!lower.mutable || extendsValue(upper.type, lower.type, space));
  switch (type.kind) {
    case "func":
      return above.kind === "func" && all(above.params, type.params) && all(type.results, above.results);
    case "struct":
      return above.kind === "struct" && type.fields.length >= above.fields.length &&
        above.fields.every((upper, i) => field(type.fields[i]!, upper));
    case "array":
      return above.kind === "array" && field(type.field, above.field);
    case "cont":
      return above.kind === "cont" && extendsValue(type.type, above.type, space);
  }
}

/** A heap type, with the kind of a defined type in the place of its index. */
type HeapKind = AbstractHeapType | CoreCompositeType["kind"];

/** The abstract heap type directly above; those without one are tops. */
const heapAbove: { readonly [K in HeapKind]?: AbstractHeapType } = {
  eq: "any",
  i31: "eq",
  struct: "eq",
  array: "eq",
};
/** The bottom of each hierarchy, by its top. */
const heapBottom: { readonly [K in HeapKind]?: AbstractHeapType } = {
  any: "none",
  func: "nofunc",
  extern: "noextern",
  exn: "noexn",
  cont: "nocont",
};

/** Numbers and vectors have no subtypes; references have. */
function extendsValue(lower: CoreValType, upper: CoreValType, space: CoreSpace): boolean {
  if (lower.kind !== "ref" || upper.kind !== "ref") return lower.kind === upper.kind;
  if (sameButIndex(lower, upper) && lower.heap === upper.heap) return true;
  return (upper.nullable || !lower.nullable) && lower.shared === upper.shared && extendsHeap(lower, upper, space);
}

/** Whether the heap type of one reference type extends the other's. */
function extendsHeap({ heap }: CoreRefType, { heap: wanted }: CoreRefType, space: CoreSpace): boolean {
  const entry = (heap: AbstractHeapType | number): CoreTypeEntry | undefined =>
    typeof heap === "number" ? space.at(heap) : undefined;
  const left = entry(heap), right = entry(wanted);
  if (left !== undefined && right !== undefined) return new CoreEquality().extends(left, right);
  if (right === undefined) {
    let at = kindOf(heap, left);
    for (; at !== undefined; at = heapAbove[at]) if (at === wanted) return true;
  }
  let top = kindOf(wanted, right);
  while (top !== undefined && heapAbove[top] !== undefined) top = heapAbove[top];
  return top !== undefined && heap === heapBottom[top];
}

function kindOf(heap: AbstractHeapType | number, entry: CoreTypeEntry | undefined): HeapKind | undefined {
  if (entry !== undefined) return shapeOf(entry).type.kind;
  return typeof heap === "number" ? undefined : heap;
}

/**
 * Compares types of two spaces. Groups refer to other groups, in chains that can be as long as the
 * module: these are followed with a list, because recursion would overflow the stack.
 */
export class CoreEquality {
  /** Pairs that were found equal, or that are assumed to be until `#pending` is empty. */
  #equal: Map<Group, Set<Group>> | undefined;
  #pending: (readonly [Group, Group])[] = [];

  /** Whether two value types are the same; references count in the spaces given. */
  values(left: CoreValType, leftSpace: CoreSpace, right: CoreValType, rightSpace: CoreSpace): boolean {
    if (!sameButIndex(left, right)) return false;
    const leftIndex = indexIn(left), rightIndex = indexIn(right);
    if (leftIndex === undefined || rightIndex === undefined) return true;
    return this.#settle(this.#indices(leftIndex, leftSpace, undefined, rightIndex, rightSpace, undefined));
  }

  /** The same of lists of value types. */
  lists(
    left: readonly CoreValType[],
    leftSpace: CoreSpace,
    right: readonly CoreValType[],
    rightSpace: CoreSpace,
  ): boolean {
    if (left.length !== right.length) return false;
    for (let i = 0; i < left.length; i++) {
      if (!this.values(left[i]!, leftSpace, right[i]!, rightSpace)) return false;
    }
    return true;
  }

  /** Whether two types are the same: the same place in equal groups. */
  types(left: CoreTypeEntry, right: CoreTypeEntry): boolean {
    return this.#settle(this.#types(left, right));
  }

  /**
   * Whether a type is equal to another, or a declared subtype of it. The supertypes of an unchecked
   * module may form a circle: they are followed as far as engines follow them, and no further.
   */
  extends(left: CoreTypeEntry, right: CoreTypeEntry): boolean {
    let at: CoreTypeEntry | undefined = left;
    for (let depth = 0; depth <= MAX_SUBTYPING_DEPTH && at !== undefined; depth++) {
      if (this.types(at, right)) return true;
      const above: number | undefined = shapeOf(at).supertypes[0];
      at = above === undefined ? undefined : at.group.space.at(above);
    }
    return false;
  }

  /** Follows what was assumed. */
  #settle(assumed: boolean): boolean {
    let equal = assumed;
    const pending = this.#pending;
    if (pending.length === 0) return equal;
    // It grows meanwhile.
    for (let i = 0; equal && i < pending.length; i++) {
      const [one, other] = pending[i]!;
      equal = one.types.every((type, i) => this.#shapes(type, one, other.types[i]!, other));
    }
    if (!equal) { for (const [one, other] of pending) this.#equal!.get(one)!.delete(other); }
    this.#pending = [];
    return equal;
  }

  #types(left: CoreTypeEntry, right: CoreTypeEntry): boolean {
    return left === right || left.position === right.position && this.#groups(left.group, right.group);
  }

  #groups(left: Group, right: Group): boolean {
    if (left === right) return true;
    if (left.types.length !== right.types.length) return false;
    const known = this.#equal ??= new Map();
    let equal = known.get(left);
    if (equal === undefined) known.set(left, equal = new Set());
    if (equal.has(right)) return true;
    equal.add(right);
    this.#pending.push([left, right]);
    return true;
  }

  #shapes(left: CoreSubType, leftGroup: Group, right: CoreSubType, rightGroup: Group): boolean {
    return left.final === right.final && left.shared === right.shared &&
      left.supertypes.length === right.supertypes.length &&
      left.supertypes.every((index, i) =>
        this.#indices(index, leftGroup.space, leftGroup, right.supertypes[i]!, rightGroup.space, rightGroup)
      ) &&
      this.#composites(left.type, leftGroup, right.type, rightGroup);
  }

  #composites(left: CoreCompositeType, leftGroup: Group, right: CoreCompositeType, rightGroup: Group): boolean {
    const all = (lefts: readonly CoreValType[], rights: readonly CoreValType[]): boolean =>
      lefts.length === rights.length &&
      lefts.every((value, i) => this.#inGroups(value, leftGroup, rights[i]!, rightGroup));
    switch (left.kind) {
      case "func":
        return right.kind === "func" && all(left.params, right.params) && all(left.results, right.results);
      case "struct":
        return right.kind === "struct" &&
          all(left.fields.map(({ type }) => type), right.fields.map(({ type }) => type)) &&
          left.fields.every(({ mutable }, i) => mutable === right.fields[i]!.mutable);
      case "array":
        return right.kind === "array" && left.field.mutable === right.field.mutable &&
          all([left.field.type], [right.field.type]);
      case "cont":
        return right.kind === "cont" && all([left.type], [right.type]);
    }
  }

  #inGroups(left: CoreValType, leftGroup: Group, right: CoreValType, rightGroup: Group): boolean {
    if (!sameButIndex(left, right)) return false;
    const leftIndex = indexIn(left), rightIndex = indexIn(right);
    if (leftIndex === undefined || rightIndex === undefined) return true;
    return this.#indices(leftIndex, leftGroup.space, leftGroup, rightIndex, rightGroup.space, rightGroup);
  }

  #indices(
    left: number,
    leftSpace: CoreSpace,
    leftGroup: Group | undefined,
    right: number,
    rightSpace: CoreSpace,
    rightGroup: Group | undefined,
  ): boolean {
    const inside = (index: number, group: Group | undefined): number | undefined =>
      group !== undefined && index >= group.start && index < group.start + group.types.length
        ? index - group.start
        : undefined;
    const leftInside = inside(left, leftGroup), rightInside = inside(right, rightGroup);
    if (leftInside !== undefined || rightInside !== undefined) return leftInside === rightInside;
    const leftEntry = leftSpace.at(left), rightEntry = rightSpace.at(right);
    return leftEntry !== undefined && rightEntry !== undefined && this.#types(leftEntry, rightEntry);
  }
}
