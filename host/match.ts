// Schemas against a component's types: which import or export a typed function fits, and where it does not.

import type { FuncType, ResourceType, ValType } from "../abi/types.ts";
import { differFunc, type Mismatch } from "../core/subtype.ts";
import { camelCase } from "./names.ts";
import type { FuncSchema, ResourceClass } from "./schema.ts";

/** What `t.resource` makes; it stands for a ResourceType whose class the host knows. */
interface ResourceSchema extends ResourceType {
  readonly type: ResourceClass;
}

/** Compares a component's function with a schema. `classOf` gives the class that a resource of the component is bound to. */
export function matchFunc(
  expected: FuncType,
  found: FuncSchema,
  classOf: (type: ResourceType) => ResourceClass | undefined,
): Mismatch | undefined {
  const params = found.params as readonly unknown[] as readonly ValType[];
  return differFunc(expected, {
    params: params.map((type) => ({ type })),
    result: found.result as unknown as ValType | undefined,
    async: found.async,
  }, {
    label: (wit, js) => wit === js || camelCase(wit) === js,
    resource: (type, schema) => classOf(type) === (schema as ResourceSchema).type,
  });
}
