// Text between guests: functions that validate, copy and transcode, 16 bytes a step where the engine
// has SIMD, else 8.
// Ranges enter that lie in their memories. The target is as large as the text can become.

import type { CoreFuncType } from "../types/core_values.ts";
import { access, type Code, type FuncRef, type Label, op, vector } from "../wasm/code.ts";
import { type AddressOps, addressOps, memoryCopy } from "./addresses.ts";
import type { Emitter } from "./emitter.ts";
import type { Direction } from "./places.ts";
import { advance, decode, steps, whileLeft } from "./text_steps.ts";
import { emitValidUtf8 } from "./utf8_validation.ts";

/** The form in which a string's code units lie in the caller's memory. */
export type Form = "utf8" | "utf16" | "latin1";

/** The parameters of most functions here: where to read, where to end, where to write. */
const [FROM, END, TO] = [0, 1, 2];

/** How many code points are copied one by one before many are tried together again. */
const SLOWLY = 16;

/** The bytes of a code unit. */
function unitSize(form: Form): 1 | 2 {
  return form === "utf16" ? 2 : 1;
}

// Copying.

/** Copies bytes: `(to, from, count)`, with an i32 as count. A few loads and stores copy short texts. */
export function copyBytes(emitter: Emitter, direction: Direction): FuncRef {
  const { from, to } = direction, type: CoreFuncType = { params: [to.address, from.address, "i32"], results: [] };
  return emitter.func(`copy bytes ${from.memory} ${to.memory}`, type, (code) => {
    const [target, source, count] = [0, 1, 2], on = addressOps[from.address], toOn = addressOps[to.address];
    const copyAll = (): void => {
      memoryCopy(code.get(target).get(source).get(count), direction).do(op.return).end();
    };
    code.get(count).i32(32).do(op.i32GtU).if();
    copyAll();
    // Two loads that may overlap serve every length from their size to twice their size.
    const both = (size: number, load: () => void, store: () => void): void => {
      code.get(count).i32(size).do(op.i32GeU).if();
      const last = (local: number, { fromI32, add, sub, push }: AddressOps): void => {
        push(code.get(local).get(count).do(...fromI32, add), size).do(sub);
      };
      // Both are loaded before one is stored: the ranges may be in one memory.
      last(target, toOn);
      last(source, on);
      load();
      code.get(target).get(source);
      load();
      store();
      store();
      code.do(op.return).end();
    };
    const plain = (size: number, load: number, store: number): void =>
      both(size, () => code.access(load, from.memory), () => code.access(store, to.memory));
    if (emitter.simd) {
      both(
        16,
        () => code.vectorAccess(vector.load, from.memory),
        () => code.vectorAccess(vector.store, to.memory),
      );
    } else {
      code.get(count).i32(16).do(op.i32GtU).if();
      copyAll();
    }
    plain(8, access.i64Load, access.i64Store);
    plain(4, access.i32Load, access.i32Store);
    plain(2, access.i32Load16U, access.i32Store16);
    plain(1, access.i32Load8U, access.i32Store8);
  });
}

/**
 * Steps over many code units at once while all of them are below a limit: they are copied, widened
 * or narrowed. `TO` moves, too.
 */
