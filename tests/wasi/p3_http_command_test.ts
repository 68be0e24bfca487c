// A component of WASI 0.3 that is an HTTP client, a command with standard streams, and waits for a
// clock: in every runtime and browser, by the runtime's `fetch` and by one of the program's own.

import { assertEquals } from "@std/assert";
import { features } from "@windlass/component";
import { run, type WasiOptions } from "@windlass/component/wasi";
import { echoing } from "./http_faces.ts";
import { poster } from "./p3_poster.ts";
import { text, utf8 } from "./support.ts";

const bytes = await poster();
/** Runs it with these options; its exit code and its output. */
async function posted(network: WasiOptions["network"], authority: string, stdin: WasiOptions["stdin"]) {
  const options = {
    network: network!,
    stdin: stdin!,
    args: ["poster", authority, "/upload"],
    stdout: "capture",
  } as const;
  const { exitCode, stdout } = await run(bytes, options);
  return [exitCode, text(stdout!)];
}
const body = "there and back ".repeat(5000);

Deno.test("a client of 0.3 posts its standard input, and writes the answer to its standard output", () =>
  echoing(async (authority) => {
    assertEquals(await posted({ http: [authority] }, authority, body), [0, body]);
    assertEquals(await posted({ http: [authority] }, authority, ""), [0, ""]);
    let requests = 0;
    const handingOn = (request: Request): Promise<Response> => {
      requests++;
      return fetch(request);
    };
    assertEquals(await posted({ http: true, fetch: handingOn }, authority, body), [0, body]);
    assertEquals(requests, 1);
  }));

Deno.test("a fetch of the program's own answers a client of 0.3 without a server", async () => {
  const shout = async (request: Request): Promise<Response> => new Response((await request.text()).toUpperCase());
  assertEquals(await posted({ http: ["example.com"], fetch: shout }, "example.com", body), [0, body.toUpperCase()]);
  // The exit codes are the error codes that it was given: denied by the policy, failed in `fetch`.
  assertEquals(await posted({ http: ["example.org"], fetch: shout }, "example.com", "x"), [10, ""]);
  assertEquals(await posted({ fetch: shout }, "example.com", "x"), [10, ""]);
  const failing = () => Promise.reject(new Error("no network"));
  assertEquals(await posted({ http: true, fetch: failing }, "example.com", "x"), [11, ""]);
  // Another status than 200 is the command's failure.
  const missing = () => Promise.resolve(new Response("nothing", { status: 404 }));
  assertEquals(await posted({ http: true, fetch: missing }, "example.com", "x"), [1, "nothing"]);
});

Deno.test("what comes of an answer is written before the rest of it comes", { ignore: !features.jspi }, async () => {
  const { promise: wroteOne, resolve } = Promise.withResolvers<void>();
  let written = "", pulls = 0;
  const fetch = () =>
    Promise.resolve(
      new Response(
        new ReadableStream({
          async pull(controller) {
            if (pulls++ === 0) return controller.enqueue(utf8("one "));
            await wroteOne;
            controller.enqueue(utf8("two"));
            controller.close();
          },
        }),
      ),
    );
  const stdout = new WritableStream<Uint8Array>({
    write(chunk) {
      written += text(chunk);
      if (written === "one ") resolve();
    },
  });
  const { exitCode } = await run(bytes, {
    args: ["poster", "example.com", "/"],
    network: { http: true, fetch },
    stdout,
  });
  assertEquals([exitCode, written], [0, "one two"]);
});
