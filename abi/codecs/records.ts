// Records and tuples. Lowering calls getters of the host: each part is read before it is stored.
// A type and an address type enter, codecs leave. A RecordShape says how a record looks in
// JavaScript; generated code uses it too.
// Spec: CanonicalABI.md "Loading", "Storing", "Flat Lifting", "Flat Lowering".

import type { AddressType } from "../types/core_values.ts";
import { ValueError, within } from "../../errors.ts";
import type { Codec, CodecSource, MemberNames } from "./codec.ts";
import { recordLayout } from "../types/layout.ts";
import { isThenable } from "./results.ts";
import { mismatch } from "./scalars.ts";
import { formatType, type OfKind, type ValType } from "../types/types.ts";

/**
 * Makes the codec of a type with parts at fixed places. The functions say how the value looks in
 * JavaScript.
 */
function partsCodec(
  type: ValType,
  partTypes: readonly ValType[],
  address: AddressType,
  codecs: CodecSource,
  items: readonly string[],
  make: () => Record<PropertyKey, unknown>,
  keys: readonly PropertyKey[],
  open: (value: unknown) => object,
  read: (value: object, k: number) => unknown,
): Codec {
  const parts = partTypes.map((part) => codecs.of(part, address));
  const layout = recordLayout(partTypes, address);
  const { offsets, flatOffsets } = layout;
  const count = parts.length;
  return {
    type,
    layout,
    load(cx, ptr, frame) {
      const value = make();
      let k = 0;
      try {
        for (; k < count; k++) value[keys[k]!] = parts[k]!.load(cx, ptr + offsets[k]!, frame);
      } catch (error) {
        throw within(error, items[k]!);
      }
      return value;
    },
    store(cx, value, ptr, frame) {
      const source = open(value);
      let k = 0;
      try {
        for (; k < count; k++) {
          const part = read(source, k);
          cx.memory.sync(); // a getter of the host's may have grown the memory
          parts[k]!.store(cx, part, ptr + offsets[k]!, frame);
        }
      } catch (error) {
        throw within(error, items[k]!);
      }
    },
    liftFlat(cx, flat, i, frame) {
      const value = make();
      let k = 0;
      try {
        for (; k < count; k++) value[keys[k]!] = parts[k]!.liftFlat(cx, flat, i + flatOffsets[k]!, frame);
      } catch (error) {
        throw within(error, items[k]!);
      }
      return value;
    },
    lowerFlat(cx, value, flat, i, frame) {
      const source = open(value);
      let k = 0;
      try {
        for (; k < count; k++) parts[k]!.lowerFlat(cx, read(source, k), flat, i + flatOffsets[k]!, frame);
      } catch (error) {
        throw within(error, items[k]!);
      }
    },
    liftCore: undefined,
    lowerCore: undefined,
  };
}

/** How a record looks in JavaScript. */
export interface RecordShape {
  /** The member name of each field. */
  readonly keys: readonly string[];
  /**
   * For each field: whether every object inherits a member of that name from `Object.prototype`.
   */
  readonly inherited: readonly boolean[];
  /**
   * Whether a value was inherited from `Object.prototype`, or is the `constructor` of the object's
   * class. The field is missing then.
   */
  isInherited(value: object, k: number, field: unknown): boolean;
  /** Gives the value as an object. Throws a ValueError if it cannot be a record. */
  open(value: unknown): object;
  /**
   * Gives the value of a field whose JavaScript name is not a member: the member with the WIT name,
   * or `undefined` if the field may be missing.
   */
  absent(value: object, k: number): unknown;
}

/**
 * How a record of a type looks in JavaScript: an object with camelCase members. The WIT names are
 * accepted too.
 */
export function recordShape(type: OfKind<"record">, memberNames: MemberNames): RecordShape {
  const labels = type.fields.map((field) => field.name);
  const keys = memberNames(labels);
  const mayMiss = type.fields.map((field) => field.type.kind === "option");
  // If every field may be missing, a promise would count as a record without fields.
  const allMayMiss = mayMiss.every(Boolean);
  return {
    keys,
    inherited: keys.map((key) => key in Object.prototype),
    isInherited(value, k, field) {
      const key = keys[k]!;
      return field === (Object.prototype as unknown as Record<string, unknown>)[key] ||
        key === "constructor" && !Object.hasOwn(value, key);
    },
    open(value) {
      if (typeof value !== "object" || value === null) {
        if (typeof value !== "function") mismatch(formatType(type), value);
      } else if (value instanceof Promise || allMayMiss && isThenable(value)) mismatch(formatType(type), value);
      return value;
    },
    absent(value, k) {
      const fields = value as Record<string, unknown>, label = labels[k]!;
      const field = label === keys[k] ? undefined : fields[label];
      if (field === undefined && !mayMiss[k] && !has(fields, keys[k]!) && !has(fields, label)) missing(type, k, fields);
      return field;
    },
  };
}

/** `record`: an object of its fields. */
export function recordCodec(type: OfKind<"record">, address: AddressType, codecs: CodecSource): Codec {
  const { keys, inherited, isInherited, open, absent } = recordShape(type, codecs.memberNames);
  // Copying an object that has all members, and then setting them, is faster than adding them one
  // at a time: the engine need not change the object's hidden class.
  const template = Object.fromEntries(keys.map((key) => [key, undefined]));
  return partsCodec(
    type,
    type.fields.map((field) => field.type),
    address,
    codecs,
    keys.map((key) => `.${key}`),
    () => ({ ...template }),
    keys,
    open,
    (value, k) => {
      const field = (value as Record<string, unknown>)[keys[k]!];
      return field === undefined || inherited[k]! && isInherited(value as object, k, field) ? absent(value, k) : field;
    },
  );
}

/**
 * Whether an object has a member that is its own or comes from its class. Members of
 * `Object.prototype` do not count.
 */
function has(fields: object, key: string): boolean {
  return key in fields && !(key in Object.prototype && !Object.hasOwn(fields, key));
}

function missing(type: OfKind<"record">, k: number, value: object): never {
  if (isThenable(value)) mismatch(formatType(type), value);
  throw new ValueError("missing-field", formatType(type.fields[k]!.type));
}

/**
 * Gives the value as an object with a length and indices. Throws a ValueError if it cannot be a
 * tuple of the type.
 */
export function openTuple(type: OfKind<"tuple">, value: unknown): object {
  const count = type.types.length;
  if (typeof value === "object" && value !== null && (value as ArrayLike<unknown>).length === count) return value;
  mismatch(`${formatType(type)} (an array of ${count})`, value);
}

/** `tuple`: an array. */
export function tupleCodec(type: OfKind<"tuple">, address: AddressType, codecs: CodecSource): Codec {
  const count = type.types.length;
  return partsCodec(
    type,
    type.types,
    address,
    codecs,
    type.types.map((_, k) => `[${k}]`),
    () => new Array(count) as unknown as Record<PropertyKey, unknown>,
    type.types.map((_, k) => k),
    (value) => openTuple(type, value),
    (value, k) => (value as ArrayLike<unknown>)[k],
  );
}
