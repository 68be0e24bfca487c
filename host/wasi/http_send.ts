// A request on its way out through `fetch`, the runtime's or the program's own, apart from any
// version of WASI: what to send goes in, what came comes out.

import { type ErrorCode, errorCode } from "./http_error.ts";
import type { FieldMap } from "./http_field_map.ts";
import { fetched, type Init, unlessAborted } from "./http_fetch.ts";
import type { Fetch } from "./http_policy.ts";
import { type BodyInit, streamOf } from "./http_received.ts";
import { uploadOf } from "./http_upload.ts";
import { chunkOf } from "./sources.ts";
import { StreamFailure } from "./streams.ts";

/** A request to send. */
export interface Sending {
  /** What sends it; `undefined` is the runtime's `fetch`. */
  readonly fetch: Fetch | undefined;
  readonly url: URL;
  readonly method: string;
  readonly fields: FieldMap;
  /** Its bytes; missing where there are none. */
  readonly body: ReadableStream<Uint8Array> | undefined;
  /** Called, perhaps more than once, when nobody reads the body any more. */
  readonly unread: () => void;
  /** How long things may take, in nanoseconds. */
  readonly connectTimeout: bigint | undefined;
  readonly firstByteTimeout: bigint | undefined;
  readonly betweenBytesTimeout: bigint | undefined;
  /** Ends the exchange. */
  readonly abort: AbortController;
}

/** A response that came, or why none did. */
export type Received = { readonly status: number; readonly headers: Headers; readonly body: BodyInit } | {
  readonly error: ErrorCode;
};

/** Milliseconds, no longer than a timer can be. */
function milliseconds(duration: bigint): number {
  const most = 2n ** 31n - 1n, ms = duration / 1_000_000n;
  return Number(ms > most ? most : ms);
}

/** Sends it, and waits for the head of the response. */
export async function send(sending: Sending): Promise<Received> {
  const { url, method, fields, body, abort } = sending;
  const unread = untaken(sending);
  const limits = [sending.connectTimeout, sending.firstByteTimeout].filter((limit) => limit !== undefined);
  // `fetch` does not say when it is connected: one time is for both, and the error names the one
  // that was asked for.
  const timeout = { tag: sending.connectTimeout === undefined ? "connection-read-timeout" : "connection-timeout" };
  const timer = limits.length === 0
    ? undefined
    : setTimeout(() => abort.abort(timeout), milliseconds(limits.reduce((sum, limit) => sum + limit, 0n)));
  try {
    const response = await fetched(sending.fetch, url, {
      method,
      headers: fields.pairs(),
      redirect: "manual",
      signal: abort.signal,
      ...body === undefined ? {} : await uploadOf(body),
    } as Init);
    const headers = new Headers(response.headers);
    if (headers.has("content-encoding")) {
      // `fetch` has decoded the body: what these say is no longer so.
      headers.delete("content-encoding");
      headers.delete("content-length");
    }
    if (response.status < 100) {
      unread();
      const hidden = response.type === "opaqueredirect" ? "a redirect, which this runtime hides" : "no status";
      return { error: { tag: "internal-error", val: hidden } };
    }
    const received = await streamOf(response);
    if (!(received instanceof ReadableStream)) unread();
    return {
      status: response.status,
      headers,
      body: received instanceof ReadableStream ? readable(received, sending, unread) : received,
    };
  } catch (error) {
    unread();
    return { error: abort.signal.reason === timeout ? timeout : errorCode(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** Tells who writes the body that the exchange is over, also where nobody began to read it. */
function untaken({ body, unread }: Sending): () => void {
  return () => {
    unread();
    if (body !== undefined && !body.locked) body.cancel().catch(() => {});
  };
}

/** A response's body, whose errors have codes, and which may not pause for too long. */
function readable(
  received: ReadableStream<Uint8Array>,
  { betweenBytesTimeout, abort }: Sending,
  unread: () => void,
): ReadableStream<Uint8Array> {
  const reader = received.getReader();
  return new ReadableStream({
    async pull(controller) {
      let late = false;
      const timer = betweenBytesTimeout === undefined ? undefined : setTimeout(() => {
        late = true;
        abort.abort();
      }, milliseconds(betweenBytesTimeout));
      try {
        const read = reader.read();
        const { done, value } = await (timer === undefined ? read : unlessAborted(read, abort.signal, () => {}));
        if (done) {
          controller.close();
          unread();
        } else controller.enqueue(chunkOf(value));
      } catch (error) {
        unread();
        reader.cancel(error).catch(() => {});
        const http = late ? { tag: "connection-read-timeout" } : errorCode(error);
        controller.error(new StreamFailure(String(error), { http }));
      } finally {
        clearTimeout(timer);
      }
    },
    cancel(reason) {
      unread();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
