// Reads the bytes of a value definition. A type and bytes enter, a JavaScript value leaves that a
// host could have given for the type. Bytes that do not encode one value are a CompileError.
// Validation reads a value to check it. An instance reads it again for a value of its own, which
// goes through the codecs as a value from the host does.
// Spec: Binary.md "Value Definitions".

import type { MemberNames } from "../../abi/codecs/codec.ts";
import { absurd, type ValType } from "../../abi/types/types.ts";
import type { Reader } from "../binary/reader.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Keeps the labels, for a reader that only checks. */
export function plainNames(labels: readonly string[]): readonly string[] {
  return labels;
}

/** Reads one value. The caller checks whether bytes are left. */
export function readValue(type: ValType, reader: Reader, names: MemberNames): unknown {
  const read = (part: ValType | undefined): unknown => part && readValue(part, reader, names);
  switch (type.kind) {
    case "bool":
      return reader.flag();
    case "u8":
      return reader.byte();
    case "s8":
      return reader.byte() << 24 >> 24;
    case "u16":
    case "u32":
    case "s16":
    case "s32":
      return reader.integer(Number(type.kind.slice(1)), type.kind.startsWith("s"));
    case "u64":
    case "s64":
      return reader.integer64(type.kind === "s64");
    case "f32":
    case "f64":
      return float(type.kind, reader);
    case "char":
      return char(reader);
    case "string":
      return reader.name();
    case "record": {
      const keys = names(type.fields.map(({ name }) => name));
      // `fromEntries` defines members, so that a field `__proto__` is a field.
      return Object.fromEntries(type.fields.map((field, i) => [keys[i]!, read(field.type)]));
    }
    case "tuple":
      return type.types.map(read);
    case "list":
      return reader.vec(() => read(type.element), "list element");
    case "fixed-list": {
      const elements: unknown[] = [];
      for (let i = 0; i < type.length; i++) elements.push(read(type.element));
      return elements;
    }
    case "map":
      return reader.vec(() => [read(type.key), read(type.value)], "map entry");
    case "flags": {
      const bytes = reader.take(Math.ceil(type.names.length / 8));
      return Object.fromEntries(names(type.names).map((name, i) => [name, (bytes[i >> 3]! >> (i & 7) & 1) === 1]));
    }
    case "enum":
      return type.names[discriminant(type.names.length, reader)];
    case "variant": {
      const { name, type: payload } = type.cases[discriminant(type.cases.length, reader)]!;
      return payload === undefined ? { tag: name } : { tag: name, val: read(payload) };
    }
    case "option": {
      const isSome = reader.flag();
      if (type.element.kind === "option") return isSome ? { tag: "some", val: read(type.element) } : { tag: "none" };
      return isSome ? read(type.element) : undefined;
    }
    case "result":
      return reader.flag() ? { tag: "err", val: read(type.err) } : { tag: "ok", val: read(type.ok) };
    case "own":
    case "borrow":
    case "stream":
    case "future":
    case "error-context":
      return reader.fail("invalid-type", [`a value of type ${type.kind} cannot be written down`]);
    default:
      return absurd(type);
  }
}

function discriminant(count: number, reader: Reader): number {
  const start = reader.offset, index = reader.u32();
  if (index >= count) reader.fail("unknown-index", ["case", index], start);
  return index;
}

/** Only the canonical NaN may be written. */
function float(kind: "f32" | "f64", reader: Reader): number {
  const start = reader.offset, bytes = reader.take(kind === "f32" ? 4 : 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const value = kind === "f32" ? view.getFloat32(0, true) : view.getFloat64(0, true);
  const canonical = !Number.isNaN(value) ||
    (kind === "f32" ? view.getUint32(0, true) === 0x7fc00000 : view.getBigUint64(0, true) === 0x7ff8000000000000n);
  if (!canonical) reader.fail("invalid-type", [`${kind} is not the canonical NaN`], start);
  return value;
}

/** Reads the UTF-8 bytes of one code point. The first byte says how many there are. */
function char(reader: Reader): string {
  const start = reader.offset, first = reader.peek();
  const bytes = reader.take(first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);
  try {
    return decoder.decode(bytes);
  } catch {
    return reader.fail("invalid-utf8", [], start);
  }
}
