// Bodies of messages of WASI 0.3 on their way in and out: what was received, for a guest; what a guest
// sends, as long as its `content-length` says and settled once all of it was taken.

import type { ByteTaker } from "../../abi/concurrency/byte_streams.ts";
import { err, ok } from "../../abi/codecs/results.ts";
import { errorCode } from "./http_error.ts";
import { FieldMap } from "./http_field_map.ts";
import type { TrailerPairs } from "./http_trailers.ts";
import { P3Fields } from "./p3_http_fields.ts";
import type { BodyInit } from "./http_received.ts";
import { Body, type Taken, type Trailers } from "./p3_http.ts";
import { type Bytes, bytesOf } from "./p3_bytes.ts";
import { fromSource } from "./p3_streams.ts";
import { sourceOf } from "./sources.ts";

/**
 * What was received, as a body for a guest. Its trailers say how it ended.
 *
 * @param after The fields that come after it, if they are known.
 */
export function receivedBody(contents: BodyInit, after?: Promise<TrailerPairs>): Body {
  if (contents === null) return new Body(undefined, Promise.resolve(ok(undefined) as Trailers));
  const [stream, ended] = fromSource(sourceOf(contents), errorCode);
  return new Body(stream, ended.then((end) => end.tag === "ok" ? fieldsOf(after) : end as Trailers));
}

/** What came after a body. Whoever sends it may go away when a guest has long dropped the stream. */
async function fieldsOf(after: Promise<TrailerPairs> | undefined): Promise<Trailers> {
  try {
    const pairs = await after ?? [];
    return ok(pairs.length === 0 ? undefined : P3Fields.over(FieldMap.received(pairs))) as Trailers;
  } catch (error) {
    return err(errorCode(error)) as Trailers;
  }
}

/** The error of a body that has another length than its message says. */
type SizeError = "HTTP-request-body-size" | "HTTP-response-body-size";

/** At most this many bytes are in one chunk. */
const MAX_CHUNK = 1 << 16;

/** A body on its way out: the underlying source of a ReadableStream. */
class OutgoingBytes implements UnderlyingDefaultSource<Uint8Array>, ByteTaker {
  readonly #bytes: Bytes;
  /** They say how it ended. */
  readonly #trailers: Promise<Trailers>;
  readonly #length: number | undefined;
  readonly #code: SizeError;
  /** Told once how the body was taken, or `undefined`, and whether the guest did what it said. */
  readonly #end: (taken: Taken | undefined, isWhole: boolean) => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #count = 0;
  /** Whether a chunk was asked for that has not come. */
  #asked = false;
  #chunk: Uint8Array | undefined;
  #cancelled = false;

  constructor(
    bytes: Bytes,
    trailers: Promise<Trailers>,
    length: number | undefined,
    code: SizeError,
    end: (taken: Taken | undefined, isWhole: boolean) => void,
  ) {
    this.#bytes = bytes;
    this.#trailers = trailers;
    this.#length = length;
    this.#code = code;
    this.#end = end;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  pull(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#bytes.read(MAX_CHUNK, this);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#end(ok(undefined) as Taken, true);
    this.#bytes.cancel();
  }

  take(bytes: Uint8Array, areOwn: boolean): void {
    this.#chunk = areOwn ? bytes : new Uint8Array(bytes); // faster than `slice`
  }

  taken(): void {
    this.#asked = false;
    const chunk = this.#chunk!;
    this.#count += chunk.length;
    if (this.#length === undefined || this.#count <= this.#length) return this.#controller.enqueue(chunk);
    this.#misfits();
    this.#bytes.cancel();
  }

  over(): void {
    if (this.#length !== undefined && this.#count < this.#length) return this.#misfits();
    this.#trailers.then((trailers) => this.#whole(trailers), (error) => this.fail(error));
  }

  /** A body is whole when its trailers say so. If they say that it is not, the guest has not broken down. */
  #whole(trailers: Trailers): void {
    if (this.#cancelled) return;
    const taken = (trailers.tag === "err" ? trailers : ok(undefined)) as Taken;
    this.#end(taken, true);
    if (taken.tag === "ok") this.#controller.close();
    else this.#controller.error(new Error(`a body broke off: ${taken.val.tag}`));
  }

  /** It has another length than `content-length` says. */
  #misfits(): void {
    this.#end(err({ tag: this.#code, val: BigInt(this.#count) }) as Taken, false);
    this.#controller.error(new Error(`a body of ${this.#count} bytes, and content-length says ${this.#length}`));
  }

  fail(error: unknown): void {
    if (this.#cancelled) return;
    this.#end(undefined, false);
    this.#controller.error(error);
  }
}

/**
 * Takes the body of a message for the host.
 *
 * @param body The body; it is settled once it was taken.
 * @param length What `content-length` says.
 * @param code The error of a body that has another length.
 * @param finish Called when nothing more is taken, with whether the body did not break off.
 * @returns The body as a stream, or nothing if there is none.
 */
export function sendBody(
  body: Body,
  length: number | undefined,
  code: SizeError,
  finish: (isWhole: boolean) => void = () => {},
): ReadableStream<Uint8Array> | undefined {
  const { contents, trailers } = body.taking();
  const end = (taken: Taken | undefined, isWhole: boolean): void => {
    if (taken !== undefined) body.settle(taken);
    finish(isWhole);
  };
  if (contents !== undefined) {
    return new ReadableStream(new OutgoingBytes(bytesOf(contents), trailers, length, code, end), { highWaterMark: 0 });
  }
  end(ok(undefined) as Taken, true);
  return undefined;
}
