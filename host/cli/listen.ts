// An HTTP server around a handler, by whatever the runtime has.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { ReadableStream as NodeStream } from "node:stream/web";

type Handler = (request: Request) => Promise<Response>;

/** A server that listens. */
export interface Listening {
  /** Its address, as a URL. */
  readonly url: string;
  close(): Promise<void>;
}

/** Listens. Port 0 is any that is free. */
export async function listen(handler: Handler, hostname: string, port: number): Promise<Listening> {
  const { Deno: deno } = globalThis as { Deno?: { serve: typeof Deno.serve } };
  const shown = hostname.includes(":") ? `[${hostname}]` : hostname;
  if (deno !== undefined) {
    const server = deno.serve({ hostname, port, onListen: () => {} }, (request) => handler(request));
    return { url: `http://${shown}:${server.addr.port}/`, close: () => server.shutdown() };
  }
  return await listenNode(handler, hostname, port);
}

/** The same by `node:http`, which Bun has too. */
export async function listenNode(handler: Handler, hostname: string, port: number): Promise<Listening> {
  const shown = hostname.includes(":") ? `[${hostname}]` : hostname;
  const server = createServer((message, response) => {
    answer(handler, message, response).catch((error) => response.destroy(error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => resolve());
  });
  return {
    url: `http://${shown}:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** One exchange of `node:http`, as a Request and a Response. */
async function answer(handler: Handler, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const abort = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) abort.abort();
  });
  const { method = "GET", rawHeaders } = message;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  const sends = method !== "GET" && method !== "HEAD";
  const request = new Request(new URL(message.url ?? "/", `http://${message.headers.host ?? "localhost"}`), {
    method,
    headers,
    signal: abort.signal,
    ...sends ? { body: Readable.toWeb(message) as ReadableStream<Uint8Array>, duplex: "half" } : {},
  } as RequestInit);
  const { status, headers: sent, body } = await handler(request);
  const lines = [...sent].filter(([name]) => name !== "set-cookie");
  response.writeHead(status, [...lines, ...sent.getSetCookie().map((cookie) => ["set-cookie", cookie])].flat());
  if (body === null) return void response.end();
  await new Promise<void>((resolve, reject) => {
    Readable.fromWeb(body as NodeStream).once("error", reject).pipe(response).once("close", resolve);
  });
}
