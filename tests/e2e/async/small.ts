// Makes small components for the tests of this folder: a core module, the built-ins that it
// imports, and the functions that it exports. Memory and realloc are in a module of their own.
// A description enters, WAT or a compiled component leaves.

import { compile, type Component } from "@windlass/component";
import { byteStreams } from "../../support/engine.ts";
import { wat } from "../../support/wat.ts";

/** The option `memory`. */
export const mem = `(memory (core memory $libc "memory"))`;
/** The options `memory` and `realloc`. */
export const memory: string = `${mem} (realloc (core func $libc "realloc"))`;

/** A component with one core module. */
export interface Small {
  /** Types, imports and nested components, before anything else. */
  readonly head?: string;
  /** The core functions that the module imports: a canonical definition and a core type. */
  readonly canons: Readonly<Record<string, readonly [canon: string, type: string]>>;
  /** The fields of the core module. */
  readonly code: string;
  readonly exports: string;
  /** `(component` or `(component $Name`. */
  readonly begin?: string;
}

/** The component's text. Memory has 4 pages, and realloc gives what lies above 64 KiB. */
export function textOf({ head = "", canons, code, exports, begin = "(component" }: Small): string {
  const all = Object.entries(canons);
  return `${begin} ${head}
  (core module $Libc
    (memory (export "memory") 4)
    (global $top (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (if (i32.gt_u (global.get $top) (i32.const 200000)) (then (global.set $top (i32.const 65536))))
      (local.get $at)))
  (core instance $libc (instantiate $Libc))
  ${all.map(([name, [canon]]) => `(core func $${name} (canon ${canon}))`).join("\n  ")}
  (core module $M
    (import "" "memory" (memory 4))
    ${all.map(([name, [, type]]) => `(import "" "${name}" (func $${name} ${type}))`).join("\n    ")}
    ${code})
  (core instance $m (instantiate $M (with "" (instance
    (export "memory" (memory $libc "memory"))
    ${all.map(([name]) => `(export "${name}" (func $${name}))`).join("\n    ")}))))
  ${exports})`;
}

/** All gates of the asynchronous model. */
const gates = { "more-async-builtins": true, "async-stackful": true, threading: true };

/** Compiles a text. */
export async function compiled(text: string): Promise<Component> {
  return await compile(await wat(text), { gates });
}

/** Compiles a small component. */
export async function small(parts: Small): Promise<Component> {
  return await compiled(textOf(parts));
}

/** Gives a promise that is fulfilled later. */
export function later<T>(value: T, ms = 0): Promise<T> {
  return new Promise((done) => setTimeout(() => done(value), ms));
}

/** Reads a stream to its end. Not every engine has `for await` and `Array.fromAsync` for streams. */
export async function chunksOf<T>(stream: ReadableStream<T>): Promise<T[]> {
  const chunks: T[] = [], reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
  }
}

/** Reads so many bytes at a time; where the engine has no byte streams, a whole chunk. */
export function readerOfParts(stream: ReadableStream<Uint8Array>): {
  read(size: number): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
} {
  if (!byteStreams) return stream.getReader();
  const reader = stream.getReader({ mode: "byob" });
  return { read: (size) => reader.read(new Uint8Array(size)), cancel: () => reader.cancel() };
}

/** Gives what a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** Runs something, and gives the rejections that nobody handled. */
export async function unhandledIn(body: () => Promise<void>): Promise<unknown[]> {
  const reasons: unknown[] = [];
  const { process } = globalThis as { process?: NodeProcess };
  // Deno has Node's `process`, too.
  const isNode = process !== undefined && process.versions.deno === undefined;
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    reasons.push(event.reason);
  };
  const noteReason = (reason: unknown) => void reasons.push(reason);
  if (isNode) process.on("unhandledRejection", noteReason);
  else addEventListener("unhandledrejection", note);
  try {
    await body();
    await later(0, 2);
  } finally {
    if (isNode) process.off("unhandledRejection", noteReason);
    else removeEventListener("unhandledrejection", note);
  }
  return reasons;
}

interface NodeProcess {
  readonly versions: { readonly deno?: string };
  on(event: string, listener: (reason: unknown) => void): void;
  off(event: string, listener: (reason: unknown) => void): void;
}
