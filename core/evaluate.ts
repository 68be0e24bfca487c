// Type definitions → resolved types: indices followed, resources with identity, sizes and depth checked.
// Component and instance types are evaluated where they are used; a Maker decides what their abstract parts become
// (leaves of the host's imports, or what nobody has given yet).
// Spec: Explainer.md "Type Definitions"; SPEC.md §4.1.

import { layoutOf } from "../abi/layout.ts";
import { nameResourceType } from "../abi/slots.ts";
import type { FuncType, PrimitiveKind, ResourceType, ValType } from "../abi/types.ts";
import { addAlias } from "./aliases.ts";
import { addCoreType, type CoreTypeItem } from "./evaluate_core.ts";
import type { CoreModuleType } from "./module_type.ts";
import type { Definition, ExternTypeDef, NameDef, TypeDecl, TypeDef, ValTypeRef } from "./definitions.ts";
import { invalid } from "./invalid.ts";
import { MAX_NESTING, MAX_TYPE_BYTES, MAX_TYPE_DEPTH, MAX_UNFOLDED_DEFINITIONS } from "./limits.ts";
import type {
  ComponentItem,
  DeclaredType,
  FuncRef,
  InstanceItem,
  Item,
  ModuleRef,
  NamedItem,
  TypeItem,
  ValueItem,
} from "./plan_types.ts";
import { Scope } from "./scope.ts";

/** Names from the root to an import, innermost first: siblings share what is above them. */
export interface Path {
  readonly parent: Path | undefined;
  readonly name: NameDef;
  readonly depth: number;
}

/** One name further in. */
export function extend(parent: Path | undefined, name: NameDef): Path {
  return { parent, name, depth: (parent?.depth ?? 0) + 1 };
}

/** Makes what an abstract import or export stands for. `path` leads there from the root. */
export interface Maker {
  /** Definitions that may still be unfolded; shared by everything that unfolds one component. */
  readonly budget: Budget;
  func(path: Path, type: FuncType): FuncRef;
  resource(path: Path): ResourceType;
  /** Notes that an import or export is to be a resource type that there is already. */
  sameResource(path: Path, type: ResourceType): void;
  module(path: Path, type: CoreModuleType): ModuleRef;
  component(path: Path, type: DeclaredType): ComponentItem;
  /** Notes an instance that has no exports. */
  emptyInstance(path: Path): void;
}

/** Bounds what a small binary can unfold into. */
export class Budget {
  #left: number;

  /** @param bytes The size of the binary, which pays for what it spells out. */
  constructor(bytes = 0) {
    this.#left = MAX_UNFOLDED_DEFINITIONS + bytes;
  }

  /** Counts `weight` definitions, or parts of one. */
  spend(offset: number, weight = 1): void {
    this.#left -= weight;
    if (this.#left < 0) {
      invalid("component", offset, "limit-exceeded", "definition", MAX_UNFOLDED_DEFINITIONS);
    }
  }
}

const primitives = new Map<string, ValueItem>();

/** A primitive type; one object per kind, so that its codec is found again. */
function primitive(kind: PrimitiveKind): ValueItem {
  let item = primitives.get(kind);
  if (item === undefined) {
    primitives.set(kind, item = { kind: "value", type: { kind }, depth: 1, bytes: 16, borrows: false });
  }
  return item;
}

/** What evaluating a value or function type needs of a scope. */
export interface TypeScope {
  /** Refuses a primitive type whose gate is closed. */
  admit?(primitive: PrimitiveKind, offset: number): void;
  valueType(index: number, offset: number): ValueItem;
  resourceType(index: number, offset: number): ResourceType;
}

/** The value type that a definition refers to. */
export function valueAt(ref: ValTypeRef, scope: TypeScope, offset: number): ValueItem {
  if (typeof ref !== "string") return scope.valueType(ref, offset);
  scope.admit?.(ref, offset);
  return primitive(ref);
}

