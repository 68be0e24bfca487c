// A small encoder of core modules: definitions in, a binary out. Function bodies are bytes, most of
// them from `op`. It checks nothing; the engine does. Indices are given back as definitions are
// made, imports must come first.
// Spec: the core specification's "Binary Format".

import type { AddressType } from "../../abi/types/core_values.ts";
import { leb, name, section, sleb, vec } from "./bytes.ts";

/** A core value type. */
export type CoreValType = "i32" | "i64" | "f32" | "f64";

const valTypes: Readonly<Record<CoreValType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };

/** Instructions, as bytes. */
export const op = {
  unreachable: [0x00],
  /** A block without result. */
  block: (...body: readonly (readonly number[])[]): number[] => [0x02, 0x40, ...body.flat(), 0x0b],
  /** An `if` without result. */
  if: (...body: readonly (readonly number[])[]): number[] => [0x04, 0x40, ...body.flat(), 0x0b],
  brIf: (label: number): number[] => [0x0d, ...leb(label)],
  br: (label: number): number[] => [0x0c, ...leb(label)],
  call: (func: number): number[] => [0x10, ...leb(func)],
  drop: [0x1a],
  localGet: (local: number): number[] => [0x20, ...leb(local)],
  localSet: (local: number): number[] => [0x21, ...leb(local)],
  globalGet: (global: number): number[] => [0x23, ...leb(global)],
  globalSet: (global: number): number[] => [0x24, ...leb(global)],
  memorySize: [0x3f, 0x00],
  memoryGrow: [0x40, 0x00],
  memoryCopy: [0xfc, 0x0a, 0x00, 0x00],
  i32Const: (value: number): number[] => [0x41, ...sleb(value | 0)],
  i32Eqz: [0x45],
  i32Eq: [0x46],
  i32LtU: [0x49],
  i32LeU: [0x4d],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  i32And: [0x71],
  i32Shl: [0x74],
  i32ShrU: [0x76],
  i64Const: (value: number): number[] => [0x42, ...sleb(value)],
  i32WrapI64: [0xa7],
  f32ReinterpretI32: [0xbe],
  f64ReinterpretI64: [0xbf],
  select: [0x1b],
  /**
   * A store by the number of bytes and the type of the value; the offset is added to the address.
   */
  store: (type: CoreValType, bytes: number, offset: number): number[] => {
    const opcode = { i32: { 1: 0x3a, 2: 0x3b, 4: 0x36 }, i64: { 8: 0x37 }, f32: { 4: 0x38 }, f64: { 8: 0x39 } }[type];
    return [(opcode as Record<number, number>)[bytes]!, 0, ...leb(offset)];
  },
} as const;

/** Instructions on addresses. */
interface AddressOps {
  readonly const: (value: number) => number[];
  readonly eq: readonly number[];
  readonly ltU: readonly number[];
  readonly leU: readonly number[];
  readonly add: readonly number[];
  readonly sub: readonly number[];
  readonly and: readonly number[];
  readonly shl: readonly number[];
  readonly shrU: readonly number[];
}

/** The same, by the address type. */
export const addressOps: Readonly<Record<AddressType, AddressOps>> = {
  i32: {
    const: op.i32Const,
    eq: op.i32Eq,
    ltU: op.i32LtU,
    leU: op.i32LeU,
    add: op.i32Add,
    sub: op.i32Sub,
    and: op.i32And,
    shl: op.i32Shl,
    shrU: op.i32ShrU,
  },
  i64: {
    const: op.i64Const,
    eq: [0x51],
    ltU: [0x54],
    leU: [0x58],
    add: [0x7c],
    sub: [0x7d],
    and: [0x83],
    shl: [0x86],
    shrU: [0x88],
  },
};

/** The flags of a memory's limits that say its address type. */
function wide(address: AddressType): number {
  return address === "i64" ? 4 : 0;
}

/** A core module under construction. */
export class CoreModuleEncoder {
  readonly #types: number[][] = [];
  readonly #imports: number[][] = [];
  readonly #funcs: number[][] = [];
  readonly #codes: number[][] = [];
  readonly #memories: number[][] = [];
  readonly #globals: number[][] = [];
  readonly #exports: number[][] = [];
  #importedFuncs = 0;
  #importedMemories = 0;
  #importedGlobals = 0;

  #type(params: readonly CoreValType[], results: readonly CoreValType[]): number {
    const code = (type: CoreValType): number[] => [valTypes[type]];
    return this.#types.push([0x60, ...vec(params.map(code)), ...vec(results.map(code))]) - 1;
  }

  /** Imports a function; gives its index. */
  importFunc(module: string, field: string, params: readonly CoreValType[], results: readonly CoreValType[]): number {
    this.#imports.push([...name(module), ...name(field), 0x00, ...leb(this.#type(params, results))]);
    return this.#importedFuncs++;
  }

  /** Imports a memory of any size; gives its index. */
  importMemory(module: string, field: string, address: AddressType = "i32"): number {
    this.#imports.push([...name(module), ...name(field), 0x02, wide(address), 0x00]);
    return this.#importedMemories++;
  }

  /** Imports an immutable global; gives its index. */
  importGlobal(module: string, field: string, type: CoreValType): number {
    this.#imports.push([...name(module), ...name(field), 0x03, valTypes[type], 0x00]);
    return this.#importedGlobals++;
  }

  /**
   * Defines a function; gives its index. `body` leaves out the final `end`; locals follow the
   * parameters.
   */
  func(
    params: readonly CoreValType[],
    results: readonly CoreValType[],
    body: readonly (readonly number[])[],
    locals: readonly CoreValType[] = [],
  ): number {
    const code = [...vec(locals.map((type) => [1, valTypes[type]])), ...body.flat(), 0x0b];
    this.#codes.push([...leb(code.length), ...code]);
    return this.#importedFuncs + this.#funcs.push(leb(this.#type(params, results))) - 1;
  }

  /** Defines a memory by its pages; gives its index. */
  memory(min: number, max?: number, address: AddressType = "i32"): number {
    const flags = wide(address),
      limits = max === undefined ? [flags, ...leb(min)] : [flags | 1, ...leb(min), ...leb(max)];
    return this.#importedMemories + this.#memories.push(limits) - 1;
  }

  /** Defines a mutable integer; gives its index. */
  global(value: number, type: AddressType = "i32"): number {
    return this.#importedGlobals + this.#globals.push([valTypes[type], 1, ...addressOps[type].const(value), 0x0b]) - 1;
  }

  /** Exports what was defined. */
  export(field: string, sort: "func" | "memory" | "global", index: number): this {
    this.#exports.push([...name(field), { func: 0, memory: 2, global: 3 }[sort], ...leb(index)]);
    return this;
  }

  /** The binary. */
  finish(): Uint8Array<ArrayBuffer> {
    const parts: readonly (readonly [id: number, items: number[][]])[] = [
      [1, this.#types],
      [2, this.#imports],
      [3, this.#funcs],
      [5, this.#memories],
      [6, this.#globals],
      [7, this.#exports],
      [10, this.#codes],
    ];
    const sections = parts.filter(([, items]) => items.length > 0).map(([id, items]) => section(id, vec(items)));
    return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
  }
}
