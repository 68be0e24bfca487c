// One request of a guest through either version of WASI's HTTP client: what is wanted and the
// network's options enter; the response with its whole body, or the error, leaves. And a place to
// send it to.

import { wasi, type WasiOptions } from "@windlass/component/wasi";
import { begin, outcome, type Wanted, wire, writeAll } from "./http_support.ts";
import { type Any, good, interfacesOf, isErr, text, utf8 } from "./support.ts";

/** What came of a request. */
export type Exchanged =
  | { readonly status: number; readonly headers: Record<string, string>; readonly body: string }
  /** The `error-code` instead of a response. */
  | { readonly error: unknown }
  /** The `error-code` with which the response's body broke off. */
  | { readonly broken: unknown };

/** Timeouts in nanoseconds. */
export interface Timeouts {
  readonly firstByte?: bigint;
  readonly betweenBytes?: bigint;
}
/** A request as both versions have it. */
export interface Asked extends Omit<Wanted, "options" | "authority"> {
  readonly authority: string;
  readonly timeouts?: Timeouts;
}
/** Sends a request, and receives all of the response. */
export type Exchange = (network: WasiOptions["network"], asked: Asked) => Promise<Exchanged>;

const named = (entries: readonly (readonly [string, Uint8Array])[]): Record<string, string> =>
  Object.fromEntries(entries.map(([name, value]) => [name, text(value)]));

/**
 * Sets the timeouts of the resource `request-options`, whose setters have the same names in both.
 */
function withTimeouts(options: Any, { firstByte, betweenBytes }: Timeouts): Any {
  if (firstByte !== undefined) good(options.setFirstByteTimeout(firstByte));
  if (betweenBytes !== undefined) good(options.setBetweenBytesTimeout(betweenBytes));
  return options;
}

const exchange: Exchange = async (network, asked) => {
  const of = await interfacesOf({ network: network! }), types = of("http/types");
  const options = asked.timeouts && withTimeouts(new types.RequestOptions(), asked.timeouts);
  const { answer, body } = begin(of, { ...asked, options });
  if (isErr(answer)) return { error: answer.val };
  if (body !== undefined) await writeAll(types.OutgoingBody, body, asked.body!);
  const response = await outcome(answer);
  if (isErr(response)) return { error: response.val };
  const { val } = response, stream = good(good(val.consume()).stream());
  let all = "";
  for (;;) {
    const part = await stream.blockingRead(65_536n);
    if (!isErr(part)) all += text(good(part));
    else if (part.val.tag === "closed") {
      return { status: val.status(), headers: named(val.headers().entries()), body: all };
    } else return { broken: types.httpErrorCode(part.val.val) };
  }
};

/** Bytes as a stream in two parts. */
function parts(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const half = bytes.length >> 1, left = [bytes.subarray(0, half), bytes.subarray(half)];
  return new ReadableStream({
    pull(controller) {
      const next = left.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  });
}

const p3Exchange: Exchange = async (network, { method, authority, path, fields = [], body, timeouts }) => {
  const imports = await wasi({ network: network! }) as Any;
  const { Fields, Request, RequestOptions, Response } = imports["wasi:http/types@0.3.0"];
  const headers = good(Fields.fromList(fields.map(([name, value]) => [name, new TextEncoder().encode(value)])));
  const options = timeouts && withTimeouts(new RequestOptions(), timeouts);
  const none = Promise.resolve({ tag: "ok", val: undefined });
  const [request] = Request.new(headers, body && parts(body), none, options);
  good(request.setScheme({ tag: "HTTP" }));
  good(request.setAuthority(authority));
  if (method !== undefined) good(request.setMethod(method));
  if (path !== undefined) good(request.setPathWithQuery(path));
  const response = await imports["wasi:http/client@0.3.0"].send(request);
  if (isErr(response)) return { error: response.val };
  const [stream, trailers] = Response.consumeBody(response, none);
  let all = "";
  for await (const bytes of stream) all += text(bytes);
  const ended = await trailers;
  if (ended.tag === "err") return { broken: ended.val };
  return { status: response.getStatusCode(), headers: named(response.getHeaders().copyAll()), body: all };
};

/** The versions. */
export const FACES: Readonly<Record<string, Exchange>> = { "0.2": exchange, "0.3": p3Exchange };

/**
 * A place that gives back what it is sent: the server behind the tests' page, or one of the test's
 * own.
 */
export async function echoing(use: (authority: string) => Promise<void>): Promise<void> {
  const { location } = globalThis as { location?: { readonly host: string } };
  if (location !== undefined) return await use(location.host);
  const server = await wire(({ body }, socket) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
    socket.end(Uint8Array.from([...utf8(head), ...body]));
  });
  try {
    await use(server.authority);
  } finally {
    await server.close();
  }
}
