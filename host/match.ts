// Compares schemas with a component's types. A schema and a function type enter; nothing leaves, or
// a LinkError names the difference.

import { LinkError } from "../errors.ts";
import { containsView, type FuncType, type ResourceType, type ValType } from "../abi/types/types.ts";
import { hasLateView, withResultViews, withViews } from "../abi/types/views.ts";
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

/**
 * Gives an export's type with the views that its caller asks for in the result.
 *
 * @param reads Whether the result is read before the guest frees it.
 */
export function resultViews(type: FuncType, { result }: FuncSchema, reads: boolean, path: string): FuncType {
  const wanted = result as unknown as ValType | undefined;
  if (wanted === undefined || !containsView(wanted)) return type;
  if (!reads) {
    throw new TypeError(
      `the result of an export can be a t.view only where it is read at once: pass { read: (value) => … } or use t.list (export ${path})`,
    );
  }
  if (hasLateView(wanted)) refuseView(`export ${path}`, "a stream or future is read later");
  return withResultViews(type, wanted);
}

function refuseView(what: string, why: string): never {
  throw new TypeError(`t.view is valid only until a host function returns: ${why}; use t.list (${what})`);
}
