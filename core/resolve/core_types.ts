// Adds core type definitions to the index space of core types. Recursive groups are kept as
// references, module types are resolved.
// Spec: Explainer.md "Core Type Definitions".

import type { CoreTypeEntry } from "../module/type_space.ts";
import { CoreSpace, groupFault, isShared, valueFault } from "../module/type_space.ts";
import type { CoreExternType, CoreModuleDecl, CoreSubType, CoreTypeDef } from "../module/core_syntax.ts";
import { invalid } from "../binary/invalid.ts";
import {
  type CoreModuleType,
  resolveCoreType,
  type ResolvedCoreType,
  type ResolvedExport,
  type ResolvedImport,
} from "../module/module_type.ts";
import type { IndexSpaces, Spaces } from "./index_spaces.ts";

/** An item of the index space of core types. */
export type CoreTypeItem =
  | { readonly kind: "sub"; readonly entry: CoreTypeEntry }
  | { readonly kind: "module"; readonly type: CoreModuleType };

/** Adds a core type. A recursive group takes one index for each of its types. */
export function addCoreType(def: CoreTypeDef, scope: IndexSpaces<Spaces>, offset: number): void {
  if (def.kind === "module") {
    return addCoreTypeItem({ kind: "module", type: evaluateModuleType(def.decls, scope, offset) }, scope);
  }
  const { coreTypes } = scope, start = coreTypes.length;
  coreTypes.addGroup(def.types);
  checkGroup(def.types, coreTypes, offset);
  for (let i = start; i < coreTypes.length; i++) scope.add("core type", { kind: "sub", entry: coreTypes.at(i)! });
}

function checkGroup(types: readonly CoreSubType[], space: CoreSpace, offset: number): void {
  const fault = groupFault(types, space);
  if (fault !== undefined) invalid("core type", offset, "invalid-type", fault);
}

/** Adds the type that an alias refers to. */
export function addCoreTypeItem(item: CoreTypeItem, scope: IndexSpaces<Spaces>): void {
  scope.coreTypes.add(item.kind === "sub" ? item.entry : undefined);
  scope.add("core type", item);
}

/**
 * Says what is wrong with the type of an import or export of a module type, besides its limits. An
 * engine rejects a module for the same reasons.
 */
function itemTypeFault(item: ResolvedCoreType, space: CoreSpace): string | undefined {
  if (item.kind === "tag" && item.results.length > 0) return "invalid exception type: non-empty tag result type";
  if (item.kind !== "table" && item.kind !== "global") return undefined;
  const [type, shared, part] = item.kind === "table"
    ? [item.element, item.limits.shared, "element"]
    : [item.type, item.shared, "value"];
  const fault = valueFault(type, space);
  if (fault !== undefined || !shared || isShared(type, space)) return fault;
  return `shared ${item.kind}s must have a shared ${part} type`;
}

function evaluateModuleType(
  decls: readonly CoreModuleDecl[],
  scope: IndexSpaces<Spaces>,
  offset: number,
): CoreModuleType {
  const space = new CoreSpace();
  const imports: ResolvedImport[] = [], exports: ResolvedExport[] = [];
  const resolve = (type: CoreExternType): ResolvedCoreType => {
    const item = resolveCoreType(type, space);
    if (item === undefined) invalid("core type", offset, "unknown-index", "type", (type as { type: number }).type);
    const fault = itemTypeFault(item, space);
    if (fault !== undefined) invalid("core type", offset, "invalid-type", fault);
    return item;
  };
  for (const decl of decls) {
    switch (decl.kind) {
      case "type":
        space.addGroup(decl.types);
        checkGroup(decl.types, space, offset);
        break;
      case "alias": {
        if (decl.count === 0) invalid("core type", offset, "invalid-type", "invalid outer alias count of 0");
        const item = scope.outer(decl.count - 1, offset).get("core type", decl.index, offset);
        space.add(item.kind === "sub" ? item.entry : undefined);
        break;
      }
      case "import":
        imports.push({ module: decl.module, name: decl.name, type: resolve(decl.type) });
        break;
      case "export":
        exports.push({ name: decl.name, type: resolve(decl.type) });
        break;
    }
  }
  return { imports, exports, space };
}
