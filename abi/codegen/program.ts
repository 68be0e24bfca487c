// What all of one generated trampoline shares: constants, functions of its own, fresh names, and the bound on how much text there is.
// Also what its code calls by name.

import type { AddressType } from "../types/core_values.ts";
import { ValueError, within } from "../../errors.ts";
import { refuseFlag, refuseOther, unknownFlag } from "../codecs/flags.ts";
import { allocateList, checkList, loadRange, storeRange, toArray } from "../codecs/lists.ts";
import { openTuple } from "../codecs/records.ts";
import type { Codec, CodecSource } from "../codecs/codec.ts";
import { pointersOf } from "../state/pointers.ts";
import { mismatch } from "../codecs/scalars.ts";
import { loadString, storedUnits, storeString } from "../codecs/strings.ts";
import { trap } from "../state/trap.ts";
import type { ValType } from "../types/types.ts";
import { refusePayload, refuseTag } from "../codecs/variants.ts";

/** Characters that are generated for one signature; what would be more stays with the codecs. */
const MAX_TEXT = 60_000;

/** What generated code calls by name. */
export const valueHelpers: Readonly<Record<string, unknown>> = {
  allocateList,
  checkList,
  hasOwn: Object.prototype.hasOwnProperty,
  loadRange,
  loadString,
  mismatch,
  openTuple,
  refuseFlag,
  refuseOther,
  refusePayload,
  refuseTag,
  storeRange,
  storeString,
  storedUnits: (): number => storedUnits,
  toArray,
  trap,
  unknownFlag,
  unexpectedPayload: (tag: string): never => {
    throw new ValueError("unexpected-payload", tag);
  },
  within,
};

/** Thrown where a signature is too large to be spelt out. */
export class TooLarge extends Error {}

/** A function of generated code: its text, and whether it needs the frame of the call, as its last parameter. */
export interface WrittenFunction {
  readonly text: string;
  readonly usesFrame: boolean;
}

/** What all regions of one generated function share. */
export class Program {
  readonly codecs: CodecSource;
  /** The address type of the memory that values are in. */
  readonly address: AddressType;
  /** Values that the code refers to as `k0`, `k1`, …. */
  readonly constants: unknown[] = [];
  /** Functions of its own. */
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

  /** What reads and writes pointers, as a constant's name. */
  get pointers(): string {
    return this.constant(pointersOf(this.address));
  }

  /** A constant's name. */
  constant(value: unknown): string {
    const found = this.constants.indexOf(value);
    return `k${found < 0 ? this.constants.push(value) - 1 : found}`;
  }

  /** A fresh variable's name. */
  name(): string {
    return `v${this.#names++}`;
  }

  /** Counts text before there is too much of it: every statement, name and type adds to it. */
  count(characters = 20): void {
    this.#text += characters;
    if (this.#text > MAX_TEXT) throw new TooLarge();
  }

  /** A function for a type, written once for each kind of function. */
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
