// An HTTP server around a handler, by whatever the runtime has.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";

type Handler = (request: Request) => Promise<Response>;

/** A server that listens. */
export interface Listening {
  /** Its address, as a URL. */
  readonly url: string;
  close(): Promise<void>;
}

/** Listens. Port 0 is any that is free. `onError` is told of what comes to nothing by no fault of the handler's client. */
export async function listen(
  handler: Handler,
  hostname: string,
  port: number,
  onError: (error: unknown) => void,
): Promise<Listening> {
  const { Deno: deno } = globalThis as { Deno?: { serve: typeof Deno.serve } };
  if (deno === undefined) return await listenNode(handler, hostname, port, onError);
  const server = deno.serve({ hostname, port, onListen: () => {} }, (request) => handler(request));
  return { url: `http://${shown(hostname)}:${server.addr.port}/`, close: () => server.shutdown() };
}

function shown(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** The same by `node:http`, which Bun has too. */
export async function listenNode(
  handler: Handler,
  hostname: string,
  port: number,
  onError: (error: unknown) => void,
): Promise<Listening> {
  const server = createServer((message, response) => {
    answer(handler, message, response).catch((error) => {
      // Who went away is no error of ours.
      if (response.headersSent || response.destroyed) return response.destroy();
      onError(error);
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => resolve());
  });
  return {
    url: `http://${shown(hostname)}:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** What a message asks for; nothing if that cannot be said as a URL. */
function urlOf({ url = "/", headers: { host = "localhost" } }: IncomingMessage): URL | undefined {
  if (!/^[^\s/?#@\\]+$/.test(host)) return undefined;
  // A target that begins with two slashes is a path all the same.
  const target = url.startsWith("/") ? `http://${host}${url}` : url;
  return URL.canParse(target) ? new URL(target) : undefined;
}

/** One exchange of `node:http`, as a Request and a Response. */
async function answer(handler: Handler, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const abort = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) abort.abort();
  });
  const { method = "GET", rawHeaders } = message, url = urlOf(message);
  if (url === undefined) return void response.writeHead(400).end();
  // The platform has no Request for these.
  if (method === "TRACE" || method === "CONNECT") return void response.writeHead(501).end();
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  const sends = method !== "GET" && method !== "HEAD";
  const request = new Request(url, {
    method,
    headers,
    signal: abort.signal,
    ...sends ? { body: Readable.toWeb(message) as ReadableStream<Uint8Array>, duplex: "half" } : {},
  } as RequestInit);
  const { status, headers: sent, body } = await handler(request);
  const lines = [...sent].filter(([name]) => name !== "set-cookie");
  response.writeHead(status, [...lines, ...sent.getSetCookie().map((cookie) => ["set-cookie", cookie])].flat());
  if (body === null) return void response.end();
  if (method === "HEAD") {
    response.end();
    return await body.cancel();
  }
  await pipeline(Readable.fromWeb(body as NodeStream), response);
}
