// WASI 0.2's resources for interfaces of a program's own: web streams, bytes and promises enter,
// objects that a guest gets as `input-stream`, `output-stream` and `pollable` leave.

import { describe } from "../../errors.ts";
import { Pollable } from "./poll.ts";
import { Settled } from "./readiness.ts";
import { sourceOf, WritableSink } from "./sources.ts";
import { InputStream, OutputStream } from "./streams.ts";

/**
 * Resources of WASI 0.2 (`wasi:io`) for interfaces of a program's own.
 *
 * A host function gives such an object where the interface wants an `input-stream`, an
 * `output-stream` or a `pollable`, and `wasi()` serves its methods. What a guest gives back is the
 * same object. It has the methods of its interface in camelCase, such as `blockingRead`; they give
 * results as host functions do.
 *
 * What waits for a web stream or a promise needs a guest that can be suspended, as all of WASI
 * does: a call through `instance.promising`, in an engine with JSPI. Elsewhere bytes can be read,
 * and a web stream is given what was written once the guest has returned.
 *
 * @example
 * ```ts
 * import { instantiate } from "@windlass/component";
 * import { wasi, wasiResources } from "@windlass/component/wasi";
 * import { assertEquals } from "@std/assert";
 *
 * // A guest that writes to its standard output, which is a stream of ours here.
 * const bytes = await Deno.readFile("tests/wasi/guests/hello.wasm");
 * const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
 * const instance = await instantiate(bytes, {
 *   ...await wasi({ args: ["hello", "ann"] }),
 *   "wasi:cli/stdout@0.2.0": { getStdout: () => wasiResources.outputStream(writable) },
 * });
 * const text = new Response(readable).text(); // ends when the guest drops its stream
 * await instance.promising.exports["wasi:cli/run@0.2.0"].run();
 * assertEquals(await text, "Hello, ann!\n");
 * ```
 */
export const wasiResources: {
  /**
   * An `input-stream` of a stream, or of bytes. It is read as the guest reads. A failure of the
   * stream is the guest's `last-operation-failed`, with the failure's message. When the guest
   * drops it, the stream is cancelled. Bytes are not copied: they must not change before they are
   * read.
   *
   * @throws TypeError if it is neither, or the stream is locked.
   */
  inputStream(from: ReadableStream<Uint8Array> | Uint8Array): object;
  /**
   * An `output-stream` over a stream, with its backpressure. A failure of the stream is the
   * guest's `last-operation-failed`, with the failure's message; a stream that is closed is
   * `closed`.
   *
   * When the guest drops it, the stream is closed, once it has taken what was written: dropping is
   * the only way in which a guest can say that nothing follows, and the program has no other way
   * to hear it. (The option `stdout` leaves its stream open, since a guest may ask for its
   * standard output again.) A stream that is to stay open is given through one of the program's
   * own.
   *
   * @throws TypeError if it is not one, or is locked.
   */
  outputStream(to: WritableStream<Uint8Array>): object;
  /**
   * A `pollable` that is ready once the promise is settled. One that is rejected makes it ready,
   * too: what came of it is for another function of the interface to say.
   *
   * @throws TypeError if it is not a promise.
   */
  pollable(ready: PromiseLike<unknown>): object;
} = {
  inputStream(from) {
    if (!(from instanceof Uint8Array)) {
      mustBeFree("inputStream", "a ReadableStream or a Uint8Array", from, ReadableStream);
    }
    return new InputStream(sourceOf(from));
  },
  outputStream(to) {
    mustBeFree("outputStream", "a WritableStream", to, WritableStream);
    return new OutputStream(new ClosingSink(to));
  },
  pollable(ready) {
    if (typeof (ready as Partial<PromiseLike<unknown>> | null | undefined)?.then !== "function") {
      throw wrong("pollable", "a promise", describe(ready));
    }
    // A `then` that is not of a promise may throw.
    return new Pollable(new Settled(Promise.resolve(ready)));
  },
};

/** Closes its stream when the guest drops the resource. */
class ClosingSink extends WritableSink {
  close(): void {
    this.shut();
  }
}

function mustBeFree(
  name: string,
  expected: string,
  stream: { readonly locked: boolean },
  type: typeof ReadableStream | typeof WritableStream,
): void {
  if (!(stream instanceof type)) throw wrong(name, expected, describe(stream));
  if (stream.locked) throw wrong(name, expected, "a stream that is locked");
}

function wrong(name: string, expected: string, found: string): TypeError {
  return new TypeError(`wasiResources.${name} takes ${expected}, found ${found}`);
}
