// `network.fetch`: a function of the program's own that sends what a guest is allowed to send, for
// both versions of WASI. No server is needed, so that all of it runs in browsers, too.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { features } from "@windlass/component";
import { serve, wasi, type WasiOptions } from "@windlass/component/wasi";
import { guest } from "./guests.ts";
import { echoing, FACES } from "./http_faces.ts";
import { type Any, text, utf8 } from "./support.ts";

const authority = "example.com";
type Fetch = (request: Request) => Promise<Response>;
const all = (fetch: Fetch) => ({ http: true as const, fetch });

/** A test for each version. */
function both(name: string, test: (exchange: (typeof FACES)[string]) => Promise<void>): void {
  for (const [version, exchange] of Object.entries(FACES)) Deno.test(`${name} (${version})`, () => test(exchange));
}

both("fetch is given the request, and its response is the guest's", async (exchange) => {
  let seen: Request | undefined;
  const network = all(async (request) => {
    seen = request;
    return new Response(`got ${await request.text()}`, { status: 201, headers: { "x-mine": "yes" } });
  });
  const fields = [["x-own", "a"], ["x-own", "b"]] as const;
  const body = utf8("a body");
  const asked = { method: { tag: "put" }, authority, path: "/a?b=c", fields, body };
  const found = await exchange(network, asked) as Any;
  assertEquals([found.status, found.body, found.headers["x-mine"]], [201, "got a body", "yes"]);
  const { method, url, headers, redirect, signal } = seen!;
  assertEquals([method, url, headers.get("x-own"), redirect], ["PUT", "http://example.com/a?b=c", "a, b", "manual"]);
  assert(signal instanceof AbortSignal);
});

both("what the policy does not allow never comes to fetch, which grants nothing alone", async (exchange) => {
  let asked = 0;
  const fetch: Fetch = () => {
    asked++;
    return Promise.resolve(new Response("there"));
  };
  for (const network of [{ fetch }, { http: ["example.org", "*.com"], fetch }] as WasiOptions["network"][]) {
    const wanted = { authority: network!.http === undefined ? authority : "com", path: "/" };
    assertEquals(await exchange(network, wanted), { error: { tag: "HTTP-request-denied" } });
  }
  assertEquals(asked, 0);
  assertEquals((await exchange({ http: ["*.com"], fetch }, { authority, path: "/" }) as Any).body, "there");
  assertEquals(asked, 1);
});

both("what fetch throws is an error code, or internal-error with its words", async (exchange) => {
  const rows: readonly (readonly [unknown, unknown])[] = [
    [new Error("no route today"), { tag: "internal-error", val: "no route today" }],
    [new TypeError("failed", { cause: new Error("ECONNREFUSED") }), { tag: "connection-refused" }],
    [Object.assign(new Error("x"), { code: "ENOTFOUND" }), { tag: "DNS-error", val: {} }],
  ];
  for (const [error, expected] of rows) {
    assertEquals(await exchange(all(() => Promise.reject(error)), { authority, path: "/" }), { error: expected });
    const throwing = (): never => {
      throw error;
    };
    assertEquals(await exchange(all(throwing), { authority, path: "/" }), { error: expected });
  }
});

both("what fetch gives must be a response with a status", async (exchange) => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [undefined, "network.fetch must give a Response, found undefined"],
    ["text", 'network.fetch must give a Response, found "text"'],
    [{ status: 200 }, "network.fetch must give a Response, found an object"],
    [Response.error(), "no status"],
  ];
  for (const [value, val] of wrong) {
    const found = await exchange(all(() => Promise.resolve(value as Response)), { authority, path: "/" });
    assertEquals(found, { error: { tag: "internal-error", val } });
  }
  // Another package's response is of another class.
  const other = { status: 203, headers: new Headers({ a: "b" }), body: new Response("other").body };
  const found = await exchange(all(() => Promise.resolve(other as Response)), { authority, path: "/" }) as Any;
  // Firefox has no `Response.body`.
  if (other.body != null) assertEquals([found.status, found.body, found.headers.a], [203, "other", "b"]);
});

both("the runtime's fetch sends a body there and back, alone and behind one of the program's own", async (exchange) => {
  await echoing(async (authority) => {
    const body = utf8("there and back ".repeat(4000)), method = { tag: "post" };
    const own: string[] = [];
    const handingOn = all((request) => {
      own.push(request.url);
      return fetch(request);
    });
    for (const network of [{ http: [authority] }, handingOn]) {
      const found = await exchange(network, { method, authority, path: "/upload", body }) as Any;
      assertEquals([found.status, found.body === text(body)], [200, true], JSON.stringify(found).slice(0, 300));
    }
    assertEquals(own, [`http://${authority}/upload`]);
  });
});

both("a redirect is the guest's to follow", async (exchange) => {
  const redirect = () => Promise.resolve(Response.redirect("http://example.org/", 302));
  const found = await exchange(all(redirect), { authority, path: "/" }) as Any;
  assertEquals([found.status, found.headers.location], [302, "http://example.org/"]);
});

