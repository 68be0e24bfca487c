// The ends of streams and futures in a guest's handle table, and the built-ins that read, write,
// cancel and drop.
// Spec: CanonicalABI.md `canon stream.*`, `canon future.*`; definitions.py `CopyEnd`.

import type { CoreValue } from "../types/core_values.ts";
import type { ValType } from "../types/types.ts";
import type { Codec } from "../codecs/codec.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { fromCore } from "../state/pointers.ts";
import { checkLeave, trap } from "../state/trap.ts";
import { block, checkMayBlock, currentThread } from "./blocking.ts";
import { type Contexts, GuestSink, GuestSource } from "./guest_buffers.ts";
import { isSameType } from "./plain_types.ts";
import type { Scheduler } from "./scheduler.ts";
import { COMPLETED, type CopyResult, DROPPED, type Shared, SharedFuture, SharedStream } from "./shared.ts";
import { BLOCKED, FUTURE_READ, FUTURE_WRITE, STREAM_READ, STREAM_WRITE, Waitable } from "./waitable.ts";

type Kind = Shared["kind"];
type Verb = "read" | "write";

/** An end: `CopyEnd`. */
export abstract class CopyEnd extends Waitable {
  readonly shared: Shared;
  abstract readonly verb: Verb;
  state: "idle" | "copying" | "cancelling" | "done" = "idle";
  /** Whether some elements were copied and there is room for more, so that the copy goes on. */
  isPartial: () => boolean = never;

  constructor(shared: Shared, scheduler: Scheduler) {
    super(scheduler);
    this.shared = shared;
  }

  get isCopying(): boolean {
    return this.state === "copying" || this.state === "cancelling";
  }

  describe(): string {
    return `${this.verb === "read" ? "readable" : "writable"} end of a ${this.shared.kind}`;
  }

  /** The traps of an end whose copies are over. */
  checkNotDone(): void {
    if (this.state !== "done") return;
    const { verb, shared: { kind }, scheduler: { tree } } = this;
    if (kind === "future") trap(tree, `future-${verb}-done`);
    trap(tree, "copy-after-drop", verb === "read" ? "read from stream" : "write to stream", other(verb));
  }

  override abandon(): void {
    if (!this.isCopying) this.shared.drop();
  }
}

function other(verb: Verb): string {
  return verb === "read" ? "writable" : "readable";
}

function never(): boolean {
  return false;
}

/** A readable end. */
export class ReadableEnd extends CopyEnd {
  readonly verb = "read";
}

/** A writable end. */
export class WritableEnd extends CopyEnd {
  readonly verb = "write";
}

const classes: Record<Verb, abstract new (...args: never[]) => CopyEnd> = { read: ReadableEnd, write: WritableEnd };
const events = {
  stream: { read: STREAM_READ, write: STREAM_WRITE },
  future: { read: FUTURE_READ, write: FUTURE_WRITE },
} as const;

/** Gives an end of the type of a stream or future. */
function endAt(inst: ComponentInstance, index: number, verb: Verb, kind: Kind, element: ValType | undefined): CopyEnd {
  const expected = `${verb === "read" ? "readable" : "writable"} end of a ${kind}`;
  const end = inst.handles.item(index, classes[verb], expected), { shared } = end;
  if (shared.kind !== kind) trap(inst.tree, "wrong-handle-type", index, expected, end.describe());
  if (!isSameType(shared.element, element)) trap(inst.tree, "wrong-end-type", kind);
  return end;
}

/** What the built-ins of one type share. */
export interface EndType {
  readonly inst: ComponentInstance;
  readonly scheduler: Scheduler;
  readonly kind: Kind;
  readonly element: ValType | undefined;
}

/** `stream.new`, `future.new`. */
export function newEnds({ inst, scheduler, kind, element }: EndType): () => bigint {
  return () => {
    checkLeave(inst);
    const shared = kind === "stream" ? new SharedStream(element) : new SharedFuture(element);
    const readable = inst.handles.addItem(new ReadableEnd(shared, scheduler));
    const writable = inst.handles.addItem(new WritableEnd(shared, scheduler));
    return BigInt(readable) | BigInt(writable) << 32n;
  };
}

/** The operands of a read or write. */
export interface CopyOptions extends EndType {
  readonly verb: Verb;
  readonly async: boolean;
  readonly codec: Codec | undefined;
  readonly contexts: Contexts;
}

