// Flags: an object of booleans in JavaScript, bits in a guest. Every own member of a host's object
// must name a flag.
// A type enters, codecs leave. Generated code calls the functions here that reject a value.
// Spec: definitions.py `load_flags`, `store_flags`, `lift_flat_flags`, `lower_flat_flags`.

import { describe, ValueError, within } from "../../errors.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { type Codec, type CodecSource, type MemberNames, oneCore } from "./codec.ts";
import type { Layout } from "../types/layout.ts";
import { isThenable } from "./results.ts";
import { mismatch } from "./scalars.ts";
import { formatType, type OfKind } from "../types/types.ts";

/**
 * The JavaScript member name of each flag, and the bit of each accepted name. WIT's name is
 * accepted too, unless it is the JavaScript name of another flag.
 */
export function flagBits(
  type: OfKind<"flags">,
  memberNames: MemberNames,
): { readonly keys: readonly string[]; readonly bits: ReadonlyMap<string, number> } {
  const keys = memberNames(type.names);
  const bits = new Map<string, number>();
  keys.forEach((key, i) => bits.set(key, i));
  type.names.forEach((name, i) => bits.has(name) || bits.set(name, i));
  return { keys, bits };
}

/**
 * Throws a ValueError for an array or a promise, which are not objects of flags. Called if no flag
 * was found, or if a member is not a flag.
 */
export function refuseOther(type: OfKind<"flags">, value: object): void {
  if (Array.isArray(value) || isThenable(value)) mismatch(formatType(type), value);
}

/** Throws for a member that is not a flag. */
export function unknownFlag(type: OfKind<"flags">, value: object, key: string): never {
  refuseOther(type, value);
  throw new ValueError("unknown-flag", key, formatType(type));
}

/** Throws for a flag whose value is not a boolean. `undefined` counts as false. */
export function refuseFlag(type: OfKind<"flags">, value: object, key: string, flag: unknown): void {
  refuseOther(type, value);
  if (flag !== undefined) throw within(new ValueError("type-mismatch", "bool", describe(flag)), `.${key}`);
}

/**
 * The codec of `flags`: an object of booleans with camelCase names. Bits without a name are
 * ignored.
 */
export function flagsCodec(type: OfKind<"flags">, layout: Layout, codecs: CodecSource): Codec {
  const { keys, bits } = flagBits(type, codecs.memberNames);

  const none = Object.fromEntries(keys.map((key) => [key, false]));

  function lift(_: CanonContext, core: number | bigint): unknown {
    const value: Record<string, boolean> = { ...none };
    for (let i = 0; i < keys.length; i++) value[keys[i]!] = ((core as number) >>> i & 1) === 1;
    return value;
  }
  function lower(_: CanonContext, value: unknown): number {
    if (value === undefined || value === null) return 0;
    if (typeof value !== "object") mismatch(formatType(type), value);
    let word = 0, seen = false;
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue;
      const bit = bits.get(key);
      if (bit === undefined) unknownFlag(type, value, key);
      const flag = (value as Record<string, unknown>)[key];
      if (flag === true) word |= 1 << bit;
      else if (flag !== false) refuseFlag(type, value, key, flag);
      seen = true;
    }
    if (!seen) refuseOther(type, value);
    return word;
  }

  const { size } = layout;
  return {
    type,
    layout,
    load: (cx, ptr) => {
      const { memory } = cx;
      return lift(cx, size === 1 ? memory.u8[ptr]! : size === 2 ? memory.u16[ptr / 2]! : memory.u32[ptr / 4]!);
    },
    store: (cx, value, ptr) => {
      const word = lower(cx, value);
      const { memory } = cx;
      if (size === 1) memory.u8[ptr] = word;
      else if (size === 2) memory.u16[ptr / 2] = word;
      else memory.u32[ptr / 4] = word;
    },
    ...oneCore(lift, lower),
  };
}
