// Lists, fixed-length lists, maps, records, tuples, flags.
// Lowering runs the host's getters and iterators: lists are made arrays and their length is fixed before anything is allocated,
// and each part is read before it is stored.
// Spec: CanonicalABI.md "Loading", "Storing", "Flat Lifting", "Flat Lowering".

import { describe, ValueError, within } from "../errors.ts";
import { type Codec, type CodecSource, type MemberNames, oneCore } from "./codec.ts";
import { type Layout, recordLayout } from "./layout.ts";
import type { CanonContext } from "./options.ts";
import { isThenable } from "./results.ts";
import { mismatch, numericView } from "./scalars.ts";
import { trap } from "./trap.ts";
import { formatType, type OfKind, type ValType } from "./types.ts";

/** `MAX_LIST_BYTE_LENGTH`. */
export const MAX_LIST_BYTE_LENGTH: number = 2 ** 28 - 1;

// ── Lists ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A host value as something with a length and indices; never a string. */
export function toArray(value: unknown, type: ValType): ArrayLike<unknown> {
  if (Array.isArray(value)) return value;
  if (typeof value === "object" && value !== null) {
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return value as unknown as ArrayLike<unknown>;
    if (typeof (value as Iterable<unknown>)[Symbol.iterator] === "function") {
      return Array.from(value as Iterable<unknown>);
    }
  }
  mismatch(`${formatType(type)} (an array, a typed array or another iterable)`, value);
}

/** Loads `length` elements from a range the caller has already bounds- and alignment-checked. */
function loadElements(cx: CanonContext, element: Codec, ptr: number, length: number): unknown {
  if (element.loadList !== undefined) return element.loadList(cx, ptr, length);
  const { size } = element.layout;
  const values = new Array<unknown>(length);
  let i = 0;
  try {
    for (; i < length; i++) values[i] = element.load(cx, ptr + i * size);
  } catch (error) {
    throw within(error, `[${i}]`);
  }
  return values;
}

/** Stores `length` elements to a range the caller has already bounds- and alignment-checked. */
function storeElements(
  cx: CanonContext,
  element: Codec,
  values: ArrayLike<unknown>,
  ptr: number,
  length: number,
): void {
  if (element.storeList?.(cx, values, ptr, length)) return;
  const { size } = element.layout;
  let i = 0;
  try {
    for (; i < length; i++) {
      const value = values[i];
      cx.memory.sync();
      element.store(cx, value, ptr + i * size);
    }
  } catch (error) {
    throw within(error, `[${i}]`);
  }
}

/** Checks the range of a list's elements and counts it against the call's limit. */
export function checkList(cx: CanonContext, { alignment, size }: Layout, ptr: number, length: number): void {
  const byteLength = length * size;
  const { tree } = cx.inst;
  if (ptr % alignment !== 0) trap(tree, "unaligned-pointer");
  if (byteLength > MAX_LIST_BYTE_LENGTH || ptr + byteLength > cx.memory.u8.length) {
    trap(tree, cx.host ? "list-out-of-bounds" : "list-content-out-of-bounds");
  }
  cx.charge(byteLength);
}

/** Allocates room for a list's elements; gives the pointer. */
export function allocateList(
  cx: CanonContext,
  { alignment, size }: Layout,
  values: ArrayLike<unknown>,
  length: number,
): number {
  const byteLength = length * size;
  // A proxy's length can be anything.
  if (length >>> 0 !== length) mismatch("a list", values);
  if (byteLength > MAX_LIST_BYTE_LENGTH) throw new ValueError("too-long", "list", byteLength);
  return cx.allocate(alignment, byteLength);
}

/** `load_list_from_range`. */
export function loadRange(cx: CanonContext, element: Codec, ptr: number, length: number): unknown {
  checkList(cx, element.layout, ptr, length);
  return loadElements(cx, element, ptr, length);
}

/** `store_list_into_range`: gives the pointer. */
export function storeRange(cx: CanonContext, element: Codec, values: ArrayLike<unknown>, length: number): number {
  const ptr = allocateList(cx, element.layout, values, length);
  storeElements(cx, element, values, ptr, length);
  return ptr;
}

