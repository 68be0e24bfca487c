// A transform that looks at a module section by section: a rewriter chooses sections to rewrite,
// the others pass as they arrive. If the sections of a module cannot be followed, the rest of it
// passes unchanged, because the engine says best what is wrong with it.
// Spec: core spec 3.0 "Binary Format: Modules".

import { concat } from "../binary/bytes.ts";
import type { Transform } from "./transform.ts";

/**
 * What happens to a section: it passes, is rewritten, is rewritten by a rewriter that looks at its
 * content as it arrives, or passes with all sections after it.
 */
export type SectionWish = "pass" | "rewrite" | "follow" | "pass all";

/** The decisions of a {@linkcode SectionTransform}. */
export interface SectionRewriter {
  /** Says what happens to a section, when only its id is known. */
  wish(id: number): SectionWish;
  /**
   * Gives the pieces of the whole section, with its id and size; `undefined` to leave it as it is.
   * More sections may stand before it. `at` is where the content begins in the module.
   */
  rewrite(id: number, content: Uint8Array, at: number): readonly Uint8Array[] | undefined;
  /** Takes the next bytes of a section that is followed. `rewrite` comes next, without content. */
  follow?(piece: Uint8Array, at: number): void;
  /** Gives what comes after the last section of a module that was followed to its end. */
  finish?(): Uint8Array;
}

const PREAMBLE = 8;
/** A section's id, and its size in LEB128. */
const MAX_HEADER = 6;

type Part = "header" | "passing" | "rewritten" | "followed";

/** Applies a rewriter to a module that arrives in chunks of any size. */
export class SectionTransform implements Transform {
  readonly #rewriter: SectionRewriter;
  /** What the next byte belongs to: a header, bytes that pass, or a section to rewrite. */
  #part: Part = "passing";
  /** How many bytes of the part are still to come, where it is no header. */
  #left = PREAMBLE;
  /** Bytes of the header so far. */
  #header: number[] = [];
  /** The content so far of a section to rewrite. */
  #content: Uint8Array[] = [];
  /** How many bytes of the header arrived in earlier chunks, and were held back. */
  #carried = 0;
  /** How many bytes of the module came before this chunk, and where a section's content begins. */
  #before = 0;
  #begins = 0;

  constructor(rewriter: SectionRewriter) {
    this.#rewriter = rewriter;
  }

  push(chunk: Uint8Array): readonly Uint8Array[] {
    const out: Uint8Array[] = [];
    /** Bytes before `from` were given or held back; bytes before `at` have been looked at. */
    let from = 0, at = 0;
    const give = (end: number): void => {
      if (end > from) out.push(chunk.subarray(from, end));
      from = end;
    };
    while (at < chunk.length) {
      if (this.#part === "header") {
        this.#header.push(chunk[at++]!);
        if (!this.#headerIsWhole()) continue;
        this.#begins = this.#before + at;
        if (this.#decide()) {
          // The header passes together with the bytes around it. Its first bytes may have arrived
          // in earlier chunks: these were held back, and pass first.
          if (this.#carried > 0) out.push(Uint8Array.from(this.#header.slice(0, this.#carried)));
          this.#startHeader(this.#part);
        } else {
          give(at - (this.#header.length - this.#carried));
          from = at;
          if (this.#left === 0) this.#finish(out);
        }
        continue;
      }
      const step = Math.min(this.#left, chunk.length - at);
      at += step;
      this.#left -= step;
      if (this.#part === "rewritten") {
        this.#content.push(chunk.subarray(from, at));
        from = at;
        if (this.#left === 0) this.#finish(out);
      } else if (this.#part === "followed") {
        this.#rewriter.follow!(chunk.subarray(from, at), this.#before + from);
        from = at;
        if (this.#left === 0) this.#finish(out);
      } else if (this.#left === 0) this.#startHeader("header");
    }
    this.#before += chunk.length;
    if (this.#part === "header") {
      give(at - (this.#header.length - this.#carried));
      this.#carried = this.#header.length;
    } else give(at);
    return out;
  }

  end(): readonly Uint8Array[] {
    const rewriter = this.#rewriter;
    if (this.#part === "header" && this.#header.length === 0) {
      return rewriter.finish === undefined ? [] : [rewriter.finish()];
    }
    // The module ended within a header or a section: it is invalid, and stays so.
    return this.#header.length === 0 ? [] : [Uint8Array.from(this.#header), ...this.#content];
  }

  #headerIsWhole(): boolean {
    const { length } = this.#header;
    return length > 1 && this.#header[length - 1]! < 0x80 || length === MAX_HEADER;
  }

  /** Decides on the section whose header is whole. Whether it passes. */
  #decide(): boolean {
    const [id = 0, ...size] = this.#header;
    const wish = size.at(-1)! < 0x80 ? this.#rewriter.wish(id) : "pass all"; // a size that is none
    this.#left = wish === "pass all" ? Infinity : size.reduceRight((sum, byte) => sum * 128 + (byte & 0x7f), 0);
    if (wish === "rewrite") this.#part = "rewritten";
    else if (wish === "follow") this.#part = "followed";
    else this.#part = this.#left === 0 ? "header" : "passing";
    return wish !== "rewrite" && wish !== "follow";
  }

  /** What becomes of the section that is whole now. */
  #finish(out: Uint8Array[]): void {
    const [id = 0] = this.#header, content = concat(this.#content);
    const section = this.#rewriter.rewrite(id, content, this.#begins);
    for (const piece of section ?? [Uint8Array.from(this.#header), content]) if (piece.length > 0) out.push(piece);
    this.#content = [];
    this.#startHeader("header");
  }

  #startHeader(part: Part): void {
    this.#part = part;
    this.#header = [];
    this.#carried = 0;
  }
}