function quickSteps(
  emitter: Emitter,
  { from, to }: Direction,
  code: Code,
  form: Form,
  target: 1 | 2,
  limit: 0x80 | 0x100,
): void {
  const on = addressOps[from.address], toOn = addressOps[to.address], source = unitSize(form);
  const mask = source === 2 ? limit === 0x80 ? 0xff80 : 0xff00 : limit === 0x80 ? 0x80 : 0;
  if (!emitter.simd) return slowerSteps({ from, to }, code, source, target, mask);
  const [first, second] = [code.local("v128"), code.local("v128")];
  if (source === target) {
    steps(code, on, 32, (away) => {
      code.get(FROM).vectorAccess(vector.load, from.memory).set(first);
      code.get(FROM).vectorAccess(vector.load, from.memory, 16).set(second);
      test(code, source, mask, () => code.get(first).get(second).vector(vector.or), away);
      code.get(TO).get(first).vectorAccess(vector.store, to.memory);
      code.get(TO).get(second).vectorAccess(vector.store, to.memory, 16);
      advance(code, toOn, TO, 32);
    });
    return steps(code, on, 16, (away) => {
      code.get(FROM).vectorAccess(vector.load, from.memory).set(first);
      test(code, source, mask, () => code.get(first), away);
      code.get(TO).get(first).vectorAccess(vector.store, to.memory);
      advance(code, toOn, TO, 16);
    });
  }
  if (source === 1) {
    return steps(code, on, 16, (away) => {
      code.get(FROM).vectorAccess(vector.load, from.memory).set(first);
      test(code, 1, mask, () => code.get(first), away);
      code.get(TO).get(first).vector(vector.i16x8ExtendLowI8x16U).vectorAccess(vector.store, to.memory);
      code.get(TO).get(first).vector(vector.i16x8ExtendHighI8x16U).vectorAccess(vector.store, to.memory, 16);
      advance(code, toOn, TO, 32);
    });
  }
  steps(code, on, 32, (away) => {
    code.get(FROM).vectorAccess(vector.load, from.memory).set(first);
    code.get(FROM).vectorAccess(vector.load, from.memory, 16).set(second);
    test(code, 2, mask, () => code.get(first).get(second).vector(vector.or), away);
    code.get(TO).get(first).get(second).vector(vector.i8x16NarrowI16x8U).vectorAccess(vector.store, to.memory);
    advance(code, toOn, TO, 16);
  });
}

/**
 * After a step over many code units has failed: begins a loop that runs for so many code points one
 * by one, since what made it fail is near. Gives what ends the loop: it branches to a label if nothing
 * is left to read.
 */
function slowSteps(code: Code, { eq }: AddressOps): (done: Label) => void {
  const left = code.local("i32");
  code.i32(SLOWLY).set(left);
  const more = code.loop();
  return (done) => {
    code.get(FROM).get(END).do(eq).brIf(done);
    code.get(left).i32(1).do(op.i32Sub).tee(left).brIf(more);
    code.end();
  };
}

/** Branches away if a unit has a bit of the mask. */
function test(code: Code, size: 1 | 2, mask: number, push: () => void, away: Label): void {
  if (mask === 0) return;
  push();
  if (size === 1) code.vector(vector.i8x16Bitmask);
  else code.i32(mask).vector(vector.i16x8Splat).vector(vector.and).vector(vector.anyTrue);
  code.brIf(away);
}

/** The same without vectors: 8 bytes, or 4 code units, a step. */
function slowerSteps({ from, to }: Direction, code: Code, source: 1 | 2, target: 1 | 2, mask: number): void {
  const on = addressOps[from.address], toOn = addressOps[to.address], word = code.local("i64");
  const pattern = source === 1 ? BigInt(mask) * 0x0101010101010101n : BigInt(mask) * 0x0001000100010001n;
  const size = source < target ? 4 : 8;
  steps(code, on, size, (away) => {
    code.get(FROM).access(size === 4 ? access.i64Load32U : access.i64Load, from.memory).set(word);
    if (mask !== 0) code.get(word).i64(pattern).do(op.i64And, op.i64Eqz, op.i32Eqz).brIf(away);
    code.get(TO);
    if (source < target) {
      for (const [shift, keep] of [[16n, 0x0000ffff0000ffffn], [8n, 0x00ff00ff00ff00ffn]] as const) {
        code.get(word).get(word).i64(shift).do(op.i64Shl, op.i64Or).i64(keep).do(op.i64And).set(word);
      }
    } else if (source > target) {
      for (const [shift, keep] of [[8n, 0x0000ffff0000ffffn], [16n, 0x00000000ffffffffn]] as const) {
        code.get(word).get(word).i64(shift).do(op.i64ShrU, op.i64Or).i64(keep).do(op.i64And).set(word);
      }
    }
    code.get(word);
    if (source > target) code.do(op.i32WrapI64).access(access.i32Store, to.memory);
    else code.access(access.i64Store, to.memory);
    advance(code, toOn, TO, size / source * target);
  });
}

/** A kernel: `(from, end, to) → (read, written)`. */
function kernel(
  emitter: Emitter,
  name: string,
  { from, to }: Direction,
  body: (code: Code, on: AddressOps, toOn: AddressOps) => void,
): FuncRef {
  const type: CoreFuncType = {
    params: [from.address, from.address, to.address],
    results: [from.address, to.address],
  };
  return emitter.func(`${name} ${from.memory} ${to.memory}`, type, (code) => {
    body(code, addressOps[from.address], addressOps[to.address]);
    code.get(FROM).get(TO);
  });
}

