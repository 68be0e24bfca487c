// A server of `node:http` around a handler: a handler goes in, an address that answers comes out.
// Messages of Node's become a Request, a Response becomes what Node sends. Bodies wait for whoever
// reads them, both ways.

import { checkKnown, type Known } from "../../core/binary/known_names.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { joinCookies } from "./http_field_map.ts";
import { keepsMethod, takesBody } from "./http_method.ts";
import { noteRequestTrailers, responseTrailers, type TrailerPairs } from "./http_trailers.ts";
import { askToListen, required } from "./base/platform.ts";

/** Options of {@linkcode listen}. */
export interface ListenOptions {
  /** The port; 0 is any that is free. Default 8080. */
  port?: number;
  /** The address to listen at; default `127.0.0.1`, which only this machine reaches. */
  hostname?: string;
}

/** A server that listens. */
export interface Listening {
  /** Its address, as a URL. */
  readonly url: string;
  /** Takes no more requests; resolves when those under way were answered. */
  close(): Promise<void>;
}

/** What answers a request. */
type Handler = (request: Request) => Promise<Response>;

/**
 * Serves a handler by HTTP, through Node's `node:http`: in Deno, Node and Bun.
 *
 * A response whose body breaks off ends its connection, so that the client sees that something is
 * missing. Nothing that a handler or a client does ends the process. A client that goes away aborts
 * the request's signal.
 *
 * @param handler What answers a request, for example what `serve` gives.
 * @param options Where to listen.
 * @returns Its address, once it listens.
 * @throws TypeError if an option is not one, or the runtime has no `node:http`; the system's error
 * if it cannot listen there.
 *
 * @example
 * ```ts
 * import { listen, serve } from "@windlass/component/wasi";
 * import { assertEquals } from "@std/assert";
 *
 * const handler = await serve(await Deno.readFile("tests/wasi/guests/server.wasm"));
 * const server = await listen(handler, { port: 0 });
 * assertEquals(await (await fetch(new URL("/hello", server.url))).text(), "Hello!\n");
 * await server.close();
 * ```
 */
