// Variants, enums, options and results: one mechanism with four forms in JavaScript.
// A form says how a JavaScript value names a case and carries a payload. The mechanism handles
// discriminants, layout and joined core values.
// Spec: CanonicalABI.md `load_variant`, `store_variant`, `lift_flat_variant`, `lower_flat_variant`.

import type { AddressType, CoreType, CoreValue } from "../types/core_values.ts";
import { describe, ValueError, within } from "../../errors.ts";
import { type Codec, type CodecSource, oneCore } from "./codec.ts";
import { variantLayout } from "../types/layout.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { mismatch } from "./scalars.ts";
import { trap } from "../state/trap.ts";
import { formatType, type OfKind, type ValType } from "../types/types.ts";

/** How a variant looks in JavaScript. */
interface VariantForm {
  readonly payloads: readonly (ValType | undefined)[];
  /** Gives the case of a JavaScript value. Throws a ValueError if it has none. */
  caseOf(value: unknown): number;
  /** Gives the payload of a JavaScript value whose case has one. */
  payloadOf(value: unknown): unknown;
  /** Makes a JavaScript value from a case and its payload. */
  make(index: number, payload: unknown): unknown;
  /** Names the payload of a case in a path. */
  item(index: number): string;
}

function tagOf(type: ValType, value: unknown): string {
  const tag = typeof value === "object" && value !== null ? (value as { tag?: unknown }).tag : undefined;
  if (typeof tag !== "string") mismatch(`${formatType(type)} (an object with a tag)`, value);
  return tag;
}

/** Throws for a value whose tag names no case or is missing. */
export function refuseTag(type: ValType, value: unknown, tag: unknown): never {
  if (typeof tag === "string") unknownCase(type, tag);
  mismatch(`${formatType(type)} (an object with a tag)`, value);
}

function unknownCase(type: ValType, tag: string): never {
  throw new ValueError("unknown-case", tag, formatType(type));
}

const valOf = (value: unknown): unknown => (value as { val?: unknown }).val;

/** `variant`: `{ tag, val }`. A case without payload has no `val` key. */
export function variantCodec(type: OfKind<"variant">, address: AddressType, codecs: CodecSource): Codec {
  const { cases } = type;
  const indices = new Map(cases.map((part, i) => [part.name, i]));
  return codecOfForm(
    type,
    {
      payloads: cases.map((part) => part.type),
      caseOf(value) {
        const tag = tagOf(type, value);
        const index = indices.get(tag) ?? unknownCase(type, tag);
        if (cases[index]!.type === undefined && valOf(value) !== undefined) {
          throw new ValueError("unexpected-payload", tag);
        }
        return index;
      },
      payloadOf: valOf,
      make: (index, payload) => {
        const { name, type } = cases[index]!;
        return type === undefined ? { tag: name } : { tag: name, val: payload };
      },
      item: (index) => `.${cases[index]!.name}`,
    },
    address,
    codecs,
  );
}

const labels = new WeakMap<OfKind<"enum">, readonly string[]>();

/**
 * Gives the names of an enum as strings that engines keep once, as they keep the host's literals: a
 * key of an object is such a string, and one that was decoded from a binary is not. V8 compares the
 * former by their pointers.
 */
export function labelsOf(type: OfKind<"enum">): readonly string[] {
  let names = labels.get(type);
  if (names === undefined) {
    // A label is not an integer, so that keys stay in their order.
    labels.set(type, names = Object.keys(Object.fromEntries(type.names.map((name) => [name, 0]))));
  }
  return names;
}

/** `enum`: the name of the case. */
export function enumCodec(type: OfKind<"enum">, address: AddressType, codecs: CodecSource): Codec {
  const names = labelsOf(type);
  const indices = new Map(names.map((name, i) => [name, i]));
  const caseOf = (value: unknown): number => {
    if (typeof value !== "string") mismatch(formatType(type), value);
    return indices.get(value) ?? unknownCase(type, value);
  };
  const codec = codecOfForm(
    type,
    {
      payloads: names.map(() => undefined),
      caseOf,
      payloadOf: () => undefined,
      make: (index) => names[index],
      item: () => "",
    },
    address,
    codecs,
  );
  const lift = (cx: CanonContext, core: CoreValue): string =>
    names[(core as number) >>> 0] ?? trap(cx.inst.tree, "invalid-discriminant");
  return { ...codec, ...oneCore(lift, (_, value) => caseOf(value)) };
}