/** Copies latin1 as UTF-16. */
export function widen(emitter: Emitter, direction: Direction): FuncRef {
  return kernel(emitter, "widen", direction, (code, on, toOn) => {
    quickSteps(emitter, direction, code, "latin1", 2, 0x100);
    whileLeft(code, on, () => {
      code.get(TO).get(FROM).access(access.i32Load8U, direction.from.memory);
      code.access(access.i32Store16, direction.to.memory);
      advance(code, on, FROM, 1);
      advance(code, toOn, TO, 2);
    });
  });
}

/** Copies code units up to the first that is not below the limit, as bytes. */
function prefix(emitter: Emitter, direction: Direction, form: Form, limit: 0x80 | 0x100): FuncRef {
  return kernel(emitter, `below ${limit} ${form}`, direction, (code, on, toOn) => {
    const unit = code.local("i32"), size = unitSize(form);
    quickSteps(emitter, direction, code, form, 1, limit);
    const done = code.block();
    whileLeft(code, on, () => {
      code.get(FROM).access(loadOf(form), direction.from.memory).tee(unit).i32(limit).do(op.i32GeU).brIf(done);
      code.get(TO).get(unit).access(access.i32Store8, direction.to.memory);
      advance(code, on, FROM, size);
      advance(code, toOn, TO, 1);
    });
    code.end();
  });
}

function loadOf(form: Form): number {
  return form === "utf16" ? access.i32Load16U : access.i32Load8U;
}

/** Copies ASCII as bytes, up to the first other code unit. */
export function copyAscii(emitter: Emitter, direction: Direction, form: "utf16" | "latin1"): FuncRef {
  return prefix(emitter, direction, form, 0x80);
}

/** Copies code points below 0x100 as latin1, up to the first other one. */
export function narrowing(emitter: Emitter, direction: Direction, form: "utf8" | "utf16"): FuncRef {
  if (form === "utf16") return prefix(emitter, direction, form, 0x100);
  return kernel(emitter, "narrow utf8", direction, (code, on, toOn) => {
    const char = code.local("i32"), before = code.local(on.type), done = code.block();
    whileLeft(code, on, () => {
      quickSteps(emitter, direction, code, "utf8", 1, 0x80);
      code.get(FROM).get(END).do(on.eq).brIf(done);
      const again = slowSteps(code, on);
      code.get(FROM).set(before);
      decode(code, on, direction.from.memory, char, () => emitter.fault(code, "invalid-utf8"));
      code.get(char).i32(0x100).do(op.i32GeU).if();
      code.get(before).set(FROM).br(done).end();
      code.get(TO).get(char).access(access.i32Store8, direction.to.memory);
      advance(code, toOn, TO, 1);
      again(done);
    });
    code.end();
  });
}

/** Copies the rest of a text as UTF-16. */
export function rest(emitter: Emitter, direction: Direction, form: "utf8" | "utf16"): FuncRef {
  if (form === "utf8") return decodeUtf8(emitter, direction);
  return kernel(emitter, "rest", direction, (code, on, toOn) => {
    const count = code.local("i32");
    code.get(FROM).get(END).call(validUtf16(emitter, direction.from.memory)).do(op.i32Eqz);
    emitter.fault(code, "invalid-utf16");
    code.get(END).get(FROM).do(on.sub, ...on.toI32).set(count);
    code.get(TO).get(FROM).get(count).call(copyBytes(emitter, direction));
    code.get(TO).get(count).do(...toOn.fromI32, toOn.add).set(TO);
    code.get(END).set(FROM);
  });
}

// UTF-8.

/** Copies UTF-8. */
export function copyUtf8(emitter: Emitter, direction: Direction): FuncRef {
  return kernel(emitter, "copy utf8", direction, (code, on) => {
    const count = code.local("i32");
    quickSteps(emitter, direction, code, "utf8", 1, 0x80);
    code.get(FROM).get(END).call(validUtf8(emitter, direction.from.memory)).do(op.i32Eqz);
    emitter.fault(code, "invalid-utf8");
    code.get(END).get(FROM).do(on.sub, ...on.toI32).set(count);
    code.get(TO).get(FROM).get(count).call(copyBytes(emitter, direction));
  });
}

