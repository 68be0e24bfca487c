// Streams between guests and JavaScript: a stream of a guest as a ReadableStream, and a
// ReadableStream, an async iterable or an iterable as a stream of a guest.
// Nothing is pushed: a guest's writes wait until JavaScript reads, and JavaScript's source is asked
// when a guest reads.

import { describe, ValueError } from "../../errors.ts";
import type { ValType } from "../types/types.ts";
import { formatType } from "../types/types.ts";
import { typedArrayOf } from "../codecs/lists.ts";
import { HostSink, HostSource } from "./host_buffers.ts";
import type { Scheduler } from "./scheduler.ts";
import type { HostEnd } from "./host_end_registry.ts";
import { DROPPED, type Elements, isNumeric, SharedStream } from "./shared.ts";

/** Bytes of a chunk at most, if the reader brings no buffer. */
const MAX_CHUNK = 65536;
/** Elements that are no numbers and are taken together at most. */
const MAX_ELEMENTS = 64;

let made: WeakMap<ReadableStream, GuestStreamSource> | undefined;

/** Makes a ReadableStream of the readable end of a stream. */
export function streamToHost(shared: SharedStream, scheduler: Scheduler): ReadableStream {
  const source = new GuestStreamSource(shared, scheduler), none = { highWaterMark: 0 };
  const cancel = (): void => source.cancel();
  const stream: ReadableStream = shared.element?.kind === "u8"
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

/** The underlying source of a ReadableStream. */
class GuestStreamSource implements HostEnd {
  readonly shared: SharedStream;
  readonly scheduler: Scheduler;
  /** Whether JavaScript has read it. */
  touched = false;
  #controller: ReadableStreamController<unknown> | undefined;
  #reading = false;
  /** Whether the stream was closed, cancelled or handed on. */
  #over = false;

  constructor(shared: SharedStream, scheduler: Scheduler) {
    this.shared = shared;
    this.scheduler = scheduler;
  }

  start(controller: ReadableStreamController<unknown>): void {
    this.#controller = controller;
    // The guest's end must not keep a stream alive that nobody will read.
    const ref = new WeakRef(this);
    this.shared.unwanted = () => ref.deref()?.writerDropped();
  }

  /** The guest has dropped its end, and everything that it wrote was read. */
  writerDropped(): void {
    if (this.touched && (this.#reading || this.#over)) return;
    this.#over = true;
    this.scheduler.hostEnds.end(this);
    this.#controller?.close();
    // A reader that waits with a buffer of its own is told only by this.
    if (this.#controller instanceof ReadableByteStreamController) this.#controller.byobRequest?.respond(0);
  }

  /** The instance was locked down. */
  fail(error: unknown): void {
    this.#controller?.error(error);
  }

  /** Another guest takes the stream over. */
  handOn(): SharedStream {
    this.touched = this.#over = true;
    this.shared.unwanted = undefined;
    this.scheduler.hostEnds.end(this);
    return this.shared;
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
            over();
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
    return this.#read(new HostSink(numeric ? MAX_CHUNK : MAX_ELEMENTS, false, take), () => controller.close());
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
    if (known !== undefined && known.scheduler === scheduler) {
      value.getReader();
      return known.handOn();
    }
  }
  const shared = new SharedStream(element);
  new JsStreamSource(shared, iteratorOf(value, element, type), element, scheduler);
  return shared;
}

type Chunks = AsyncIterator<unknown> | Iterator<unknown>;

/** Gives the chunks of a value. */
function iteratorOf(value: unknown, element: ValType | undefined, type: string): Chunks {
  if (typeof value === "object" && value !== null) {
    // All elements of an array of numbers are one chunk.
    if (ArrayBuffer.isView(value) && isNumeric(element)) return [value][Symbol.iterator]();
    const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = value as {
      [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
      [Symbol.iterator]?: () => Iterator<unknown>;
    };
    if (typeof async === "function") return async.call(value);
    if (typeof sync === "function") return sync.call(value);
    if (value instanceof ReadableStream) return readerOf(value); // WebKit has no iteration of streams
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
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

/** The writer of a stream whose elements JavaScript gives. */
class JsStreamSource {
  readonly #shared: SharedStream;
  readonly #chunks: Chunks;
  readonly #numeric: boolean;
  readonly #scheduler: Scheduler;
  /** Whether the next chunk was asked for, or lies in the stream. */
  #busy = false;
  #over = false;

  constructor(shared: SharedStream, chunks: Chunks, element: ValType | undefined, scheduler: Scheduler) {
    this.#shared = shared;
    this.#chunks = chunks;
    this.#numeric = element !== undefined && isNumeric(element);
    this.#scheduler = scheduler;
    shared.demand = () => this.#pull();
    shared.unwanted = () => this.#unwanted();
  }

  #pull(): void {
    if (this.#busy || this.#over) return;
    this.#busy = true;
    const scheduler = this.#scheduler;
    let next: IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>>;
    try {
      next = this.#chunks.next();
    } catch (error) {
      return this.#failed(error);
    }
    if (typeof (next as PromiseLike<unknown>)?.then !== "function") return this.#got(next as IteratorResult<unknown>);
    scheduler.hostWork++;
    const then = (work: () => void) => {
      scheduler.hostWork--;
      scheduler.now(work, undefined);
    };
    (next as PromiseLike<IteratorResult<unknown>>).then(
      (result) => then(() => this.#got(result)),
      (error) => then(() => this.#failed(error)),
    );
  }

  #got({ done, value }: IteratorResult<unknown>): void {
    if (this.#over) return;
    if (done) {
      this.#over = true;
      this.#shared.drop();
      return;
    }
    const chunk = this.#numeric && typeof value === "object" && value !== null && "length" in value
      ? value as ArrayLike<unknown>
      : [value];
    if (chunk.length === 0) {
      this.#busy = false;
      return this.#pull();
    }
    this.#write(new HostSource(chunk));
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
    this.#over = true;
    this.#shared.drop();
    this.#scheduler.tree.onError(error);
  }

  #unwanted(): void {
    if (this.#over) return;
    this.#over = true;
    try {
      const returned = this.#chunks.return?.() as PromiseLike<unknown> | undefined;
      returned?.then?.(undefined, () => {});
    } catch {
      // the guest wants no more of it, and nobody could do anything
    }
  }
}
