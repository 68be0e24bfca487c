// Streams and futures of WASI 0.3 over the sources and sinks of 0.2: the same bytes, pulled when a
// guest reads and taken as fast as a sink permits.
// A source becomes a stream and a future that says how it ended; a guest's stream is written to a
// sink, and a promise says how that ended.

import { ByteSource, type ByteTaker } from "../../abi/concurrency/byte_streams.ts";
import { err, ok, type Result } from "../../abi/codecs/results.ts";
import { type Bytes, bytesOf } from "./p3_bytes.ts";
import { whenReady } from "./readiness.ts";
import type { Sink, Source } from "./streams.ts";
import { isHeld, nextTurn } from "./turns.ts";

/** At most this many bytes are given by one read. */
const MAX_CHUNK = 1 << 16;

/** How a stream has ended. */
export type Ended<E> = Result<undefined, E>;

/** A stream that has nothing. */
export async function* nothing(): AsyncGenerator<never> {}

/** A stream that cannot begin: it has nothing, and the future says why. */
export function failedStream<E>(error: E): readonly [AsyncIterable<never>, Promise<Ended<E>>] {
  return [nothing(), Promise.resolve(err(error) as Ended<E>)];
}

/** The bytes of a source, for a guest, or for JavaScript that iterates over them. */
class SourceBytes<E> extends ByteSource implements AsyncIterator<Uint8Array> {
  readonly #source: Source;
  readonly #codeOf: (error: unknown) => E;
  readonly #end: (ended: Ended<E>) => void;
  #over = false;
  /** Whether the event loop has its turn before the next read, although there are bytes. */
  #rests = false;

  constructor(source: Source, codeOf: (error: unknown) => E, end: (ended: Ended<E>) => void) {
    super();
    this.#source = source;
    this.#codeOf = codeOf;
    this.#end = end;
  }

  ready(): boolean {
    return this.#over || this.#source.ready();
  }

  onReady(callback: () => void): () => void {
    if (!this.#rests) return this.#source.onReady(callback);
    this.#rests = false;
    let isWanted = true;
    nextTurn().then(() => {
      if (isWanted) callback();
    });
    return () => {
      isWanted = false;
    };
  }

  readInto(place: Uint8Array): number | undefined {
    return this.#read(0, () => intoPlace(this.#source, place));
  }

  read(max: number): Uint8Array | undefined {
    return this.#read(new Uint8Array(), () => plain(this.#source.read(max)));
  }

  /** Reads, or ends. */
  #read<T>(none: T, read: () => T | undefined): T | undefined {
    if (this.#over) return undefined;
    // A guest that always finds something does not give the thread away itself.
    this.#rests = isHeld();
    if (this.#rests) return none;
    try {
      const found = read();
      if (found !== undefined) return found;
      this.#finish(ok(undefined) as Ended<E>);
    } catch (error) {
      this.#finish(err(this.#codeOf(error)) as Ended<E>);
    }
    return undefined;
  }

  /** The guest reads no more. */
  close(): void {
    this.#finish(ok(undefined) as Ended<E>);
  }

  #finish(ended: Ended<E>): void {
    if (this.#over) return;
    this.#over = true;
    this.#source.close?.();
    this.#end(ended);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const value = this.read(MAX_CHUNK);
      if (value === undefined) return { done: true, value };
      if (value.length > 0) return { done: false, value };
      await whenReady(this);
    }
  }

  // deno-lint-ignore require-await
  async return(): Promise<IteratorResult<Uint8Array>> {
    this.close();
    return { done: true, value: undefined };
  }
}

/** Moves what a source has into a buffer. How much that was: 0 for nothing yet, `undefined` at the end. */
function intoPlace(source: Source, place: Uint8Array): number | undefined {
  if (source.readInto !== undefined) return source.readInto(place);
  const bytes = source.read(place.length);
  if (bytes === undefined) return undefined;
  place.set(bytes);
  return bytes.length;
}

/**
 * Bytes that JavaScript may get: Node's Buffer is a class of its own, and may be a part of a larger
 * memory.
 */
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined || bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes);
}