/** Copies UTF-8 as UTF-16. */
export function decodeUtf8(emitter: Emitter, direction: Direction): FuncRef {
  return kernel(emitter, "utf8 to utf16", direction, (code, on, toOn) => {
    const char = code.local("i32"), { from, to } = direction, done = code.block();
    whileLeft(code, on, () => {
      quickSteps(emitter, direction, code, "utf8", 2, 0x80);
      code.get(FROM).get(END).do(on.eq).brIf(done);
      const again = slowSteps(code, on);
      decode(code, on, from.memory, char, () => emitter.fault(code, "invalid-utf8"));
      code.get(char).i32(0x10000).do(op.i32LtU).if();
      code.get(TO).get(char).access(access.i32Store16, to.memory);
      advance(code, toOn, TO, 2);
      code.else();
      code.get(char).i32(0x10000).do(op.i32Sub).set(char);
      code.get(TO).get(char).i32(10).do(op.i32ShrU).i32(0xd800).do(op.i32Or).access(access.i32Store16, to.memory);
      code.get(TO).get(char).i32(0x3ff).do(op.i32And).i32(0xdc00).do(op.i32Or);
      code.access(access.i32Store16, to.memory, 2);
      advance(code, toOn, TO, 4);
      code.end();
      again(done);
    });
    code.end();
  });
}

/** Copies UTF-16 or latin1 as UTF-8. */
export function utf16To8(emitter: Emitter, direction: Direction, form: "utf16" | "latin1"): FuncRef {
  return kernel(emitter, `${form} to utf8`, direction, (code, on, toOn) => {
    const char = code.local("i32"), { from, to } = direction, done = code.block(), load = loadOf(form);
    const byte = (lead: number, shift: number, offset: number): void => {
      code.get(TO).get(char);
      if (shift > 0) code.i32(shift).do(op.i32ShrU);
      if (offset > 0) code.i32(0x3f).do(op.i32And);
      code.i32(lead).do(op.i32Or).access(access.i32Store8, to.memory, offset);
    };
    whileLeft(code, on, () => {
      quickSteps(emitter, direction, code, form, 1, 0x80);
      code.get(FROM).get(END).do(on.eq).brIf(done);
      const again = slowSteps(code, on), written = code.block();
      code.get(FROM).access(load, from.memory).set(char);
      advance(code, on, FROM, unitSize(form));
      code.get(char).i32(0x80).do(op.i32LtU).if();
      byte(0, 0, 0);
      advance(code, toOn, TO, 1);
      code.br(written).end();
      code.get(char).i32(0x800).do(op.i32LtU).if();
      byte(0xc0, 6, 0);
      byte(0x80, 0, 1);
      advance(code, toOn, TO, 2);
      code.br(written).end();
      if (form === "utf16") {
        code.get(char).i32(0xf800).do(op.i32And).i32(0xd800).do(op.i32Eq).if();
        surrogate(emitter, code, on, from.memory, char);
        byte(0xf0, 18, 0);
        byte(0x80, 12, 1);
        byte(0x80, 6, 2);
        byte(0x80, 0, 3);
        advance(code, toOn, TO, 4);
        code.br(written).end();
        byte(0xe0, 12, 0);
        byte(0x80, 6, 1);
        byte(0x80, 0, 2);
        advance(code, toOn, TO, 3);
      }
      code.end();
      again(done);
    });
    code.end();
  });
}

/** The code point of a pair of surrogates. The first of them is read already. */
function surrogate(emitter: Emitter, code: Code, on: AddressOps, memory: number, char: number): void {
  const low = code.local("i32");
  code.get(char).i32(0xdc00).do(op.i32GeU).get(FROM).get(END).do(on.eq, op.i32Or);
  emitter.fault(code, "invalid-utf16");
  code.get(FROM).access(access.i32Load16U, memory).tee(low).i32(0xfc00).do(op.i32And).i32(0xdc00).do(op.i32Ne);
  emitter.fault(code, "invalid-utf16");
  advance(code, on, FROM, 2);
  code.get(char).i32(0x3ff).do(op.i32And).i32(10).do(op.i32Shl);
  code.get(low).i32(0x3ff).do(op.i32And, op.i32Or).i32(0x10000).do(op.i32Add).set(char);
}

