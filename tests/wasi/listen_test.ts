// A server of Node's around a handler: what clients see, and what handlers are told.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect, type Socket } from "node:net";
import { listen, serve, type ServeOptions } from "@windlass/component/wasi";
import { guest } from "./guests.ts";
import { type Any, text, utf8 } from "./support.ts";

const later = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

type Handler = (request: Request) => Response | Promise<Response>;

/** A server for the time of a test. */
async function listening(
  handler: Handler,
  use: (url: string, port: number) => Promise<void>,
): Promise<void> {
  const { url, close } = await listen(async (request) => await handler(request), { port: 0 });
  try {
    await use(url, Number(new URL(url).port));
  } finally {
    await close();
  }
}

/** A connection, and what it brings. */
function connection(
  port: number,
  request: string,
): { socket: Socket; received: () => string; closed: Promise<string> } {
  const socket = connect(port, "127.0.0.1");
  socket.write(request);
  let received = "";
  socket.on("data", (chunk: Uint8Array) => received += text(chunk));
  socket.on("error", () => {});
  return { socket, received: () => received, closed: new Promise((done) => socket.on("close", () => done(received))) };
}

/** Looks again and again, for some seconds. */
async function until(true_: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !true_(); i++) await later(10);
  assert(true_());
}

/** A handler of the guest server, and what it told of errors. */
async function guestHandler(options: ServeOptions = {}): Promise<{ handler: Handler; errors: unknown[] }> {
  const errors: unknown[] = [];
  const handler = await serve(guest("server"), { onError: (error) => errors.push(error), ...options });
  return { handler, errors };
}

Deno.test("a request arrives as it was sent, a response likewise", () =>
  listening(
    (request) =>
      new Response(
        `${request.method} ${request.url} ${request.headers.get("cookie")} ${request.headers.get("x-own")}`,
        {
          status: 203,
          headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-own", "3"]],
        },
      ),
    async (_, port) => {
      const lines = [
        "PURGE //a?b=c HTTP/1.1",
        "Host: example.com:81",
        "Cookie: a=1",
        "X-Own: 1",
        "cookie: b=2",
        "x-own: 2",
      ];
      const answer = await connection(port, [...lines, "connection: close", "", ""].join("\r\n")).closed;
      assert(answer.startsWith("HTTP/1.1 203 "), answer);
      assert(answer.includes("PURGE http://example.com:81//a?b=c a=1; b=2 1, 2"), answer);
      const cookies = answer.split("\r\n").filter((line) => line.toLowerCase().startsWith("set-cookie: "));
      assertEquals(cookies.map((line) => line.slice(12)), ["a=1", "b=2"]);
    },
  ));

Deno.test("what no Request can be is answered by the server itself", () =>
  listening(() => new Response("reached"), async (_, port) => {
    const lines = {
      "TRACE / HTTP/1.1\r\nhost: a": 501,
      "GET / HTTP/1.1\r\nhost: a b": 400,
      "GET a:// HTTP/1.1\r\nhost: a": 400,
      "get / HTTP/1.1\r\nhost: a": 400,
      "GET / HTTP/1.1\r\nhost: a\r\nHost: b": 400,
      "GET http://user:word@a/ HTTP/1.1\r\nhost: a": 400,
    };
    for (const [line, status] of Object.entries(lines)) {
      const answer = await connection(port, `${line}\r\nconnection: close\r\n\r\n`).closed;
      assertEquals(answer.slice(0, 12), `HTTP/1.1 ${status}`, line);
    }
  }));

Deno.test("HEAD and statuses without a body", () =>
  listening(
    (request) => request.method === "HEAD" ? new Response("not sent") : new Response(null, { status: 204 }),
    async (url) => {
      const head = await fetch(url, { method: "HEAD" });
      assertEquals([head.status, await head.text()], [200, ""]);
      const none = await fetch(url);
      assertEquals([none.status, await none.text()], [204, ""]);
    },
  ));

Deno.test("a guest that traps in the middle of a body ends its connection, and nothing else", async () => {
  const { handler, errors } = await guestHandler();
  await listening(handler, async (url, port) => {
    for (let i = 1; i <= 3; i++) {
      const answer = await connection(port, "GET /half HTTP/1.1\r\nhost: a\r\n\r\n").closed;
      // The head came, perhaps some of the body, and never its end.
      assert(answer.startsWith("HTTP/1.1 200 ") && !answer.endsWith("0\r\n\r\n"), answer);
      await until(() => errors.length === i);
      await assertRejects(async () => await (await fetch(new URL("/half", url))).text());
      await until(() => errors.length === i + 1);
      errors.length = i;
    }
    assertEquals((await fetch(new URL("/trap", url))).status, 500);
    assertEquals(await (await fetch(new URL("/hello", url))).text(), "Hello!\n");
  });
});

