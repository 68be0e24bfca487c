// Streams between guests and JavaScript: a stream of a guest as a ReadableStream, and a
// ReadableStream, an async iterable or an iterable as a stream of a guest.
// Nothing is pushed: a guest's writes wait until JavaScript reads, and JavaScript's source is asked
// when a guest reads.

import { describe, ValueError } from "../../errors.ts";
import type { ValType } from "../types/types.ts";
import { containsAsyncValue, containsHandle, formatType } from "../types/types.ts";
import { typedArrayOf } from "../codecs/lists.ts";
import { ByteReader, ByteSource, ByteWriter, type ReaderOwner } from "./byte_streams.ts";
import { isSameType } from "./plain_types.ts";
import { HostSink, HostSource } from "./host_buffers.ts";
import type { Scheduler } from "./scheduler.ts";
import type { HostEnd, HostSourceEnd } from "./host_end_registry.ts";
import { DROPPED, type Elements, isNumeric, SharedStream } from "./shared.ts";

/** Bytes of a chunk at most, if the reader brings no buffer. */
const MAX_CHUNK = 65536;
/** Elements that are no numbers and are taken together at most. */
const MAX_ELEMENTS = 64;

/** How many elements are taken for one that is read. What owns something is not taken in advance. */
function maxElements(element: ValType | undefined): number {
  return element !== undefined && (containsHandle(element) || containsAsyncValue(element)) ? 1 : MAX_ELEMENTS;
}

let made: WeakMap<ReadableStream, GuestStreamSource> | undefined;

/** Makes a ReadableStream of the readable end of a stream. */
export function streamToHost(shared: SharedStream, scheduler: Scheduler): ReadableStream {
  const source = new GuestStreamSource(shared, scheduler), none = { highWaterMark: 0 };
  const cancel = (): void => source.cancel();
  const stream: ReadableStream = shared.element?.kind === "u8" && hasByteStreams()
    ? new ReadableStream({
      type: "bytes",
      start: (controller) => source.start(controller),
      pull: (controller) => source.pullBytes(controller),
      cancel,
    }, none)
    : new ReadableStream({
      start: (controller) => source.start(controller),
      pull: (controller) => source.pull(controller),
      cancel,
    }, none);
  (made ??= new WeakMap()).set(stream, source);
  scheduler.hostEnds.watch(stream, source, shared);
  return stream;
}

/** Whether a guest's stream was the host's before: the guest only hands it on. */
export function isHandedOn(stream: ReadableStream): boolean {
  return made?.get(stream)?.shared.demand !== undefined;
}

/**
 * Takes a guest's stream of bytes out of the object that stands for it. `undefined` if it is not
 * one, or was read already.
 */
export function byteReader(stream: ReadableStream): ByteReader | undefined {
  const source = made?.get(stream);
  if (source === undefined || source.touched || stream.locked || source.shared.element?.kind !== "u8") return undefined;
  stream.getReader();
  return source.giveAway(stream);
}

let byteStreams: boolean | undefined;

/** Whether the engine has byte streams. Without them, a stream of bytes gives chunks only. */
function hasByteStreams(): boolean {
  if (byteStreams === undefined) {
    try {
      new ReadableStream({ type: "bytes" });
      byteStreams = true;
    } catch {
      byteStreams = false;
    }
  }
  return byteStreams;
}

/** The underlying source of a ReadableStream. */
class GuestStreamSource implements HostEnd, ReaderOwner {
  readonly shared: SharedStream;
  readonly scheduler: Scheduler;
  /** Whether JavaScript has read it. */
  touched = false;
  #controller: ReadableStreamController<unknown> | undefined;
  #reading = false;
  /** Whether the stream was closed, cancelled or handed on. */
  #over = false;
  #failure: { readonly error: unknown } | undefined;
  /** Reads in its stead. */
  #reader: ByteReader | undefined;

  constructor(shared: SharedStream, scheduler: Scheduler) {
    this.shared = shared;
    this.scheduler = scheduler;
  }

  start(controller: ReadableStreamController<unknown>): void {
    this.#controller = controller;
    // The guest's end must not keep a stream alive that nobody will read.
    const { shared, scheduler: { hostEnds } } = this;
    shared.ended = () => hostEnds.writerDropped(shared);
  }

