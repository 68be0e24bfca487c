// Random types, random values of a type, the schema of a type, and whether two values are the same
// by the README's table. Labels are chosen to collide with what JS objects have already
// (`constructor`, `then`) and with each other in camelCase.

import fc, { type Arbitrary } from "fast-check";
import type { AddressType } from "../../abi/types/core_values.ts";
import { numericView } from "../../abi/types/scalar_rules.ts";
import type { PrimitiveKind, ResourceType, ValType } from "../../abi/types/types.ts";
import { features, type ResourceClass, type Schema, t } from "@windlass/component";
import type { Signature } from "./encoder.ts";
import { flatTypes } from "./flat_types.ts";

// Types.

const mapKeys = ["bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "char", "string"] as const;
const primitiveKinds = [...mapKeys, "f32", "f64", "string", "string", "string"] as const;

const label = fc.oneof(
  { arbitrary: fc.constantFrom("a", "a1", "a-1", "b-c", "get-HTTP", "X-Y2", "x-2-y"), weight: 3 },
  {
    arbitrary: fc.constantFrom("constructor", "to-string", "value-of", "then", "tag", "val", "length", "name", "some"),
    weight: 2,
  },
  { arbitrary: fc.stringMatching(/^[a-z][0-9a-z]{0,4}(-[0-9a-z]{1,3}){0,2}$/), weight: 3 },
);

/** Labels of one scope: unique however they are capitalised. */
function labels(minLength: number, maxLength: number): Arbitrary<string[]> {
  return fc.uniqueArray(label, { minLength, maxLength, selector: (text) => text.toLowerCase() });
}

function numbered(prefix: string, min: number, max: number): Arbitrary<string[]> {
  return fc.integer({ min, max }).map((count) => Array.from({ length: count }, (_, i) => `${prefix}${i}`));
}

const primitive: Arbitrary<ValType> = fc.constantFrom(...primitiveKinds).map((kind): ValType => ({ kind }));
const flags: Arbitrary<ValType> = fc.oneof(labels(1, 6), numbered("f", 1, 32))
  .map((names): ValType => ({ kind: "flags", names }));
const enumeration: Arbitrary<ValType> = fc.oneof(
  { arbitrary: labels(1, 5), weight: 3 },
  { arbitrary: numbered("case-", 250, 300), weight: 1 },
).map((names): ValType => ({ kind: "enum", names }));

function record(names: readonly string[], types: readonly ValType[]): ValType {
  return { kind: "record", fields: names.map((name, i) => ({ name, type: types[i]! })) };
}

/** `T?`: a type or nothing. */
const optional = (type: Arbitrary<ValType>): Arbitrary<ValType | undefined> => fc.option(type, { nil: undefined });

/** Value types. With `resources`, some hold `own` handles of those. */
export function types(resources: readonly ResourceType[] = []): Arbitrary<ValType> {
  const owns = resources.map((resource): ValType => ({ kind: "own", resource }));
  const leaf = owns.length === 0
    ? fc.oneof({ arbitrary: primitive, weight: 6 }, { arbitrary: flags, weight: 1 }, {
      arbitrary: enumeration,
      weight: 1,
    })
    : fc.oneof(fc.constantFrom(...owns), primitive);
  return fc.letrec<{ type: ValType }>((tie) => {
    const type = tie("type");
    const nested = (arbitrary: Arbitrary<ValType>, weight: number) => ({ arbitrary, weight });
    return {
      type: fc.oneof(
        { maxDepth: 3, withCrossShrink: true, depthIdentifier: "type" },
        { arbitrary: leaf, weight: 5 },
        nested(type.map((element): ValType => ({ kind: "list", element })), 4),
        nested(type.map((element): ValType => ({ kind: "option", element })), 2),
        nested(type.map((element): ValType => ({ kind: "option", element: { kind: "option", element } })), 1),
        nested(
          labels(1, 5).chain((names) =>
            fc.array(type, { minLength: names.length, maxLength: names.length }).map((of) => record(names, of))
          ),
          3,
        ),
        nested(
          fc.tuple(numbered("field-", 17, 20), fc.array(leaf, { minLength: 20, maxLength: 20 })).map(([names, of]) =>
            record(names, of)
          ),
          1,
        ),
        nested(
          fc.array(type, { minLength: 1, maxLength: 4 }).map((of): ValType => ({ kind: "tuple", types: of })),
          2,
        ),
        nested(
          labels(1, 6).chain((names) =>
            fc.array(optional(type), { minLength: names.length, maxLength: names.length }).map((of): ValType => ({
              kind: "variant",
              cases: names.map((name, i) => ({ name, type: of[i] })),
            }))
          ),
          4,
        ),
        nested(fc.tuple(optional(type), optional(type)).map(([ok, err]): ValType => ({ kind: "result", ok, err })), 2),
        nested(
          fc.tuple(type, fc.integer({ min: 1, max: 6 })).map(([element, length]): ValType => ({
            kind: "fixed-list",
            element,
            length,
          })),
          2,
        ),
        nested(
          fc.tuple(fc.constantFrom(...mapKeys), type).map(([key, value]): ValType => ({
            kind: "map",
            key: { kind: key },
            value,
          })),
          2,
        ),
      ),
    };
  }).type;
}

/** Signatures: up to 20 parameters of any types, with or without a result. */
export function signatures(resources: readonly ResourceType[] = []): Arbitrary<Signature> {
  const type = types(resources);
  const params = fc.oneof(
    { arbitrary: fc.array(type, { maxLength: 4 }), weight: 3 },
    { arbitrary: fc.array(primitive, { minLength: 12, maxLength: 20 }), weight: 1 },
  );
  const borrowed = fc.array(fc.constantFrom(...resources, undefined), { maxLength: 3 });
  return fc.tuple(params, optional(type), borrowed).map(([own, result, borrow]) => {
    const borrows = borrow.flatMap((resource): ValType[] => resource ? [{ kind: "borrow", resource }] : []);
    // The core code that drops borrows wants them as flat parameters.
    const all = flatTypes({ kind: "tuple", types: own }).length + borrows.length > 16 ? own : [...own, ...borrows];
    return { params: all.map((of, i) => ({ name: `p${i}`, type: of })), result };
  });
}

// Values.

const ranges: Readonly<Record<string, readonly [bits: number, signed: boolean]>> = {
  u8: [8, false],
  s8: [8, true],
  u16: [16, false],
  s16: [16, true],
  u32: [32, false],
  s32: [32, true],
};

const character = fc.oneof(fc.string({ unit: "binary", minLength: 1, maxLength: 1 }), fc.constantFrom("\0", "\ud7ff"));
const text = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  // Latin-1 up to a point: the guest's representation changes on the way.
  fc.tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom("x", "é", "☃", "💩"), fc.constantFrom("", "é", "☃", "💩"))
    .map(([count, unit, end]) => unit.repeat(count) + end),
);

