// What sends a request: the runtime's `fetch`, or a function of the program's own
// (`network.fetch`). A URL and what `fetch` takes enter, a response leaves. The function is not
// trusted to listen to the signal, nor to give a Response.

import { describe } from "../../errors.ts";
import type { Fetch } from "./http_policy.ts";

/** What `fetch` takes besides the URL. */
export type Init = RequestInit & { readonly signal: AbortSignal };

/** Sends it. */
export function fetched(fetch: Fetch | undefined, url: URL, init: Init): Promise<Response> {
  return fetch === undefined ? globalThis.fetch(url, init) : given(fetch, new Request(url, init), init.signal);
}

async function given(fetch: Fetch, request: Request, signal: AbortSignal): Promise<Response> {
  const answer = (async (): Promise<unknown> => await fetch(request))();
  const response = await unlessAborted(answer, signal, (late) => void discard(late));
  if (isResponse(response)) return response;
  throw new TypeError(`network.fetch must give a Response, found ${describe(response)}`);
}

/** Tells who made it that nobody wants it, if it is a response. */
async function discard(response: unknown): Promise<void> {
  try {
    if (isResponse(response)) await response.body?.cancel();
  } catch {
    // Somebody else reads it, or it is of a class that cannot do that.
  }
}

/**
 * The promise's value, or the reason of an abort that comes first: a function that does not know
 * about the signal may take for ever.
 *
 * @param late Given the value that came too late.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal, late: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    promise.then((value) => {
      if (signal.aborted) late(value);
      resolve(value);
    }, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * Whether it has what a response has. It need not be of this class: other packages' `fetch` have
 * classes of their own.
 */
function isResponse(value: unknown): value is Response {
  if (value instanceof Response) return true;
  const { status, headers, body } = (value ?? {}) as Partial<Response>;
  return Number.isInteger(status) && typeof headers?.forEach === "function" &&
    (body === null || typeof body?.getReader === "function");
}
