// The index space of core types, of a core module or of a module type, and when two types in such spaces are the same.
// Types are compared group by group, as the core specification does: the same shapes, with the same references inside the group and
// equal types outside. Nothing is interned: pairs that were compared are remembered for one comparison.
// Spec: core spec 3.0 "Types: Recursive Types".

import type { CoreCompositeType, CoreSubType } from "./definitions.ts";

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

  /** Adds a type of another space, or what is no core type at all but takes an index. */
  add(entry: CoreTypeEntry | undefined): void {
    this.#entries.push(entry);
  }

  at(index: number): CoreTypeEntry | undefined {
    return this.#entries[index];
  }
}

/** What a core type is. */
export function shapeOf({ group, position }: CoreTypeEntry): CoreSubType {
  return group.types[position]!;
}

/** Compares types of two spaces. */
export class CoreEquality {
  readonly #seen = new Map<Group, Set<Group>>();

  /** Whether two types are the same: the same place in equal groups. */
  types(left: CoreTypeEntry, right: CoreTypeEntry): boolean {
    return left === right || left.position === right.position && this.#groups(left.group, right.group);
  }

  /** Whether two value types, as text, are the same; references count in the spaces given. */
  values(left: string, leftSpace: CoreSpace, right: string, rightSpace: CoreSpace): boolean {
    const [leftShape, leftIndex] = reference(left), [rightShape, rightIndex] = reference(right);
    if (leftShape !== rightShape) return false;
    if (leftIndex === undefined || rightIndex === undefined) return leftIndex === rightIndex;
    return this.#indices(leftIndex, leftSpace, undefined, rightIndex, rightSpace, undefined);
  }

  #groups(left: Group, right: Group): boolean {
    if (left === right) return true;
    if (left.types.length !== right.types.length) return false;
    let seen = this.#seen.get(left);
    if (seen === undefined) this.#seen.set(left, seen = new Set());
    // References lead outward to earlier groups only, so that assuming what is being shown is never circular.
    if (seen.has(right)) return true;
    seen.add(right);
    const equal = left.types.every((type, i) => this.#shapes(type, left, right.types[i]!, right));
    if (!equal) seen.delete(right);
    return equal;
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
    const all = (lefts: readonly string[], rights: readonly string[]): boolean =>
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
        return right.kind === "cont" && all([`(ref ${left.type})`], [`(ref ${right.type})`]);
    }
  }

  #inGroups(left: string, leftGroup: Group, right: string, rightGroup: Group): boolean {
    const [leftShape, leftIndex] = reference(left), [rightShape, rightIndex] = reference(right);
    if (leftShape !== rightShape || leftIndex === undefined || rightIndex === undefined) {
      return leftShape === rightShape && leftIndex === rightIndex;
    }
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
    return leftEntry !== undefined && rightEntry !== undefined && this.types(leftEntry, rightEntry);
  }
}

/** A value type's text without its index, and the index, if it refers to one. */
function reference(text: string): readonly [shape: string, index: number | undefined] {
  const match = /^(\(ref (?:null )?(?:\(shared )?)(\d+)(\)*)$/.exec(text);
  return match === null ? [text, undefined] : [match[1]! + match[3]!, Number(match[2])];
}
