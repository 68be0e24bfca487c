// wasi:http/types 0.2: bodies, incoming over a source of bytes, outgoing as a web stream.

import "../../abi/dispose.ts";
import { err, ok, type Result } from "../../abi/codecs/results.ts";
import { Trap } from "../../errors.ts";
import { features } from "../../core/module/features.ts";
import type { Suspending } from "../func.ts";
import { Children } from "./children.ts";
import { type ErrorCode, errorCode } from "./http_error.ts";
import { Fields } from "./http_fields.ts";
import type { BodyInit } from "./http_received.ts";
import { Pollable } from "./poll.ts";
import { Signal } from "./readiness.ts";
import { HIGH_WATER, MAX_CAPTURED, ReadableSource, sourceOf } from "./sources.ts";
import { InputStream, OutputStream, type Sink, type Source, StreamFailure } from "./streams.ts";
import { asking, type Given } from "./waiting.ts";

/** What a body ends with: no trailers, or why it broke off. */
type Trailers = Result<undefined, ErrorCode>;

/** The resource `incoming-body`. */
export class IncomingBody {
  readonly #source: Source;
  readonly #children = new Children();
  #streamed = false;

  /** Made by the library only. */
  constructor(body: BodyInit) {
    this.#source = sourceOf(body);
  }

  /** Its bytes; once. */
  stream(): InputStream | Result<never, undefined> {
    if (this.#streamed) return err() as Result<never, undefined>;
    this.#streamed = true;
    const source = this.#source;
    return new InputStream({
      ready: () => source.ready(),
      onReady: (callback) => source.onReady(callback),
      read: (max) => source.read(max),
      // What the guest did not read is still to be received before there are trailers.
      close: this.#children.add(),
    });
  }

  /** Its trailers, once the rest of it was received. */
  static finish(body: IncomingBody): FutureTrailers {
    body.#mustBeAlone("finish of an incoming-body");
    return new FutureTrailers(body.#source);
  }

  /** Receives no more. What is read after that is the error. */
  static cut(body: IncomingBody, error: Error): void {
    if (body.#source instanceof ReadableSource) body.#source.close({ error });
  }

  /** Traps while the stream is alive; nothing more is received then. */
  #mustBeAlone(action: string): void {
    try {
      this.#children.mustBeGone(action, "input-stream");
    } catch (error) {
      this.#source.close?.();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#mustBeAlone("drop of an incoming-body");
    this.#source.close?.();
  }
}

/** Bytes of a body's rest that are thrown away at once. */
const SKIPPED = 1 << 16;

/**
 * The resource `future-trailers`. The platform tells nothing of trailers: only that a body has come
 * to its end, or broke off.
 */
export class FutureTrailers {
  readonly #source: Source;
  #outcome: Trailers | undefined;
  #given = false;

  /** @param source The rest of the body. */
  constructor(source: Source) {
    this.#source = source;
  }

  /** Throws away what is there of the body; whether that was its end. */
  #received(): boolean {
    try {
      while (this.#outcome === undefined && this.#source.ready()) {
        if (this.#source.read(SKIPPED) === undefined) this.#outcome = ok(undefined);
      }
    } catch (error) {
      this.#outcome = err(errorCode(error)) as Result<never, ErrorCode>;
    }
    return this.#outcome !== undefined;
  }

  /** Ready once the body was received, or broke off. */
  subscribe(): Pollable {
    return new Pollable({ ready: () => this.#received(), onReady: (callback) => this.#source.onReady(callback) });
  }

  /** Nothing yet, no trailers or the error, and later that it was given before. */
  declare get: Suspending<() => Given<Trailers> | Promise<Given<Trailers>>>;

  static {
    this.prototype.get = asking((self: FutureTrailers): Given<Trailers> => {
      if (self.#given) return err() as Result<never, undefined>;
      if (!self.#received()) return undefined;
      self.#given = true;
      return ok(self.#outcome!);
    }, (given) => given === undefined);
  }

  [Symbol.dispose](): void {
    this.#source.close?.();
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
  /** Called when the guest's stream is dropped. */
  close: () => void = () => {};
  /** Why bytes are refused, if they are. */
  refusal: string | undefined;
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
    if (this.refusal !== undefined) {
      throw new StreamFailure(this.refusal, { http: { tag: "internal-error", val: this.refusal } });
    }
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
  readonly #children = new Children();
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

  /** Whether bytes were written. */
  get hasBytes(): boolean {
    return this.#sink.written > 0;
  }

  /** The stream to write it to; once. */
  write(): OutputStream | Result<never, undefined> {
    if (this.#written) return err() as Result<never, undefined>;
    this.#written = true;
    this.#sink.close = this.#children.add();
    return new OutputStream(this.#sink);
  }

  /** Its end. Trailers are checked, and have no way to go. */
  static finish(body: OutgoingBody, trailers: Fields | undefined): Result<undefined, ErrorCode> {
    if (trailers !== undefined) {
      if (!(trailers instanceof Fields)) throw new Trap("interface-rule", "trailers that are no fields");
      Fields.take(trailers);
    }
    body.#mustBeAlone("finish of an outgoing-body");
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

  /** Has no bytes: a write of some fails, and says why. */
  stayEmpty(reason: string): void {
    this.#sink.refusal = reason;
  }

  /** Ends it by an error, if it was not finished. */
  fail(error: Error): void {
    this.#sink.end(error);
  }

  /** Traps while the stream is alive; who reads the body is told that it broke off. */
  #mustBeAlone(action: string): void {
    try {
      this.#children.mustBeGone(action, "output-stream");
    } catch (error) {
      this.fail(error as Error);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#mustBeAlone("drop of an outgoing-body");
    this.fail(new Error("the guest dropped the body before it was finished"));
  }
}
