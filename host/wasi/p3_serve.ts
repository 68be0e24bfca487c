// Serving HTTP with WASI 0.3: one call of `wasi:http/handler` as a Response.
// A Request and an instance enter, a Response leaves; the instance is given back when the body of
// the response was taken.

import { ComponentError } from "../../errors.ts";
import { FieldMap } from "./http_field_map.ts";
import { methodOf, schemeOf } from "./http_method.ts";
import type { BodyInit } from "./http_received.ts";
import { noteResponseTrailers, requestTrailers } from "./http_trailers.ts";
import { type Body, P3Request, type P3Response } from "./p3_http.ts";
import { P3Fields } from "./p3_http_fields.ts";
import { receivedBody, sendBody } from "./p3_http_bodies.ts";
import { failure, toResponse } from "./http_response.ts";

/** `handle`. */
export type Handle = (request: P3Request) => Promise<P3Response>;

/** A Request as a guest gets it. */
function requestOf(request: Request, contents: BodyInit): P3Request {
  const made = new P3Request(FieldMap.received(request.headers), receivedBody(contents, requestTrailers(request)));
  const { pathname, search, protocol, host } = new URL(request.url);
  made.setMethod(methodOf(request.method));
  made.setPathWithQuery(pathname + search);
  made.setScheme(schemeOf(protocol.slice(0, -1)));
  made.setAuthority(host);
  return made;
}

/** The trailers that a guest gives for a body, if they come. */
async function trailersOf(body: Body): Promise<FieldMap | undefined> {
  const trailers = await body.taking().trailers;
  return trailers.tag === "ok" && trailers.val !== undefined ? P3Fields.mapOf(trailers.val) : undefined;
}

/**
 * Answers one request.
 *
 * @param handle The guest's function.
 * @param request What came in.
 * @param contents Its body.
 * @param tell Told of a failure, which the client sees as status 500.
 * @param finish Called when the body of the response was taken; with false if the guest broke down.
 * @returns The response.
 */
export async function answer(
  handle: Handle,
  request: Request,
  contents: BodyInit,
  tell: (error: unknown) => void,
  finish: (isUsable: boolean) => void,
): Promise<Response> {
  let response: P3Response;
  try {
    response = await handle(requestOf(request, contents));
  } catch (error) {
    const isAnswer = error instanceof ComponentError;
    if (!isAnswer) tell(error);
    finish(isAnswer);
    return failure();
  }
  const { fields, body } = response, status = response.getStatusCode();
  const made = toResponse(
    status,
    fields,
    request.method === "HEAD",
    () => sendBody(body, fields.contentLength, "HTTP-response-body-size", finish),
  );
  if (made.hasBody) {
    noteResponseTrailers(made.response, trailersOf(body));
    return made.response;
  }
  response[Symbol.dispose]();
  finish(true);
  if (made.error !== undefined) tell(made.error);
  return made.response;
}
