// Strings: three guest encodings, one JavaScript type.
// Loading turns bytes of guest memory into a string. Storing turns a string into a pointer and a
// tagged number of code units, in memory that realloc allocated.
// Spec: CanonicalABI.md "Loading" and "Storing".

import { isJsc } from "../engine.ts";
import type { AddressType } from "../types/core_values.ts";
import { ValueError } from "../../errors.ts";
import { readAscii } from "./ascii.ts";
import type { Codec } from "./codec.ts";
import type { Layout } from "../types/layout.ts";
import type { GuestMemory } from "../state/memory.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { fromCore, pointersOf, UTF16_TAG } from "../state/pointers.ts";
import { mismatch } from "./scalars.ts";
import { type GuestString, storeGuestString } from "./transcode.ts";
import { trap } from "../state/trap.ts";
import type { ValType } from "../types/types.ts";
import type { TextKernel } from "../wasm/text.ts";

/** `MAX_STRING_BYTE_LENGTH`. */
export const MAX_STRING_BYTE_LENGTH: number = 2 ** 28 - 1;

/**
 * Without a kernel, JavaScript itself builds ASCII strings up to this many bytes. TextDecoder
 * decodes longer ones. A call of a JavaScriptCore coder costs half as much as one of V8's, so they
 * are used for shorter texts already.
 */
const SHORT_LOAD = isJsc ? 12 : 64;
/**
 * Without a kernel, a loop writes ASCII strings up to this many code units. TextEncoder encodes
 * longer ones.
 */
const SHORT_STORE = 32;
/** A kernel handles strings up to this many bytes or code units (bench/text_bench.ts). */
const KERNEL_LOAD = isJsc ? 56 : 150, KERNEL_STORE = 56;
/** Up to this many code units, V8 runs the loop as fast as a kernel. */
const LOOP_STORE = 6;
/** Code units per call of `String.fromCharCode`: engines limit the number of arguments. */
const CHUNK = 4096;
/** Strings up to this many code units are encoded into a buffer that is reused. */
const SCRATCH_UNITS = 16384;

// Deno's fatal decoder takes three to nine times as long as the lenient one. Invalid UTF-8 becomes
// a U+FFFD there, so the strict decoder runs only if the text contains one.
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Up to this many bytes, the view of the encoded text is kept for the next text of that length:
 * making a view takes longer than copying.
 */
const MAX_KEPT_VIEW = 1024;

/** The buffer that holds a text after encoding, before it is copied to a guest. */
class Scratch {
  /**
   * Larger than any text needs: Node 26.10 can stop one character early if the target has the exact
   * size.
   */
  readonly #bytes = new Uint8Array(3 * SCRATCH_UNITS + 8);
  readonly #views: (Uint8Array | undefined)[] = Array(MAX_KEPT_VIEW + 1).fill(undefined);

