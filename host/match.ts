// Schemas against a component's types: which import or export a typed function fits, and where it does not.

import type { ResourceType, ValType } from "../abi/types.ts";
import { differFunc, type Equality, type Mismatch } from "../core/subtype.ts";
import type { FuncType } from "../abi/types.ts";
import { camelCase } from "./names.ts";
import type { Cases, Fields, FuncSchema, ResourceClass, Schema } from "./schema.ts";

type AnySchema = Schema & {
  element?: Schema;
  length: number;
  key: Schema;
  value: Schema;
  fields: Fields;
  types: readonly Schema[];
  cases: Cases;
  names: readonly string[];
  ok: Schema | null;
  err: Schema | null;
  resource: ResourceSchema;
};

/** What `t.resource` makes; it stands for a ResourceType whose class the host knows. */
export interface ResourceSchema extends ResourceType {
  readonly type: ResourceClass;
}

const memo = new WeakMap<Schema, ValType>();

/** A schema as a value type, labels spelt as the host spells them. */
function toValType(schema: Schema): ValType {
  let type = memo.get(schema);
  if (type === undefined) memo.set(schema, type = convert(schema as AnySchema));
  return type;
}

function optional(schema: Schema | null | undefined): ValType | undefined {
  return schema === null || schema === undefined ? undefined : toValType(schema);
}

function convert(schema: AnySchema): ValType {
  const kind = schema.kind as ValType["kind"];
  switch (kind) {
    case "list":
    case "option":
      return { kind, element: toValType(schema.element!) };
    case "fixed-list":
      return { kind, element: toValType(schema.element!), length: schema.length };
    case "map":
      return { kind, key: toValType(schema.key), value: toValType(schema.value) };
    case "record":
      return { kind, fields: Object.entries(schema.fields).map(([name, type]) => ({ name, type: toValType(type) })) };
    case "tuple":
      return { kind, types: schema.types.map(toValType) };
    case "variant":
      return { kind, cases: Object.entries(schema.cases).map(([name, type]) => ({ name, type: optional(type) })) };
    case "enum":
    case "flags":
      return { kind, names: schema.names };
    case "result":
      return { kind, ok: optional(schema.ok), err: optional(schema.err) };
    case "own":
    case "borrow":
      return { kind, resource: schema.resource };
    case "stream":
    case "future":
      return { kind, element: optional(schema.element) };
    default:
      return { kind };
  }
}

/** Compares a component's function with a schema. `classOf` gives the class that a resource of the component is bound to. */
export function matchFunc(
  expected: FuncType,
  found: FuncSchema,
  classOf: (type: ResourceType) => ResourceClass | undefined,
): Mismatch | undefined {
  const equality: Equality = {
    label: (wit, js) => wit === js || camelCase(wit) === js,
    resource: (type, schema) => classOf(type) === (schema as ResourceSchema).type,
  };
  return differFunc(expected, {
    params: found.params.map((param) => ({ type: toValType(param) })),
    result: optional(found.result),
    async: found.async,
  }, equality);
}
