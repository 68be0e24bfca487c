// Turns the types of imports and exports into plan items. Component and instance types are
// evaluated where they are used.
// A Maker decides what their abstract parts become: leaves of the host's imports, or placeholders
// for what nobody has given yet.
// Spec: Explainer.md "Type Definitions".

import { nameResourceType } from "../../abi/types/resource_slots.ts";
import type { FuncType, ResourceType, ValType } from "../../abi/types/types.ts";
import { addAlias } from "./aliases.ts";
import { type Budget, SCOPE_WEIGHT, weigh } from "../resolve/budget.ts";
import type { ExternTypeDef, NameDef, TypeDef } from "../decode/syntax.ts";
import { addCoreType, type CoreTypeItem } from "../resolve/core_types.ts";
import { invalid } from "../binary/invalid.ts";
import { MAX_NESTING } from "../binary/limits.ts";
import type { CoreModuleType } from "../module/module_type.ts";
import type {
  DeclaredType,
  FuncRef,
  ModuleRef,
  NamedPlanItem,
  PlanComponent,
  PlanInstance,
  PlanItem,
  PlanType,
  PlanValue,
} from "./plan_types.ts";
import { PlanScope } from "./plan_scope.ts";
import { evaluateValueType, valueAt } from "../resolve/value_types.ts";

/**
 * The names from an import to the root, innermost first, so that siblings share the names above
 * them.
 */
export interface Path {
  readonly parent: Path | undefined;
  readonly name: NameDef;
  readonly depth: number;
}

/** Gives a path that is one name longer. */
export function extend(parent: Path | undefined, name: NameDef): Path {
  return { parent, name, depth: (parent?.depth ?? 0) + 1 };
}

/**
 * Makes the plan items for abstract imports and exports. `path` leads to the item from the root.
 */
export interface Maker {
  /** The budget for unfolding definitions. Everything that unfolds one component shares it. */
  readonly budget: Budget;
  func(path: Path, type: FuncType): FuncRef;
  resource(path: Path): ResourceType;
  /** Notes that an import or export must be a resource type that exists already. */
  sameResource(path: Path, type: ResourceType): void;
  /** Gives a value. With `same`, it must be equal to that value. */
  value(path: Path, type: ValType, same: PlanValue | undefined): PlanValue;
  module(path: Path, type: CoreModuleType): ModuleRef;
  component(path: Path, type: DeclaredType): PlanComponent;
  /** Notes an instance that has no exports. */
  emptyInstance(path: Path): void;
}

/**
 * Evaluates a type definition that is not a resource. The planner makes resource types, because it
 * gives them slots.
 */
export function evaluateType(def: TypeDef, scope: PlanScope, offset: number, budget: Budget): PlanType {
  return def.kind === "component" || def.kind === "instance"
    ? { kind: def.kind, decls: def.decls, scope }
    : evaluateValueType(def, scope, offset, budget);
}

/**
 * Makes an instance with some exports. Instances nest in instances and every walk over them
 * recurses, so their depth is limited.
 */
export function planInstance(exports: ReadonlyMap<string, NamedPlanItem>, offset: number): PlanInstance {
  let depth = 1;
  for (const { item } of exports.values()) {
    if (item.sort === "instance") depth = Math.max(depth, item.instance.depth + 1);
  }
  if (depth > MAX_NESTING) invalid("instance", offset, "nesting-too-deep");
  return { exports, depth };
}

/** Makes the plan item for an `externtype`, with a Maker. */
export function makeExtern(
  def: ExternTypeDef,
  name: NameDef,
  path: Path,
  scope: PlanScope,
  maker: Maker,
  offset: number,
): PlanItem {
  switch (def.kind) {
    case "func":
      return { sort: "func", func: maker.func(path, scope.typeOf("func", def.type, offset).type) };
    case "value": {
      const { bound } = def;
      const same = bound.kind === "eq" ? scope.get("value", bound.value, offset) : undefined;
      const type = bound.kind === "type" ? valueAt(bound.type, scope, offset).type : same!.type;
      return { sort: "value", value: maker.value(path, type, same) };
    }
    case "type": {
      if (def.bound.kind === "eq") {
        const type = scope.get("type", def.bound.type, offset);
        if (type.kind === "resource") maker.sameResource(path, type.type);
        return { sort: "type", type };
      }
      const type = maker.resource(path);
      nameResourceType(type, name.name);
      return { sort: "type", type: { kind: "resource", type } };
    }
    case "instance":
      return { sort: "instance", instance: makeInstance(scope.typeOf("instance", def.type, offset), path, maker) };
    case "component": {
      const component = maker.component(path, scope.typeOf("component", def.type, offset));
      return { sort: "component", component };
    }
    case "core-module": {
      const { type } = scope.get("core type", def.type, offset) as CoreTypeItem & { kind: "module" };
      return { sort: "core module", module: maker.module(path, type) };
    }
  }
}

/** Makes an instance with the exports that an instance type declares. */
export function makeInstance(type: DeclaredType, path: Path, maker: Maker): PlanInstance {
  const exports = evaluateDecls(type, path, maker);
  if (exports.size === 0) maker.emptyInstance(path);
  return planInstance(exports, type.decls[0]?.offset ?? 0);
}

/** Gives the plan item for an import of a component type, if somebody provides it. */
export type Supply = (name: NameDef, type: ExternTypeDef, scope: PlanScope, offset: number) => PlanItem;

/**
 * Gives the exports that a component or instance type declares. `supply` provides its imports;
 * without it, the maker makes them.
 */
export function evaluateDecls(
  { decls, scope: parent }: DeclaredType,
  path: Path | undefined,
  maker: Maker,
  supply?: Supply,
): ReadonlyMap<string, NamedPlanItem> {
  maker.budget.spend(decls[0]?.offset ?? 0, SCOPE_WEIGHT);
  const scope = new PlanScope(parent);
  const exports = new Map<string, NamedPlanItem>();
  for (const decl of decls) {
    maker.budget.spend(decl.offset, weigh(decl));
    if (path !== undefined && path.depth > MAX_NESTING) invalid("type", decl.offset, "nesting-too-deep");
    switch (decl.kind) {
      case "core-type":
        addCoreType(decl.type, scope, decl.offset);
        break;
      case "type":
        scope.add("type", evaluateType(decl.type, scope, decl.offset, maker.budget));
        break;
      case "alias":
        addAlias(decl.alias, scope, decl.offset);
        break;
      case "import":
      case "export": {
        const item = decl.kind === "import" && supply !== undefined
          ? supply(decl.name, decl.type, scope, decl.offset)
          : makeExtern(decl.type, decl.name, extend(path, decl.name), scope, maker, decl.offset);
        if (decl.kind === "export") exports.set(decl.name.name, { name: decl.name, item });
        scope.addItem(item);
        break;
      }
    }
  }
  return exports;
}
