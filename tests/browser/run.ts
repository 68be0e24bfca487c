// deno task test:browser: the library in Debian's Chromium, on a page that may evaluate text and on
// one whose policy forbids it (`script-src 'self' 'wasm-unsafe-eval'`): there everything goes
// through closures, and nothing is even tried. Not part of `deno task test`: a browser must be
// installed (`apt-get install chromium`).

// Not in deno.json: `deno task` downloads what is there, whatever the task.
// deno-lint-ignore no-import-prefix
import { chromium } from "npm:playwright-core@1.64.1";

import { check, finish, report } from "../support/checks.ts";
import { testPlayground } from "./playground.ts";

const bundle = await Deno.makeTempFile({ suffix: ".js" });
const { success, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["bundle", "--platform", "browser", "-o", bundle, "tests/browser/page.ts"],
}).output();
if (!success) throw new Error(new TextDecoder().decode(stderr));

/** What the server serves; a page's policy is in its path. */
const files: Readonly<Record<string, readonly [type: string, path: string]>> = {
  "/page.js": ["text/javascript", bundle],
  "/worker.js": ["text/javascript", bundle],
  "/start-worker.js": ["text/javascript", await Deno.makeTempFile({ suffix: ".js" })],
  "/calls.wasm": ["application/wasm", "bench/fixtures/calls.wasm"],
  ...Object.fromEntries(
    ["hello", "command", "server"].map((name) =>
      [`/${name}.wasm`, ["application/wasm", `tests/wasi/guests/${name}.wasm`]] as const
    ),
  ),
};
await Deno.writeTextFile(
  files["/start-worker.js"]![1],
  'new Worker("/worker.js" + location.search, { type: "module" });',
);
const policies: Readonly<Record<string, string | undefined>> = {
  "eval allowed": undefined,
  "eval forbidden": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
};

interface Outcome {
  readonly checks: readonly { readonly name: string; readonly failure?: string }[];
  readonly codegen: boolean;
}

/** What the page of the moment has found. */
let outcome = Promise.withResolvers<Outcome>();

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/outcome") {
    outcome.resolve(await request.json());
    return new Response();
  }
  const file = files[pathname], { searchParams } = new URL(request.url);
  // A worker has the policy of its own script.
  const policy = policies[searchParams.get("policy") ?? ""];
  const protection = policy === undefined ? undefined : { "content-security-policy": policy };
  if (file !== undefined) {
    return new Response(await Deno.readFile(file[1]), { headers: { "content-type": file[0], ...protection } });
  }
  const script = searchParams.get("thread") === "a worker" ? "/start-worker.js" : "/page.js";
  const headers = { "content-type": "text/html", ...protection };
  return new Response(`<!doctype html><script type="module" src="${script}"></script>`, { headers });
});

const browser = await chromium.launch({
  executablePath: Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  const cases = Object.keys(policies).flatMap((policy) =>
    ["the page", "a worker"].map((thread) => ({ policy, thread, name: `${policy}, ${thread}` }))
  );
  for (const { policy, thread, name } of cases) {
    const page = await browser.newPage();
    outcome = Promise.withResolvers();
    const violations: string[] = [];
    page.on("console", (message) => {
      if (/Content.Security.Policy/i.test(message.text())) violations.push(message.text());
    });
    page.on("pageerror", (error) => violations.push(String(error)));
    await page.goto(`http://127.0.0.1:${server.addr.port}/?${new URLSearchParams({ policy, thread })}`);
    const { checks, codegen } = await Promise.race([
      outcome.promise,
      new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`no answer from: ${name}`)), 30_000)),
    ]);
    for (const check of checks) report(`${name}: ${check.name}`, check.failure);
    const expected = policy === "eval allowed";
    report(`${name}: codegen is ${expected}`, codegen === expected ? undefined : `it is ${codegen}`);
    // Probing once is reported by the browser; nothing else may be.
    const most = expected ? 0 : 1;
    report(
      `${name}: the policy is violated ${most} times`,
      violations.length <= most ? undefined : violations.join("\n"),
    );
    await page.close();
  }
  await testPlayground(browser, check);
} finally {
  await browser.close();
  await server.shutdown();
}
finish();
