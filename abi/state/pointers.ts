// Pointers and lengths, by the address type of the memory they count in: how they look in memory and as core values.
// Everywhere else in the library both are numbers. A 64-bit one that no number holds exactly is larger than any memory, and stays so.
// Spec: definitions.py `ptr_size`, `utf16_tag`; CanonicalABI.md "Loading", "Storing".

import type { AddressType, CoreValue } from "../types/core_values.ts";
import type { GuestMemory } from "./memory.ts";

/** The bit of a `latin1+utf16` string's length that says utf16, as the library has it: bit 31, also where a memory has it in bit 63. */
export const UTF16_TAG = 0x80000000;

/** One address type. */
export interface Pointers {
  readonly address: AddressType;
  /** Bytes of a pointer, and of a length. */
  readonly size: 4 | 8;
  fromCore(core: CoreValue): number;
  toCore(value: number): CoreValue;
  load(memory: GuestMemory, ptr: number): number;
  store(memory: GuestMemory, ptr: number, value: number): void;
  /** The length of a string with its tag. */
  unitsFromCore(core: CoreValue): number;
  unitsToCore(units: number): CoreValue;
  loadUnits(memory: GuestMemory, ptr: number): number;
  storeUnits(memory: GuestMemory, ptr: number, units: number): void;
}

const narrow: Pointers = {
  address: "i32",
  size: 4,
  fromCore: (core) => (core as number) >>> 0,
  toCore: (value) => value,
  load: (memory, ptr) => memory.u32[ptr >>> 2]!,
  store: (memory, ptr, value) => void (memory.u32[ptr >>> 2] = value),
  unitsFromCore: (core) => (core as number) >>> 0,
  unitsToCore: (units) => units,
  loadUnits: (memory, ptr) => memory.u32[ptr >>> 2]!,
  storeUnits: (memory, ptr, units) => void (memory.u32[ptr >>> 2] = units),
};

const TAG64 = 1n << 63n;

/** A length beyond bit 31 would be taken for a tag; it is too long anyway. */
function unitsFrom64(core: bigint): number {
  const word = BigInt.asUintN(64, core), tagged = word >= TAG64, units = tagged ? word - TAG64 : word;
  return units >= UTF16_TAG ? Infinity : Number(units) + (tagged ? UTF16_TAG : 0);
}

function unitsTo64(units: number): bigint {
  return units >= UTF16_TAG ? TAG64 | BigInt(units - UTF16_TAG) : BigInt(units);
}

const wide: Pointers = {
  address: "i64",
  size: 8,
  fromCore: (core) => Number(BigInt.asUintN(64, core as bigint)),
  toCore: (value) => BigInt(value),
  load: (memory, ptr) => Number(memory.u64[ptr / 8]!),
  store: (memory, ptr, value) => void (memory.u64[ptr / 8] = BigInt(value)),
  unitsFromCore: (core) => unitsFrom64(core as bigint),
  unitsToCore: unitsTo64,
  loadUnits: (memory, ptr) => unitsFrom64(memory.u64[ptr / 8]!),
  storeUnits: (memory, ptr, units) => void (memory.u64[ptr / 8] = unitsTo64(units)),
};

/** The pointers of an address type. */
export function pointersOf(address: AddressType): Pointers {
  return address === "i32" ? narrow : wide;
}