/** A list-like codec from how a JS value becomes an array and an array of elements a JS value. */
function rangeCodec(
  type: ValType,
  layout: Layout,
  element: Codec,
  fromJs: (value: unknown) => ArrayLike<unknown>,
  toJs: (cx: CanonContext, elements: unknown) => unknown,
): Codec {
  return {
    type,
    layout,
    load(cx, ptr) {
      const words = cx.memory.u32;
      return toJs(cx, loadRange(cx, element, words[ptr >>> 2]!, words[(ptr >>> 2) + 1]!));
    },
    store(cx, value, ptr) {
      const values = fromJs(value);
      const { length } = values;
      const begin = storeRange(cx, element, values, length);
      const words = cx.memory.u32;
      words[ptr >>> 2] = begin;
      words[(ptr >>> 2) + 1] = length;
    },
    liftFlat: (cx, flat, i) =>
      toJs(cx, loadRange(cx, element, (flat[i] as number) >>> 0, (flat[i + 1] as number) >>> 0)),
    lowerFlat(cx, value, flat, i) {
      const values = fromJs(value);
      const { length } = values;
      flat[i] = storeRange(cx, element, values, length);
      flat[i + 1] = length;
    },
    liftCore: undefined,
    lowerCore: undefined,
  };
}

/** `list<T>`: typed arrays for numbers, arrays for the rest. */
export function listCodec(type: OfKind<"list">, layout: Layout, codecs: CodecSource): Codec {
  return rangeCodec(type, layout, codecs.of(type.element), (value) => toArray(value, type), (_, elements) => elements);
}

/** `map<K, V>`: a Map; between guests an array of entries, where duplicates survive. */
export function mapCodec(type: OfKind<"map">, layout: Layout, codecs: CodecSource): Codec {
  const entry = codecs.of({ kind: "tuple", types: [type.key, type.value] });
  return rangeCodec(
    type,
    layout,
    entry,
    (value) => toArray(value, type),
    (cx, entries) => cx.host ? new Map(entries as [unknown, unknown][]) : entries,
  );
}

/** `list<T, N>`: a list whose elements lie in place. */
export function fixedListCodec(type: OfKind<"fixed-list">, layout: Layout, codecs: CodecSource): Codec {
  const element = codecs.of(type.element);
  const { length } = type;
  const elementFlat = element.layout.flat?.length ?? 0;
  const view = numericView(type.element.kind);
  const fromJs = (value: unknown): ArrayLike<unknown> => {
    const values = toArray(value, type);
    if (values.length !== length) mismatch(`${formatType(type)} (${length} elements)`, value);
    return values;
  };
  return {
    type,
    layout,
    load: (cx, ptr) => loadElements(cx, element, ptr, length),
    store: (cx, value, ptr) => storeElements(cx, element, fromJs(value), ptr, length),
    liftFlat(cx, flat, i) {
      const values = view === undefined ? new Array<unknown>(length) : emptyView(view, length);
      for (let k = 0; k < length; k++) values[k] = element.liftFlat(cx, flat, i + k * elementFlat);
      return values;
    },
    lowerFlat(cx, value, flat, i) {
      const values = fromJs(value);
      let k = 0;
      try {
        for (; k < length; k++) element.lowerFlat(cx, values[k], flat, i + k * elementFlat);
      } catch (error) {
        throw within(error, `[${k}]`);
      }
    },
    liftCore: undefined,
    lowerCore: undefined,
  };
}

const arrays = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
};

function emptyView(view: keyof typeof arrays, length: number): unknown[] {
  return new arrays[view](length) as unknown as unknown[];
}

