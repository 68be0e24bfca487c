// String kernels: a small module over one guest memory that turns bytes into strings and back, faster than the platform's coders for short
// texts. An optimisation everywhere: where the engine lacks js-string builtins, or forbids compiling, there is none.
// Ranges and lengths in, checked by who calls; strings and byte counts out.

import { isExhausted } from "../exhausted.ts";
import { textModule } from "./text_bytes.ts";

/** What the module exports. Lengths are at most {@linkcode MAX_KERNEL}. */
export interface TextKernel {
  /** A string; `null` if the bytes are not UTF-8. */
  loadUtf8(ptr: number, length: number): string | null;
  loadLatin1(ptr: number, length: number): string;
  /** A string, whatever its surrogates; the length is in code units. */
  loadUtf16(ptr: number, length: number): string;
  /** Takes a string, for `write…` to write; gives its length in UTF-8. */
  take(text: string): number;
  /** Writes as many code units of it, all of them ASCII. */
  writeAscii(ptr: number, units: number): void;
  writeUtf8(ptr: number, units: number): void;
}

/** Bytes or code units that a kernel holds: the array in text.wat. */
export const MAX_KERNEL = 1024;

/** Strings after which a memory gets a kernel, which takes some 50 µs to make. A setting, for the tests. */
export const kernels: { warmStrings: number } = { warmStrings: 50 };

let module: WebAssembly.Module | null | undefined;

/** The module, compiled once; `null` where that cannot be. */
function compiled(): WebAssembly.Module | null {
  if (module === undefined) {
    const bytes = Uint8Array.from(atob(textModule), (char) => char.charCodeAt(0));
    try {
      const { Module } = WebAssembly as unknown as {
        Module: new (bytes: Uint8Array, options: { builtins: string[] }) => WebAssembly.Module;
      };
      module = new Module(bytes, { builtins: ["js-string"] });
    } catch (error) {
      if (isExhausted(error)) return null; // now, not for ever
      module = null;
    }
  }
  return module;
}

/** Makes the kernel of a memory; `null` where there can be none. */
export function kernelOf(memory: WebAssembly.Memory): TextKernel | null {
  try {
    const module = compiled();
    // An engine without the builtins misses them here; a memory of another kind does not fit.
    return module && new WebAssembly.Instance(module, { "": { memory } }).exports as never as TextKernel;
  } catch {
    return null;
  }
}
