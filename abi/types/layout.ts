// Alignment, size and core values of a type, and the core signature of a function type. No other
// file computes them.
// A type and an address type enter, a layout leaves. Each result is remembered by type object and
// address type.
// Spec: CanonicalABI.md "Alignment", "Element Size", "Flattening".

import type { AddressType, CoreFuncType, CoreType } from "./core_values.ts";
import { type ScalarKind, scalarRules } from "./scalar_rules.ts";
import type { FuncType, ValType } from "./types.ts";

/** A function with more core parameters than this passes them through memory. */
export const MAX_FLAT_PARAMS = 16;
/** The same limit for an async lower. */
export const MAX_FLAT_ASYNC_PARAMS = 4;
/** A function with more core results than this passes them through memory. */
export const MAX_FLAT_RESULTS = 1;

/** How a type lies in memory, and which core values stand for it. */
export interface Layout {
  /** In bytes, a power of two. */
  readonly alignment: number;
  /**
   * In bytes, a multiple of the alignment. It may be Infinity or exceed 2^28 for a type that
   * validation rejects later.
   */
  readonly size: number;
  /**
   * Its core values. `undefined` if there are more than {@linkcode MAX_FLAT_PARAMS}: such a type
   * always goes through memory.
   */
  readonly flat: readonly CoreType[] | undefined;
}

function word(size: number, core: CoreType): Layout {
  return { alignment: size, size, flat: [core] };
}

/**
 * The layout of an index into a table of the instance: a handle, an end of a stream or future, an
 * error context.
 */
const handle = word(4, "i32");

type WordKind = ScalarKind | "own" | "borrow" | "stream" | "future" | "error-context";

/** Types whose layout depends on the kind alone. */
const words: Readonly<Record<WordKind, Layout>> = {
  ...Object.fromEntries(
    Object.entries(scalarRules).map(([kind, { size, core }]) => [kind, word(size, core)]),
  ) as Record<ScalarKind, Layout>,
  own: handle,
  borrow: handle,
  stream: handle,
  future: handle,
  "error-context": handle,
};

const ranges: Record<AddressType, Layout> = {
  i32: { alignment: 4, size: 8, flat: ["i32", "i32"] },
  i64: { alignment: 8, size: 16, flat: ["i64", "i64"] },
};

const memo: Record<AddressType, WeakMap<ValType, Layout>> = { i32: new WeakMap(), i64: new WeakMap() };

/** Gives alignment, size and core values of a type. */
export function layoutOf(type: ValType, address: AddressType): Layout {
  // Most types are in this table, and looking there is faster than looking in the memo.
  const simple = (words as Partial<Record<ValType["kind"], Layout>>)[type.kind];
  if (simple !== undefined) return simple;
  let layout = memo[address].get(type);
  if (layout === undefined) memo[address].set(type, layout = computeLayout(type, address));
  return layout;
}

/**
 * Computes a layout. It despecializes first: a tuple is laid out as a record, an enum, option or
 * result as a variant, a map as a list.
 */
function computeLayout(type: ValType, address: AddressType): Layout {
  switch (type.kind) {
    case "string":
    case "list":
    case "map":
      return ranges[address];
    case "fixed-list": {
      const element = layoutOf(type.element, address);
      const count = element.flat === undefined ? Infinity : element.flat.length * type.length;
      return {
        alignment: element.alignment,
        size: element.size * type.length,
        flat: count > MAX_FLAT_PARAMS
          ? undefined
          : Array.from({ length: type.length }, () => element.flat ?? []).flat(),
      };
    }
    case "record":
      return recordLayout(type.fields.map((field) => field.type), address);
    case "tuple":
      return recordLayout(type.types, address);
    case "variant":
      return variantLayout(type.cases.map((part) => part.type), address);
    case "option":
      return variantLayout([undefined, type.element], address);
    case "result":
      return variantLayout([type.ok, type.err], address);
    case "enum":
      return word(discriminantSizeOf(type.names.length), "i32");
    case "flags":
      return word(type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4, "i32");
    default:
      return words[type.kind];
  }
}

/** The lowest multiple of `alignment` that is not below `offset`. */
export function alignTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** A layout that also gives the place of each part. */
export interface RecordLayout extends Layout {
  /** Byte offset of each part. */
  readonly offsets: readonly number[];
  /** Position of each part's first core value. It has no meaning where `flat` is `undefined`. */
  readonly flatOffsets: readonly number[];
}

/** The layout of a record, a tuple or a parameter list. */
export function recordLayout(types: readonly ValType[], address: AddressType): RecordLayout {
  let alignment = 1, size = 0;
  const offsets: number[] = [], flatOffsets: number[] = [];
  let flat: CoreType[] | undefined = [];
  for (const type of types) {
    const part = layoutOf(type, address);
    size = alignTo(size, part.alignment);
    offsets.push(size);
    size += part.size;
    if (part.alignment > alignment) alignment = part.alignment;
    flatOffsets.push(flat?.length ?? -1);
    if (flat !== undefined && part.flat !== undefined && flat.length + part.flat.length <= MAX_FLAT_PARAMS) {
      for (const core of part.flat) flat.push(core);
    } else {
      flat = undefined;
    }
  }
  return { alignment, size: alignTo(size, alignment), flat, offsets, flatOffsets };
}

