// How streams, futures and error contexts cross a boundary. abi/concurrency implements it, and the
// codecs use it.

import type { OfKind } from "../types/types.ts";
import type { CanonContext } from "./canon_context.ts";

/** A type of values that the asynchronous model defines. */
export type AsyncType = OfKind<"stream" | "future"> | { readonly kind: "error-context" };

/** Lifts and lowers such values. */
export interface AsyncValues {
  /** Takes a value out of the handle table, for another guest or for the host. */
  lift(cx: CanonContext, handle: number, type: AsyncType): unknown;
  /** Puts a value into the handle table. */
  lower(cx: CanonContext, value: unknown, type: AsyncType): number;
  /** Takes out what a failed call had put in. */
  undo(cx: CanonContext, handle: number): void;
}
