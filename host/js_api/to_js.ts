// `ToJSValue`: a value of the library's own as the draft has it in JavaScript. It cannot fail, and no
// script sees it at work.
// A type enters, a function leaves; `undefined` if the two are the same value.
// Draft: JS-Reference.md `ToJSValue` and the operations that it names.

import { absurd, isPrimitive, type ValType } from "../../abi/types/types.ts";
import { futureToJs, streamToJs } from "./async_values.ts";
import type { ToJs, TypeConversions } from "./crossing.ts";
import { forEachEntry, setEntry, setPrototypeOf } from "./intrinsics.ts";
import { listObject } from "./list_objects.ts";
import { memberNames } from "../names.ts";
import { fieldNames } from "./names.ts";
import { bareCode, MAX_MEMBERS } from "./object_code.ts";
import { labelIndex } from "./scalars.ts";
import { casesOf } from "./to_component.ts";

/** An object that inherits nothing. In V8 it is made faster like this than by `Object.create(null)`. */
function bare(): Record<string, unknown> {
  return setPrototypeOf({}, null) as Record<string, unknown>;
}

/** `ToJSValueRecord`, `ToJSValueFlags`. */
function fieldsToJs(labels: readonly string[], fields: readonly (ToJs | undefined)[], generates: boolean): ToJs {
  const keys = fieldNames(labels), members = memberNames(labels), count = keys.length;
  if (generates && count <= MAX_MEMBERS) return bareCode({ keys, members }, fields);
  return (value, crossing) => {
    const object = bare();
    for (let k = 0; k < count; k++) {
      const field = (value as Record<string, unknown>)[members[k]!], convert = fields[k];
      object[keys[k]!] = convert === undefined ? field : convert(field, crossing);
    }
    return object;
  };
}

/** `ToJSValueVariant`. */
function variantToJs(type: ValType, conversions: TypeConversions): ToJs {
  const cases = casesOf(type)!.map(({ label, type }) => ({
    label,
    hasPayload: type !== undefined,
    convert: type && conversions.toJs(type),
  }));
  const indexOf = labelIndex(casesOf(type)!.map(({ tag }) => tag));
  return (value, crossing) => {
    const { tag, val } = value as { tag: string; val?: unknown };
    const { label, hasPayload, convert } = cases[indexOf(tag)!]!, object = bare();
    object["kind"] = label;
    if (hasPayload) object["value"] = convert === undefined ? val : convert(val, crossing);
    return object;
  };
}

/** `ToJSValueList`: a typed array is copied to an Array. */
function numbersToJs(value: unknown): unknown {
  const numbers = value as ArrayLike<unknown>, { length } = numbers;
  const list = new Array<unknown>(length);
  for (let i = 0; i < length; i++) list[i] = numbers[i];
  return listObject(list);
}

function listToJs(element: ToJs | undefined): ToJs {
  if (element === undefined) return (value) => listObject(value as unknown[]);
  return (value, crossing) => {
    const elements = value as readonly unknown[], { length } = elements, list = new Array<unknown>(length);
    for (let i = 0; i < length; i++) list[i] = element(elements[i], crossing);
    return listObject(list);
  };
}

function tupleToJs(parts: readonly (ToJs | undefined)[]): ToJs {
  return (value, crossing) => {
    const elements = value as readonly unknown[], { length } = parts, list = new Array<unknown>(length);
    for (let i = 0; i < length; i++) {
      const part = parts[i];
      list[i] = part === undefined ? elements[i] : part(elements[i], crossing);
    }
    return listObject(list);
  };
}

/** `ToJSValueMap`. The library's own Map is one already; keys are the same in both. */
function mapToJs(convert: ToJs | undefined): ToJs | undefined {
  if (convert === undefined) return undefined;
  return (value, crossing) => {
    const map = new Map();
    forEachEntry(value as Map<unknown, unknown>, (mapped, key) => setEntry(map, key, convert(mapped, crossing)));
    return map;
  };
}

/** Types whose lists are typed arrays in the library's own values. */
const numbers: ReadonlySet<string> = new Set(["s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"]);

/** Makes the conversion of a type. */
export function makeToJs(type: ValType, conversions: TypeConversions): ToJs | undefined {
  if (isPrimitive(type)) return undefined;
  switch (type.kind) {
    case "list":
    case "fixed-list":
      if (type.element.kind === "u8") return undefined;
      return numbers.has(type.element.kind) ? numbersToJs : listToJs(conversions.toJs(type.element));
    case "map":
      return mapToJs(conversions.toJs(type.value));
    case "record":
      return fieldsToJs(
        type.fields.map(({ name }) => name),
        type.fields.map((field) => conversions.toJs(field.type)),
        conversions.generates,
      );
    case "flags":
      return fieldsToJs(type.names, type.names.map(() => undefined), conversions.generates);
    case "tuple":
      return tupleToJs(type.types.map((part) => conversions.toJs(part)));
    case "enum":
      return undefined;
    case "option": {
      if (type.element.kind === "option") return variantToJs(type, conversions);
      const some = conversions.toJs(type.element);
      return (value, crossing) => value === undefined ? null : some === undefined ? value : some(value, crossing);
    }
    case "variant":
    case "result":
      return variantToJs(type, conversions);
    case "own": {
      const resource = conversions.resource(type);
      return (value, { resources }) => resources[resource]!.ownToJs(value);
    }
    case "borrow": {
      const resource = conversions.resource(type);
      return (value, crossing) => crossing.resources[resource]!.borrowToJs(value, crossing);
    }
    case "stream":
      return streamToJs(type.element && conversions.toJs(type.element));
    case "future":
      return futureToJs(type.element && conversions.toJs(type.element));
    default:
      return absurd(type);
  }
}
