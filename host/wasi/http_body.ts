// wasi:http/types: bodies, incoming over a web stream, outgoing as one.

import "../../abi/dispose.ts";
import { err, ok, type Result } from "../../abi/results.ts";
import { Trap } from "../../errors.ts";
import { features } from "../../core/features.ts";
import { Fields } from "./http_fields.ts";
import { Pollable } from "./poll.ts";
import { always, Signal } from "./readiness.ts";
import { bytesSource, empty, HIGH_WATER, MAX_CAPTURED, ReadableSource } from "./sources.ts";
import { InputStream, OutputStream, type Sink, type Source, StreamFailure } from "./streams.ts";

/** The variant `error-code`. */
export interface ErrorCode {
  readonly tag: string;
  readonly val?: unknown;
}

/** A body as it comes in: a web stream, or bytes where nothing can be waited for. */
export type BodyInit = ReadableStream<Uint8Array> | Uint8Array | null;

/** The resource `incoming-body`. */
export class IncomingBody {
  #source: Source | undefined;

  /** Made by the library only. */
  constructor(body: BodyInit) {
    this.#source = body === null ? empty : body instanceof Uint8Array ? bytesSource(body) : new ReadableSource(body);
  }

  /** Its bytes; once. */
  stream(): InputStream | Result<never, undefined> {
    const source = this.#source;
    if (source === undefined) return err() as Result<never, undefined>;
    this.#source = undefined;
    return new InputStream(source);
  }

  /** Its trailers, of which the platform tells nothing. */
  static finish(body: IncomingBody): FutureTrailers {
    body[Symbol.dispose]();
    return new FutureTrailers();
  }

  [Symbol.dispose](): void {
    this.#source?.close?.();
    this.#source = undefined;
  }
}

/** The resource `future-trailers`. */
export class FutureTrailers {
  #given = false;

  /** Ready at once. */
  subscribe(): Pollable {
    return new Pollable(always);
  }

  /** No trailers; once. */
  get(): Result<Result<undefined, ErrorCode>, undefined> {
    if (this.#given) return err() as Result<never, undefined>;
    this.#given = true;
    return ok(ok(undefined));
  }
}

/** The platform's end of an outgoing body. */
class BodySink implements Sink {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #signal = new Signal();
  readonly #expected: number | undefined;
  readonly #sizeCode: string;
  /** Called once it ended as it should. */
  ended: () => void = () => {};
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #state: "open" | "closed" = "open";
  written = 0;

  constructor(expected: number | undefined, sizeCode: string) {
    this.#expected = expected;
    this.#sizeCode = sizeCode;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#signal.fire(),
      cancel: () => this.#close(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER }));
  }

  #close(): void {
    this.#state = "closed";
    this.#signal.fire();
  }

  ready(): boolean {
    return this.permit() !== 0;
  }
  onReady(callback: () => void): () => void {
    return this.#signal.on(callback);
  }
  permit(): number | undefined {
    if (this.#state === "closed") return undefined;
    // Where no guest can be suspended, nobody can take anything while it runs.
    if (!features.jspi) return Math.min(HIGH_WATER, MAX_CAPTURED - this.written);
    return Math.max(this.#controller.desiredSize ?? 0, 0);
  }
  write(bytes: Uint8Array): void {
    this.written += bytes.length;
    if (this.#expected !== undefined && this.written > this.#expected) {
      throw new StreamFailure("more bytes than content-length says", { http: this.sizeError() });
    }
    this.#controller.enqueue(bytes);
  }
  flush(): void {}

  /** The end, or the end by an error. */
  end(error?: Error): void {
    if (this.#state === "closed") return;
    this.#close();
    if (error === undefined) {
      this.#controller.close();
      this.ended();
    } else this.#controller.error(error);
  }

  sizeError(): ErrorCode {
    return { tag: this.#sizeCode, val: BigInt(this.written) };
  }

  get complete(): boolean {
    return this.#expected === undefined || this.#expected === this.written;
  }
}

/** The resource `outgoing-body`. */
export class OutgoingBody {
  readonly #sink: BodySink;
  #written = false;

  /**
   * @param expected What `content-length` says.
   * @param sizeCode The error's name if that is not so.
   */
  constructor(expected: number | undefined, sizeCode: string) {
    this.#sink = new BodySink(expected, sizeCode);
  }

  /** Calls back once it was finished as it should be. */
  onFinish(callback: () => void): void {
    this.#sink.ended = callback;
  }

  /** Its bytes as they are written. */
  get readable(): ReadableStream<Uint8Array> {
    return this.#sink.stream;
  }

  /** The stream to write it to; once. */
  write(): OutputStream | Result<never, undefined> {
    if (this.#written) return err() as Result<never, undefined>;
    this.#written = true;
    return new OutputStream(this.#sink);
  }

  /** Its end. Trailers are checked, and have no way to go. */
  static finish(body: OutgoingBody, trailers: Fields | undefined): Result<undefined, ErrorCode> {
    if (trailers !== undefined && !(trailers instanceof Fields)) {
      throw new Trap("interface-rule", "trailers that are no fields");
    }
    if (!body.#sink.complete) {
      body.#sink.end(new Error("a body shorter than content-length says"));
      return err(body.#sink.sizeError());
    }
    body.#sink.end();
    return ok(undefined);
  }

  /** Takes what is written, and throws it away. */
  discard(): void {
    this.readable.pipeTo(new WritableStream()).catch(() => {});
  }

  /** Ends it by an error, if it was not finished. */
  fail(error: Error): void {
    this.#sink.end(error);
  }

  [Symbol.dispose](): void {
    this.fail(new Error("the guest dropped the body before it was finished"));
  }
}
