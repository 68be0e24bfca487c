// What runs in the page, and in a worker of it: the fixtures' components through the bundled
// library. Posts what it found to the server.

import { finish, query } from "./client.ts";
import { plainHost as host } from "../../bench/host.ts";
import { run, serve, wasi } from "@windlass/component/wasi";
import { compile, ComponentError, features, instantiate, Trap, ValueError } from "@windlass/component";

// deno-lint-ignore no-explicit-any
type Any = any;

const checks: { readonly name: string; readonly failure?: string }[] = [];
const violations: string[] = [];
globalThis.addEventListener("securitypolicyviolation", (event) => violations.push((event as Any).violatedDirective));

async function check(name: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
    checks.push({ name });
  } catch (error) {
    checks.push({ name, failure: `${error}\n${(error as Error)?.stack}` });
  }
}

function same(actual: unknown, expected: unknown): void {
  const [found, wanted] = [actual, expected].map((value) => JSON.stringify(value));
  if (found !== wanted) throw new Error(`expected ${wanted}, found ${found}`);
}

function fails(action: () => unknown, type: new (...args: never[]) => Error, message: string): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof type) || !error.message.includes(message)) throw error;
    return;
  }
  throw new Error(`expected ${type.name}: ${message}`);
}

await check("a component from fetch, streamed, calls and is called", async () => {
  const instance = await instantiate(fetch("/bench/fixtures/calls.wasm"), { "bench:calls/host": host() });
  const guest = instance.exports["bench:calls/guest"], loops = instance.exports["bench:calls/loops"];
  // Often enough that what is generated would be.
  for (let i = 0; i < 200; i++) {
    same(guest.add(i, 4), i + 4);
    same(guest.text(`héllo ${"x".repeat(i)}`), `héllo ${"x".repeat(i)}`);
    same(guest.points([{ x: 1.5, y: 2.5, id: i }]), [{ x: 1.5, y: 2.5, id: i }]);
    same(guest.names(["a", `b${i}`]), ["a", `b${i}`]);
    same(guest.maybe(undefined), undefined);
    same(guest.echoShape({ tag: "circle", val: 1.5 }), { tag: "circle", val: 1.5 });
    same(guest.permit({ read: true, exec: true }), { read: true, write: false, exec: true });
    same(guest.paint("blue"), "blue");
    same(guest.fallible(5), 5);
    same([...guest.words(new Uint32Array([1, 2, i]))], [1, 2, i]);
    const tally = new guest.Tally();
    same(tally.get(), 8);
    tally[Symbol.dispose]();
  }
  fails(() => guest.fallible(0), ComponentError, "failed");
  fails(() => guest.add(-1, 4), ValueError, "Cannot lower param 1 `a` of export bench:calls/guest#add: expected u32");
  fails(() => guest.paint("pink"), ValueError, "unknown variant case `pink`");
  fails(() => guest.echoBig({ a: 1 }), ValueError, "missing field");
  same(loops.add(20), 60);
  same(loops.text(20, 100), 100);
  same(loops.points(20, 10), 10);
  same(loops.fallible(20, 0), 1);
  same(loops.counter(20), 7);
});

await check("a trap locks the instance down", async () => {
  const component = await compile(fetch("/bench/fixtures/calls.wasm"));
  const trapping = { ...host(), nop: () => "lost" as never, add: () => "no number" as never };
  const { exports } = await instantiate(component, { "bench:calls/host": trapping as Any });
  fails(() => exports["bench:calls/loops"].add(3), ValueError, "expected u32");
  fails(
    () => exports["bench:calls/guest"].nop(),
    Trap,
    "cannot enter component instance, which an earlier exception locked down",
  );
});

await check("WASI: commands with streams, sleep and exit codes; what needs a file system says so", async () => {
  const decoder = new TextDecoder();
  const hello = await run(fetch("/tests/wasi/guests/hello.wasm"), { args: ["hello", "browser"], stdout: "capture" });
  same([hello.exitCode, decoder.decode(hello.stdout)], [0, "Hello, browser!\n"]);
  const command = await compile(fetch("/tests/wasi/guests/command.wasm"));
  const stdin = new Blob(["in and ", "out"]).stream();
  const cat = await run(command, { args: ["", "cat"], stdin, stdout: "capture" });
  same(decoder.decode(cat.stdout), "in and out");
  const started = performance.now();
  // The thread of a page cannot sleep, only its guest.
  if (features.jspi || !("document" in globalThis)) {
    same((await run(command, { args: ["", "sleep"] })).exitCode, 0);
    if (performance.now() - started < 19) throw new Error("it did not sleep");
  } else {
    const refused = await run(command, { args: ["", "sleep"] }).catch((error) => error);
    same([refused.name, refused.message.includes("waits for a sleep, which cannot happen")], ["Error", true]);
  }
  same((await run(command, { args: ["", "exit-badly"] })).exitCode, 1);
  const refused = await run(command, { preopens: { "/": "/" } }).catch((error) => error);
  same([refused.name, refused.message.includes("node:fs")], ["TypeError", true]);
});

await check("WASI: a handler as in a service worker", async () => {
  const handler = await serve(await compile(fetch("/tests/wasi/guests/server.wasm")), { onError() {} });
  const response = await handler(new Request("/echo", { method: "POST", body: "x".repeat(100_000) }));
  same((await response.text()).length, 100_000);
  same((await handler(new Request("/trap"))).status, 500);
});

await check("WASI: a guest's request has the body that it wrote, on time or in the end", async () => {
  const imports = await wasi({ network: { http: true } });
  const http = imports["wasi:http/types@0.2.6"] as Any, { handle } = imports["wasi:http/outgoing-handler@0.2.6"] as Any;
  /** The value of a result that must be `ok`. */
  const ok = (answer: Any): Any => {
    if (answer?.["~result"] && answer.tag === "err") throw new Error(JSON.stringify(answer.val));
    return answer?.["~result"] ? answer.val : answer;
  };
  const request = new http.OutgoingRequest(new http.Fields());
  ok(request.setMethod({ tag: "post" }));
  ok(request.setScheme({ tag: "HTTP" }));
  ok(request.setAuthority(new URL(import.meta.url).host));
  ok(request.setPathWithQuery("/upload"));
  const body = ok(request.body()), stream = ok(body.write()), future = ok(handle(request, undefined));
  let written = "";
  for (let i = 0; i < 100; i++) {
    while (ok(stream.checkWrite()) < 1000n) await new Promise((resolve) => setTimeout(resolve, 1));
    const part = `${i % 10}`.repeat(1000);
    ok(stream.write(new TextEncoder().encode(part)));
    written += part;
  }
  stream[Symbol.dispose]();
  ok(http.OutgoingBody.finish(body, undefined));
  let answer: Any;
  for (let i = 0; i < 500 && answer === undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    answer = ok(future.get());
  }
  const response = ok(ok(answer)), input = ok(ok(response.consume()).stream());
  let received = "";
  for (;;) {
    const read = input.read(100_000n);
    if (read?.tag === "err") break;
    received += new TextDecoder().decode(ok(read));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  same([received.length, received === written], [written.length, true]);
});

await check("code is generated unless the policy forbids it", async () => {
  const forbidden = query.get("policy") === "eval forbidden";
  same(features.codegen, !forbidden);
  await new Promise((resolve) => setTimeout(resolve, 50)); // violations are told later
  // Probing once is reported by the browser; nothing else may be.
  if (violations.length > (forbidden ? 1 : 0)) throw new Error(`violated: ${violations.join(", ")}`);
});

await finish({ checks });
