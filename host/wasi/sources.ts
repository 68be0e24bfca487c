// Sources and sinks of bytes: memory and web streams.

import { reasonOf } from "../../abi/state/instance.ts";
import { describe } from "../../errors.ts";
import { features } from "../../core/module/features.ts";
import type { Sink, Source } from "./streams.ts";
import { always, Signal } from "./readiness.ts";

/** Bytes that a sink holds before it asks to wait. */
export const HIGH_WATER: number = 1 << 16;
/** Bytes of captured output; beyond, writing fails. */
export const MAX_CAPTURED: number = 1 << 28;

/** Gives bytes that are there. */
export function bytesSource(bytes: Uint8Array): Source {
  let at = 0;
  return {
    ...always,
    read(max) {
      if (at === bytes.length) return undefined;
      const part = bytes.subarray(at, at + max);
      at += part.length;
      return part;
    },
  };
}

/** The source that has nothing. */
export const empty: Source = { ...always, read: () => undefined };

/** Gives what a web stream, bytes or nothing have. */
export function sourceOf(contents: ReadableStream<Uint8Array> | Uint8Array | null): Source {
  if (contents === null) return empty;
  return contents instanceof Uint8Array ? bytesSource(contents) : new ReadableSource(contents);
}

/** A chunk of a web stream of bytes. Its maker may be of JavaScript, and give anything. */
export function chunkOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`a stream of bytes must give Uint8Arrays, found ${describe(value)}`);
}

/** Reads a chunk at a time, and none before it is asked for. */
export abstract class Chunked implements Source {
  readonly #signal = new Signal();
  #chunk: Uint8Array = new Uint8Array();
  #state: "idle" | "pulling" | "ended" = "idle";
  #failure: { readonly error: unknown } | undefined;

  /** Begins to read: `arrived`, `nothingYet` or `end` is called some time. */
  protected abstract begin(): void;

  /** Whether nothing more comes. */
  protected get ended(): boolean {
    return this.#state === "ended";
  }

  /** Whether something is being read. */
  protected get pulling(): boolean {
    return this.#state === "pulling";
  }

  /** Reads on, if nothing is there and nothing is on its way. */
  protected pull(): void {
    if (this.#state !== "idle" || this.#chunk.length > 0) return;
    this.#state = "pulling";
    this.begin();
  }

  /** Whether somebody waits for what is read. */
  protected get awaited(): boolean {
    return this.#signal.awaited;
  }

  /** Nothing was there: whoever asks next begins again. */
  protected nothingYet(): void {
    this.#state = "idle";
  }

  protected arrived(chunk: Uint8Array): void {
    this.#state = "idle";
    this.#chunk = chunk;
    if (chunk.length === 0) this.pull();
    else this.#signal.fire();
  }

  protected end(failure?: { readonly error: unknown }): void {
    this.#state = "ended";
    this.#failure = failure;
    this.#signal.fire();
  }

  ready(): boolean {
    return this.#chunk.length > 0 || this.#state === "ended";
  }

  onReady(callback: () => void): () => void {
    this.pull();
    return this.#signal.on(callback);
  }

  read(max: number): Uint8Array | undefined {
    if (this.#chunk.length === 0 && this.#state === "ended") {
      if (this.#failure !== undefined) throw this.#failure.error;
      return undefined;
    }
    const part = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }
}

/** Reads a web stream. */
export class ReadableSource extends Chunked {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Whether nobody reads any more, whatever still comes. */
  #closed = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    super();
    this.#reader = stream.getReader();
  }

  protected begin(): void {
    this.#reader.read().then(({ done, value }) => {
      if (this.#closed) return;
      if (done) this.end();
      else this.arrived(chunkOf(value));
    }).catch((error) => {
      if (this.#closed) return;
      this.end({ error });
      this.#reader.cancel(error).catch(() => {});
    });
  }

  override ready(): boolean {
    this.pull();
    return super.ready();
  }

  override read(max: number): Uint8Array | undefined {
    const part = super.read(max);
    this.pull();
    return part;
  }

  /** @param failure What who reads on is told, unless it is the end. */
  close(failure?: { readonly error: unknown }): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.ended) this.end(failure);
    this.#reader.cancel().catch(() => {});
  }

  /** Lets go of the stream, of which nobody reads any more. */
  release(): void {
    this.#closed = true;
    this.end();
    this.#reader.releaseLock();
  }
}