/**
 * `option`: the value or `undefined`. The outer option of an option is `{ tag, val }`, because
 * `undefined` would be ambiguous.
 */
export function optionCodec(type: OfKind<"option">, address: AddressType, codecs: CodecSource): Codec {
  const payloads = [undefined, type.element];
  if (type.element.kind !== "option") {
    return codecOfForm(
      type,
      {
        payloads,
        caseOf: (value) => value === undefined || value === null ? 0 : 1,
        payloadOf: (value) => value,
        make: (_, payload) => payload,
        item: () => "",
      },
      address,
      codecs,
    );
  }
  return codecOfForm(
    type,
    {
      payloads,
      caseOf(value) {
        if (value === undefined || value === null) return 0;
        const tag = tagOf(type, value);
        if (tag === "some") return 1;
        if (tag !== "none") unknownCase(type, tag);
        if (valOf(value) !== undefined) throw new ValueError("unexpected-payload", tag);
        return 0;
      },
      payloadOf: valOf,
      make: (index, payload) => index === 0 ? { tag: "none" } : { tag: "some", val: payload },
      item: () => ".some",
    },
    address,
    codecs,
  );
}

/** Throws for a payload of a `result` case that has none. */
export function refusePayload(tag: string, value: unknown): never {
  throw within(new ValueError("type-mismatch", "no payload", describe(value)), `.${tag}`);
}

/**
 * `result`: `{ tag: "ok" | "err", val }`, always with a `val` key. For the result of a function see
 * results.ts.
 */
export function resultCodec(type: OfKind<"result">, address: AddressType, codecs: CodecSource): Codec {
  const payloads = [type.ok, type.err];
  return codecOfForm(
    type,
    {
      payloads,
      caseOf(value) {
        const tag = tagOf(type, value);
        const index = tag === "ok" ? 0 : tag === "err" ? 1 : unknownCase(type, tag);
        const payload = payloads[index] === undefined ? valOf(value) : undefined;
        if (payload !== undefined) refusePayload(tag, payload);
        return index;
      },
      payloadOf: valOf,
      make: (index, payload) => index === 0 ? { tag: "ok", val: payload } : { tag: "err", val: payload },
      item: (index) => index === 0 ? ".ok" : ".err",
    },
    address,
    codecs,
  );
}

