// Tells typed arrays apart, whatever prototype they were given and from whichever realm they are.
// Any value enters; the name of its class leaves, or `undefined` for what is no typed array.

const prototype: object = Object.getPrototypeOf(Uint8Array.prototype);

const accessor = (key: PropertyKey): (this: unknown) => unknown =>
  Object.getOwnPropertyDescriptor(prototype, key)!.get!;
const tag = accessor(Symbol.toStringTag), realLength = accessor("length");

/** Gives the class of a typed array by name, as `Uint8Array`. A proxy of one is none. */
export function classOf(value: unknown): string | undefined {
  return tag.call(value) as string | undefined;
}

export function isTypedArray(value: unknown): boolean {
  return tag.call(value) !== undefined;
}

/** Gives the true length of a typed array, even if a member `length` hides it. */
export function lengthOf(array: unknown): number {
  return realLength.call(array) as number;
}
