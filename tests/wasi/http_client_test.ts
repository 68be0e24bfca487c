// Requests of a guest's own, looked at on the wire.

import { assert, assertEquals } from "@std/assert";
import { features } from "@windlass/component";
import { keepsMethod } from "../../host/wasi/http_method.ts";
import { MAX_KEPT_BODY } from "../../host/wasi/http_limits.ts";
import { begin, outcome, wire, writeAll } from "./http_support.ts";
import { type Any, bad, good, interfacesOf, isErr, text, utf8 } from "./support.ts";

const of = await interfacesOf({ network: { http: true } });
const { OutgoingBody, OutgoingRequest, Fields, IncomingBody, RequestOptions, ResponseOutparam, IncomingRequest } = of(
  "http/types",
);
const { httpErrorCode } = of("http/types");
const other = (name: string) => ({ tag: "other", val: name });

/** Uses a server of the wire, and closes it. */
async function served(
  use: (server: Awaited<ReturnType<typeof wire>>) => Promise<void>,
  respond?: Parameters<typeof wire>[0],
): Promise<void> {
  const server = await wire(respond);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

Deno.test("a method goes out as it is, or is refused where this runtime would send another", () =>
  served(async ({ authority, arrived }) => {
    const methods = [
      ...["get", "head", "post", "put", "delete", "options", "patch"].map((tag) => ({ tag })),
      ...["purge", "PURGE", "get", "Post", "patch", "QUERY", "x_y!", "m-search"].map(other),
    ];
    for (const method of methods) {
      const name = method.tag === "other" ? (method as Any).val : method.tag.toUpperCase();
      const { answer } = begin(of, { method, authority, path: "/" });
      if (isErr(answer)) {
        bad(answer, { tag: "HTTP-request-method-invalid" });
        assert(!keepsMethod(name), name);
        continue;
      }
      good(await outcome(answer));
      assertEquals(arrived.at(-1)!.head[0], `${name} / HTTP/1.1`);
    }
    // What every runtime can do, it does.
    const seen = arrived.map(({ head }) => head[0]!.split(" ")[0]);
    for (const name of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PURGE"]) {
      assert(seen.includes(name), name);
    }
    assert(!seen.includes("get") && !seen.includes("Post"));
    for (const method of [{ tag: "connect" }, { tag: "trace" }, other("CONNECT"), other("track")]) {
      const { answer } = begin(of, { method, authority, path: "/" });
      bad(answer, { tag: "HTTP-request-method-invalid" });
    }
  }));

Deno.test("several cookies arrive joined as HTTP says", () =>
  served(async ({ authority, arrived }) => {
    const fields = [["Cookie", "a=1"], ["x-own", "1"], ["cookie", "b=2"]] as const;
    good(await outcome(begin(of, { authority, path: "/", fields }).answer));
    const cookies = arrived[0]!.head.filter((line) => /^cookie:/i.test(line));
    assertEquals(cookies.map((line) => line.slice("cookie: ".length)), ["a=1; b=2"]);
  }));

Deno.test("a request without a path is refused, as in Wasmtime; an empty path is /", () =>
  served(async ({ authority, arrived }) => {
    bad(begin(of, { authority }).answer, { tag: "HTTP-request-URI-invalid" });
    bad(begin(of, { path: "/" }).answer, { tag: "HTTP-request-URI-invalid" });
    good(await outcome(begin(of, { authority, path: "" }).answer));
    good(await outcome(begin(of, { authority, path: "?a=b" }).answer));
    assertEquals(arrived.map(({ head }) => head[0]), ["GET / HTTP/1.1", "GET /?a=b HTTP/1.1"]);
  }));

Deno.test("a path goes out as it is, or with more of it encoded, or is refused: never another path", () =>
  served(async ({ authority, arrived }) => {
    const changed = ["/a/../b", "/%2e%2E/x", "/a/./b", "/a\\b", "/a/..?x", "/..", "/.%2e"];
    const paths = ["//x/y", "/a//b", '/{x}"', "/%zz", "/?a=../b", "/a%2Fb", "/?'q'", "/a;b=c,d", "/a..b/...?\\"];
    for (const path of [...changed, ...paths]) {
      const before = arrived.length, { answer } = begin(of, { authority, path });
      if (isErr(answer)) {
        bad(answer, { tag: "HTTP-request-URI-invalid" });
        // Bun alone makes another path of this one.
        assert(changed.includes(path) || path === "//x/y", path);
        continue;
      }
      good(await outcome(answer));
      const [, target = ""] = arrived[before]!.head[0]!.split(" ");
      const decoded = (text: string) => text.replace(/%(?:22|27|5C|7B|7D)/g, decodeURIComponent);
      assertEquals(decoded(target), path);
    }
  }));

Deno.test("of several lengths the one is sent that the body is held to", () =>
  served(async ({ authority, arrived }) => {
    const fields = [["content-length", "5"], ["content-length", "7"]] as const;
    const { answer, body } = begin(of, { authority, path: "/", method: { tag: "post" }, fields, body: utf8("hello") });
    await writeAll(OutgoingBody, body, utf8("hello"));
    good(await outcome(answer));
    const [{ head, body: sent }] = arrived as Any;
    // Deno sends none with a stream.
    const lengths = head.filter((line: string) => /^content-length/i.test(line));
    assert(lengths.every((line: string) => /^content-length: 5$/i.test(line)), String(lengths));
    assertEquals(text(sent), "hello");
  }));

Deno.test("what makes no request is refused when it is set", () => {
  const request = new OutgoingRequest(new Fields());
  for (const method of ["bad method", "bad\nmethod", ""]) assert(isErr(request.setMethod(other(method))), method);
  for (const scheme of ["bad\nscheme", "1x", ""]) assert(isErr(request.setScheme(other(scheme))), scheme);
  const authorities = [
    "bad-\nhost",
    "localhost:99999",
    "example.com:",
    "example.com:abc",
    "[::1]:abc",
    "[::1",
    "a/b",
    "",
  ];
  for (const authority of authorities) assert(isErr(request.setAuthority(authority)), authority);
  for (const authority of ["example.com", "example.com:443", "127.0.0.1:80", "[::]", "[::]:443", "[2001:db8::1]"]) {
    good(request.setAuthority(authority));
    assertEquals(request.authority(), authority);
  }
  for (const path of ["/bad\npath", "no-slash", "/a#b", "/a b"]) assert(isErr(request.setPathWithQuery(path)), path);
  good(request.setMethod(other("purge")));
  assertEquals(request.method(), other("purge"));
});

Deno.test("a body is as long as content-length says, or that is an error on both ends", async () => {
  for (const [kind, expected] of [["request", "HTTP-request-body-size"], ["response", "HTTP-response-body-size"]]) {
    const message = () => {
      const { OutgoingResponse } = of("http/types");
      const fields = good(Fields.fromList([["Content-Length", utf8("11")]]));
      return kind === "request" ? new OutgoingRequest(fields) : new OutgoingResponse(fields);
    };
    const enough = good(message().body()), little = good(message().body()), much = good(message().body());
    const write = async (body: Any, words: string) => {
      const stream = good(body.write());
      const answer = await stream.blockingWriteAndFlush(utf8(words));
      stream[Symbol.dispose]();
      return answer;
    };
    good(await write(enough, "long enough"));
    good(OutgoingBody.finish(enough, undefined));
    good(await write(little, "msg"));
    bad(OutgoingBody.finish(little, undefined), { tag: expected, val: 3n });
    const answer = await write(much, "more than 11 bytes");
    assert(isErr(answer) && answer.val.tag === "last-operation-failed");
    assertEquals(httpErrorCode(answer.val.val), { tag: expected, val: 18n });
    bad(OutgoingBody.finish(much, undefined), { tag: expected, val: 18n });
  }
});

Deno.test("a body that fetch would not send is not lost without a word", () =>
  served(async ({ authority, arrived }) => {
    for (const method of [{ tag: "get" }, { tag: "head" }]) {
      // Without bytes it is as good as none: guests open bodies and finish them.
      const empty = begin(of, { method, authority, path: "/", body: new Uint8Array() });
      await writeAll(OutgoingBody, empty.body, new Uint8Array());
      good(await outcome(empty.answer));
      const late = begin(of, { method, authority, path: "/", body: utf8("x") });
      const answer = await good(late.body.write()).blockingWriteAndFlush(utf8("x"));
      assert(isErr(answer) && answer.val.tag === "last-operation-failed");
      assertEquals(httpErrorCode(answer.val.val).tag, "internal-error");
      await outcome(late.answer);
    }
    assertEquals(arrived.map(({ body }) => body.length), [0, 0, 0, 0]);
    const request = new OutgoingRequest(new Fields());
    good(request.setAuthority(authority));
    good(request.setPathWithQuery("/"));
    good(await good(good(request.body()).write()).blockingWriteAndFlush(utf8("x")));
    const refused = of("http/outgoing-handler").handle(request, undefined);
    assert(isErr(refused) && refused.val.tag === "internal-error");
  }));

Deno.test("who writes a request that was dropped is told", async () => {
  const request = new OutgoingRequest(new Fields());
  const stream = good(good(request.body()).write());
  request[Symbol.dispose]();
  bad(await stream.blockingWriteAndFlush(utf8("x")), { tag: "closed" });
});

/**
 * Stands for an engine whose requests take no streams: it makes a text of one, as Firefox does, or
 * refuses it.
 */
function withoutStreams(textual: boolean, use: () => Promise<void>): Promise<void> {
  const { Request: Real, fetch: real } = globalThis;
  const plain = (init?: RequestInit): RequestInit | undefined => {
    if (!(init?.body instanceof ReadableStream)) return init;
    if (!textual) throw new TypeError("this engine sends no streams");
    return Object.create(init, { body: { value: String(init.body) } });
  };
  class Without extends Real {
    constructor(input: RequestInfo | URL, init?: RequestInit) {
      super(input, plain(init));
      // Bun leaves this to `fetch`.
      if (init?.body instanceof ReadableStream) this.headers.set("content-type", "text/plain;charset=UTF-8");
    }
  }
  globalThis.Request = Without as typeof Request;
  globalThis.fetch = ((input, init) => real(input, plain(init))) as typeof fetch;
  return use().finally(() => Object.assign(globalThis, { Request: Real, fetch: real }));
}

for (const engine of ["that sends streams", "that makes texts of streams", "that refuses streams"]) {
  Deno.test(`an upload arrives whole from an engine ${engine}`, () =>
    served(async ({ authority, arrived }) => {
      const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
      const upload = async () => {
        const { answer, body } = begin(of, { method: { tag: "post" }, authority, path: "/", body: bytes });
        await writeAll(OutgoingBody, body, bytes);
        good(await outcome(answer));
        assertEquals(arrived.at(-1)!.body, bytes);
      };
      if (engine === "that sends streams") await upload();
      else await withoutStreams(engine === "that makes texts of streams", upload);
      assertEquals(arrived.length, 1);
    }));
}

Deno.test("an upload of more than is kept fails, where streams cannot be sent", () =>
  withoutStreams(true, async () => {
    if (!features.jspi) return; // a plain call keeps less than that itself
    const { answer, body } = begin(of, {
      method: { tag: "post" },
      authority: "127.0.0.1:1",
      path: "/",
      body: new Uint8Array(),
    });
    const stream = good(body.write()), zeroes = new Uint8Array(1 << 16);
    let written = 0;
    for (;;) {
      const permit = await stream.checkWrite();
      if (isErr(permit)) break;
      if (good(permit) === 0n) await stream.subscribe().block();
      else {
        const part = zeroes.subarray(0, Number(good(permit)));
        written += part.length;
        if (isErr(await stream.write(part))) break;
      }
    }
    assert(written > MAX_KEPT_BODY && written < MAX_KEPT_BODY + (1 << 20));
    bad(await outcome(answer), { tag: "HTTP-request-body-size", val: BigInt(MAX_KEPT_BODY) });
  }));

Deno.test("trailers are there once the whole body was received, and an error where it broke off", async () => {
  let finish = () => {};
  const part = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst";
  await served(async ({ authority }) => {
    for (const whole of [true, false]) {
      for (const read of [true, false]) {
        const response = good(await outcome(begin(of, { authority, path: whole ? "/whole" : "/half" }).answer));
        const body = good(response.consume());
        if (read) {
          const stream = good(body.stream());
          assertEquals(text(good(await stream.blockingRead(100n))), "first");
          stream[Symbol.dispose]();
        }
        const trailers = IncomingBody.finish(body);
        assertEquals(await trailers.get(), undefined);
        finish();
        await trailers.subscribe().block();
        const got = good(trailers.get());
        if (whole) assertEquals(good(got), undefined);
        else assert(isErr(got));
        // They are given once.
        assert(isErr(trailers.get()));
      }
    }
  }, ({ head }, socket) => {
    socket.write(part);
    finish = () => void (head[0]!.includes("whole") ? socket.end("whole") : socket.destroy());
  });
});

Deno.test("a server that takes too long is an error, of the time that was asked for", () =>
  served(async ({ authority }) => {
    const limited = (setter: string, path: string) => {
      const options = new RequestOptions();
      good(options[setter](50_000_000n));
      return begin(of, { authority, path, options }).answer;
    };
    bad(await outcome(limited("setFirstByteTimeout", "/nothing")), { tag: "connection-read-timeout" });
    bad(await outcome(limited("setConnectTimeout", "/nothing")), { tag: "connection-timeout" });
    const response = good(await outcome(limited("setBetweenBytesTimeout", "/half")));
    const stream = good(good(response.consume()).stream());
    assertEquals(text(good(await stream.blockingRead(100n))), "half");
    const answer = await stream.blockingRead(100n);
    assert(isErr(answer) && answer.val.tag === "last-operation-failed");
    assertEquals(httpErrorCode(answer.val.val), { tag: "connection-read-timeout" });
  }, ({ head }, socket) => {
    if (head[0]!.includes("half")) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
  }));

Deno.test("a handler's request says what came: the method as it was, an authority without the scheme's own port", () => {
  const request = (url: string, method: string) => new IncomingRequest(new Request(url, { method }), null);
  assertEquals(request("http://a/", "PATCH").method(), { tag: "patch" });
  assertEquals(request("http://a/", "PURGE").method(), other("PURGE"));
  // Where a Request keeps it, a method in lower case is another one.
  if (keepsMethod("patch")) assertEquals(request("http://a/", "patch").method(), other("patch"));
  const secure = request("https://some-domain.example:443/get?a=%20b", "GET");
  assertEquals([secure.scheme(), secure.authority()], [{ tag: "HTTPS" }, "some-domain.example"]);
  assertEquals(secure.pathWithQuery(), "/get?a=%20b");
  assertEquals(request("http://a:8080", "GET").authority(), "a:8080");
  assertEquals(request("http://a:8080", "GET").pathWithQuery(), "/");
});

Deno.test("informational responses are refused as their interface says", () => {
  const param = new ResponseOutparam(() => {});
  bad(param.sendInformational(103, new Fields()), { tag: "internal-error" });
  for (const status of [99, 200]) bad(param.sendInformational(status, new Fields()), { tag: "HTTP-protocol-error" });
});
