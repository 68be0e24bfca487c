// The interface of codecs: functions that lift and lower the values of one type.
// A codec knows no instance: the context says which memory, string encoding and handle table are
// meant. What a call owes for handles is noted in its frame, which exists only if the signature has
// handles.
// The codec of a leaf says what is wrong with a value, and the codecs around it add the place
// (`within` in errors.ts).
// Spec: definitions.py `load`, `store`, `lift_flat`, `lower_flat`.

import type { CoreValue } from "../types/core_values.ts";
import type { AddressType } from "../types/core_values.ts";
import type { CallFrame } from "../state/call_frame.ts";
import type { Layout } from "../types/layout.ts";
import type { CanonContext } from "../state/canon_context.ts";
import type { ValType } from "../types/types.ts";

/** The frame of a call. `undefined` if the signature has no handles. */
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
  /**
   * Lifts and lowers one core value without an array. `undefined` if the type has another number of
   * core values.
   */
  readonly liftCore: ((cx: CanonContext, core: CoreValue, frame: Frame) => unknown) | undefined;
  readonly lowerCore: ((cx: CanonContext, value: unknown, frame: Frame) => CoreValue) | undefined;
  /**
   * Loads a list of this type at once, if that is faster than one element at a time. The range is
   * in bounds and aligned.
   */
  loadList?(cx: CanonContext, ptr: number, length: number): unknown;
  /** Gives a view of a list of this type, which is a number. The range is in bounds and aligned. */
  viewList?(cx: CanonContext, ptr: number, length: number): unknown;
  /** Whether a value is a typed array whose elements are of this type. */
  readonly fits?: (value: unknown) => boolean;
  /**
   * Stores a list at once if its array class fits. Gives false if the elements must be stored one
   * at a time.
   */
  storeList?(cx: CanonContext, value: object, ptr: number, length: number): boolean;
}

/**
 * Gives the JavaScript member names for a list of WIT labels: the fields of one record or the names
 * of one flags type. host/ decides on the names.
 */
export type MemberNames = (labels: readonly string[]) => readonly string[];

/** The source from which a codec takes the codecs of its parts. */
export interface CodecSource {
  of(type: ValType, address: AddressType): Codec;
  readonly memberNames: MemberNames;
}

/** Makes the functions for arrays of core values from those for one core value. */
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
