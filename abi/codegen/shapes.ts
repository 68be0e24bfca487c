// How generated code spells types: the parts and their names in paths, the cases and their
// JavaScript values, the views of memory.
// Types enter, expressions and tables of names leave.

import { type RecordShape, recordShape } from "../codecs/records.ts";
import type { MemberNames } from "../codecs/codec.ts";
import { type NumericView, numericView } from "../types/scalar_rules.ts";
import type { OfKind, ValType } from "../types/types.ts";

/** Text as a string literal. */
export const quote: (text: string) => string = JSON.stringify;

/** A member of an object literal. `__proto__` must be computed, or it would set the prototype. */
export const member = (key: string, value: string): string =>
  `${key === "__proto__" ? '["__proto__"]' : quote(key)}: ${value}`;

const shapes = new WeakMap<ValType, RecordShape>();

/**
 * How a record looks in JavaScript. The object is made once per type, so that it becomes one
 * constant.
 */
export function shapeOfRecord(type: OfKind<"record">, memberNames: MemberNames): RecordShape {
  let shape = shapes.get(type);
  if (shape === undefined) shapes.set(type, shape = recordShape(type, memberNames));
  return shape;
}

/** The types of the parts, in order. */
export function partTypes(type: OfKind<"record" | "tuple">): readonly ValType[] {
  return type.kind === "record" ? type.fields.map((field) => field.type) : type.types;
}

/** The name of each part in a path. */
export function items(type: OfKind<"record" | "tuple">, memberNames: MemberNames): readonly string[] {
  return type.kind === "record"
    ? shapeOfRecord(type, memberNames).keys.map((key) => `.${key}`)
    : type.types.map((_, k) => `[${k}]`);
}

/** The view that stores a type of one core value. `undefined` for other types. */
export function leafView(type: ValType, size: number): NumericView | undefined {
  switch (type.kind) {
    case "bool":
    case "enum":
    case "flags":
      return discriminantView(size);
    case "char":
    case "own":
    case "borrow":
      return "u32";
    default:
      return numericView(type.kind);
  }
}

/** The name of the view whose elements have this many bytes. */
export function discriminantView(size: number): NumericView {
  return size === 1 ? "u8" : size === 2 ? "u16" : "u32";
}

/** How the cases of a variant look in JavaScript. */
export interface Shape {
  readonly payloads: readonly (ValType | undefined)[];
  item(index: number): string;
  make(index: number, payload: string | undefined): string;
}

/** Gives the shape of a type with cases. */
export function shapeOf(type: OfKind<"variant" | "option" | "result" | "enum">): Shape {
  switch (type.kind) {
    case "enum":
      return { payloads: type.names.map(() => undefined), item: () => "", make: () => "" };
    case "variant":
      return {
        payloads: type.cases.map((part) => part.type),
        item: (i) => `.${type.cases[i]!.name}`,
        make: (i, payload) =>
          `{ tag: ${quote(type.cases[i]!.name)}${payload === undefined ? "" : `, val: ${payload}`} }`,
      };
    case "option":
      return type.element.kind === "option"
        ? {
          payloads: [undefined, type.element],
          item: () => ".some",
          make: (i, payload) => i === 0 ? '{ tag: "none" }' : `{ tag: "some", val: ${payload} }`,
        }
        : { payloads: [undefined, type.element], item: () => "", make: (_, payload) => payload ?? "undefined" };
    case "result":
      return {
        payloads: [type.ok, type.err],
        item: (i) => i === 0 ? ".ok" : ".err",
        make: (i, payload) => `{ tag: ${i === 0 ? '"ok"' : '"err"'}, val: ${payload} }`,
      };
  }
}
