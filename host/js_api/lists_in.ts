// `ToComponentValue` of lists, tuples and maps: Arrays by index, other objects by their iterator, and
// for maps also plain objects.
// A type and the conversion of its elements enter, a function leaves that makes an array of the
// library's own values.
// Draft: JS-Reference.md `ToComponentValueList`, `ToComponentValueMap`. A Proxy of an Array counts as
// an Array: nothing in JavaScript tells the two apart.

import { within } from "../../errors.ts";

import { layoutOf } from "../../abi/types/layout.ts";
import { formatType, type OfKind, type ValType } from "../../abi/types/types.ts";
import { numericArrays, type NumericView, numericView } from "../../abi/types/scalar_rules.ts";
import type { Crossing, ToComponent } from "./crossing.ts";
import {
  apply,
  forEachEntry,
  getOwnPropertyDescriptor,
  isArray,
  isMap,
  isObject,
  iteratesAsTypedArray,
  ownKeys,
  trunc,
  typedArrayName,
} from "./intrinsics.ts";
import { maxElements, refuse, refuseLength } from "./refuse.ts";

/** An array that is being made: of its length when that is known, else it grows. */
interface Growing {
  length: number;
  [index: number]: unknown;
}

/** `LengthOfArrayLike`: a proxy may have any value there. */
function lengthOf(array: { readonly length: unknown }): number {
  const length = trunc(+(array.length as number));
  return length > 0 ? Math.min(length, Number.MAX_SAFE_INTEGER) : 0;
}

/** `GetMethod(value, @@iterator)`. */
function iteratorMethod(value: object, expected: string): unknown {
  const method = (value as Partial<Iterable<unknown>>)[Symbol.iterator] ?? undefined;
  return method === undefined || typeof method === "function" ? method : refuse(`${expected} (an iterable)`, value);
}

/**
 * Iterates as WebIDL's conversion to a sequence does: an iterator is not closed when an element
 * cannot be converted.
 */
function iterate(iterator: object, next: unknown, add: (element: unknown) => void): void {
  for (;;) {
    const step = apply(next as () => unknown, iterator, []);
    if (!isObject(step)) refuse("an object from the iterator's method `next`", step);
    const { done } = step as IteratorResult<unknown>;
    if (done) return;
    add((step as IteratorResult<unknown>).value);
  }
}

function iteratorOf(value: object, method: unknown): { readonly iterator: object; readonly next: unknown } {
  const iterator: unknown = apply(method as () => unknown, value, []);
  if (!isObject(iterator)) refuse("an object from the method `[Symbol.iterator]`", iterator);
  return { iterator, next: (iterator as { next?: unknown }).next };
}

/** How the elements of a list are converted. */
interface Elements {
  readonly expected: string;
  /** Bytes of one element. */
  readonly size: number;
  /** How many elements there have to be. `undefined` if there may be any number. */
  readonly count: number | undefined;
  /** The class of the array that is made, for numbers. */
  readonly view: NumericView | undefined;
  /** Converts the element of an index. */
  element(value: unknown, crossing: Crossing, i: number): unknown;
}

/** `ToComponentValueList`. An element too many is refused when it is seen: iterables need not end. */
function listFrom({ expected, size, count, view, element }: Elements): ToComponent {
  const Class = view && numericArrays[view], max = count ?? maxElements(size);
  const make = (length: number): Growing =>
    Class === undefined ? new Array(length) : new Class(length) as unknown as Growing;
  const refuseNumber = (length: number): never =>
    count === undefined ? refuseLength(length, size) : refuse(expected, `${length > max ? "more" : length} elements`);
  return (value, crossing) => {
    if (!isObject(value)) refuse(`${expected} (an Array or another iterable)`, value);
    if (isArray(value)) {
      const length = lengthOf(value), most = length > max ? max : length;
      if (length > max && count === undefined) refuseNumber(length);
      const made = make(most);
      let i = 0;
      try {
        for (; i < most; i++) made[i] = element(value[i], crossing, i);
      } catch (error) {
        throw within(error, `[${i}]`);
      }
      return count === undefined || length === count ? made : refuseNumber(length);
    }
    const method = iteratorMethod(value, expected) ?? refuse(`${expected} (an Array or another iterable)`, value);
    const { iterator, next } = iteratorOf(value, method);
    if (Class !== undefined && iteratesAsTypedArray(method, next) && typedArrayName(value) === Class.name) {
      const made = new (Class as Uint8ArrayConstructor)(value as Uint8Array);
      return count === undefined || made.length === count ? made : refuseNumber(made.length);
    }
    const grown: unknown[] = [];
    let i = 0;
    iterate(iterator, next, (item) => {
      if (i === max) refuseNumber(i + 1);
      try {
        grown[i] = element(item, crossing, i);
      } catch (error) {
        throw within(error, `[${i}]`);
      }
      i++;
    });
    if (count !== undefined && i !== count) refuseNumber(i);
    if (Class === undefined) return grown;
    const made = make(i);
    for (let k = 0; k < i; k++) made[k] = grown[k];
    return made;
  };
}

/** `list<T>` and `list<T, N>`. */
export function listConversion(type: OfKind<"list" | "fixed-list">, element: ToComponent): ToComponent {
  return listFrom({
    expected: formatType(type),
    size: layoutOf(type.element, "i32").size,
    count: type.kind === "list" ? undefined : type.length,
    view: numericView(type.element.kind),
    element,
  });
}

/** `tuple<…>`. */
export function tupleConversion(type: OfKind<"tuple">, parts: readonly ToComponent[]): ToComponent {
  return listFrom({
    expected: formatType(type),
    size: 1,
    count: parts.length,
    view: undefined,
    element: (value, crossing, i) => parts[i]!(value, crossing),
  });
}

/** `map<K, V>`: pairs, so that duplicate keys stay. */
export function mapConversion(
  type: OfKind<"map">,
  key: ToComponent,
  value: ToComponent,
  pairs: ToComponent,
): ToComponent {
  const expected = formatType(type), { size } = layoutOf(pairOf(type), "i32"), max = maxElements(size);
  const hasTextKeys = type.key.kind === "string";
  return (given, crossing) => {
    if (!isObject(given)) refuse(`${expected} (a Map, an iterable of pairs or an object)`, given);
    const made: [unknown, unknown][] = [];
    const add = (k: unknown, v: unknown): void => {
      const i = made.length;
      if (i === max) refuseLength(i + 1, size);
      try {
        made[i] = [key(k, crossing), value(v, crossing)];
      } catch (error) {
        throw within(error, `[${i}]`);
      }
    };
    if (isMap(given)) {
      forEachEntry(given, (v, k) => add(k, v));
      return made;
    }
    if (iteratorMethod(given, expected) !== undefined) return pairs(given, crossing);
    if (!hasTextKeys) refuse(`${expected} (a Map or an iterable of pairs)`, given);
    // WebIDL's `record<DOMString, V>`.
    const keys = ownKeys(given);
    for (let i = 0; i < keys.length; i++) {
      const name = keys[i]!;
      if (typeof name !== "string" || !getOwnPropertyDescriptor(given, name)?.enumerable) continue;
      add(name, (given as Record<string, unknown>)[name]);
    }
    return made;
  };
}

/** The type of a map's entries. */
export function pairOf({ key, value }: OfKind<"map">): ValType {
  return { kind: "tuple", types: [key, value] };
}
