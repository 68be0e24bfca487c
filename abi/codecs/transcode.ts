// Strings from guest to guest: how the callee's realloc is asked for memory when a string changes
// its encoding.
// The specification prescribes the sizes and the order of these calls, because a guest can observe
// its allocator, and also which pointers must be aligned and in bounds after each.
// A string on its way keeps the encoding of the caller. The host never sees such a string.
// Spec: definitions.py `store_string_into_range` and the functions that it calls.

import type { CanonContext, StringEncoding } from "../state/canon_context.ts";

/** A string on its way between guests. */
export interface GuestString {
  readonly text: string;
  /** The encoding of the code units in the caller's memory. */
  readonly from: "utf8" | "utf16" | "latin1";
  /** The encoding in the caller's options. It tells `latin1+utf16` from `utf16`. */
  readonly encoding: StringEncoding;
  /** The number of code units in the caller's memory. */
  readonly units: number;
}

/** The place of a stored string: its pointer and its number of code units, without a tag. */
export interface Stored {
  readonly ptr: number;
  readonly units: number;
  /** Whether a string for a callee with `latin1+utf16` was stored as `utf16`. */
  readonly tagged: boolean;
}

const encoder = new TextEncoder();

/** Stores a string of another guest. */
export function storeGuestString(cx: CanonContext, string: GuestString): Stored {
  switch (cx.stringEncoding) {
    case "utf8":
      if (string.from === "utf8") return copy(cx, encoder.encode(string.text), string.units, 1);
      return toUtf8(cx, string, string.units * (string.from === "utf16" ? 3 : 2));
    case "utf16":
      return string.from === "utf8" ? utf8ToUtf16(cx, string) : copy(cx, utf16(string.text), string.units, 2);
    case "latin1+utf16":
      if (string.encoding !== "latin1+utf16") return toLatin1OrUtf16(cx, string);
      return string.from === "latin1"
        ? copy(cx, latin1(string.text), string.units, 2)
        : probablyUtf16ToLatin1OrUtf16(cx, string);
  }
}

function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function utf16(text: string): Uint8Array {
  const units = new Uint16Array(text.length);
  for (let i = 0; i < units.length; i++) units[i] = text.charCodeAt(i);
  return new Uint8Array(units.buffer);
}

/**
 * Gives the index of the first code unit that is not below a limit, or the length if there is none.
 */
function firstFrom(text: string, limit: number): number {
  let i = 0;
  while (i < text.length && text.charCodeAt(i) < limit) i++;
  return i;
}

/** `store_string_copy`. */
function copy(cx: CanonContext, bytes: Uint8Array, units: number, alignment: number): Stored {
  const ptr = cx.allocate(alignment, bytes.length, "string");
  cx.memory.u8.set(bytes, ptr);
  return { ptr, units, tagged: false };
}

/** `store_string_to_utf8`. */
function toUtf8(cx: CanonContext, { text, units }: GuestString, worst: number): Stored {
  let ptr = cx.allocate(1, units, "string");
  const bytes = encoder.encode(text);
  const ascii = firstFrom(text, 0x80);
  cx.memory.u8.set(bytes.subarray(0, ascii), ptr);
  if (ascii === text.length) return { ptr, units, tagged: false };
  ptr = cx.reallocate(ptr, units, 1, worst, "string");
  cx.memory.u8.set(bytes.subarray(ascii), ptr + ascii);
  if (worst > bytes.length) ptr = cx.reallocate(ptr, worst, 1, bytes.length, "string");
  return { ptr, units: bytes.length, tagged: false };
}

/** `store_utf8_to_utf16`. */
function utf8ToUtf16(cx: CanonContext, { text, units }: GuestString): Stored {
  const worst = 2 * units;
  let ptr = cx.allocate(2, worst, "string");
  const bytes = utf16(text);
  cx.memory.u8.set(bytes, ptr);
  if (bytes.length < worst) ptr = cx.reallocate(ptr, worst, 2, bytes.length, "string");
  return { ptr, units: text.length, tagged: false };
}

/** `store_string_to_latin1_or_utf16`. */
function toLatin1OrUtf16(cx: CanonContext, { text, units }: GuestString): Stored {
  let ptr = cx.allocate(2, units, "string");
  const narrow = firstFrom(text, 0x100);
  cx.memory.u8.set(latin1(text.slice(0, narrow)), ptr);
  if (narrow === text.length) {
    if (narrow < units) ptr = cx.reallocate(ptr, units, 2, narrow, "string");
    return { ptr, units: narrow, tagged: false };
  }
  const worst = 2 * units;
  ptr = cx.reallocate(ptr, units, 2, worst, "string");
  const bytes = utf16(text);
  const { u8 } = cx.memory;
  for (let i = narrow - 1; i >= 0; i--) {
    u8[ptr + 2 * i] = u8[ptr + i]!;
    u8[ptr + 2 * i + 1] = 0;
  }
  u8.set(bytes.subarray(2 * narrow), ptr + 2 * narrow);
  if (worst > bytes.length) ptr = cx.reallocate(ptr, worst, 2, bytes.length, "string");
  return { ptr, units: text.length, tagged: true };
}

/** `store_probably_utf16_to_latin1_or_utf16`. */
function probablyUtf16ToLatin1OrUtf16(cx: CanonContext, { text, units }: GuestString): Stored {
  let ptr = cx.allocate(2, 2 * units, "string");
  cx.memory.u8.set(utf16(text), ptr);
  if (firstFrom(text, 0x100) < text.length) return { ptr, units, tagged: true };
  cx.memory.u8.set(latin1(text), ptr);
  ptr = cx.reallocate(ptr, 2 * units, 1, units, "string");
  return { ptr, units, tagged: false };
}
