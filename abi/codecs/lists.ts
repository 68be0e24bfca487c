// Lists, fixed-length lists and maps. An iterable of the host is first copied to an array, so that
// its length is known before memory is allocated.
// A type and an address type enter, codecs leave.
// Spec: CanonicalABI.md "Loading", "Storing", "Flat Lifting", "Flat Lowering".

import type { AddressType } from "../types/core_values.ts";
import { ValueError, within } from "../../errors.ts";
import type { CanonContext } from "../state/canon_context.ts";
import type { Codec, CodecSource, Frame } from "./codec.ts";
import type { Layout } from "../types/layout.ts";
import { fromCore, pointersOf } from "../state/pointers.ts";
import { numericArrays, type NumericView, numericView } from "../types/scalar_rules.ts";
import { mismatch } from "./scalars.ts";
import { trap } from "../state/trap.ts";
import { formatType, isView, type OfKind, type ValType } from "../types/types.ts";

/** `MAX_LIST_BYTE_LENGTH`. */
export const MAX_LIST_BYTE_LENGTH: number = 2 ** 28 - 1;

/** Gives a host value as an object with a length and indices. A string is not accepted. */
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
export function loadElements(cx: CanonContext, element: Codec, ptr: number, length: number, frame: Frame): unknown {
  if (element.loadList !== undefined) return element.loadList(cx, ptr, length);
  const { size } = element.layout;
  const values = new Array<unknown>(length);
  let i = 0;
  try {
    for (; i < length; i++) values[i] = element.load(cx, ptr + i * size, frame);
  } catch (error) {
    throw within(error, `[${i}]`);
  }
  return values;
}

/** Stores `length` elements to a range the caller has already bounds- and alignment-checked. */
export function storeElements(
  cx: CanonContext,
  element: Codec,
  values: ArrayLike<unknown>,
  ptr: number,
  length: number,
  frame: Frame,
): void {
  if (element.storeList?.(cx, values, ptr, length)) return;
  const { size } = element.layout;
  let i = 0;
  try {
    for (; i < length; i++) {
      const value = values[i];
      cx.memory.sync();
      element.store(cx, value, ptr + i * size, frame);
    }
  } catch (error) {
    throw within(error, `[${i}]`);
  }
}

/** Checks the range of a list's elements, and counts its bytes against the limit of the call. */
export function checkList(cx: CanonContext, { alignment, size }: Layout, ptr: number, length: number): void {
  const byteLength = length * size;
  const { tree } = cx.inst;
  if ((ptr & (alignment - 1)) !== 0) trap(tree, "unaligned-pointer");
  if (byteLength > MAX_LIST_BYTE_LENGTH || ptr + byteLength > cx.memory.u8.length) {
    trap(tree, cx.host ? "list-out-of-bounds" : "list-content-out-of-bounds");
  }
  cx.charge(byteLength);
}

/** Allocates memory for a list's elements. Gives the pointer. */
export function allocateList(
  cx: CanonContext,
  { alignment, size }: Layout,
  values: ArrayLike<unknown>,
  length: number,
): number {
  const byteLength = length * size;
  // A proxy can give any length.
  if (length >>> 0 !== length) mismatch("a list", values);
  // The list of another guest was checked where it came from. Here it may take twice as many bytes.
  if (byteLength > MAX_LIST_BYTE_LENGTH && cx.host) throw new ValueError("too-long", "list", byteLength);
  return cx.allocate(alignment, byteLength);
}

/** `load_list_from_range`. */
export function loadRange(cx: CanonContext, element: Codec, ptr: number, length: number, frame: Frame): unknown {
  checkList(cx, element.layout, ptr, length);
  return loadElements(cx, element, ptr, length, frame);
}

/**
 * The same for a list of numbers that the host is to see where it is. Its bytes are counted, too:
 * what the host does with them takes time, and a guest may give the same bytes many times.
 */
export function loadView(cx: CanonContext, element: Codec, ptr: number, length: number): unknown {
  checkList(cx, element.layout, ptr, length);
  return element.viewList!(cx, ptr, length);
}

/** `store_list_into_range`. Gives the pointer. */
export function storeRange(
  cx: CanonContext,
  element: Codec,
  values: ArrayLike<unknown>,
  length: number,
  frame: Frame,
): number {
  const ptr = allocateList(cx, element.layout, values, length);
  storeElements(cx, element, values, ptr, length, frame);
  return ptr;
}

type LoadRange = (cx: CanonContext, element: Codec, ptr: number, length: number, frame: Frame) => unknown;

