// Streams, futures and error contexts as values that cross a boundary: between guests as what both
// ends share, and to and from the host as JavaScript objects.

import { describe, ValueError } from "../../errors.ts";
import type { AsyncType, AsyncValues } from "../state/async_values.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { TableItem } from "../state/table_item.ts";
import { ReadableEnd, takeReadable } from "./ends.ts";
import { ErrorContextItem } from "./error_context.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Shared } from "./shared.ts";

/** How ends become JavaScript objects, and the reverse. */
export interface HostEnds {
  toHost(shared: Shared, cx: CanonContext): unknown;
  fromHost(value: unknown, type: AsyncType & { kind: "stream" | "future" }, cx: CanonContext): Shared;
}

/** The values of one tree. */
export class TreeValues implements AsyncValues {
  readonly #scheduler: Scheduler;
  readonly #host: HostEnds;

  constructor(scheduler: Scheduler, host: HostEnds) {
    this.#scheduler = scheduler;
    this.#host = host;
  }

  lift(cx: CanonContext, handle: number, type: AsyncType): unknown {
    const { inst } = cx;
    if (type.kind === "error-context") return inst.handles.item(handle, ErrorContextItem, "error-context").error;
    const shared = takeReadable(inst, handle, type.kind, type.element);
    return cx.host ? this.#host.toHost(shared, cx) : shared;
  }

  lower(cx: CanonContext, value: unknown, type: AsyncType): number {
    const { handles } = cx.inst;
    if (type.kind === "error-context") {
      if (value instanceof Error) return handles.addItem(new ErrorContextItem(value));
      throw new ValueError("type-mismatch", "an Error", describe(value));
    }
    const shared = cx.host ? this.#host.fromHost(value, type, cx) : value as Shared;
    return handles.addItem(new ReadableEnd(shared, this.#scheduler));
  }

  undo(cx: CanonContext, handle: number): void {
    cx.inst.handles.removeItem(handle, TableItem, "item").abandon();
  }
}