  /**
   * Encodes a text of at most {@linkcode SCRATCH_UNITS} code units as UTF-8. The result is valid
   * until the next call.
   */
  encode(text: string): Uint8Array {
    const length = encoder.encodeInto(text, this.#bytes).written;
    if (length > MAX_KEPT_VIEW) return this.#bytes.subarray(0, length);
    return this.#views[length] ??= this.#bytes.subarray(0, length);
  }
}

let scratch: Scratch | undefined;

/** The codec of `string`. */
export function stringCodec(type: ValType, layout: Layout, address: AddressType): Codec {
  const pointers = pointersOf(address), { size } = pointers;
  return {
    type,
    layout,
    load(cx, ptr) {
      const { memory } = cx;
      return loadString(cx, pointers.load(memory, ptr), pointers.loadUnits(memory, ptr + size));
    },
    store(cx, value, ptr) {
      const begin = storeString(cx, value), { memory } = cx;
      pointers.store(memory, ptr, begin);
      pointers.storeUnits(memory, ptr + size, storedUnits);
    },
    liftFlat: (cx, flat, i) => loadString(cx, fromCore(flat[i]!), pointers.unitsFromCore(flat[i + 1]!)),
    lowerFlat(cx, value, flat, i) {
      flat[i] = pointers.toCore(storeString(cx, value));
      flat[i + 1] = pointers.unitsToCore(storedUnits);
    },
    liftCore: undefined,
    lowerCore: undefined,
  };
}

/** `load_string_from_range`: gives a JavaScript string, or a string on its way to another guest. */
export function loadString(cx: CanonContext, ptr: number, taggedUnits: number): string | GuestString {
  switch (cx.stringEncoding) {
    case "utf8":
      checkRange(cx, ptr, taggedUnits, 1);
      return cx.host ? loadUtf8(cx, ptr, taggedUnits) : passed(cx, loadUtf8(cx, ptr, taggedUnits), "utf8", taggedUnits);
    case "utf16":
      checkRange(cx, ptr, 2 * taggedUnits, 2);
      return cx.host
        ? loadUtf16(cx, ptr, taggedUnits)
        : passed(cx, loadUtf16(cx, ptr, taggedUnits), "utf16", taggedUnits);
    case "latin1+utf16": {
      if (taggedUnits >= UTF16_TAG) {
        const units = taggedUnits - UTF16_TAG;
        checkRange(cx, ptr, 2 * units, 2);
        return cx.host ? loadUtf16(cx, ptr, units) : passed(cx, loadUtf16(cx, ptr, units), "utf16", units);
      }
      checkRange(cx, ptr, taggedUnits, 2);
      const kernel = taggedUnits <= KERNEL_LOAD ? kernelFor(cx.memory) : null;
      const text = kernel?.loadLatin1(ptr, taggedUnits) ??
        fromCharCodes(cx.memory.u8.subarray(ptr, ptr + taggedUnits));
      return cx.host ? text : passed(cx, text, "latin1", taggedUnits);
    }
  }
}

function passed({ stringEncoding }: CanonContext, text: string, from: GuestString["from"], units: number): GuestString {
  return { text, from, encoding: stringEncoding, units };
}

function checkRange(cx: CanonContext, ptr: number, byteLength: number, alignment: number): void {
  const { tree } = cx.inst;
  if ((ptr & (alignment - 1)) !== 0) trap(tree, "unaligned-pointer");
  if (byteLength > MAX_STRING_BYTE_LENGTH || ptr + byteLength > cx.memory.u8.length) {
    trap(tree, cx.host ? "string-out-of-bounds" : "string-content-out-of-bounds");
  }
  cx.charge(byteLength);
}

/** Gives the kernel of a memory, if there is one by now. */
function kernelFor(memory: GuestMemory): TextKernel | null {
  return memory.kernel === undefined ? memory.warm() : memory.kernel;
}

function loadUtf8(cx: CanonContext, ptr: number, length: number): string {
  const { memory } = cx;
  const quick = length <= KERNEL_LOAD ? kernelFor(memory)?.loadUtf8(ptr, length) : undefined;
  if (typeof quick === "string") return quick;
  const { u8 } = memory;
  const ascii = length <= SHORT_LOAD ? readAscii(u8, ptr, length) : undefined;
  if (ascii !== undefined) return ascii;
  const bytes = u8.subarray(ptr, ptr + length);
  const text = lenientDecoder.decode(bytes);
  if (!text.includes("\ufffd")) return text;
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return trap(cx.inst.tree, "invalid-utf8", describeInvalidUtf8(bytes));
  }
}

function loadUtf16(cx: CanonContext, ptr: number, units: number): string {
  const kernel = units <= KERNEL_LOAD ? kernelFor(cx.memory) : null, start = ptr / 2;
  const text = kernel?.loadUtf16(ptr, units) ?? fromCharCodes(cx.memory.u16.subarray(start, start + units));
  if (!text.isWellFormed()) {
    const lone = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.exec(text)![0];
    trap(cx.inst.tree, "invalid-utf16", lone.charCodeAt(0).toString(16));
  }
  return text;
}

function fromCharCodes(units: Uint8Array | Uint16Array): string {
  if (units.length <= CHUNK) return String.fromCharCode.apply(null, units as unknown as number[]);
  let text = "";
  for (let i = 0; i < units.length; i += CHUNK) {
    text += String.fromCharCode.apply(null, units.subarray(i, i + CHUNK) as unknown as number[]);
  }
  return text;
}

