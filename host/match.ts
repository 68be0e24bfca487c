// Compares schemas with a component's types. A schema and a function type enter; nothing leaves, or
// a LinkError names the difference.

import { LinkError } from "../errors.ts";
import type { FuncType, ResourceType, ValType } from "../abi/types/types.ts";
import { differFunc, Pairs, placed } from "../core/validate/subtype.ts";
import { camelCase } from "./names.ts";
import type { FuncSchema, ResourceClass } from "./schema.ts";

/**
 * The resource that `t.resource` makes. It stands for a ResourceType whose class the host knows.
 */
interface ResourceSchema extends ResourceType {
  readonly type: ResourceClass;
}

/**
 * Throws a LinkError unless a schema fits a component's function.
 *
 * @param classOf Gives the class of a resource of the component.
 * @param what The action that fails then: `link import …`.
 */
export function requireMatch(
  expected: FuncType,
  found: FuncSchema,
  classOf: (type: ResourceType) => ResourceClass | undefined,
  what: string,
  path: string,
): void {
  const params = found.params as readonly unknown[] as readonly ValType[];
  const mismatch = differFunc(expected, {
    params: params.map((type) => ({ type })),
    result: found.result as unknown as ValType | undefined,
    async: found.async,
  }, {
    same: new Pairs(),
    label: (wit, js) => wit === js || camelCase(wit) === js,
    resource: (type, schema) => classOf(type) === (schema as ResourceSchema).type,
  });
  if (mismatch === undefined) return;
  throw new LinkError("type-mismatch", what, path, placed(mismatch));
}