function codecOfForm(type: ValType, form: VariantForm, address: AddressType, codecs: CodecSource): Codec {
  const layout = variantLayout(form.payloads, address);
  const { discriminantSize, payloadOffset } = layout;
  const payloads = form.payloads.map((payload) => payload && codecs.of(payload, address));
  const joined = layout.flat?.slice(1) ?? [];
  const coercions = payloads.map((payload) => coercion(payload?.layout.flat ?? [], joined));
  const count = payloads.length;

  return {
    type,
    layout,
    load(cx, ptr, frame) {
      const { memory } = cx;
      const index = discriminantSize === 1
        ? memory.u8[ptr]!
        : discriminantSize === 2
        ? memory.u16[ptr / 2]!
        : memory.u32[ptr / 4]!;
      if (index >= count) trap(cx.inst.tree, "invalid-discriminant");
      const payload = payloads[index];
      if (payload === undefined) return form.make(index, undefined);
      try {
        return form.make(index, payload.load(cx, ptr + payloadOffset, frame));
      } catch (error) {
        throw within(error, form.item(index));
      }
    },
    store(cx, value, ptr, frame) {
      const index = form.caseOf(value), payload = payloads[index];
      const part = payload === undefined ? undefined : form.payloadOf(value);
      const { memory } = cx;
      memory.sync(); // a getter of the host's may have grown it
      if (discriminantSize === 1) memory.u8[ptr] = index;
      else if (discriminantSize === 2) memory.u16[ptr / 2] = index;
      else memory.u32[ptr / 4] = index;
      if (payload === undefined) return;
      try {
        payload.store(cx, part, ptr + payloadOffset, frame);
      } catch (error) {
        throw within(error, form.item(index));
      }
    },
    liftFlat(cx, flat, i, frame) {
      const index = (flat[i] as number) >>> 0;
      if (index >= count) trap(cx.inst.tree, "invalid-discriminant");
      const payload = payloads[index];
      if (payload === undefined) return form.make(index, undefined);
      const coerce = coercions[index];
      try {
        const lifted = coerce === undefined
          ? payload.liftFlat(cx, flat, i + 1, frame)
          : payload.liftFlat(cx, coerce.map((step, k) => step.toPart(flat[i + 1 + k]!)), 0, frame);
        return form.make(index, lifted);
      } catch (error) {
        throw within(error, form.item(index));
      }
    },
    lowerFlat(cx, value, flat, i, frame) {
      const index = form.caseOf(value);
      flat[i] = index;
      const payload = payloads[index];
      let filled = 0;
      if (payload !== undefined) {
        try {
          payload.lowerFlat(cx, form.payloadOf(value), flat, i + 1, frame);
        } catch (error) {
          throw within(error, form.item(index));
        }
        filled = payload.layout.flat!.length;
        const coerce = coercions[index];
        if (coerce !== undefined) {
          for (let k = 0; k < filled; k++) flat[i + 1 + k] = coerce[k]!.toJoined(flat[i + 1 + k]!);
        }
      }
      for (let k = filled; k < joined.length; k++) flat[i + 1 + k] = joined[k] === "i64" ? 0n : 0;
    },
    // A variant whose cases have no payload is one core value, as an enum is.
    ...(joined.length === 0 && layout.flat !== undefined
      ? oneCore(
        (cx, core) => {
          const index = (core as number) >>> 0;
          if (index >= count) trap(cx.inst.tree, "invalid-discriminant");
          return form.make(index, undefined);
        },
        (_, value) => form.caseOf(value),
      )
      : { liftCore: undefined, lowerCore: undefined }),
  };
}

/** Converts between the core type of a case's payload and the joined core type that carries it. */
export interface Coercion {
  toPart(joined: CoreValue): CoreValue;
  toJoined(part: CoreValue): CoreValue;
}

const bits = new DataView(new ArrayBuffer(8));

function f32FromBits(word: number): number {
  bits.setInt32(0, word);
  return bits.getFloat32(0);
}

function f32ToBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

const same: Coercion = { toPart: (joined) => joined, toJoined: (part) => part };

/** The conversions, by the core type of the part and the one that carries it. */
export const coercions: Readonly<Record<string, Coercion>> = {
  "f32 in i32": {
    toPart: (joined) => f32FromBits(joined as number),
    toJoined: (part) => f32ToBits(part as number),
  },
  "i32 in i64": {
    toPart: (joined) => Number(BigInt.asIntN(32, joined as bigint)),
    toJoined: (part) => BigInt((part as number) >>> 0),
  },
  "f32 in i64": {
    toPart: (joined) => f32FromBits(Number(BigInt.asIntN(32, joined as bigint))),
    toJoined: (part) => BigInt(f32ToBits(part as number) >>> 0),
  },
  "f64 in i64": {
    toPart: (joined) => {
      bits.setBigInt64(0, joined as bigint);
      return bits.getFloat64(0);
    },
    toJoined: (part) => {
      bits.setFloat64(0, part as number);
      return bits.getBigInt64(0);
    },
  },
};

/** Gives the conversions for one case. `undefined` if no value needs one. */
export function coercion(parts: readonly CoreType[], joined: readonly CoreType[]): Coercion[] | undefined {
  if (parts.every((part, i) => part === joined[i])) return undefined;
  return parts.map((part, i) => part === joined[i] ? same : coercions[`${part} in ${joined[i]}`]!);
}
