// Flattening, sizes and alignments, written again from the specification so that the library's own
// are tested by something else; with them, core code that stores a value's flat form into memory.
// Spec: CanonicalABI.md "Alignment", "Element Size", "Flattening", "Flat Lifting".

import type { ValType } from "../../abi/types/types.ts";
import type { AddressType } from "../../abi/types/core_values.ts";
import { addressOps, type CoreValType, op } from "./core_encoder.ts";

/** Bytes of the scalars, handles included. */
const scalarBytes: Readonly<Partial<Record<ValType["kind"], number>>> = {
  bool: 1,
  u8: 1,
  s8: 1,
  u16: 2,
  s16: 2,
  u32: 4,
  s32: 4,
  f32: 4,
  char: 4,
  own: 4,
  borrow: 4,
  u64: 8,
  s64: 8,
  f64: 8,
};

/** The payloads of a variant, an option, a result or an enum; of anything else nothing. */
function payloads(type: ValType): readonly (ValType | undefined)[] | undefined {
  if (type.kind === "variant") return type.cases.map((part) => part.type);
  if (type.kind === "enum") return type.names.map(() => undefined);
  if (type.kind === "option") return [undefined, type.element];
  if (type.kind === "result") return [type.ok, type.err];
  return undefined;
}

/** The parts of a record, a tuple or a fixed-length list; of anything else nothing. */
function parts(type: ValType): readonly ValType[] | undefined {
  if (type.kind === "record") return type.fields.map((field) => field.type);
  if (type.kind === "tuple") return type.types;
  if (type.kind === "fixed-list") return new Array(type.length).fill(type.element);
  return undefined;
}

const up = (offset: number, alignment: number): number => offset + (alignment - offset % alignment) % alignment;
const discriminantBytes = (cases: number): number => cases <= 256 ? 1 : cases <= 65536 ? 2 : 4;

/** `flatten_type`. */
export function flatTypes(type: ValType, address: AddressType = "i32"): CoreValType[] {
  const inside = parts(type), cases = payloads(type);
  if (inside !== undefined) return inside.flatMap((part) => flatTypes(part, address));
  if (cases !== undefined) {
    const joined: CoreValType[] = [];
    for (const each of cases.map((part) => part === undefined ? [] : flatTypes(part, address))) {
      each.forEach((core, i) => {
        const other = joined[i] ?? core;
        joined[i] = other === core ? core : [core, other].sort().join() === "f32,i32" ? "i32" : "i64";
      });
    }
    return ["i32", ...joined];
  }
  if (type.kind === "string" || type.kind === "list" || type.kind === "map") return [address, address];
  if (type.kind === "f32" || type.kind === "f64") return [type.kind];
  return [type.kind === "u64" || type.kind === "s64" ? "i64" : "i32"];
}

/** `alignment` and `elem_size`. */
export function sizeOf(
  type: ValType,
  address: AddressType = "i32",
): { readonly size: number; readonly alignment: number } {
  const inside = parts(type)?.map((part) => sizeOf(part, address)), cases = payloads(type);
  if (inside !== undefined) {
    const alignment = Math.max(...inside.map((part) => part.alignment));
    return { alignment, size: up(inside.reduce((at, part) => up(at, part.alignment) + part.size, 0), alignment) };
  }
  if (cases !== undefined) {
    const sizes = cases.flatMap((part) => part === undefined ? [] : sizeOf(part, address));
    const alignment = Math.max(discriminantBytes(cases.length), ...sizes.map((part) => part.alignment));
    return {
      alignment,
      size: up(payloadAt(cases, address) + Math.max(0, ...sizes.map((part) => part.size)), alignment),
    };
  }
  if (type.kind === "flags") {
    const size = type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4;
    return { size, alignment: size };
  }
  const size = scalarBytes[type.kind];
  if (size !== undefined) return { size, alignment: size };
  return address === "i32" ? { size: 8, alignment: 4 } : { size: 16, alignment: 8 };
}

function payloadAt(cases: readonly (ValType | undefined)[], address: AddressType): number {
  const alignments = cases.flatMap((part) => part === undefined ? [] : sizeOf(part, address).alignment);
  return up(discriminantBytes(cases.length), Math.max(1, ...alignments));
}

/** Code that stores a flat value, held in locals from `first` on, at a constant pointer. */
export function storeFlat(type: ValType, ptr: number, first: number, address: AddressType = "i32"): number[] {
  return storeAt(type, ptr, flatTypes(type, address).map((core, i) => ({ local: first + i, core })), address);
}

interface Slot {
  readonly local: number;
  /** The type of the local, which may be wider than what it holds. */
  readonly core: CoreValType;
}

function storeAt(type: ValType, ptr: number, slots: readonly Slot[], address: AddressType): number[] {
  const inside = parts(type), cases = payloads(type);
  if (inside !== undefined) {
    let at = ptr, slot = 0;
    return inside.flatMap((part) => {
      const { size, alignment } = sizeOf(part, address), count = flatTypes(part, address).length;
      at = up(at, alignment);
      const code = storeAt(part, at, slots.slice(slot, slot + count), address);
      at += size;
      slot += count;
      return code;
    });
  }
  if (cases !== undefined) {
    const [discriminant, ...rest] = slots;
    return [
      ...storeSlot(discriminant!, "i32", discriminantBytes(cases.length), ptr, address),
      ...cases.flatMap((part, i) =>
        part === undefined ? [] : [
          ...op.localGet(discriminant!.local),
          ...(discriminant!.core === "i64" ? op.i32WrapI64 : []),
          ...op.i32Const(i),
          ...op.i32Eq,
          ...op.if(storeAt(part, ptr + payloadAt(cases, address), rest, address)),
        ]
      ),
    ];
  }
  const cores = flatTypes(type, address), bytes = sizeOf(type, address).size / cores.length;
  return cores.flatMap((core, i) => storeSlot(slots[i]!, core, bytes, ptr + i * bytes, address));
}

/** Stores one core value, narrowed to the type it really has. */
function storeSlot(
  { local, core }: Slot,
  wanted: CoreValType,
  bytes: number,
  ptr: number,
  address: AddressType,
): number[] {
  const narrowed: number[] = [];
  if (core === "i64" && wanted !== "i64" && wanted !== "f64") narrowed.push(...op.i32WrapI64);
  if (core !== wanted && wanted === "f32") narrowed.push(...op.f32ReinterpretI32);
  if (core !== wanted && wanted === "f64") narrowed.push(...op.f64ReinterpretI64);
  return [...addressOps[address].const(ptr), ...op.localGet(local), ...narrowed, ...op.store(wanted, bytes, 0)];
}
