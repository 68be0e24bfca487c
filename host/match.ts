// Compares schemas with a component's types. A schema and a function type enter; nothing leaves, or
// a LinkError names the difference.

import { LinkError } from "../errors.ts";
import { containsView, type FuncType, type ResourceType, type ValType } from "../abi/types/types.ts";
import { hasLateView, withViews } from "../abi/types/views.ts";
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

/**
 * Gives the type of an import with the views that its host function asks for. `undefined` if it
 * asks for none.
 *
 * @param func The type of the host function. It matches the import's.
 * @param waits Whether the host function may go on after it has returned.
 */
export function viewedType(
  type: FuncType,
  func: FuncSchema,
  waits: boolean,
  display: string,
): FuncType | undefined {
  const params = func.params as readonly unknown[] as readonly ValType[];
  const viewed = withViews(type, params);
  if (viewed !== undefined && waits) {
    refuseView(`import ${display}`, "a function that is async or suspends goes on later");
  }
  if (params.some(hasLateView)) refuseView(`import ${display}`, "a stream or future is read later");
  return viewed;
}

/** Refuses views in what an export gives: the guest goes on when its caller reads them. */
export function refuseResultView({ result }: FuncSchema, path: string): void {
  if (result !== undefined && containsView(result as unknown as ValType)) {
    refuseView(`export ${path}`, "the guest may change the result of an export before it is read");
  }
}

function refuseView(what: string, why: string): never {
  throw new TypeError(`t.view is valid only until a host function returns: ${why}; use t.list (${what})`);
}