export async function listen(
  handler: (request: Request) => Promise<Response>,
  options: ListenOptions = {},
): Promise<Listening> {
  const { port, hostname } = checked(options);
  const http = required("node:http", "servers");
  if (!await askToListen(hostname, port)) throw new Error(`this process may not listen at ${hostname}:${port}`);
  let closing = false;
  /** Connections over which no request has come yet. */
  const unused = new Set<Socket>();
  const server = http.createServer((message, response) => {
    unused.delete(message.socket);
    response.once("close", () => {
      if (closing) setTimeout(closeIdle);
    });
    answer(handler, message, response).catch((error) => {
      // What broke down here was no body, which `answer` ends itself.
      if (!response.destroyed) console.error(error);
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  // A connection that cannot be accepted later on, for want of descriptors say, ends nothing.
  server.on("error", (error) => console.error(error));
  server.on("connection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  // A client that keeps its connection for a next request, or for its first, would hold up the
  // server's end.
  const closeIdle = (): void => {
    server.closeIdleConnections?.();
    for (const socket of unused) socket.destroy();
  };
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      closing = true;
      server.close(() => resolve());
      closeIdle();
    });
  const at = hostname.includes(":") ? `[${hostname}]` : hostname;
  return { url: `http://${at}:${(server.address() as AddressInfo).port}/`, close };
}

const LISTEN_OPTIONS: Known<ListenOptions> = { port: true, hostname: true };

function checked(options: ListenOptions): Required<ListenOptions> {
  checkKnown("option of listen", options, LISTEN_OPTIONS);
  const { port = 8080, hostname = "127.0.0.1" } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new TypeError("listen's port must be 0 to 65535");
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("listen's hostname must be a name or an address");
  }
  return { port, hostname };
}

/**
 * What a message asks for; nothing if that cannot be said as a URL, or if it is an error to HTTP:
 * several hosts (RFC 9112, 3.2), a user's name or password (RFC 9110, 4.2.4).
 */
function urlOf({ url = "/", headers: { host = "localhost" }, rawHeaders }: IncomingMessage): URL | undefined {
  if (rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host").length > 1) return undefined;
  if (!/^[^\s/?#@\\]+$/.test(host)) return undefined;
  // A target that begins with two slashes is a path all the same.
  const target = url.startsWith("/") ? `http://${host}${url}` : url;
  if (!URL.canParse(target)) return undefined;
  const found = new URL(target);
  if (found.username !== "" || found.password !== "") return undefined;
  return found.protocol === "http:" || found.protocol === "https:" ? found : undefined;
}

/** The fields of a message. */
function fieldsOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const length = rawHeaders.length / 2;
  return joinCookies(Array.from({ length }, (_, i) => [rawHeaders[2 * i]!, rawHeaders[2 * i + 1]!]));
}

/** One exchange. */
async function answer(handler: Handler, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const abort = new AbortController();
  // The client is gone: `close` comes next.
  message.on("error", () => {});
  response.on("error", () => {});
  response.once("close", () => {
    if (!response.writableFinished) abort.abort(new Error("the client went away"));
  });
  const { method = "GET" } = message, url = urlOf(message);
  // A body that nobody gets is received all the same: the connection serves another request only
  // then.
  if (url === undefined || !takesBody(method) || !keepsMethod(method)) message.resume();
  if (url === undefined) return void response.writeHead(400).end();
  // The platform has no Request for CONNECT, TRACE, and in Bun many others.
  if (!keepsMethod(method)) return void response.writeHead(501).end();
  const request = new Request(url, {
    method,
    headers: fieldsOf(message),
    signal: abort.signal,
    ...takesBody(method) ? { body: bodyOf(message), duplex: "half" } : {},
  } as RequestInit);
  if (takesBody(method)) noteRequestTrailers(request, trailersOf(message));
  // So it is with one that nobody began to read.
  response.once("finish", () => {
    if (!request.bodyUsed && !request.body?.locked) request.body?.cancel().catch(() => {});
  });
  const answered = await handler(request), { status, headers, body } = answered;
  // Nobody is there to read it.
  if (abort.signal.aborted || response.destroyed) return void body?.cancel(abort.signal.reason).catch(() => {});
  const lines = [...headers].filter(([name]) => name !== "set-cookie");
  response.writeHead(status, [...lines, ...headers.getSetCookie().map((cookie) => ["set-cookie", cookie])].flat());
  if (body === null) return void response.end();
  if (method === "HEAD") {
    response.end();
    return void body.cancel().catch(() => {});
  }
  // A client may wait for the head before it goes on, and sees it even if there is never a body.
  response.flushHeaders();
  await write(body, response, () => responseTrailers(answered));
}

/** The fields that come after the body of a message, once all of it has come. */
function trailersOf(message: IncomingMessage): Promise<TrailerPairs> {
  return new Promise((resolve, reject) => {
    message.once("end", () => {
      const { rawTrailers = [] } = message, { length } = rawTrailers;
      resolve(Array.from({ length: length >> 1 }, (_, i) => [rawTrailers[2 * i]!, rawTrailers[2 * i + 1]!]));
    });
    message.once("close", () => reject(new Error("the client went away")));
  });
}

/** The body of a message: paused whenever nobody asks for more. */
function bodyOf(message: IncomingMessage): ReadableStream<Uint8Array> {
  let ended = false;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const end = (action: () => void) => {
        if (!ended) action();
        ended = true;
      };
      message.on("data", (chunk: Uint8Array) => {
        if (ended) return;
        // A plain view: Node's Buffer is a class of its own, and may be a part of a larger memory.
        controller.enqueue(new Uint8Array(chunk));
        message.pause();
      });
      message.once("end", () => end(() => controller.close()));
      const broken = (error?: unknown) => end(() => controller.error(error ?? new Error("the client went away")));
      message.once("error", broken);
      message.once("close", () => broken());
      message.pause();
    },
    pull: () => void message.resume(),
    cancel() {
      ended = true;
      // The connection can serve another request only if this one was read.
      message.resume();
    },
  }, { highWaterMark: 0 });
}

/** Writes a body as fast as the client takes it. One that breaks off ends the connection. */
async function write(
  body: ReadableStream<Uint8Array>,
  response: ServerResponse,
  trailers: () => Promise<[string, string][]>,
): Promise<void> {
  const reader = body.getReader();
  let awake = () => {};
  response.on("drain", () => awake());
  response.once("close", () => {
    // Whoever makes the body is told at once, even if it is just now waiting for something else.
    if (!response.writableFinished) reader.cancel(new Error("the client went away")).catch(() => {});
    awake();
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (response.destroyed) return;
      if (done) {
        const after = await trailers();
        // They are sent only where the end of a body is a chunk, and not its length.
        if (after.length > 0) response.addTrailers(after);
        return void response.end();
      }
      if (value.length === 0 || response.write(value)) continue;
      await new Promise<void>((resolve) => awake = resolve);
    }
  } catch {
    // The handler's own error is told where it was made (`onError` of `serve`); the client sees a
    // body without its end.
    cut(response);
  }
}

/** Ends a connection after what was written to it, but without the end of the response. */
function cut(response: ServerResponse): void {
  const { socket } = response;
  if (typeof socket?.destroySoon === "function") socket.destroySoon();
  else response.destroy();
}
