// A server that keeps what arrives on the wire, and a guest's way to send a request.

import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { Any } from "./support.ts";
import { good, text } from "./support.ts";

/** What one connection brought. */
export interface Arrived {
  /** The request line and the fields, as they were written. */
  readonly head: readonly string[];
  readonly body: Uint8Array;
}

/**
 * A server of the wire: each connection is one request. Answers once the request is whole, with
 * what `respond` writes.
 */
export async function wire(
  respond: (request: Arrived, socket: Socket) => void = (_, socket) => socket.end(OK),
): Promise<{ authority: string; arrived: Arrived[]; close(): Promise<void> }> {
  const arrived: Arrived[] = [], open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let bytes = new Uint8Array(), answered = false;
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    socket.on("data", (chunk: Uint8Array) => {
      const all = new Uint8Array(bytes.length + chunk.length);
      all.set(bytes);
      all.set(chunk, bytes.length);
      bytes = all;
      const request = parsed(bytes);
      if (request === undefined || answered) return;
      answered = true;
      arrived.push(request);
      respond(request, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    authority: `127.0.0.1:${port}`,
    arrived,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** The simplest answer. */
export const OK = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/** A request, if it is whole. */
function parsed(bytes: Uint8Array): Arrived | undefined {
  const latin = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const end = latin.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = latin.slice(0, end).split("\r\n"), rest = bytes.subarray(end + 4);
  const length = head.map((line) => /^content-length: (\d+)$/i.exec(line)?.[1]).find((found) => found !== undefined);
  if (length !== undefined) return rest.length < Number(length) ? undefined : { head, body: rest };
  if (!head.some((line) => /^transfer-encoding: chunked$/i.test(line))) return { head, body: rest };
  return chunked(rest, head);
}

function chunked(rest: Uint8Array, head: readonly string[]): Arrived | undefined {
  const body: number[] = [];
  for (let at = 0;;) {
    const line = rest.indexOf(13, at);
    if (line < 0) return undefined;
    const size = parseInt(text(rest.subarray(at, line)), 16), start = line + 2;
    if (rest.length < start + size + 2) return undefined;
    if (size === 0) return { head, body: Uint8Array.from(body) };
    for (const byte of rest.subarray(start, start + size)) body.push(byte);
    at = start + size + 2;
  }
}

/** What a guest sets of a request. */
export interface Wanted {
  readonly method?: Any;
  readonly authority?: string;
  readonly path?: string;
  readonly fields?: readonly (readonly [string, string])[];
  /** Written after the request was begun. */
  readonly body?: Uint8Array;
  /** The resource `request-options`. */
  readonly options?: Any;
}

/** Makes a request as a guest does, and begins it. */
export function begin(of: (name: string) => Any, wanted: Wanted): { answer: Any; body: Any } {
  const { Fields, OutgoingRequest } = of("http/types");
  const fields = (wanted.fields ?? []).map(([name, value]) => [name, new TextEncoder().encode(value)]);
  const request = new OutgoingRequest(good(Fields.fromList(fields)));
  good(request.setScheme({ tag: "HTTP" }));
  if (wanted.method !== undefined) good(request.setMethod(wanted.method));
  if (wanted.authority !== undefined) good(request.setAuthority(wanted.authority));
  if (wanted.path !== undefined) good(request.setPathWithQuery(wanted.path));
  const body = wanted.body === undefined ? undefined : good(request.body());
  return { answer: of("http/outgoing-handler").handle(request, wanted.options), body };
}

/** Writes a body as much as is permitted at a time, and finishes it. */
export async function writeAll(OutgoingBody: Any, body: Any, bytes: Uint8Array): Promise<void> {
  const stream = good(body.write());
  for (let at = 0; at < bytes.length;) {
    const permit = Number(good(await stream.checkWrite()));
    if (permit === 0) await stream.subscribe().block();
    else good(await stream.write(bytes.subarray(at, at += permit)));
  }
  stream[Symbol.dispose]();
  good(OutgoingBody.finish(body, undefined));
}

/** What a request came to that was begun: `ok` with an incoming response, or `err` with a code. */
export async function outcome(future: Any): Promise<Any> {
  await good(future).subscribe().block();
  return good(future.get());
}
