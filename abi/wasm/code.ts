// The body of one function of a module that the library emits: locals, labels, instructions.
// Calls of the methods enter in the order of the instructions, bytes leave. Nothing is checked here
// but labels: the engine validates what is emitted, and a test has it do so for every kind of body.
// Spec: core spec "Binary Format: Instructions".

import type { CoreType } from "../types/core_values.ts";
import { leb, valueTypes, type WasmType } from "./encoder.ts";

/** A function whose index is known when the module is built: imports come first. */
export interface FuncRef {
  /** Set by the module builder. */
  index: number;
}

/** A place that a branch can go to. */
export type Label = number & { readonly label: unique symbol };

/** Instructions without immediates, by their names. */
export const op = {
  unreachable: 0x00,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtU: 0x4b,
  i32GeU: 0x4f,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtU: 0x54,
  i64GtU: 0x56,
  i64GeU: 0x5a,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrU: 0x76,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrU: 0x88,
  i32WrapI64: 0xa7,
  i64TruncF64U: 0xb1,
  i64ExtendI32U: 0xad,
  f64ConvertI64U: 0xba,
  i32ReinterpretF32: 0xbc,
  i64ReinterpretF64: 0xbd,
  f32ReinterpretI32: 0xbe,
  f64ReinterpretI64: 0xbf,
  i32Extend8S: 0xc0,
  i32Extend16S: 0xc1,
} as const;

/** Instructions that load from or store to a memory. */
export const access = {
  i32Load: 0x28,
  i64Load: 0x29,
  f32Load: 0x2a,
  f64Load: 0x2b,
  i32Load8U: 0x2d,
  i32Load16U: 0x2f,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  f32Store: 0x38,
  f64Store: 0x39,
  i32Store8: 0x3a,
  i32Store16: 0x3b,
} as const;

/** Vector instructions, behind the prefix 0xfd. Those of memories come first. */
export const vector = {
  load: 0x00,
  store: 0x0b,
  const: 0x0c,
  shuffle: 0x0d,
  swizzle: 0x0e,
  i16x8Splat: 0x10,
  i32x4Splat: 0x11,
  i8x16Ne: 0x24,
  i8x16GeU: 0x2c,
  i16x8Eq: 0x2d,
  i32x4GeU: 0x40,
  i32x4Sub: 0xb1,
  and: 0x4e,
  or: 0x50,
  xor: 0x51,
  anyTrue: 0x53,
  i8x16Bitmask: 0x64,
  i8x16NarrowI16x8U: 0x66,
  i8x16ShrU: 0x6d,
  i8x16SubSatU: 0x73,
  i16x8ExtendLowI8x16U: 0x89,
  i16x8ExtendHighI8x16U: 0x8a,
} as const;

/** Bytes of a function's index, which is written last: it always has as many. */
const INDEX_BYTES = 3;

/** The body of a function. */
export class Code {
  readonly #bytes: number[] = [];
  /** Where the indices of functions stand. */
  readonly #calls: { readonly at: number; readonly func: FuncRef }[] = [];
  readonly #locals: WasmType[] = [];
  readonly #params: number;
  #depth = 0;

  constructor(params: number) {
    this.#params = params;
  }

  /** How many bytes there are by now. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Adds a local. Gives its index. */
  local(type: WasmType): number {
    return this.#params + this.#locals.push(type) - 1;
  }

  /** Adds instructions without immediates. */
  do(...opcodes: readonly number[]): this {
    for (let i = 0; i < opcodes.length; i++) this.#bytes.push(opcodes[i]!);
    return this;
  }

