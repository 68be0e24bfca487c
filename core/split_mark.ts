// The mark of a core module that was split from its component: in the rest it stands first in what is left of the module, in the module
// itself last. split.ts writes it; here it is read.

import { CompileError } from "../errors.ts";
import { Reader } from "./reader.ts";

/** The name of the custom section. */
export const SPLIT_MARK = "windlass:split";

const decoder = new TextDecoder();

/** The mark of a module that was taken out, if these bytes are what is left of one. */
export function splitMark(bytes: Uint8Array): string | undefined {
  if (bytes[8] !== 0) return undefined; // no custom section first: that is nearly every module
  const reader = new Reader(bytes, 0, "core module");
  try {
    reader.take(9);
    const section = new Reader(reader.take(reader.u32()), 0, "core module");
    return section.name() === SPLIT_MARK ? decoder.decode(section.take(section.remaining)) : undefined;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return undefined;
  }
}

/** The marks of a module: none if it was never split off, several if it was more than once. */
export function marksOf(module: WebAssembly.Module): string[] {
  return WebAssembly.Module.customSections(module, SPLIT_MARK).map((bytes) => decoder.decode(bytes));
}
