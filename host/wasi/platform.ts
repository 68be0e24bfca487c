// The runtime's own modules (`node:fs` and others), where there are any: Deno, Node and Bun have them, a browser has none.
// Asked for at run time, so that a bundle for browsers needs no stand-in for them.

import type * as dgram from "node:dgram";
import type * as dns from "node:dns";
import type * as fs from "node:fs";
import type * as http from "node:http";
import type * as net from "node:net";
import type * as path from "node:path";
import type * as tty from "node:tty";

/** The modules that are used. */
export interface BuiltinModules {
  readonly "node:fs": typeof fs;
  readonly "node:http": typeof http;
  readonly "node:net": typeof net;
  readonly "node:dgram": typeof dgram;
  readonly "node:dns": typeof dns;
  readonly "node:tty": typeof tty;
  readonly "node:path": typeof path;
}

interface Process {
  readonly platform?: string;
  getBuiltinModule?(name: string): unknown;
}
const { process } = globalThis as { process?: Process };

/** One of the runtime's modules; `undefined` where it has none of that name. */
export function builtin<K extends keyof BuiltinModules>(name: K): BuiltinModules[K] | undefined {
  return process?.getBuiltinModule?.(name) as BuiltinModules[K] | undefined;
}

/** One of the runtime's modules; an error that names what was wanted of it where it has none. */
export function required<K extends keyof BuiltinModules>(name: K, what: string): BuiltinModules[K] {
  const found = builtin(name);
  if (found === undefined) throw new TypeError(`${what} need ${name}, which this runtime does not have`);
  return found;
}

interface Permissions {
  querySync?(permission: { name: "net"; host: string }): { readonly state: string };
  request?(permission: { name: "net"; host: string }): Promise<{ readonly state: string }>;
}
function permissions(): Permissions {
  return (globalThis as { Deno?: { permissions?: Permissions } }).Deno?.permissions ?? {};
}
function netPermission(host: string, port: number): { name: "net"; host: string } {
  return { name: "net", host: `${host.includes(":") ? `[${host}]` : host}:${port}` };
}

/** Whether this process may listen somewhere: Deno tells a refusal where nobody can catch it. */
export function mayListen(host: string, port: number): boolean {
  return (permissions().querySync?.(netPermission(host, port)).state ?? "granted") === "granted";
}

/** The same, after asking the user where that is possible. */
export async function askToListen(host: string, port: number): Promise<boolean> {
  return ((await permissions().request?.(netPermission(host, port)))?.state ?? "granted") === "granted";
}

/** Whether paths are Windows's. */
export const windows: boolean = process?.platform === "win32";
