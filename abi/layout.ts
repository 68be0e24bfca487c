// Alignment, size and flattening of types, and the storage class of a signature: the only place that knows any of these.
// Everything is found once per type object and address type.
// Spec: CanonicalABI.md "Alignment", "Element Size", "Flattening".

import type { FuncType, ValType } from "./types.ts";

/** The type of a core value that crosses the boundary. */
export type CoreType = "i32" | "i64" | "f32" | "f64";
/** A memory's address type; it decides how wide pointers and lengths are. */
export type AddressType = "i32" | "i64";

/** Flat parameters beyond which they are passed through memory. */
export const MAX_FLAT_PARAMS = 16;
/** The same for an async lower. */
export const MAX_FLAT_ASYNC_PARAMS = 4;
/** Flat results beyond which they are passed through memory. */
export const MAX_FLAT_RESULTS = 1;

/** What a type looks like in memory and as core values. */
export interface Layout {
  /** In bytes, a power of two. */
  readonly alignment: number;
  /** In bytes, a multiple of the alignment. May be Infinity or beyond 2^28 for a type that validation must refuse. */
  readonly size: number;
  /** Its core values; `undefined` if there are more than {@linkcode MAX_FLAT_PARAMS} (such a type never travels flat). */
  readonly flat: readonly CoreType[] | undefined;
}

function scalar(size: number, core: CoreType): Layout {
  return { alignment: size, size, flat: [core] };
}

const scalars: Readonly<Partial<Record<ValType["kind"], Layout>>> = {
  bool: scalar(1, "i32"),
  u8: scalar(1, "i32"),
  s8: scalar(1, "i32"),
  u16: scalar(2, "i32"),
  s16: scalar(2, "i32"),
  u32: scalar(4, "i32"),
  s32: scalar(4, "i32"),
  u64: scalar(8, "i64"),
  s64: scalar(8, "i64"),
  f32: scalar(4, "f32"),
  f64: scalar(8, "f64"),
  char: scalar(4, "i32"),
  own: scalar(4, "i32"),
  borrow: scalar(4, "i32"),
  stream: scalar(4, "i32"),
  future: scalar(4, "i32"),
  "error-context": scalar(4, "i32"),
};

const ranges: Record<AddressType, Layout> = {
  i32: { alignment: 4, size: 8, flat: ["i32", "i32"] },
  i64: { alignment: 8, size: 16, flat: ["i64", "i64"] },
};

const memo: Record<AddressType, WeakMap<ValType, Layout>> = { i32: new WeakMap(), i64: new WeakMap() };

/** Alignment, size and core values of a type. */
export function layoutOf(type: ValType, address: AddressType = "i32"): Layout {
  // Most types are one of these, and looking them up is faster than remembering them.
  const simple = scalars[type.kind];
  if (simple !== undefined) return simple;
  if (type.kind === "string" || type.kind === "list" || type.kind === "map") return ranges[address];
  let layout = memo[address].get(type);
  if (layout === undefined) memo[address].set(type, layout = computeLayout(type, address));
  return layout;
}

/** Despecialized on the way: a tuple is laid out as a record, an enum, option or result as a variant, a map as a list. */
function computeLayout(type: ValType, address: AddressType): Layout {
  switch (type.kind) {
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
      return scalar(discriminantSizeOf(type.names.length), "i32");
    case "flags":
      return scalar(type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4, "i32");
    default:
      return scalars[type.kind]!;
  }
}

/** The lowest multiple of `alignment` that is not below `offset`. */
export function alignTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** A layout that also says where each part lies. */
export interface RecordLayout extends Layout {
  /** Byte offset of each part. */
  readonly offsets: readonly number[];
  /** Position of each part's first core value. Meaningless where `flat` is `undefined`. */
  readonly flatOffsets: readonly number[];
}

/** The layout of a record, a tuple, a parameter list. */
export function recordLayout(types: readonly ValType[], address: AddressType = "i32"): RecordLayout {
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

/** A layout that also says where discriminant and payload lie. */
export interface VariantLayout extends Layout {
  /** Bytes of the discriminant: 1, 2 or 4. */
  readonly discriminantSize: 1 | 2 | 4;
  /** Byte offset of every case's payload. */
  readonly payloadOffset: number;
}

/** The layout of a variant by its payloads. */
export function variantLayout(payloads: readonly (ValType | undefined)[], address: AddressType = "i32"): VariantLayout {
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

/** Joins a payload's core values to a variant's, which follow the discriminant. */
function joinInto(flat: CoreType[], payload: readonly CoreType[]): void {
  for (let i = 0; i < payload.length; i++) {
    if (i + 1 < flat.length) flat[i + 1] = join(flat[i + 1]!, payload[i]!);
    else flat.push(payload[i]!);
  }
}

/** `join`: the core type that can hold either. */
export function join(left: CoreType, right: CoreType): CoreType {
  if (left === right) return left;
  return left !== "i64" && right !== "i64" && left !== "f64" && right !== "f64" ? "i32" : "i64";
}

/** How parameters and results of a sync function travel: direct as core values, or indirect through one pointer. */
export type StorageClass = "PdRd" | "PdRi" | "PiRd" | "PiRi";

/** Whether parameters travel as core values rather than through a pointer. */
export function paramsDirect({ storage }: SignatureLayout): boolean {
  return storage === "PdRd" || storage === "PdRi";
}

/** Whether a result, if there is one, travels as a core value rather than through a pointer. */
export function resultDirect({ storage }: SignatureLayout): boolean {
  return storage === "PdRd" || storage === "PiRd";
}

/** A function type's parameters and result, laid out. */
export interface SignatureLayout {
  /** Decided here and nowhere else. */
  readonly storage: StorageClass;
  /** All parameters as one record. */
  readonly params: RecordLayout;
  /** The result's layout, where there is one. */
  readonly result: Layout | undefined;
  /** The core function type that `canon lift` expects of its callee. */
  readonly lifted: CoreFuncType;
  /** The core function type of what `canon lower` makes. */
  readonly lowered: CoreFuncType;
}

/** A core function type by its value types. */
export interface CoreFuncType {
  readonly params: readonly CoreType[];
  readonly results: readonly CoreType[];
}

/** `flatten_functype` for sync functions, in both contexts at once. */
export function signatureLayout(type: FuncType, address: AddressType = "i32"): SignatureLayout {
  const params = recordLayout(type.params.map((param) => param.type), address);
  const result = type.result === undefined ? undefined : layoutOf(type.result, address);
  const direct = params.flat !== undefined && params.flat.length <= MAX_FLAT_PARAMS;
  const resultFlat = result === undefined ? [] : result.flat;
  const returned = resultFlat !== undefined && resultFlat.length <= MAX_FLAT_RESULTS;
  const flatParams = direct ? params.flat! : [address];
  return {
    storage: direct ? (returned ? "PdRd" : "PdRi") : (returned ? "PiRd" : "PiRi"),
    params,
    result,
    lifted: { params: flatParams, results: returned ? resultFlat : [address] },
    lowered: { params: returned ? flatParams : [...flatParams, address], results: returned ? resultFlat : [] },
  };
}
