// HTTP handlers: requests in, responses out, and what goes wrong on the way.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { compile, LinkError } from "@windlass/component";
import { serve, type ServeOptions } from "@windlass/component/wasi";
import { features } from "../../core/module/features.ts";
import { canSleep, unreachable } from "../support/engine.ts";
import { MAX_KEPT_BODY } from "../../host/wasi/http_limits.ts";
import { BodyTooLarge, bytesOf } from "../../host/wasi/http_received.ts";
import { factor } from "../support/runs.ts";
import { sendsStreams } from "../../host/wasi/http_upload.ts";
import { guest } from "./guests.ts";
import { makesText, utf8 } from "./support.ts";

const server = await compile(guest("server"));
const later = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** A handler, and what it told of errors. */
async function handlerWith(options: ServeOptions = {}) {
  const errors: unknown[] = [];
  const handler = await serve(server, { onError: (error) => errors.push(error), ...options });
  const get = (path: string, init?: RequestInit) => handler(new Request(`http://localhost${path}`, init));
  return { get, errors };
}

Deno.test("a response with status, headers and body", async () => {
  const { get, errors } = await handlerWith();
  const response = await get("/hello");
  assertEquals([response.status, response.headers.get("content-type")], [200, "text/plain"]);
  assertEquals(await response.text(), "Hello!\n");
  const head = await get("/hello", { method: "HEAD" });
  assertEquals([head.status, head.body], [200, null]);
  const none = await get("/no-content");
  assertEquals([none.status, none.body], [204, null]);
  assertEquals(errors, []);
});

Deno.test("bodies are streamed both ways", { ignore: makesText || !features.jspi }, async () => {
  const { get } = await handlerWith();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const response = await get("/echo", {
    method: "POST",
    body: readable,
    headers: [["x-echo", "a, b"], ["x-echo", "ü"]],
    duplex: "half",
  } as RequestInit);
  assertEquals(response.headers.get("x-echo"), "a, b, ü");
  const reader = response.body!.getReader();
  for (const part of ["first", "second"]) {
    writer.write(new TextEncoder().encode(part));
    assertEquals(new TextDecoder().decode((await reader.read()).value), part);
  }
  writer.close();
  assertEquals((await reader.read()).done, true);
});

Deno.test("a large body waits for who reads it", async () => {
  const { get } = await handlerWith();
  const response = await get("/big");
  await later(20);
  assertEquals(await readBody(response), 8 << 20);
  const echoed = await get("/echo", { method: "POST", body: new Uint8Array(3_000_000).fill(1) });
  assertEquals((await echoed.bytes()).length, 3_000_000);
});

Deno.test("a request that waits lets others be served", { ignore: !features.jspi }, async () => {
  const { get } = await handlerWith();
  const order: string[] = [];
  await Promise.all(["/slow", "/hello"].map(async (path) => {
    await (await get(path)).text();
    order.push(path);
  }));
  assertEquals(order, ["/hello", "/slow"]);
});

Deno.test("what goes wrong answers 500, is told, and harms no other request", async () => {
  for (const instances of ["per-request", { max: 2 }] as const) {
    const { get, errors } = await handlerWith({ instances });
    const failures = { "/trap": unreachable, "/unknown": "without a response", "/odd-status": "700" };
    for (const [path, message] of Object.entries(failures)) {
      const [failed, fine] = await Promise.all([get(path), get("/hello")]);
      assertEquals([failed.status, await failed.text()], [500, "Internal Server Error"]);
      assertEquals(await fine.text(), "Hello!\n");
      assertEquals(errors.length, 1, path);
      assert(String(errors.pop()).includes(message), path);
    }
    assertEquals((await get("/error")).status, 500);
    assertEquals(errors, []);
  }
});

Deno.test("a body that breaks off is an error to who reads it", async () => {
  const { get, errors } = await handlerWith();
  const half = await get("/half");
  assertEquals(half.status, 200);
  await assertRejects(() => readBody(half), Error, "before the body was finished");
  assertEquals(errors.length, 1);
  const short = await get("/short");
  await assertRejects(() => readBody(short), Error, "shorter than content-length");
});

