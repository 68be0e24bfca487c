// Decodes component types with their declarations, extern types, names with attributes, and
// aliases. Bytes enter, parts of the syntax tree leave.
// One function per production of Binary.md "Type Definitions", "Alias Definitions", "Import and
// Export Definitions".

import type { PrimitiveKind } from "../../abi/types/types.ts";
import { coreDefType, coreValType } from "../module/core_types.ts";
import type { AliasDef, ExternTypeDef, NameDef, Sort, TypeDecl, TypeDef, ValTypeRef } from "./syntax.ts";
import { MAX_CASES, MAX_FLAGS, MAX_NESTING, MAX_PARAMS } from "../binary/limits.ts";
import { hex, type Reader, readLabel, readU32 } from "../binary/reader.ts";
import { sortBytes } from "./sorts.ts";

const outerAliasSorts: readonly Sort[] = ["core type", "core module", "type", "component"];

export function alias(reader: Reader): AliasDef {
  const { sort, byte, offset } = sortBytes(reader);
  const target = reader.byte();
  if (target > 0x02) reader.unknown(target, "alias");
  const outer = target === 0x02;
  // The grammar says which sorts an outer alias may have.
  if (sort === undefined || outer && !outerAliasSorts.includes(sort)) {
    reader.fail("unknown-opcode", [hex(byte), `component ${outer ? "outer alias" : "external"} kind`], offset);
  }
  if (outer) return { sort, kind: "outer", count: reader.u32(), index: reader.u32() };
  const kind = target === 0x00 ? "export" : "core-export";
  return { sort, kind, instance: reader.u32(), name: reader.name() };
}

const primitives: Readonly<Record<number, PrimitiveKind>> = {
  0x7f: "bool",
  0x7e: "s8",
  0x7d: "u8",
  0x7c: "s16",
  0x7b: "u16",
  0x7a: "s32",
  0x79: "u32",
  0x78: "s64",
  0x77: "u64",
  0x76: "f32",
  0x75: "f64",
  0x74: "char",
  0x73: "string",
  0x64: "error-context",
};

export function valType(reader: Reader): ValTypeRef {
  const start = reader.offset;
  const code = reader.indexOrCode("component value type");
  if (code >= 0) return code;
  return primitives[code + 0x80] ??
    reader.fail("unknown-opcode", [hex(code + 0x80), "component value type"], start);
}

/** Reads labels with what follows each. A label that occurred before is the same string. */
function labelled<T>(
  reader: Reader,
  part: (reader: Reader) => T,
  what: string,
  limit: number,
): { names: readonly string[]; types: readonly T[] } {
  const names: string[] = [];
  const types = reader.vec(
    () => {
      names.push(reader.label());
      return part(reader);
    },
    what,
    limit,
  );
  return { names: names.slice(), types };
}

function nonEmpty<T>(reader: Reader, items: readonly T[], what: string, part: string, start: number): readonly T[] {
  if (items.length === 0) reader.fail("invalid-type", [`${what} must have at least one ${part}`], start);
  return items;
}

export function defType(reader: Reader, depth: number): TypeDef {
  const start = reader.offset;
  const byte = reader.byte();
  const primitive = primitives[byte];
  if (primitive !== undefined) return { kind: primitive };
  switch (byte) {
    case 0x72: {
      const { names, types } = labelled(reader, valType, "record field", MAX_CASES);
      return { kind: "record", names: nonEmpty(reader, names, "record type", "field", start), types };
    }
    case 0x71: {
      const { names, types } = labelled(reader, variantCase, "variant case", MAX_CASES);
      return { kind: "variant", names: nonEmpty(reader, names, "variant type", "case", start), types };
    }
    case 0x70:
      return { kind: "list", element: valType(reader) };
    case 0x67: {
      const element = valType(reader), length = reader.u32();
      if (length === 0) reader.fail("invalid-type", ["Fixed-length lists must have more than zero elements"], start);
      return { kind: "fixed-list", element, length };
    }
    case 0x6f:
      return {
        kind: "tuple",
        types: nonEmpty(
          reader,
          reader.vec(valType, "tuple type", MAX_CASES),
          "tuple type",
          "type",
          start,
        ),
      };
    case 0x6e: {
      const names = nonEmpty(reader, reader.vec(readLabel, "flag", MAX_CASES), "flags", "entry", start);
      if (names.length > MAX_FLAGS) reader.fail("invalid-type", [`cannot have more than ${MAX_FLAGS} flags`], start);
      return { kind: "flags", names };
    }
    case 0x6d:
      return {
        kind: "enum",
        names: nonEmpty(reader, reader.vec(readLabel, "enum case", MAX_CASES), "enum type", "variant", start),
      };
    case 0x6b:
      return { kind: "option", element: valType(reader) };
    case 0x6a:
      return {
        kind: "result",
        ok: reader.optional(valType),
        err: reader.optional(valType),
      };
    case 0x69:
      return { kind: "own", resource: reader.u32() };
    case 0x68:
      return { kind: "borrow", resource: reader.u32() };
    case 0x66:
      return { kind: "stream", element: reader.optional(valType) };
    case 0x65:
      return { kind: "future", element: reader.optional(valType) };
    case 0x63:
      return { kind: "map", key: valType(reader), value: valType(reader) };
    case 0x3f:
      return { kind: "resource", rep: coreValType(reader), destructor: reader.optional(readU32) };
    case 0x40:
    case 0x43: {
      const { names, types } = labelled(reader, valType, "function parameter", MAX_PARAMS);
      return { kind: "func", async: byte === 0x43, names, types, result: resultList(reader) };
    }
    case 0x41:
    case 0x42: {
      if (depth >= MAX_NESTING) reader.fail("nesting-too-deep", [], start);
      const inComponent = byte === 0x41;
      return {
        kind: inComponent ? "component" : "instance",
        decls: reader.vec(() => typeDecl(reader, inComponent, depth + 1), "type declaration"),
      };
    }
    default:
      reader.fail("unknown-opcode", [hex(byte), "component defined type"], start);
  }
}