/** A layout that also gives the places of the discriminant and the payload. */
export interface VariantLayout extends Layout {
  /** Bytes of the discriminant: 1, 2 or 4. */
  readonly discriminantSize: 1 | 2 | 4;
  /** Byte offset of the payload, the same for every case. */
  readonly payloadOffset: number;
}

/** The layout of a variant, from the payload types of its cases. */
export function variantLayout(payloads: readonly (ValType | undefined)[], address: AddressType): VariantLayout {
  const discriminantSize = discriminantSizeOf(payloads.length);
  let alignment = 1, size = 0;
  let flat: CoreType[] | undefined = ["i32"];
  for (const payload of payloads) {
    if (payload === undefined) continue;
    const part = layoutOf(payload, address);
    if (part.alignment > alignment) alignment = part.alignment;
    if (part.size > size) size = part.size;
    if (part.flat === undefined || part.flat.length >= MAX_FLAT_PARAMS) flat = undefined;
    else if (flat !== undefined) joinInto(flat, part.flat);
  }
  const payloadOffset = alignTo(discriminantSize, alignment);
  if (discriminantSize > alignment) alignment = discriminantSize;
  return { alignment, size: alignTo(payloadOffset + size, alignment), flat, discriminantSize, payloadOffset };
}

function discriminantSizeOf(cases: number): 1 | 2 | 4 {
  return cases <= 0x100 ? 1 : cases <= 0x10000 ? 2 : 4;
}

/**
 * Joins the core values of one payload to those of the variant. The variant's follow its
 * discriminant.
 */
function joinInto(flat: CoreType[], payload: readonly CoreType[]): void {
  for (let i = 0; i < payload.length; i++) {
    if (i + 1 < flat.length) flat[i + 1] = join(flat[i + 1]!, payload[i]!);
    else flat.push(payload[i]!);
  }
}

/** `join`: the core type that can hold both. */
export function join(left: CoreType, right: CoreType): CoreType {
  if (left === right) return left;
  return left !== "i64" && right !== "i64" && left !== "f64" && right !== "f64" ? "i32" : "i64";
}

/**
 * The form of a core signature. `lift`: what `canon lift` expects of the core function. `lower`:
 * what `canon lower` makes. `task-return`: what the built-in `task.return` takes.
 */
export type Side = "lift" | "lower" | "task-return";

/**
 * How a function is called, from its canonical options: neither, `async`, or `async` with
 * `callback` (of a lift only).
 */
export type CallStyle = "sync" | "async" | "callback";

/**
 * Everything besides the function type that a core signature depends on. No member has a default,
 * so that no caller can forget one.
 */
export interface SignatureKey {
  readonly side: Side;
  readonly style: CallStyle;
  readonly address: AddressType;
}

/** The parameters and the result of a function type, laid out for one key. */
export interface SignatureLayout {
  readonly key: SignatureKey;
  /** All parameters as one record. For `task.return`, this is the result. */
  readonly params: RecordLayout;
  /** Whether parameters travel as core values rather than through a pointer. */
  readonly paramsDirect: boolean;
  /** The layout of the result, if the function has one and the core signature mentions it. */
  readonly result: Layout | undefined;
  /** Whether a result, if there is one, travels as a core value rather than through a pointer. */
  readonly resultDirect: boolean;
  /** The core function type. */
  readonly core: CoreFuncType;
}

/** `flatten_functype`. */
export function signatureLayout(type: FuncType, key: SignatureKey): SignatureLayout {
  return key.side === "task-return"
    ? flattened(type.result === undefined ? [] : [type.result], undefined, key)
    : flattened(type.params.map((param) => param.type), type.result, key);
}

function flattened(
  paramTypes: readonly ValType[],
  resultType: ValType | undefined,
  key: SignatureKey,
): SignatureLayout {
  const { side, style, address } = key;
  const asyncLower = side === "lower" && style !== "sync";
  const params = recordLayout(paramTypes, address);
  const most = asyncLower ? MAX_FLAT_ASYNC_PARAMS : MAX_FLAT_PARAMS;
  const paramsDirect = params.flat !== undefined && params.flat.length <= most;
  const flatParams: readonly CoreType[] = paramsDirect ? params.flat! : [address];
  const result = resultType === undefined ? undefined : layoutOf(resultType, address);
  const flatResult = result === undefined ? [] : result.flat;
  const laidOut = { key, params, paramsDirect, result };
  if (asyncLower) {
    // The result goes where the last parameter points; what is returned is the state of the call.
    const pointer = result === undefined ? [] : [address];
    return { ...laidOut, resultDirect: false, core: { params: [...flatParams, ...pointer], results: ["i32"] } };
  }
  if (style !== "sync") {
    // The result goes through `task.return`; a callback returns what to do next.
    const results: readonly CoreType[] = style === "callback" ? ["i32"] : [];
    return { ...laidOut, resultDirect: false, core: { params: flatParams, results } };
  }
  if (flatResult !== undefined && flatResult.length <= MAX_FLAT_RESULTS) {
    return { ...laidOut, resultDirect: true, core: { params: flatParams, results: flatResult } };
  }
  // A lift returns the pointer that a lower receives.
  const core: CoreFuncType = side === "lift"
    ? { params: flatParams, results: [address] }
    : { params: [...flatParams, address], results: [] };
  return { ...laidOut, resultDirect: false, core };
}
