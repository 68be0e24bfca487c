// The body of a message that came in, in a way that each engine has: Firefox has no `Request.body`.

import { concat } from "../../core/binary/bytes.ts";
import { MAX_KEPT_BODY } from "./http_limits.ts";

/** A body as it comes in: a web stream, or bytes where nothing can be waited for. */
export type BodyInit = ReadableStream<Uint8Array> | Uint8Array | null;

/** Thrown for a body of more bytes than are kept. */
export class BodyTooLarge extends Error {
  constructor() {
    super(`a body of more than ${MAX_KEPT_BODY} bytes, which cannot be streamed here`);
  }
}

/** A message's body, to be read as it comes. */
export function streamOf(message: Request | Response): BodyInit | Promise<BodyInit> {
  const { body } = message as { body?: ReadableStream<Uint8Array> | null };
  return body === undefined ? blobStream(message) : body;
}

async function blobStream(message: Request | Response): Promise<BodyInit> {
  // A blob need not lie in memory.
  const blob = await message.blob();
  return blob.size === 0 ? null : blob.stream();
}

/** A message's body, all of it. */
export async function bytesOf(message: Request | Response): Promise<Uint8Array | null> {
  const { body } = message as { body?: ReadableStream<Uint8Array> | null };
  if (body === null) return null;
  if (body !== undefined) return concat(await chunksOf(body));
  const blob = await message.blob();
  if (blob.size > MAX_KEPT_BODY) throw new BodyTooLarge();
  return blob.size === 0 ? null : new Uint8Array(await blob.arrayBuffer());
}

/** The chunks of a stream that keeps the bound; the stream is cancelled where it does not. */
async function chunksOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const reader = stream.getReader(), chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    length += value.length;
    if (length > MAX_KEPT_BODY) {
      const error = new BodyTooLarge();
      reader.cancel(error).catch(() => {});
      throw error;
    }
    chunks.push(value);
  }
}
