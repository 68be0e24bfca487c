// Whether bytes are UTF-8. With SIMD, 16 bytes a step: three tables, looked up by the halves of each
// byte and of the byte before it, give the faults that both can be part of. What all three have in
// common is a fault. (Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte",
// 2020.)
// A function's parameters `from` and `end` enter, 1 or 0 leaves.

import { access, type Code, op, vector } from "../wasm/code.ts";
import type { AddressOps } from "./addresses.ts";
import type { Emitter } from "./emitter.ts";
import { advance, decode, isShort } from "./text_steps.ts";

const [FROM, END] = [0, 1];

// What two bytes in a row can be, a bit each. A lead byte without the byte that must follow:
const TOO_SHORT = 1;
/** A byte that follows, after ASCII. */
const TOO_LONG = 2;
const OVERLONG_3 = 4;
const TOO_LARGE = 8;
const SURROGATE = 16;
const OVERLONG_2 = 32;
/** Both at once: no first byte is part of both. */
const TOO_LARGE_1000 = 64, OVERLONG_4 = 64;
/** Two bytes that follow: a fault unless a longer sequence began before them. */
const TWO_FOLLOW = 128;

/** Faults that do not depend on the low half of the first byte. */
const ANY_LOW = TOO_SHORT | TOO_LONG | TWO_FOLLOW;

function repeated(count: number, value: number): number[] {
  return Array<number>(count).fill(value);
}

/** By the high half of the first byte. */
const firstHigh = [
  ...repeated(8, TOO_LONG),
  ...repeated(4, TWO_FOLLOW),
  TOO_SHORT | OVERLONG_2,
  TOO_SHORT,
  TOO_SHORT | OVERLONG_3 | SURROGATE,
  TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
];
/** By its low half. */
const firstLow = [
  ANY_LOW | OVERLONG_2 | OVERLONG_3 | OVERLONG_4,
  ANY_LOW | OVERLONG_2,
  ...repeated(2, ANY_LOW),
  ANY_LOW | TOO_LARGE,
  ...repeated(8, ANY_LOW | TOO_LARGE | TOO_LARGE_1000),
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000 | SURROGATE,
  ...repeated(2, ANY_LOW | TOO_LARGE | TOO_LARGE_1000),
];
/** By the high half of the second byte. */
const FOLLOWS = TOO_LONG | OVERLONG_2 | TWO_FOLLOW;
const secondHigh = [
  ...repeated(8, TOO_SHORT),
  FOLLOWS | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4,
  FOLLOWS | OVERLONG_3 | TOO_LARGE,
  ...repeated(2, FOLLOWS | SURROGATE | TOO_LARGE),
  ...repeated(4, TOO_SHORT),
];

/** Writes the body of the function. */
export function emitValidUtf8(emitter: Emitter, memory: number, code: Code): void {
  const on = emitter.on(memory);
  if (emitter.simd) vectors(on, memory, code);
  else words(on, memory, code);
  one(on, memory, code);
  code.i32(1);
}

/** Skips ASCII, 8 bytes a step. */
function words(on: AddressOps, memory: number, code: Code): void {
  const away = code.block(), again = code.loop();
  isShort(code, on, 8);
  code.brIf(away);
  code.get(FROM).access(access.i64Load, memory).i64(0x8080808080808080n).do(op.i64And, op.i64Eqz, op.i32Eqz).brIf(away);
  advance(code, on, FROM, 8);
  code.br(again).end().end();
}

/** One code point after the other. Runs of ASCII are skipped where a step has room. */
function one(on: AddressOps, memory: number, code: Code): void {
  const char = code.local("i32"), done = code.block();
  const next = code.loop();
  code.get(FROM).get(END).do(on.eq).brIf(done);
  decode(code, on, memory, char, () => {
    code.if();
    code.i32(0).do(op.return).end();
  });
  code.br(next).end().end();
}

/** 16 bytes a step. The last bytes, and those of a sequence that is not whole, are left. */
function vectors(on: AddressOps, memory: number, code: Code): void {
  const local = (): number => code.local("v128");
  const [input, before, error, previous, following] = [local(), local(), local(), local(), local()];
  const start = code.local(on.type);
  code.get(FROM).set(start);
  // ASCII, as long as there is nothing else.
  const other = code.block(), ascii = code.loop();
  isShort(code, on, 32);
  code.brIf(other);
  code.get(FROM).vectorAccess(vector.load, memory).get(FROM).vectorAccess(vector.load, memory, 16).vector(vector.or);
  code.vector(vector.i8x16Bitmask).brIf(other);
  advance(code, on, FROM, 32);
  code.br(ascii).end().end();
  code.get(FROM).set(start);

  const done = code.block(), step = code.loop();
  isShort(code, on, 16);
  code.brIf(done);
  code.get(FROM).vectorAccess(vector.load, memory).set(input);
  /** The bytes that lie a distance before each of the input. */
  const shifted = (distance: number): void => {
    const lanes = Array.from({ length: 16 }, (_, i) => 16 - distance + i);
    code.get(before).get(input).vector(vector.shuffle, ...lanes);
  };
  const table = (entries: readonly number[]): void => void code.vector(vector.const, ...entries);
  shifted(1);
  code.set(previous);
  table(firstHigh);
  code.get(previous).i32(4).vector(vector.i8x16ShrU).vector(vector.swizzle);
  table(firstLow);
  code.get(previous).bytes16(0x0f).vector(vector.and).vector(vector.swizzle).vector(vector.and);
  table(secondHigh);
  code.get(input).i32(4).vector(vector.i8x16ShrU).vector(vector.swizzle).vector(vector.and);
  // Where a sequence of three or four bytes began, two bytes that follow are no fault but a duty.
  shifted(2);
  code.bytes16(0xe0 - 0x80).vector(vector.i8x16SubSatU);
  shifted(3);
  code.bytes16(0xf0 - 0x80).vector(vector.i8x16SubSatU).vector(vector.or).bytes16(0x80).vector(vector.and).set(
    following,
  );
  code.get(following).vector(vector.xor).get(error).vector(vector.or).tee(error).vector(vector.anyTrue).if();
  code.i32(0).do(op.return).end();
  code.get(input).set(before);
  advance(code, on, FROM, 16);
  code.br(step).end().end();

  // The last sequence may go on behind the last step: it is read again, from its first byte.
  const found = code.block();
  for (const [distance, lead] of [[1, 0xc0], [2, 0xe0], [3, 0xf0]] as const) {
    const other = code.block();
    on.push(code.get(FROM).get(start).do(on.sub), distance).do(on.ltU).brIf(other);
    on.push(code.get(FROM), distance).do(on.sub).access(access.i32Load8U, memory).i32(lead).do(op.i32LtU).brIf(other);
    advance(code, on, FROM, -distance);
    code.br(found).end();
  }
  code.end();
}
