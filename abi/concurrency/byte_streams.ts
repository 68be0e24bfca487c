// Streams of bytes that WASI's host reads and writes itself, without a promise and an array for
// each chunk: a source writes into the reader's memory, and a taker sees the writer's memory.
// A source becomes the writer of a stream; the readable end of a stream becomes a `ByteReader`.

import type { Scheduler } from "./scheduler.ts";
import type { HostSourceEnd } from "./host_end_registry.ts";
import {
  COMPLETED,
  type CopyResult,
  DROPPED,
  type Elements,
  type Filler,
  type Party,
  type SharedStream,
  type Sink,
} from "./shared.ts";

/** A source of bytes. JavaScript may iterate over it, too, unless a guest has it. */
export abstract class ByteSource implements AsyncIterable<Uint8Array>, Filler {
  abstract ready(): boolean;
  /** Calls back once there may be some; what is returned stops that. */
  abstract onReady(callback: () => void): () => void;
  abstract readInto(place: Uint8Array): number | undefined;
  abstract read(max: number): Uint8Array | undefined;
  /** Nobody reads any more. */
  abstract close(): void;
  abstract [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
}

/** The writer of a stream whose bytes a source has. */
export class ByteWriter implements HostSourceEnd {
  readonly #shared: SharedStream;
  readonly #source: ByteSource;
  readonly #scheduler: Scheduler;
  #over = false;
  /** Stops to wait for the source. */
  #stop: (() => void) | undefined;

  constructor(shared: SharedStream, source: ByteSource, scheduler: Scheduler) {
    this.#shared = shared;
    this.#source = source;
    this.#scheduler = scheduler;
    shared.demand = () => this.#give();
    shared.unwanted = () => this.unwanted();
    scheduler.hostEnds.sources.add(this);
  }

  /** Gives the reader that waits what is there. */
  #give(): void {
    if (this.#over || this.#stop !== undefined) return;
    const source = this.#source, count = this.#shared.fill(source);
    if (count === 0) this.#waitFor(source);
    else if (count === undefined) {
      this.#end();
      this.#shared.drop();
    }
  }

  #waitFor(source: ByteSource): void {
    this.#scheduler.hostWork++;
    this.#stop = source.onReady(() => {
      if (this.#stop === undefined) return;
      this.#stopWaiting();
      this.#scheduler.now(() => {
        if (this.#shared.isPending) this.#give();
      }, undefined);
    });
  }

  #stopWaiting(): void {
    if (this.#stop === undefined) return;
    this.#stop();
    this.#stop = undefined;
    this.#scheduler.hostWork--;
  }

  #end(): void {
    this.#over = true;
    this.#stopWaiting();
    this.#scheduler.hostEnds.sources.delete(this);
    this.#scheduler.schedule();
  }

  /** Nobody reads it any more. */
  unwanted(): void {
    if (this.#over) return;
    this.#end();
    this.#source.close();
  }
}

/** Who takes the bytes of a stream. */
export interface ByteTaker {
  /** Takes bytes: its own, or a view of memory that is good until this returns. */
  take(bytes: Uint8Array, areOwn: boolean): void;
  /** What was asked for was taken, or a part of it. */
  taken(): void;
  /** Nothing more is written. */
  over(): void;
  /** The instance was locked down. */
  fail(error: unknown): void;
}

/** The object that stood for the readable end. It is watched for this one, too. */
export interface ReaderOwner {
  /** The stream was read to its end or cancelled. */
  readerEnded(): void;
}

/** Reads a stream of bytes: the readable end of one that a guest has given away. */
export class ByteReader implements Sink, Party {
  readonly inst: undefined;
  readonly form = "guest";
  readonly isZeroLength = false;
  readonly #shared: SharedStream;
  readonly #owner: ReaderOwner;
  /** Becomes garbage together with this reader. The stream is dropped then. */
  readonly stream: ReadableStream;
  /** How many bytes are asked for. */
  remain = 0;
  #taker: ByteTaker | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(shared: SharedStream, owner: ReaderOwner, stream: ReadableStream) {
    this.#shared = shared;
    this.#owner = owner;
    this.stream = stream;
  }

  /** Asks once for at most so many bytes. They may be taken at once. */
  read(max: number, taker: ByteTaker): void {
    if (this.#failure !== undefined) return taker.fail(this.#failure.error);
    this.remain = max;
    this.#taker = taker;
    this.#shared.read(this, this);
  }

  /** Nobody reads any more. */
  cancel(): void {
    if (this.#taker !== undefined) this.#shared.cancel();
    this.#shared.drop();
    this.#owner.readerEnded();
  }

  write(elements: Elements, count: number): void {
    this.remain -= count;
    const bytes = elements.kind === "bytes" ? elements.bytes : (elements as { values: ArrayLike<number> }).values;
    this.#taker!.take(bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes), false);
  }

  /** The bytes need no copy: no guest has them. */
  fill(source: Filler): number | undefined {
    const bytes = source.read(this.remain);
    if (bytes === undefined || bytes.length === 0) return bytes?.length;
    this.remain -= bytes.length;
    this.#taker!.take(bytes, true);
    return bytes.length;
  }

  copied(reclaim: () => void): void {
    reclaim();
    this.done(COMPLETED);
  }

  done(result: CopyResult): void {
    const taker = this.#taker;
    this.#taker = undefined;
    if (result === DROPPED) {
      this.#owner.readerEnded();
      // After a lock-down, the taker knows already that the stream has failed.
      taker?.over();
    } else if (result === COMPLETED) taker?.taken();
  }

  /** The instance was locked down. */
  fail(error: unknown): void {
    this.#failure = { error };
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.fail(error);
  }
}
