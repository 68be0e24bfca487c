// Trailers of WASI 0.3 over a real connection: a request's reach the guest, the guest's reach the client.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { listen, serve } from "@windlass/component/wasi";
import { required } from "../../host/wasi/base/platform.ts";
import { guest } from "./guests.ts";

const handler = await serve(guest("p3/handler"), { instances: { max: 1 } });

/** Sends a text as it is; gives what comes until the connection ends. */
function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url), net = required("node:net", "these tests");
  return new Promise((resolve, reject) => {
    let found = "";
    const socket = net.connect(Number(port), hostname, () => socket.write(text));
    socket.on("data", (bytes: Uint8Array) => void (found += new TextDecoder().decode(bytes)));
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(found));
    socket.on("error", reject);
  });
}

const post = (more: string, body: string): string =>
  `POST /echo HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${more}\r\n${body}`;
const chunked = (trailers: string): string =>
  post("transfer-encoding: chunked\r\n", `5\r\nhello\r\n6\r\n world\r\n0\r\n${trailers}\r\n`);

Deno.test("trailers go through a guest: from the client to it, and back", async () => {
  const server = await listen(handler, { port: 0 });
  try {
    const answer = await exchange(server.url, chunked("x-checksum: 12\r\nX-Twice: a\r\nx-twice: b\r\n"));
    const [head = "", rest = ""] = answer.split(/\r\n\r\n(.*)/s);
    assertStringIncludes(head.toLowerCase(), "transfer-encoding: chunked");
    const [, after = ""] = rest.split(/\r\n0\r\n/);
    assertEquals(after.trim().toLowerCase().split("\r\n").sort(), ["x-checksum: 12", "x-twice: a", "x-twice: b"]);
    assertEquals(rest.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, "").startsWith("hello world"), true);
  } finally {
    await server.close();
  }
});

Deno.test("a message without trailers has none, and what must not come after it is none", async () => {
  const server = await listen(handler, { port: 0 });
  try {
    assert((await exchange(server.url, chunked(""))).endsWith("\r\n0\r\n\r\n"));
    const framed = await exchange(
      server.url,
      chunked("authorization: secret\r\ncontent-type: text/html\r\nx-a: b\r\n"),
    );
    const [, after = ""] = framed.split(/\r\n0\r\n/);
    assertEquals(after.trim().toLowerCase(), "x-a: b");
    const whole = await exchange(server.url, post("content-length: 5\r\n", "hello"));
    assertStringIncludes(whole, "hello");
  } finally {
    await server.close();
  }
});

Deno.test("a client that goes away before the end of its body ends nothing else of its instance", async () => {
  const told: unknown[] = [], net = required("node:net", "these tests");
  const shared = await serve(guest("p3/handler"), { instances: { max: 1 }, onError: (error) => told.push(error) });
  const server = await listen(shared, { port: 0 }), { hostname, port } = new URL(server.url);
  /** Sends a part of a body, and goes away. */
  const goesAway = (path: string): Promise<void> =>
    new Promise((resolve) => {
      const text = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`;
      const socket = net.connect(Number(port), hostname, () => socket.write(text));
      socket.on("error", () => {});
      setTimeout(() => socket.destroy(), 10);
      socket.on("close", () => resolve());
    });
  try {
    const other = fetch(new URL("/sleep?60", server.url)).then((response) => response.text());
    await Promise.all(["/", "/echo", "/upper", "/count", "/trailers", "/endless", "/sleep?5"].map(goesAway));
    assertEquals(await other, "slept\n");
    assertEquals(told, []);
  } finally {
    await server.close();
  }
});
