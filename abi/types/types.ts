// Value types, function types and resource types as plain data, discriminated by `kind`. Names are
// WIT's kebab-case strings.
// core/ makes them from the type section of a binary, host/ makes them from schemas. Codecs,
// layouts and printers read them.
// Spec: Explainer.md "Type Definitions", CanonicalABI.md "Despecialization".

/** The kinds of types that have no parts. */
export type PrimitiveKind =
  | "bool"
  | "u8"
  | "s8"
  | "u16"
  | "s16"
  | "u32"
  | "s32"
  | "u64"
  | "s64"
  | "f32"
  | "f64"
  | "char"
  | "string"
  | "error-context";

const primitiveKinds: ReadonlySet<string> = new Set<PrimitiveKind>(
  ["bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "char", "string", "error-context"],
);

/** Whether a type has no parts. */
export function isPrimitive(type: ValType | ResourceType): type is { readonly kind: PrimitiveKind } {
  return primitiveKinds.has(type.kind);
}

/** A named part of a record or a parameter list. */
export interface Field {
  /** The label, in WIT's spelling. */
  readonly name: string;
  /** Its type. */
  readonly type: ValType;
}

/** A case of a variant. */
export interface Case {
  /** The label, in WIT's spelling. */
  readonly name: string;
  /** The payload's type, where there is one. */
  readonly type: ValType | undefined;
}

/**
 * A component value type: plain data, discriminated by `kind`. Names are WIT's.
 *
 * Source: Explainer.md "Type Definitions" (`defvaltype`).
 */
export type ValType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: "list"; readonly element: ValType }
  | { readonly kind: "option"; readonly element: ValType }
  | { readonly kind: "fixed-list"; readonly element: ValType; readonly length: number }
  | { readonly kind: "map"; readonly key: ValType; readonly value: ValType }
  | { readonly kind: "record"; readonly fields: readonly Field[] }
  | { readonly kind: "tuple"; readonly types: readonly ValType[] }
  | { readonly kind: "variant"; readonly cases: readonly Case[] }
  | { readonly kind: "enum"; readonly names: readonly string[] }
  | { readonly kind: "flags"; readonly names: readonly string[] }
  | { readonly kind: "result"; readonly ok: ValType | undefined; readonly err: ValType | undefined }
  | { readonly kind: "own"; readonly resource: ResourceType }
  | { readonly kind: "borrow"; readonly resource: ResourceType }
  | { readonly kind: "stream"; readonly element: ValType | undefined }
  | { readonly kind: "future"; readonly element: ValType | undefined };

/** The type of a component function. */
export interface FuncType {
  /** Parameters in order. */
  readonly params: readonly Field[];
  /** The result's type, where there is one. */
  readonly result?: ValType;
  /** Whether its type is `async func`. */
  readonly async: boolean;
}

/** A resource type. Two resource types are the same if and only if they are the same object. */
export interface ResourceType {
  /** Always `resource`. It tells a resource type from a value type. */
  readonly kind: "resource";
  /** The name of its first import or export, in WIT's spelling. */
  readonly name?: string;
}

/** One kind of `ValType`, by its `kind`. */
export type OfKind<K extends ValType["kind"]> = Extract<ValType, { kind: K }>;

/**
 * A list of numbers that the host sees in the guest's memory, without a copy. To a component it is
 * a list like any other, so that the mark is no member of `ValType`.
 */
export interface ViewType {
  readonly kind: "list";
  readonly element: ValType;
  /** The mark. */
  readonly view: true;
}

/** Whether a type is a list that is not copied when it is lifted. */
export function isView(type: ValType): type is ViewType {
  return type.kind === "list" && (type as Partial<ViewType>).view === true;
}

/**
 * Marks a branch that cannot be reached. The last branch of each `switch` over kinds calls it. If a
 * kind is added to `ValType`, TypeScript then reports an error at every `switch` that does not
 * handle it.
 */
export function absurd(nothing: never): never {
  throw new TypeError(`unknown kind ${JSON.stringify((nothing as { kind?: unknown }).kind)}`);
}

/**
 * Whether a condition holds for all types directly inside a type. The types are tested in order.
 */
export function everyPart(type: ValType, holds: (part: ValType) => boolean): boolean {
  if (isPrimitive(type)) return true;
  switch (type.kind) {
    case "list":
    case "option":
    case "fixed-list":
      return holds(type.element);
    case "map":
      return holds(type.key) && holds(type.value);
    case "record":
      return type.fields.every((field) => holds(field.type));
    case "tuple":
      return type.types.every(holds);
    case "variant":
      return type.cases.every((part) => !part.type || holds(part.type));
    case "result":
      return (!type.ok || holds(type.ok)) && (!type.err || holds(type.err));
    case "stream":
    case "future":
      return !type.element || holds(type.element);
    case "enum":
    case "flags":
    case "own":
    case "borrow":
      return true;
    default:
      return absurd(type);
  }
}

