// Bodies of messages of WASI 0.3 on their way in and out: what was received, for a guest; what a guest
// sends, as long as its `content-length` says and settled once all of it was taken.

import { err, ok } from "../../abi/codecs/results.ts";
import { errorCode } from "./http_error.ts";
import type { BodyInit } from "./http_received.ts";
import { Body, type Contents, type Taken, type Trailers } from "./p3_http.ts";
import { fromSource } from "./p3_streams.ts";
import { sourceOf } from "./sources.ts";

/** What was received, as a body for a guest. Its trailers say how it ended. */
export function receivedBody(contents: BodyInit): Body {
  if (contents === null) return new Body(undefined, Promise.resolve(ok(undefined) as Trailers));
  const [stream, ended] = fromSource(sourceOf(contents), errorCode);
  return new Body(stream, ended.then((end) => (end.tag === "ok" ? ok(undefined) : end) as Trailers));
}

/** Reads a guest's stream or one of the host's that a guest hands on. */
function readerOf(contents: Contents): { next(): Promise<IteratorResult<Uint8Array>>; cancel(): Promise<unknown> } {
  if (contents instanceof ReadableStream) {
    const reader = contents.getReader();
    return {
      next: () => reader.read() as Promise<IteratorResult<Uint8Array>>,
      cancel: () => reader.cancel(),
    };
  }
  const iterator = contents[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    cancel: () => Promise.resolve(iterator.return?.()),
  };
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
  code: "HTTP-request-body-size" | "HTTP-response-body-size",
  finish: (isWhole: boolean) => void = () => {},
): ReadableStream<Uint8Array> | undefined {
  const { contents, ended } = body.taking();
  const settle = (taken: Taken): void => {
    body.settle(taken);
    finish(taken.tag === "ok");
  };
  if (contents === undefined) {
    settle(ok(undefined) as Taken);
    return undefined;
  }
  const reader = readerOf(contents);
  let count = 0;
  return new ReadableStream({
    async pull(controller) {
      let next: IteratorResult<Uint8Array>, end: Taken | undefined;
      try {
        next = await reader.next();
        // A body is whole when its trailers say so.
        if (next.done) end = await ended;
      } catch (error) {
        finish(false);
        throw error;
      }
      const { done, value } = next;
      count += value?.length ?? 0;
      if (length !== undefined && (count > length || done && count < length)) {
        settle(err({ tag: code, val: BigInt(count) }) as Taken);
        reader.cancel().catch(() => {});
        controller.error(new Error(`a body of ${count} bytes, and content-length says ${length}`));
      } else if (end?.tag === "err") {
        body.settle(end);
        finish(true); // the guest has said so, it has not broken down
        controller.error(new Error(`a body broke off: ${end.val.tag}`));
      } else if (done) {
        settle(ok(undefined) as Taken);
        controller.close();
      } else controller.enqueue(value);
    },
    cancel: async () => {
      settle(ok(undefined) as Taken);
      await reader.cancel();
    },
  }, { highWaterMark: 0 });
}
