// wasi:http/client of 0.3: a request sent by `fetch`, within the policy of 0.2.

import { err, ok, type Result } from "../../abi/codecs/results.ts";
import { urlOf } from "./http_client.ts";
import type { ErrorCode } from "./http_error.ts";
import { FieldMap } from "./http_field_map.ts";
import { keepsMethod, methodName, schemeName, takesBody } from "./http_method.ts";
import type { HttpPolicy } from "./http_policy.ts";
import { send } from "./http_send.ts";
import { type P3Request, P3Response, type Taken } from "./p3_http.ts";
import { receivedBody, sendBody } from "./p3_http_bodies.ts";

type Sent = P3Response | Result<never, ErrorCode>;

/** `send`. */
export async function sendRequest(policy: HttpPolicy, request: P3Request): Promise<Sent> {
  const { body } = request;
  const failed = (error: ErrorCode): Sent => {
    body.settle(err(error) as Taken);
    body.drop();
    return err(error) as Result<never, ErrorCode>;
  };
  const scheme = request.getScheme(), name = scheme === undefined ? "https" : schemeName(scheme);
  if (name !== "http" && name !== "https") return failed({ tag: "HTTP-protocol-error" });
  const url = urlOf(name, request.getAuthority(), request.getPathWithQuery() ?? "/");
  if (url === undefined) return failed({ tag: "HTTP-request-URI-invalid" });
  if (!policy.allows(url)) return failed({ tag: "HTTP-request-denied" });
  const method = methodName(request.getMethod());
  if (!keepsMethod(method)) return failed({ tag: "HTTP-request-method-invalid" });
  const sends = takesBody(method);
  if (!sends) body.drop();
  const options = request.getOptions(), abort = new AbortController();
  const outgoing = sends ? sendBody(body, request.fields.contentLength, "HTTP-request-body-size") : undefined;
  const received = await send({
    fetch: policy.fetch,
    url,
    method,
    fields: request.fields,
    body: outgoing,
    unread: () => body.settle(ok(undefined) as Taken),
    connectTimeout: options?.getConnectTimeout(),
    firstByteTimeout: options?.getFirstByteTimeout(),
    betweenBytesTimeout: options?.getBetweenBytesTimeout(),
    abort,
  });
  if ("error" in received) {
    const taken = await Promise.race([body.taken, undefined]);
    return failed(taken?.tag === "err" ? taken.val : received.error);
  }
  const response = new P3Response(FieldMap.received(received.headers), receivedBody(received.body));
  if (response.setStatusCode(received.status) === undefined) return response;
  response.body.drop();
  return failed({ tag: "HTTP-protocol-error" });
}
