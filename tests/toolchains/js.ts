// deno task test:js: guests in JavaScript, made by componentize-js (npm, with its engine 385 MB:
// installed aside) and componentize-qjs (QuickJS): a function, an HTTP handler that fetches from
// elsewhere, and a user of what examples/wasi_more serves. Run in processes of their own, since
// that is where their time and memory are looked at.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { compile, type Component, instantiate } from "@windlass/component";
import { serve, wasi } from "@windlass/component/wasi";
import { must } from "../../tools/process.ts";
import { check, finish } from "../support/checks.ts";

const { gc } = globalThis as unknown as { gc: () => void };
const VERSION = "0.23.0", QJS_VERSION = "0.4.5";
const build = "tests/.build/js";

const componentize = `
import { componentize } from "@bytecodealliance/componentize-js";
import { readFileSync, writeFileSync } from "node:fs";
const [name, worldName, ...enableFeatures] = process.argv.slice(2);
const options = { witPath: name + ".wit", worldName, enableFeatures };
writeFileSync(name + ".wasm", (await componentize(readFileSync(name + ".js", "utf8"), options)).component);
`;

/** Makes a component of a program; kept from run to run as long as it is made from the same. */
async function guest(name: string, js: string, wit: string, ...features: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const path = `${build}/${name}.wasm`, made = [VERSION, js, wit, ...features].join("\0");
  if (await Deno.readTextFile(`${build}/${name}.made`).catch(() => "") !== made) {
    await Deno.writeTextFile(`${build}/${name}.js`, js);
    await Deno.writeTextFile(`${build}/${name}.wit`, wit);
    await must(["node", "componentize.mjs", name, name, ...features], { cwd: build });
    await Deno.writeTextFile(`${build}/${name}.made`, made);
  }
  return await Deno.readFile(path);
}

await Deno.mkdir(build, { recursive: true });
await Deno.writeTextFile(`${build}/package.json`, '{ "private": true, "type": "module" }\n');
await Deno.writeTextFile(`${build}/componentize.mjs`, componentize);
if (!await Deno.stat(`${build}/node_modules/componentize-qjs`).catch(() => undefined)) {
  await must([
    "npm",
    "install",
    "--no-audit",
    "--no-fund",
    "--silent",
    `@bytecodealliance/componentize-js@${VERSION}`,
    `componentize-qjs@${QJS_VERSION}`,
  ], { cwd: build });
}

const greeterJs =
  'export function greet(name) { return `Hello, ${name}!`; }\nexport function fail() { throw "a payload"; }\n';
const greeter = await guest(
  "greeter",
  greeterJs,
  "package demo:js;\nworld greeter { export greet: func(name: string) -> string; export fail: func() -> result<u32, string>; }\n",
);
const component = await compile(greeter);

async function greets(component: Component): Promise<void> {
  const { exports } = await instantiate(component, { ...await wasi({ stderr: "inherit" }) });
  for (let i = 0; i < 1000; i++) assertEquals(exports.greet!(`${i}`), `Hello, ${i}!`);
  let payload: unknown;
  try {
    exports.fail!();
  } catch (error) {
    payload = (error as { payload?: unknown }).payload;
  }
  assertEquals(payload, "a payload");
}

await check("a function in JavaScript, its values and its errors", () => greets(component));

await check("the same in QuickJS", async () => {
  const made = ["--wit", "greeter.wit", "--js", "greeter.js", "-n", "greeter", "-o", "quick.wasm"];
  await must(["node_modules/.bin/componentize-qjs", ...made], { cwd: build });
  await greets(await compile(Deno.readFile(`${build}/quick.wasm`)));
});

await check("from bytes to the first call it takes little more than its modules and its own start", async () => {
  const { componentInternals } = await import("../../core/component.ts");
  const slots = componentInternals(component).modules;
  const modules = slots.map(({ offset, length }) => greeter.subarray(offset, offset + length));
  const time = async (action: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await action();
    return performance.now() - start;
  };
  const rows: { engine: number; start: number; all: number }[] = [];
  const started = async (of: typeof component) => {
    const { exports } = await instantiate(of, { ...await wasi() });
    assertEquals(exports.greet!("x"), "Hello, x!");
  };
  for (let i = 0; i < 15; i++) {
    const engine = await time(() => Promise.all(modules.map((module) => WebAssembly.compile(module))));
    const start = await time(() => started(component));
    rows.push({ engine, start, all: await time(async () => await started(await compile(greeter))) });
  }
  const median = (key: "engine" | "start" | "all") => rows.map((row) => row[key]).sort((a, b) => a - b)[7]!;
  const [engine, start, all] = [median("engine"), median("start"), median("all")];
  const ratio = rows.map((row) => row.all / (row.engine + row.start)).sort((a, b) => a - b)[7]!;
  console.log(
    `${(greeter.length / 1e6).toFixed(1)} MB: WebAssembly.compile ${engine.toFixed(1)} ms, its start ${
      start.toFixed(1)
    } ms, ` +
      `from bytes to the first call ${all.toFixed(1)} ms: ${ratio.toFixed(2)} ×`,
  );
});

const handlerJs = `
addEventListener("fetch", (event) => event.respondWith((async () => {
  const { pathname } = new URL(event.request.url);
  if (pathname.startsWith("/proxy/")) {
    const upstream = await fetch("http://" + pathname.slice(7));
    return new Response("proxied: " + await upstream.text(), { status: upstream.status });
  }
  return new Response("posted: " + await event.request.text(), { headers: { "x-js": "yes" } });
})()));
`;
/**
 * The world of a handler, from what the engine itself imports: every interface of WASI that it
 * uses, as we print it.
 */