// Validation.

/** `(from, end) → whether the bytes are UTF-8`. */
export function validUtf8(emitter: Emitter, memory: number): FuncRef {
  const type = validType(emitter.on(memory));
  return emitter.func(`valid utf8 ${memory}`, type, (code) => emitValidUtf8(emitter, memory, code));
}

function validType({ type }: AddressOps): CoreFuncType {
  return { params: [type, type], results: ["i32"] };
}

/** `(from, end) → whether the code units are UTF-16`. */
export function validUtf16(emitter: Emitter, memory: number): FuncRef {
  const on = emitter.on(memory);
  return emitter.func(`valid utf16 ${memory}`, validType(on), (code) => {
    const unit = code.local("i32"), done = code.block();
    whileLeft(code, on, () => {
      if (emitter.simd) {
        const surrogates = (offset: number): void => {
          code.get(FROM).vectorAccess(vector.load, memory, offset);
          code.i32(0xf800).vector(vector.i16x8Splat).vector(vector.and);
          code.i32(0xd800).vector(vector.i16x8Splat).vector(vector.i16x8Eq);
        };
        steps(code, on, 32, (away) => {
          surrogates(0);
          surrogates(16);
          code.vector(vector.or).vector(vector.anyTrue).brIf(away);
        });
      }
      code.get(FROM).get(END).do(on.eq).brIf(done);
      code.get(FROM).access(access.i32Load16U, memory).set(unit);
      advance(code, on, FROM, 2);
      code.get(unit).i32(0xf800).do(op.i32And).i32(0xd800).do(op.i32Eq).if();
      code.get(unit).i32(0xdc00).do(op.i32GeU).get(FROM).get(END).do(on.eq, op.i32Or).if();
      code.i32(0).do(op.return).end();
      code.get(FROM).access(access.i32Load16U, memory).i32(0xfc00).do(op.i32And).i32(0xdc00).do(op.i32Ne).if();
      code.i32(0).do(op.return).end();
      advance(code, on, FROM, 2);
      code.end();
    });
    code.end();
    code.i32(1);
  });
}

// In place, within the new memory.

/** Makes latin1 UTF-16, from its end on: `(pointer, count)`, with an i32 as count. */
export function widenInPlace(emitter: Emitter, memory: number): FuncRef {
  const { type, fromI32, add } = emitter.on(memory);
  return emitter.func(`widen in place ${memory}`, { params: [type, "i32"], results: [] }, (code) => {
    const [pointer, left] = [0, 1], done = code.block();
    code.get(left).do(op.i32Eqz).brIf(done);
    const next = code.loop();
    code.get(left).i32(1).do(op.i32Sub).set(left);
    code.get(pointer).get(left).i32(1).do(op.i32Shl, ...fromI32, add);
    code.get(pointer).get(left).do(...fromI32, add).access(access.i32Load8U, memory).access(access.i32Store16, memory);
    code.get(left).brIf(next);
    code.end().end();
  });
}

/**
 * Makes UTF-16 latin1, if all code units are below 0x100: `(pointer, count) → whether they are`.
 */
export function narrowInPlace(emitter: Emitter, memory: number): FuncRef {
  const { type, fromI32, add } = emitter.on(memory);
  return emitter.func(`narrow in place ${memory}`, { params: [type, "i32"], results: ["i32"] }, (code) => {
    const [pointer, count] = [0, 1], at = code.local("i32"), done = code.block();
    code.get(count).do(op.i32Eqz).brIf(done);
    const source = (): Code => code.get(pointer).get(at).i32(1).do(op.i32Shl, ...fromI32, add);
    const again = (loop: Label): void => {
      code.get(at).i32(1).do(op.i32Add).tee(at).get(count).do(op.i32Ne).brIf(loop);
    };
    const checking = code.loop();
    source().access(access.i32Load16U, memory).i32(0x100).do(op.i32GeU).if();
    code.i32(0).do(op.return).end();
    again(checking);
    code.end();
    code.i32(0).set(at);
    const writing = code.loop();
    code.get(pointer).get(at).do(...fromI32, add);
    source().access(access.i32Load16U, memory).access(access.i32Store8, memory);
    again(writing);
    code.end().end();
    code.i32(1);
  });
}
