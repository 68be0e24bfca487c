// The linear memory of a guest, with one cached view per element type.
// Code reads the views as plain fields. `sync()` must renew them after anything that may have grown
// the memory, which every call of a guest may do.
// Spec: definitions.py `MemInst`.

import { isStackExhausted } from "../exhausted.ts";
import { kernelOf, kernels, type TextKernel } from "../wasm/text.ts";
import { makeTrap } from "./trap.ts";

const made = new WeakMap<WebAssembly.Memory, GuestMemory>();

/** The views of each memory. All functions that use a memory share one object. */
export function guestMemory(memory: WebAssembly.Memory): GuestMemory {
  let views = made.get(memory);
  if (views === undefined) made.set(memory, views = new GuestMemory(memory));
  return views;
}

/** Cached views of one memory. The fields are valid until guest code runs; call `sync()` then. */
export class GuestMemory {
  readonly memory: WebAssembly.Memory;
  /** What the views are views of. */
  buffer!: ArrayBuffer;
  u8!: Uint8Array<ArrayBuffer>;
  s8!: Int8Array<ArrayBuffer>;
  u16!: Uint16Array<ArrayBuffer>;
  s16!: Int16Array<ArrayBuffer>;
  u32!: Uint32Array<ArrayBuffer>;
  s32!: Int32Array<ArrayBuffer>;
  u64!: BigUint64Array<ArrayBuffer>;
  s64!: BigInt64Array<ArrayBuffer>;
  f32!: Float32Array<ArrayBuffer>;
  f64!: Float64Array<ArrayBuffer>;

  /**
   * String kernels over the memory, made after enough strings have passed. `null` if the engine
   * cannot have them.
   */
  kernel: TextKernel | null | undefined = undefined;
  #strings = 0;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    try {
      this.#renew();
    } catch {
      this.#makeViews(new ArrayBuffer(0)); // the first call tries again, and says what is wrong
    }
  }

  /** Renews the views if the memory has grown. */
  sync(): void {
    // Growing a memory detaches its old buffer, and views of a detached buffer have length 0.
    // Comparing with `memory.buffer` is slower, and comparing lengths is wrong: memory.grow(0)
    // detaches the buffer too.
    if (this.u8.length === 0) this.#renew();
  }

  /** Counts a string that a kernel could handle. Gives the kernel once there is one. */
  warm(): TextKernel | null {
    if (++this.#strings <= kernels.warmStrings) return null;
    return this.kernel = kernelOf(this.memory);
  }

  /** An engine may allow a 64-bit memory that is larger than its buffers may be. */
  #renew(): void {
    try {
      this.#makeViews(this.memory.buffer as ArrayBuffer);
    } catch (error) {
      if (isStackExhausted(error) || !(error instanceof RangeError)) throw error;
      throw makeTrap("memory-too-large", [error.message]);
    }
  }

  #makeViews(buffer: ArrayBuffer): void {
    this.buffer = buffer;
    this.u8 = new Uint8Array(buffer);
    this.s8 = new Int8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.s16 = new Int16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.s32 = new Int32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.s64 = new BigInt64Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }
}
