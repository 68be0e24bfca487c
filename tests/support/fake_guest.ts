// A guest without code, for units of the Canonical ABI: a memory, and an allocator that notes what
// it is asked for. An address type and a string encoding in; a context and what was asked for out.
// No engine needs 64-bit memories for it: codecs see an ordinary memory whose pointers are 64 bits
// wide.

import type { Codec, Frame } from "../../abi/codecs/codec.ts";
import { Codecs } from "../../abi/codecs/codecs.ts";
import { CanonContext, type Realloc, type StringEncoding } from "../../abi/state/canon_context.ts";
import { ComponentInstance, InstanceTree, type Limits } from "../../abi/state/instance.ts";
import { type GuestMemory, guestMemory } from "../../abi/state/memory.ts";
import type { AddressType, CoreValue } from "../../abi/types/core_values.ts";
import type { ValType } from "../../abi/types/types.ts";

/** Both address types. */
export const addresses: readonly AddressType[] = ["i32", "i64"];

/**
 * Where the allocator puts what it is asked for: the first at 0x100, the second at 0x200, and so
 * on.
 */
export const BLOCK = 0x100;

/** What memory holds that nobody wrote. */
export const UNWRITTEN = 0xaa;

/** What one guest is. */
export interface FakeGuestOptions {
  readonly address: AddressType;
  readonly encoding: StringEncoding;
  /** Whether its values are JavaScript's; false between guests. */
  readonly host: boolean;
  readonly limits?: Limits;
  /** Answers in the allocator's place. */
  readonly realloc?: (ptr: number) => number;
}

/**
 * Memories that guests have in turn. JavaScriptCore collects garbage for each new memory, once
 * there
 * are a few; no test has this many guests at a time.
 */
const memories: (WebAssembly.Memory | undefined)[] = Array(16).fill(undefined);
let guests = 0;

function memoryOfOnePage(): WebAssembly.Memory {
  const turn = guests++ % memories.length, used = memories[turn];
  if (used?.buffer.byteLength === 65536) return used;
  return memories[turn] = new WebAssembly.Memory({ initial: 1 });
}

/** A guest without code. */
export class FakeGuest {
  readonly tree: InstanceTree;
  readonly inst: ComponentInstance;
  readonly cx: CanonContext;
  readonly memory: GuestMemory;
  /** What `realloc` was asked for: old pointer, old size, alignment, new size. */
  readonly asked: (readonly number[])[] = [];

  constructor({ address, encoding, host, limits = {}, realloc: answer = (ptr) => ptr }: FakeGuestOptions) {
    const memory = memoryOfOnePage();
    this.tree = new InstanceTree({ limits }, 1);
    this.inst = new ComponentInstance(this.tree);
    this.memory = guestMemory(memory);
    this.memory.u8.fill(UNWRITTEN);
    const wide = address === "i64";
    // Each call gives another place: who goes on with the old one is found out.
    const realloc = (...args: CoreValue[]): CoreValue => {
      for (const arg of args) {
        if (wide !== (typeof arg === "bigint")) throw new Error(`no core value of the address type ${address}: ${arg}`);
      }
      const [old, oldSize, alignment, size] = args.map(Number) as [number, number, number, number];
      this.asked.push([old, oldSize, alignment, size]);
      const ptr = answer(BLOCK * this.asked.length);
      // Views of its own: those of the library are the library's to renew.
      const u8 = new Uint8Array(memory.buffer);
      u8.copyWithin(ptr, old, old + Math.min(oldSize, size));
      u8.fill(UNWRITTEN, old, old + oldSize);
      return wide ? BigInt(ptr) : ptr;
    };
    this.cx = new CanonContext(
      this.inst,
      { memory, address, realloc: realloc as Realloc, postReturn: undefined, stringEncoding: encoding },
      host,
    );
  }

  /** The bytes at a place. */
  bytes(ptr: number, length: number): number[] {
    return [...this.memory.u8.subarray(ptr, ptr + length)];
  }

  /** Writes bytes at a place. */
  write(ptr: number, ...bytes: readonly number[]): void {
    this.memory.u8.set(bytes, ptr);
  }
}

// JavaScript's names are host/'s business: here they are WIT's.
const codecs = new Codecs((labels) => labels);

/** The codec of a type. */
export function codecOf(type: ValType, address: AddressType): Codec {
  return codecs.of(type, address);
}

/** Lowers a value to core values. */
export function lowerFlat(guest: FakeGuest, codec: Codec, value: unknown, frame?: Frame): CoreValue[] {
  const flat: CoreValue[] = [];
  guest.cx.beginLower();
  codec.lowerFlat(guest.cx, value, flat, 0, frame);
  return flat;
}

/** Lifts core values to a value. */
export function liftFlat(guest: FakeGuest, codec: Codec, flat: readonly CoreValue[], frame?: Frame): unknown {
  guest.cx.beginLift();
  return codec.liftFlat(guest.cx, flat, 0, frame);
}

/** Stores a value at a place. */
export function store(guest: FakeGuest, codec: Codec, value: unknown, ptr: number, frame?: Frame): void {
  guest.cx.beginLower();
  codec.store(guest.cx, value, ptr, frame);
}

/** Loads a value from a place. */
export function load(guest: FakeGuest, codec: Codec, ptr: number, frame?: Frame): unknown {
  guest.cx.beginLift();
  return codec.load(guest.cx, ptr, frame);
}
