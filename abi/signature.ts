// A function type made ready: its codecs, its storage class, and whether calls need a scope.
// Everything that trampolines know of a type; found once per type object.

import type { Codec, CodecSource } from "./codec.ts";
import { type SignatureLayout, signatureLayout } from "./layout.ts";
import { containsAsyncValue, containsHandle, type FuncType } from "./types.ts";

/** A function type made ready. */
export interface Signature {
  readonly type: FuncType;
  readonly layout: SignatureLayout;
  readonly params: readonly Codec[];
  readonly result: Codec | undefined;
  /** Whether values carry handles, so that a call needs a scope. */
  readonly scoped: boolean;
  /** What messages call each parameter. */
  readonly places: readonly string[];
  /** Whether it can travel without arrays: at most two parameters, every parameter one core value, the result one or none, nothing scoped. */
  readonly scalar: boolean;
}

const memo = new WeakMap<FuncType, Signature>();

/** The signature of a function type. */
export function signatureOf(type: FuncType, codecs: CodecSource): Signature {
  let signature = memo.get(type);
  if (signature === undefined) memo.set(type, signature = makeSignature(type, codecs));
  return signature;
}

function makeSignature(type: FuncType, codecs: CodecSource): Signature {
  const params = type.params.map((param) => codecs.of(param.type));
  const result = type.result && codecs.of(type.result);
  const types = [...type.params.map((param) => param.type), ...(type.result === undefined ? [] : [type.result])];
  const scoped = types.some(containsHandle);
  return {
    type,
    layout: signatureLayout(type),
    params,
    result,
    scoped,
    places: type.params.map((param, i) => `param ${i + 1} \`${param.name}\``),
    scalar: !scoped && !types.some(containsAsyncValue) && params.length <= 2 &&
      params.every((param) => param.liftCore !== undefined) &&
      (result === undefined || result.liftCore !== undefined && type.result!.kind !== "result"),
  };
}

/** A core function, as the engine's JS API sees it. */
// deno-lint-ignore no-explicit-any
export type CoreFunction = (...args: any[]) => any;
