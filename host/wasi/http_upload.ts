// What `fetch` is given as a request's body: the stream itself where an engine sends streams, all
// of its bytes where not.

import { builtin } from "./platform.ts";
import { readAll } from "./sources.ts";

let streaming: boolean | undefined;

/**
 * Whether `fetch` sends streams. Firefox and WebKit send the text "[object ReadableStream]"
 * instead, without a word:
 * Firefox gives that text a content type, WebKit does not ask for `duplex`, which streams need.
 */
export function sendsStreams(): boolean {
  if (builtin("node:fs") !== undefined) return true; // Deno, Node, Bun
  let asked = false;
  const init = {
    method: "POST",
    body: new ReadableStream(),
    get duplex(): "half" {
      asked = true;
      return "half";
    },
  };
  const { headers } = new Request("http://localhost/", init);
  return asked && !headers.has("content-type");
}

/**
 * What to give to `fetch` as `body`.
 *
 * @param url Where it goes. A browser sends streams by HTTP/2 only, which a URL without TLS never
 * has.
 */
export async function uploadOf(
  url: URL,
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<{ body: ReadableStream<Uint8Array>; duplex: "half" } | { body: Uint8Array<ArrayBuffer> }> {
  streaming ??= sendsStreams();
  const streams = streaming && (url.protocol === "https:" || builtin("node:fs") !== undefined);
  return streams ? { body, duplex: "half" } : { body: await readAll(body, signal) };
}
