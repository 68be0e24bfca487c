// What is for browsers, in one run of Chromium: pages, workers and a service worker of `wrap`'s
// files, with and without policies; what the bundlers have made; and Vite's dev server, where the
// component is replaced while a page shows it. One page has all of them in frames, one after the
// other, and posts what each shows.

import { assertEquals } from "@std/assert";
import { ENGINES, start } from "../browser/engines.ts";
import { check, report } from "../support/checks.ts";
import { wat } from "../support/wat.ts";
import { BUNDLERS } from "./bundlers.ts";
import { nodePath, PROJECT, windlass } from "./project.ts";
import { spoken } from "./wrap.ts";

/** How long a page may take. */
const PATIENCE = 60_000;

const pages = `${PROJECT}/pages`;
const said = "Hello, world! Version 1.0.0, 1 line said.";

/** What the pages of a policy may do. */
const POLICIES: Readonly<Record<string, string>> = {
  "strict.html": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
};

/** The pages, by what a report calls them: path, and what they show. */
const PAGES: Readonly<Record<string, readonly [path: string, text: string]>> = {
  "a page with an import map": ["/plain.html", "Hello, page!"],
  "a page whose policy forbids eval": ["/strict.html", "Hello, strict page!"],
  "a worker": ["/worker.html", "Hello, worker!"],
  "a service worker": ["/service.html", "Hello, service worker!"],
  "a service worker, with components that call each other": ["/composed/index.html", "42"],
  ...Object.fromEntries(
    Object.keys(BUNDLERS).map((name) => [`built by ${name}`, [`/app/dist/${name}/index.html`, said]]),
  ),
  "a worker, built by vite": ["/app/dist/vite/worker.html", "Hello, worker!"],
};

const types: Readonly<Record<string, string>> = {
  css: "text/css",
  html: "text/html",
  js: "text/javascript",
  wasm: "application/wasm",
};

/** Writes what the pages' comments say. */
async function wrapAll(hasBuilds: boolean): Promise<void> {
  const library = ["--library", "./windlass/mod.js"];
  await windlass(".", "wrap", "greet.wasm", "-o", "pages/plain");
  await windlass(".", "wrap", "greet.wasm", "-o", "pages", "--map", "demo:greet/host=./host.js", ...library);
  await windlass(".", "wrap", "server.wasm", "-o", "pages", "--serve", ...library);
  await Deno.mkdir(`${pages}/composed`, { recursive: true });
  for (const [name, content] of Object.entries(composed)) {
    await Deno.writeTextFile(`${pages}/composed/${name}`, content);
  }
  await Deno.writeFile(`${pages}/composed/composed.wasm`, await wat(adding));
  if (!hasBuilds) return;
  // Bundlers other than Vite make no page.
  const html = (await Deno.readTextFile(`${PROJECT}/app/index.html`)).replace("./src/main.js", "./main.js");
  for (const name of Object.keys(BUNDLERS).filter((name) => name !== "vite")) {
    await Deno.writeTextFile(`${PROJECT}/app/dist/${name}/index.html`, html);
  }
}

/** Two components, one of which calls the other. */
const adding = `(component
  (component $Callee
    (core module $M (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
    (core instance $m (instantiate $M))
    (func (export "add") (param "x" u32) (param "y" u32) (result u32) (canon lift (core func $m "add"))))
  (component $Caller
    (import "add" (func $add (param "x" u32) (param "y" u32) (result u32)))
    (core func $add' (canon lower (func $add)))
    (core module $M (import "" "add" (func $add (param i32 i32) (result i32)))
      (func (export "f") (result i32) (call $add (i32.const 5) (i32.const 37))))
    (core instance $m (instantiate $M (with "" (instance (export "add" (func $add'))))))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "add" (func $callee "add"))))
  (export "f" (func $caller "f")))`;

/** A service worker may load no module when it runs, so that it has no adapters for such calls. */
const composed: Readonly<Record<string, string>> = {
  "index.html": '<!doctype html><output></output><script type="module" src="./page.js"></script>',
  "page.js": `
const controlled = new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
await navigator.serviceWorker.register("./worker.js", { type: "module" });
if (navigator.serviceWorker.controller?.scriptURL.endsWith("/composed/worker.js") !== true) await controlled;
document.querySelector("output").textContent = await (await fetch("./answer")).text();
`,
  "worker.js": `
import { compile, instantiate } from "../windlass/mod.js";
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
async function answer() {
  const component = await compile(fetch("./composed.wasm"));
  if (component.modules.length !== 2) return new Response("adapters");
  const { exports } = await instantiate(component);
  return new Response(String(exports.f()));
}
addEventListener("fetch", (event) => {
  if (event.request.url.endsWith("/answer")) event.respondWith(answer().catch((error) => new Response(String(error))));
});
`,
};

