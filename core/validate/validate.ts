// Validates a component: definitions enter, its type leaves, or a CompileError with the first fault
// is thrown.
// Each component is validated once, where it is defined, with abstract imports. Instantiating it
// checks the arguments against its imports and makes an instance type with resources of its own.
// Planning comes after validation and checks nothing again.
// Spec: Binary.md, Explainer.md.

import { containsBorrow, type ResourceType } from "../../abi/types/types.ts";
import { locate } from "../../errors.ts";
import { requireCoreFeatures } from "../module/core_gates.ts";
import { describeDefinition } from "../decode/debug_names.ts";
import type { CoreTypeDef } from "../module/core_syntax.ts";
import type { AliasDef, ComponentDef, Definition, ExternTypeDef, TypeDecl, TypeDef } from "../decode/syntax.ts";
import type { ComponentType, Entity, InstanceType, TypeEntity } from "./validated_types.ts";
import { addCoreType, addCoreTypeItem } from "../resolve/core_types.ts";
import { type Budget, weigh } from "../resolve/budget.ts";
import { checkExports, entityAt, makeInstance, refreshed, typeOf } from "./entities.ts";
import { InstanceValidator } from "./instances.ts";
import { evaluateValueType, valueAt } from "../resolve/value_types.ts";
import { ValidationScope } from "./validation_scope.ts";
import type { Gates } from "../binary/gates.ts";
import { invalid } from "../binary/invalid.ts";
import { checkLabels } from "./labels.ts";
import { type CoreModuleType, moduleTypeFault } from "../module/module_type.ts";
import { mentionsOuterResource } from "./outer_resources.ts";
import { differ, differEntity, placed, ResourceBindings } from "./subtype.ts";
import { Reader } from "../binary/reader.ts";
import { type CoreItemSort, coreItemSorts } from "../decode/sorts.ts";
import { plainNames, readValue } from "../resolve/value_bytes.ts";
import { CanonValidator } from "./canon.ts";

const validated = new WeakMap<ComponentDef, ComponentType>();

/** Validates a component and the components that it defines. Throws a CompileError. */
export function validateComponent(def: ComponentDef, gates: Gates, budget: Budget): void {
  new Validator(gates, budget).component(def, undefined);
}

/** Gives the type of a component that was validated. */
export function componentType(def: ComponentDef): ComponentType {
  return validated.get(def)!;
}

/** The words for the sorts of aliases, in messages. */
const sortWords: Readonly<Record<string, string>> = {
  "core func": "a function",
  "core table": "a table",
  "core memory": "a memory",
  "core global": "a global",
  "core tag": "a tag",
  "core module": "a module",
  func: "a function",
  type: "a type",
  component: "a component",
  instance: "an instance",
};

class Validator {
  readonly #gates: Gates;
  readonly #budget: Budget;
  readonly #instances: InstanceValidator;

  constructor(gates: Gates, budget: Budget) {
    this.#gates = gates;
    this.#budget = budget;
    this.#instances = new InstanceValidator(gates, budget);
  }

