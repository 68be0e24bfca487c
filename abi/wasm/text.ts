// String kernels: a small module, instantiated for one guest memory, that turns bytes into strings
// and back. For short texts it is faster than the platform's coders.
// It is only an optimisation: there is none if the engine lacks js-string builtins or forbids
// compiling.
// Ranges and lengths enter, which the caller has checked; strings and byte counts leave.

import { isExhausted } from "../exhausted.ts";
import { textModule, wideTextModule } from "./text_bytes.ts";

/** The exports of the module. Lengths are at most {@linkcode MAX_KERNEL}. */
export interface TextKernel {
  /** Gives a string, or `null` if the bytes are not UTF-8. */
  loadUtf8(ptr: number, length: number): string | null;
  loadLatin1(ptr: number, length: number): string;
  /** Gives a string, valid surrogates or not. The length is in code units. */
  loadUtf16(ptr: number, length: number): string;
  /** Takes a string for a later `write…` call. Gives its length in UTF-8. */
  take(text: string): number;
  /** Writes this many code units of the string. All of them must be ASCII. */
  writeAscii(ptr: number, units: number): void;
  writeUtf8(ptr: number, units: number): void;
}

/** How many bytes or code units a kernel can hold: the size of the array in text.wat. */
export const MAX_KERNEL = 1024;

/**
 * A memory gets a kernel after this many strings, because making one takes about 50 µs. Tests
 * change this setting.
 */
export const kernels: { warmStrings: number } = { warmStrings: 50 };

/** A module, compiled once. `null` if it cannot be compiled. */
class Kernels {
  readonly #text: string;
  #module: WebAssembly.Module | null | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  #compiled(): WebAssembly.Module | null {
    if (this.#module === undefined) {
      const bytes = Uint8Array.from(atob(this.#text), (char) => char.charCodeAt(0));
      try {
        const { Module } = WebAssembly as unknown as {
          Module: new (bytes: Uint8Array, options: { builtins: string[] }) => WebAssembly.Module;
        };
        this.#module = new Module(bytes, { builtins: ["js-string"] });
      } catch (error) {
        if (isExhausted(error)) return null; // now, not for ever
        this.#module = null;
      }
    }
    return this.#module;
  }

  of(memory: WebAssembly.Memory): TextKernel | null {
    try {
      const module = this.#compiled();
      // Without the builtins, instantiating fails here. It also fails for a memory of another kind.
      return module && new WebAssembly.Instance(module, { "": { memory } }).exports as never as TextKernel;
    } catch {
      return null;
    }
  }
}

const narrow = new Kernels(textModule), wide = new Kernels(wideTextModule);

/** Makes the kernel of a memory, of 32 or 64 bits. `null` if there can be none. */
export function kernelOf(memory: WebAssembly.Memory): TextKernel | null {
  return narrow.of(memory) ?? wide.of(memory);
}
