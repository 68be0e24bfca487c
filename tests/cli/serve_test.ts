// `serve`: its log, what its instances are used for, how it ends, and what bounds a request.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { main } from "@windlass/component/cli";
import { PrefixedLines } from "../../host/cli/request_log.ts";
import { withTerminal } from "../../host/cli/terminal.ts";
import { TestTerminal } from "./support.ts";

const guests = new URL("../wasi/guests/", import.meta.url).pathname;

/** A command that serves in this process. */
interface Serving {
  readonly terminal: TestTerminal;
  get(path: string, init?: RequestInit): Promise<Response>;
  text(path: string): Promise<string>;
  /** What it exits with. */
  readonly code: Promise<number>;
}

/** Serves a guest at a free port, and ends it after use, unless that was done. */
async function serving(
  guest: string,
  options: readonly string[],
  use: (serving: Serving) => Promise<void>,
): Promise<void> {
  const terminal = new TestTerminal();
  await withTerminal(terminal, async () => {
    const code = main(["serve", "--addr", "127.0.0.1:0", ...options, `${guests}${guest}.wasm`]);
    const url = (await Promise.race([terminal.said(/^serving \S+ at (http:\S+)\n/), code.then(() => undefined)]))?.[1];
    assert(url !== undefined, terminal.stderr);
    const get = (path: string, init?: RequestInit) => fetch(new URL(path, url), init);
    try {
      await use({ terminal, code, get, text: async (path) => await (await get(path)).text() });
    } finally {
      terminal.ask("SIGTERM");
      terminal.ask("SIGTERM");
      await code;
    }
  });
}

/** The log without what differs each time. */
const log = ({ stderr }: TestTerminal): string =>
  stderr.replace(/^serving .*\n/, "").replaceAll(/ \d+\.\d ms$/gm, " ms").replaceAll(/ \d+\.\d{3} ms$/gm, " ms");

Deno.test("each request has a line, and its number before each line of what the guest writes", () =>
  serving("p3/handler", [], async ({ terminal, text }) => {
    assertEquals(await text("/"), "Hello, world!\n");
    assertEquals(await text("/after?later"), "answered\n");
    while (!terminal.stdout.includes("\n")) await new Promise<void>((resolve) => terminal.onWrite = resolve);
    assertEquals(await text("/panic"), "Internal Server Error");
    await terminal.said(/^\[3\] GET/m);
    assertEquals(terminal.stdout, "[2] after later: Ok(())\n");
    const lines = log(terminal).trimEnd().split("\n");
    assertEquals(lines.filter((line) => / (GET|POST) /.test(line)), [
      "[1] GET / 200 ms",
      "[2] GET /after?later 200 ms",
      "[3] GET /panic 500 ms",
    ]);
    assert(
      lines.some((line) => /^\[3\] error: the component trapped: Cannot call export \S+: /.test(line)),
      terminal.stderr,
    );
  }));

Deno.test("lines have their prefix whatever pieces they come in; one without an end is written in pieces", () => {
  const written: string[] = [];
  const lines = new PrefixedLines(() => "> ", (text) => void written.push(text));
  lines.write("a");
  lines.write("b\nc\n\nd");
  assertEquals(written.splice(0), ["> ab\n> c\n> \n"]);
  lines.end();
  lines.end();
  assertEquals(written.splice(0), ["> d\n"]);
  lines.write("x".repeat(40_000));
  const piece = `> ${"x".repeat(16 * 1024)}\n`;
  assertEquals(written.splice(0), [piece + piece]);
});

Deno.test("--quiet writes what the guest writes, and its failures, as they are", () =>
  serving("server", ["--quiet"], async ({ terminal, text }) => {
    assertEquals(await text("/hello"), "Hello!\n");
    await text("/trap");
    assertMatch(log(terminal), /^error: the component trapped: Cannot call export [^\n]*\n$/);
  }));

Deno.test("--reuse bounds how many requests an instance has", async () => {
  const counts = async (options: readonly string[]) => {
    const found: string[] = [];
    await serving("server", options, async ({ text }) => {
      for (let i = 0; i < 5; i++) found.push((await text("/count")).trim());
    });
    return found;
  };
  assertEquals(await counts([]), ["1", "1", "1", "1", "1"]);
  assertEquals(await counts(["--instances", "1"]), ["1", "2", "3", "4", "5"]);
  assertEquals(await counts(["--instances", "1", "--reuse", "2"]), ["1", "2", "1", "2", "1"]);
  // An instance that has several requests at once takes no more of them than that.
  await serving("p3/handler", ["--instances", "1", "--reuse", "2"], async ({ text }) => {
    const all = await Promise.all(Array.from({ length: 4 }, () => text("/meet?2")));
    assertEquals(all, Array.from({ length: 4 }, () => "2 of 2\n"));
  });
});

Deno.test("the first signal takes no more requests and lets the running ones end", () =>
  serving("p3/handler", [], async ({ terminal, text, get, code }) => {
    const slow = text("/sleep?200");
    // It has arrived when another one that came later has.
    await text("/");
    terminal.ask("SIGTERM");
    await terminal.said(/^ending: running requests may end; a second signal ends them\n/m);
    assertEquals(await slow, "slept\n");
    assertEquals(await code, 0);
    assertEquals(await get("/").then(() => "answered", () => "refused"), "refused");
  }));

Deno.test("what an instance does after its response ends before the process does", () =>
  serving("p3/handler", [], async ({ terminal, text, code }) => {
    assertEquals(await text("/after?all"), "answered\n");
    terminal.ask("SIGINT");
    assertEquals(await code, 0);
    assertEquals(terminal.stdout, "[1] after all: Ok(())\n");
  }));

Deno.test("the second signal ends at once, with the signal's exit code", () =>
  serving("p3/handler", [], async ({ terminal, text, code }) => {
    const slow = text("/sleep?300").catch(() => "cut");
    await text("/");
    terminal.ask("SIGINT");
    terminal.ask("SIGINT");
    assertEquals(await code, 130);
    await slow; // the process goes on here, so that it may be answered
  }));

Deno.test("--timeout: a response that does not begin is 504", () =>
  serving("p3/handler", ["--timeout", "150"], async ({ terminal, text, get }) => {
    assertEquals(await text("/"), "Hello, world!\n");
    const late = await get("/sleep?5000");
    assertEquals([late.status, await late.text()], [504, "Gateway Timeout\n"]);
    assertEquals(await (await get("/echo", { method: "POST", body: "a body" })).text(), "a body");
    const lines = log(terminal).trimEnd().split("\n");
    assertEquals(lines, ["[1] GET / 200 ms", "[2] GET /sleep?5000 504 ms", "[3] POST /echo 200 ms"]);
  }));

Deno.test("--trace shows the calls of each request with its number", () =>
  serving("server", ["--trace"], async ({ terminal, text }) => {
    assertEquals(await text("/hello"), "Hello!\n");
    await terminal.said(/^\[1\] GET/m);
    const found = log(terminal);
    assertMatch(found, /^\[1\] -> wasi:http\/incoming-handler@0\.2\.0#handle\(\)\n\[1\] {4}wasi:http\/types@/);
    assertMatch(
      found,
      /^\[1\] {4}wasi:http\/types@0\.2\.0#\[method\]incoming-request\.path-with-query\(\S+#\d\) = some\("\/hello"\) {2}ms$/m,
    );
    assertMatch(found, /^\[1\] <- wasi:http\/incoming-handler@0\.2\.0#handle {2}ms$/m);
  }));
