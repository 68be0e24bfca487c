// An HTTP handler in Rust for WASI 0.3, served: bodies both ways, requests at the same time in one
// instance, aborts, work after the response.

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { compile } from "@windlass/component";
import { serve, type ServeOptions } from "@windlass/component/wasi";
import { unreachable } from "../support/engine.ts";
import { guest } from "./guests.ts";
import { makesText, text } from "./support.ts";

const component = await compile(guest("p3/handler"));

/** A request with a body, if there is one. */
const request = (path: string, body?: BodyInit, init: RequestInit = {}): Request =>
  new Request(
    `http://localhost${path}`,
    body === undefined ? init : { method: "POST", body, duplex: "half", ...init } as RequestInit,
  );

/** What serves, and what it wrote to standard output until something was written there. */
async function served(options: ServeOptions = {}) {
  let log = "", wake: () => void = () => {};
  const stdout = new WritableStream<Uint8Array>({
    write(bytes) {
      log += text(bytes);
      wake();
    },
  });
  const told: string[] = [];
  const handler = await serve(component, { stdout, onError: (error) => void told.push(`${error}`), ...options });
  const logged = async (part: string): Promise<void> => {
    while (!log.includes(part)) await new Promise<void>((resolve) => wake = resolve);
  };
  return { handler, told, logged };
}

/** A body that breaks off after one chunk. */
function failing(): ReadableStream<Uint8Array> {
  let pulled = 0;
  return new ReadableStream({
    pull(controller) {
      if (pulled++ === 0) controller.enqueue(new Uint8Array(65_536));
      else controller.error(new Error("gone"));
    },
  }, { highWaterMark: 0 });
}

/** A body without an end that says how many chunks were taken, and when it was cancelled. */
function chunks() {
  const state = { pulled: 0, cancelled: Promise.withResolvers<void>() };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      state.pulled++;
      controller.enqueue(new Uint8Array(65_536).fill(97));
    },
    cancel: () => state.cancelled.resolve(),
  }, { highWaterMark: 0 });
  return { stream, state };
}

Deno.test("a handler in Rust answers: text, statuses, what the request said", async () => {
  const { handler, told } = await served();
  const hello = await handler(request("/"));
  assertEquals([hello.status, hello.headers.get("x-handler"), await hello.text()], [200, "rust", "Hello, world!\n"]);
  for (const status of [201, 204, 404, 503]) assertEquals((await handler(request(`/status?${status}`))).status, status);
  assertEquals((await handler(request("/nowhere"))).status, 404);
  const about = await handler(request("/request?a=b%20c", undefined, { method: "PATCH", headers: { "x-a": "1" } }));
  const said = 'Method::Patch Some(Scheme::Http) Some("localhost") /request?a=b%20c\n';
  const lines = await about.text();
  assertEquals(lines.slice(0, said.length), said);
  assertMatch(lines, /\nx-a: 1\n/);
  assertEquals(told, []);
});

Deno.test("bodies go both ways, handed on, changed, and taken whole", async () => {
  const { handler, told } = await served();
  const body = "a line\n".repeat(30_000);
  for (const each of ["", "x", body]) {
    assertEquals(await (await handler(request("/echo", each))).text(), each);
    assertEquals(await (await handler(request("/upper", each))).text(), each.toUpperCase());
    const counted = await handler(request("/count", each));
    assertEquals(await counted.text(), `${each.length} bytes\nno trailers\n`);
  }
  // Trailers of a guest's are taken; a Response has no place for them.
  assertEquals(await (await handler(request("/trailers"))).text(), "the body");
  assertEquals(told, []);
});

Deno.test("bodies are taken as they are read, and left when the reader goes", async () => {
  const { handler, logged } = await served();
  for (const path of makesText ? [] : ["/echo", "/upper"]) {
    const { stream, state } = chunks();
    const reader = (await handler(request(path, stream))).body!.getReader();
    assert((await reader.read()).value!.length > 0);
    assert(state.pulled < 10, `${state.pulled} chunks were taken`);
    await reader.cancel();
    await state.cancelled.promise;
  }
  const reader = (await handler(request("/endless"))).body!.getReader();
  for (let i = 0; i < 3; i++) assertEquals((await reader.read()).value![0], 46);
  await reader.cancel();
  await logged("nobody reads\n");
});

