// HTTP handlers: requests in, responses out, and what goes wrong on the way.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { compile, LinkError } from "@windlass/component";
import { serve, type ServeOptions } from "@windlass/component/wasi";
import { features } from "../../core/features.ts";
import { canSleep, unreachable } from "../support/engine.ts";
import { Fields } from "../../host/wasi/http_fields.ts";
import { factor } from "../support/runs.ts";
import { sendsStreams } from "../../host/wasi/http_upload.ts";
import { guest } from "./guests.ts";
import { utf8 } from "./support.ts";

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

/** Firefox and WebKit make a text of a stream: "[object ReadableStream]". */
const makesText = (() => {
  const init = { method: "POST", body: new ReadableStream(), duplex: "half" };
  return new Request("http://localhost", init as RequestInit).headers.has("content-type");
})();

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

Deno.test("headers of the connection are not the guest's: neither those it gets nor those it passes on", async () => {
  const fields = Fields.received(new Headers({ "proxy-authorization": "x", upgrade: "y", "x-own": "z" }));
  assertEquals(fields.entries().map(([name]) => name), ["x-own"]);
  const { get } = await handlerWith();
  assertEquals((await get("/hello", { headers: { "te": "trailers" } })).status, 200);
  const clone = fields.clone();
  assertEquals(clone.append("Host", utf8("x"))!.val, { tag: "forbidden" });
  assertEquals(clone.append("a b", utf8("x"))!.val, { tag: "invalid-syntax" });
  assertEquals(clone.append("a", utf8("x\r\ny"))!.val, { tag: "invalid-syntax" });
  assertEquals(fields.append("a", utf8("x"))!.val, { tag: "immutable" });
  clone.delete("x-own");
  for (let i = 0; i < 200; i++) clone.append("x", new Uint8Array(1000).fill(65));
  assert(clone.entries().length < 140);
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
