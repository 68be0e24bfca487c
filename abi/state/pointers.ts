// Pointers and lengths for each address type: how they are represented in memory and as core
// values.
// Everywhere else in the library, pointers and lengths are numbers. Not every 64-bit value is exact as
// a number. A value of 2^52 and more is beyond any memory, and only its alignment matters: it becomes
// another one that has the same lowest bits.
// Spec: definitions.py `ptr_size`, `utf16_tag`; CanonicalABI.md "Loading", "Storing".

import type { AddressType, CoreValue } from "../types/core_values.ts";
import type { GuestMemory } from "./memory.ts";

/**
 * The tag in the length of a `latin1+utf16` string, which means UTF-16. Inside the library it is
 * always bit 31, although a 64-bit memory has it in bit 63.
 */
export const UTF16_TAG = 0x80000000;

/**
 * Gives a pointer, or the length of a list. An i64 may have become an i32 on its way
 * (wasm/wide_imports.ts), so that the value says which of both it is. This is not a member of
 * {@linkcode Pointers}: each allocation calls it, and JavaScriptCore would be slower.
 */
export function fromCore(core: CoreValue): number {
  if (typeof core === "number") return core >>> 0;
  const value = Number(core);
  // An i64 is signed in JavaScript. What is negative exceeds the size of any memory.
  return value >= 0 && value < BEYOND ? value : beyond(Number(BigInt.asUintN(32, core)));
}

/** No memory is as large as this. */
const BEYOND = 2 ** 52;
/** The bits that an alignment can look at. */
const ALIGNMENT_BITS = 0xff;

/** Stands for a pointer or a length that exceeds the size of any memory. It is a number that has its lowest bits. */
function beyond(low: number): number {
  return BEYOND + (low & ALIGNMENT_BITS);
}

/** The functions of one address type, besides {@linkcode fromCore}. */
export interface Pointers {
  readonly address: AddressType;
  /** Size of a pointer in bytes. A length has the same size. */
  readonly size: 4 | 8;
  toCore(value: number): CoreValue;
  load(memory: GuestMemory, ptr: number): number;
  store(memory: GuestMemory, ptr: number, value: number): void;
  /** Gives the length of a string with its tag. An i64 may have become an i32, which has the tag in bit 31. */
  unitsFromCore(core: CoreValue): number;
  unitsToCore(units: number): CoreValue;
  loadUnits(memory: GuestMemory, ptr: number): number;
  storeUnits(memory: GuestMemory, ptr: number, units: number): void;
}

const narrow: Pointers = {
  address: "i32",
  size: 4,
  toCore: (value) => value,
  load: (memory, ptr) => memory.u32[ptr >>> 2]!,
  store: (memory, ptr, value) => void (memory.u32[ptr >>> 2] = value),
  unitsFromCore: (core) => (core as number) >>> 0,
  unitsToCore: (units) => units,
  loadUnits: (memory, ptr) => memory.u32[ptr >>> 2]!,
  storeUnits: (memory, ptr, units) => void (memory.u32[ptr >>> 2] = units),
};

const TAG64 = 1n << 63n;

/** A length that uses bit 31 would look like a tag. Such a length is too large in any case. */
function tagUnits(units: number, tagged: boolean): number {
  return units >= UTF16_TAG ? Infinity : tagged ? units + UTF16_TAG : units;
}

/** What has the tag is negative if it comes from an engine, where an i64 is signed. */
function unitsFrom64(core: bigint): number {
  const units = Number(core);
  return units >= 0 && units < 2 ** 63
    ? tagUnits(units, false)
    : tagUnits(Number(BigInt.asUintN(64, core) - TAG64), true);
}

/** How much the upper word of 64 bits counts. Two words are read faster than a bigint is made. */
const UPPER = 2 ** 32;

function unitsTo64(units: number): bigint {
  return units >= UTF16_TAG ? TAG64 | BigInt(units - UTF16_TAG) : BigInt(units);
}

const wide: Pointers = {
  address: "i64",
  size: 8,
  toCore: (value) => BigInt(value),
  load({ u32 }, ptr) {
    const low = u32[ptr / 4]!, upper = u32[ptr / 4 + 1]!;
    return upper < BEYOND / UPPER ? low + upper * UPPER : beyond(low);
  },
  store: ({ u32 }, ptr, value) => {
    u32[ptr / 4] = value;
    u32[ptr / 4 + 1] = value / UPPER;
  },
  unitsFromCore: (core) => typeof core === "number" ? core >>> 0 : unitsFrom64(core),
  unitsToCore: unitsTo64,
  loadUnits: ({ u32 }, ptr) => {
    const upper = u32[ptr / 4 + 1]!, tagged = upper >= UTF16_TAG;
    return tagUnits(u32[ptr / 4]! + (tagged ? upper - UTF16_TAG : upper) * UPPER, tagged);
  },
  storeUnits: ({ u32 }, ptr, units) => {
    const tagged = units >= UTF16_TAG;
    u32[ptr / 4] = tagged ? units - UTF16_TAG : units;
    u32[ptr / 4 + 1] = tagged ? UTF16_TAG : 0;
  },
};

/** The pointers of an address type. */
export function pointersOf(address: AddressType): Pointers {
  return address === "i32" ? narrow : wide;
}
