// The interface of codecs: the closures that lift and lower values of one type.
// A codec knows no instance; the context says whose memory, strings and handles are meant.
// Leaf codecs say what failed, enclosing ones add where (errors.ts `within`).
// Spec: definitions.py `load`, `store`, `lift_flat`, `lower_flat`.

import type { Layout } from "./layout.ts";
import type { CanonContext } from "./options.ts";
import type { ValType } from "./types.ts";

/** A core value as JS sees it: i64 as bigint, the others as number. */
export type CoreValue = number | bigint;

/** How values of one type are lifted and lowered. */
export interface Codec {
  readonly type: ValType;
  readonly layout: Layout;
  /** Guest memory → JS. The range is in bounds and aligned. */
  load(cx: CanonContext, ptr: number): unknown;
  /** JS → guest memory. The range is in bounds and aligned; `realloc` may run. */
  store(cx: CanonContext, value: unknown, ptr: number): void;
  /** Core values from `flat[i]` on → JS. */
  liftFlat(cx: CanonContext, flat: readonly CoreValue[], i: number): unknown;
  /** JS → core values from `flat[i]` on. */
  lowerFlat(cx: CanonContext, value: unknown, flat: CoreValue[], i: number): void;
  /** The same for a type of one core value, without an array; `undefined` for other types. */
  readonly liftCore: ((cx: CanonContext, core: CoreValue) => unknown) | undefined;
  readonly lowerCore: ((cx: CanonContext, value: unknown) => CoreValue) | undefined;
  /** Lists of this type in one go, where that is faster than one by one. The range is in bounds and aligned. */
  loadList?(cx: CanonContext, ptr: number, length: number): unknown;
  /** Stores a list whose array kind fits in one go; false if it must be done one by one. */
  storeList?(cx: CanonContext, value: object, ptr: number, length: number): boolean;
}

/** Gives the JS member names for a set of WIT labels (fields of one record, names of one flags). Decided by host/. */
export type MemberNames = (labels: readonly string[]) => readonly string[];

/** Where a codec finds those of its parts. */
export interface CodecSource {
  of(type: ValType): Codec;
  readonly memberNames: MemberNames;
}

/** Derives the flat-array functions of a codec from its single-core-value ones. */
export function oneCore(
  liftCore: (cx: CanonContext, core: CoreValue) => unknown,
  lowerCore: (cx: CanonContext, value: unknown) => CoreValue,
): Pick<Codec, "liftFlat" | "lowerFlat" | "liftCore" | "lowerCore"> {
  return {
    liftCore,
    lowerCore,
    liftFlat: (cx, flat, i) => liftCore(cx, flat[i]!),
    lowerFlat: (cx, value, flat, i) => {
      flat[i] = lowerCore(cx, value);
    },
  };
}
