// What the two ends of a stream or future share. The first end to read or write leaves its buffer
// here, and the second one copies.
// Buffers are of guests or of the host; neither is known here.
// Spec: definitions.py `SharedStreamImpl`, `SharedFutureImpl`.

import type { ValType } from "../types/types.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { trap } from "../state/trap.ts";

/** `CopyResult`. */
export const COMPLETED = 0, DROPPED = 1, CANCELLED = 2;
export type CopyResult = typeof COMPLETED | typeof DROPPED | typeof CANCELLED;

/** A buffer of one end. */
export interface Buffer {
  /** `remain`: how many elements may still be copied. */
  readonly remain: number;
  readonly isZeroLength: boolean;
  /** The instance that it belongs to. `undefined` for the host. */
  readonly inst: ComponentInstance | undefined;
}

/** Who takes elements: guests take bytes wherever they can, the host takes JavaScript values. */
export type Form = "guest" | "host";

/** A buffer that elements are copied from. */
export interface Source extends Buffer {
  /** Ends the stream because a value of the host does not fit. Guests have none: theirs trap. */
  readonly unfit: ((error: unknown) => void) | undefined;
  /** Takes elements out. Bytes may be a view of memory, which is good until any guest code runs. */
  read(count: number, form: Form): Elements;
}

/** A source of bytes. */
export interface Filler {
  /** Whether there are bytes, or the end. */
  ready(): boolean;
  /** Writes what is there into a buffer: how much, 0 for nothing yet, `undefined` at the end. */
  readInto(place: Uint8Array): number | undefined;
  /** Gives what is there, up to so many bytes: empty for nothing yet, `undefined` at the end. */
  read(max: number): Uint8Array | undefined;
}

/** A buffer that elements are copied into. */
export interface Sink extends Buffer {
  readonly form: Form;
  write(elements: Elements, count: number): void;
  /** Lets a source write bytes, as many as remain; gives what the source says. */
  fill(source: Filler): number | undefined;
}

/**
 * Elements on their way: bytes, if their layout is the same everywhere and any bit pattern is
 * valid, or else values. Nothing, if the type has no elements.
 */
export type Elements =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "values"; readonly values: ArrayLike<unknown>; readonly form: Form }
  | { readonly kind: "none" };

/** What an end does when something was copied. */
export interface Party {
  /** `on_copy`: elements were copied. `reclaim` takes the buffer back. */
  copied(reclaim: () => void): void;
  /** `on_copy_done`. */
  done(result: CopyResult): void;
}

interface Pending {
  readonly buffer: Buffer;
  readonly party: Party;
}

/** Whether the elements of a type are numbers, or nothing. */
export function isNumeric(type: ValType | undefined): boolean {
  return type === undefined || /^([us](8|16|32|64)|f32|f64)$/.test(type.kind);
}

/** What streams and futures have in common: who waits, and whether an end was dropped. */
abstract class SharedEnds {
  readonly element: ValType | undefined;
  /** Called when a reader waits. A source of the host gives something then. */
  demand: (() => void) | undefined = undefined;
  /** Called when the readable end is dropped before the source of the host has ended. */
  unwanted: (() => void) | undefined = undefined;
  protected dropped = false;
  protected pending: Pending | undefined = undefined;

  constructor(element: ValType | undefined) {
    this.element = element;
  }

  get isDropped(): boolean {
    return this.dropped;
  }

  /** Whether the other end waits. */
  get isPending(): boolean {
    return this.pending !== undefined;
  }

  protected take(result: CopyResult): void {
    const { party } = this.pending!;
    this.pending = undefined;
    party.done(result);
  }

  cancel(): void {
    this.take(CANCELLED);
  }

  drop(): void {
    if (this.dropped) return;
    this.dropped = true;
    if (this.pending !== undefined) this.take(DROPPED);
    this.unwanted?.();
  }
}

/** A stream. */
export class SharedStream extends SharedEnds {
  readonly kind = "stream";
  /** Called when an end is dropped, for a reader of the host that is not reading. */
  ended: (() => void) | undefined = undefined;

  override drop(): void {
    if (this.dropped) return;
    super.drop();
    this.ended?.();
  }

  read(sink: Sink, party: Party): void {
    this.#copy(sink, party, (source, count) => sink.write((source as Source).read(count, sink.form), count));
  }

  write(source: Source, party: Party): void {
    this.#copy(source, party, (sink, count) => (sink as Sink).write(source.read(count, (sink as Sink).form), count));
  }

  /** Lets a source write bytes to the reader that waits. Gives what the source says. */
  fill(source: Filler): number | undefined {
    const pending = this.pending!, sink = pending.buffer as Sink;
    if (sink.remain === 0) {
      // A read of nothing waits until there is something.
      if (!source.ready()) return 0;
      this.take(COMPLETED);
      return 1;
    }
    const count = sink.fill(source);
    if (count !== undefined && count > 0) {
      pending.party.copied(() => {
        if (this.pending === pending) this.pending = undefined;
      });
    }
    return count;
  }

  #copy(buffer: Buffer, party: Party, copy: (other: Buffer, count: number) => void): void {
    if (this.dropped) return party.done(DROPPED);
    const pending = this.pending;
    if (pending === undefined) {
      this.pending = { buffer, party };
      this.demand?.();
      return;
    }
    checkParties(pending.buffer, buffer, this.element);
    if (pending.buffer.remain > 0) {
      if (buffer.remain > 0) {
        try {
          copy(pending.buffer, Math.min(buffer.remain, pending.buffer.remain));
        } catch (error) {
          const { unfit } = pending.buffer as Partial<Source>;
          if (unfit === undefined || buffer.inst?.tree.lockedDown !== false) throw error;
          unfit(error);
          return party.done(DROPPED);
        }
        pending.party.copied(() => {
          if (this.pending === pending) this.pending = undefined;
        });
      }
      return party.done(COMPLETED);
    }
    // A write of nothing to a read of nothing: only the writer goes on.
    if ("read" in buffer && buffer.isZeroLength && pending.buffer.isZeroLength) return party.done(COMPLETED);
    this.take(COMPLETED);
    this.pending = { buffer, party };
    if ("write" in buffer) this.demand?.();
  }
}

/** A future. */
export class SharedFuture extends SharedEnds {
  readonly kind = "future";

  read(sink: Sink, party: Party): void {
    this.#copy(sink, party, (source) => sink.write((source as Source).read(1, sink.form), 1));
  }

  write(source: Source, party: Party): void {
    this.#copy(source, party, (sink) => (sink as Sink).write(source.read(1, (sink as Sink).form), 1));
  }

  #copy(buffer: Buffer, party: Party, copy: (other: Buffer) => void): void {
    if (this.dropped) return party.done(DROPPED);
    const pending = this.pending;
    if (pending === undefined) {
      this.pending = { buffer, party };
      this.demand?.();
      return;
    }
    checkParties(pending.buffer, buffer, this.element);
    copy(pending.buffer);
    this.take(COMPLETED);
    party.done(COMPLETED);
  }
}

/** What either kind of end shares. */
export type Shared = SharedStream | SharedFuture;

/** "Temporary", the specification says: both ends in one instance. */
function checkParties(one: Buffer, other: Buffer, element: ValType | undefined): void {
  if (one.inst !== undefined && one.inst === other.inst && !isNumeric(element)) {
    trap(one.inst.tree, "intra-component-copy");
  }
}
