// What a guest answered, as the platform's Response: for handlers of 0.2 and 0.3.

import type { FieldMap } from "./http_field_map.ts";

/** Statuses whose responses have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** What a client sees of a handler that failed. */
export function failure(): Response {
  return new Response("Internal Server Error", { status: 500 });
}

/**
 * Makes a Response.
 *
 * @param status What the guest said; a Response has 200 to 599.
 * @param fields Its headers.
 * @param isHead Whether the request was for the head only.
 * @param bodyOf Gives the body; called only if the Response may have one.
 * @returns The response, whether the body is in it, and why the guest's answer could not be sent.
 */
export function toResponse(
  status: number,
  fields: FieldMap,
  isHead: boolean,
  bodyOf: () => ReadableStream<Uint8Array> | undefined,
): { readonly response: Response; readonly hasBody: boolean; readonly error?: unknown } {
  const hasBody = !isHead && !BODILESS.has(status);
  try {
    if (status < 200 || status > 599) {
      throw new RangeError(`the handler answered with status ${status}, which no Response has`);
    }
    const headers = new Headers(fields.pairs());
    return { response: new Response(hasBody ? bodyOf() ?? null : null, { status, headers }), hasBody };
  } catch (error) {
    return { response: failure(), hasBody: false, error };
  }
}