const keyTypes = new Set(["bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "char", "string"]);

/** One evaluation: what its parts add up to. An object rather than closures, since there is one for every type. */
class Evaluation {
  readonly #scope: TypeScope;
  readonly #offset: number;
  readonly #budget: Budget;
  #depth = 0;
  #bytes = 16;
  borrows = false;

  constructor(scope: TypeScope, offset: number, budget: Budget) {
    this.#scope = scope;
    this.#offset = offset;
    this.#budget = budget;
  }

  part(ref: ValTypeRef): ValType {
    this.#budget.spend(this.#offset);
    const item = valueAt(ref, this.#scope, this.#offset);
    if (item.depth > this.#depth) this.#depth = item.depth;
    this.#bytes += item.bytes + 8; // its padding
    if (item.borrows) this.borrows = true;
    return item.type;
  }

  optional(ref: ValTypeRef | undefined): ValType | undefined {
    return ref === undefined ? undefined : this.part(ref);
  }

  /** Checks what later steps rely on: depth (every walk over a type recurses) and size. */
  value(type: ValType): ValueItem {
    let bytes = this.#bytes;
    if (type.kind === "fixed-list") bytes *= type.length;
    if (this.#depth >= MAX_TYPE_DEPTH) invalid("type", this.#offset, "nesting-too-deep");
    // The bound is cheap, the exact size is not, and hardly any type comes near.
    if (bytes >= MAX_TYPE_BYTES) {
      bytes = layoutOf(type, "i64").size;
      if (bytes >= MAX_TYPE_BYTES) invalid("type", this.#offset, "type-too-large");
    }
    return { kind: "value", type, depth: this.#depth + 1, bytes, borrows: this.borrows || type.kind === "borrow" };
  }
}

/** Evaluates a type definition; a resource must be made by the planner, which gives it a slot. */
export function evaluateType(def: TypeDef, scope: Scope, offset: number, budget: Budget): TypeItem {
  return def.kind === "component" || def.kind === "instance"
    ? { kind: def.kind, decls: def.decls, scope }
    : evaluateValueType(def, scope, offset, budget);
}

/** Evaluates the definition of a value or function type. */
export function evaluateValueType(
  def: TypeDef,
  scope: TypeScope,
  offset: number,
  budget: Budget,
): ValueItem | { readonly kind: "func"; readonly type: FuncType } {
  const of = new Evaluation(scope, offset, budget);
  switch (def.kind) {
    case "record":
      return of.value({ kind: "record", fields: def.fields.map(({ name, type }) => ({ name, type: of.part(type) })) });
    case "variant":
      return of.value({
        kind: "variant",
        cases: def.cases.map(({ name, type }) => ({ name, type: of.optional(type) })),
      });
    case "list":
    case "option":
      return of.value({ kind: def.kind, element: of.part(def.element) });
    case "fixed-list":
      return of.value({ kind: "fixed-list", element: of.part(def.element), length: def.length });
    case "map": {
      const key = of.part(def.key);
      if (!keyTypes.has(key.kind)) invalid("type", offset, "invalid-type", `invalid map key type ${key.kind}`);
      return of.value({ kind: "map", key, value: of.part(def.value) });
    }
    case "tuple":
      return of.value({ kind: "tuple", types: def.types.map((type) => of.part(type)) });
    case "flags":
    case "enum":
      budget.spend(offset, def.names.length);
      return of.value({ kind: def.kind, names: def.names });
    case "result":
      return of.value({ kind: "result", ok: of.optional(def.ok), err: of.optional(def.err) });
    case "own":
    case "borrow":
      return of.value({ kind: def.kind, resource: scope.resourceType(def.resource, offset) });
    case "stream":
    case "future":
      return of.value({ kind: def.kind, element: of.optional(def.element) });
    case "func": {
      const result = of.optional(def.result);
      if (of.borrows) invalid("type", offset, "invalid-type", "function result cannot contain a `borrow` type");
      const params = def.params.map(({ name, type }) => ({ name, type: of.part(type) }));
      return {
        kind: "func",
        type: result === undefined ? { params, async: def.async } : { params, result, async: def.async },
      };
    }
    case "component":
    case "instance":
    case "resource":
      throw new Error("unreachable"); // a resource in a type is refused by validation
    default:
      scope.admit?.(def.kind, offset);
      // An object of its own, so that what mentions this definition can be told from what mentions the primitive type.
      return { ...primitive(def.kind), type: { kind: def.kind } };
  }
}

/** An instance of some exports. Instances nest in instances, and everything that walks them recurses. */
export function instanceItem(exports: ReadonlyMap<string, NamedItem>, offset: number): InstanceItem {
  let depth = 1;
  for (const { item } of exports.values()) {
    if (item.sort === "instance") depth = Math.max(depth, item.instance.depth + 1);
  }
  if (depth > MAX_NESTING) invalid("instance", offset, "nesting-too-deep");
  return { exports, depth };
}

/** A scope costs about as much as this many definitions. */
export const SCOPE_WEIGHT = 8;

/** How much work a definition or declaration is, by the parts it lists; a type's parts count when it is evaluated. */
export function weigh(definition: Definition | TypeDecl): number {
  switch (definition.kind) {
    case "instance":
    case "core-instance":
      return 1 + (definition.expr.kind === "exports" ? definition.expr.exports : definition.expr.args).length;
    default:
      return 1;
  }
}

/** What an `externtype` stands for, made by a Maker. */
export function makeExtern(
  def: ExternTypeDef,
  name: NameDef,
  path: Path,
  scope: Scope,
  maker: Maker,
  offset: number,
): Item {
  switch (def.kind) {
    case "func":
      return { sort: "func", func: maker.func(path, scope.typeOf("func", def.type, offset).type) };
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
  invalid("component", offset, "unsupported", "a component value");
}

/** An instance with the exports that an instance type declares. */
export function makeInstance(type: DeclaredType, path: Path, maker: Maker): InstanceItem {
  const exports = evaluateDecls(type, path, maker);
  if (exports.size === 0) maker.emptyInstance(path);
  return instanceItem(exports, type.decls[0]?.offset ?? 0);
}

/** What an import of a component type stands for, where somebody gives it. */
export type Supply = (name: NameDef, type: ExternTypeDef, scope: Scope, offset: number) => Item;

/** The exports that a component or instance type declares; `supply` gives its imports, if the maker does not. */
export function evaluateDecls(
  { decls, scope: parent }: DeclaredType,
  path: Path | undefined,
  maker: Maker,
  supply?: Supply,
): ReadonlyMap<string, NamedItem> {
  maker.budget.spend(decls[0]?.offset ?? 0, SCOPE_WEIGHT);
  const scope = new Scope(parent);
  const exports = new Map<string, NamedItem>();
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
