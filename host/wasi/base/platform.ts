// The runtime's own modules (`node:fs` and others), where there are any: Deno, Node and Bun have
// them, a browser has none.
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
  readonly versions?: Readonly<Record<string, string | undefined>>;
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

/**
 * Whether the runtime is Deno. (Our own tests in other runtimes have a `Deno` without a version.)
 */
export const inDeno: boolean = (globalThis as { Deno?: { version?: unknown } }).Deno?.version !== undefined;

/** Deno's own standard output and error. */
export interface DenoOutput {
  writeSync(bytes: Uint8Array): number;
}

/** Deno's own standard output or error; `undefined` in other runtimes. */
export function denoOutput(fd: 1 | 2): DenoOutput | undefined {
  const { stdout, stderr } = (globalThis as { Deno?: { stdout?: DenoOutput; stderr?: DenoOutput } }).Deno ?? {};
  return fd === 1 ? stdout : stderr;
}
type Permission = { name: "net"; host: string } | { name: "read" | "write"; path: string };

interface Permissions {
  querySync?(permission: Permission): { readonly state: string };
  request?(permission: Permission): Promise<{ readonly state: string }>;
}

function permissions(): Permissions {
  return (globalThis as { Deno?: { permissions?: Permissions } }).Deno?.permissions ?? {};
}

/**
 * Whether this process has a permission, without asking anybody for it. Only Deno has permissions.
 */
function granted(permission: Permission): boolean {
  return (permissions().querySync?.(permission).state ?? "granted") === "granted";
}

function netPermission(host: string, port: number): Permission {
  return { name: "net", host: `${host.includes(":") ? `[${host}]` : host}:${port}` };
}

/** Whether this process may listen somewhere: Deno tells a refusal where nobody can catch it. */
export function mayListen(host: string, port: number): boolean {
  return granted(netPermission(host, port));
}

/** The same, after asking the user where that is possible. */
export async function askToListen(host: string, port: number): Promise<boolean> {
  return ((await permissions().request?.(netPermission(host, port)))?.state ?? "granted") === "granted";
}

/**
 * Whether this process may read and write what is at a path, as far as that is known before it is
 * tried.
 */
export function mayUse(path: string): boolean {
  return granted({ name: "read", path }) && granted({ name: "write", path });
}

/** Whether the operating system is Linux. */
export const linux: boolean = process?.platform === "linux";
/** Whether paths are Windows's. */
export const windows: boolean = process?.platform === "win32";

/** The versions of what the runtime is made of, by name: `deno`, `bun`, `uv`, … */
export function runtimeVersions(): Readonly<Record<string, string | undefined>> {
  return process?.versions ?? {};
}