  /** The guest has dropped its end, and everything that it wrote was read. */
  writerDropped(): void {
    if (this.#failure !== undefined || this.touched && (this.#reading || this.#over)) return;
    this.#over = true;
    this.scheduler.hostEnds.end(this);
    this.#controller?.close();
    // A reader that waits with a buffer of its own is told only by this.
    (this.#controller as Partial<ReadableByteStreamController> | undefined)?.byobRequest?.respond(0);
  }

  /** The instance was locked down. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#controller?.error(error);
    this.#reader?.fail(error);
  }

  /** Another guest takes the stream over. */
  handOn(): SharedStream {
    this.touched = this.#over = true;
    this.shared.ended = undefined;
    this.scheduler.hostEnds.end(this);
    return this.shared;
  }

  /** The host takes the bytes itself. */
  giveAway(stream: ReadableStream): ByteReader {
    this.touched = this.#over = true;
    this.shared.ended = undefined;
    this.#reader = new ByteReader(this.shared, this, stream);
    if (this.#failure !== undefined) this.#reader.fail(this.#failure.error);
    return this.#reader;
  }

  readerEnded(): void {
    this.scheduler.hostEnds.end(this);
  }

  /** Reads once. `over` is called if the guest writes no more. */
  #read(sink: HostSink, over: () => void): Promise<void> {
    this.touched = this.#reading = true;
    return new Promise((resolve) => {
      const done = (): void => {
        this.#reading = false;
        resolve();
      };
      this.shared.read(sink, {
        copied: (reclaim) => {
          reclaim();
          done();
        },
        done: (result) => {
          if (result === DROPPED) {
            this.#over = true;
            this.scheduler.hostEnds.end(this);
            // A stream that has failed cannot be closed: its instance is disposed of now.
            if (this.#failure === undefined) over();
          }
          done();
        },
      });
    });
  }

  pullBytes(controller: ReadableByteStreamController): Promise<void> {
    const { byobRequest } = controller;
    const view = byobRequest?.view as Uint8Array<ArrayBuffer> | null | undefined;
    const take = (elements: Elements, count: number): void => {
      const bytes = elements.kind === "bytes" ? elements.bytes : (elements as { values: ArrayLike<number> }).values;
      if (view) {
        new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes);
        byobRequest!.respond(count);
      } else {
        controller.enqueue(new Uint8Array(bytes)); // a copy, and faster than `from`
      }
    };
    return this.#read(new HostSink(view?.byteLength ?? MAX_CHUNK, true, take), () => {
      controller.close();
      byobRequest?.respond(0);
    });
  }

  pull(controller: ReadableStreamDefaultController): Promise<void> {
    const { element } = this.shared, numeric = element !== undefined && isNumeric(element);
    const take = (elements: Elements, count: number): void => {
      if (elements.kind === "values" && numeric) return controller.enqueue(typedArrayOf(element, elements.values));
      for (let i = 0; i < count; i++) controller.enqueue(elements.kind === "values" ? elements.values[i] : undefined);
    };
    return this.#read(new HostSink(numeric ? MAX_CHUNK : maxElements(element), false, take), () => controller.close());
  }

  cancel(): void {
    this.touched = this.#over = true;
    if (this.#reading) this.shared.cancel();
    this.shared.drop();
    this.scheduler.hostEnds.end(this);
  }
}

/** Makes a stream for a guest of a JavaScript value. */
export function streamFromHost(value: unknown, element: ValType | undefined, scheduler: Scheduler): SharedStream {
  const type = formatType({ kind: "stream", element });
  if (value instanceof ReadableStream) {
    const known = made?.get(value);
    if (value.locked || known?.touched) {
      throw new ValueError("type-mismatch", type, value.locked ? "a locked stream" : "a stream that was read already");
    }
    // A stream that a guest gave and nobody read goes on to the next guest without JavaScript.
    if (known?.scheduler === scheduler && isSameType(known.shared.element, element)) {
      value.getReader();
      return known.handOn();
    }
  }
  const shared = new SharedStream(element);
  if (value instanceof ByteSource && element?.kind === "u8") new ByteWriter(shared, value, scheduler);
  else new JsStreamSource(shared, iteratorOf(value, element, type), element, scheduler);
  return shared;
}

type Chunks = AsyncIterator<unknown> | Iterator<unknown>;

/** Gives the chunks of a value. */
function iteratorOf(value: unknown, element: ValType | undefined, type: string): Chunks {
  if (typeof value === "object" && value !== null) {
    // All elements of an array of numbers are one chunk.
    if (ArrayBuffer.isView(value) && isNumeric(element)) return [value][Symbol.iterator]();
    // Its iterator would not cancel the stream before the next chunk is there.
    if (value instanceof ReadableStream) return readerOf(value);
    const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = value as {
      [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
      [Symbol.iterator]?: () => Iterator<unknown>;
    };
    if (typeof async === "function") return async.call(value);
    if (typeof sync === "function") return sync.call(value);
  }
  throw new ValueError(
    "type-mismatch",
    `${type} (a ReadableStream, an async iterable or an iterable)`,
    describe(value),
  );
}

function readerOf(stream: ReadableStream): AsyncIterator<unknown> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    return: () => reader.cancel().then(() => ({ done: true, value: undefined })),
  };
}

/** The writer of a stream whose elements JavaScript gives. */
class JsStreamSource implements HostSourceEnd {
  readonly #shared: SharedStream;
  readonly #chunks: Chunks;
  readonly #numeric: boolean;
  readonly #scheduler: Scheduler;
  /** Whether the next chunk was asked for, or lies in the stream. */
  #busy = false;
  /** Whether the reader has asked since it was last given a chunk. */
  #again = false;
  #over = false;
  /** The number of the promise that is waited for. 0 if there is none. */
  #waiting = 0;
  #asked = 0;

