// Definitions → the component's type, or the first reason why it is none. Each component is validated once, where it is defined, with its
// imports abstract; instantiating one checks arguments against its imports and gives an instance with resources of its own.
// What is valid is planned next, and nothing is checked twice.
// Spec: Binary.md, Explainer.md; SPEC.md §4.

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
import { Frame } from "./validation_scope.ts";
import type { Gates } from "../binary/gates.ts";
import { invalid } from "../binary/invalid.ts";
import { checkLabels } from "./labels.ts";
import { type CoreModuleType, moduleTypeFault } from "../module/module_type.ts";
import { mentionsOuterResource } from "./outer_resources.ts";
import { Bindings, differ, differEntity, placed } from "./subtype.ts";
import { Reader } from "../binary/reader.ts";
import { type CoreItemSort, coreItemSorts } from "../decode/sorts.ts";
import { readValue } from "./value_bytes.ts";
import { CanonValidator } from "./canon.ts";

const validated = new WeakMap<ComponentDef, ComponentType>();

/** Validates a component, and those that it defines. Throws CompileError. */
export function validateComponent(def: ComponentDef, gates: Gates, budget: Budget): void {
  new Validator(gates, budget).component(def, undefined);
}

/** The type of a component that was validated. */
export function componentType(def: ComponentDef): ComponentType {
  return validated.get(def)!;
}

