// Decodes core types, as far as components mention them: recursive groups, function, struct and
// array types, limits, external types.
// Spec: core spec 3.0 "Binary Format: Types"; Binary.md `core:type`.

import type {
  CoreCompositeType,
  CoreExternType,
  CoreFieldType,
  CoreLimits,
  CoreModuleDecl,
  CoreSubType,
  CoreTypeDef,
} from "./core_syntax.ts";
import {
  type AbstractHeapType,
  abstractRef,
  type CoreNumberType,
  type CoreRefType,
  type CoreValType,
  indexedRef,
  numberTypes,
} from "./core_value_types.ts";
import { MAX_CASES, MAX_PARAMS } from "../binary/limits.ts";
import { hex, type Reader, readU32 } from "../binary/reader.ts";

const numeric: Readonly<Record<number, CoreNumberType>> = {
  0x7f: numberTypes.i32,
  0x7e: numberTypes.i64,
  0x7d: numberTypes.f32,
  0x7c: numberTypes.f64,
  0x7b: numberTypes.v128,
};
const heap: Readonly<Record<number, AbstractHeapType>> = {
  0x75: "nocont",
  0x74: "noexn",
  0x73: "nofunc",
  0x72: "noextern",
  0x71: "none",
  0x70: "func",
  0x6f: "extern",
  0x6e: "any",
  0x6d: "eq",
  0x6c: "i31",
  0x6b: "struct",
  0x6a: "array",
  0x69: "exn",
  0x68: "cont",
};

const SHARED = 0x65;

/** A reference to the heap type that comes next. */
function refTo(reader: Reader, nullable: boolean): CoreRefType {
  if (reader.peek() === SHARED) {
    reader.byte();
    return sharedRef(reader, nullable);
  }
  const start = reader.offset;
  const code = reader.indexOrCode("heap type");
  if (code >= 0) return indexedRef(nullable, code);
  const abstract = heap[code + 0x80];
  if (abstract === undefined) reader.fail("unknown-opcode", [hex(code + 0x80), "heap type"], start);
  return abstractRef(nullable, false, abstract);
}

/** `core:heaptype`, as a reference to it that may be null. */
export function coreHeapType(reader: Reader): CoreRefType {
  return refTo(reader, true);
}

/**
 * A reference to the heap type after the prefix `shared`. Only abstract types have it: a defined
 * type says itself if it is shared.
 */
function sharedRef(reader: Reader, nullable: boolean): CoreRefType {
  const byte = reader.byte();
  return abstractRef(nullable, true, heap[byte] ?? reader.unknown(byte, "heap type"));
}

/** `core:valtype`. */
export function coreValType(reader: Reader): CoreValType {
  const byte = reader.byte();
  return numeric[byte] ?? refType(reader, byte) ?? reader.unknown(byte, "core value type");
}

/** `core:reftype`, whose first byte was read; `undefined` if that begins none. */
function refType(reader: Reader, byte: number): CoreRefType | undefined {
  if (byte === 0x64) return refTo(reader, false);
  if (byte === 0x63) return refTo(reader, true);
  if (byte === SHARED) return sharedRef(reader, true);
  const abstract = heap[byte];
  return abstract === undefined ? undefined : abstractRef(true, false, abstract);
}

/** `core:tabletype`. */
export function coreTableType(reader: Reader): CoreExternType & { kind: "table" } {
  const byte = reader.byte();
  const element = refType(reader, byte) ?? reader.unknown(byte, "reference type");
  return { kind: "table", element, limits: limits(reader, 0x07) };
}

function fieldType(reader: Reader): CoreFieldType {
  const next = reader.peek();
  const packed = next === 0x78 ? numberTypes.i8 : next === 0x77 ? numberTypes.i16 : undefined;
  if (packed !== undefined) reader.byte();
  const type = packed ?? coreValType(reader);
  return { type, mutable: reader.flag() };
}

