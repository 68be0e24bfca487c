// Streams and futures of WASI 0.3 over the sources and sinks of 0.2: the same bytes, pulled when a
// guest reads and taken as fast as a sink permits.
// A source becomes a stream and a future that says how it ended; a guest's stream is written to a
// sink, and a promise says how that ended.

import { err, ok, type Result } from "../../abi/codecs/results.ts";
import { whenReady } from "./readiness.ts";
import type { Sink, Source } from "./streams.ts";

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

/** Gives the bytes of a source to a guest. */
class SourceIterator<E> implements AsyncIterator<Uint8Array> {
  readonly #source: Source;
  readonly #codeOf: (error: unknown) => E;
  readonly #end: (ended: Ended<E>) => void;
  #over = false;

  constructor(source: Source, codeOf: (error: unknown) => E, end: (ended: Ended<E>) => void) {
    this.#source = source;
    this.#codeOf = codeOf;
    this.#end = end;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      while (!this.#over) {
        const bytes = this.#source.read(MAX_CHUNK);
        if (bytes === undefined) break;
        if (bytes.length > 0) return { done: false, value: bytes };
        await whenReady(this.#source);
      }
      this.#finish(ok(undefined) as Ended<E>);
    } catch (error) {
      this.#finish(err(this.#codeOf(error)) as Ended<E>);
    }
    return { done: true, value: undefined };
  }

  /** The guest reads no more. */
  // deno-lint-ignore require-await
  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#finish(ok(undefined) as Ended<E>);
    return { done: true, value: undefined };
  }

  #finish(ended: Ended<E>): void {
    if (this.#over) return;
    this.#over = true;
    this.#source.close?.();
    this.#end(ended);
  }
}

/** A source as `tuple<stream<u8>, future<result<_, E>>>`. */
export function fromSource<E>(
  source: Source,
  codeOf: (error: unknown) => E,
): [AsyncIterable<Uint8Array>, Promise<Ended<E>>] {
  const { promise, resolve } = Promise.withResolvers<Ended<E>>();
  const iterator = new SourceIterator(source, codeOf, resolve);
  return [{ [Symbol.asyncIterator]: () => iterator }, promise];
}

/** Writes a guest's stream to a sink. Says how that ended once the sink has taken everything. */
export async function intoSink<E>(
  stream: ReadableStream<Uint8Array>,
  sink: Sink,
  codeOf: (error: unknown) => E,
  closed: E,
): Promise<Ended<E>> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (let at = 0; at < value.length;) {
        const permit = sink.permit();
        if (permit === undefined) {
          await reader.cancel();
          return err(closed) as Ended<E>;
        }
        if (permit === 0) {
          await whenReady(sink);
          continue;
        }
        const part = value.subarray(at, at + permit);
        sink.write(part);
        at += part.length;
      }
    }
    // A sink that has ended is not flushed: its `permit` says why it has.
    if (sink.permit() !== undefined) sink.flush();
    while (!sink.ready()) await whenReady(sink);
    await sink.settle?.();
    return sink.permit() === undefined ? err(closed) as Ended<E> : ok(undefined) as Ended<E>;
  } catch (error) {
    await reader.cancel().catch(() => {});
    return err(codeOf(error)) as Ended<E>;
  } finally {
    sink.close?.();
  }
}
