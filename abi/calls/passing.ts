// How parameters and results cross a boundary: a signature says how core values or memory become
// values, and the reverse. A list of parameters lies in memory as one record.
// A context, a signature and values enter; values or core values leave. `at.param` always says
// which parameter is being converted.
// Spec: definitions.py `lift_flat_values`, `lower_flat_values`.

import type { CoreValue } from "../types/core_values.ts";
import type { CanonContext } from "../state/canon_context.ts";
import type { Frame } from "../codecs/codec.ts";
import type { Signature } from "../codecs/signature.ts";

/**
 * Index of the parameter being converted, for error messages. `params.length` means the memory
 * block that holds them all.
 */
export interface ParamAt {
  param: number;
}

/** `lift_flat_values` for the parameters. */
export function liftParams(
  { params, layout }: Signature,
  cx: CanonContext,
  flat: readonly CoreValue[],
  frame: Frame,
  at: ParamAt,
): unknown[] {
  const { offsets, flatOffsets, alignment, size } = layout.params;
  const values = new Array<unknown>(params.length);
  cx.beginLift();
  if (layout.paramsDirect) {
    for (let k = 0; k < params.length; k++) {
      at.param = k;
      values[k] = params[k]!.liftFlat(cx, flat, flatOffsets[k]!, frame);
    }
  } else {
    at.param = params.length;
    const base = cx.liftedPointer(flat[0], alignment, size);
    for (let k = 0; k < params.length; k++) {
      at.param = k;
      values[k] = params[k]!.load(cx, base + offsets[k]!, frame);
    }
  }
  return values;
}

/** `lower_flat_values` for the parameters. */
export function lowerParams(
  { params, layout }: Signature,
  cx: CanonContext,
  values: readonly unknown[],
  frame: Frame,
  at: ParamAt,
): CoreValue[] {
  const { offsets, flatOffsets, alignment, size } = layout.params;
  cx.beginLower();
  if (layout.paramsDirect) {
    const flat = new Array<CoreValue>(layout.core.params.length);
    for (let k = 0; k < params.length; k++) {
      at.param = k;
      params[k]!.lowerFlat(cx, values[k], flat, flatOffsets[k]!, frame);
    }
    return flat;
  }
  at.param = params.length;
  const base = cx.allocate(alignment, size);
  for (let k = 0; k < params.length; k++) {
    at.param = k;
    params[k]!.store(cx, values[k], base + offsets[k]!, frame);
  }
  return [cx.pointers.toCore(base)];
}

/** `lift_flat_values` for the result of a core function. */
export function liftResult(
  { result, layout }: Signature,
  cx: CanonContext,
  core: CoreValue | undefined,
  frame: Frame,
): unknown {
  if (result === undefined) return undefined;
  cx.beginLift();
  if (layout.resultDirect) return result.liftFlat(cx, [core!], 0, frame);
  return result.load(cx, cx.liftedPointer(core, result.layout.alignment, result.layout.size), frame);
}

/**
 * `lower_flat_values` for the result: as a core value, or through the pointer that is the last
 * element of `flat`.
 */
export function lowerResult(
  { result, layout }: Signature,
  cx: CanonContext,
  value: unknown,
  flat: readonly CoreValue[],
  frame: Frame,
): CoreValue | undefined {
  if (result === undefined) return undefined;
  cx.beginLower();
  if (!layout.resultDirect) {
    const ptr = cx.checkPointer(flat[flat.length - 1], result.layout.alignment, result.layout.size);
    result.store(cx, value, ptr, frame);
    return undefined;
  }
  const out: CoreValue[] = [];
  result.lowerFlat(cx, value, out, 0, frame);
  return out[0];
}
