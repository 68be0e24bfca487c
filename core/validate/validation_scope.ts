// What validation knows of one component, component type or instance type while it reads it: index
// spaces of types, the names that are taken, and its own resources.
// Spec: Explainer.md "Import and Export Definitions", "External Visibility of Types".

import type { FuncType, PrimitiveKind, ResourceType, ValType } from "../../abi/types/types.ts";
import type { CoreSpace } from "../module/type_space.ts";
import type { NameDef } from "../decode/syntax.ts";
import type { Budget } from "../resolve/budget.ts";
import {
  type ComponentType,
  type Entity,
  type InstanceType,
  type NamedEntity,
  renameResource,
  renameType,
  rootOf,
  type TypeEntity,
} from "./validated_types.ts";
import type { CoreTypeItem } from "../resolve/core_types.ts";
import type { ValueItem } from "../resolve/value_types.ts";
import { IndexSpaces, typeKinds } from "../resolve/index_spaces.ts";
import type { Gates } from "../binary/gates.ts";
import { invalid } from "../binary/invalid.ts";
import type { CoreModuleType, ResolvedCoreType } from "../module/module_type.ts";
import { takeName } from "./labels.ts";
import { isInterfaceName, nameFault, parsePlainName, suffixFault } from "../binary/names.ts";
import { mentionsResourceOf } from "./outer_resources.ts";
import { Visibility } from "./visibility.ts";

/** The type of a core item. */
export interface KnownCoreItem {
  readonly type: ResolvedCoreType;
  readonly space: CoreSpace;
}
/**
 * The type of a core item, or "unknown" if the bytes of its module cannot be understood. The engine
 * reports that later.
 */
export type CoreItem = KnownCoreItem | "unknown";

/** The exports of a core instance. */
export type CoreInstanceType = ReadonlyMap<string, CoreItem> | "unknown";

/** The type of a value, and whether it was consumed. */
interface KnownValue {
  readonly type: ValType;
  used: boolean;
}

type TypeSpaces = {
  "core func": CoreItem;
  "core table": CoreItem;
  "core memory": CoreItem;
  "core global": CoreItem;
  "core tag": CoreItem;
  "core type": CoreTypeItem;
  "core module": CoreModuleType | undefined;
  "core instance": CoreInstanceType;
  func: FuncType;
  value: KnownValue;
  type: TypeEntity;
  component: ComponentType;
  instance: InstanceType;
};

export type Side = "import" | "export";

/** The names of the imports, or of the exports, with their items. */
class Names {
  readonly items: Map<string, NamedEntity> = new Map();
  /** The names, by the form that must differ between two names. */
  readonly taken: Map<string, string> = new Map();
  /** The resources that have a name here, with that name. */
  resources: Map<ResourceType, string> | undefined;
  readonly #budget: Budget;
  readonly #outer: Names | undefined;
  #visible: Visibility | undefined;

  /**
   * @param outer The names of the imports, if this is for exports: exports may mention imported
   * types.
   */
  constructor(budget: Budget, outer?: Names) {
    this.#budget = budget;
    this.#outer = outer;
  }

  get visible(): Visibility {
    return this.#visible ??= new Visibility(this.#budget, undefined, this.#outer?.visible);
  }
}

/** The scope of one component, component type or instance type. */
export class ValidationScope extends IndexSpaces<TypeSpaces> {
  readonly kind: "component" | "component type" | "instance type";
  readonly export: Names;
  /** The resources that it defines itself, and those of instances in it. */
  readonly defined: Set<ResourceType> = new Set();
  // Most scopes belong to instance types, which import nothing and define nothing. So these members
  // are made when they are first needed.
  #import: Names | undefined;
  #imported: Set<ResourceType> | undefined;
  #local: Map<ResourceType, "i32" | "i64"> | undefined;

  readonly #gates: Gates;
  readonly #budget: Budget;
  /** The core type of this component's thread-local context, once a built-in says it. */
  contextType: "i32" | "i64" | undefined;