/** A file that a page asks for. */
async function respond(pathname: string): Promise<Response> {
  const path = decodeURIComponent(pathname);
  const file = path.startsWith("/windlass/")
    ? `${PROJECT}/node_modules/@windlass/component/${path.slice("/windlass/".length)}`
    : path.startsWith("/app/")
    ? `${PROJECT}${path}`
    : `${pages}${path}`;
  const policy = POLICIES[path.slice(1)];
  const headers = {
    "content-type": types[file.split(".").at(-1)!] ?? "application/octet-stream",
    "cache-control": "no-store",
    ...policy !== undefined && { "content-security-policy": policy },
  };
  return await Deno.readFile(file).then(
    (body) => new Response(body, { headers }),
    () => new Response(undefined, { status: 404 }),
  );
}

/** The page around the others: it opens those that it is told to, and tells what they show. */
const runner = `<!doctype html><link rel="icon" href="data:,"><script type="module">
const tell = (name, text) => fetch("/shown", { method: "POST", body: JSON.stringify({ name, text }) });
const { pages, dev } = await (await fetch("/pages")).json();
for (const [name, path] of pages) {
  const frame = document.body.appendChild(document.createElement("iframe"));
  frame.src = path;
  let failure = "";
  frame.addEventListener("load", () => {
    frame.contentWindow.addEventListener("error", ({ message }) => failure = message);
    frame.contentWindow.addEventListener("unhandledrejection", ({ reason }) => failure = String(reason));
  });
  const until = Date.now() + ${PATIENCE / 3};
  let text = "";
  while (text === "" && failure === "" && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    text = frame.contentDocument?.querySelector("output")?.textContent ?? "";
  }
  await tell(name, text || "nothing; " + failure);
  frame.remove();
}
// Another origin: it says itself what it shows.
addEventListener("message", ({ data }) => tell("dev", data));
if (dev !== undefined) document.body.appendChild(document.createElement("iframe")).src = dev;
</script><body></body>`;

/** Opens everything in Chromium. `hasBuilds`: whether the bundlers have run. */
export async function checkChromium(hasBuilds: boolean): Promise<void> {
  const engine = ENGINES["chromium"]!, path = engine.find();
  if (path === undefined) return console.log("Chromium is not installed: its tests did not run");
  await wrapAll(hasBuilds);
  const wanted = Object.entries(PAGES).filter(([, [path]]) => hasBuilds || !path.startsWith("/app/"));
  const shown = new Map<string, PromiseWithResolvers<string>>();
  const promised = (name: string): PromiseWithResolvers<string> => {
    if (!shown.has(name)) shown.set(name, Promise.withResolvers());
    return shown.get(name)!;
  };
  const dev = hasBuilds ? await startVite() : undefined;
  let next = "dev";
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response(runner, { headers: { "content-type": "text/html" } });
    if (pathname === "/pages") {
      return Response.json({ pages: wanted.map(([name, [path]]) => [name, path]), dev: dev?.url });
    }
    if (pathname !== "/shown") return await respond(pathname);
    const { name, text } = await request.json();
    promised(name === "dev" ? next : name).resolve(text);
    return new Response();
  });
  const stop = await start(engine, path, `http://127.0.0.1:${server.addr.port}/`);
  const within = async (name: string): Promise<string> => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<string>((resolve) => timer = setTimeout(() => resolve("nothing in time"), PATIENCE));
    return await Promise.race([promised(name).promise, late]).finally(() => clearTimeout(timer));
  };
  try {
    for (const [name, [, text]] of wanted) {
      const found = await within(name);
      report(`Chromium: ${name}`, found === text ? undefined : `it shows ${found}`);
    }
    if (dev === undefined) return;
    await check(
      "Chromium: Vite's dev server, and another component in place of the first without a reload",
      async () => {
        assertEquals(await within("dev"), said);
        next = "replaced";
        await replaceGreeting();
        assertEquals(await within("replaced"), "Howdy, world! Version 1.0.0, 2 line said.");
      },
    );
  } finally {
    await stop();
    await dev?.end();
    await server.shutdown();
  }
}

/** Starts Vite's dev server on the project. */
async function startVite(): Promise<{ url: string; end(): Promise<void> }> {
  const child = new Deno.Command(await nodePath("26.10.0"), {
    args: ["builds.mjs", "serve"],
    cwd: `${PROJECT}/app`,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const url = await spoken(child.stdout, /"url":"([^"]+)"/);
  return {
    url,
    async end() {
      await child.stdin.close();
      await child.status;
    },
  };
}

/** Changes what the component says: the text is in one of its data segments. */
async function replaceGreeting(): Promise<void> {
  const file = `${PROJECT}/app/src/greet.wasm`, bytes = await Deno.readFile(file);
  const [from, to] = ["Hello, ", "Howdy, "].map((text) => new TextEncoder().encode(text));
  const at = bytes.findIndex((_, i) => from!.every((byte, k) => bytes[i + k] === byte));
  bytes.set(to!, at);
  await Deno.writeFile(file, bytes);
}
