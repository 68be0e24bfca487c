// wasi:http/outgoing-handler over `fetch`: a guest's request goes out if its host is allowed; redirects are the guest's to follow.

import { err, ok, type Result } from "../../abi/results.ts";
import type { ErrorCode, OutgoingBody } from "./http_body.ts";
import type { HttpPolicy } from "./http_policy.ts";
import {
  bodyOf,
  FutureIncomingResponse,
  IncomingResponse,
  methodName,
  type OutgoingRequest,
  type RequestOptions,
  schemeName,
} from "./http_types.ts";
import { uploadOf } from "./http_upload.ts";
import { StreamFailure } from "./streams.ts";

type Refused = Result<never, ErrorCode>;
const refuse = (tag: string, val?: unknown): Refused => err(val === undefined ? { tag } : { tag, val }) as Refused;

/** Milliseconds, no longer than a timer can be. */
function milliseconds(duration: bigint): number {
  const most = 2n ** 31n - 1n, ms = duration / 1_000_000n;
  return Number(ms > most ? most : ms);
}

/** `handle`. */
export function handle(
  policy: HttpPolicy,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): FutureIncomingResponse | Refused {
  const answer = begin(policy, request, options);
  if (!(answer instanceof FutureIncomingResponse)) unread(bodyOf(request));
  return answer;
}

/** Tells who writes a body that nobody reads it. */
function unread(body: OutgoingBody | undefined): void {
  body?.fail(new Error("nobody reads the request's body any more"));
}

function begin(
  policy: HttpPolicy,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): FutureIncomingResponse | Refused {
  const scheme = request.scheme(), authority = request.authority();
  if (authority === undefined) return refuse("HTTP-request-URI-invalid");
  const name = scheme === undefined ? "https" : schemeName(scheme);
  if (name !== "http" && name !== "https") return refuse("HTTP-protocol-error");
  const origin = `${name}://${authority}`, path = request.pathWithQuery() ?? "/";
  if (!URL.canParse(origin + path)) return refuse("HTTP-request-URI-invalid");
  const url = new URL(origin + path);
  if (url.origin !== new URL(origin).origin || url.username !== "") return refuse("HTTP-request-URI-invalid");
  if (!policy.allows(url)) return refuse("HTTP-request-denied");
  const method = methodName(request.method()).toUpperCase(), body = bodyOf(request);
  if (method === "CONNECT" || method === "TRACE") return refuse("HTTP-request-method-invalid");
  const sends = body !== undefined && method !== "GET" && method !== "HEAD";
  const abort = new AbortController();
  // What a GET says is thrown away: `fetch` sends none.
  if (!sends) body?.discard();
  const outcome = send(
    url,
    {
      method,
      headers: request.headers().toHeaders(),
      redirect: "manual",
      signal: abort.signal,
    },
    { options, abort, body, upload: sends ? body.readable : undefined },
  );
  return new FutureIncomingResponse(outcome, () => {
    abort.abort();
    unread(body);
  });
}

/** What belongs to one request. */
interface Exchange {
  readonly options: RequestOptions | undefined;
  readonly abort: AbortController;
  readonly body: OutgoingBody | undefined;
  /** What of the body is sent. */
  readonly upload: ReadableStream<Uint8Array> | undefined;
}

async function send(
  url: URL,
  init: RequestInit,
  exchange: Exchange,
): Promise<Result<IncomingResponse, ErrorCode>> {
  const { options, abort, upload } = exchange;
  const limits = [options?.connectTimeout(), options?.firstByteTimeout()].filter((limit) => limit !== undefined);
  const timeout = { tag: "connection-timeout" };
  const timer = limits.length === 0
    ? undefined
    : setTimeout(() => abort.abort(timeout), milliseconds(limits.reduce((sum, limit) => sum + limit, 0n)));
  try {
    const response = await fetch(
      url,
      upload === undefined ? init : { ...init, ...await uploadOf(url, upload, abort.signal) } as RequestInit,
    );
    const headers = new Headers(response.headers);
    if (headers.has("content-encoding")) {
      // `fetch` has decoded the body: what these say is no longer so.
      headers.delete("content-encoding");
      headers.delete("content-length");
    }
    if (response.type === "opaqueredirect") {
      unread(exchange.body);
      return refuse("internal-error", "a redirect, which this runtime hides");
    }
    const body = response.body === null ? null : readable(response.body, exchange);
    if (body === null) unread(exchange.body);
    return ok(new IncomingResponse(response.status, headers, body));
  } catch (error) {
    unread(exchange.body);
    return abort.signal.reason === timeout ? refuse(timeout.tag) : err(errorCode(error)) as Refused;
  } finally {
    clearTimeout(timer);
  }
}

/** A response's body, whose errors have codes, and which may not pause for too long. */
function readable(
  received: ReadableStream<Uint8Array>,
  { options, abort, body }: Exchange,
): ReadableStream<Uint8Array> {
  const reader = received.getReader(), between = options?.betweenBytesTimeout();
  return new ReadableStream({
    async pull(controller) {
      let late = false;
      const timer = between === undefined ? undefined : setTimeout(() => {
        late = true;
        abort.abort();
      }, milliseconds(between));
      try {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          unread(body);
        } else controller.enqueue(value);
      } catch (error) {
        unread(body);
        const http = late ? { tag: "connection-read-timeout" } : errorCode(error);
        controller.error(new StreamFailure(String(error), { http }));
      } finally {
        clearTimeout(timer);
      }
    },
    cancel(reason) {
      unread(body);
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** What `fetch` threw, as well as it can be told: runtimes say it in codes, or in words only. */
function errorCode(error: unknown): ErrorCode {
  const words: string[] = [];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    words.push(`${(at as { code?: unknown }).code ?? ""} ${at.message}`);
  }
  const all = words.join("; ");
  const known: readonly (readonly [RegExp, ErrorCode])[] = [
    [/ECONNREFUSED|connection ?refused/i, { tag: "connection-refused" }],
    [/ENOTFOUND|EAI_AGAIN|dns error|lookup address|FailedToOpenSocket/i, { tag: "DNS-error", val: {} }],
    [/ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|timed out/i, { tag: "connection-timeout" }],
    [/ECONNRESET|UND_ERR_SOCKET|connection ?(?:reset|closed)|socket hang up/i, { tag: "connection-terminated" }],
    [/certificate|CERT_|SELF_SIGNED/i, { tag: "TLS-certificate-error" }],
    [/Requires net access|NotCapable/i, { tag: "HTTP-request-denied" }],
  ];
  return known.find(([pattern]) => pattern.test(all))?.[1] ?? { tag: "internal-error", val: all.slice(0, 1000) };
}