Deno.test("one instance answers several requests at the same time", async () => {
  const { handler, told } = await served({ instances: { max: 1 } });
  // None of them is answered before the others have come.
  const met = await Promise.all(Array.from({ length: 5 }, () => handler(request("/meet?5"))));
  for (const response of met) assertEquals(await response.text(), "5 of 5\n");
  const order: string[] = [];
  const timed = async (path: string) => {
    await (await handler(request(path))).text();
    order.push(path);
  };
  await Promise.all([timed("/sleep?30"), timed("/sleep?2"), timed("/")]);
  assertEquals(order, ["/", "/sleep?2", "/sleep?30"]);
  const bodies = Array.from({ length: 20 }, (_, i) => `${i} `.repeat(1 + i * 2000));
  const paths = bodies.map((_, i) => i % 2 === 0 ? "/echo" : "/upper");
  const answers = await Promise.all(
    paths.map(async (path, i) => await (await handler(request(path, bodies[i]))).text()),
  );
  assertEquals(answers, bodies);
  assertEquals(told, []);
});

Deno.test("what is done after the response is done, in an instance for one request and for many", async () => {
  for (const instances of ["per-request", { max: 1 }] as const) {
    const { handler, logged, told } = await served({ instances });
    assertEquals(await (await handler(request("/after?one"))).text(), "answered\n");
    await logged("after one: Ok(())\n");
    assertEquals(told, []);
  }
});

Deno.test({
  name: "a request that is aborted ends alone",
  ignore: makesText,
  async fn() {
    const { handler } = await served({ instances: { max: 1 } });
    const abort = new AbortController();
    const { stream, state } = chunks();
    const other = handler(request("/sleep?40"));
    const aborted = await handler(request("/echo", stream, { signal: abort.signal }));
    const reader = aborted.body!.getReader();
    assertEquals((await reader.read()).done, false);
    abort.abort();
    await reader.cancel().catch(() => {});
    await state.cancelled.promise;
    assertEquals(await (await other).text(), "slept\n");
    assertEquals(await (await handler(request("/"))).text(), "Hello, world!\n");
  },
});

Deno.test("a body that breaks off is broken off, an error answers 500, a panic ends the instance", async () => {
  const { handler, told, logged } = await served({ instances: { max: 1 } });
  await assertRejects(async () => await (await handler(request("/break"))).text());
  await logged('broken off: Err(ErrorCode::InternalError(Some("as asked")))\n');
  if (!makesText) {
    const counted = await (await handler(request("/count", failing()))).text();
    assertMatch(counted, /^65536 bytes\nErrorCode::/);
    // What is handed on is no whole body either.
    for (const path of ["/echo", "/upper"]) {
      await assertRejects(async () => await (await handler(request(path, failing()))).text());
    }
  }
  assertEquals(told, []);
  for (const path of ["/fail", "/panic"]) {
    const response = await handler(request(path));
    assertEquals([response.status, await response.text()], [500, "Internal Server Error"], path);
  }
  assertEquals(told.length, 1);
  assertMatch(told[0]!, /^Trap: /);
  assertStringIncludes(told[0]!, unreachable);
  assertEquals(await (await handler(request("/"))).text(), "Hello, world!\n");
});

Deno.test("a panic takes the requests of its instance with it, and those after it share the next one", async () => {
  const { handler, told } = await served({ instances: { max: 1 } });
  const sleeping = handler(request("/sleep?3600000"));
  const panicked = await handler(request("/panic"));
  assertEquals([(await sleeping).status, panicked.status], [500, 500]);
  const again = await Promise.all(["/meet?2", "/meet?2"].map(async (path) => (await handler(request(path))).text()));
  assertEquals(again, ["2 of 2\n", "2 of 2\n"]);
  for (const each of told) assertMatch(each, /^Trap: /);
});
