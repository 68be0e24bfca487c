// Trailers of messages: a Request and a Response have no place for them, so that who makes one and who
// takes it know them here. `listen` reads and writes them, handlers of WASI 0.3 take and give them.

import type { FieldMap } from "./http_field_map.ts";

/** Names and values. */
export type TrailerPairs = readonly (readonly [name: string, value: string])[];

const ofRequests = new WeakMap<Request, Promise<TrailerPairs>>();
const ofResponses = new WeakMap<Response, Promise<FieldMap | undefined>>();

/**
 * Fields that say how a message is framed, sent or taken, and so must not come after it (RFC 9110,
 * 6.5.1).
 */
const REFUSED: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Notes what will come after the body of a request. */
export function noteRequestTrailers(request: Request, trailers: Promise<TrailerPairs>): void {
  trailers.catch(() => {}); // who reads the body is told
  ofRequests.set(request, trailers);
}

/** What comes after the body of a request, once it has come; nothing where that is not known. */
export function requestTrailers(request: Request): Promise<TrailerPairs> | undefined {
  return ofRequests.get(request);
}

/** Notes what will come after the body of a response. */
export function noteResponseTrailers(response: Response, trailers: Promise<FieldMap | undefined>): void {
  trailers.catch(() => {});
  ofResponses.set(response, trailers);
}

/** What comes after the body of a response, without what must not; none where nothing is known. */
export async function responseTrailers(response: Response): Promise<[string, string][]> {
  const fields = await ofResponses.get(response);
  return (fields?.pairs() ?? []).filter(([name]) => !REFUSED.has(name.toLowerCase()));
}
