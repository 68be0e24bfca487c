// Types in a component's binary, of the imports that a composed component has: reflected types
// enter, definitions leave. Types are told apart by identity; one that another import names is an
// alias of that name, so that both mean the same type.
// Spec: Binary.md "Type Definitions".

import type { FuncType, PrimitiveKind, ResourceType, ValType } from "../../abi/types/types.ts";
import { absurd } from "../../abi/types/types.ts";
import { leb, vec } from "../../abi/wasm/encoder.ts";

/** A text. */
export function text(of: string): number[] {
  const bytes = new TextEncoder().encode(of);
  return [...leb(bytes.length), ...bytes];
}

/** An index as a `valtype` has it: a signed integer of 33 bits. */
function typeIndex(index: number): number[] {
  const bytes = leb(index), last = bytes.at(-1)!;
  // The sign is bit 6 of the last byte.
  return last < 64 ? bytes : [...bytes.slice(0, -1), last | 0x80, 0];
}

/** `externtype`s. */
export const extern = {
  func: (type: number): number[] => [0x01, ...leb(type)],
  typeEq: (type: number): number[] => [0x03, 0x00, ...leb(type)],
  resource: (): number[] => [0x03, 0x01],
  instance: (type: number): number[] => [0x05, ...leb(type)],
};

const primitives: Readonly<Record<PrimitiveKind, number>> = {
  bool: 0x7f,
  s8: 0x7e,
  u8: 0x7d,
  s16: 0x7c,
  u16: 0x7b,
  s32: 0x7a,
  u32: 0x79,
  s64: 0x78,
  u64: 0x77,
  f32: 0x76,
  f64: 0x75,
  char: 0x74,
  string: 0x73,
  "error-context": 0x64,
};

/** Kinds of types that a function may mention by a name only. */
const NAMED: ReadonlySet<string> = new Set(["record", "variant", "enum", "flags", "resource"]);

/** Whether a function may mention a type by a name only. */
export function needsName(type: ValType | ResourceType): boolean {
  return NAMED.has(type.kind);
}

/** A type index space. */
export interface TypeSpace {
  /** Adds a type by its bytes; gives its index. */
  define(bytes: readonly number[]): number;
  /** Gives the index of a type that another import names. `undefined` if none does. */
  foreign(key: unknown): number | undefined;
}

/** Writes types into a type index space. */
export class TypeWriter {
  readonly #space: TypeSpace;
  /** What a type is known by: the name that it has in all parts, or itself. */
  readonly #keyOf: (type: ValType | ResourceType) => unknown;
  readonly #indices = new Map<unknown, number>();

  constructor(space: TypeSpace, keyOf: (type: ValType | ResourceType) => unknown) {
    this.#space = space;
    this.#keyOf = keyOf;
  }

  /** Makes an index stand for a type from here on. */
  set(type: ValType | ResourceType, index: number): void {
    this.#indices.set(this.#keyOf(type), index);
  }

  /** `functype`; gives its index. */
  func({ params, result, async }: FuncType): number {
    const list = vec(params.map(({ name, type }) => [...text(name), ...this.ref(type)]));
    return this.#space.define([
      async ? 0x43 : 0x40,
      ...list,
      ...result === undefined ? [0x01, 0x00] : [0x00, ...this.ref(result)],
    ]);
  }

  /** The index of a type that is defined, here or elsewhere. `undefined` if it is not. */
  known(type: ValType | ResourceType): number | undefined {
    const key = this.#keyOf(type);
    let index = this.#indices.get(key);
    if (index === undefined && needsName(type)) {
      index = this.#space.foreign(key);
      if (index !== undefined) this.#indices.set(key, index);
    }
    return index;
  }

  /** `valtype`. */
  ref(type: ValType): number[] {
    if (type.kind in primitives) return [primitives[type.kind as PrimitiveKind]];
    let index = this.known(type);
    if (index === undefined) this.set(type, index = this.define(type));
    return typeIndex(index);
  }

  /** Defines a type; gives its index. */
  define(type: ValType): number {
    return this.#space.define(this.#bytes(type));
  }

  #optional(type: ValType | undefined): number[] {
    return type === undefined ? [0x00] : [0x01, ...this.ref(type)];
  }

  #resource(type: ResourceType): number[] {
    const index = this.known(type);
    if (index === undefined) throw new Error(`the resource ${type.name ?? ""} has no name here`);
    return leb(index);
  }

  #bytes(type: ValType): number[] {
    switch (type.kind) {
      case "record":
        return [0x72, ...vec(type.fields.map(({ name, type }) => [...text(name), ...this.ref(type)]))];
      case "variant":
        return [0x71, ...vec(type.cases.map(({ name, type }) => [...text(name), ...this.#optional(type), 0x00]))];
      case "list":
        return [0x70, ...this.ref(type.element)];
      case "fixed-list":
        return [0x67, ...this.ref(type.element), ...leb(type.length)];
      case "tuple":
        return [0x6f, ...vec(type.types.map((part) => this.ref(part)))];
      case "flags":
        return [0x6e, ...vec(type.names.map(text))];
      case "enum":
        return [0x6d, ...vec(type.names.map(text))];
      case "option":
        return [0x6b, ...this.ref(type.element)];
      case "result":
        return [0x6a, ...this.#optional(type.ok), ...this.#optional(type.err)];
      case "own":
        return [0x69, ...this.#resource(type.resource)];
      case "borrow":
        return [0x68, ...this.#resource(type.resource)];
      case "stream":
        return [0x66, ...this.#optional(type.element)];
      case "future":
        return [0x65, ...this.#optional(type.element)];
      case "map":
        return [0x63, ...this.ref(type.key), ...this.ref(type.value)];
      case "bool":
      case "s8":
      case "u8":
      case "s16":
      case "u16":
      case "s32":
      case "u32":
      case "s64":
      case "u64":
      case "f32":
      case "f64":
      case "char":
      case "string":
      case "error-context":
        return [primitives[type.kind]];
      default:
        return absurd(type);
    }
  }
}

/** The types that a type is made of, all the way down, each once. */
export function* partsOf(
  types: Iterable<ValType | ResourceType>,
  seen: Set<object> = new Set(),
): Generator<ValType | ResourceType> {
  for (const type of types) {
    if (seen.has(type)) continue;
    seen.add(type);
    yield type;
    yield* partsOf(innerTypes(type), seen);
  }
}

function innerTypes(type: ValType | ResourceType): (ValType | ResourceType)[] {
  const some = (...list: (ValType | ResourceType | undefined)[]) => list.filter((one) => one !== undefined);
  switch (type.kind) {
    case "record":
      return type.fields.map(({ type }) => type);
    case "variant":
      return some(...type.cases.map(({ type }) => type));
    case "tuple":
      return [...type.types];
    case "list":
    case "fixed-list":
    case "option":
    case "stream":
    case "future":
      return some(type.element);
    case "map":
      return [type.key, type.value];
    case "result":
      return some(type.ok, type.err);
    case "own":
    case "borrow":
      return [type.resource];
    default:
      return [];
  }
}