/** A source as `tuple<stream<u8>, future<result<_, E>>>`. */
export function fromSource<E>(
  source: Source,
  codeOf: (error: unknown) => E,
): [AsyncIterable<Uint8Array>, Promise<Ended<E>>] {
  const { promise, resolve } = Promise.withResolvers<Ended<E>>();
  return [new SourceBytes(source, codeOf, resolve), promise];
}

/** Writes what it reads to a sink. */
class Pump<E> implements ByteTaker {
  readonly #bytes: Bytes;
  readonly #sink: Sink;
  readonly #codeOf: (error: unknown) => E;
  readonly #closed: E;
  readonly #end: (ended: Ended<E>) => void;
  /** What the sink threw. */
  #failure: { readonly error: unknown } | undefined;
  #over = false;
  #running = false;
  /** Whether what was asked for has come, so that more may be asked for. */
  #idle = true;

  constructor(bytes: Bytes, sink: Sink, codeOf: (error: unknown) => E, closed: E, end: (ended: Ended<E>) => void) {
    this.#bytes = bytes;
    this.#sink = sink;
    this.#codeOf = codeOf;
    this.#closed = closed;
    this.#end = end;
  }

  /** Asks for bytes for as long as they come at once. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    while (this.#idle && !this.#over) this.#ask();
    this.#running = false;
  }

  #ask(): void {
    this.#idle = false;
    if (this.#sink.takesViews === true && isHeld()) return void nextTurn().then(() => this.taken());
    let permit: number | undefined;
    try {
      if (this.#failure !== undefined) throw this.#failure.error;
      permit = this.#sink.permit();
    } catch (error) {
      return this.#stop(err(this.#codeOf(error)) as Ended<E>);
    }
    if (permit === undefined) this.#stop(err(this.#closed) as Ended<E>);
    else if (permit === 0) whenReady(this.#sink).then(() => this.taken());
    else this.#bytes.read(permit, this);
  }

  take(bytes: Uint8Array, areOwn: boolean): void {
    if (this.#failure !== undefined) return;
    try {
      this.#sink.write(areOwn || this.#sink.takesViews === true ? bytes : new Uint8Array(bytes));
    } catch (error) {
      this.#failure = { error };
    }
  }

  taken(): void {
    this.#idle = true;
    this.run();
  }

  over(): void {
    this.#over = true;
    this.#flush().then((ended) => this.#finish(ended));
  }

  /** Waits until the sink has handed on everything. */
  async #flush(): Promise<Ended<E>> {
    try {
      const sink = this.#sink;
      // A sink that has ended is not flushed: its `permit` says why it has.
      if (sink.permit() !== undefined) sink.flush();
      while (!sink.ready()) await whenReady(sink);
      await sink.settle?.();
      return sink.permit() === undefined ? err(this.#closed) as Ended<E> : ok(undefined) as Ended<E>;
    } catch (error) {
      return err(this.#codeOf(error)) as Ended<E>;
    }
  }

  fail(error: unknown): void {
    this.#over = true;
    this.#finish(err(this.#codeOf(error)) as Ended<E>);
  }

  /** Nothing more can be written. */
  #stop(ended: Ended<E>): void {
    this.#over = true;
    this.#bytes.cancel();
    this.#finish(ended);
  }

  #finish(ended: Ended<E>): void {
    this.#sink.close?.();
    this.#end(ended);
  }
}

/** Writes a guest's stream to a sink. Says how that ended once the sink has taken everything. */
export function intoSink<E>(
  stream: ReadableStream<Uint8Array>,
  sink: Sink,
  codeOf: (error: unknown) => E,
  closed: E,
): Promise<Ended<E>> {
  return new Promise((end) => new Pump(bytesOf(stream), sink, codeOf, closed, end).run());
}
