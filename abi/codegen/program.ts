// The parts that all code of one generated trampoline shares: constants, functions, fresh names,
// and the limit on the amount of text.

import type { AddressType } from "../types/core_values.ts";
import type { Codec, CodecSource } from "../codecs/codec.ts";
import { pointersOf } from "../state/pointers.ts";
import type { ValType } from "../types/types.ts";

/**
 * Limit for the characters generated for one signature. A larger signature stays with the codecs.
 */
const MAX_TEXT = 60_000;

/** Thrown if a signature is too large to be spelt out as code. */
export class TooLarge extends Error {}

/**
 * A generated function: its text, and whether it takes the frame of the call as its last parameter.
 */
export interface WrittenFunction {
  readonly text: string;
  readonly usesFrame: boolean;
}

/** What all regions of one generated function share. */
export class Program {
  readonly codecs: CodecSource;
  /** The address type of the memory that holds the values. */
  readonly address: AddressType;
  /** Values that the code refers to as `k0`, `k1`, …. */
  readonly constants: unknown[] = [];
  /** Functions that the code of this program calls. */
  readonly functions: string[] = [];
  readonly #made = new Map<string, Map<ValType, { readonly name: string; readonly usesFrame: boolean }>>();
  #names = 0;
  #text = 0;

  constructor(codecs: CodecSource, address: AddressType) {
    this.codecs = codecs;
    this.address = address;
  }

  codecOf(type: ValType): Codec {
    return this.codecs.of(type, this.address);
  }

  /** The name of the constant that reads and writes pointers. */
  get pointers(): string {
    return this.constant(pointersOf(this.address));
  }

  /** Gives the name of a constant. */
  constant(value: unknown): string {
    const found = this.constants.indexOf(value);
    return `k${found < 0 ? this.constants.push(value) - 1 : found}`;
  }

  /** A fresh variable's name. */
  name(): string {
    return `v${this.#names++}`;
  }

  /**
   * Counts generated text and throws if there is too much. Every statement, name and type is
   * counted.
   */
  count(characters = 20): void {
    this.#text += characters;
    if (this.#text > MAX_TEXT) throw new TooLarge();
  }

  /** Gives a generated function for a type. It is written once per kind of function. */
  once(
    kind: string,
    type: ValType,
    write: (name: string) => WrittenFunction,
  ): { readonly name: string; readonly usesFrame: boolean } {
    let made = this.#made.get(kind);
    if (made === undefined) this.#made.set(kind, made = new Map());
    let func = made.get(type);
    if (func === undefined) {
      const name = `${kind}${this.#names++}`, { text, usesFrame } = write(name);
      this.functions.push(text);
      made.set(type, func = { name, usesFrame });
    }
    return func;
  }
}
