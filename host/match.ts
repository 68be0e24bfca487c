// Schemas against a component's types: which import or export a typed function fits, and where it does not.

import { LinkError } from "../errors.ts";
import type { FuncType, ResourceType, ValType } from "../abi/types/types.ts";
import { differFunc, Pairs, placed } from "../core/validate/subtype.ts";
import { camelCase } from "./names.ts";
import type { FuncSchema, ResourceClass } from "./schema.ts";

/** What `t.resource` makes; it stands for a ResourceType whose class the host knows. */
interface ResourceSchema extends ResourceType {
  readonly type: ResourceClass;
}

/**
 * Throws a LinkError unless a schema fits a component's function.
 *
 * @param classOf Gives the class that a resource of the component is bound to.
 * @param what What cannot be done then: `link import …`.
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