  component(def: ComponentDef, parent: ValidationScope | undefined): ComponentType {
    const scope = new ValidationScope("component", parent, this.#budget, this.#gates);
    let at: Definition | undefined;
    try {
      for (at of def.definitions) {
        this.#budget.spend(at.offset, weigh(at));
        this.#definition(at, scope);
      }
    } catch (error) {
      throw at === undefined ? error : locate(error, describeDefinition(def, at));
    }
    const unused = scope.unused();
    if (unused !== undefined) {
      const fact = `value index ${unused} was not used as part of an instantiation, start function, or export`;
      invalid("component", def.definitions.at(-1)!.offset, "invalid-type", fact);
    }
    checkExports(scope, def.definitions.at(-1)?.offset ?? 0);
    const type = typeOf(scope);
    validated.set(def, type);
    return type;
  }

  #definition(definition: Definition, scope: ValidationScope): void {
    const { offset } = definition;
    switch (definition.kind) {
      case "core-module": {
        const { type } = definition.module;
        if (type !== undefined) checkModuleType(type, offset);
        return scope.add("core module", type);
      }
      case "core-instance":
        return scope.add("core instance", this.#instances.coreInstance(definition.expr, scope, offset));
      case "core-type":
        return this.#coreType(definition.type, scope, offset);
      case "component":
        return scope.add("component", this.component(definition.component, scope));
      case "instance":
        return scope.add("instance", this.#instances.instance(definition.expr, scope, offset));
      case "alias":
        return this.#alias(definition.alias, scope, offset);
      case "type":
        return scope.add("type", this.#type(definition.type, scope, offset));
      case "canon":
        return new CanonValidator(scope, this.#gates, offset).validate(definition.canon);
      case "import":
        scope.declare("import", definition.name, this.#extern(definition.type, scope, scope.imported, offset), offset);
        return;
      case "export":
        return this.#export(definition, scope);
      case "start":
        return this.#start(definition, scope);
      case "value": {
        this.#gates.require("values", "a component value", offset);
        const { type } = valueAt(definition.type, scope, offset);
        const reader = new Reader(definition.value.bytes, definition.value.offset, "value");
        readValue(type, reader, plainNames);
        reader.finish();
        return scope.add("value", { type, used: false });
      }
    }
  }

  #start({ func, args, results, offset }: Definition & { kind: "start" }, scope: ValidationScope): void {
    this.#gates.require("values", "a component start function", offset);
    const { params, result } = scope.get("func", func, offset);
    const fail = (fact: string): never => invalid("start", offset, "invalid-type", fact);
    if (args.length !== params.length) fail(`start function requires ${params.length} arguments, found ${args.length}`);
    const { equality } = new ResourceBindings(() => false, () => this.#budget.spend(offset));
    args.forEach((arg, i) => {
      const mismatch = differ(params[i]!.type, scope.consume(arg, offset), equality);
      if (mismatch) fail(`type mismatch for component start function argument ${i}${placed(mismatch)}`);
    });
    const made = result === undefined ? [] : [result];
    if (results !== made.length) fail(`component start function has ${made.length} results, found ${results}`);
    for (const type of made) scope.add("value", { type, used: false });
  }

  #export({ name, item, type, offset }: Definition & { kind: "export" }, scope: ValidationScope): void {
    const found = entityAt(item, scope, this.#gates, offset);
    if (type === undefined) return void scope.declare("export", name, found, offset);
    const open = new Set<ResourceType>();
    const expected = this.#extern(type, scope, open, offset);
    const mismatch = differEntity(
      expected,
      found,
      new ResourceBindings((root) => open.has(root), () => this.#budget.spend(offset)),
    );
    if (mismatch !== undefined) {
      invalid(
        "export",
        offset,
        "type-mismatch",
        `: ascribed type of export is not compatible with item's type${placed(mismatch)}`,
      );
    }
    for (const resource of open) scope.defined.add(resource);
    scope.declare("export", name, expected, offset);
  }

  #coreType(def: CoreTypeDef, scope: ValidationScope, offset: number): void {
    requireCoreFeatures(def, this.#gates, offset);
    addCoreType(def, scope, offset);
    const added = scope.get("core type", scope.coreTypes.length - 1, offset);
    if (added.kind === "module") checkModuleType(added.type, offset);
  }

  #type(def: TypeDef, scope: ValidationScope, offset: number): TypeEntity {
    checkLabels(def, offset);
    switch (def.kind) {
      case "resource": {
        if (scope.kind !== "component") {
          invalid("type", offset, "invalid-type", "resources can only be defined within a concrete component");
        }
        const rep = def.rep.kind;
        if (rep === "i64") this.#gates.require("memory64", "a resource represented by an i64", offset);
        else if (rep !== "i32") {
          invalid("type", offset, "invalid-type", "resources can only be represented by `i32` or `i64`");
        }
        if (def.destructor !== undefined) {
          const item = scope.get("core func", def.destructor, offset);
          const type = item === "unknown" ? undefined : item.type;
          const fits = type?.kind !== "func" ||
            type.params.length === 1 && type.params[0]!.kind === rep && type.results.length === 0;
          if (!fits) {
            invalid("type", offset, "core-signature", "core function has the wrong signature for a destructor");
          }
        }
        const type = scope.makeResource();
        scope.local.set(type, rep);
        scope.defined.add(type);
        return { kind: "resource", type };
      }
      case "instance":
        return { kind: "instance", type: this.#instanceType(def.decls, scope, offset) };
      case "component":
        return { kind: "component", type: this.#componentType(def.decls, scope, offset) };
      case "fixed-list":
        this.#gates.require("fixed-length-lists", "a fixed-length list", offset);
        break;
      case "map":
        this.#gates.require("map", "a map", offset);
        break;
      case "stream":
      case "future": {
        this.#gates.require("async", `a ${def.kind}`, offset);
        const element = def.element === undefined ? undefined : valueAt(def.element, scope, offset).type;
        if (element?.kind === "char" && def.kind === "stream") {
          invalid("type", offset, "invalid-type", "`stream<char>` is not valid at this time");
        }
        if (element !== undefined && containsBorrow(element)) {
          invalid("type", offset, "invalid-type", `a ${def.kind} cannot contain a \`borrow\` type`);
        }
        break;
      }
      case "func":
        if (def.async) this.#gates.require("async", "an async function type", offset);
        break;
    }
    return evaluateValueType(def, scope, offset, this.#budget);
  }

  #instanceType(decls: readonly TypeDecl[], parent: ValidationScope, offset: number): InstanceType {
    const scope = this.#declarations("instance type", decls, parent);
    return makeInstance(scope.export.items, offset, [...scope.defined]);
  }

  #componentType(decls: readonly TypeDecl[], parent: ValidationScope, offset: number): ComponentType {
    const scope = this.#declarations("component type", decls, parent);
    checkExports(scope, offset);
    return typeOf(scope);
  }

  #declarations(
    kind: "component type" | "instance type",
    decls: readonly TypeDecl[],
    parent: ValidationScope,
  ): ValidationScope {
    const scope = new ValidationScope(kind, parent, this.#budget, this.#gates);
    for (const decl of decls) {
      const { offset } = decl;
      this.#budget.spend(offset, weigh(decl));
      switch (decl.kind) {
        case "core-type":
          this.#coreType(decl.type, scope, offset);
          break;
        case "type":
          scope.add("type", this.#type(decl.type, scope, offset));
          break;
        case "alias": {
          const { alias } = decl;
          const allowed = alias.kind === "export"
            ? alias.sort === "type" || alias.sort === "instance"
            : alias.kind === "outer" && (alias.sort === "type" || alias.sort === "core type");
          if (!allowed) {
            invalid(
              "type",
              offset,
              "invalid-type",
              "aliases in type declarations may only refer to types or instances",
            );
          }
          this.#alias(alias, scope, offset);
          break;
        }
        case "import":
        case "export": {
          const fresh = decl.kind === "import" ? scope.imported : scope.defined;
          scope.declare(decl.kind, decl.name, this.#extern(decl.type, scope, fresh, offset), offset);
          break;
        }
      }
    }
    return scope;
  }

  /**
   * Gives the entity that an `externtype` describes. Its abstract resources become new ones, which
   * are added to `fresh`.
   */
  #extern(def: ExternTypeDef, scope: ValidationScope, fresh: Set<ResourceType>, offset: number): Entity {
    switch (def.kind) {
      case "func":
        return { sort: "func", type: scope.typeOf("func", def.type, offset).type };
      case "type": {
        if (def.bound.kind === "eq") return { sort: "type", type: scope.get("type", def.bound.type, offset) };
        const type = scope.makeResource();
        fresh.add(type);
        return { sort: "type", type: { kind: "resource", type } };
      }
      case "instance": {
        const { type } = scope.typeOf("instance", def.type, offset);
        return { sort: "instance", type: refreshed(type, fresh, scope) };
      }
      case "component":
        return { sort: "component", type: scope.typeOf("component", def.type, offset).type };
      case "core-module": {
        const type = scope.get("core type", def.type, offset);
        if (type.kind !== "module") {
          invalid("type", offset, "wrong-kind", `core type index ${def.type}`, "a module type");
        }
        return { sort: "core module", type: type.type };
      }
      case "value": {
        this.#gates.require("values", "a component value", offset);
        const { bound } = def;
        if (bound.kind === "type") return { sort: "value", type: valueAt(bound.type, scope, offset).type };
        return { sort: "value", type: scope.get("value", bound.value, offset).type };
      }
    }
  }

  #alias(def: AliasDef, scope: ValidationScope, offset: number): void {
    const { sort } = def;
    switch (def.kind) {
      case "export": {
        const found = scope.get("instance", def.instance, offset).get(def.name)?.entity;
        if (found === undefined) invalid("alias", offset, "missing-export", `instance ${def.instance}`, def.name);
        if (found.sort !== sort) {
          const what = `export \`${def.name}\` for instance ${def.instance}`;
          invalid("alias", offset, "wrong-kind", what, sortWords[sort] ?? sort);
        }
        return scope.addEntity(found);
      }
      case "core-export": {
        if (!isCoreItemSort(sort)) {
          invalid("alias", offset, "wrong-kind", sort, "a core function, table, memory, global or tag");
        }
        const instance = scope.get("core instance", def.instance, offset);
        const item = instance === "unknown" ? instance : instance.get(def.name);
        if (item === undefined) invalid("alias", offset, "missing-export", `core instance ${def.instance}`, def.name);
        if (item !== "unknown" && coreItemSorts[item.type.kind] !== sort) {
          const what = `export \`${def.name}\` for core instance ${def.instance}`;
          invalid("alias", offset, "wrong-kind", what, sortWords[sort]!);
        }
        return scope.add(sort, item);
      }
      case "outer": {
        const outer = scope.outer(def.count, offset);
        if (sort === "core type") return addCoreTypeItem(outer.get(sort, def.index, offset), scope);
        const entity = entityAt({ sort, index: def.index }, outer, this.#gates, offset);
        if (
          entity.sort === "type" && crosses(scope, def.count) && mentionsOuterResource(entity.type, this.#budget)
        ) {
          const rule =
            `cannot alias outer type which transitively refers to resources not defined in the current component`;
          invalid("alias", offset, "invalid-type", rule);
        }
        return scope.addEntity(entity);
      }
    }
  }
}

const coreItemSortNames: ReadonlySet<string> = new Set(Object.values(coreItemSorts));

function isCoreItemSort(sort: string): sort is CoreItemSort {
  return coreItemSortNames.has(sort);
}

/** Whether leaving so many scopes leaves a component. */
function crosses(scope: ValidationScope, count: number): boolean {
  let at: ValidationScope | undefined = scope;
  for (let i = 0; i < count && at !== undefined; i++, at = at.parent) if (at.kind === "component") return true;
  return false;
}

/** Checks limits and unique names of core modules and module types. */
function checkModuleType(type: CoreModuleType, offset: number): void {
  const fault = moduleTypeFault(type);
  if (fault !== undefined) invalid("core module", offset, ...fault);
}