  constructor(shared: SharedStream, chunks: Chunks, element: ValType | undefined, scheduler: Scheduler) {
    this.#shared = shared;
    this.#chunks = chunks;
    this.#numeric = element !== undefined && isNumeric(element);
    this.#scheduler = scheduler;
    shared.demand = () => this.#pull();
    shared.unwanted = () => this.unwanted();
    scheduler.hostEnds.sources.add(this);
  }

  /** Gives a chunk, and another one for as long as the reader asks again while it is given one. */
  #pull(): void {
    this.#again = true;
    while (this.#again && !this.#busy && !this.#over) {
      this.#busy = true;
      let chunk: HostSource | undefined;
      try {
        // A loop, as an iterator may give very many chunks without elements.
        do {
          const given = this.#chunks.next(), then = (given as PromiseLike<unknown> | undefined)?.then;
          if (typeof then === "function") return this.#waitFor(given as PromiseLike<IteratorResult<unknown>>, then);
          chunk = this.#chunkOf(given as IteratorResult<unknown>);
        } while (chunk?.isZeroLength);
      } catch (error) {
        return this.#failed(error);
      }
      this.#give(chunk);
    }
  }

  /** Waits for a promise, of whatever making: what it says twice, or after its end, is ignored. */
  #waitFor(promise: PromiseLike<IteratorResult<unknown>>, then: PromiseLike<unknown>["then"]): void {
    const asked = this.#waiting = ++this.#asked;
    this.#scheduler.hostWork++;
    const settled = (take: () => HostSource | undefined): void => {
      if (this.#waiting !== asked) return;
      this.#stopWaiting();
      this.#scheduler.now(() => this.#arrived(take), undefined);
    };
    const failed = (error: unknown): void =>
      settled(() => {
        throw error;
      });
    try {
      then.call(promise, (result) => settled(() => this.#chunkOf(result as IteratorResult<unknown>)), failed);
    } catch (error) {
      failed(error);
    }
  }

  #stopWaiting(): void {
    if (this.#waiting === 0) return;
    this.#waiting = 0;
    this.#scheduler.hostWork--;
  }

  #arrived(take: () => HostSource | undefined): void {
    if (this.#over) return;
    let chunk: HostSource | undefined;
    try {
      chunk = take();
    } catch (error) {
      return this.#failed(error);
    }
    if (chunk?.isZeroLength) this.#busy = false;
    else {
      this.#give(chunk);
      if (!this.#again) return;
    }
    this.#pull();
  }

  /** Gives the chunk that an iterator's result has, or `undefined` at the end. */
  #chunkOf(result: IteratorResult<unknown>): HostSource | undefined {
    if (typeof result !== "object" || result === null) {
      throw new TypeError(`the iterator of a stream gave ${describe(result)}, expected an object`);
    }
    if (result.done) return undefined;
    const { value } = result;
    const unfit = (error: unknown): void => this.#unfit(error);
    if (!this.#numeric || typeof value !== "object" || value === null || !("length" in value)) {
      return new HostSource([value], 1, unfit);
    }
    const { length } = value as ArrayLike<unknown>;
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new TypeError(`a chunk of a stream has the length ${describe(length)}`);
    }
    return new HostSource(value as ArrayLike<unknown>, length, unfit);
  }

  #give(chunk: HostSource | undefined): void {
    this.#again = false;
    if (chunk === undefined) {
      this.#end();
      this.#shared.drop();
      return;
    }
    try {
      this.#write(chunk);
    } catch (error) {
      // What a guest did wrong has locked it down.
      if (this.#scheduler.tree.lockedDown) throw error;
      this.#unfit(error);
    }
  }

  /** A value of a chunk does not fit: the source fails, although it does not know. */
  #unfit(error: unknown): void {
    this.unwanted();
    this.#shared.drop();
    this.#scheduler.tree.onError(error);
  }

  #end(): void {
    this.#over = true;
    this.#stopWaiting();
    this.#scheduler.hostEnds.sources.delete(this);
    this.#scheduler.schedule();
  }

  /** Gives a chunk. A reader that takes a part of it leaves the rest for the next read. */
  #write(source: HostSource): void {
    this.#shared.write(source, {
      copied: (reclaim) => {
        if (source.remain > 0) return;
        reclaim();
        this.#busy = false;
      },
      done: () => {
        if (source.remain > 0 && !this.#shared.isDropped) this.#write(source);
        else this.#busy = false;
      },
    });
  }

  /** Streams carry no error: the stream ends, and the embedder is told. */
  #failed(error: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#shared.drop();
    this.#scheduler.tree.onError(error);
  }

  /** Nobody reads it any more. */
  unwanted(): void {
    if (this.#over) return;
    this.#end();
    try {
      const returned = this.#chunks.return?.() as PromiseLike<unknown> | undefined;
      returned?.then?.(undefined, () => {});
    } catch {
      // the guest wants no more of it, and nobody could do anything
    }
  }
}
