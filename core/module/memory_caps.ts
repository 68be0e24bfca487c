// Caps the memories of a core module: rewrites their limits in the memory section, so that no
// memory exceeds a bound. A section that is malformed or invalid is left to the engine, which
// refuses it.
// Spec: core spec 3.0 "Binary Format: Memory Section".

import { CompileError } from "../../errors.ts";
import { leb } from "../../abi/wasm/encoder.ts";
import { Reader } from "../binary/reader.ts";
import type { CoreLimits } from "./core_syntax.ts";
import { coreLimits } from "./core_types.ts";
import type { SectionRewriter, SectionWish } from "./section_transform.ts";

const MEMORY = 5;

/** Rewrites the memory section. */
export class MemoryCaps implements SectionRewriter {
  readonly #maxPages: number;
  readonly #module: number;
  readonly #offset: number;
  #done = false;

  /**
   * @param maxPages The bound, in pages of 64 KiB.
   * @param module The module's index, for messages.
   * @param offset Where it begins in the component.
   */
  constructor(maxPages: number, module: number, offset: number) {
    this.#maxPages = maxPages;
    this.#module = module;
    this.#offset = offset;
  }

  wish(id: number): SectionWish {
    if (this.#done || id > MEMORY) return "pass all"; // 12 and 13, data count and tag, come after it too
    return id === MEMORY ? "rewrite" : "pass";
  }

  /** Throws CompileError if a memory starts out larger than the bound. */
  rewrite(_id: number, content: Uint8Array): readonly Uint8Array[] | undefined {
    this.#done = true;
    const memories = readMemories(content);
    // A shared memory without a maximum is invalid. With one that we give it, it would be valid.
    if (memories?.some((limits) => limits.shared && limits.max === undefined) ?? true) return undefined;
    const body = [...leb(memories!.length), ...memories!.flatMap((limits) => this.#capped(limits))];
    return [Uint8Array.of(MEMORY, ...leb(body.length), ...body)];
  }

  #capped(limits: CoreLimits): number[] {
    const cap = this.#maxPages * 2 ** (16 - Math.min(limits.pageSize, 16));
    if (limits.min > cap) {
      const { min } = limits;
      throw new CompileError("memory-cap", "compile component", this.#offset, this.#module, min, this.#maxPages);
    }
    const max = Math.min(limits.max ?? cap, cap);
    const flags = 1 | (limits.shared ? 2 : 0) | (limits.address === "i64" ? 4 : 0) | (limits.pageSize === 16 ? 0 : 8);
    return [flags, ...leb(limits.min), ...leb(max), ...(limits.pageSize === 16 ? [] : leb(limits.pageSize))];
  }
}

/** `undefined` if the section is malformed. */
function readMemories(content: Uint8Array): readonly CoreLimits[] | undefined {
  const reader = new Reader(content, 0, "memory section");
  try {
    const memories = reader.vec(coreLimits, "memory");
    reader.finish();
    return memories;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return undefined;
  }
}