/** What messages call the sorts of what an alias asks for. */
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

  component(def: ComponentDef, parent: Frame | undefined): ComponentType {
    const frame = new Frame("component", parent, this.#budget, this.#gates);
    let at: Definition | undefined;
    try {
      for (at of def.definitions) {
        this.#budget.spend(at.offset, weigh(at));
        this.#definition(at, frame);
      }
    } catch (error) {
      throw at === undefined ? error : locate(error, describeDefinition(def, at));
    }
    const unused = frame.unused();
    if (unused !== undefined) {
      const fact = `value index ${unused} was not used as part of an instantiation, start function, or export`;
      invalid("component", def.definitions.at(-1)!.offset, "invalid-type", fact);
    }
    checkExports(frame, def.definitions.at(-1)?.offset ?? 0);
    const type = typeOf(frame);
    validated.set(def, type);
    return type;
  }

  #definition(definition: Definition, frame: Frame): void {
    const { offset } = definition;
    switch (definition.kind) {
      case "core-module": {
        const { type } = definition.module;
        if (type !== undefined) checkModuleType(type, offset);
        return frame.add("core module", type);
      }
      case "core-instance":
        return frame.add("core instance", this.#instances.coreInstance(definition.expr, frame, offset));
      case "core-type":
        return this.#coreType(definition.type, frame, offset);
      case "component":
        return frame.add("component", this.component(definition.component, frame));
      case "instance":
        return frame.add("instance", this.#instances.instance(definition.expr, frame, offset));
      case "alias":
        return this.#alias(definition.alias, frame, offset);
      case "type":
        return frame.add("type", this.#type(definition.type, frame, offset));
      case "canon":
        return new CanonValidator(frame, this.#gates, offset).validate(definition.canon);
      case "import":
        frame.declare("import", definition.name, this.#extern(definition.type, frame, frame.imported, offset), offset);
        return;
      case "export":
        return this.#export(definition, frame);
      case "start":
        return this.#start(definition, frame);
      case "value": {
        this.#gates.require("values", "a component value", offset);
        const { type } = valueAt(definition.type, frame, offset);
        const reader = new Reader(definition.value.bytes, definition.value.offset, "value");
        readValue(type, reader);
        reader.finish();
        return frame.add("value", { type, used: false });
      }
    }
  }

  #start({ func, args, results, offset }: Definition & { kind: "start" }, frame: Frame): void {
    this.#gates.require("values", "a component start function", offset);
    const { params, result } = frame.get("func", func, offset);
    const fail = (fact: string): never => invalid("start", offset, "invalid-type", fact);
    if (args.length !== params.length) fail(`start function requires ${params.length} arguments, found ${args.length}`);
    const { equality } = new Bindings(() => false, () => this.#budget.spend(offset));
    args.forEach((arg, i) => {
      const mismatch = differ(params[i]!.type, frame.consume(arg, offset), equality);
      if (mismatch) fail(`type mismatch for component start function argument ${i}${placed(mismatch)}`);
    });
    const made = result === undefined ? [] : [result];
    if (results !== made.length) fail(`component start function has ${made.length} results, found ${results}`);
    for (const type of made) frame.add("value", { type, used: false });
  }

  #export({ name, item, type, offset }: Definition & { kind: "export" }, frame: Frame): void {
    const found = entityAt(item, frame, this.#gates, offset);
    if (type === undefined) return void frame.declare("export", name, found, offset);
    const open = new Set<ResourceType>();
    const expected = this.#extern(type, frame, open, offset);
    const mismatch = differEntity(
      expected,
      found,
      new Bindings((root) => open.has(root), () => this.#budget.spend(offset)),
    );
    if (mismatch !== undefined) {
      invalid(
        "export",
        offset,
        "type-mismatch",
        `: ascribed type of export is not compatible with item's type${placed(mismatch)}`,
      );
    }
    for (const resource of open) frame.defined.add(resource);
    frame.declare("export", name, expected, offset);
  }

  // ── Types ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #coreType(def: CoreTypeDef, frame: Frame, offset: number): void {
    requireCoreFeatures(def, this.#gates, offset);
    addCoreType(def, frame, offset);
    const added = frame.get("core type", frame.coreTypes.length - 1, offset);
    if (added.kind === "module") checkModuleType(added.type, offset);
  }

  #type(def: TypeDef, frame: Frame, offset: number): TypeEntity {
    checkLabels(def, offset);
    switch (def.kind) {
      case "resource": {
        if (frame.kind !== "component") {
          invalid("type", offset, "invalid-type", "resources can only be defined within a concrete component");
        }
        const rep = def.rep.kind;
        if (rep === "i64") this.#gates.require("memory64", "a resource represented by an i64", offset);
        else if (rep !== "i32") {
          invalid("type", offset, "invalid-type", "resources can only be represented by `i32` or `i64`");
        }
        if (def.destructor !== undefined) {
          const item = frame.get("core func", def.destructor, offset);
          const type = item === "unknown" ? undefined : item.type;
          const fits = type?.kind !== "func" ||
            type.params.length === 1 && type.params[0]!.kind === rep && type.results.length === 0;
          if (!fits) {
            invalid("type", offset, "core-signature", "core function has the wrong signature for a destructor");
          }
        }
        const type = frame.makeResource();
        frame.local.set(type, rep);
        frame.defined.add(type);
        return { kind: "resource", type };
      }
      case "instance":
        return { kind: "instance", type: this.#instanceType(def.decls, frame, offset) };
      case "component":
        return { kind: "component", type: this.#componentType(def.decls, frame, offset) };
      case "fixed-list":
        this.#gates.require("fixed-length-lists", "a fixed-length list", offset);
        break;
      case "map":
        this.#gates.require("map", "a map", offset);
        break;
      case "stream":
      case "future": {
        this.#gates.require("async", `a ${def.kind}`, offset);
        const element = def.element === undefined ? undefined : valueAt(def.element, frame, offset).type;
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
    return evaluateValueType(def, frame, offset, this.#budget);
  }

  #instanceType(decls: readonly TypeDecl[], parent: Frame, offset: number): InstanceType {
    const frame = this.#declarations("instance type", decls, parent);
    return makeInstance(frame.export.items, offset, [...frame.defined]);
  }

  #componentType(decls: readonly TypeDecl[], parent: Frame, offset: number): ComponentType {
    const frame = this.#declarations("component type", decls, parent);
    checkExports(frame, offset);
    return typeOf(frame);
  }

  #declarations(kind: "component type" | "instance type", decls: readonly TypeDecl[], parent: Frame): Frame {
    const frame = new Frame(kind, parent, this.#budget, this.#gates);
    for (const decl of decls) {
      const { offset } = decl;
      this.#budget.spend(offset, weigh(decl));
      switch (decl.kind) {
        case "core-type":
          this.#coreType(decl.type, frame, offset);
          break;
        case "type":
          frame.add("type", this.#type(decl.type, frame, offset));
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
          this.#alias(alias, frame, offset);
          break;
        }
        case "import":
        case "export": {
          const fresh = decl.kind === "import" ? frame.imported : frame.defined;
          frame.declare(decl.kind, decl.name, this.#extern(decl.type, frame, fresh, offset), offset);
          break;
        }
      }
    }
    return frame;
  }

  /** What an `externtype` describes; abstract resources become new ones, which `fresh` collects. */
  #extern(def: ExternTypeDef, frame: Frame, fresh: Set<ResourceType>, offset: number): Entity {
    switch (def.kind) {
      case "func":
        return { sort: "func", type: frame.typeOf("func", def.type, offset).type };
      case "type": {
        if (def.bound.kind === "eq") return { sort: "type", type: frame.get("type", def.bound.type, offset) };
        const type = frame.makeResource();
        fresh.add(type);
        return { sort: "type", type: { kind: "resource", type } };
      }
      case "instance": {
        const { type } = frame.typeOf("instance", def.type, offset);
        return { sort: "instance", type: refreshed(type, fresh, frame) };
      }
      case "component":
        return { sort: "component", type: frame.typeOf("component", def.type, offset).type };
      case "core-module": {
        const type = frame.get("core type", def.type, offset);
        if (type.kind !== "module") {
          invalid("type", offset, "wrong-kind", `core type index ${def.type}`, "a module type");
        }
        return { sort: "core module", type: type.type };
      }
      case "value": {
        this.#gates.require("values", "a component value", offset);
        const { bound } = def;
        if (bound.kind === "type") return { sort: "value", type: valueAt(bound.type, frame, offset).type };
        return { sort: "value", type: frame.get("value", bound.value, offset).type };
      }
    }
  }

  // ── Aliases ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #alias(def: AliasDef, frame: Frame, offset: number): void {
    const { sort } = def;
    switch (def.kind) {
      case "export": {
        const found = frame.get("instance", def.instance, offset).get(def.name)?.entity;
        if (found === undefined) invalid("alias", offset, "missing-export", `instance ${def.instance}`, def.name);
        if (found.sort !== sort) {
          const what = `export \`${def.name}\` for instance ${def.instance}`;
          invalid("alias", offset, "wrong-kind", what, sortWords[sort] ?? sort);
        }
        return frame.addEntity(found);
      }
      case "core-export": {
        if (!isCoreItemSort(sort)) {
          invalid("alias", offset, "wrong-kind", sort, "a core function, table, memory, global or tag");
        }
        const instance = frame.get("core instance", def.instance, offset);
        const item = instance === "unknown" ? instance : instance.get(def.name);
        if (item === undefined) invalid("alias", offset, "missing-export", `core instance ${def.instance}`, def.name);
        if (item !== "unknown" && coreItemSorts[item.type.kind] !== sort) {
          const what = `export \`${def.name}\` for core instance ${def.instance}`;
          invalid("alias", offset, "wrong-kind", what, sortWords[sort]!);
        }
        return frame.add(sort, item);
      }
      case "outer": {
        const outer = frame.outer(def.count, offset);
        if (sort === "core type") return addCoreTypeItem(outer.get(sort, def.index, offset), frame);
        const entity = entityAt({ sort, index: def.index }, outer, this.#gates, offset);
        if (
          entity.sort === "type" && crosses(frame, def.count) && mentionsOuterResource(entity.type, this.#budget)
        ) {
          const rule =
            `cannot alias outer type which transitively refers to resources not defined in the current component`;
          invalid("alias", offset, "invalid-type", rule);
        }
        return frame.addEntity(entity);
      }
    }
  }
}

const coreItemSortNames: ReadonlySet<string> = new Set(Object.values(coreItemSorts));

function isCoreItemSort(sort: string): sort is CoreItemSort {
  return coreItemSortNames.has(sort);
}

/** Whether leaving so many scopes leaves a component. */
function crosses(frame: Frame, count: number): boolean {
  let at: Frame | undefined = frame;
  for (let i = 0; i < count && at !== undefined; i++, at = at.parent) if (at.kind === "component") return true;
  return false;
}

/** Core limits and unique names, of modules and of module types. */
function checkModuleType(type: CoreModuleType, offset: number): void {
  const fault = moduleTypeFault(type);
  if (fault !== undefined) invalid("core module", offset, ...fault);
}
