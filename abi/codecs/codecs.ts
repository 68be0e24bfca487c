// Gives the codec of a type and an address type. Each codec is made once and kept.
// This file decides which codec serves which kind of type.

import type { AddressType } from "../types/core_values.ts";
import { asyncValueCodec } from "./async_values.ts";
import type { Codec, CodecSource, MemberNames } from "./codec.ts";
import { flagsCodec } from "./flags.ts";
import { handleCodec } from "./handles.ts";
import { layoutOf } from "../types/layout.ts";
import { fixedListCodec, listCodec, mapCodec } from "./lists.ts";
import { recordCodec, tupleCodec } from "./records.ts";
import { scalarCodec } from "./scalars.ts";
import { stringCodec } from "./strings.ts";
import { absurd, isPrimitive, type ValType } from "../types/types.ts";
import { enumCodec, optionCodec, resultCodec, variantCodec } from "./variants.ts";

/** Makes and keeps codecs. */
export class Codecs implements CodecSource {
  readonly memberNames: MemberNames;
  readonly #made: Record<AddressType, WeakMap<ValType, Codec>> = { i32: new WeakMap(), i64: new WeakMap() };

  constructor(memberNames: MemberNames) {
    this.memberNames = memberNames;
  }

  /** Gives the codec of a type. */
  of(type: ValType, address: AddressType): Codec {
    const made = this.#made[address];
    let codec = made.get(type);
    if (codec === undefined) made.set(type, codec = makeCodec(type, address, this));
    return codec;
  }
}

function makeCodec(type: ValType, address: AddressType, codecs: Codecs): Codec {
  const layout = layoutOf(type, address);
  if (isPrimitive(type)) {
    if (type.kind === "string") return stringCodec(type, layout, address);
    if (type.kind === "error-context") return asyncValueCodec({ kind: "error-context" }, layout);
    return scalarCodec(type.kind, layout, address);
  }
  switch (type.kind) {
    case "list":
      return listCodec(type, layout, address, codecs);
    case "fixed-list":
      return fixedListCodec(type, layout, address, codecs);
    case "map":
      return mapCodec(type, layout, address, codecs);
    case "record":
      return recordCodec(type, address, codecs);
    case "tuple":
      return tupleCodec(type, address, codecs);
    case "flags":
      return flagsCodec(type, layout, codecs);
    case "variant":
      return variantCodec(type, address, codecs);
    case "enum":
      return enumCodec(type, address, codecs);
    case "option":
      return optionCodec(type, address, codecs);
    case "result":
      return resultCodec(type, address, codecs);
    case "own":
    case "borrow":
      return handleCodec(type, layout);
    case "stream":
    case "future":
      return asyncValueCodec(type, layout);
    default:
      return absurd(type);
  }
}
