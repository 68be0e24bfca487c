// wasi:http/outgoing-handler 0.2: a guest's request goes out if its host is allowed; redirects are
// the guest's to follow.

import { err, ok, type Result } from "../../abi/codecs/results.ts";
import type { OutgoingBody } from "./http_body.ts";
import type { ErrorCode } from "./http_error.ts";
import { keepsMethod, methodName, schemeName, takesBody } from "./http_method.ts";
import type { HttpPolicy } from "./http_policy.ts";
import { runtimeVersions } from "./base/platform.ts";
import { send } from "./http_send.ts";
import {
  bodyOf,
  fieldsOf,
  FutureIncomingResponse,
  IncomingResponse,
  mustBeAlone,
  type OutgoingRequest,
  type RequestOptions,
} from "./http_types.ts";

type Refused = Result<never, ErrorCode>;
const refuse = (tag: string, val?: unknown): Refused => err(val === undefined ? { tag } : { tag, val }) as Refused;

/** `handle`. */
export function handle(
  policy: HttpPolicy,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): FutureIncomingResponse | Refused {
  mustBeAlone(request, "outgoing-handler.handle of a request");
  const answer = begin(policy, request, options);
  if (!(answer instanceof FutureIncomingResponse)) unread(bodyOf(request));
  return answer;
}

/** Tells who writes a body that nobody reads it. */
function unread(body: OutgoingBody | undefined): void {
  body?.fail(new Error("nobody reads the request's body any more"));
}

/**
 * Whether a URL, and so `fetch`, would make another path of it: it resolves `.` and `..`, encoded
 * or
 * not, and takes a backslash for a slash. Bun makes one slash of two at the beginning.
 */
function isChanged(pathWithQuery: string): boolean {
  const [path = ""] = pathWithQuery.split("?");
  if (path.startsWith("//") && runtimeVersions().bun !== undefined) return true;
  return path.includes("\\") || path.split("/").some((part) => /^(?:\.|%2e){1,2}$/i.test(part));
}

/**
 * Where a request goes to; nothing if its parts are no URL, or one that leads elsewhere. Without a
 * path there is none, as in Wasmtime.
 */
export function urlOf(scheme: string, authority: string | undefined, path: string | undefined): URL | undefined {
  if (authority === undefined || path === undefined || isChanged(path)) return undefined;
  const origin = `${scheme}://${authority}`;
  if (!URL.canParse(origin + path)) return undefined;
  const url = new URL(origin + path);
  return url.origin === new URL(origin).origin && url.username === "" ? url : undefined;
}

function begin(
  policy: HttpPolicy,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): FutureIncomingResponse | Refused {
  const scheme = request.scheme(), name = scheme === undefined ? "https" : schemeName(scheme);
  if (name !== "http" && name !== "https") return refuse("HTTP-protocol-error");
  const url = urlOf(name, request.authority(), request.pathWithQuery());
  if (url === undefined) return refuse("HTTP-request-URI-invalid");
  if (!policy.allows(url)) return refuse("HTTP-request-denied");
  const method = methodName(request.method()), body = bodyOf(request);
  if (!keepsMethod(method)) return refuse("HTTP-request-method-invalid");
  const sends = body !== undefined && takesBody(method);
  if (body !== undefined && !sends) {
    const reason = `fetch sends no body with ${method}`;
    if (body.hasBytes) return refuse("internal-error", reason);
    body.stayEmpty(reason);
  }
  const abort = new AbortController();
  const outcome = send({
    fetch: policy.fetch,
    url,
    method,
    fields: fieldsOf(request),
    body: sends ? body.readable : undefined,
    unread: () => unread(body),
    connectTimeout: options?.connectTimeout(),
    firstByteTimeout: options?.firstByteTimeout(),
    betweenBytesTimeout: options?.betweenBytesTimeout(),
    abort,
  });
  const response = outcome.then((received) =>
    "error" in received
      ? err(received.error) as Refused
      : ok(new IncomingResponse(received.status, received.headers, received.body))
  );
  return new FutureIncomingResponse(response, () => {
    abort.abort();
    unread(body);
  });
}