both("a body is streamed from fetch, and one that breaks off is an error", async (exchange) => {
  const chunks = ["one ", "two ", "three"];
  const body = () => {
    const left = chunks.map(utf8);
    return new ReadableStream({
      async pull(controller) {
        await Promise.resolve();
        const next = left.shift();
        if (next === undefined) controller.close();
        else controller.enqueue(next);
      },
    });
  };
  const whole = await exchange(all(() => Promise.resolve(new Response(body()))), { authority, path: "/" }) as Any;
  assertEquals(whole.body, "one two three");
  const rows: readonly (readonly [Error | string, unknown])[] = [
    [new Error("ECONNRESET"), { tag: "connection-terminated" }],
    ["not bytes", {
      tag: "internal-error",
      val: 'a stream of bytes must give Uint8Arrays, found "not bytes"',
    }],
  ];
  for (const [failure, broken] of rows) {
    const failing = new ReadableStream({
      pull: (controller) => failure instanceof Error ? controller.error(failure) : controller.enqueue(failure),
    }, { highWaterMark: 0 });
    // A response of its own class gives the stream as it is; a runtime's may look at the chunks
    // first.
    const response = { status: 200, headers: new Headers(), body: failing } as unknown as Response;
    const found = await exchange(all(() => Promise.resolve(response)), { authority, path: "/" });
    assertEquals(found, { broken });
  }
});

both("a fetch that does not listen to its signal is not waited for beyond the guest's time", async (exchange) => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const signals: AbortSignal[] = [];
  const asked = { authority, path: "/", timeouts: { firstByte: 20_000_000n } };
  const found = await exchange(all((request) => (signals.push(request.signal), promise)), asked);
  assertEquals(found, { error: { tag: "connection-read-timeout" } });
  assertEquals(signals.map(({ aborted }) => aborted), [true]);
  // What comes too late is not left half read.
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>();
  const late = new Response(new ReadableStream({ cancel: () => cancel() }));
  const readable = late.body != null;
  resolve(late);
  if (readable) await cancelled;
});

both("nor is a body that pauses", async (exchange) => {
  const silent = { status: 200, headers: new Headers(), body: new ReadableStream() } as unknown as Response;
  const asked = { authority, path: "/", timeouts: { betweenBytes: 20_000_000n } };
  const found = await exchange(all(() => Promise.resolve(silent)), asked);
  assertEquals(found, { broken: { tag: "connection-read-timeout" } });
});

Deno.test("who writes a body that fetch does not read is told when the exchange is over (0.3)", async () => {
  const imports = await wasi({ network: all(() => Promise.resolve(new Response(null, { status: 204 }))) }) as Any;
  const { Fields, Request } = imports["wasi:http/types@0.3.0"];
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>();
  let pulled = 0;
  // An engine that sends no streams reads it to its end first.
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(1000));
      if (++pulled === 100) {
        controller.close();
        cancel();
      }
    },
    cancel: () => cancel(),
  }, { highWaterMark: 0 });
  const none = Promise.resolve({ tag: "ok", val: undefined });
  const [request, taken] = Request.new(new Fields(), body, none, undefined);
  request.setMethod({ tag: "post" });
  request.setScheme({ tag: "HTTP" });
  request.setAuthority(authority);
  const response = await imports["wasi:http/client@0.3.0"].send(request);
  assertEquals(response.getStatusCode(), 204);
  assertEquals((await taken).tag, "ok");
  await cancelled;
});

Deno.test("network.fetch must be a function", async () => {
  const error = await assertRejects(
    () => wasi({ network: { http: true, fetch: "fetch" as unknown as Fetch } }),
    TypeError,
  );
  assertEquals(error.message, 'WASI option network.fetch must be a function, found "fetch"');
});

Deno.test("one handler's requests go to another's, without a server", { ignore: !features.jspi }, async () => {
  const bytes = guest("server");
  const hello = await serve(bytes, { onError() {} });
  const seen: string[] = [];
  const fetch: Fetch = (request) => {
    seen.push(`${request.method} ${request.url}`);
    return hello(request);
  };
  const proxy = await serve(bytes, { network: { http: ["example.com", "nowhere.invalid"], fetch } });
  const get = async (path: string) => {
    const response = await proxy(new Request(`http://localhost${path}`));
    return [response.status, await response.text()];
  };
  assertEquals(await get("/proxy/example.com/hello"), [200, "Hello!\n"]);
  assertEquals((await get("/proxy/example.com/trap"))[0], 500);
  assertEquals((await get("/proxy/example.org/hello"))[0], 403);
  assertEquals(seen, ["GET http://example.com/hello", "GET http://example.com/trap"]);
  // A body of a megabyte, which nobody reads.
  const answer = (await get("/upload-nowhere"))[1];
  assert(answer === "begun, told" || answer === "begun, written", `${answer}`);
  assertEquals(seen.at(-1), "POST https://nowhere.invalid/");
});