const containsMemo = new WeakMap<ValType, number>();
const BORROW = 1, HANDLE = 2, ASYNC = 4, RANGE = 8, VIEW = 16;

/** Which of the special kinds a type contains. Computed once for each type that has parts. */
function contents(type: ValType): number {
  if (isPrimitive(type)) return type.kind === "string" ? RANGE : type.kind === "error-context" ? ASYNC : 0;
  switch (type.kind) {
    case "borrow":
      return BORROW | HANDLE;
    case "own":
      return HANDLE;
    case "enum":
    case "flags":
      return 0;
    case "record":
    case "tuple":
    case "variant":
    case "option":
    case "result":
    case "fixed-list":
      return contentsOfParts(type, 0);
    case "list":
      return contentsOfParts(type, isView(type) ? RANGE | VIEW : RANGE);
    case "map":
      return contentsOfParts(type, RANGE);
    case "stream":
    case "future":
      // A stream or future crosses as a number. Built-ins with options of their own read and write
      // its elements.
      return contentsOfParts(type, 0) & ~RANGE | ASYNC;
    default:
      return absurd(type);
  }
}

function contentsOfParts(type: ValType, own: number): number {
  let found = containsMemo.get(type);
  if (found === undefined) {
    let all = own;
    everyPart(type, (part) => {
      all |= contents(part);
      return true;
    });
    containsMemo.set(type, found = all);
  }
  return found;
}

/** Whether only single core values cross: numbers, chars, bools. */
export function areNumbers({ params, result }: FuncType): boolean {
  const isNumber = (type: ValType): boolean => isPrimitive(type) && type.kind !== "string";
  return params.every(({ type }) => isNumber(type)) && (result === undefined || isNumber(result));
}

/** `contains_borrow`. */
export function containsBorrow(type: ValType): boolean {
  return (contents(type) & BORROW) !== 0;
}

/** Whether a type contains an `own` or a `borrow`. */
export function containsHandle(type: ValType): boolean {
  return (contents(type) & HANDLE) !== 0;
}

/** Whether a type contains a `stream`, a `future` or an `error-context`. */
export function containsAsyncValue(type: ValType): boolean {
  return (contents(type) & ASYNC) !== 0;
}

/**
 * Whether a value of the type can contain a string, a list or a map. Such a value has parts
 * elsewhere in memory, which must be allocated.
 */
export function containsRange(type: ValType): boolean {
  return (contents(type) & RANGE) !== 0;
}

/** Whether a type contains a list that is not copied when it is lifted. */
export function containsView(type: ValType): boolean {
  return (contents(type) & VIEW) !== 0;
}

/**
 * Messages do not spell out types that nest more deeply than this: a small binary can describe an
 * enormous type.
 */
const FORMAT_DEPTH = 5;

/** A type in WIT's notation, for messages. Anonymous records and variants are spelt out. */
export function formatType(type: ValType | null | undefined, depth = 0): string {
  if (type === undefined || type === null) return "_";
  if (depth >= FORMAT_DEPTH && !everyPart(type, () => false)) return "…";
  if (isPrimitive(type)) return type.kind;
  const format = (part: ValType | null | undefined): string => formatType(part, depth + 1);
  switch (type.kind) {
    case "list":
    case "option":
      return `${type.kind}<${format(type.element)}>`;
    case "fixed-list":
      return `list<${format(type.element)}, ${type.length}>`;
    case "map":
      return `map<${format(type.key)}, ${format(type.value)}>`;
    case "tuple":
      return `tuple<${clip(type.types.map(format))}>`;
    case "record":
      return `record { ${clip(type.fields.map((field) => `${field.name}: ${format(field.type)}`))} }`;
    case "variant":
      return `variant { ${
        clip(type.cases.map((part) => !part.type ? part.name : `${part.name}(${format(part.type)})`))
      } }`;
    case "enum":
    case "flags":
      return `${type.kind} { ${clip(type.names)} }`;
    case "result": {
      const [ok, err] = [format(type.ok), format(type.err)];
      return err !== "_" ? `result<${ok}, ${err}>` : ok !== "_" ? `result<${ok}>` : "result";
    }
    case "own":
      return `own<${type.resource.name ?? "resource"}>`;
    case "borrow":
      return `borrow<${type.resource.name ?? "resource"}>`;
    case "stream":
    case "future":
      return !type.element ? type.kind : `${type.kind}<${format(type.element)}>`;
    default:
      return absurd(type);
  }
}

function clip(parts: readonly string[]): string {
  return parts.length > 6 ? `${parts.slice(0, 5).join(", ")}, … ${parts.length - 5} more` : parts.join(", ");
}
