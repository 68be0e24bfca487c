// Serving HTTP with `wasi:http/handler` of WASI 0.3: bodies both ways, failures, several requests.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { features } from "@windlass/component";
import { serve } from "@windlass/component/wasi";
import { wat } from "../support/wat.ts";

/**
 * A handler.
 *
 * @param body The instructions of `handle`: it has the request, and `$answer` gives a response with a
 *   stream (or none) and trailers the address of the result.
 * @param after The instructions of what the task does after its answer, if it goes on; `body` answers
 *   with the address `$answered` then.
 */
const handler = (body: string, after?: string): string =>
  `(component
  (import "wasi:http/types@0.3.0" (instance $types
    (export "fields" (type $fields (sub resource)))
    (export "request" (type $request (sub resource)))
    (export "response" (type $response (sub resource)))
    (type $E (variant (case "internal-error" (option string)))) (export "error-code" (type $e (eq $E)))
    (type $trailers (future (result (option (own $fields)) (error $e))))
    (type $taken (future (result (error $e))))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[static]request.consume-body" (func (param "this" (own $request)) (param "res" $taken)
      (result (tuple (stream u8) $trailers))))
    (export "[static]response.new" (func (param "headers" (own $fields)) (param "contents" (option (stream u8)))
      (param "trailers" $trailers) (result (tuple (own $response) $taken))))
    (export "[method]response.set-status-code" (func (param "self" (borrow $response)) (param "status-code" u16)
      (result (result))))))
  (alias export $types "request" (type $request))
  (alias export $types "response" (type $response))
  (alias export $types "fields" (type $fields))
  (alias export $types "error-code" (type $e))
  (type $trailers (future (result (option (own $fields)) (error $e))))
  (type $taken (future (result (error $e))))
  (type $bytes (stream u8))
  (core module $Lib (memory (export "m") 1))
  (core instance $lib (instantiate $Lib))
  (core func $fields (canon lower (func $types "[constructor]fields")))
  (core func $consume (canon lower (func $types "[static]request.consume-body") (memory (core memory $lib "m"))))
  (core func $respond (canon lower (func $types "[static]response.new") (memory (core memory $lib "m"))))
  (core func $status (canon lower (func $types "[method]response.set-status-code")))
  (core func $trailers (canon future.new $trailers))
  (core func $taken (canon future.new $taken))
  (core func $stream (canon stream.new (type $bytes)))
  (core func $return (canon task.return (result (result (own $response) (error $e))) (memory (core memory $lib "m"))))
  (core module $M
    (import "" "stream" (func $stream (result i64)))
    (import "" "return" (func $return (param i32 i32 i32 i32 i32)))
    (import "" "m" (memory 1))
    (import "" "fields" (func $fields (result i32)))
    (import "" "consume" (func $consume (param i32 i32 i32)))
    (import "" "respond" (func $respond (param i32 i32 i32 i32 i32)))
    (import "" "status" (func $status (param i32 i32) (result i32)))
    (import "" "trailers" (func $trailers (result i64)))
    (import "" "taken" (func $taken (result i64)))
    (func $answer (param $some i32) (param $stream i32) (param $trailers i32) (param $status i32) (result i32)
      (call $respond (call $fields) (local.get $some) (local.get $stream) (local.get $trailers) (i32.const 32))
      (drop (call $status (i32.load (i32.const 32)) (local.get $status)))
      (i32.store (i32.const 64) (i32.const 0))
      (i32.store (i32.const 68) (i32.load (i32.const 32)))
      (i32.const 64))
    (func $answered (param i32) (result i32)
      (call $return (i32.const 0) (i32.load offset=4 (local.get 0)) (i32.const 0) (i32.const 0) (i32.const 0))
      (i32.const 1))
    (func (export "handle") (param $request i32) (result i32) ${body})
    (func (export "callback") (param i32 i32 i32) (result i32) ${after ?? "unreachable"}))
  (core instance $m (instantiate $M (with "" (instance
    (export "m" (memory $lib "m")) (export "fields" (func $fields)) (export "consume" (func $consume))
    (export "respond" (func $respond)) (export "status" (func $status)) (export "trailers" (func $trailers))
    (export "taken" (func $taken)) (export "stream" (func $stream)) (export "return" (func $return))))))
  (func $handle async (param "request" (own $request)) (result (result (own $response) (error $e)))
    (canon lift (core func $m "handle") (memory (core memory $lib "m"))
      ${after === undefined ? "" : 'async (callback (core func $m "callback"))'}))
  (instance (export "wasi:http/handler@0.3.0") (export "handle" (func $handle))))`;

/** Gives the body of the request back, and what follows it. */
const echo = (status = 200): string =>
  handler(`
  (call $consume (local.get $request) (i32.wrap_i64 (call $taken)) (i32.const 16))
  (call $answer (i32.const 1) (i32.load (i32.const 16)) (i32.load (i32.const 20)) (i32.const ${status}))`);
/** Answers without a body. */
const empty = (status: number): string =>
  handler(`(call $answer (i32.const 0) (i32.const 0) (i32.wrap_i64 (call $trailers)) (i32.const ${status}))`);