  constructor(kind: ValidationScope["kind"], parent: ValidationScope | undefined, budget: Budget, gates: Gates) {
    super(parent);
    this.kind = kind;
    this.#gates = gates;
    this.#budget = budget;
    if (kind !== "instance type") this.#import = new Names(budget);
    this.export = new Names(budget, this.#import);
  }

  get import(): Names {
    return this.#import ??= new Names(this.#budget);
  }

  /** The resources that imports introduce. */
  get imported(): Set<ResourceType> {
    return this.#imported ??= new Set();
  }

  /**
   * The resources that this component defines, with the core type of their representations. It may
   * make handles of these only.
   */
  get local(): Map<ResourceType, "i32" | "i64"> {
    return this.#local ??= new Map();
  }

  /** Gives the type at an index, and checks its kind. `what` names the definition that needs it. */
  typeOf<K extends TypeEntity["kind"]>(
    kind: K,
    index: number,
    offset: number,
    what = "type",
  ): TypeEntity & { kind: K } {
    const item = this.get("type", index, offset);
    if (item.kind !== kind) invalid(what, offset, "wrong-kind", `type index ${index}`, typeKinds[kind]);
    return item as TypeEntity & { kind: K };
  }

  admit(primitive: PrimitiveKind, offset: number): void {
    if (primitive === "error-context") this.#gates.require(primitive, "an error-context", offset);
  }

  valueType(index: number, offset: number): ValueItem {
    return this.typeOf("value", index, offset);
  }

  resourceType(index: number, offset: number): ResourceType {
    return this.typeOf("resource", index, offset).type;
  }

  /** Makes a resource. It has no slot, because validation runs nothing. */
  makeResource(): ResourceType {
    return { kind: "resource" };
  }

  /** Consumes a value. Each value must be consumed exactly once. */
  consume(index: number, offset: number): ValType {
    const value = this.get("value", index, offset);
    if (value.used) invalid("component", offset, "invalid-type", `value ${index} cannot be used more than once`);
    value.used = true;
    return value.type;
  }

  /** Whether an export mentions a resource of this component that is not exported itself. */
  leaksResource(): boolean {
    if (this.defined.size === 0) return false;
    const kept = new Set(this.defined);
    withdrawExported(this.export.items.values(), kept, new Set(), this.#budget);
    if (kept.size === 0) return false;
    return [...this.export.items.values()].some(({ entity }) => mentionsResourceOf(kept, entity, this.#budget));
  }

  /** Gives the first value that was not consumed. */
  unused(): number | undefined {
    const index = this.all("value").findIndex(({ used }) => !used);
    return index < 0 ? undefined : index;
  }

  /** Adds an item to the index space of its sort. A value with `used` need not be consumed. */
  addEntity(entity: Entity, used = false): void {
    switch (entity.sort) {
      case "func":
        return this.add("func", entity.type);
      case "type":
        return this.add("type", entity.type);
      case "instance":
        return this.add("instance", entity.type);
      case "component":
        return this.add("component", entity.type);
      case "value":
        return this.add("value", { type: entity.type, used });
      case "core module":
        return this.add("core module", entity.type);
    }
  }

  /**
   * Adds an import or export. Checks its name, its attributes and the types that it shows, and
   * gives its types their names.
   */
  declare(side: Side, def: NameDef, entity: Entity, offset: number): Entity {
    const names = this[side], { name } = def;
    this.checkName(def, entity, offset, side);
    const named: Entity = entity.sort === "type" ? { sort: "type", type: renamed(entity.type, name) } : entity;
    if (entity.sort === "func") this.checkAnnotation(side, name, entity.type, offset);
    takeName(names.taken, name, side, offset);
    if (this.kind !== "instance type") {
      const hidden = side === "import" && this.export.visible.exports(named);
      if (named.sort === "instance") names.visible.show(named);
      const sees = !hidden && names.visible.sees(named);
      names.visible.show(named);
      if (!sees) {
        invalid(side, offset, "not-visible", entity.sort === "core module" ? "module" : entity.sort, side, name);
      }
      if (side === "import" && this.defined.size > 0 && mentionsResourceOf(this.defined, named, this.#budget)) {
        invalid(side, offset, "invalid-type", "local resource type found in imports");
      }
    }
    if (named.sort === "type" && named.type.kind === "resource") {
      (names.resources ??= new Map()).set(named.type.type, name);
    }
    names.items.set(name, { name: def, entity: named });
    this.addEntity(named, side === "export");
    return named;
  }

  /** Checks a name and its attributes alone. */
  checkName(def: NameDef, entity: Entity, offset: number, side: string): void {
    const { name, implements: iface, versionSuffix } = def, gates = this.#gates;
    this.#checkForm(name, offset, side);
    if (entity.sort !== "func" && parsePlainName(name).kind !== "label") {
      invalid(side, offset, "invalid-annotation", name, `item \`${name}\` is not a func`);
    }
    if (iface !== undefined || def.externalId !== undefined) {
      gates.require("implements", `the attributes of \`${name}\``, offset);
    }
    if (versionSuffix !== undefined) {
      gates.require("canon-names", `the attribute \`versionsuffix\` of \`${name}\``, offset);
      const fault = suffixFault(name, versionSuffix);
      if (fault !== undefined) invalid(side, offset, "invalid-name", fault, name);
    }
    if (iface === undefined) return;
    const say = (rule: string): never => invalid(side, offset, "invalid-type", rule);
    if (iface === "") say("`` is not a valid name");
    if (!isInterfaceName(iface)) say(`\`${iface}\` must be an interface`);
    this.#checkForm(iface, offset, side);
    if (entity.sort !== "instance") say("only instances can have an `implements`");
    if (isInterfaceName(name)) say(`name \`${name}\` is not valid with \`implements\``);
  }

  #checkForm(name: string, offset: number, side: string): void {
    const gates = this.#gates;
    const fault = nameFault(name, gates.nameForms);
    if (fault === undefined) return;
    const { nested, canonical } = gates.nameForms;
    if (nameFault(name, { nested: true, canonical }) === undefined) {
      gates.require("nested-names", `the nested name \`${name}\``, offset);
    }
    if (nameFault(name, { nested, canonical: true }) === undefined) {
      gates.require("canon-names", `the canonical name \`${name}\``, offset);
    }
    invalid(side, offset, "invalid-name", fault, name);
  }

  /**
   * Checks that a function with a name such as `[constructor]r`, `[method]r.m` or `[static]r.m`
   * belongs to that resource.
   */
  checkAnnotation(side: Side, name: string, type: FuncType, offset: number): void {
    const plain = parsePlainName(name);
    if (plain.kind === "label") return;
    const fail = (fact: string): never => invalid(side, offset, "invalid-annotation", name, fact);
    const { resources, items } = this[side];
    const check = (resource: ResourceType): void => {
      const known = resources?.get(resource);
      if (known === undefined) fail("resource used in function does not have a name in this context");
      if (known !== plain.resource) fail(`function does not match expected resource name \`${known}\``);
    };
    switch (plain.kind) {
      case "constructor": {
        const { result } = type;
        if (result === undefined) return fail("function should return one value");
        const made = result.kind === "result" ? result.ok : result;
        if (made?.kind !== "own") return fail("function should return `(own $T)` or `(result (own $T))`");
        return check(made.resource);
      }
      case "method": {
        const [self] = type.params;
        if (self === undefined) return fail("function should have at least one argument");
        if (self.name !== "self") fail("function should have a first argument called `self`");
        if (self.type.kind !== "borrow") return fail("function should take a first argument of `(borrow $T)`");
        return check(self.type.resource);
      }
      case "static":
        if (!isResource(items.get(plain.resource))) {
          fail("static resource name is not known in this context");
        }
    }
  }
}

function isResource(item: NamedEntity | undefined): boolean {
  return item?.entity.sort === "type" && item.entity.type.kind === "resource";
}

/** Removes from `kept` all resources that an export names, at any depth inside instances. */
function withdrawExported(
  items: Iterable<NamedEntity>,
  kept: Set<ResourceType>,
  seen: Set<InstanceType>,
  budget: Budget,
): void {
  for (const { entity } of items) {
    budget.spend(0);
    if (kept.size === 0) return;
    if (entity.sort === "type" && entity.type.kind === "resource") kept.delete(rootOf(entity.type.type));
    if (entity.sort !== "instance" || seen.has(entity.type)) continue;
    seen.add(entity.type);
    withdrawExported(Array.from(entity.type.entries(), ([, item]) => item), kept, seen, budget);
  }
}

/** Makes a name of a type. */
function renamed(item: TypeEntity, name: string): TypeEntity {
  switch (item.kind) {
    case "value":
      return { ...item, type: renameType(item.type), of: item };
    case "resource":
      return { kind: "resource", type: renameResource(item.type, name), of: item };
    default:
      return { ...item, of: item };
  }
}