/**
 * Reads a body by its stream, and gives its length: not every engine iterates over streams, and
 * `text()` fails with an error of the platform's own in some engines.
 */
async function readBody({ body }: Response): Promise<number> {
  const reader = body!.getReader();
  for (let length = 0;;) {
    const { done, value } = await reader.read();
    if (done) return length;
    length += value.length;
  }
}

Deno.test("a request that is aborted ends its instance", { ignore: !features.jspi }, async () => {
  for (const instances of ["per-request", { max: 1 }] as const) {
    const { get, errors } = await handlerWith({ instances });
    const abort = new AbortController();
    const response = await get("/forever", { signal: abort.signal });
    const reader = response.body!.getReader();
    await reader.read();
    abort.abort();
    await assertRejects(async () => {
      for (;;) await reader.read();
    });
    // The only instance of the pool is another one now.
    assertEquals(await (await get("/hello")).text(), "Hello!\n");
    assertEquals(errors, []);
  }
});

Deno.test("a client that stops reading is told to the guest", { ignore: !features.jspi }, async () => {
  const { get, errors } = await handlerWith({ instances: { max: 1 } });
  const response = await get("/forever");
  await response.body!.cancel();
  assertEquals(await (await get("/hello")).text(), "Hello!\n");
  assertEquals(errors, []);
});

Deno.test("a pool holds no more instances than it may, and uses them again", { ignore: !canSleep }, async () => {
  const { get } = await handlerWith({ instances: { max: 2 } });
  const started = performance.now();
  const responses = await Promise.all(Array.from({ length: 6 }, async () => await (await get("/slow")).text()));
  assertEquals(responses, Array(6).fill("slow\n"));
  assert(performance.now() - started >= 140); // three rounds of 50 ms
  await assertRejects(() => serve(server, { instances: { max: 0 } }), TypeError, "positive integer");
});

/** Engines that are slow to give memories back, for which WINDLASS_RUNS is small, get fewer. */
const requests = Math.ceil(1000 * Math.min(1, 5 * factor));

Deno.test(`${requests} requests, 50 at a time: none is lost`, async () => {
  const { get, errors } = await handlerWith();
  let next = 0, answered = 0;
  await Promise.all(Array.from({ length: 50 }, async () => {
    while (next++ < requests) {
      const body = `request ${next}`;
      assertEquals(await (await get("/echo", { method: "POST", body })).text(), body);
      answered++;
    }
  }));
  assertEquals([answered, errors], [requests, []]);
});

Deno.test("a guest's own requests go where they may", async () => {
  const upstream = Deno.serve(
    { port: 0, onListen: () => {} },
    (request) =>
      new URL(request.url).pathname === "/teapot"
        ? new Response("short and stout", { status: 418 })
        : Response.redirect("http://example.com/", 302),
  );
  const { port } = upstream.addr;
  try {
    const { get } = await handlerWith({ network: { http: [`127.0.0.1:${port}`] } });
    const response = await get(`/proxy/127.0.0.1:${port}/teapot`);
    assertEquals([response.status, await response.text()], [418, "short and stout"]);
    // A redirect is the guest's to follow, and so to be allowed.
    assertEquals((await get(`/proxy/127.0.0.1:${port}/elsewhere`)).status, 302);
    assertEquals((await get(`/proxy/localhost:${port}/teapot`)).status, 403);
    assertEquals((await get(`/proxy/127.0.0.1:${port + 1}/teapot`)).status, 403);
    const none = await handlerWith();
    assertEquals((await none.get(`/proxy/127.0.0.1:${port}/teapot`)).status, 403);
    const all = await handlerWith({ network: { http: true } });
    assertEquals((await all.get(`/proxy/127.0.0.1:${port}/teapot`)).status, 418);
    const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    closed.close();
    assertEquals((await all.get(`/proxy/127.0.0.1:${closed.addr.port}/`)).status, 503);
  } finally {
    await upstream.shutdown();
  }
});

