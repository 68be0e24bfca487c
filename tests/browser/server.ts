// The server behind the pages: files of the repository, pages and workers with a policy, the
// toolchain's functions, what pages have to say. A page's policy and thread are in its URL.

import * as tools from "@bytecodealliance/jco-transpile/wasm-tools";
import { decode, encode } from "./wire.ts";

/** One page that is opened in each engine. */
export interface Page {
  /** The bundle in tests/.build that it runs. */
  readonly bundle: string;
  readonly policy: keyof typeof POLICIES;
  readonly thread: "a page" | "a worker";
  /** Environment variables, as the tests see them. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What scripts may do, by what the reports call it. */
export const POLICIES = {
  "eval allowed": undefined,
  "eval forbidden": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:",
} as const;

/** The address of a page. */
export function urlOf(port: number, session: string, { bundle, policy, thread, env }: Page): string {
  const query = new URLSearchParams({ ...env, session, bundle, policy, thread });
  return `http://127.0.0.1:${port}/page?${query}`;
}

/** Who is told what a page says. */
export interface Session {
  /** A test begins. */
  progress(test: string): void;
  /** A test has failed. */
  failure(name: string, error: string): void;
  /** The page is done. */
  outcome(value: unknown): void;
}

type Tool = (...args: unknown[]) => unknown;
/** Texts that pages want to import as modules: their policies allow what this server sends. */
const texts: string[] = [];
/** What was made already: every page asks for the same. */
const made = new Map<string, Promise<string>>();

async function useTool(request: string): Promise<string> {
  const { tool, args } = decode(request) as { tool: string; args: unknown[] };
  try {
    return encode({ value: await (tools as unknown as Record<string, Tool>)[tool]!(...args) });
  } catch (error) {
    return encode({ error: String((error as { payload?: unknown }).payload ?? (error as Error)?.message ?? error) });
  }
}

const types: Readonly<Record<string, string>> = { js: "text/javascript", wasm: "application/wasm" };

async function file(pathname: string, list: boolean): Promise<[body: BodyInit, type: string] | undefined> {
  const path = `.${decodeURIComponent(pathname)}`; // `URL` has resolved every `..` already
  try {
    if (list) {
      const entries = (await Array.fromAsync(Deno.readDir(path))).map(({ name, isFile }) => ({ name, isFile }));
      return [JSON.stringify(entries), "application/json"];
    }
    return [await Deno.readFile(path), types[path.split(".").at(-1)!] ?? "application/octet-stream"];
  } catch {
    return undefined;
  }
}

/** Serves until the test ends; sessions are one per engine. */
export function listen(sessions: ReadonlyMap<string, Session>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    // A worker has the policy of its own script, a page that of its document: each has it in its
    // address.
    const policy = POLICIES[searchParams.get("policy") as keyof typeof POLICIES];
    const headers = (type: string): HeadersInit => ({
      "content-type": type,
      "cache-control": "no-store",
      ...policy !== undefined && { "content-security-policy": policy },
    });
    if (pathname === "/upload") return new Response(await request.bytes());
    if (request.method === "POST") {
      const text = await request.text();
      if (pathname === "/module") return new Response(`/module/${texts.push(text) - 1}`);
      const session = sessions.get(searchParams.get("session") ?? "");
      if (pathname === "/tools") {
        if (!made.has(text)) made.set(text, useTool(text));
        return new Response(await made.get(text));
      }
      if (pathname === "/progress") session?.progress(decode(text) as string);
      if (pathname === "/failure") {
        const { name, error } = decode(text) as { name: string; error: string };
        session?.failure(name, error);
      }
      if (pathname === "/outcome") session?.outcome(decode(text));
      return new Response("{}");
    }
    const text = pathname.startsWith("/module/") ? texts[Number(pathname.slice(8))] : undefined;
    if (text !== undefined) return new Response(text, { headers: headers("text/javascript") });
    const script = `/tests/.build/${searchParams.get("bundle")}.js?${searchParams}`;
    if (pathname === "/page") {
      const start = searchParams.get("thread") === "a worker" ? `/start-worker.js?${searchParams}` : script;
      const escaped = start.replaceAll("&", "&amp;");
      const html = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${escaped}"></script>`;
      return new Response(html, { headers: headers("text/html") });
    }
    if (pathname === "/start-worker.js") {
      const code = `new Worker(${JSON.stringify(script)}, { type: "module" });`;
      return new Response(code, { headers: headers("text/javascript") });
    }
    const found = await file(pathname, searchParams.has("list"));
    return found === undefined
      ? new Response(undefined, { status: 404 })
      : new Response(found[0], { headers: headers(found[1]) });
  });
}
