// Values of one type, as core values and as bytes, for both address types: what a row says is
// lowered, lifted, stored and loaded. Rows come from definitions.py, worked out by hand; nothing
// here computes an expectation.

import { assertEquals, assertThrows } from "@std/assert";
import { Trap, ValueError } from "@windlass/component";
import type { AddressType, CoreValue } from "../../abi/types/core_values.ts";
import type { ValType } from "../../abi/types/types.ts";
import { addresses, BLOCK, codecOf, FakeGuest, liftFlat, load, lowerFlat, store, UNWRITTEN } from "./fake_guest.ts";

/** How one value looks in a guest. */
export interface Spelling {
  /** Core values; i32 and i64 are unsigned here. `undefined` for types that have too many. */
  readonly flat: readonly CoreValue[] | undefined;
  /** Bytes in memory; {@linkcode _} where nothing is written. */
  readonly bytes: readonly number[];
  /** What `realloc` is asked for: old pointer, old size, alignment, new size. */
  readonly asked?: readonly (readonly number[])[];
  /** What lies in each block that it gave. */
  readonly blocks?: readonly (readonly number[])[];
}

/** One value. */
export interface CodecRow {
  readonly name: string;
  readonly type: ValType;
  readonly value: unknown;
  /** What it is when it comes back, if that is another value. */
  readonly lifted?: unknown;
  readonly i32: Spelling;
  /** With 64-bit pointers, if that is another spelling. */
  readonly i64?: Spelling;
}

/** A byte that nobody writes. */
export const _: number = UNWRITTEN;
/** So many of them. */
export const gap = (count: number): number[] => Array(count).fill(_);

/** Where values are stored: nothing else is there. */
const AT = 0x40;

/** A fresh guest of the host's neighbour. */
export function hostGuest(address: AddressType): FakeGuest {
  return new FakeGuest({ address, encoding: "utf8", host: true });
}

const unsigned = (core: CoreValue, type: string): CoreValue =>
  type === "i32" ? (core as number) >>> 0 : type === "i64" ? BigInt.asUintN(64, core as bigint) : core;
/** As an engine gives them to JavaScript. */
const signed = (core: CoreValue, type: string): CoreValue =>
  type === "i32" ? (core as number) | 0 : type === "i64" ? BigInt.asIntN(64, core as bigint) : core;

/** A test for each row and address type. */
export function testRows(rows: readonly CodecRow[]): void {
  for (const row of rows) {
    for (const address of addresses) Deno.test(`codec: ${row.name}, ${address}`, () => checkRow(row, address));
  }
}

function checkRow(row: CodecRow, address: AddressType): void {
  const { type, value, ...spellings } = row, lifted = "lifted" in row ? row.lifted : value;
  const { flat, bytes, asked = [], blocks = [] } = spellings[address] ?? spellings.i32;
  const codec = codecOf(type, address), types = codec.layout.flat;
  const checkBlocks = (guest: FakeGuest): void => {
    assertEquals(guest.asked, asked);
    blocks.forEach((block, i) => assertEquals(guest.bytes(BLOCK * (i + 1), block.length + 1), [...block, _]));
  };

  const stored = hostGuest(address);
  store(stored, codec, value, AT);
  assertEquals(stored.bytes(AT - 1, bytes.length + 2), [_, ...bytes, _]);
  assertEquals(codec.layout.size, bytes.length);
  checkBlocks(stored);
  assertEquals(load(stored, codec, AT), lifted);

  assertEquals(types === undefined, flat === undefined);
  if (flat === undefined) return;
  const lowered = hostGuest(address), core = lowerFlat(lowered, codec, value);
  assertEquals(core.map((part, i) => unsigned(part, types![i]!)), flat);
  checkBlocks(lowered);
  assertEquals(liftFlat(lowered, codec, flat.map((part, i) => signed(part, types![i]!))), lifted);

  if (codec.liftCore === undefined) return;
  const one = hostGuest(address);
  assertEquals(unsigned(codec.lowerCore!(one.cx, value, undefined), types![0]!), flat[0]);
  assertEquals(codec.liftCore(one.cx, signed(flat[0]!, types![0]!), undefined), lifted);
}

/**
 * Core values that are lifted to a value, though lowering would give others: their upper bits do
 * not count.
 */
export function testLifts(what: string, type: ValType, rows: readonly (readonly [CoreValue[], unknown])[]): void {
  Deno.test(`codec: ${what} is lifted from any core value`, () => {
    for (const address of addresses) {
      for (const [flat, value] of rows) {
        assertEquals(liftFlat(hostGuest(address), codecOf(type, address), flat), value, String(flat));
      }
    }
  });
}

/** Values that are refused, stored and lowered, before `realloc` is asked for anything. */
export function testRefusals(what: string, type: ValType, values: readonly unknown[], code = "type-mismatch"): void {
  Deno.test(`codec: ${what} refuses what is none`, () => {
    for (const address of addresses) {
      const codec = codecOf(type, address);
      for (const value of values) {
        const guest = hostGuest(address);
        assertEquals(assertThrows(() => store(guest, codec, value, AT), ValueError).code, code);
        if (codec.layout.flat !== undefined) {
          assertEquals(assertThrows(() => lowerFlat(guest, codec, value), ValueError).code, code);
        }
        assertEquals([guest.asked, guest.tree.lockedDown], [[], false]);
      }
    }
  });
}

/** What must trap, with its code, and lock the tree down. */
export function assertTraps(guest: FakeGuest, code: string, action: () => unknown): void {
  assertEquals(assertThrows(action, Trap).code, code);
  assertEquals(guest.tree.lockedDown, true);
}
