// The traps that an adapter raises, by number: its code and the function that it calls know a trap
// by its place in this list.

import type { TrapCode } from "../../errors.ts";

/** A trap of an adapter. */
export type FaultCode =
  & TrapCode
  & (
    | "cannot-leave"
    | "cannot-enter"
    | "call-depth-limit"
    | "unaligned-pointer"
    | "pointer-out-of-bounds"
    | "string-content-out-of-bounds"
    | "list-content-out-of-bounds"
    | "lifted-bytes-limit"
    | "invalid-char"
    | "invalid-discriminant"
    | "invalid-utf8"
    | "invalid-utf16"
    | "borrows-remain"
  );

/** The traps of adapters. */
export const faultCodes: readonly FaultCode[] = [
  "cannot-leave",
  "cannot-enter",
  "call-depth-limit",
  "unaligned-pointer",
  "pointer-out-of-bounds",
  "string-content-out-of-bounds",
  "list-content-out-of-bounds",
  "lifted-bytes-limit",
  "invalid-char",
  "invalid-discriminant",
  "invalid-utf8",
  "invalid-utf16",
  "borrows-remain",
];
