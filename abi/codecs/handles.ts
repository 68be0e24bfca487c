// own and borrow: a handle in the guest's table becomes a JavaScript object, or a representation
// between guests, and the reverse.
// A type enters, a codec leaves.
// Spec: definitions.py `lift_own`, `lift_borrow`, `lower_own`, `lower_borrow`.

import type { CoreValue } from "../types/core_values.ts";
import { type Codec, type Frame, oneCore } from "./codec.ts";
import type { Layout } from "../types/layout.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { lentRep, type Rep } from "../state/resource_runtime.ts";
import { resourceSlotOf } from "../types/resource_slots.ts";
import type { OfKind } from "../types/types.ts";

/** The codec of `own<R>` or `borrow<R>`. */
export function handleCodec(type: OfKind<"own" | "borrow">, layout: Layout): Codec {
  const slot = resourceSlotOf(type.resource);
  const own = type.kind === "own";

  const lift = own
    ? (cx: CanonContext, core: CoreValue): unknown => {
      const runtime = cx.resources[slot]!;
      const rep = cx.inst.handles.takeOwn((core as number) >>> 0, runtime);
      return cx.host ? runtime.ownToHost(rep) : rep;
    }
    : (cx: CanonContext, core: CoreValue, frame: Frame): unknown => {
      const runtime = cx.resources[slot]!;
      const rep = cx.inst.handles.lend((core as number) >>> 0, runtime, frame!);
      return cx.host ? runtime.borrowToHost(rep, frame!) : rep;
    };

  const lower = own
    ? (cx: CanonContext, value: unknown, frame: Frame): CoreValue => {
      const runtime = cx.resources[slot]!, { handles } = cx.inst;
      const rep = cx.host ? runtime.ownFromHost(value, frame!) : value as Rep;
      const handle = handles.add(runtime, rep, undefined);
      frame!.onFailure(() => handles.undoAdd(handle));
      return handle;
    }
    : (cx: CanonContext, value: unknown, frame: Frame): CoreValue => {
      const runtime = cx.resources[slot]!, { handles } = cx.inst;
      const rep = cx.host ? runtime.borrowFromHost(value, frame!) : value as Rep;
      // The instance that defined the resource receives the representation itself.
      if (runtime.node === cx.inst) return lentRep(cx.inst.tree, rep);
      const handle = handles.add(runtime, rep, frame);
      frame!.onFailure(() => handles.undoAdd(handle));
      return handle;
    };

  return {
    type,
    layout,
    load: (cx, ptr, frame) => lift(cx, cx.memory.u32[ptr / 4]!, frame),
    store: (cx, value, ptr, frame) => {
      const core = lower(cx, value, frame);
      cx.memory.u32[ptr / 4] = core as number;
    },
    ...oneCore(lift, lower),
  };
}
