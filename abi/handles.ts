// own and borrow: handles of the guest's table ↔ JS objects, or representations between guests.
// Spec: definitions.py `lift_own`, `lift_borrow`, `lower_own`, `lower_borrow`.

import { type Codec, type CoreValue, oneCore } from "./codec.ts";
import type { Layout } from "./layout.ts";
import type { CanonContext } from "./options.ts";
import { slotOf } from "./slots.ts";
import type { OfKind } from "./types.ts";

/** The codec of `own<R>` or `borrow<R>`. */
export function handleCodec(type: OfKind<"own" | "borrow">, layout: Layout): Codec {
  const slot = slotOf(type.resource);
  const own = type.kind === "own";

  const lift = own
    ? (cx: CanonContext, core: CoreValue): unknown => {
      const runtime = cx.resources[slot]!;
      const rep = cx.inst.handles.takeOwn((core as number) >>> 0, runtime);
      return cx.host ? runtime.ownToHost(rep) : rep;
    }
    : (cx: CanonContext, core: CoreValue): unknown => {
      const runtime = cx.resources[slot]!, scope = cx.scope!;
      const rep = cx.inst.handles.lend((core as number) >>> 0, runtime, scope);
      return cx.host ? runtime.borrowToHost(rep, scope) : rep;
    };

  const lower = own
    ? (cx: CanonContext, value: unknown): CoreValue => {
      const runtime = cx.resources[slot]!, scope = cx.scope!, { handles } = cx.inst;
      const rep = cx.host ? runtime.ownFromHost(value, scope) : value as number;
      const handle = handles.add(runtime, rep, undefined);
      scope.onFailure(() => handles.undoAdd(handle));
      return handle;
    }
    : (cx: CanonContext, value: unknown): CoreValue => {
      const runtime = cx.resources[slot]!, scope = cx.scope!, { handles } = cx.inst;
      const rep = cx.host ? runtime.borrowFromHost(value, scope) : value as number;
      // The defining instance receives the representation itself.
      if (runtime.node === cx.inst) return rep;
      const handle = handles.add(runtime, rep, scope);
      scope.onFailure(() => handles.undoAdd(handle));
      return handle;
    };

  return {
    type,
    layout,
    load: (cx, ptr) => lift(cx, cx.memory.u32[ptr >>> 2]!),
    store: (cx, value, ptr) => {
      const core = lower(cx, value);
      cx.memory.u32[ptr >>> 2] = core as number;
    },
    ...oneCore(lift, lower),
  };
}