/** Reads a stream to its end, or until the signal; then the stream is let go of. */
export async function readAll(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader(), all = new Capture();
  let abort!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal!.reason);
  });
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), aborted]);
      if (done) return all.bytes();
      const chunk = chunkOf(value);
      if (all.length + chunk.length > MAX_CAPTURED) {
        throw new Error(`more than ${MAX_CAPTURED} bytes of a stream, which this engine reads as a whole`);
      }
      all.write(chunk);
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    reader.releaseLock();
  }
}
/** Throws everything away. */
export const discard: Sink = { ...always, takesViews: true, permit: () => HIGH_WATER, write() {}, flush() {} };

/** Keeps everything. */
export class Capture implements Sink {
  readonly takesViews = true;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(HIGH_WATER);
  #length = 0;

  /** How many bytes were written so far. */
  get length(): number {
    return this.#length;
  }

  ready(): boolean {
    return true;
  }
  onReady(): () => void {
    return () => {};
  }
  permit(): number {
    if (this.#length >= MAX_CAPTURED) throw new Error(`more than ${MAX_CAPTURED} bytes of output to capture`);
    return Math.min(HIGH_WATER, MAX_CAPTURED - this.#length);
  }
  write(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }
  flush(): void {}

  /** What was written so far. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

/**
 * Writes to a web stream, with its backpressure; without suspension, what was written is kept
 * until the guest has ended.
 */
export class WritableSink implements Sink {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #signal = new Signal();
  readonly #most: number = features.jspi ? HIGH_WATER : MAX_CAPTURED;
  #pending = 0;
  #flushing = false;
  #failure: { readonly error: unknown } | undefined;
  /** Whether who took the bytes wants no more: a stream that was cancelled without a reason. */
  #closed = false;

  constructor(stream: WritableStream<Uint8Array>) {
    this.#writer = stream.getWriter();
    this.#writer.closed.then(() => this.#fail(undefined), (error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (error === undefined) this.#closed = true;
    else this.#failure ??= { error };
    this.#signal.fire();
  }

  ready(): boolean {
    if (this.#pending === 0) this.#flushing = false;
    return this.#failure !== undefined || this.#closed || !this.#flushing && this.#pending < this.#most;
  }
  onReady(callback: () => void): () => void {
    return this.#signal.on(callback);
  }
  permit(): number | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#closed) return undefined;
    return this.ready() ? Math.min(HIGH_WATER, this.#most - this.#pending) : 0;
  }
  write(bytes: Uint8Array): void {
    this.#pending += bytes.length;
    this.#writer.write(bytes).then(() => {
      this.#pending -= bytes.length;
      this.#signal.fire();
    }, (error) => this.#fail(error));
  }
  flush(): void {
    this.#flushing = features.jspi;
  }

  /** Closes the stream, once everything was taken. */
  shut(): void {
    this.#writer.close().catch(() => {});
  }

  /**
   * Waits until everything was taken, or it is aborted, and lets go of the stream, which stays
   * open.
   */
  async end(signal: AbortSignal | undefined): Promise<void> {
    const aborted = (): void => this.#signal.fire();
    signal?.addEventListener("abort", aborted);
    while (this.#pending > 0 && this.#failure === undefined && !this.#closed && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const stop = this.#signal.on(() => {
          stop();
          resolve();
        });
      });
    }
    signal?.removeEventListener("abort", aborted);
    this.#writer.releaseLock();
    if (this.#failure !== undefined) throw this.#failure.error;
    // What was not taken is lost: whoever ended the wait is told that it was ended.
    if (signal?.aborted && this.#pending > 0 && !this.#closed) throw reasonOf(signal);
  }
}
