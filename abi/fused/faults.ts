// The traps that an adapter raises for a value, by number: its code and the function that it calls know a trap
// by its place in this list.

import type { TrapCode } from "../../errors.ts";

/** A trap of an adapter. */
export type FaultCode =
  & TrapCode
  & (
    | "unaligned-pointer"
    | "pointer-out-of-bounds"
    | "string-content-out-of-bounds"
    | "list-content-out-of-bounds"
    | "lifted-bytes-limit"
    | "invalid-char"
    | "invalid-discriminant"
    | "invalid-utf8"
    | "invalid-utf16"
  );

/** The traps of adapters. */
export const faultCodes: readonly FaultCode[] = [
  "unaligned-pointer",
  "pointer-out-of-bounds",
  "string-content-out-of-bounds",
  "list-content-out-of-bounds",
  "lifted-bytes-limit",
  "invalid-char",
  "invalid-discriminant",
  "invalid-utf8",
  "invalid-utf16",
];
