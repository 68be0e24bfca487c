// The state of the model of the interleaving test: tables, waitables, streams and futures, buffers.
// It follows definitions.py line by line, and has no code of the library.
// Spec: definitions.py "Table State" to "Future State".

import { ends, type EndType, EVENTS, type InstanceName, MEMORY, ZONE } from "./commands.ts";
import type { ModelTask, ModelThread } from "./model_tasks.ts";

/** A trap. The specification has no phrases: if several fit, they are all listed. */
export class ModelTrap extends Error {
  readonly codes: readonly string[];

  constructor(...codes: string[]) {
    super(`trap: ${codes.join(" or ")}`);
    this.codes = codes;
  }
}

export function trapIf(condition: boolean, ...codes: string[]): void {
  if (condition) throw new ModelTrap(...codes);
}

/** `Table`. */
export class Table<T> {
  readonly array: (T | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #code: string;

  constructor(code: string) {
    this.#code = code;
  }

  get(index: number): T {
    const found = this.array[index];
    trapIf(found === undefined, this.#code);
    return found!;
  }

  add(item: T): number {
    const index = this.#free.pop() ?? this.array.length;
    this.array[index] = item;
    return index;
  }

  remove(index: number): T {
    const found = this.get(index);
    this.array[index] = undefined;
    this.#free.push(index);
    return found;
  }

  entries(): [number, T][] {
    return this.array.flatMap((item, index) => item === undefined ? [] : [[index, item]] as [number, T][]);
  }

  get size(): number {
    return this.entries().length;
  }
}

export type Item = Waitable | WaitableSet;

/** `ComponentInstance`. The component around the three is always entered by whoever runs. */
export class ModelInstance {
  readonly name: InstanceName;
  readonly handles: Table<Item> = new Table("unknown-handle");
  readonly threads: Table<ModelThread> = new Table("unknown-thread");
  mayEnter = true;
  backpressure = 0;
  waitingToEnter = 0;
  /** Calls of the host that have not started as far as the model knows. They may wait to enter. */
  hostCalls = 0;
  exclusive: ModelThread | undefined = undefined;
  /** Its memory. The hash covers the beginning. */
  readonly memory: DataView = new DataView(new ArrayBuffer(MEMORY));
  /** Tasks of this instance that have not ended. */
  readonly tasks: Set<ModelTask> = new Set();

  constructor(name: InstanceName) {
    this.name = name;
  }

  hash(): number {
    let hash = 0;
    for (let at = 0; at < ZONE; at += 4) hash = Math.imul(hash ^ this.memory.getInt32(at, true), 0x01000193);
    return hash >>> 0;
  }
}

export type GuestEvent = readonly [code: number, index: number, payload: number];

/** `Waitable`. */
export abstract class Waitable {
  /** Its index in the table. */
  handle = 0;
  pending: (() => GuestEvent) | undefined = undefined;
  set: WaitableSet | undefined = undefined;
  hasSyncWaiter = false;

  takeEvent(): GuestEvent {
    const pending = this.pending!;
    this.pending = undefined;
    return pending();
  }

  join(set: WaitableSet | undefined): void {
    this.set?.members.delete(this);
    this.set = set;
    set?.members.add(this);
  }
}

/** `WaitableSet`. */
export class WaitableSet {
  readonly members: Set<Waitable> = new Set();
  waiting = 0;

  get ready(): Waitable[] {
    return [...this.members].filter(({ pending }) => pending !== undefined);
  }
}

export const STARTING = 0, STARTED = 1, RETURNED = 2, CANCELLED_BEFORE_STARTED = 3, CANCELLED_BEFORE_RETURNED = 4;

/** `Subtask`. */
export class Subtask extends Waitable {
  state: number = STARTING;
  /** The task of the callee. `undefined` if the host is called. */
  task: ModelTask | undefined = undefined;
  /** The number of the host's call. */
  hostCall = 0;
  cancellationRequested = false;
  delivered = false;
  result: number | undefined = undefined;
  onProgress: () => void = () => {};

  get resolved(): boolean {
    return this.state >= RETURNED;
  }
}

export const COMPLETED = 0, DROPPED = 1, CANCELLED = 2;

/** `BufferGuestImpl`. */
export class Buffer {
  readonly inst: ModelInstance;
  readonly verb: "read" | "write";
  readonly length: number;
  progress = 0;
  #ptr: number;
  readonly #type: EndType;

  constructor(inst: ModelInstance, type: EndType, verb: "read" | "write", ptr: number, length: number) {
    const { size } = ends[type];
    if (size > 0 && length > 0) {
      trapIf(ptr % size !== 0, "copy-unaligned");
      trapIf(ptr + length * size > MEMORY, "copy-out-of-bounds");
    }
    this.inst = inst;
    this.verb = verb;
    this.length = length;
    this.#ptr = ptr;
    this.#type = type;
  }

  get remain(): number {
    return this.length - this.progress;
  }

  /** Takes elements from another buffer. */
  copyFrom(source: Buffer, count: number): void {
    const { size, element } = ends[this.#type];
    const bytes = Array.from({ length: count * size }, (_, i) => source.inst.memory.getUint8(source.#ptr + i));
    bytes.forEach((byte, i) =>
      this.inst.memory.setUint8(this.#ptr + i, element === "bool" ? Number(byte !== 0) : byte)
    );
    this.#ptr += count * size;
    source.#ptr += count * size;
    this.progress += count;
    source.progress += count;
  }
}

interface Pending {
  readonly buffer: Buffer;
  readonly copied: (reclaim: () => void) => void;
  readonly done: (result: number) => void;
}

/** `SharedStreamImpl`, `SharedFutureImpl`. */
export class Shared {
  readonly type: EndType;
  dropped = false;
  pending: Pending | undefined = undefined;

  constructor(type: EndType) {
    this.type = type;
  }

  notify(result: number): void {
    const { done } = this.pending!;
    this.pending = undefined;
    done(result);
  }

  cancel(): void {
    this.notify(CANCELLED);
  }

  drop(): void {
    if (this.dropped) return;
    this.dropped = true;
    if (this.pending !== undefined) this.notify(DROPPED);
  }

  copy(mine: Pending): void {
    const { pending } = this, { buffer, done } = mine;
    if (this.dropped) return done(DROPPED);
    if (pending === undefined) {
      this.pending = mine;
      return;
    }
    const other = pending.buffer;
    trapIf(buffer.inst === other.inst && ends[this.type].element === "bool", "intra-component-copy");
    const [sink, source] = buffer.verb === "read" ? [buffer, other] : [other, buffer];
    if (ends[this.type].kind === "future") {
      sink.copyFrom(source, 1);
      this.notify(COMPLETED);
      return done(COMPLETED);
    }
    if (other.remain > 0) {
      if (buffer.remain > 0) {
        sink.copyFrom(source, Math.min(buffer.remain, other.remain));
        pending.copied(() => this.pending = undefined);
      }
      done(COMPLETED);
    } else if (buffer.verb === "write" && buffer.length === 0 && other.length === 0) {
      done(COMPLETED);
    } else {
      this.notify(COMPLETED);
      this.pending = mine;
    }
  }
}

/** `CopyEnd`. */
export class End extends Waitable {
  readonly shared: Shared;
  readonly verb: "read" | "write";
  state: "idle" | "copying" | "cancelling" | "done" = "idle";
  /** Whether a copy goes on, although there is an event for what was copied so far. */
  isPartial: () => boolean = () => false;

  constructor(shared: Shared, verb: "read" | "write") {
    super();
    this.shared = shared;
    this.verb = verb;
  }

  get kind(): "stream" | "future" {
    return ends[this.shared.type].kind;
  }

  get isCopying(): boolean {
    return this.state === "copying" || this.state === "cancelling";
  }
}

/** Gets an end, as each built-in does. */
export function endAt(inst: ModelInstance, index: number, type: EndType, verb: "read" | "write"): End {
  const end = inst.handles.get(index);
  trapIf(!(end instanceof End) || end.verb !== verb || end.kind !== ends[type].kind, "wrong-handle-type");
  trapIf((end as End).shared.type !== type, "wrong-end-type");
  return end as End;
}

/** The end that `lift_async_value` takes. */
export function endToLift(inst: ModelInstance, index: number, type: EndType): End {
  const end = endAt(inst, index, type, "read");
  trapIf(end.isCopying, "busy-end");
  trapIf(end.state === "done", end.kind === "stream" ? "lift-after-drop" : "lift-after-read");
  trapIf(end.set !== undefined, "lift-in-set");
  return end;
}

/** `lift_async_value`. */
export function liftEnd(inst: ModelInstance, index: number, type: EndType): Shared {
  const { shared } = endToLift(inst, index, type);
  inst.handles.remove(index);
  return shared;
}

/** Puts a waitable into a table. */
export function addWaitable(inst: ModelInstance, waitable: Waitable): number {
  return waitable.handle = inst.handles.add(waitable);
}

export function setAt(inst: ModelInstance, index: number): WaitableSet {
  const set = inst.handles.get(index);
  trapIf(!(set instanceof WaitableSet), "wrong-handle-type");
  return set as WaitableSet;
}

/** `unpack_event`: gives what the guest makes of it. */
export function storeEvent(inst: ModelInstance, ptr: number, [code, index, payload]: GuestEvent): bigint {
  if (ptr < EVENTS || ptr + 8 > ZONE) throw new Error(`no place for events: ${ptr}`);
  inst.memory.setUint32(ptr, index, true);
  inst.memory.setUint32(ptr + 4, payload, true);
  return BigInt(code) | BigInt(index) << 8n | BigInt(payload) << 32n;
}