// ── Records ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A composite of parts at fixed places, however JS spells it. */
function partsCodec(
  type: ValType,
  partTypes: readonly ValType[],
  codecs: CodecSource,
  items: readonly string[],
  make: () => Record<PropertyKey, unknown>,
  keys: readonly PropertyKey[],
  open: (value: unknown) => object,
  read: (value: object, k: number) => unknown,
): Codec {
  const parts = partTypes.map((part) => codecs.of(part));
  const layout = recordLayout(partTypes);
  const { offsets, flatOffsets } = layout;
  const count = parts.length;
  return {
    type,
    layout,
    load(cx, ptr) {
      const value = make();
      let k = 0;
      try {
        for (; k < count; k++) value[keys[k]!] = parts[k]!.load(cx, ptr + offsets[k]!);
      } catch (error) {
        throw within(error, items[k]!);
      }
      return value;
    },
    store(cx, value, ptr) {
      const source = open(value);
      let k = 0;
      try {
        for (; k < count; k++) {
          const part = read(source, k);
          cx.memory.sync(); // a getter of the host's may have grown the memory
          parts[k]!.store(cx, part, ptr + offsets[k]!);
        }
      } catch (error) {
        throw within(error, items[k]!);
      }
    },
    liftFlat(cx, flat, i) {
      const value = make();
      let k = 0;
      try {
        for (; k < count; k++) value[keys[k]!] = parts[k]!.liftFlat(cx, flat, i + flatOffsets[k]!);
      } catch (error) {
        throw within(error, items[k]!);
      }
      return value;
    },
    lowerFlat(cx, value, flat, i) {
      const source = open(value);
      let k = 0;
      try {
        for (; k < count; k++) parts[k]!.lowerFlat(cx, read(source, k), flat, i + flatOffsets[k]!);
      } catch (error) {
        throw within(error, items[k]!);
      }
    },
    liftCore: undefined,
    lowerCore: undefined,
  };
}

/** How a record looks in JS. */
export interface RecordShape {
  /** The member of each field. */
  readonly keys: readonly string[];
  /** Members whose names objects inherit something by. */
  readonly inherited: readonly boolean[];
  /** Whether a member's value is what every object has by that name, or the class of the object: then the field is missing. */
  isInherited(value: object, k: number, field: unknown): boolean;
  /** The object that a value is; a ValueError if it cannot be a record. */
  open(value: unknown): object;
  /** What stands for a member that is not there by its JS name: what is there by its WIT name, or nothing if it may be missing. */
  absent(value: object, k: number): unknown;
}

/** How a record of a type looks in JS: an object with camelCase members; the raw WIT name is accepted too. */
export function recordShape(type: OfKind<"record">, memberNames: MemberNames): RecordShape {
  const labels = type.fields.map((field) => field.name);
  const keys = memberNames(labels);
  const mayMiss = type.fields.map((field) => field.type.kind === "option");
  // Nothing of such a record need be there, so that a promise would pass for one.
  const allMayMiss = mayMiss.every(Boolean);
  return {
    keys,
    inherited: keys.map((key) => key in Object.prototype),
    isInherited(value, k, field) {
      const key = keys[k]!;
      return field === (Object.prototype as unknown as Record<string, unknown>)[key] ||
        key === "constructor" && !Object.hasOwn(value, key);
    },
    open(value) {
      if (typeof value !== "object" || value === null) {
        if (typeof value !== "function") mismatch(formatType(type), value);
      } else if (value instanceof Promise || allMayMiss && isThenable(value)) mismatch(formatType(type), value);
      return value;
    },
    absent(value, k) {
      const fields = value as Record<string, unknown>, label = labels[k]!;
      const field = label === keys[k] ? undefined : fields[label];
      if (field === undefined && !mayMiss[k] && !has(fields, keys[k]!) && !has(fields, label)) missing(type, k, fields);
      return field;
    },
  };
}

/** `record`: an object of its fields. */
export function recordCodec(type: OfKind<"record">, codecs: CodecSource): Codec {
  const { keys, inherited, isInherited, open, absent } = recordShape(type, codecs.memberNames);
  // Copying an object that has every member already, then setting them, beats adding them one by one: no map transitions.
  const template = Object.fromEntries(keys.map((key) => [key, undefined]));
  return partsCodec(
    type,
    type.fields.map((field) => field.type),
    codecs,
    keys.map((key) => `.${key}`),
    () => ({ ...template }),
    keys,
    open,
    (value, k) => {
      const field = (value as Record<string, unknown>)[keys[k]!];
      return field === undefined || inherited[k]! && isInherited(value as object, k, field) ? absent(value, k) : field;
    },
  );
}

/** Whether an object has a member that is its own or its class's, not every object's. */
function has(fields: object, key: string): boolean {
  return key in fields && !(key in Object.prototype && !Object.hasOwn(fields, key));
}

