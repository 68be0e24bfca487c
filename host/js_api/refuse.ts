// What is wrong with a value that cannot be converted. The errors are ValueErrors without a place,
// to which the conversions around add theirs; `platform_errors.ts` makes TypeErrors of them.
// The value is not looked at beyond its type: that would run code of a script's.

import { describe, ValueError } from "../../errors.ts";
import { MAX_LIST_BYTE_LENGTH } from "../../abi/codecs/lists.ts";

/** Throws the error for a value that is not of a type. */
export function refuse(expected: string, value: unknown): never {
  throw new ValueError("type-mismatch", expected, found(value));
}

function found(value: unknown): string {
  return typeof value === "object" && value !== null ? "an object" : describe(value);
}

/** Throws the error for a list that no memory holds: iterables need not end. */
export function refuseLength(length: number, size: number): never {
  throw new ValueError("too-long", "list", length * size);
}

/** The most elements of a size that a list may have. */
export function maxElements(size: number): number {
  return Math.floor(MAX_LIST_BYTE_LENGTH / Math.max(size, 1));
}
