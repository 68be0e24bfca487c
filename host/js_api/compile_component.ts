// Compiling and validating components for the draft JS API: which layer bytes are of, and which
// features of the specification are open.
// Bytes enter, components of the library's own leave.
// Draft: JS-Reference.md "Validation/Compilation".

import { compile, compileSync, isValid } from "../../core/compile.ts";
import type { Component, Printers } from "../../core/component.ts";
import { asyncParts } from "../../core/async/async_core.ts";
import { fuser } from "../../core/fused/fuse.ts";
import type { Bytes } from "../../core/sources/chunks.ts";
import { apply, isView } from "./intrinsics.ts";
import { platformError } from "./platform_errors.ts";

/** What the draft speaks of is open: component values and lists of fixed length. */
const gates: Readonly<Record<string, boolean>> = { values: true, "fixed-length-lists": true };

/** Nobody can ask these components for their worlds, so that nothing is loaded that prints one. */
const printers: Printers = { wit: noText, typescript: noText };

function noText(): never {
  throw new TypeError("a component of the draft JS API is not printed");
}

const getters = ([ArrayBuffer.prototype, globalThis.SharedArrayBuffer?.prototype] as (object | undefined)[])
  .flatMap((prototype) =>
    prototype === undefined ? [] : [Object.getOwnPropertyDescriptor(prototype, "byteLength")!.get!]
  );
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const [ofArray, ofView] = [typedArray, DataView.prototype].map((prototype) =>
  ["buffer", "byteOffset", "byteLength"].map((key) => Object.getOwnPropertyDescriptor(prototype, key)!.get!)
) as [Getter[], Getter[]];
type Getter = (this: unknown) => unknown;

/**
 * The bytes of a buffer source, without running code of a script's. `undefined` for other values, and
 * for a view that is out of its buffer's bounds.
 */
export function bytesIn(source: unknown): Uint8Array | undefined {
  if (typeof source !== "object" || source === null) return undefined;
  if (isView(source)) {
    const getters = source instanceof DataView ? ofView : ofArray;
    try {
      const [buffer, offset, length] = getters.map((get) => apply(get, source, [])) as [ArrayBuffer, number, number];
      return new Uint8Array(buffer, offset, length);
    } catch {
      return undefined;
    }
  }
  for (const byteLength of getters) {
    try {
      apply(byteLength, source, []);
      return new Uint8Array(source as ArrayBuffer);
    } catch {
      // It is no buffer of that kind, or detached.
    }
  }
  return undefined;
}

/** How many bytes say of which layer the rest is. */
export const PREAMBLE = 8;

/** Whether bytes are those of a component: the field `layer` of the preamble is not that of a module. */
export function isComponentLayer(bytes: Uint8Array): boolean {
  return bytes.length >= PREAMBLE && bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d &&
    (bytes[6] !== 0 || bytes[7] !== 0);
}

/** Compiles bytes; for `new Component`. */
export function compileBytes(source: Bytes): Component {
  const bytes = bytesIn(source);
  if (bytes === undefined) throw new TypeError("Cannot compile component: expected a buffer or a view");
  try {
    return compileSync(bytes, { gates }, printers, fuser, undefined, asyncParts);
  } catch (error) {
    throw platformError(error);
  }
}

/** Compiles a copy of the bytes, or a stream. */
export async function compileComponent(source: Uint8Array | ReadableStream<Uint8Array>): Promise<Component> {
  try {
    return await compile(source instanceof Uint8Array ? source.slice() : source, { gates }, printers);
  } catch (error) {
    throw platformError(error);
  }
}

/** Whether bytes are a valid component. */
export function validateBytes(bytes: Uint8Array): boolean {
  return isValid(bytes, gates);
}