function compositeType(reader: Reader): CoreCompositeType {
  const byte = reader.byte();
  switch (byte) {
    case 0x60:
      return {
        kind: "func",
        params: reader.vec(coreValType, "function parameter", MAX_PARAMS),
        results: reader.vec(coreValType, "function result", MAX_PARAMS),
      };
    case 0x5f:
      return { kind: "struct", fields: reader.vec(fieldType, "struct field", MAX_CASES) };
    case 0x5e:
      return { kind: "array", field: fieldType(reader) };
    case 0x5d:
      return { kind: "cont", type: refTo(reader, false) };
    default:
      reader.unknown(byte, "core composite type");
  }
}

function subType(reader: Reader): CoreSubType {
  const next = reader.peek();
  if (next !== 0x50 && next !== 0x4f) return withComposite(reader, true, none);
  reader.byte();
  return withComposite(reader, next === 0x4f, reader.vec(readU32, "supertype", 1));
}

const none: readonly number[] = [];

function withComposite(reader: Reader, final: boolean, supertypes: readonly number[]): CoreSubType {
  const shared = reader.peek() === SHARED;
  if (shared) reader.byte();
  return { final, supertypes, shared, type: compositeType(reader) };
}

/** `core:rectype`, as it stands in a core module's type section. */
export function recType(reader: Reader): readonly CoreSubType[] {
  if (reader.peek() !== 0x4e) return [subType(reader)];
  reader.byte();
  return reader.vec(subType, "type of a recursive group");
}

/**
 * `core:deftype`. In a component, a leading 0x50 begins a module type; the prefix 0x00 stands
 * before a non-final `sub`.
 */
export function coreDefType(reader: Reader): CoreTypeDef {
  const next = reader.peek();
  if (next === 0x50) {
    reader.byte();
    return { kind: "module", decls: reader.vec(moduleDecl, "module type declaration") };
  }
  if (next === 0x00) {
    reader.byte();
    if (reader.peek() !== 0x50) reader.fail("unknown-opcode", [hex(reader.peek()), "non-final sub type"]);
    return { kind: "rec", types: [subType(reader)] };
  }
  return { kind: "rec", types: recType(reader) };
}

function moduleDecl(reader: Reader): CoreModuleDecl {
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
      return { kind: "import", module: reader.name(), name: reader.name(), type: coreExternType(reader) };
    case 0x01:
      // Modules do not nest: here a leading 0x50 is a `sub`.
      return { kind: "type", types: recType(reader) };
    case 0x02: {
      const sort = reader.byte();
      if (sort !== 0x10) {
        reader.unknown(sort, "outer alias kind");
      }
      const target = reader.byte();
      if (target !== 0x01) reader.unknown(target, "outer alias target");
      return { kind: "alias", count: reader.u32(), index: reader.u32() };
    }
    case 0x03:
      return { kind: "export", name: reader.name(), type: coreExternType(reader) };
    default:
      reader.unknown(byte, "type definition");
  }
}

/** `limits` of a memory. */
export function coreLimits(reader: Reader): CoreLimits {
  return limits(reader, 0x0f);
}

/** `limits` whose flags go up to `most`: only memories have pages, whose size is bit 3. */
function limits(reader: Reader, most: number): CoreLimits {
  const flags = reader.byte();
  if (flags > most) reader.unknown(flags, "limits");
  const wide = (flags & 4) !== 0;
  const bound = (): number => wide ? reader.u64() : reader.u32();
  const min = bound();
  const max = flags & 1 ? bound() : undefined;
  const pageSize = flags & 8 ? reader.u32() : 16;
  return { min, max, shared: (flags & 2) !== 0, address: wide ? "i64" : "i32", pageSize };
}

/** `core:externtype`. */
export function coreExternType(reader: Reader): CoreExternType {
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
    case 0x20:
      return { kind: "func", type: reader.u32(), exact: byte === 0x20 };
    case 0x01:
      return coreTableType(reader);
    case 0x02:
      return { kind: "memory", limits: coreLimits(reader) };
    case 0x03: {
      const type = coreValType(reader);
      const flags = reader.byte();
      if (flags > 3) reader.unknown(flags, "global type");
      return { kind: "global", type, mutable: (flags & 1) !== 0, shared: (flags & 2) !== 0 };
    }
    case 0x04: {
      const attribute = reader.byte();
      if (attribute !== 0) reader.unknown(attribute, "tag type");
      return { kind: "tag", type: reader.u32() };
    }
    default:
      reader.unknown(byte, "external kind");
  }
}