function missing(type: OfKind<"record">, k: number, value: object): never {
  if (isThenable(value)) mismatch(formatType(type), value);
  throw new ValueError("missing-field", formatType(type.fields[k]!.type));
}

/** The array-like that a value is; a ValueError if it cannot be a tuple of the type. */
export function openTuple(type: OfKind<"tuple">, value: unknown): object {
  const count = type.types.length;
  if (typeof value === "object" && value !== null && (value as ArrayLike<unknown>).length === count) return value;
  mismatch(`${formatType(type)} (an array of ${count})`, value);
}

/** `tuple`: an array. */
export function tupleCodec(type: OfKind<"tuple">, codecs: CodecSource): Codec {
  const count = type.types.length;
  return partsCodec(
    type,
    type.types,
    codecs,
    type.types.map((_, k) => `[${k}]`),
    () => new Array(count) as unknown as Record<PropertyKey, unknown>,
    type.types.map((_, k) => k),
    (value) => openTuple(type, value),
    (value, k) => (value as ArrayLike<unknown>)[k],
  );
}

// ── Flags ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The member of each flag, and the bit that each name stands for: JS names, and WIT's where those are no other's. */
export function flagBits(
  type: OfKind<"flags">,
  memberNames: MemberNames,
): { readonly keys: readonly string[]; readonly bits: ReadonlyMap<string, number> } {
  const keys = memberNames(type.names);
  const bits = new Map<string, number>();
  keys.forEach((key, i) => bits.set(key, i));
  type.names.forEach((name, i) => bits.has(name) || bits.set(name, i));
  return { keys, bits };
}

/** Refuses what is no object of flags: asked about what has no flag, or something else besides. */
export function refuseOther(type: OfKind<"flags">, value: object): void {
  if (Array.isArray(value) || isThenable(value)) mismatch(formatType(type), value);
}

/** Refuses a member that is no flag. */
export function unknownFlag(type: OfKind<"flags">, value: object, key: string): never {
  refuseOther(type, value);
  throw new ValueError("unknown-flag", key, formatType(type));
}

/** Refuses a flag that is neither true nor false; `undefined` is not set. */
export function refuseFlag(type: OfKind<"flags">, value: object, key: string, flag: unknown): void {
  refuseOther(type, value);
  if (flag !== undefined) throw within(new ValueError("type-mismatch", "bool", describe(flag)), `.${key}`);
}

/** `flags`: an object of booleans, camelCase; bits beyond the names are ignored. */
export function flagsCodec(type: OfKind<"flags">, layout: Layout, codecs: CodecSource): Codec {
  const { keys, bits } = flagBits(type, codecs.memberNames);

  const none = Object.fromEntries(keys.map((key) => [key, false]));

  function lift(_: CanonContext, core: number | bigint): unknown {
    const value: Record<string, boolean> = { ...none };
    for (let i = 0; i < keys.length; i++) value[keys[i]!] = ((core as number) >>> i & 1) === 1;
    return value;
  }
  function lower(_: CanonContext, value: unknown): number {
    if (value === undefined || value === null) return 0;
    if (typeof value !== "object") mismatch(formatType(type), value);
    let word = 0, seen = false;
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue;
      const bit = bits.get(key);
      if (bit === undefined) unknownFlag(type, value, key);
      const flag = (value as Record<string, unknown>)[key];
      if (flag === true) word |= 1 << bit;
      else if (flag !== false) refuseFlag(type, value, key, flag);
      seen = true;
    }
    if (!seen) refuseOther(type, value);
    return word;
  }

  const { size } = layout;
  return {
    type,
    layout,
    load: (cx, ptr) => {
      const { memory } = cx;
      return lift(cx, size === 1 ? memory.u8[ptr]! : size === 2 ? memory.u16[ptr >>> 1]! : memory.u32[ptr >>> 2]!);
    },
    store: (cx, value, ptr) => {
      const word = lower(cx, value);
      const { memory } = cx;
      if (size === 1) memory.u8[ptr] = word;
      else if (size === 2) memory.u16[ptr >>> 1] = word;
      else memory.u32[ptr >>> 2] = word;
    },
    ...oneCore(lift, lower),
  };
}
