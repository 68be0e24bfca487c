// The bytes of a value definition for a value as JavaScript gets it: what validation and instances read
// back. Written from Binary.md "Value Definitions", apart from the library.

import type { ValType } from "../../abi/types/types.ts";
import { jsNames } from "./arbitraries.ts";
import { leb, vec } from "./bytes.ts";

type Members = Readonly<Record<string, unknown>>;

/** A signed LEB128 integer. */
function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = Number(value & 0x7fn), last = value >> 6n === 0n || value >> 6n === -1n;
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
    value >>= 7n;
  }
}

/** An unsigned one of up to 64 bits. */
function unsigned(value: bigint): number[] {
  return value < 0x80n ? [Number(value)] : [Number(value & 0x7fn) | 0x80, ...unsigned(value >> 7n)];
}

function float(size: 4 | 8, value: number): number[] {
  const view = new DataView(new ArrayBuffer(size));
  if (size === 4) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  // JavaScript may hold any NaN.
  if (Number.isNaN(value)) return size === 4 ? [0, 0, 0xc0, 0x7f] : [0, 0, 0, 0, 0, 0, 0xf8, 0x7f];
  return [...new Uint8Array(view.buffer)];
}

function text(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}

/** Gives the bytes of a value. */
export function literal(type: ValType, value: unknown): number[] {
  const part = (of: ValType | undefined, payload: unknown): number[] => of === undefined ? [] : literal(of, payload);
  switch (type.kind) {
    case "bool":
      return [value === true ? 1 : 0];
    case "u8":
    case "s8":
      return [(value as number) & 0xff];
    case "u16":
    case "u32":
    case "u64":
      return unsigned(BigInt(value as number | bigint));
    case "s16":
    case "s32":
    case "s64":
      return signed(BigInt(value as number | bigint));
    case "f32":
      return float(4, value as number);
    case "f64":
      return float(8, value as number);
    case "char":
      return text(value as string);
    case "string": {
      const bytes = text(value as string);
      return [...leb(bytes.length), ...bytes];
    }
    case "record": {
      const names = jsNames(type.fields.map(({ name }) => name));
      return type.fields.flatMap((field, i) => literal(field.type, (value as Members)[names[i]!]));
    }
    case "tuple":
      return type.types.flatMap((of, i) => literal(of, (value as unknown[])[i]));
    case "list":
      return vec(Array.from(value as ArrayLike<unknown>, (element) => literal(type.element, element)));
    case "fixed-list":
      return Array.from(value as ArrayLike<unknown>, (element) => literal(type.element, element)).flat();
    case "map":
      return vec(
        [...value as Map<unknown, unknown>].map(([k, v]) => [...literal(type.key, k), ...literal(type.value, v)]),
      );
    case "flags": {
      const names = jsNames(type.names), bytes = Array<number>(Math.ceil(names.length / 8)).fill(0);
      names.forEach((name, i) => bytes[i >> 3]! |= (value as Members)[name] === true ? 1 << (i & 7) : 0);
      return bytes;
    }
    case "enum":
      return leb(type.names.indexOf(value as string));
    case "variant": {
      const { tag, val } = value as { tag: string; val?: unknown };
      const index = type.cases.findIndex(({ name }) => name === tag);
      return [...leb(index), ...part(type.cases[index]!.type, val)];
    }
    case "option": {
      const isNested = type.element.kind === "option", { tag, val } = (value ?? {}) as { tag?: string; val?: unknown };
      const isSome = isNested ? tag === "some" : value !== undefined;
      return isSome ? [1, ...literal(type.element, isNested ? val : value)] : [0];
    }
    case "result": {
      const { tag, val } = value as { tag: string; val: unknown };
      return tag === "ok" ? [0, ...part(type.ok, val)] : [1, ...part(type.err, val)];
    }
    default:
      throw new Error(`no literal of ${type.kind}`);
  }
}