/** `stream.read`, `stream.write`, `future.read`, `future.write`. */
export function copy(
  options: CopyOptions,
): (index: CoreValue, ptr: CoreValue, length?: CoreValue) => CoreValue | undefined {
  const { inst, scheduler, kind, element, verb, async, codec, contexts } = options;
  const event = events[kind][verb],
    what = `${kind}.${verb}`,
    { toCore } = contexts.guest.pointers,
    GuestBuffer = verb === "read" ? GuestSink : GuestSource;
  // A stream's result has as many bits as an address, and `BLOCKED` the lower 32 of them.
  const packed = (result: number): CoreValue => kind === "future" ? result : toCore(result >>> 0);
  return (index, ptr, length) => {
    checkLeave(inst);
    const thread = async ? undefined : currentThread(inst, scheduler);
    if (thread !== undefined) checkMayBlock(thread, what);
    const at = (index as number) >>> 0, end = endAt(inst, at, verb, kind, element);
    if (end.isCopying) trap(inst.tree, "concurrent-copy");
    end.checkNotDone();
    if (!async && end.set !== undefined) trap(inst.tree, "sync-in-waitable-set");
    const count = kind === "future" ? 1 : fromCore(length!);
    const buffer = new GuestBuffer(contexts, codec, fromCore(ptr), count, kind);
    const happened = (result: CopyResult, reclaim: (() => void) | undefined): void => {
      end.isPartial = reclaim === undefined ? never : () => buffer.remain > 0;
      end.setEvent(() => {
        end.isPartial = never;
        reclaim?.();
        end.state = result === DROPPED || kind === "future" && result === COMPLETED ? "done" : "idle";
        return [event, at, kind === "future" ? result : result | buffer.progress << 4];
      });
    };
    end.state = "copying";
    const party = {
      copied: (reclaim: () => void) => happened(COMPLETED, reclaim),
      done: (result: CopyResult) => happened(result, undefined),
    };
    if (verb === "read") end.shared.read(buffer as GuestSink, party);
    else end.shared.write(buffer as GuestSource, party);
    if (end.hasEvent) return packed(end.takeEvent()[2]);
    if (thread === undefined) return packed(BLOCKED);
    end.waiter = thread;
    return block(thread, { ready: () => end.hasEvent, cancellable: false, what }, () => {
      end.waiter = undefined;
      return packed(end.takeEvent()[2]);
    });
  };
}

/** `stream.cancel-read` and the like. Every end gives its buffer back at once. */
export function cancelCopy(
  { inst, scheduler, kind, element }: EndType,
  verb: Verb,
  async: boolean,
): (index: CoreValue) => CoreValue {
  const what = `${kind}.cancel-${verb}`;
  return (index) => {
    checkLeave(inst);
    if (!async) checkMayBlock(currentThread(inst, scheduler), what);
    const end = endAt(inst, (index as number) >>> 0, verb, kind, element);
    if (end.waiter !== undefined) trap(inst.tree, "sync-in-waitable-set");
    if (end.state !== "copying") trap(inst.tree, "no-copy-pending", verb);
    if (!async && end.set !== undefined) trap(inst.tree, "sync-in-waitable-set");
    end.state = "cancelling";
    // A copy that goes on is cancelled, although there is an event for what was copied so far. The
    // reference suite expects that.
    if (!end.hasEvent || end.isPartial()) end.shared.cancel();
    return end.takeEvent()[2];
  };
}

/** `stream.drop-readable` and the like. */
export function dropEnd({ inst, kind, element }: EndType, verb: Verb): (index: CoreValue) => void {
  return (index) => {
    checkLeave(inst);
    const at = (index as number) >>> 0, end = endAt(inst, at, verb, kind, element);
    if (end.isCopying) trap(inst.tree, "busy-end", verb === "read" ? "remove" : "drop", kind);
    if (kind === "future" && verb === "write" && end.state !== "done") trap(inst.tree, "future-unwritten");
    inst.handles.removeItem(at, CopyEnd, "end");
    end.shared.drop();
    end.join(undefined);
  };
}

/** `lift_async_value`: takes a readable end out of a table. */
export function takeReadable(inst: ComponentInstance, index: number, kind: Kind, element: ValType | undefined): Shared {
  const end = endAt(inst, index, "read", kind, element), { tree } = inst;
  if (end.isCopying) trap(tree, "busy-end", "remove", kind);
  if (end.state === "done") trap(tree, kind === "stream" ? "lift-after-drop" : "lift-after-read");
  if (end.set !== undefined) trap(tree, "lift-in-set", kind);
  inst.handles.removeItem(index, ReadableEnd, "readable end");
  return end.shared;
}