const numbers: Readonly<Record<string, { readonly value: Arbitrary<unknown>; readonly array: TypedArrayClass }>> = {
  ...Object.fromEntries(
    ([["u8", Uint8Array], ["s8", Int8Array], ["u16", Uint16Array], ["s16", Int16Array], ["u32", Uint32Array], [
      "s32",
      Int32Array,
    ]] as const)
      .map(([kind, array]) => {
        const [bits, signed] = ranges[kind]!;
        const min = signed ? -(2 ** (bits - 1)) : 0, max = min + 2 ** bits - 1;
        return [kind, { value: fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max)), array }];
      }),
  ),
  u64: { value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), array: BigUint64Array },
  s64: { value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), array: BigInt64Array },
  f32: { value: fc.oneof(fc.float(), fc.constantFrom(-0, NaN, Math.fround(1e-45))), array: Float32Array },
  f64: { value: fc.oneof(fc.double(), fc.constantFrom(-0, NaN, 5e-324)), array: Float64Array },
};

interface TypedArrayClass {
  // deno-lint-ignore no-explicit-any
  from(values: any): ArrayLike<unknown>;
  readonly name: string;
}

/** What `list<T>` is in JS: the typed array for numbers, otherwise an array. */
function list(element: ValType, minLength: number, maxLength: number, of: ObjectsOf): Arbitrary<unknown> {
  const array = fc.array(values(element, of), { minLength, maxLength });
  const numeric = numbers[element.kind];
  return numeric === undefined ? array : array.map((items) => numeric.array.from(items));
}

