// Core value types as data: numbers, vectors and references. For each type without an index there
// is one object. The text format's spelling is made here, for reflection and messages, and nowhere
// read again.
// Spec: core spec 3.0 "Types: Value Types", "Text Format: Types"; proposals stack-switching,
// shared-everything-threads.

/** A number, a vector, or one of the two that only fields have: `i8` and `i16`. */
export interface CoreNumberType {
  readonly kind: "i32" | "i64" | "f32" | "f64" | "v128" | "i8" | "i16";
}

/** The name of an abstract heap type. */
export type AbstractHeapType =
  | "any"
  | "eq"
  | "i31"
  | "struct"
  | "array"
  | "none"
  | "func"
  | "nofunc"
  | "extern"
  | "noextern"
  | "exn"
  | "noexn"
  | "cont"
  | "nocont";

/** A reference type. */
export interface CoreRefType {
  readonly kind: "ref";
  readonly nullable: boolean;
  /** Whether its abstract heap type is shared. A defined type says itself whether it is. */
  readonly shared: boolean;
  /** An abstract heap type, or the index of a defined type. */
  readonly heap: AbstractHeapType | number;
}

/** A core value type, or the storage type of a field. */
export type CoreValType = CoreNumberType | CoreRefType;

/** Numbers and vectors by their names. */
export const numberTypes: Readonly<Record<CoreNumberType["kind"], CoreNumberType>> = {
  i32: { kind: "i32" },
  i64: { kind: "i64" },
  f32: { kind: "f32" },
  f64: { kind: "f64" },
  v128: { kind: "v128" },
  i8: { kind: "i8" },
  i16: { kind: "i16" },
};

const abstractRefs = new Map<string, CoreRefType>();

/** A reference to an abstract heap type: always the same object for the same type. */
export function abstractRef(nullable: boolean, shared: boolean, heap: AbstractHeapType): CoreRefType {
  const key = `${nullable ? "null " : ""}${shared ? "shared " : ""}${heap}`;
  let type = abstractRefs.get(key);
  if (type === undefined) abstractRefs.set(key, type = { kind: "ref", nullable, shared, heap });
  return type;
}

/** A reference to a defined type. */
export function indexedRef(nullable: boolean, index: number): CoreRefType {
  return { kind: "ref", nullable, shared: false, heap: index };
}

/** The index in a value type; `undefined` if it has none. */
export function indexIn(type: CoreValType): number | undefined {
  return type.kind === "ref" && typeof type.heap === "number" ? type.heap : undefined;
}

/** Whether two value types are the same but for the indices that they may have. */
export function sameButIndex(left: CoreValType, right: CoreValType): boolean {
  if (left === right) return true;
  if (left.kind !== "ref" || right.kind !== "ref") return left.kind === right.kind;
  return left.nullable === right.nullable && left.shared === right.shared &&
    (typeof left.heap === "number" ? typeof right.heap === "number" : left.heap === right.heap);
}

/** A value type in the text format, in full: `(ref null func)`. */
export function formatValType(type: CoreValType): string {
  if (type.kind !== "ref") return type.kind;
  const heap = type.shared ? `(shared ${type.heap})` : type.heap;
  return `(ref ${type.nullable ? "null " : ""}${heap})`;
}

/** A value type in the text format, by its short name if it has one: `funcref`. */
export function formatShort(type: CoreValType): string {
  const short = type.kind === "ref" && type.nullable && !type.shared && typeof type.heap === "string";
  return short ? `${type.heap}ref` : formatValType(type);
}
