// A page's side of the server: files, tools, and what the page has to say. What it uses is kept
// before any test changes it.

import { decode, encode } from "./wire.ts";

const { fetch, XMLHttpRequest } = globalThis as typeof globalThis & { XMLHttpRequest: new () => SyncRequest };

interface SyncRequest {
  readonly status: number;
  readonly responseText: string;
  open(method: string, url: string, async: boolean): void;
  overrideMimeType(type: string): void;
  send(): void;
}

/** Reads a file of the repository. */
export async function read(path: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(urlOf(path));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * The same without waiting. A page may not ask for bytes that way, but for characters that are
 * bytes.
 */
export function readSync(path: string | URL): Uint8Array<ArrayBuffer> {
  const request = new XMLHttpRequest();
  request.open("GET", urlOf(path), false);
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status !== 200) throw new Error(`${path}: ${request.status}`);
  return Uint8Array.from(request.responseText, (char) => char.charCodeAt(0) & 0xff);
}

/** Paths are relative to the repository. */
function urlOf(path: string | URL): string {
  return String(typeof path === "string" ? new URL(`/${path}`, import.meta.url) : path);
}

/** Posts something to the server, and gives its answer. */
export async function post(path: string, value: unknown): Promise<unknown> {
  const url = new URL(`${path}?session=${query.get("session")}`, import.meta.url);
  const response = await fetch(url, { method: "POST", body: encode(value) });
  return decode(await response.text());
}

/** Calls one of the toolchain's functions, on the server. */
export async function call(tool: string, ...args: unknown[]): Promise<unknown> {
  const { value, error } = await post("/tools", { tool, args }) as { value?: unknown; error?: string };
  if (error !== undefined) throw new Error(error);
  return value;
}

/** What the page was asked for: `?engine=…&policy=…&thread=…`. */
export const query: URLSearchParams = new URLSearchParams(globalThis.location.search);

/** Says what became of this page, whose browser ends then. */
export async function finish(outcome: unknown): Promise<void> {
  await post("/outcome", outcome);
}
