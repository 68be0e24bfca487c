// How kernels of text go through a range: steps of many bytes, code points one by one.
// The parameters `from` and `end` of a function move towards each other.

import { access, type Code, type Label, op } from "../wasm/code.ts";
import type { AddressOps } from "./addresses.ts";

/** Where to read, and where to end. */
const [FROM, END] = [0, 1];

/** Moves an address in a local by a number of bytes. */
export function advance(code: Code, { push, add }: AddressOps, local: number, bytes: number): void {
  push(code.get(local), bytes).do(add).set(local);
}

/** Pushes whether fewer than that many bytes are left. */
export function isShort(code: Code, { push, sub, ltU }: AddressOps, bytes: number): void {
  push(code.get(END).get(FROM).do(sub), bytes).do(ltU);
}

/** Runs code while something is left to read. */
export function whileLeft(code: Code, { eq, ne }: AddressOps, body: () => void): void {
  const done = code.block();
  code.get(FROM).get(END).do(eq).brIf(done);
  const next = code.loop();
  body();
  code.get(FROM).get(END).do(ne).brIf(next);
  code.end().end();
}

/** Runs a step of some bytes again and again, until fewer are left or the step branches away. */
export function steps(code: Code, on: AddressOps, bytes: number, body: (away: Label) => void): void {
  const away = code.block(), again = code.loop();
  isShort(code, on, bytes);
  code.brIf(away);
  body(away);
  advance(code, on, FROM, bytes);
  code.br(again).end().end();
}

/** Reads one code point of UTF-8 at `FROM`. `bad` traps if the i32 on the stack is not 0. */
export function decode(code: Code, on: AddressOps, memory: number, char: number, bad: () => void): void {
  const done = code.block(), following = code.local("i32");
  code.get(FROM).access(access.i32Load8U, memory).tee(char).i32(0x80).do(op.i32LtU).if();
  advance(code, on, FROM, 1);
  code.br(done).end();
  /** Adds the bits of the byte that follows at a distance. */
  const add = (distance: number): void => {
    code.get(FROM).access(access.i32Load8U, memory, distance).tee(following);
    code.i32(0xc0).do(op.i32And).i32(0x80).do(op.i32Ne);
    bad();
    code.get(char).i32(6).do(op.i32Shl).get(following).i32(0x3f).do(op.i32And, op.i32Or).set(char);
  };
  const sequence = (length: number, lead: number): void => {
    isShort(code, on, length);
    bad();
    code.get(char).i32(lead).do(op.i32And).set(char);
    for (let i = 1; i < length; i++) add(i);
  };
  code.get(char).i32(0xc2).do(op.i32LtU);
  bad();
  code.get(char).i32(0xe0).do(op.i32LtU).if();
  sequence(2, 0x1f);
  advance(code, on, FROM, 2);
  code.br(done).end();
  code.get(char).i32(0xf0).do(op.i32LtU).if();
  sequence(3, 0x0f);
  code.get(char).i32(0x800).do(op.i32LtU);
  code.get(char).i32(0xf800).do(op.i32And).i32(0xd800).do(op.i32Eq, op.i32Or);
  bad();
  advance(code, on, FROM, 3);
  code.br(done).end();
  code.get(char).i32(0xf5).do(op.i32GeU);
  bad();
  sequence(4, 0x07);
  code.get(char).i32(0x10000).do(op.i32Sub).i32(0x100000).do(op.i32GeU);
  bad();
  advance(code, on, FROM, 4);
  code.end();
}
