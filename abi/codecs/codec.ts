// The interface of codecs: the closures that lift and lower values of one type.
// A codec knows no instance; the context says whose memory, strings and handles are meant. What a call owes for the handles in its
// values is noted in its frame, which signatures without handles do not have.
// Leaf codecs say what failed, enclosing ones add where (errors.ts `within`).
// Spec: definitions.py `load`, `store`, `lift_flat`, `lower_flat`.

import type { CoreValue } from "../types/core_values.ts";
import type { AddressType } from "../types/core_values.ts";
import type { CallFrame } from "../state/call_frame.ts";
import type { Layout } from "../types/layout.ts";
import type { CanonContext } from "../state/canon_context.ts";
import type { ValType } from "../types/types.ts";

/** The frame of a call whose signature has handles. */
export type Frame = CallFrame | undefined;

/** How values of one type are lifted and lowered, with memories of one address type. */
export interface Codec {
  readonly type: ValType;
  readonly layout: Layout;
  /** Guest memory → JS. The range is in bounds and aligned. */
  load(cx: CanonContext, ptr: number, frame: Frame): unknown;
  /** JS → guest memory. The range is in bounds and aligned; `realloc` may run. */
  store(cx: CanonContext, value: unknown, ptr: number, frame: Frame): void;
  /** Core values from `flat[i]` on → JS. */
  liftFlat(cx: CanonContext, flat: readonly CoreValue[], i: number, frame: Frame): unknown;
  /** JS → core values from `flat[i]` on. */
  lowerFlat(cx: CanonContext, value: unknown, flat: CoreValue[], i: number, frame: Frame): void;
  /** The same for a type of one core value, without an array; `undefined` for other types. */
  readonly liftCore: ((cx: CanonContext, core: CoreValue, frame: Frame) => unknown) | undefined;
  readonly lowerCore: ((cx: CanonContext, value: unknown, frame: Frame) => CoreValue) | undefined;
  /** Lists of this type in one go, where that is faster than one by one. The range is in bounds and aligned. */
  loadList?(cx: CanonContext, ptr: number, length: number): unknown;
  /** Stores a list whose array kind fits in one go; false if it must be done one by one. */
  storeList?(cx: CanonContext, value: object, ptr: number, length: number): boolean;
}

/** Gives the JS member names for a set of WIT labels (fields of one record, names of one flags). Decided by host/. */
export type MemberNames = (labels: readonly string[]) => readonly string[];

/** Where a codec finds those of its parts. */
export interface CodecSource {
  of(type: ValType, address: AddressType): Codec;
  readonly memberNames: MemberNames;
}

/** Derives the flat-array functions of a codec from its single-core-value ones. */
export function oneCore(
  liftCore: (cx: CanonContext, core: CoreValue, frame: Frame) => unknown,
  lowerCore: (cx: CanonContext, value: unknown, frame: Frame) => CoreValue,
): Pick<Codec, "liftFlat" | "lowerFlat" | "liftCore" | "lowerCore"> {
  return {
    liftCore,
    lowerCore,
    liftFlat: (cx, flat, i, frame) => liftCore(cx, flat[i]!, frame),
    lowerFlat: (cx, value, flat, i, frame) => {
      flat[i] = lowerCore(cx, value, frame);
    },
  };
}