Deno.test("behind Deno.serve", async () => {
  const handler = await serve(server, { instances: { max: 4 } });
  const listening = Deno.serve({ port: 0, onListen: () => {} }, handler);
  try {
    const at = `http://127.0.0.1:${listening.addr.port}`;
    const answers = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, i) => await (await fetch(`${at}/echo`, { method: "POST", body: `${i}` })).text(),
      ),
    );
    assertEquals(answers, Array.from({ length: 20 }, (_, i) => `${i}`));
    assertEquals((await (await fetch(`${at}/big`)).bytes()).length, 8 << 20);
  } finally {
    await listening.shutdown();
  }
});

Deno.test("what is no handler is refused at once", async () => {
  await assertRejects(() => serve(guest("hello")), LinkError, "wasi:http/incoming-handler");
});

Deno.test("an instance goes on after its answer, and serves again", { ignore: !canSleep }, async () => {
  const { get, errors } = await handlerWith({ instances: { max: 1 } });
  for (const count of ["1", "2", "3"]) assertEquals(await (await get("/count")).text(), count);
  const listening = Deno.serve({ port: 0, onListen: () => {} }, await serve(server, { instances: { max: 1 } }));
  try {
    const at = `http://127.0.0.1:${listening.addr.port}/count`;
    for (const count of ["1", "2", "3"]) assertEquals(await (await fetch(at)).text(), count);
  } finally {
    await listening.shutdown();
  }
  assertEquals(errors, []);
});

Deno.test("who writes a request that nobody reads is told", async () => {
  const denied = await handlerWith();
  assertEquals(await (await denied.get("/upload-nowhere")).text(), "refused, told");
  const allowed = await handlerWith({ network: { http: true } });
  // Where `fetch` sends no streams, the body is read before anything is sent.
  assertEquals(await (await allowed.get("/upload-nowhere")).text(), sendsStreams() ? "begun, told" : "begun, written");
});

Deno.test("headers of the connection do not reach a handler", async () => {
  const { get } = await handlerWith();
  assertEquals((await get("/hello", { headers: { "te": "trailers" } })).status, 200);
});

Deno.test("a request whose body breaks off, and an instance that cannot be made, take nothing with them", async () => {
  const { get } = await handlerWith({ instances: { max: 1 } });
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("client went away")),
  });
  const broken = await get("/echo", { method: "POST", body, duplex: "half" } as RequestInit);
  await broken.text().catch(() => {});
  assertEquals(await (await get("/hello")).text(), "Hello!\n");
});

/** Stands for an engine without `Request.body`, as Firefox is. */
class Bodiless extends Request {
  override get body(): null {
    return undefined as unknown as null;
  }
}

Deno.test("a request's body arrives whole in an engine without Request.body", async () => {
  const handler = await serve(server);
  const body = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
  for (const sent of [body, new Uint8Array(), undefined]) {
    const init = { method: "POST", ...sent && { body: sent } };
    const response = await handler(new Bodiless("http://localhost/echo", init));
    assertEquals([response.status, await response.bytes()], [200, sent ?? new Uint8Array()]);
  }
  assertEquals(await (await handler(new Bodiless("http://localhost/hello"))).text(), "Hello!\n");
});

Deno.test("a body that must be kept whole is kept up to a bound", async () => {
  assertEquals(await bytesOf(new Request("http://localhost/")), null);
  assertEquals(await bytesOf(new Bodiless("http://localhost/")), null);
  assertEquals(await bytesOf(new Bodiless("http://localhost/", { method: "POST", body: "hello" })), utf8("hello"));
  assertEquals(await bytesOf(new Response("hello")), utf8("hello"));
  const chunk = new Uint8Array(1 << 20);
  let pulled = 0, cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += chunk.length;
      controller.enqueue(chunk);
    },
    cancel: () => void (cancelled = true),
  }, { highWaterMark: 0 });
  await assertRejects(() => bytesOf(new Response(endless)), BodyTooLarge, `more than ${MAX_KEPT_BODY} bytes`);
  assert(pulled <= MAX_KEPT_BODY + 2 * chunk.length, `${pulled}`);
  assert(cancelled);
});