const handlerWit = component.wit()
  .replace(
    /^package root:component;[^]*?^}\n/m,
    "package test:js;\n\nworld handler {\n  export wasi:http/incoming-handler@0.2.10;\n}\n",
  )
  .replace(
    /^package wasi:http@0\.2\.10 \{\n/m,
    (text) =>
      `${text}  interface incoming-handler {\n    use types.{incoming-request, response-outparam};\n` +
      "    handle: func(request: incoming-request, response-out: response-outparam);\n  }\n\n",
  );

await check("an HTTP handler in JavaScript, fetching from elsewhere; 1,000 requests, 50 at a time", async () => {
  const bytes = await guest("handler", handlerJs, handlerWit, "http", "fetch-event");
  const upstream = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("it", { status: 201 }),
  );
  const authority = `127.0.0.1:${upstream.addr.port}`;
  const handler = await serve(bytes, { network: { http: [authority] } });
  const post = (path: string, body: string) =>
    handler(new Request(`http://localhost${path}`, { method: "POST", body }));
  const proxied = await handler(new Request(`http://localhost/proxy/${authority}/x`));
  assertEquals([proxied.status, await proxied.text()], [201, "proxied: it"]);
  const first = await post("/", "data");
  assertEquals([first.headers.get("x-js"), await first.text()], ["yes", "posted: data"]);
  const memory: number[] = [];
  let next = 0, answered = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: 50 }, async () => {
    while (next++ < 1000) {
      const body = `request ${next}`;
      assertEquals(await (await post("/", body)).text(), `posted: ${body}`);
      if (++answered % 200 !== 0) continue;
      gc(); // what is left, not what the collector has not come to
      memory.push(Math.round(Deno.memoryUsage().rss / 1e6));
    }
  }));
  assertEquals(answered, 1000);
  console.log(
    `1,000 requests in ${((performance.now() - started) / 1000).toFixed(1)} s; resident MB: ${memory.join(", ")}`,
  );
  // The first hundreds have grown what the others use again. What a collection has found may be
  // given back a turn later, so that one figure alone can be high; what leaks would be in both.
  assert(Math.min(...memory.slice(-2)) < 1.5 * Math.max(memory[0]!, memory[1]!), memory.join(", "));
  const denied = await serve(bytes, { onError() {} });
  const refused = await denied(new Request(`http://localhost/proxy/${authority}/x`));
  assertEquals(refused.status, 500);
  assertMatch(await refused.text().catch(String), /./);
  await upstream.shutdown();
});

/** The interfaces that the guest book of examples/wasi_more imports. */
const drafts = (await Deno.readTextFile("examples/wasi_more/guests/guestbook.wit")).replace(
  /^[^]*?(?=^package wasi:)/m,
  "",
);
const notesWit = `package demo:notes;
world notes {
  import wasi:logging/logging@0.1.0-draft;
  import wasi:config/store@0.2.0-draft;
  import wasi:keyvalue/store@0.2.0-draft;
  import wasi:keyvalue/atomics@0.2.0-draft;
  import wasi:keyvalue/batch@0.2.0-draft;
  export note: func(name: string, words: string) -> result<string, string>;
}
${drafts.slice(0, drafts.indexOf("package demo:"))}`;
const notesJs = `
import { log } from "wasi:logging/logging@0.1.0-draft";
import { get } from "wasi:config/store@0.2.0-draft";
import { open } from "wasi:keyvalue/store@0.2.0-draft";
import { increment } from "wasi:keyvalue/atomics@0.2.0-draft";
import { getMany } from "wasi:keyvalue/batch@0.2.0-draft";
export function note(name, words) {
  if (name === "") {
    try {
      open("elsewhere");
    } catch ({ payload }) {
      throw payload.tag;
    }
  }
  const bucket = open("notes");
  bucket.set(name, new TextEncoder().encode(words));
  const count = increment(bucket, "#", 1n);
  log("info", "notes", words);
  const { keys } = bucket.listKeys(undefined);
  const values = getMany(bucket, keys).map(([key, value]) => key + "=" + new TextDecoder().decode(value));
  return get("title") + " " + count + ": " + values.sort().join(", ");
}
`;

await check("wasi:keyvalue, wasi:config and wasi:logging, served by an example, in JavaScript", async () => {
  const { config, keyvalue, logging, openStore } = await import("../../examples/wasi_more/mod.ts");
  using store = await openStore({ bucket: "notes" });
  const lines: string[] = [];
  const { exports } = await instantiate(await guest("notes", notesJs, notesWit), {
    ...await wasi({ stderr: "inherit" }),
    ...logging(({ level, context, message }) => lines.push(`${level} ${context} ${message}`)),
    ...config({ title: "Notes" }),
    ...keyvalue({ notes: store }),
  });
  assertEquals(exports.note!("a", "one"), "Notes 1: #=1, a=one");
  assertEquals(exports.note!("b", "two"), "Notes 2: #=2, a=one, b=two");
  assertEquals(lines, ["info notes one", "info notes two"]);
  let payload: unknown;
  try {
    exports.note!("", "");
  } catch (error) {
    payload = (error as { payload?: unknown }).payload;
  }
  assertEquals(payload, "no-such-store");
});

finish();