/** Gives an object of a resource type. */
export type ObjectsOf = (resource: ResourceType) => unknown;
const noObjects: ObjectsOf = () => {
  throw new Error("no resources are expected");
};

/** Values of a type, as JS gets them. */
export function values(type: ValType, of: ObjectsOf = noObjects): Arbitrary<unknown> {
  switch (type.kind) {
    case "bool":
      return fc.boolean();
    case "char":
      return character;
    case "string":
      return text;
    case "list":
      return list(type.element, 0, type.element.kind in numbers ? 20 : 4, of);
    case "fixed-list":
      return list(type.element, type.length, type.length, of);
    case "map":
      return fc.array(fc.tuple(values(type.key), values(type.value, of)), { maxLength: 4 })
        .map((entries) => new Map(entries));
    case "record": {
      const names = jsNames(type.fields.map((field) => field.name));
      return fc.tuple(...type.fields.map((field) => values(field.type, of)))
        .map((parts) => Object.fromEntries(parts.map((part, i) => [names[i]!, part])));
    }
    case "tuple":
      return fc.tuple(...type.types.map((part) => values(part, of)));
    case "variant":
      return fc.oneof(...type.cases.map(({ name, type }) => {
        return type ? values(type, of).map((val) => ({ tag: name, val })) : fc.constant({ tag: name });
      }));
    case "enum":
      return fc.oneof(fc.constantFrom(...type.names), fc.constant(type.names.at(-1)!));
    case "flags": {
      const names = jsNames(type.names);
      return fc.array(fc.boolean(), { minLength: names.length, maxLength: names.length })
        .map((set) => Object.fromEntries(set.map((bit, i) => [names[i]!, bit])));
    }
    case "option": {
      const some = values(type.element, of);
      return type.element.kind === "option"
        ? fc.oneof(fc.constant({ tag: "none" }), some.map((val) => ({ tag: "some", val })))
        : fc.option(some, { nil: undefined });
    }
    case "result": {
      const [ok, err] = [type.ok, type.err].map((part) => part ? values(part, of) : fc.constant(undefined));
      return fc.oneof(ok!.map((val) => ({ tag: "ok", val })), err!.map((val) => ({ tag: "err", val })));
    }
    case "own":
    case "borrow":
      return fc.constant(type.resource).map(of);
    default:
      return numbers[type.kind]!.value;
  }
}

/** Members of records and flags in JS: camelCase, unless two would be the same. */
export function jsNames(names: readonly string[]): string[] {
  const camel = names.map((each) => each.toLowerCase().replace(/-(.)/g, (_, first: string) => first.toUpperCase()));
  return names.map((each, i) => camel.filter((other) => other === camel[i]).length > 1 ? each : camel[i]!);
}

// Schemas.

/** The class that a resource is bound to. */
export type ClassOf = (resource: ResourceType) => ResourceClass;
const noClasses: ClassOf = noObjects as ClassOf;

/** The schema that somebody who knows a type writes for it, with views where these are possible. */
export function schemaOf(type: ValType, classOf: ClassOf = noClasses, views = false): Schema {
  const of = (part: ValType): Schema => schemaOf(part, classOf, views);
  const maybe = (part: ValType | undefined): Schema | null => part === undefined ? null : of(part);
  switch (type.kind) {
    case "list":
      return views && numericView(type.element.kind) !== undefined
        ? t.view(of(type.element) as typeof t.u8)
        : t.list(of(type.element));
    case "fixed-list":
      return t.fixedList(of(type.element), type.length);
    case "map":
      return t.map(of(type.key), of(type.value));
    case "record": {
      const names = jsNames(type.fields.map((field) => field.name));
      return t.record(Object.fromEntries(type.fields.map((field, i) => [names[i]!, of(field.type)])));
    }
    case "tuple":
      return t.tuple(type.types.map(of));
    case "variant":
      return t.variant(Object.fromEntries(type.cases.map((part) => [part.name, maybe(part.type)])));
    case "enum":
      return t.enum(type.names);
    case "flags":
      return t.flags(jsNames(type.names));
    case "option":
      return t.option(of(type.element));
    case "result":
      return t.result(maybe(type.ok), maybe(type.err));
    case "own":
    case "borrow":
      return t[type.kind](t.resource(type.resource.name!, classOf(type.resource)));
    default:
      return t[type.kind as Exclude<PrimitiveKind, "error-context">];
  }
}

