// The playground in any engine: a server with its files and a page that uses it, and what that page
// found.

import { playgroundHandler } from "../../examples/playground/serve.ts";
import { must } from "../../tools/process.ts";

interface Check {
  readonly name: string;
  readonly failure?: string;
}

/** Milliseconds until the page has to have answered. */
const PATIENCE = 240_000;

/**
 * Opens the page in a browser and gives its checks.
 *
 * @param open Opens an address in a browser, and gives what closes it.
 */
export async function playgroundChecks(open: (url: string) => Promise<() => Promise<void>>): Promise<readonly Check[]> {
  const bundle = await Deno.makeTempFile({ suffix: ".js" });
  await must([
    Deno.execPath(),
    "bundle",
    "--quiet",
    "--platform",
    "browser",
    "-o",
    bundle,
    "tests/browser/playground_page.ts",
  ]);
  const script = await Deno.readTextFile(bundle), files = await playgroundHandler();
  await Deno.remove(bundle);
  const { promise, resolve, reject } = Promise.withResolvers<readonly Check[]>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/outcome") {
      resolve(await request.json());
      return new Response();
    }
    if (pathname === "/page.js") return new Response(script, { headers: { "content-type": "text/javascript" } });
    if (pathname !== "/page") return files(request);
    const page = '<!doctype html><meta charset="utf-8"><body><script type="module" src="page.js"></script>';
    return new Response(page, { headers: { "content-type": "text/html" } });
  });
  const timer = setTimeout(() => reject(new Error("the page has not answered")), PATIENCE);
  const close = await open(`http://127.0.0.1:${server.addr.port}/page`);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await close();
    await server.shutdown();
  }
}
