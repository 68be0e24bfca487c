// The host's side of WASI as a guest sees it: its functions called by hand, results as `{ tag, val
// }`.

import type * as childProcess from "node:child_process";
import type * as fs from "node:fs";
import type * as workers from "node:worker_threads";
import { assert, assertEquals } from "@std/assert";
import { wasi, type WasiOptions } from "@windlass/component/wasi";

/** The version that the imports are named by. */
const VERSION = "0.2.6";

// deno-lint-ignore no-explicit-any
export type Any = any;

/** Members of an interface, as the guest with these options has them. */
export async function interfacesOf(options?: WasiOptions): Promise<(name: string) => Any> {
  const imports = await wasi(options);
  return (name) => imports[`wasi:${name}@${VERSION}`] as Any;
}

/** The value of what must have worked. */
export function good<T>(answer: T): Any {
  assert(!isErr(answer), `unexpected err(${Deno.inspect((answer as Any)?.val)})`);
  return isBranded(answer) ? (answer as Any).val : answer;
}

/** What must have failed, says why. */
export function bad(answer: unknown, code: unknown): void {
  assert(isErr(answer), `expected err(${Deno.inspect(code)}), found ${Deno.inspect(answer)}`);
  assertEquals((answer as Any).val, code);
}

function isBranded(value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as Any)["~result"] === true;
}

/** Whether a host function's answer is an `err`. */
export function isErr(value: unknown): boolean {
  return isBranded(value) && (value as Any).tag === "err";
}

/** A temporary directory, removed afterwards. */
export async function withDirectory(use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await use(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Whether a Request makes a text of a stream, "[object ReadableStream]": in Firefox and WebKit. */
export const makesText: boolean = (() => {
  const init = { method: "POST", body: new ReadableStream(), duplex: "half" };
  return new Request("http://localhost", init as RequestInit).headers.has("content-type");
})();

interface NodeModules {
  readonly "node:child_process": typeof childProcess;
  readonly "node:fs": typeof fs;
  readonly "node:worker_threads": typeof workers;
}

/** One of Node's modules, asked for when a test runs: a bundle for browsers has none of them. */
export function nodeModule<K extends keyof NodeModules>(name: K): NodeModules[K] {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const found = process?.getBuiltinModule?.(name);
  if (found === undefined) throw new TypeError(`tests need ${name}, which this runtime does not have`);
  return found as NodeModules[K];
}

/** The output of a program of the operating system's. */
export function output(program: string, ...args: string[]): string {
  return nodeModule("node:child_process").execFileSync(program, args, { encoding: "utf8" });
}