/**
 * Makes the codec of a type that lies in memory as a list does. The first two functions convert a
 * JavaScript value to an array, and an array of elements to a JavaScript value; the third loads
 * that array.
 */
function rangeCodec(
  type: ValType,
  layout: Layout,
  address: AddressType,
  element: Codec,
  fromJs: (value: unknown) => ArrayLike<unknown>,
  toJs: (cx: CanonContext, elements: unknown) => unknown,
  loadRange: LoadRange,
): Codec {
  const pointers = pointersOf(address), { size } = pointers;
  return {
    type,
    layout,
    load(cx, ptr, frame) {
      const { memory } = cx;
      return toJs(cx, loadRange(cx, element, pointers.load(memory, ptr), pointers.load(memory, ptr + size), frame));
    },
    store(cx, value, ptr, frame) {
      const values = fromJs(value);
      const { length } = values;
      const begin = storeRange(cx, element, values, length, frame), { memory } = cx;
      pointers.store(memory, ptr, begin);
      pointers.store(memory, ptr + size, length);
    },
    liftFlat: (cx, flat, i, frame) =>
      toJs(cx, loadRange(cx, element, fromCore(flat[i]!), fromCore(flat[i + 1]!), frame)),
    lowerFlat(cx, value, flat, i, frame) {
      const values = fromJs(value);
      const { length } = values;
      flat[i] = pointers.toCore(storeRange(cx, element, values, length, frame));
      flat[i + 1] = pointers.toCore(length);
    },
    liftCore: undefined,
    lowerCore: undefined,
  };
}

/** `list<T>`: a typed array for numbers, a copy or a view; an array for other elements. */
export function listCodec(
  type: OfKind<"list">,
  layout: Layout,
  address: AddressType,
  codecs: CodecSource,
): Codec {
  const element = codecs.of(type.element, address);
  const load = isView(type) ? loadView : loadRange;
  return rangeCodec(type, layout, address, element, (value) => toArray(value, type), (_, elements) => elements, load);
}

const { set } = Map.prototype;

/** Makes a Map. Neither it nor the entries are iterated, which a script may have changed. */
function mapOf(entries: readonly (readonly [unknown, unknown])[]): Map<unknown, unknown> {
  const map = new Map();
  for (let i = 0; i < entries.length; i++) set.call(map, entries[i]![0], entries[i]![1]);
  return map;
}

/** `map<K, V>`: a Map. Between guests it is an array of entries, so that duplicate keys survive. */
export function mapCodec(type: OfKind<"map">, layout: Layout, address: AddressType, codecs: CodecSource): Codec {
  const entry = codecs.of({ kind: "tuple", types: [type.key, type.value] }, address);
  return rangeCodec(
    type,
    layout,
    address,
    entry,
    (value) => toArray(value, type),
    (cx, entries) => cx.host ? mapOf(entries as readonly (readonly [unknown, unknown])[]) : entries,
    loadRange,
  );
}

/** `list<T, N>`: a list whose elements lie in place, without a pointer. */
export function fixedListCodec(
  type: OfKind<"fixed-list">,
  layout: Layout,
  address: AddressType,
  codecs: CodecSource,
): Codec {
  const element = codecs.of(type.element, address);
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
    load: (cx, ptr, frame) => loadElements(cx, element, ptr, length, frame),
    store: (cx, value, ptr, frame) => storeElements(cx, element, fromJs(value), ptr, length, frame),
    liftFlat(cx, flat, i, frame) {
      const values = view === undefined ? new Array<unknown>(length) : emptyView(view, length);
      for (let k = 0; k < length; k++) values[k] = element.liftFlat(cx, flat, i + k * elementFlat, frame);
      return values;
    },
    lowerFlat(cx, value, flat, i, frame) {
      const values = fromJs(value);
      let k = 0;
      try {
        for (; k < length; k++) element.lowerFlat(cx, values[k], flat, i + k * elementFlat, frame);
      } catch (error) {
        throw within(error, `[${k}]`);
      }
    },
    liftCore: undefined,
    lowerCore: undefined,
  };
}

function emptyView(view: NumericView, length: number): unknown[] {
  return new numericArrays[view](length) as unknown as unknown[];
}

/** Gives the values of a numeric type as a typed array of its class. */
export function typedArrayOf(type: ValType, values: ArrayLike<unknown>): unknown {
  const Class = numericArrays[type.kind as NumericView];
  return values instanceof Class ? values : Class.from(values as ArrayLike<number>);
}
