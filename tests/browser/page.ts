// What runs in the page, and in a worker of it: the fixtures' components through the bundled
// library. Posts what it found to the server.

import { host } from "../../bench/host.ts";
import { run, serve } from "@windlass/component/wasi";
import { compile, ComponentError, features, instantiate, Trap, ValueError } from "@windlass/component";

interface Check {
  readonly name: string;
  readonly failure: string | undefined;
}

const checks: Check[] = [];

async function check(name: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
    checks.push({ name, failure: undefined });
  } catch (error) {
    checks.push({ name, failure: String((error as Error)?.stack ?? error) });
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

// deno-lint-ignore no-explicit-any
type Any = any;

await check("a component from fetch, streamed, calls and is called", async () => {
  const instance = await instantiate(fetch("/calls.wasm"), { "bench:calls/host": host() });
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
  const component = await compile(fetch("/calls.wasm"));
  const trapping = { ...host(), nop: () => "lost" as never, add: () => "no number" as never };
  const { exports } = await instantiate(component, { "bench:calls/host": trapping as Any });
  fails(() => exports["bench:calls/loops"].add(3), ValueError, "expected u32");
  fails(
    () => exports["bench:calls/guest"].nop(),
    Trap,
    "cannot enter component instance, which an earlier trap locked down",
  );
});

await check("WASI: commands with streams, sleep and exit codes; what needs a file system says so", async () => {
  const decoder = new TextDecoder();
  const hello = await run(fetch("/hello.wasm"), { args: ["hello", "browser"], stdout: "capture" });
  same([hello.exitCode, decoder.decode(hello.stdout)], [0, "Hello, browser!\n"]);
  const command = await compile(fetch("/command.wasm"));
  const stdin = new Blob(["in and ", "out"]).stream();
  const cat = await run(command, { args: ["", "cat"], stdin, stdout: "capture" });
  same(decoder.decode(cat.stdout), "in and out");
  const started = performance.now();
  same((await run(command, { args: ["", "sleep"] })).exitCode, 0);
  if (performance.now() - started < 19) throw new Error("it did not sleep");
  same((await run(command, { args: ["", "exit-badly"] })).exitCode, 1);
  const refused = await run(command, { preopens: { "/": "/" } }).catch((error) => error);
  same([refused.name, refused.message.includes("node:fs")], ["TypeError", true]);
});

await check("WASI: a handler as in a service worker", async () => {
  const handler = await serve(await compile(fetch("/server.wasm")), { onError() {} });
  const response = await handler(new Request("/echo", { method: "POST", body: "x".repeat(100_000) }));
  same((await response.text()).length, 100_000);
  same((await handler(new Request("/trap"))).status, 500);
});

await fetch("/outcome", { method: "POST", body: JSON.stringify({ checks, codegen: features.codegen }) });