/** What follows the label of a case. */
function variantCase(reader: Reader): ValTypeRef | undefined {
  const type = reader.optional(valType);
  const refines = reader.byte();
  if (refines !== 0) reader.unknown(refines, "zero byte required");
  return type;
}

export function resultList(reader: Reader): ValTypeRef | undefined {
  const byte = reader.byte();
  if (byte === 0x00) return valType(reader);
  if (byte !== 0x01) reader.unknown(byte, "component function results");
  const none = reader.byte();
  if (none !== 0x00) reader.unknown(none, "number of results");
  return undefined;
}

function typeDecl(reader: Reader, inComponent: boolean, depth: number): TypeDecl {
  const offset = reader.offset;
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
      return { offset, kind: "core-type", type: coreDefType(reader) };
    case 0x01:
      return { offset, kind: "type", type: defType(reader, depth) };
    case 0x02:
      return { offset, kind: "alias", alias: alias(reader) };
    case 0x03:
      if (!inComponent) break;
      return { offset, kind: "import", name: nameAttributes(reader), type: externType(reader) };
    case 0x04:
      return { offset, kind: "export", name: nameAttributes(reader), type: externType(reader) };
  }
  reader.fail("unknown-opcode", [hex(byte), "component or instance type declaration"], offset);
}

export function externType(reader: Reader): ExternTypeDef {
  const start = reader.offset;
  const byte = reader.byte();
  switch (byte) {
    case 0x00: {
      const sort = reader.byte();
      if (sort !== 0x11) reader.unknown(sort, "component external kind");
      return { kind: "core-module", type: reader.u32() };
    }
    case 0x01:
      return { kind: "func", type: reader.u32() };
    case 0x02:
      return {
        kind: "value",
        bound: bound(
          reader,
          (eq) => eq ? { kind: "eq", value: reader.u32() } : { kind: "type", type: valType(reader) },
        ),
      };
    case 0x03:
      return {
        kind: "type",
        bound: bound(reader, (eq) => eq ? { kind: "eq", type: reader.u32() } : { kind: "sub-resource" }),
      };
    case 0x04:
      return { kind: "component", type: reader.u32() };
    case 0x05:
      return { kind: "instance", type: reader.u32() };
    default:
      reader.fail("unknown-opcode", [hex(byte), "component external kind"], start);
  }
}

function bound<T>(reader: Reader, read: (eq: boolean) => T): T {
  const byte = reader.byte();
  if (byte > 1) reader.unknown(byte, "type bound");
  return read(byte === 0);
}

const attributes = ["implements", "versionsuffix", "external-id"] as const;

/** `nameattributes`. */
export function nameAttributes(reader: Reader): NameDef {
  const byte = reader.byte();
  if (byte > 2) reader.unknown(byte, "component name");
  const def: { -readonly [K in keyof NameDef]: NameDef[K] } = { name: reader.name() };
  if (byte < 2) return def;
  reader.vec(() => {
    const start = reader.offset;
    const kind = reader.byte();
    const key = (["implements", "versionSuffix", "externalId"] as const)[kind] ??
      reader.fail("unknown-opcode", [hex(kind), "name option"], start);
    if (def[key] !== undefined) reader.fail("invalid-type", [`duplicate '${attributes[kind]}' option in name`], start);
    def[key] = reader.name();
  }, "name attribute");
  return def;
}
