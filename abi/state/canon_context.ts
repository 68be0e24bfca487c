// The canonical options of one function, resolved for one instance, and the context that codecs
// receive.
// A context holds only what is known after linking, and never changes. What a call owes is in its
// frame (call_frame.ts).
// Spec: definitions.py `CanonicalOptions`, `LiftLowerContext`.

import type { AddressType, CoreValue } from "../types/core_values.ts";
import type { ComponentInstance } from "./instance.ts";
import { type GuestMemory, guestMemory } from "./memory.ts";
import { fromCore, type Pointers, pointersOf } from "./pointers.ts";
import type { ResourceRuntime } from "./resource_runtime.ts";
import { type WideRealloc, wideRealloc } from "../wasm/wide_realloc.ts";
import { HookFailure } from "./hooks.ts";
import { asTrap, rethrow, trap } from "./trap.ts";

/** `string-encoding`. */
export type StringEncoding = "utf8" | "utf16" | "latin1+utf16";

/**
 * The options of one `canon lift` or `canon lower`, with the core items themselves in place of
 * indices.
 */
export interface CanonOptions {
  readonly memory: WebAssembly.Memory | undefined;
  /** The address type of the memory. `i32` if there is no memory. */
  readonly address: AddressType;
  /** `(old, oldSize, alignment, newSize) → pointer`, in core values of the address type. */
  readonly realloc: Realloc | undefined;
  readonly postReturn: ((...results: unknown[]) => void) | undefined;
  readonly stringEncoding: StringEncoding;
}

/** `realloc`. */
export type Realloc = (old: never, oldSize: never, alignment: never, size: never) => CoreValue;
type NumericRealloc = (old: number, oldSize: number, alignment: number, size: number) => CoreValue;

/**
 * `LiftLowerContext`: which memory and which handle table values belong to. There is one per
 * canonical definition of an instance.
 */
export class CanonContext {
  readonly inst: ComponentInstance;
  readonly stringEncoding: StringEncoding;
  /** How pointers are represented in the memory and as core values. */
  readonly pointers: Pointers;
  /**
   * Whether values are JavaScript values. False between guests, where a resource travels as its
   * representation.
   */
  readonly host: boolean;
  readonly resources: readonly ResourceRuntime[];
  readonly #memory: GuestMemory | undefined;
  readonly #realloc: NumericRealloc | undefined;
  /** Whether the realloc gives pointers of 64 bits, as numbers. */
  readonly #wide: boolean;

  constructor(inst: ComponentInstance, options: CanonOptions, host: boolean) {
    this.inst = inst;
    this.resources = inst.tree.resources;
    this.stringEncoding = options.stringEncoding;
    this.pointers = pointersOf(options.address);
    this.host = host;
    this.#memory = options.memory && guestMemory(options.memory);
    this.#wide = options.address === "i64";
    this.#realloc = options.realloc && numeric(options.realloc, this.pointers);
  }

  /** The memory. Validation guarantees that there is one wherever a codec asks for it. */
  get memory(): GuestMemory {
    return this.#memory!;
  }

  /** The same memory and encoding, for values of another instance. Nothing can be lowered with it. */
  withInstance(inst: ComponentInstance): CanonContext {
    const { stringEncoding, pointers: { address }, host } = this, memory = this.#memory?.memory;
    return new CanonContext(inst, { stringEncoding, address, memory, realloc: undefined, postReturn: undefined }, host);
  }

  /** Prepares lifting: renews the memory views and resets the count of lifted bytes. */
  beginLift(): void {
    this.#memory?.sync();
    this.inst.tree.lifted = 0;
  }

  /** Prepares lowering: renews the memory views. */
  beginLower(): void {
    this.#memory?.sync();
  }

  /** Counts bytes of a string or list against the limit of one call, and pays for them. */
  charge(bytes: number): void {
    const { tree } = this.inst;
    tree.lifted += bytes;
    if (tree.lifted > tree.liftedBytes) trap(tree, "lifted-bytes-limit", tree.liftedBytes);
    tree.meter?.spend(bytes);
  }

  /**
   * `allocate`: runs the guest's realloc. Afterwards the result is aligned and in bounds, and the
   * memory views are current.
   */
  allocate(alignment: number, size: number, what: "string" | "list" = "list"): number {
    return this.reallocate(0, 0, alignment, size, what);
  }

  /** `reallocate`: the same for a range that the guest returned before. */
  reallocate(old: number, oldSize: number, alignment: number, size: number, what: "string" | "list"): number {
    const { tree, words, noLeaveAt } = this.inst;
    // The flags' words are used directly: JavaScriptCore takes 5 ns longer with the accessors.
    words[noLeaveAt] = 1;
    let ptr: number;
    try {
      const core = this.#realloc!(old, oldSize, alignment, size);
      ptr = this.#wide ? core as number : (core as number) >>> 0;
    } catch (error) {
      const failure = asTrap(error);
      tree.lockDown(failure instanceof HookFailure ? failure.error : failure);
      throw failure;
    }
    if (words[tree.lockedDownAt] !== 0) rethrow(tree);
    words[noLeaveAt] = 0;
    const memory = this.#memory!;
    memory.sync();
    // Between guests, the reference suite expects the phrases of an adapter that copies from memory
    // to memory.
    if (ptr % alignment !== 0) trap(tree, this.host ? "realloc-unaligned" : "unaligned-pointer");
    if (ptr + size > memory.u8.length) {
      trap(tree, this.host ? "realloc-out-of-bounds" : `${what}-content-out-of-bounds`);
    }
    return ptr;
  }

  /** Checks a pointer to the record of parameters or results that is lifted, and pays for its bytes. */
  liftedPointer(value: unknown, alignment: number, size: number): number {
    return this.liftedRecord(fromCore(value as CoreValue), alignment, size);
  }

  /** The same for a pointer that is a number already. */
  liftedRecord(ptr: number, alignment: number, size: number): number {
    this.checkRecord(ptr, alignment, size);
    this.inst.tree.meter?.spend(size);
    return ptr;
  }

  /** Checks a pointer to the record of parameters or results. */
  checkPointer(value: unknown, alignment: number, size: number): number {
    return this.checkRecord(fromCore(value as CoreValue), alignment, size);
  }

  /** The same for a pointer that is a number already. */
  checkRecord(ptr: number, alignment: number, size: number): number {
    if (ptr % alignment !== 0) trap(this.inst.tree, "unaligned-pointer");
    if (ptr + size > this.#memory!.u8.length) trap(this.inst.tree, "pointer-out-of-bounds");
    return ptr;
  }
}

/** After this many calls, a realloc of a 64-bit memory gets a function in WebAssembly around it. */
const WARM_CALLS = 16;

/** Makes a `realloc` whose parameters and result are numbers. The result of 32 bits may be signed. */
function numeric(realloc: Realloc, { address, toCore }: Pointers): NumericRealloc {
  if (address === "i32") return realloc as NumericRealloc;
  const core = realloc as (...args: CoreValue[]) => CoreValue;
  let left = WARM_CALLS, fast: WideRealloc | undefined;
  return (old, oldSize, alignment, size) => {
    if (fast !== undefined) return fast(old, oldSize, alignment, size);
    if (left-- === 0) fast = wideRealloc(core);
    return fromCore(core(toCore(old), toCore(oldSize), toCore(alignment), toCore(size)));
  };
}