  /** Adds an instruction with an unsigned LEB128 integer. */
  #with(opcode: number, value: number): this {
    this.#bytes.push(opcode);
    return this.#unsigned(value);
  }

  #unsigned(value: number): this {
    for (; value >= 128; value >>>= 7) this.#bytes.push(value & 127 | 128);
    this.#bytes.push(value);
    return this;
  }

  get(local: number): this {
    return this.#with(0x20, local);
  }

  set(local: number): this {
    return this.#with(0x21, local);
  }

  tee(local: number): this {
    return this.#with(0x22, local);
  }

  global(index: number): this {
    return this.#with(0x23, index);
  }

  setGlobal(index: number): this {
    return this.#with(0x24, index);
  }

  i32(value: number): this {
    this.#bytes.push(0x41);
    for (value |= 0;;) {
      const low = value & 127;
      value >>= 7;
      if (value === 0 && low < 64 || value === -1 && low >= 64) return this.do(low);
      this.#bytes.push(low | 128);
    }
  }

  i64(value: bigint | number): this {
    this.#bytes.push(0x42);
    for (let left = BigInt.asIntN(64, BigInt(value));;) {
      const low = Number(left & 127n);
      left >>= 7n;
      if (left === 0n && low < 64 || left === -1n && low >= 64) return this.do(low);
      this.#bytes.push(low | 128);
    }
  }

  /** The zero of a type. */
  zero(type: CoreType): this {
    if (type === "i32") return this.i32(0);
    if (type === "i64") return this.i64(0);
    return type === "f32" ? this.do(0x43, 0, 0, 0, 0) : this.do(0x44, 0, 0, 0, 0, 0, 0, 0, 0);
  }

  call(func: FuncRef): this {
    this.#bytes.push(0x10);
    this.#calls.push({ at: this.#bytes.length, func });
    for (let i = 0; i < INDEX_BYTES; i++) this.#bytes.push(0);
    return this;
  }

  /** A load or a store. The alignment that it promises is 1. */
  access(opcode: number, memory: number, offset = 0): this {
    this.#bytes.push(opcode);
    return this.#memarg(memory, offset);
  }

  #memarg(memory: number, offset: number): this {
    if (memory === 0) this.#bytes.push(0);
    else this.#with(0x40, memory);
    return this.#unsigned(offset);
  }

  /** A load or a store of a vector. */
  vectorAccess(opcode: number, memory: number, offset = 0, ...lane: number[]): this {
    return this.#with(0xfd, opcode).#memarg(memory, offset).do(...lane);
  }

  /** A vector instruction with its immediates. */
  vector(opcode: number, ...immediates: number[]): this {
    return this.#with(0xfd, opcode).do(...immediates);
  }

  /** A vector of 16 times one byte. */
  bytes16(byte: number): this {
    return this.vector(vector.const, ...Array<number>(16).fill(byte));
  }

  memorySize(memory: number): this {
    return this.#with(0x3f, memory);
  }

  /** `memory.copy`: the operands are the target, the source and the length. */
  memoryCopy(to: number, from: number): this {
    return this.do(0xfc, 10).#unsigned(to).#unsigned(from);
  }

  /** Begins a block. A branch to its label leaves it. */
  block(result?: WasmType): Label {
    return this.#open(0x02, result);
  }

  /** Begins a loop. A branch to its label begins it again. */
  loop(): Label {
    return this.#open(0x03, undefined);
  }

  if(result?: WasmType): Label {
    return this.#open(0x04, result);
  }

  else(): this {
    return this.do(0x05);
  }

  end(): this {
    this.#depth--;
    return this.do(0x0b);
  }

  br(label: Label): this {
    return this.#with(0x0c, this.#depth - label);
  }

  brIf(label: Label): this {
    return this.#with(0x0d, this.#depth - label);
  }

  /** Branches to the label that the operand is the index of, or to the last one. */
  brTable(labels: readonly Label[], otherwise: Label): this {
    this.#with(0x0e, labels.length);
    for (const label of labels) this.#unsigned(this.#depth - label);
    return this.#unsigned(this.#depth - otherwise);
  }

  /** Begins a block that a core exception leaves, to the label. */
  tryCatchAll(label: Label, result: WasmType | undefined): this {
    const depth = this.#depth - label;
    this.#depth++;
    return this.do(0x1f, result === undefined ? 0x40 : valueTypes[result], 1, 2).#unsigned(depth);
  }

  /** Begins a block whose core exceptions are caught, in engines from before `try_table`. */
  legacyTry(result: WasmType | undefined): Label {
    return this.#open(0x06, result);
  }

  /** Begins what such a block does with an exception. */
  legacyCatchAll(): this {
    return this.do(0x19);
  }

  #open(opcode: number, result: WasmType | undefined): Label {
    this.do(opcode, result === undefined ? 0x40 : valueTypes[result]);
    return ++this.#depth as Label;
  }

  /** The function in the code section: its length and its locals, and its instructions. */
  finish(): { readonly head: readonly number[]; readonly body: readonly number[] } {
    const bytes = this.#bytes, locals = this.#locals.flatMap((type) => [1, valueTypes[type]]);
    for (const { at, func: { index } } of this.#calls) {
      for (let i = 0; i < INDEX_BYTES; i++) {
        bytes[at + i] = index >>> 7 * i & 127 | (i < INDEX_BYTES - 1 ? 128 : 0);
      }
    }
    const count = leb(this.#locals.length);
    return {
      head: [...leb(count.length + locals.length + bytes.length + 1), ...count, ...locals],
      body: [...bytes, 0x0b],
    };
  }
}
