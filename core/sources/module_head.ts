// The head of a core module that arrives in pieces: kept until it says the module's type.

import { concat } from "../binary/bytes.ts";
import type { ModuleSlot } from "../module/module_slot.ts";
import { moduleHead } from "../module/module_type.ts";

/** Keeps a module's bytes until they say its type. */
export class Head {
  readonly #slot: ModuleSlot;
  #pieces: Uint8Array[] | undefined = [];
  #held = 0;
  #next = 1 << 15;

  constructor(slot: ModuleSlot) {
    this.#slot = slot;
  }

  add(piece: Uint8Array, last: boolean): void {
    if (this.#pieces === undefined) return;
    this.#pieces.push(piece);
    this.#held += piece.length;
    // Looking at each piece would be quadratic.
    if (this.#held < this.#next && !last) return;
    this.#next *= 2;
    const bytes = concat(this.#pieces);
    if (!last && moduleHead(bytes).length === bytes.length) return;
    this.#slot.describe(bytes);
    this.#pieces = undefined;
  }
}
