// A proxy in Rust for WASI 0.3: requests sent on through wasi:http/client, inside the list of hosts.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { compile } from "@windlass/component";
import { listen, serve } from "@windlass/component/wasi";
import { guest } from "./guests.ts";
import { OK, wire } from "./http_support.ts";
import { text } from "./support.ts";

const proxy = await compile(guest("p3/proxy"));

const through = (to: string, path: string, init: RequestInit = {}): Request =>
  new Request(`http://localhost${path}`, { ...init, headers: { "x-to": to, "x-kept": "yes" } });

Deno.test("a request goes through with its method, path, fields and body, and so does the answer", async () => {
  const server = await wire(({ body }, socket) => {
    const answer = `${body.length} bytes`;
    socket.end(
      `HTTP/1.1 203 Odd\r\nx-upstream: a\r\nx-upstream: b\r\ncontent-length: ${answer.length}\r\n` +
        `connection: close\r\n\r\n${answer}`,
    );
  });
  try {
    const handler = await serve(proxy, { network: { http: [server.authority] } });
    const response = await handler(through(server.authority, "/a/b?c=d", { method: "PUT", body: "x".repeat(100_000) }));
    assertEquals([response.status, response.headers.get("x-upstream")], [203, "a, b"]);
    assertEquals(await response.text(), "100000 bytes");
    const [{ head, body }] = server.arrived as [typeof server.arrived[number]];
    assertEquals([head[0], body.length], ["PUT /a/b?c=d HTTP/1.1", 100_000]);
    assertEquals(head.filter((line) => /^x-/i.test(line)), ["x-kept: yes"]);
    assertEquals(head.filter((line) => /^host:/i.test(line)).join().toLowerCase(), `host: ${server.authority}`);
  } finally {
    await server.close();
  }
});

Deno.test("what the list of hosts does not have is refused, and nothing is sent", async () => {
  const server = await wire();
  try {
    for (const network of [undefined, { http: [] }, { http: ["localhost:1", "127.0.0.1:1"] }]) {
      const handler = await serve(proxy, network === undefined ? {} : { network });
      const response = await handler(through(server.authority, "/"));
      assertEquals([response.status, await response.text()], [502, "ErrorCode::HttpRequestDenied\n"]);
    }
    assertEquals(server.arrived.length, 0);
  } finally {
    await server.close();
  }
});

Deno.test("a server that is not there, or hangs up, and a proxy of a proxy", async () => {
  const gone = await wire();
  await gone.close();
  const handler = await serve(proxy, { network: { http: true } });
  const refused = await handler(through(gone.authority, "/"));
  assertEquals([refused.status, await refused.text()], [502, "ErrorCode::ConnectionRefused\n"]);
  const rude = await wire((_, socket) => socket.destroy());
  try {
    const cut = await handler(through(rude.authority, "/"));
    assertEquals(cut.status, 502);
    assertMatch(await cut.text(), /^ErrorCode::(ConnectionTerminated|HttpProtocolError|HttpResponseIncomplete)\n$/);
  } finally {
    await rude.close();
  }
  assertEquals((await handler(new Request("http://localhost/"))).status, 400);
});

Deno.test("a body that breaks off on its way through is not a whole body to anyone", async () => {
  const length = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
  const server = await wire(({ head }, socket) => {
    if (head[0]!.startsWith("GET")) socket.write(length + "half", () => setTimeout(() => socket.destroy(), 5));
    else socket.end(OK);
  });
  try {
    const handler = await serve(proxy, { network: { http: [server.authority] } });
    await assertRejects(async () => await (await handler(through(server.authority, "/"))).text());
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulled++ === 0) controller.enqueue(new Uint8Array(10));
        else controller.error(new Error("gone"));
      },
    }, { highWaterMark: 0 });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    const response = await handler(through(server.authority, "/", init));
    assertEquals(response.status, 502);
    // The server saw the beginning of a request at most: the end of its body never came.
    assertEquals(server.arrived.filter(({ head }) => head[0]!.startsWith("POST")), []);
  } finally {
    await server.close();
  }
});

Deno.test("several requests are sent on at the same time by one instance, and answers are streamed", async () => {
  let waiting = 0;
  const all = Promise.withResolvers<void>();
  const server = await wire(async (request, socket) => {
    if (++waiting === 4) all.resolve();
    await all.promise; // none is answered before all have come
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n");
    const path = request.head[0]!.split(" ")[1]!;
    for (const part of [path, text(request.body)]) socket.write(`${part.length.toString(16)}\r\n${part}\r\n`);
    socket.end("0\r\n\r\n");
  });
  try {
    const handler = await serve(proxy, { network: { http: [server.authority] }, instances: { max: 1 } });
    const answers = await Promise.all(Array.from({ length: 4 }, async (_, i) => {
      const response = await handler(through(server.authority, `/${i}`, { method: "POST", body: `body ${i}` }));
      return await response.text();
    }));
    assertEquals(answers, ["/0body 0", "/1body 1", "/2body 2", "/3body 3"]);
  } finally {
    await server.close();
  }
});

Deno.test("a guest in front of a guest, over HTTP", async () => {
  const upstream = await serve(guest("p3/handler"), { instances: { max: 1 } });
  const server = await listen(upstream, { port: 0 });
  const { host } = new URL(server.url);
  try {
    const handler = await serve(proxy, { network: { http: [host] }, instances: { max: 1 } });
    const body = "a line\n".repeat(100_000);
    const [echoed, raised, ...met] = await Promise.all([
      handler(through(host, "/echo", { method: "POST", body })),
      handler(through(host, "/upper", { method: "POST", body })),
      handler(through(host, "/meet?2")),
      handler(through(host, "/meet?2")),
    ]);
    assertEquals(await echoed!.text(), body);
    assertEquals(await raised!.text(), body.toUpperCase());
    for (const response of met) assertEquals(response.status, 200);
    await assertRejects(async () => await (await handler(through(host, "/break"))).text());
    // One that stops reading in front is told to the one behind.
    const reader = (await handler(through(host, "/endless"))).body!.getReader();
    assertEquals((await reader.read()).done, false);
    await reader.cancel();
    assertEquals(await (await handler(through(host, "/"))).text(), "Hello, world!\n");
  } finally {
    await server.close();
  }
});
