// Functions of the engine as they were when this module was loaded. A script that changes a
// prototype later does not change how values are converted: the draft wants its conversions to be
// free of what scripts can intercept.
// Draft: JS-Reference.md "Types and values".

export const isView: typeof ArrayBuffer.isView = ArrayBuffer.isView;
export const isArray: typeof Array.isArray = Array.isArray;
export const defineProperty: typeof Object.defineProperty = Object.defineProperty;
export const hasOwn: typeof Object.hasOwn = Object.hasOwn;
export const setPrototypeOf: typeof Object.setPrototypeOf = Object.setPrototypeOf;
export const apply: typeof Reflect.apply = Reflect.apply;
export const construct: typeof Reflect.construct = Reflect.construct;
export const ownKeys: typeof Reflect.ownKeys = Reflect.ownKeys;
export const getOwnPropertyDescriptor: typeof Reflect.getOwnPropertyDescriptor = Reflect.getOwnPropertyDescriptor;
export const fround: typeof Math.fround = Math.fround;
export const trunc: typeof Math.trunc = Math.trunc;

const { prototype: typedArray } = Object.getPrototypeOf(Uint8Array) as { prototype: object };

/** Gives the getter of a prototype's accessor. */
function getterOf(prototype: object, key: PropertyKey): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, key)!.get!;
}

/** The name of a typed array's class; `undefined` for other values. */
const className = getterOf(typedArray, Symbol.toStringTag);
const mapSize = getterOf(Map.prototype, "size");
const { forEach, set } = Map.prototype;
const { values } = typedArray as { values: unknown };
const { next } = Object.getPrototypeOf([].values()) as { next: unknown };
const { codePointAt } = String.prototype;

/** Whether an iterable is iterated as every typed array is: nobody has changed how. */
export function iteratesAsTypedArray(method: unknown, step: unknown): boolean {
  return method === values && step === next;
}

/** The name of the class of a typed array, of any realm. `undefined` for other values. */
export function typedArrayName(value: object): string | undefined {
  return apply(className, value, []) as string | undefined;
}

/** Whether a value has a [[MapData]] slot: a `Map` of any realm, and no proxy of one. */
export function isMap(value: object): value is Map<unknown, unknown> {
  try {
    apply(mapSize, value, []);
    return true;
  } catch {
    return false;
  }
}

/** Calls a function with each entry of a Map, whatever its prototype has become. */
export function forEachEntry(map: Map<unknown, unknown>, each: (value: unknown, key: unknown) => void): void {
  apply(forEach, map, [each]);
}

/** Sets an entry of a Map, whatever its prototype has become. */
export function setEntry(map: Map<unknown, unknown>, key: unknown, value: unknown): void {
  apply(set, map, [key, value]);
}

/** Gives the first code point of a text. `undefined` for an empty one. */
export function firstCodePoint(text: string): number | undefined {
  return apply(codePointAt, text, [0]) as number | undefined;
}

/** `Type(value) is Object`. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" ? value !== null : typeof value === "function";
}
