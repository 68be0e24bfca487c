// Tells typed arrays apart, whatever their classes or members say of them.
// Any value enters; whether it is an array of a kind, and its true length, leave.

import { isJsc } from "../engine.ts";
import { numericArrays, type NumericView } from "../types/scalar_rules.ts";

const shared: object = Object.getPrototypeOf(Uint8Array.prototype);

const accessor = (key: PropertyKey): (this: unknown) => unknown => Object.getOwnPropertyDescriptor(shared, key)!.get!;
const className = accessor(Symbol.toStringTag), trueLength = accessor("length");

/** Whether a value is a typed array. A proxy of one is none. */
export function isTypedArray(value: unknown): boolean {
  return className.call(value) !== undefined;
}

/** Gives the length of a typed array, even if a member `length` hides it. */
export function lengthOf(array: unknown): number {
  return trueLength.call(array) as number;
}

/**
 * Makes a function that says whether a value is a typed array whose elements a view takes as they
 * are. To ask for the prototype takes V8 25 ns once it has seen several classes, and the name of
 * the class 10; in JavaScriptCore it is 8 and 30 (`bench/README.md`).
 */
export function fitting(view: NumericView): (value: unknown) => boolean {
  const Class = numericArrays[view], { name } = Class, { prototype } = Class;
  if (isJsc) {
    return view === "u8"
      ? (value) =>
        ArrayBuffer.isView(value) && (Object.getPrototypeOf(value) === prototype || value instanceof Uint8Array ||
          value instanceof Uint8ClampedArray)
      : (value) => ArrayBuffer.isView(value) && Object.getPrototypeOf(value) === prototype;
  }
  if (view !== "u8") return (value) => className.call(value) === name;
  return (value) => {
    const found = className.call(value);
    return found === "Uint8Array" || found === "Uint8ClampedArray";
  };
}
