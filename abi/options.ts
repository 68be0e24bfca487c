// Canonical options resolved for one instance, and the context that codecs receive.
// Spec: definitions.py `CanonicalOptions`, `LiftLowerContext`.

import type { CallScope } from "./call_scope.ts";
import type { ComponentInstance } from "./instance.ts";
import type { ResourceRuntime } from "./resources.ts";
import { type GuestMemory, guestMemory } from "./memory.ts";
import { asTrap, rethrow, trap } from "./trap.ts";

/** `string-encoding`. */
export type StringEncoding = "utf8" | "utf16" | "latin1+utf16";

/** The options of one `canon lift` or `canon lower`, with core items in hand. */
export interface CanonOptions {
  readonly memory: WebAssembly.Memory | undefined;
  /** `(old, oldSize, alignment, newSize) → pointer`. */
  readonly realloc: ((old: number, oldSize: number, alignment: number, size: number) => number) | undefined;
  readonly postReturn: ((...results: unknown[]) => void) | undefined;
  readonly stringEncoding: StringEncoding;
}

/** `LiftLowerContext`: whose memory, whose handles, which scope. One per canonical definition of an instance. */
export class CanonContext {
  readonly inst: ComponentInstance;
  readonly stringEncoding: StringEncoding;
  /** Whether the values are JavaScript's; false between guests, where handles travel as representations. */
  readonly host: boolean;
  readonly resources: readonly ResourceRuntime[];
  /**
   * The current call's scope; defined while a call runs whose signature carries handles. A context serves one call at a time: its instance
   * is entered, or waits for what it called.
   */
  scope: CallScope | undefined = undefined;
  /** Which parameter is being lifted or lowered; one beyond the last: the place that all of them are in. */
  param = 0;
  readonly #memory: GuestMemory | undefined;
  readonly #realloc: CanonOptions["realloc"];
  #lifted = 0;

  constructor(inst: ComponentInstance, options: CanonOptions, host: boolean) {
    this.inst = inst;
    this.resources = inst.tree.resources;
    this.stringEncoding = options.stringEncoding;
    this.host = host;
    this.#memory = options.memory && guestMemory(options.memory);
    this.#realloc = options.realloc;
  }

  /** The memory. Validation guarantees one wherever a codec asks. */
  get memory(): GuestMemory {
    return this.#memory!;
  }

  /** Begins lifting: views are current, the budget is whole. */
  beginLift(): void {
    this.#memory?.sync();
    this.#lifted = 0;
  }

  /** Begins lowering: views are current. */
  beginLower(): void {
    this.#memory?.sync();
  }

  /** Counts bytes of a string or list against the limit of one call. */
  charge(bytes: number): void {
    this.#lifted += bytes;
    if (this.#lifted > this.inst.tree.liftedBytes) {
      trap(this.inst.tree, "lifted-bytes-limit", this.inst.tree.liftedBytes);
    }
  }

  /** `allocate`: runs the guest's realloc; the result is aligned and in bounds, the views are current. */
  allocate(alignment: number, size: number, what: "string" | "list" = "list"): number {
    return this.reallocate(0, 0, alignment, size, what);
  }

  /** `reallocate`: the same for a range that the guest gave before. */
  reallocate(old: number, oldSize: number, alignment: number, size: number, what: "string" | "list"): number {
    const inst = this.inst;
    inst.mayLeave = false;
    let ptr: number;
    try {
      ptr = this.#realloc!(old, oldSize, alignment, size) >>> 0;
    } catch (error) {
      const failure = asTrap(error);
      inst.tree.poison(failure);
      throw failure;
    }
    if (inst.tree.poisoned) rethrow(inst.tree);
    inst.mayLeave = true;
    const memory = this.#memory!;
    memory.sync();
    // Between guests the reference suite expects the phrases of the adapter that copies.
    if (ptr % alignment !== 0) trap(inst.tree, this.host ? "realloc-unaligned" : "unaligned-pointer");
    if (ptr + size > memory.u8.length) {
      trap(inst.tree, this.host ? "realloc-out-of-bounds" : `${what}-content-out-of-bounds`);
    }
    return ptr;
  }

  /** Checks a pointer to a record of parameters or results. */
  checkPointer(value: unknown, alignment: number, size: number): number {
    const ptr = (value as number) >>> 0;
    if (ptr % alignment !== 0) trap(this.inst.tree, "unaligned-pointer");
    if (ptr + size > this.#memory!.u8.length) trap(this.inst.tree, "pointer-out-of-bounds");
    return ptr;
  }
}
