// compileCodec(type): one set of closures per type object, made once and cached.
// Types in, codecs out; which codec serves which kind is decided here.

import type { Codec, CodecSource, MemberNames } from "./codec.ts";
import { fixedListCodec, flagsCodec, listCodec, mapCodec, recordCodec, tupleCodec } from "./aggregates.ts";
import { handleCodec } from "./handles.ts";
import { layoutOf } from "./layout.ts";
import { scalarCodec } from "./scalars.ts";
import { stringCodec } from "./strings.ts";
import type { ValType } from "./types.ts";
import { unsupportedCodec } from "./unsupported.ts";
import { enumCodec, optionCodec, resultCodec, variantCodec } from "./variants.ts";

/** Makes codecs, each once per type object. */
export class Codecs implements CodecSource {
  readonly memberNames: MemberNames;
  readonly #memo = new WeakMap<ValType, Codec>();

  constructor(memberNames: MemberNames) {
    this.memberNames = memberNames;
  }

  /** The codec of a type. */
  of(type: ValType): Codec {
    let codec = this.#memo.get(type);
    if (codec === undefined) this.#memo.set(type, codec = compileCodec(type, this));
    return codec;
  }
}

function compileCodec(type: ValType, codecs: Codecs): Codec {
  const layout = layoutOf(type);
  switch (type.kind) {
    case "string":
      return stringCodec(type, layout);
    case "list":
      return listCodec(type, layout, codecs);
    case "fixed-list":
      return fixedListCodec(type, layout, codecs);
    case "map":
      return mapCodec(type, layout, codecs);
    case "record":
      return recordCodec(type, codecs);
    case "tuple":
      return tupleCodec(type, codecs);
    case "flags":
      return flagsCodec(type, layout, codecs);
    case "variant":
      return variantCodec(type, codecs);
    case "enum":
      return enumCodec(type, codecs);
    case "option":
      return optionCodec(type, codecs);
    case "result":
      return resultCodec(type, codecs);
    case "own":
    case "borrow":
      return handleCodec(type, layout);
    case "stream":
    case "future":
    case "error-context":
      return unsupportedCodec(type, layout);
    default:
      return scalarCodec(type.kind, layout);
  }
}
