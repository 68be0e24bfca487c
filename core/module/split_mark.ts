// Reads the custom section by which `split` marks a core module: it is the first section of the
// stub that stays in the component, and the last one of the module that was taken out.

import { CompileError } from "../../errors.ts";
import { Reader } from "../binary/reader.ts";

/** The name of the custom section. */
export const SPLIT_MARK = "windlass:split";

const decoder = new TextDecoder();

/** The mark of a stub; `undefined` if the bytes are a module, or are malformed. */
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
