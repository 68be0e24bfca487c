// The body of a request that goes out through `fetch`, in a way that each engine has.
// Deno, Node and Bun send a stream as it is written. Firefox and WebKit send none: the body is kept
// until it is whole.
// Chromium sends one by HTTP/2 only: a body is kept as long as that is possible, and streamed only
// when it is too large.

import { concat } from "../../core/binary/bytes.ts";
import { BodyTooLarge } from "./http_received.ts";
import { MAX_KEPT_BODY } from "./http_limits.ts";
import { builtin } from "./base/platform.ts";

/** What `fetch` is given for a body. */
export type Upload = { readonly body: ReadableStream<Uint8Array>; readonly duplex: "half" } | {
  readonly body: Uint8Array<ArrayBuffer>;
};

/** Whether a request can have a stream for a body. */
function takesStreams(): boolean {
  let asked = false;
  const init = {
    method: "POST",
    body: new ReadableStream(),
    get duplex(): string {
      asked = true;
      return "half";
    },
  };
  try {
    // An engine that does not know streams here makes a text of one, or does not ask for `duplex`.
    // Deno and Bun do not ask either.
    const text = new Request("http://localhost/", init).headers.has("content-type");
    return !text && (asked || isServer());
  } catch {
    return false;
  }
}

/** Whether `fetch` sends a body while it is written. */
export function sendsStreams(): boolean {
  return takesStreams() && isServer();
}

/** Whether this is a server's runtime, where `fetch` streams by every version of HTTP. */
function isServer(): boolean {
  return builtin("node:http") !== undefined;
}

/** A body that is being written, as `fetch` takes it here. */
export async function uploadOf(stream: ReadableStream<Uint8Array>): Promise<Upload> {
  const streams = takesStreams();
  if (sendsStreams()) return { body: stream, duplex: "half" };
  const reader = stream.getReader(), chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { body: concat(chunks) };
    chunks.push(value);
    length += value.length;
    if (length <= MAX_KEPT_BODY) continue;
    if (streams) return { body: resumed(chunks, reader), duplex: "half" };
    const error = new BodyTooLarge();
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** A stream of chunks that were read, and then of the others. */
function resumed(
  chunks: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      if (at < chunks.length) return controller.enqueue(chunks[at++]!);
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