/**
 * Says why bytes are not UTF-8, in the words of the reference suite. A decoder in stream mode
 * accepts an incomplete sequence at the end, so it rejects only what further bytes cannot complete.
 */
function describeInvalidUtf8(bytes: Uint8Array): string {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return "incomplete utf-8 byte sequence";
  } catch {
    return "invalid utf-8 sequence";
  }
}

/**
 * The second core value of the last string that `storeString` stored. Returning a pair would
 * allocate an object per string.
 */
export let storedUnits = 0;

/**
 * `store_string_into_range`: gives the pointer, and sets {@linkcode storedUnits} to the tagged
 * number of code units.
 */
export function storeString(cx: CanonContext, value: unknown): number {
  if (!cx.host) {
    const { ptr, units, tagged } = storeGuestString(cx, value as GuestString);
    storedUnits = tagged ? units + UTF16_TAG : units;
    return ptr;
  }
  if (typeof value !== "string") mismatch("string", value);
  switch (cx.stringEncoding) {
    case "utf8":
      return storeUtf8(cx, value);
    case "utf16":
      return storeUtf16(cx, value.toWellFormed(), 0);
    case "latin1+utf16": {
      const text = value.toWellFormed();
      return isLatin1(text) ? storeLatin1(cx, text) : storeUtf16(cx, text, UTF16_TAG);
    }
  }
}

function tooLong(byteLength: number): never {
  throw new ValueError("too-long", "string", byteLength);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x100) return false;
  return true;
}

function storeUtf8(cx: CanonContext, text: string): number {
  const units = text.length;
  const kernel = units > LOOP_STORE && units <= KERNEL_STORE ? kernelFor(cx.memory) : null;
  if (kernel !== null) {
    const length = kernel.take(text);
    // The kernel still holds the string: guest code cannot call out of realloc, and hooks cannot
    // enter the instance.
    const ptr = cx.allocate(1, length, "string");
    if (length === units) kernel.writeAscii(ptr, units);
    else kernel.writeUtf8(ptr, units);
    storedUnits = length;
    return ptr;
  }
  if (units <= SHORT_STORE && isAscii(text)) {
    const ptr = cx.allocate(1, units, "string");
    const { u8 } = cx.memory;
    for (let i = 0; i < units; i++) u8[ptr + i] = text.charCodeAt(i);
    storedUnits = units;
    return ptr;
  }
  if (units > MAX_STRING_BYTE_LENGTH) tooLong(units);
  // Hooks around realloc run user code, which may encode another text. So the buffer is not reused
  // until its content is in the guest.
  let buffer: Scratch | undefined;
  if (units <= SCRATCH_UNITS) {
    buffer = scratch ?? new Scratch();
    scratch = undefined;
  }
  const bytes = buffer === undefined ? encoder.encode(text) : buffer.encode(text);
  const length = bytes.length;
  if (length > MAX_STRING_BYTE_LENGTH) tooLong(length);
  const ptr = cx.allocate(1, length, "string");
  cx.memory.u8.set(bytes, ptr);
  scratch ??= buffer;
  storedUnits = length;
  return ptr;
}

function storeUtf16(cx: CanonContext, text: string, tag: number): number {
  const units = text.length;
  if (2 * units > MAX_STRING_BYTE_LENGTH) tooLong(2 * units);
  const ptr = cx.allocate(2, 2 * units, "string");
  const { u16 } = cx.memory;
  const start = ptr / 2;
  for (let i = 0; i < units; i++) u16[start + i] = text.charCodeAt(i);
  storedUnits = units + tag;
  return ptr;
}

function storeLatin1(cx: CanonContext, text: string): number {
  const units = text.length;
  if (units > MAX_STRING_BYTE_LENGTH) tooLong(units);
  const ptr = cx.allocate(2, units, "string");
  const { u8 } = cx.memory;
  for (let i = 0; i < units; i++) u8[ptr + i] = text.charCodeAt(i);
  storedUnits = units;
  return ptr;
}