Deno.test("a handler that throws answers 500 or ends its connection, as far as it had come", async () => {
  const { error } = console, told: unknown[] = [];
  console.error = (message: unknown) => told.push(message);
  try {
    await listening((request) => {
      if (request.url.endsWith("/at-once")) throw new Error("at once");
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          controller.enqueue(utf8("some"));
          await later(10);
          throw new Error("in the middle");
        },
      });
      return new Response(body);
    }, async (url, port) => {
      const failed = await fetch(new URL("/at-once", url));
      assertEquals([failed.status, await failed.text()], [500, ""]);
      assertEquals(told.map((error) => (error as Error).message), ["at once"]);
      const answer = await connection(port, "GET /later HTTP/1.1\r\nhost: a\r\n\r\n").closed;
      assert(answer.includes("some") && !answer.endsWith("0\r\n\r\n"), answer);
    });
  } finally {
    console.error = error;
  }
});

Deno.test("a client that goes away ends its instance", async () => {
  const { handler, errors } = await guestHandler({ instances: { max: 1 } });
  await listening(handler, async (url, port) => {
    for (const path of ["/slow", "/forever"]) {
      const { socket, received } = connection(port, `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
      if (path === "/forever") await until(() => received().length > 1000);
      else await later(10);
      socket.destroy();
      // The only instance can be used again, or another one has taken its place.
      assertEquals(await (await fetch(new URL("/hello", url))).text(), "Hello!\n");
    }
    assertEquals(errors, []);
  });
});

Deno.test("a client that goes away aborts the request, and its bodies", async () => {
  const ends: string[] = [];
  await listening((request) => {
    request.signal.addEventListener("abort", () => ends.push("signal"));
    const reader = request.body?.getReader();
    reader?.closed.catch(() => ends.push("request body"));
    return new Response(new ReadableStream({ cancel: () => void ends.push("response body") }));
  }, async (_, port) => {
    const { socket, received } = connection(port, "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf");
    await until(() => received().startsWith("HTTP/1.1 200 "));
    socket.destroy();
    await until(() => ends.length === 3);
    assertEquals(ends.sort(), ["request body", "response body", "signal"]);
  });
});

Deno.test("a body that is made for a client that went away is cancelled", async () => {
  let cancelled = false;
  await listening(async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return new Response(new ReadableStream({ cancel: () => void (cancelled = true) }));
  }, async (_, port) => {
    const { socket } = connection(port, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await later(100);
    socket.destroy();
    await until(() => cancelled);
  });
});

Deno.test("bodies wait for whoever reads them, both ways", async () => {
  let pulled = 0;
  const chunk = new Uint8Array(1 << 16);
  let read = () => {};
  const mayRead = new Promise<void>((resolve) => read = resolve);
  await listening(async (request) => {
    if (request.method === "GET") {
      return new Response(
        new ReadableStream({
          pull(controller) {
            pulled += chunk.length;
            controller.enqueue(chunk);
          },
        }, { highWaterMark: 0 }),
      );
    }
    await mayRead;
    let length = 0;
    for (const reader = request.body!.getReader();;) {
      const { done, value } = await reader.read();
      if (done) return new Response(`${length}`);
      length += value.length;
    }
  }, async (_, port) => {
    const slow = connection(port, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await until(() => slow.received().length > 0);
    slow.socket.pause();
    // More than the system's buffers hold, and far less than for ever.
    let before = -1;
    while (pulled === 0 || pulled !== before) {
      before = pulled;
      await later(200);
    }
    assert(pulled < 64 << 20, `${pulled}`);
    slow.socket.destroy();

    const total = 48 << 20; // far more than the buffers of the system hold
    const upload = connection(
      port,
      `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${total}\r\n\r\n`,
    );
    let sent = 0, full = false;
    while (sent < total && !full) {
      sent += chunk.length;
      if (!upload.socket.write(chunk)) full = await Promise.race([drained(upload.socket), later(500).then(() => true)]);
    }
    assert(full && sent < 40 << 20, `${sent}`);
    read();
    while (sent < total) {
      sent += chunk.length;
      if (!upload.socket.write(chunk)) await drained(upload.socket);
    }
    assert((await upload.closed).includes(`${total}`));
  });
});

function drained(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => socket.once("drain", () => resolve(false)));
}

Deno.test("closing waits for what is under way, and not for clients that keep their connection", async () => {
  const server = await listen(async (request) => {
    if (request.url.endsWith("/slow")) await later(100);
    return new Response("done");
  }, { port: 0 });
  const idle = connection(Number(new URL(server.url).port), "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await until(() => idle.received().includes("done"));
  const slow = fetch(new URL("/slow", server.url)).then((response) => response.text());
  await later(20);
  await server.close();
  assertEquals(await slow, "done");
  await assertRejects(() => fetch(server.url));
});

Deno.test("closing does not wait for a client that kept its connection for a next request", async () => {
  const server = await listen(async () => {
    await later(100);
    return new Response("done");
  }, { port: 0 });
  const kept = connection(Number(new URL(server.url).port), "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await later(20);
  const closing = server.close().then(() => "closed");
  await until(() => kept.received().includes("done"));
  // A server keeps an idle connection for five seconds, by Node's default.
  assertEquals(await Promise.race([closing, later(3000)]), "closed");
  await kept.closed;
});

Deno.test("closing does not wait for a client that has sent no request yet", async () => {
  const server = await listen(() => Promise.resolve(new Response("done")), { port: 0 });
  const silent = connection(Number(new URL(server.url).port), "");
  // The server knows a connection that was made before one that has its answer.
  await new Promise((done) => silent.socket.once("connect", done));
  assertEquals(await (await fetch(server.url)).text(), "done");
  assertEquals(await Promise.race([server.close().then(() => "closed"), later(3000)]), "closed");
  silent.socket.destroy(); // Bun's server leaves the connection to the client
});

const BIG = `content-length: 3000000\r\n\r\n${"a".repeat(3_000_000)}`;
const NEXT = "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";

for (
  const [method, path] of [["POST", "/hello"], ["POST", "/trap"], ["POST", "/part"], ["GET", "/hello"], [
    "TRACE",
    "/",
  ]] as const
) {
  Deno.test(`a connection serves its next request, though the body before was not read: ${method} ${path}`, async () => {
    const { handler } = await guestHandler({ instances: { max: 1 } });
    const answer = async (request: Request) => {
      if (!request.url.endsWith("/part")) return await handler(request);
      const reader = request.body!.getReader();
      await reader.read();
      await reader.cancel();
      return new Response("part");
    };
    for (const answers of [answer, (request: Request) => new Response(new URL(request.url).pathname)]) {
      await listening(answers, async (_, port) => {
        const client = connection(port, `${method} ${path} HTTP/1.1\r\nhost: a\r\n${BIG}${NEXT}`);
        await until(() => client.received().split("HTTP/1.1 ").length === 3);
        client.socket.destroy();
      });
    }
  });
}

Deno.test("a body that is read after its response was made is read to its end", async () => {
  let length = 0, over = false;
  await listening((request) => {
    void (async () => {
      for await (const chunk of request.body!) {
        length += chunk.length;
        await later(1);
      }
      over = true;
    })();
    return new Response("accepted");
  }, async (_, port) => {
    const client = connection(port, `POST / HTTP/1.1\r\nhost: a\r\n${BIG}`);
    await until(() => over);
    client.socket.destroy();
    assertEquals(length, 3_000_000);
  });
});

Deno.test("options that are none are refused, and so is an address that is taken", async () => {
  const handler = () => Promise.resolve(new Response());
  await assertRejects(() => listen(handler, { prot: 1 } as Any), TypeError, "`prot`");
  for (const port of [-1, 65536, 1.5, "80"]) {
    await assertRejects(() => listen(handler, { port } as Any), TypeError, "port");
  }
  for (const hostname of ["", 1]) {
    await assertRejects(() => listen(handler, { port: 0, hostname } as Any), TypeError, "hostname");
  }
  await listening(handler, async (_, port) => {
    const error = await assertRejects(() => listen(handler, { port }));
    assertEquals((error as { code?: string }).code, "EADDRINUSE");
  });
});

Deno.test({
  name: "where there is no node:http, that is said",
  ignore: !("process" in globalThis), // a browser never has it
  fn: async () => {
    const { process } = globalThis as Any;
    const { getBuiltinModule } = process;
    process.getBuiltinModule = undefined;
    try {
      await assertRejects(() => listen(() => Promise.resolve(new Response())), TypeError, "servers need node:http");
    } finally {
      process.getBuiltinModule = getBuiltinModule;
    }
  },
});
