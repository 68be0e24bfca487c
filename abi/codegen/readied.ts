// Trampolines that were written ahead of time, as functions of a module that the host loaded
// (core/ahead). They are found by the type of the function and by the key that their text would have.
// Functions and descriptions of their constants enter, trampolines leave.

import type { AddressType } from "../types/core_values.ts";
import type { Codec, CodecSource } from "../codecs/codec.ts";
import type { RecordShape } from "../codecs/records.ts";
import type { Signature } from "../codecs/signature.ts";
import { type Coercion, coercions } from "../codecs/variants.ts";
import { type Pointers, pointersOf } from "../state/pointers.ts";
import { type Layout, layoutOf } from "../types/layout.ts";
import type { FuncType, OfKind, ValType } from "../types/types.ts";
import type { Numbers } from "../wasm/wide_core.ts";
import { shapeOfRecord } from "./shapes.ts";
import type { WrittenMaker, WrittenTrampoline } from "./generate.ts";

/** What the constants of a written trampoline are made by: by what they stand for. */
export interface Constants {
  codec(type: ValType): Codec;
  layout(type: ValType): Layout;
  shape(type: OfKind<"record">): RecordShape;
  coercion(name: string): Coercion;
  readonly pointers: Pointers;
}

/** A trampoline as it was written. */
export interface Readied {
  /** The same function as often as several functions may use it at the same time. */
  readonly make: readonly WrittenMaker[];
  readonly numbers?: Numbers;
  constants(by: Constants): readonly unknown[];
}

/** The trampolines of one function type, by {@linkcode readiedKey}. */
export type ReadiedCalls = Readonly<Record<string, Readied>>;

const calls = new WeakMap<FuncType, ReadiedCalls>();

/** Says which trampolines of a function type were written. */
export function setReadied(type: FuncType, written: ReadiedCalls): void {
  calls.set(type, written);
}

/** The name of a trampoline among those of its type. */
export function readiedKey({ key: { side, style, address } }: Pick<Signature, "key">, text: string): string {
  return `${side} ${style} ${address} ${text}`;
}

/** Gives the trampoline that was written for a text. `undefined` if none was. */
export function readied(signature: Signature, text: string, codecs: CodecSource): WrittenTrampoline | undefined {
  const found = calls.get(signature.type)?.[readiedKey(signature, text)];
  if (found === undefined) return undefined;
  const { make, numbers } = found;
  return { body: make, numbers, constants: found.constants(constantsBy(codecs, signature.key.address)) };
}

function constantsBy(codecs: CodecSource, address: AddressType): Constants {
  return {
    codec: (type) => codecs.of(type, address),
    layout: (type) => layoutOf(type, address),
    shape: (type) => shapeOfRecord(type, codecs.memberNames),
    coercion: (name) => coercions[name]!,
    pointers: pointersOf(address),
  };
}
