// wasi:http/client of 0.3: a request sent by `fetch`, within the policy of 0.2.

import { err, ok, type Result } from "../../abi/codecs/results.ts";
import { urlOf } from "./http_client.ts";
import { type ErrorCode, errorCode } from "./http_error.ts";
import { FieldMap } from "./http_field_map.ts";
import { keepsMethod, methodName, schemeName, takesBody } from "./http_method.ts";
import type { HttpPolicy } from "./http_policy.ts";
import { send } from "./http_send.ts";
import { Body, type P3Request, P3Response, type Taken, type Trailers } from "./p3_http.ts";
import { fromSource } from "./p3_streams.ts";
import { bytesSource, ReadableSource } from "./sources.ts";

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
  const contents = sends ? body.taking() as ReadableStream<Uint8Array> | undefined : undefined;
  const options = request.getOptions(), abort = new AbortController();
  const outgoing = contents !== undefined ? counted(contents, request.fields.contentLength, body) : undefined;
  if (outgoing === undefined) body.settle(ok(undefined) as Taken);
  const received = await send({
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
  const source = received.body instanceof ReadableStream
    ? new ReadableSource(received.body)
    : bytesSource(received.body ?? new Uint8Array());
  const [stream, ended] = fromSource<ErrorCode>(source, errorCode);
  const trailers = ended.then((end) => (end.tag === "ok" ? ok(undefined) : end) as Trailers);
  const response = new P3Response(
    FieldMap.received(received.headers),
    new Body(received.body === null ? undefined : stream, trailers),
  );
  response.setStatusCode(received.status);
  return response;
}

/** A body that is as long as its `content-length` says. Settles the body when all of it was taken. */
function counted(
  contents: ReadableStream<Uint8Array>,
  length: number | undefined,
  body: Body,
): ReadableStream<Uint8Array> {
  const reader = contents.getReader();
  let count = 0;
  const wrong = (): ErrorCode => ({ tag: "HTTP-request-body-size", val: BigInt(count) });
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      count += value?.length ?? 0;
      if (length !== undefined && (count > length || done && count < length)) {
        const error = wrong();
        body.settle(err(error) as Taken);
        reader.cancel().catch(() => {});
        controller.error(new Error(`a body of ${count} bytes, and content-length says ${length}`));
      } else if (done) {
        body.settle(ok(undefined) as Taken);
        controller.close();
      } else controller.enqueue(value);
    },
    cancel: (reason) => {
      body.settle(ok(undefined) as Taken);
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
