// The packed package, as whoever installs it has it: in Node 20 (no JSPI, no multi-memory), Node 26
// and Bun.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";
import {
  compile,
  CompileError,
  Component,
  features,
  instantiate,
  Linker,
  LinkError,
  suspending,
  Trap,
} from "@windlass/component";
import * as jsApi from "@windlass/component/js-api";
import { run, serve, wasi } from "@windlass/component/wasi";

const tests = process.argv[2];
const fixture = (name) => readFileSync(`${tests}/e2e/fixtures/${name}.wasm`);
const guest = (name) => readFileSync(`${tests}/wasi/guests/${name}.wasm`);
const decoder = new TextDecoder();
let passed = 0;
const header = [0, 0x61, 0x73, 0x6d];

async function check(name, action) {
  try {
    await action();
    passed++;
  } catch (error) {
    console.error(`${name} ... FAILED\n`, error);
    process.exitCode = 1;
  }
}

await check("a component, its imports, a call", async () => {
  const lines = [];
  const instance = await instantiate(fixture("greet"), {
    "demo:greet/host@1.0.0": { log: (line) => lines.push(line) },
  });
  assert.equal(instance.exports["demo:greet/api@1.0.0"].greet("world"), "Hello, world!");
  assert.equal(lines.length, 1);
});
await check("the draft JS API, and its polyfill", async () => {
  const bytes = readFileSync(`${tests}/js_api/fixtures/greeter.wasm`);
  const { instance } = await jsApi.instantiate(bytes);
  assert.equal(instance.exports.greet(42), "hello, 42");
  assert.equal(WebAssembly.Component, undefined);
  await import("@windlass/component/polyfill");
  assert.equal(WebAssembly.Component, jsApi.Component);
  const component = await WebAssembly.compile(bytes);
  assert.equal(new WebAssembly.ComponentInstance(component).exports.greet("you"), "hello, you");
});
await check("worlds are printed", async () => {
  const component = await compile(fixture("greet"));
  assert.match(component.wit(), /export demo:greet\/api@1\.0\.0/);
  assert.match(component.typescript({ worldName: "Greet" }), /export interface Greet/);
});
await check("errors have their classes and messages", async () => {
  await assert.rejects(() => compile(new Uint8Array(8)), CompileError);
  await assert.rejects(() => instantiate(fixture("greet")), LinkError);
});
await check("what the engine lacks is said", async () => {
  // (component (core module (memory 0) (memory 0)))
  const bytes = Uint8Array.of(...header, 13, 0, 1, 0, 1, 15, ...header, 1, 0, 0, 0, 5, 5, 2, 0, 0, 0, 0);
  const memories = () => compile(bytes);
  if (features.multiMemory) await memories();
  if (!features.multiMemory) {
    await assert.rejects(memories, (error) => error instanceof CompileError && /multiple memories/.test(error.message));
  }
  const log = suspending(async () => {});
  const component = await compile(fixture("greet"));
  const link = () => new Linker().define({ "demo:greet/host@1.0.0": { log } }).link(component);
  if (features.jspi) link();
  else assert.throws(link, (error) => error instanceof LinkError && /JSPI/.test(error.message));
});
await check("a command runs", async () => {
  const { exitCode, stdout } = await run(guest("hello"), { args: ["hello", "ann"], stdout: "capture" });
  assert.deepEqual([exitCode, decoder.decode(stdout)], [0, "Hello, ann!\n"]);
});
await check("a command waits on this thread where it cannot be suspended", async () => {
  const slept = await run(guest("command"), { args: ["", "sleep"], stdout: "capture" });
  assert.equal(decoder.decode(slept.stdout), "slept\n");
  const copied = await run(guest("command"), { args: ["", "cat"], stdin: "bytes are there", stdout: "capture" });
  assert.equal(decoder.decode(copied.stdout), "bytes are there");
  const stdin = new ReadableStream({ start: (controller) => controller.close() });
  // Where the guest cannot be suspended, all of the stream is read before it runs.
  assert.equal((await run(guest("command"), { args: ["", "cat"], stdin })).exitCode, 0);
});
await check("plain calls with WASI", async () => {
  const instance = await instantiate(guest("command"), { ...await wasi({ args: ["", "trap"] }) });
  assert.throws(() => instance.exports["wasi:cli/run@0.2.0"].run(), Trap);
});
await check("a handler serves", async () => {
  const handler = await serve(guest("server"), { onError() {} });
  const response = await handler(new Request("http://localhost/echo", { method: "POST", body: "there and back" }));
  assert.equal(await response.text(), "there and back");
  assert.equal((await (await handler(new Request("http://localhost/big"))).arrayBuffer()).byteLength, 8 << 20);
  assert.equal((await handler(new Request("http://localhost/trap"))).status, 500);
});
await check("the command line", () => {
  const windlass = (...args) =>
    execFileSync(process.execPath, ["node_modules/@windlass/component/host/bin.js", ...args]);
  assert.equal(decoder.decode(windlass("run", `${tests}/wasi/guests/hello.wasm`, "--", "bob")), "Hello, bob!\n");
  assert.match(decoder.decode(windlass("inspect", `${tests}/e2e/fixtures/greet.wasm`)), /^package root:component;/);
});
await check("a component that was written ahead of time is a component of the package", async () => {
  const bin = ["node_modules/@windlass/component/host/bin.js", "wrap", `${tests}/e2e/fixtures/greet.wasm`];
  execFileSync(process.execPath, [...bin, "--ahead", "-o", "ahead"]);
  const { component } = await import(`${process.cwd()}/ahead/greet.js`);
  assert.ok(component instanceof Component);
  const { exports } = await new Linker().trapUnknown().link(component).instantiate();
  assert.equal(typeof exports.version(), "string");
  assert.match(component.wit(), /export demo:greet\/api@1\.0\.0/);
});
await check("all of a long output goes through a pipe", () => {
  // (component (import "f0000" (func)) …): its world is some 300 KB of text.
  const leb = (n) => n < 128 ? [n] : [n & 127 | 128, ...leb(n >>> 7)];
  const count = 6000, text = new TextEncoder();
  const imports = Array.from({ length: count }, (_, i) => {
    const name = text.encode(`a-long-name-${"x".repeat(10)}${String(i).padStart(5, "0")}`);
    return [0, ...leb(name.length), ...name, 1, 0];
  }).flat();
  const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
  const bytes = [
    ...header,
    13,
    0,
    1,
    0,
    ...section(7, [1, 0x40, 0, 1, 0]),
    ...section(10, [...leb(count), ...imports]),
  ];
  writeFileSync("wide.wasm", Uint8Array.from(bytes));
  const out = execFileSync("sh", [
    "-c",
    `"${process.execPath}" node_modules/@windlass/component/host/bin.js inspect wide.wasm | (sleep 1; wc -c)`,
  ]);
  assert.ok(Number(decoder.decode(out)) > 250_000, decoder.decode(out));
});
await check("the server of the command line: odd requests, failing handlers", async () => {
  const { listen } = await import("@windlass/component/wasi");
  const { error } = console, told = [];
  console.error = ({ message }) => told.push(message);
  const server = await listen(
    (request) => {
      if (request.url.endsWith("/throws")) throw new Error("on purpose");
      return Promise.resolve(new Response(request.url));
    },
    { port: 0 },
  );
  const port = Number(new URL(server.url).port);
  const ask = (first, host = "a") =>
    new Promise((resolve) => {
      let got = "";
      const socket = connect(port, "127.0.0.1", () =>
        socket.write(`${first} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
      socket.on("data", (part) =>
        got += part);
      socket.on("close", () =>
        resolve(got));
    });
  assert.match(await ask("GET //evil/p"), /http:\/\/a\/\/evil\/p/);
  assert.match(await ask("GET /p", "u:p@h"), /^HTTP\/1\.1 400/);
  assert.match(await ask("GET /throws"), /^HTTP\/1\.1 500/);
  assert.match(await ask("HEAD /p"), /^HTTP\/1\.1 200/);
  console.error = error;
  assert.deepEqual(told, ["on purpose"]);
  await server.close();
});

const runtime = process.versions.bun === undefined ? `node ${process.versions.node}` : `bun ${process.versions.bun}`;
console.log(`packed package in ${runtime}: ${passed} passed | ${process.exitCode ? 1 : 0} failed`);
