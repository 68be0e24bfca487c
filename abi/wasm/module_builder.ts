// Builds a core module part by part: function types, imports, functions, exports.
// Parts enter in any order, bytes leave. A function's index is known when all imports are, so that
// bodies refer to functions by objects.
// Spec: core spec "Binary Format: Modules".

import type { AddressType, CoreFuncType, CoreType } from "../types/core_values.ts";
import { Code, type FuncRef } from "./code.ts";
import { coreTypes, leb, name, PREAMBLE, section, values } from "./encoder.ts";

interface Defined {
  readonly ref: FuncRef;
  readonly type: number;
  readonly code: Code;
}

/** A module that is being built. Every import is from module `""`. */
export class ModuleBuilder {
  readonly #types: number[][] = [];
  readonly #typeIndices = new Map<string, number>();
  readonly #imports: number[][] = [];
  readonly #importedFuncs: FuncRef[] = [];
  readonly #funcs: Defined[] = [];
  readonly #exports: { readonly name: string; readonly func: FuncRef }[] = [];
  #memories = 0;
  #globals = 0;

  /** The index of a function type. */
  type({ params, results }: CoreFuncType): number {
    const key = `${params}:${results}`;
    let index = this.#typeIndices.get(key);
    if (index === undefined) {
      this.#typeIndices.set(key, index = this.#types.push([0x60, ...values(params), ...values(results)]) - 1);
    }
    return index;
  }

  importFunc(from: string, type: CoreFuncType): FuncRef {
    this.#imports.push([0, ...name(from), 0, ...leb(this.type(type))]);
    const ref = { index: this.#importedFuncs.length };
    this.#importedFuncs.push(ref);
    return ref;
  }

  /** Imports a memory of any size. Gives its index. */
  importMemory(from: string, address: AddressType): number {
    this.#imports.push([0, ...name(from), 2, address === "i64" ? 4 : 0, 0]);
    return this.#memories++;
  }

  /** Imports a global, immutable unless it is said otherwise. Gives its index. */
  importGlobal(from: string, type: CoreType, mutable = false): number {
    this.#imports.push([0, ...name(from), 3, coreTypes[type], mutable ? 1 : 0]);
    return this.#globals++;
  }

  /** Defines a function, whose body is still empty. */
  func(type: CoreFuncType): { readonly ref: FuncRef; readonly code: Code } {
    const made = { ref: { index: -1 }, type: this.type(type), code: new Code(type.params.length) };
    this.#funcs.push(made);
    return made;
  }

  export(name: string, func: FuncRef): void {
    this.#exports.push({ name, func });
  }

  /** How many items the bodies have by now, roughly their bytes. */
  get length(): number {
    let length = 0;
    for (const { code } of this.#funcs) length += code.length;
    return length;
  }

  build(): Uint8Array<ArrayBuffer> {
    this.#funcs.forEach(({ ref }, i) => ref.index = this.#importedFuncs.length + i);
    return concatenated([
      PREAMBLE,
      section(1, this.#types),
      section(2, this.#imports),
      section(3, this.#funcs.map(({ type }) => leb(type))),
      section(7, this.#exports.map((item) => [...name(item.name), 0, ...leb(item.func.index)])),
      ...codeSection(this.#funcs.map(({ code }) => code)),
    ]);
  }
}

/** The code section in pieces: it may be too long for the arguments of one call. */
function codeSection(codes: readonly Code[]): (readonly number[])[] {
  const count = leb(codes.length),
    pieces = codes.flatMap((code) => {
      const { head, body } = code.finish();
      return [head, body];
    });
  const length = pieces.reduce((sum, piece) => sum + piece.length, count.length);
  return [[10, ...leb(length)], count, ...pieces];
}

function concatenated(pieces: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
