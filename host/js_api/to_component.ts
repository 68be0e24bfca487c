// `ToComponentValue`: a value of JavaScript as a value of the library's own, which its codecs lower
// without running any more code of a script's.
// A type enters, a function leaves. It is made once for each type.
// Draft: JS-Reference.md `ToComponentValue` and the operations that it names. Where a property is
// asked for by `GetOwnProperty`, the property's value is meant: `undefined` if there is none.

import { within } from "../../errors.ts";
import { absurd, formatType, isPrimitive, type OfKind, type ValType } from "../../abi/types/types.ts";
import { futureFromJs, streamFromJs } from "./async_values.ts";
import type { Crossing, ToComponent, TypeConversions } from "./crossing.ts";
import { hasOwn, isObject } from "./intrinsics.ts";
import { listConversion, mapConversion, pairOf, tupleConversion } from "./lists_in.ts";
import { memberNames } from "../names.ts";
import { fieldNames } from "./names.ts";
import { flagsCode, MAX_MEMBERS, recordCode } from "./object_code.ts";
import { refuse } from "./refuse.ts";
import { enumFrom, labelIndex, scalars, toText } from "./scalars.ts";

/** The value of an own property; `undefined` if there is none. */
function ownValue(object: object, key: string): unknown {
  return hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;
}

/** An object with all members of the library's own value, to copy: none of them is looked for in a prototype then. */
function templateOf(keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, undefined]));
}

function missingField(type: ValType): never {
  refuse(formatType(type), undefined);
}

/** `ToComponentValueRecord`. */
function recordFrom(type: OfKind<"record">, conversions: TypeConversions): ToComponent {
  const labels = type.fields.map(({ name }) => name), count = labels.length;
  const keys = fieldNames(labels), members = memberNames(labels), template = templateOf(members);
  const fields = type.fields.map((field) => conversions.toComponent(field.type));
  const mayMiss = type.fields.map((field) => isNullable(field.type));
  const expected = formatType(type);
  if (conversions.generates && count <= MAX_MEMBERS) {
    const missing = type.fields.map((field) => isNullable(field.type) ? undefined : () => missingField(field.type));
    const convert = recordCode({ keys, members }, fields, missing, (error, k) => within(error, `.${keys[k]}`));
    return (value, crossing) => isObject(value) ? convert(value, crossing) : refuse(expected, value);
  }
  return (value, crossing) => {
    if (!isObject(value)) refuse(expected, value);
    const made = { ...template };
    let k = 0;
    try {
      for (; k < count; k++) {
        const field = ownValue(value, keys[k]!);
        if (field === undefined && !mayMiss[k]) missingField(type.fields[k]!.type);
        made[members[k]!] = fields[k]!(field, crossing);
      }
    } catch (error) {
      throw within(error, `.${keys[k]}`);
    }
    return made;
  };
}

/** `ToComponentValueFlags`. */
function flagsFrom(type: OfKind<"flags">, { generates }: TypeConversions): ToComponent {
  const keys = fieldNames(type.names), members = memberNames(type.names), template = templateOf(members);
  const expected = formatType(type);
  if (generates && keys.length <= MAX_MEMBERS) {
    const convert = flagsCode({ keys, members });
    return (value) => isObject(value) ? convert(value) : refuse(expected, value);
  }
  return (value) => {
    if (!isObject(value)) refuse(expected, value);
    const made = { ...template };
    for (let k = 0; k < keys.length; k++) made[members[k]!] = Boolean(ownValue(value, keys[k]!));
    return made;
  };
}

/** A case: its label in the draft, its tag in the library's own values, its payload's type. */
interface CaseForm {
  readonly label: string;
  readonly tag: string;
  readonly type: ValType | undefined;
}

/**
 * The cases of a type that is a variant in the draft; `undefined` for other types. A `result` has the
 * labels of its despecialized form.
 */
export function casesOf(type: ValType): readonly CaseForm[] | undefined {
  switch (type.kind) {
    case "variant":
      return type.cases.map(({ name, type }) => ({ label: name, tag: name, type }));
    case "result":
      return [{ label: "ok", tag: "ok", type: type.ok }, { label: "error", tag: "err", type: type.err }];
    case "option":
      if (type.element.kind !== "option") return undefined;
      return [{ label: "none", tag: "none", type: undefined }, { label: "some", tag: "some", type: type.element }];
    default:
      return undefined;
  }
}

/** Whether a type is an `option` whose `none` is `null`. */
export function isNullable(type: ValType): boolean {
  return type.kind === "option" && type.element.kind !== "option";
}

/** `ToComponentValueVariant`. */
function variantFrom(
  type: ValType,
  cases: readonly CaseForm[],
  conversions: TypeConversions,
): ToComponent {
  const indexOf = labelIndex(cases.map(({ label }) => label)), expected = formatType(type);
  const payloads = cases.map((part) => part.type && conversions.toComponent(part.type));
  return (value, crossing) => {
    if (!isObject(value)) refuse(`${expected} (an object with a kind)`, value);
    const kind = toText(ownValue(value, "kind"));
    const index = indexOf(kind) ?? refuse(`${expected} (its kind)`, kind);
    const { tag, label } = cases[index]!, payload = payloads[index];
    if (payload === undefined) return { tag, val: undefined };
    try {
      return { tag, val: payload(ownValue(value, "value"), crossing) };
    } catch (error) {
      throw within(error, `.${label}`);
    }
  };
}

/** Makes the conversion of a type. */
export function makeToComponent(type: ValType, conversions: TypeConversions): ToComponent {
  if (isPrimitive(type)) return scalars[type.kind];
  const cases = casesOf(type);
  if (cases !== undefined) return variantFrom(type, cases, conversions);
  switch (type.kind) {
    case "list":
    case "fixed-list":
      return listConversion(type, conversions.toComponent(type.element));
    case "map": {
      const { key, value } = type;
      const [keys, values, pairs] = [key, value, { kind: "list", element: pairOf(type) } as const]
        .map((part) => conversions.toComponent(part)) as [ToComponent, ToComponent, ToComponent];
      return mapConversion(type, keys, values, pairs);
    }
    case "record":
      return recordFrom(type, conversions);
    case "tuple":
      return tupleConversion(type, type.types.map((part) => conversions.toComponent(part)));
    case "flags":
      return flagsFrom(type, conversions);
    case "enum":
      return enumFrom(type);
    case "option": {
      const some = conversions.toComponent(type.element);
      return (value, crossing) => value === null || value === undefined ? undefined : some(value, crossing);
    }
    case "own": {
      const resource = conversions.resource(type);
      return (value, { resources }: Crossing) => resources[resource]!.ownToComponent(value);
    }
    case "borrow": {
      const resource = conversions.resource(type);
      return (value, crossing) => crossing.resources[resource]!.borrowToComponent(value, crossing);
    }
    case "stream":
    case "future": {
      const { element } = type, differs = element !== undefined && conversions.toJs(element) !== undefined;
      if (!differs) return (value) => value;
      return (type.kind === "stream" ? streamFromJs : futureFromJs)(conversions.toComponent(element));
    }
    case "variant":
    case "result":
      return variantFrom(type, casesOf(type)!, conversions);
    default:
      return absurd(type);
  }
}
