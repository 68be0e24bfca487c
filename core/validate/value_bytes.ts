// Checks the bytes of a value definition: whether they encode one value of its type. No value is
// made.
// Spec: Binary.md "Value Definitions".

import { absurd, type ValType } from "../../abi/types/types.ts";
import type { Reader } from "../binary/reader.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads one value. Throws a CompileError if the bytes do not encode one. The caller checks whether
 * bytes are left.
 */
export function readValue(type: ValType, reader: Reader): void {
  const either = (ok: ValType | undefined, err: ValType | undefined): void => {
    const payload = reader.flag() ? err : ok;
    if (payload) readValue(payload, reader);
  };
  switch (type.kind) {
    case "bool":
      return void reader.flag();
    case "u8":
    case "s8":
      return void reader.byte();
    case "u16":
    case "u32":
    case "u64":
    case "s16":
    case "s32":
    case "s64":
      return void reader.integer(Number(type.kind.slice(1)), type.kind.startsWith("s"));
    case "f32":
    case "f64":
      return float(type.kind, reader);
    case "char":
      return char(reader);
    case "string":
      return void reader.name();
    case "record":
      return type.fields.forEach((field) => readValue(field.type, reader));
    case "tuple":
      return type.types.forEach((part) => readValue(part, reader));
    case "list":
      return void reader.vec(() => readValue(type.element, reader), "list element");
    case "fixed-list":
      for (let i = 0; i < type.length; i++) readValue(type.element, reader);
      return;
    case "map":
      return void reader.vec(() => [type.key, type.value].forEach((part) => readValue(part, reader)), "map entry");
    case "flags":
      return void reader.take(Math.ceil(type.names.length / 8));
    case "enum":
      return void discriminant(type.names.length, reader);
    case "variant": {
      const payload = type.cases[discriminant(type.cases.length, reader)]!.type;
      return payload && readValue(payload, reader);
    }
    case "option":
      return either(undefined, type.element);
    case "result":
      return either(type.ok ?? undefined, type.err ?? undefined);
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
function float(kind: "f32" | "f64", reader: Reader): void {
  const start = reader.offset, bytes = reader.take(kind === "f32" ? 4 : 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const canonical = kind === "f32"
    ? !Number.isNaN(view.getFloat32(0, true)) || view.getUint32(0, true) === 0x7fc00000
    : !Number.isNaN(view.getFloat64(0, true)) || view.getBigUint64(0, true) === 0x7ff8000000000000n;
  if (!canonical) reader.fail("invalid-type", [`${kind} is not the canonical NaN`], start);
}

/** Reads the UTF-8 bytes of one code point. The first byte says how many there are. */
function char(reader: Reader): void {
  const start = reader.offset, first = reader.peek();
  const bytes = reader.take(first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);
  try {
    decoder.decode(bytes);
  } catch {
    reader.fail("invalid-utf8", [], start);
  }
}
