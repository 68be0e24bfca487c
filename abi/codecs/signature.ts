// A function type prepared for one key: its codecs, its core signature, and whether calls need a
// frame.
// Trampolines know nothing else of a type. A signature is made once per type object and key.

import type { Codec, CodecSource } from "./codec.ts";
import { type SignatureKey, type SignatureLayout, signatureLayout } from "../types/layout.ts";
import { containsHandle, type FuncType } from "../types/types.ts";

/** A prepared function type. */
export interface Signature {
  readonly type: FuncType;
  readonly key: SignatureKey;
  readonly layout: SignatureLayout;
  readonly params: readonly Codec[];
  readonly result: Codec | undefined;
  /** Whether values contain handles, so that a call needs a frame. */
  readonly framed: boolean;
  /** The name of each parameter in messages. */
  readonly places: readonly string[];
}

const made = new WeakMap<FuncType, Map<string, Signature>>();

/** Gives the signature of a function type. */
export function signatureOf(type: FuncType, key: SignatureKey, codecs: CodecSource): Signature {
  let byKey = made.get(type);
  if (byKey === undefined) made.set(type, byKey = new Map());
  const name = `${key.side} ${key.style} ${key.address}`;
  let signature = byKey.get(name);
  if (signature === undefined) byKey.set(name, signature = makeSignature(type, key, codecs));
  return signature;
}

function makeSignature(type: FuncType, key: SignatureKey, codecs: CodecSource): Signature {
  const { address } = key;
  return {
    type,
    key,
    layout: signatureLayout(type, key),
    params: type.params.map((param) => codecs.of(param.type, address)),
    result: type.result && codecs.of(type.result, address),
    framed: type.params.some((param) => containsHandle(param.type)) ||
      type.result !== undefined && containsHandle(type.result),
    places: type.params.map((param, i) => `param ${i + 1} \`${param.name}\``),
  };
}