const post = (body: BodyInit): Request =>
  new Request("http://localhost/a?b", { method: "POST", body, duplex: "half" } as RequestInit);

Deno.test("the body of a request is the body of the response", async () => {
  const handle = await serve(await wat(echo()));
  const text = "a line\n".repeat(40_000);
  for (const body of ["", "x", text]) assertEquals(await (await handle(post(body))).text(), body);
});

Deno.test({
  name: "bodies are taken as they are asked for, and cancelled with the response",
  // Firefox has no `Request.body`, and without JSPI bodies are kept whole.
  ignore: !("body" in Request.prototype) || !features.jspi,
  async fn() {
    let pulled = 0;
    const cancelled = Promise.withResolvers<void>();
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(65_536));
      },
      cancel: () => cancelled.resolve(),
    }, { highWaterMark: 0 });
    const handle = await serve(await wat(echo()));
    const { body } = await handle(post(endless)), reader = body!.getReader();
    assertEquals((await reader.read()).value?.length, 65_536);
    await reader.cancel();
    await cancelled.promise;
    assertEquals(pulled < 5, true, `${pulled} chunks were taken`);
  },
});

Deno.test("statuses with and without bodies", async () => {
  for (const status of [200, 204, 304, 404, 503]) {
    const response = await (await serve(await wat(empty(status))))(new Request("http://localhost/"));
    assertEquals([response.status, await response.text()], [status, ""]);
  }
  const head = await (await serve(await wat(echo(201))))(new Request("http://localhost/", { method: "HEAD" }));
  assertEquals([head.status, head.body], [201, null]);
});

Deno.test("a handler that fails answers 500, and onError is told why", async () => {
  const told: string[] = [], onError = (error: unknown) => void told.push(`${error}`);
  const trapping = await serve(await wat(handler("unreachable")), { onError });
  const failing = await serve(
    await wat(handler("(i32.store (i32.const 64) (i32.const 1)) (i32.const 64)")),
    { onError },
  );
  const odd = await serve(await wat(empty(101)), { onError });
  for (const handle of [trapping, failing, odd]) {
    const response = await handle(post("body"));
    assertEquals([response.status, await response.text()], [500, "Internal Server Error"]);
  }
  assertEquals(told.length, 2);
  assertStringIncludes(told[0]!, "Trap: Cannot call export wasi:http/handler@0.3.0#handle");
  assertStringIncludes(told[1]!, "the handler answered with status 101, which no Response has");
});

Deno.test("instances are used again, each for several requests at once", async () => {
  const handle = await serve(await wat(echo()), { instances: { max: 2 } });
  const bodies = Array.from({ length: 40 }, (_, i) => `${i} `.repeat(1 + i * 100));
  const answers = await Promise.all(bodies.map(async (body) => await (await handle(post(body))).text()));
  assertEquals(answers, bodies);
});

/** Answers with a body that never ends, and does something afterwards. */
const unending = (after: string): string =>
  handler(
    `(call $answered (call $answer (i32.const 1) (i32.wrap_i64 (call $stream)) (i32.wrap_i64 (call $trailers))
    (i32.const 200)))`,
    after,
  );

Deno.test("an instance that has trapped leaves its place, though nobody has taken the body of its answer", async () => {
  const told: string[] = [], onError = (error: unknown) => void told.push(`${error}`);
  const handle = await serve(await wat(unending("unreachable")), { instances: { max: 1 }, onError });
  const answers: Response[] = [];
  for (let i = 0; i < 3; i++) {
    answers.push(await handle(post("body")));
    assertEquals(answers[i]!.status, 200);
    while (told.length === i) await new Promise((done) => setTimeout(done, 1));
  }
  for (const answer of answers) await assertRejects(() => answer.text());
  assertEquals(told.length, 3);
});

Deno.test("an instance that traps while it has no request takes none any more", async () => {
  const told: string[] = [], onError = (error: unknown) => void told.push(`${error}`);
  // Its task goes on for some time after the answer, which has no body.
  const answer = `(call $answered (call $answer (i32.const 0) (i32.const 0) (i32.wrap_i64 (call $trailers))
    (i32.const 204)))`;
  const after = `(i32.store (i32.const 128) (i32.add (i32.load (i32.const 128)) (i32.const 1)))
    (if (i32.gt_u (i32.load (i32.const 128)) (i32.const 1000)) (then unreachable))
    (i32.const 1)`;
  const handle = await serve(await wat(handler(answer, after)), { instances: { max: 1 }, onError });
  for (let i = 0; i < 3; i++) {
    assertEquals((await handle(post("body"))).status, 204);
    while (told.length === i) await new Promise((done) => setTimeout(done, 1));
  }
});

Deno.test("a handler that breaks down after its answer breaks the body off, and onError is told", async () => {
  const told: string[] = [];
  const handle = await serve(await wat(unending("unreachable")), { onError: (error) => told.push(`${error}`) });
  for (let i = 0; i < 2; i++) {
    const response = await handle(post("body"));
    assertEquals(response.status, 200);
    await assertRejects(() => response.text());
  }
  assertEquals(told.length, 2);
  assertStringIncludes(told[0]!, "Trap: ");
});