// Equality.

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 4, strAbbreviateSize: 80, breakLength: Infinity });
}

/** The first place where two values of a type differ; nothing if they are the same. */
export function difference(type: ValType, expected: unknown, actual: unknown, path = "value"): string | undefined {
  const wrong = `${path}: expected ${show(expected)}, found ${show(actual)}`;
  if (typeof expected !== "object" || expected === null || type.kind === "own" || type.kind === "borrow") {
    return Object.is(expected, actual) ? undefined : wrong;
  }
  if (typeof actual !== "object" || actual === null) return wrong;
  const inside = (part: ValType, key: string): string | undefined =>
    difference(
      part,
      (expected as Record<string, unknown>)[key],
      (actual as Record<string, unknown>)[key],
      `${path}.${key}`,
    );
  const first = (found: readonly (string | undefined)[]): string | undefined =>
    found.find((each) => each !== undefined);
  switch (type.kind) {
    case "list":
    case "fixed-list":
    case "tuple": {
      const items = expected as ArrayLike<unknown>;
      if (expected.constructor !== actual.constructor || items.length !== (actual as typeof items).length) return wrong;
      return first(Array.from(items, (_, i) => inside(type.kind === "tuple" ? type.types[i]! : type.element, `${i}`)));
    }
    case "map": {
      if (!(actual instanceof Map)) return wrong;
      const entry: ValType = { kind: "list", element: { kind: "tuple", types: [type.key, type.value] } };
      return difference(entry, [...expected as Map<unknown, unknown>], [...actual], path);
    }
  }
  const keys = Object.keys(expected);
  if (Object.keys(actual).length !== keys.length || !keys.every((key) => Object.hasOwn(actual, key))) return wrong;
  switch (type.kind) {
    case "record":
      return first(keys.map((key, i) => inside(type.fields[i]!.type, key)));
    case "flags":
      return first(keys.map((key) => inside({ kind: "bool" }, key)));
    case "option":
      if (type.element.kind !== "option") return difference(type.element, expected, actual, path);
  }
  const { tag } = expected as { tag: string };
  if (tag !== (actual as { tag?: unknown }).tag) return wrong;
  const payload = payloadOf(type, tag);
  return payload === undefined ? first(keys.map((key) => inside({ kind: "bool" }, key))) : inside(payload, "val");
}

function payloadOf(type: ValType, tag: string): ValType | undefined {
  if (type.kind === "option") return tag === "some" ? type.element : undefined;
  if (type.kind === "result") return tag === "ok" ? type.ok : type.err;
  return type.kind === "variant" ? type.cases.find((part) => part.name === tag)?.type : undefined;
}

/** Address types of memories: half of them have 64 bits, where the engine has such. */
export const addressTypes: Arbitrary<AddressType> = features.memory64
  ? fc.constantFrom("i32", "i64")
  : fc.constant("i32");

/** Every kind of type that lies in memory: for tests that make few components. */
export const everything: ValType = {
  kind: "list",
  element: {
    kind: "tuple",
    types: [
      ...(["bool", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "char", "string"] as const)
        .map((kind): ValType => ({ kind })),
      { kind: "flags", names: Array.from({ length: 12 }, (_, i) => `f${i}`) },
      { kind: "flags", names: Array.from({ length: 20 }, (_, i) => `f${i}`) },
      { kind: "enum", names: Array.from({ length: 300 }, (_, i) => `e${i}`) },
      {
        kind: "result",
        ok: { kind: "list", element: { kind: "u16" } },
        err: { kind: "option", element: { kind: "f64" } },
      },
      { kind: "fixed-list", element: { kind: "s64" }, length: 2 },
      { kind: "map", key: { kind: "u32" }, value: { kind: "string" } },
    ],
  },
};
