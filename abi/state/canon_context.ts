// Canonical options resolved for one instance, and the context that codecs receive.
// A context is what linking knows: it never changes. What one call owes is in its frame (call_frame.ts).
// Spec: definitions.py `CanonicalOptions`, `LiftLowerContext`.

import type { AddressType, CoreValue } from "../types/core_values.ts";
import type { ComponentInstance } from "./instance.ts";
import { type GuestMemory, guestMemory } from "./memory.ts";
import { type Pointers, pointersOf } from "./pointers.ts";
import type { ResourceRuntime } from "./resource_runtime.ts";
import { HookFailure } from "./hooks.ts";
import { asTrap, rethrow, trap } from "./trap.ts";

/** `string-encoding`. */
export type StringEncoding = "utf8" | "utf16" | "latin1+utf16";

/** The options of one `canon lift` or `canon lower`, with core items in hand. */
export interface CanonOptions {
  readonly memory: WebAssembly.Memory | undefined;
  /** The memory's address type; `i32` without one. */
  readonly address: AddressType;
  /** `(old, oldSize, alignment, newSize) → pointer`, in core values of the address type. */
  readonly realloc: Realloc | undefined;
  readonly postReturn: ((...results: unknown[]) => void) | undefined;
  readonly stringEncoding: StringEncoding;
}

/** `realloc`. */
export type Realloc = (old: never, oldSize: never, alignment: never, size: never) => CoreValue;
type NumericRealloc = (old: number, oldSize: number, alignment: number, size: number) => CoreValue;

/** `LiftLowerContext`: whose memory, whose handles. One per canonical definition of an instance. */
export class CanonContext {
  readonly inst: ComponentInstance;
  readonly stringEncoding: StringEncoding;
  /** How pointers look in the memory and as core values. */
  readonly pointers: Pointers;
  /** Whether the values are JavaScript's; false between guests, where handles travel as representations. */
  readonly host: boolean;
  readonly resources: readonly ResourceRuntime[];
  readonly #memory: GuestMemory | undefined;
  readonly #realloc: NumericRealloc | undefined;

  constructor(inst: ComponentInstance, options: CanonOptions, host: boolean) {
    this.inst = inst;
    this.resources = inst.tree.resources;
    this.stringEncoding = options.stringEncoding;
    this.pointers = pointersOf(options.address);
    this.host = host;
    this.#memory = options.memory && guestMemory(options.memory);
    this.#realloc = options.realloc && numeric(options.realloc, this.pointers);
  }

  /** The memory. Validation guarantees one wherever a codec asks. */
  get memory(): GuestMemory {
    return this.#memory!;
  }

  /** Begins lifting: views are current, the budget is whole. */
  beginLift(): void {
    this.#memory?.sync();
    this.inst.tree.lifted = 0;
  }

  /** Begins lowering: views are current. */
  beginLower(): void {
    this.#memory?.sync();
  }

  /** Counts bytes of a string or list against the limit of one call. */
  charge(bytes: number): void {
    const { tree } = this.inst;
    tree.lifted += bytes;
    if (tree.lifted > tree.liftedBytes) trap(tree, "lifted-bytes-limit", tree.liftedBytes);
  }

  /** `allocate`: runs the guest's realloc; the result is aligned and in bounds, the views are current. */
  allocate(alignment: number, size: number, what: "string" | "list" = "list"): number {
    return this.reallocate(0, 0, alignment, size, what);
  }

  /** `reallocate`: the same for a range that the guest gave before. */
  reallocate(old: number, oldSize: number, alignment: number, size: number, what: "string" | "list"): number {
    const { inst } = this, { tree } = inst;
    inst.mayLeave = false;
    let ptr: number;
    try {
      ptr = this.pointers.fromCore(this.#realloc!(old, oldSize, alignment, size));
    } catch (error) {
      const failure = asTrap(error);
      tree.lockDown(failure instanceof HookFailure ? failure.error : failure);
      throw failure;
    }
    if (tree.lockedDown) rethrow(tree);
    inst.mayLeave = true;
    const memory = this.#memory!;
    memory.sync();
    // Between guests the reference suite expects the phrases of the adapter that copies.
    if (ptr % alignment !== 0) trap(tree, this.host ? "realloc-unaligned" : "unaligned-pointer");
    if (ptr + size > memory.u8.length) {
      trap(tree, this.host ? "realloc-out-of-bounds" : `${what}-content-out-of-bounds`);
    }
    return ptr;
  }

  /** Checks a pointer to a record of parameters or results. */
  checkPointer(value: unknown, alignment: number, size: number): number {
    const ptr = this.pointers.fromCore(value as CoreValue);
    if (ptr % alignment !== 0) trap(this.inst.tree, "unaligned-pointer");
    if (ptr + size > this.#memory!.u8.length) trap(this.inst.tree, "pointer-out-of-bounds");
    return ptr;
  }
}

/** A `realloc` that is called with numbers. */
function numeric(realloc: Realloc, { address, toCore }: Pointers): NumericRealloc {
  if (address === "i32") return realloc as NumericRealloc;
  const core = realloc as (...args: CoreValue[]) => CoreValue;
  return (old, oldSize, alignment, size) => core(toCore(old), toCore(oldSize), toCore(alignment), toCore(size));
}
