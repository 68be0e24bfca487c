// stream, future and error-context: an index of the guest's table becomes what the other side
// takes, and the reverse.
// A type enters, a codec leaves. What the values are is decided in abi/concurrency.
// Spec: definitions.py `lift_stream`, `lower_stream` and the like.

import type { CoreValue } from "../types/core_values.ts";
import { type Codec, type Frame, oneCore } from "./codec.ts";
import type { Layout } from "../types/layout.ts";
import type { AsyncType } from "../state/async_values.ts";
import type { CanonContext } from "../state/canon_context.ts";

/** The codec of a stream, a future or an error context. */
export function asyncValueCodec(type: AsyncType, layout: Layout): Codec {
  const lift = (cx: CanonContext, core: CoreValue): unknown =>
    cx.inst.tree.asyncValues!.lift(cx, (core as number) >>> 0, type);
  const lower = (cx: CanonContext, value: unknown, frame: Frame): CoreValue => {
    const values = cx.inst.tree.asyncValues!, handle = values.lower(cx, value, type);
    frame?.onFailure(() => values.undo(cx, handle));
    return handle;
  };
  return {
    type,
    layout,
    load: (cx, ptr) => lift(cx, cx.memory.u32[ptr / 4]!),
    store: (cx, value, ptr, frame) => {
      const core = lower(cx, value, frame);
      cx.memory.u32[ptr / 4] = core as number;
    },
    ...oneCore(lift, lower),
  };
}
