// Definitions → a linear plan. Instantiation is a function call; here all calls are inlined.
// Walks a component's definitions as if it ran them, with references in place of values: what needs the engine becomes a step,
// everything else (aliases, exports, synthetic instances, arguments of every sort) is resolved on the way and is gone.
// Spec: Explainer.md "Instance Definitions", "Canonical Definitions"; model: Wasmtime's inlining.

import { makeResourceType, nameResourceType, slotOf } from "../../abi/types/resource_slots.ts";
import { addAlias } from "./aliases.ts";
import type { CanonDef, CoreInstanceExpr, ExternTypeDef, InstanceExpr, NameDef, TypeDef } from "../decode/syntax.ts";
import { addCoreType } from "../resolve/core_types.ts";
import { Budget, SCOPE_WEIGHT, weigh } from "../resolve/budget.ts";
import {
  evaluateDecls,
  evaluateType,
  extend,
  instanceItem,
  makeExtern,
  type Maker,
  type Path,
  type Supply,
} from "./externs.ts";
import { invalid } from "../binary/invalid.ts";
import {
  MAX_COMPONENT_INSTANCES,
  MAX_CORE_INSTANCES,
  MAX_MEMORIES,
  MAX_NESTING,
  MAX_TABLE_ELEMENTS,
  MAX_TABLES,
} from "../binary/limits.ts";
import type { ModuleSlot } from "../module/module_slot.ts";
import type {
  CoreArg,
  CoreInstance,
  CoreRef,
  DefinedComponent,
  FuncRef,
  InstanceItem,
  Item,
  ModuleRef,
  NamedItem,
  Plan,
  PlanImport,
  PlanLift,
  PlanResource,
  Step,
} from "./plan_types.ts";
import { Scope } from "./plan_scope.ts";
import { coreItemSorts } from "../decode/sorts.ts";
import { planBuiltin, planOptions } from "./canon.ts";

/** What a host gives for an import that must be known to plan. */
export type Given = ModuleSlot | DefinedComponent;

/**
 * Plans a component, which must be valid. Throws CompileError if it unfolds into too much.
 *
 * @param given What the host gives for the imports of core modules and components, in the order of the plan's imports. Without it, such
 *   imports stand for themselves and the plan serves for linking only, unless there are none.
 */
export function planComponent(component: DefinedComponent, given?: readonly Given[]): Plan {
  return new Planner(new Budget(component.def.size), given).plan(component);
}

class Planner {
  readonly #budget: Budget;
  readonly #given: Iterator<Given> | undefined;
  readonly #steps: Step[] = [];
  readonly #lifts: PlanLift[] = [];
  readonly #imports: PlanImport[] = [];
  readonly #resources: PlanResource[] = [];
  readonly #nodes: number[] = [];
  readonly #made = { memories: 0, tables: 0, elements: 0 };
  #coreInstances = 0;
  #coreFuncs = 0;

  constructor(budget: Budget, given: readonly Given[] | undefined) {
    this.#budget = budget;
    this.#given = given?.values();
  }

  plan(component: DefinedComponent): Plan {
    const maker = this.#importMaker();
    const supply: Supply = (name, type, scope, offset) =>
      makeExtern(type, name, extend(undefined, name), scope, maker, offset);
    const instance = this.#inline(component, -1, 0, supply);
    return {
      steps: this.#steps,
      lifts: this.#lifts,
      imports: this.#imports,
      resources: this.#resources,
      nodes: this.#nodes,
      exports: instance.exports,
    };
  }

  // ── Root imports ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #leaf(innermost: Path, want: PlanImport["want"]): number {
    // Concatenation rather than join: engines share the parts of long names.
    const path: NameDef[] = [];
    for (let at: Path | undefined = innermost; at !== undefined; at = at.parent) path.unshift(at.name);
    const display = path.map(({ name }) => name).reduce((names, name) => `${names}#${name}`);
    return this.#imports.push({ path, display, want }) - 1;
  }

  #importMaker(): Maker {
    return {
      budget: this.#budget,
      func: (path, type) => ({ kind: "import", leaf: this.#leaf(path, { kind: "func", type }), type }),
      resource: (path) => {
        const type = makeResourceType(this.#resources.length);
        this.#resources.push({ type, leaf: this.#leaf(path, { kind: "resource", type }), rep: "i32" });
        return type;
      },
      sameResource: (path, type) => void this.#leaf(path, { kind: "same-resource", type }),
      emptyInstance: (path) => void this.#leaf(path, { kind: "instance" }),
      module: (path, type) => {
        if (this.#given !== undefined) return { kind: "own", module: this.#given.next().value as ModuleSlot };
        this.#leaf(path, { kind: "module", type });
        return { kind: "import", type };
      },
      component: (path, type) => {
        if (this.#given !== undefined) return this.#given.next().value as DefinedComponent;
        this.#leaf(path, { kind: "component" });
        return { kind: "import", type };
      },
    };
  }

  /** Makes what the instance of an imported component exports, as long as that is known by its type only. */
  #abstractMaker(): Maker {
    return {
      budget: this.#budget,
      func: (_, type) => ({ kind: "import", leaf: -1, type }),
      resource: () => {
        const type = makeResourceType(this.#resources.length);
        this.#resources.push({ type, leaf: undefined, rep: "i32" });
        return type;
      },
      sameResource: () => {},
      emptyInstance: () => {},
      module: (_, type) => ({ kind: "import", type }),
      component: (_, type) => ({ kind: "import", type }),
    };
  }

  // ── Inlining ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Runs a component's definitions with `supply` for its imports. */
  #inline(
    component: DefinedComponent,
    parent: number,
    depth: number,
    supply: Supply,
  ): InstanceItem {
    const node = this.#nodes.push(parent) - 1;
    this.#budget.spend(0, SCOPE_WEIGHT);
    const scope = new Scope(component.scope);
    const exports = new Map<string, NamedItem>();
    for (const definition of component.def.definitions) {
      const { offset } = definition;
      this.#budget.spend(offset, weigh(definition));
      switch (definition.kind) {
        case "core-module":
          scope.add("core module", { kind: "own", module: definition.module });
          break;
        case "core-instance":
          scope.add("core instance", this.#coreInstance(definition.expr, scope, offset));
          break;
        case "core-type":
          addCoreType(definition.type, scope, offset);
          break;
        case "component":
          scope.add("component", { kind: "defined", def: definition.component, scope });
          break;
        case "instance":
          scope.add("instance", this.#instance(definition.expr, scope, node, depth, offset));
          break;
        case "alias":
          addAlias(definition.alias, scope, offset);
          break;
        case "type":
          if (definition.type.kind === "resource") this.#resource(definition.type, scope, node, offset);
          else scope.add("type", evaluateType(definition.type, scope, offset, this.#budget));
          break;
        case "canon":
          this.#canon(definition.canon, scope, node, offset);
          break;
        case "start":
          return invalid("component", offset, "unsupported", "a component start function");
        case "value":
          return invalid("component", offset, "unsupported", "a component value");
        case "import":
          scope.addItem(supply(definition.name, definition.type, scope, offset));
          break;
        case "export": {
          const item = ascribe(
            scope.getItem(definition.item.sort, definition.item.index, offset),
            definition.type,
            scope,
            offset,
            this.#budget,
          );
          const { name } = definition.name;
          if (item.sort === "type" && item.type.kind === "resource") nameResourceType(item.type.type, name);
          if (item.sort === "func" && item.func.kind === "lift") this.#lifts[item.func.lift]!.name ??= name;
          exports.set(name, { name: definition.name, item });
          scope.addItem(item);
          break;
        }
      }
    }
    return instanceItem(exports, 0);
  }

  #instance(expr: InstanceExpr, scope: Scope, node: number, depth: number, offset: number): InstanceItem {
    if (expr.kind === "exports") {
      const exports = new Map<string, NamedItem>();
      for (const { name, item } of expr.exports) {
        exports.set(name.name, { name, item: scope.getItem(item.sort, item.index, offset) });
      }
      return instanceItem(exports, offset);
    }
    const component = scope.get("component", expr.component, offset);
    if (this.#nodes.length >= MAX_COMPONENT_INSTANCES) {
      invalid("instance", offset, "limit-exceeded", "component instance", MAX_COMPONENT_INSTANCES);
    }
    if (depth >= MAX_NESTING) invalid("instance", offset, "nesting-too-deep");
    const args = new Map<string, Item>();
    for (const { name, item } of expr.args) args.set(name, scope.getItem(item.sort, item.index, offset));
    const supply: Supply = ({ name }) => args.get(name)!;
    if (component.kind === "defined") return this.#inline(component, node, depth + 1, supply);
    return instanceItem(evaluateDecls(component.type, undefined, this.#abstractMaker(), supply), offset);
  }

  #resource(
    { destructor, rep }: TypeDef & { kind: "resource" },
    scope: Scope,
    node: number,
    offset: number,
  ): void {
    const slot = this.#resources.length;
    const type = makeResourceType(slot);
    this.#resources.push({ type, leaf: undefined, rep: rep.kind === "i64" ? "i64" : "i32" });
    const ref = destructor === undefined ? undefined : scope.get("core func", destructor, offset);
    this.#steps.push({ kind: "resource", resource: slot, destructor: ref, node });
    scope.add("type", { kind: "resource", type });
  }

  // ── Core instances ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #coreInstance(expr: CoreInstanceExpr, scope: Scope, offset: number): CoreInstance {
    if (expr.kind === "exports") {
      const exports = new Map<string, CoreRef>();
      for (const { name, item: { sort, index } } of expr.exports) {
        const item = sort as keyof typeof coreItemSorts;
        exports.set(name, scope.get(coreItemSorts[item], index, offset));
      }
      return { kind: "inline", exports, arg: { kind: "items", items: [...exports] } };
    }
    const module = scope.get("core module", expr.module, offset);
    const args = new Map<string, CoreArg>();
    for (const { name, instance } of expr.args) {
      const arg = scope.get("core instance", instance, offset);
      args.set(name, arg.kind === "instantiated" ? { kind: "instance", slot: arg.slot } : arg.arg);
    }
    this.#makeRoom(module, offset);
    const slot = this.#coreInstances++;
    this.#steps.push({ kind: "instantiate", module, args: [...args], slot });
    return { kind: "instantiated", slot };
  }

  /** Counts what an instance of a core module makes: a small binary can ask for very much. */
  #makeRoom(module: ModuleRef, offset: number): void {
    const within = (what: string, count: number, most: number): void => {
      if (count > most) invalid("core instance", offset, "limit-exceeded", what, most);
    };
    within("core instance", this.#coreInstances + 1, MAX_CORE_INSTANCES);
    const makes = module.kind === "own" ? module.module.type?.makes : undefined;
    if (makes === undefined) return;
    within("memory", this.#made.memories += makes.memories, MAX_MEMORIES);
    within("table", this.#made.tables += makes.tables, MAX_TABLES);
    within("table element", this.#made.elements += makes.elements, MAX_TABLE_ELEMENTS);
  }

  // ── Canonical definitions ───────────────────────────────────────────────────────────────────────────────────────────────

  #canon(canon: CanonDef, scope: Scope, node: number, offset: number): void {
    switch (canon.kind) {
      case "lift": {
        const { type } = scope.typeOf("func", canon.type, offset);
        const core = scope.get("core func", canon.func, offset);
        const options = planOptions(canon.options, scope, offset);
        const lift = this.#lifts.push({ core, type, options, node, name: undefined }) - 1;
        scope.add("func", { kind: "lift", lift, type });
        return;
      }
      case "lower": {
        const func: FuncRef = scope.get("func", canon.func, offset);
        const options = planOptions(canon.options, scope, offset);
        const { type } = func;
        this.#make(
          scope,
          (slot) =>
            func.kind === "import"
              ? { kind: "lower", leaf: func.leaf, type, options, slot, node }
              : { kind: "adapter", lift: func.lift, type, options, slot, node },
        );
        return;
      }
      case "resource.new":
      case "resource.drop":
      case "resource.rep": {
        const resource = slotOf(scope.typeOf("resource", canon.type, offset).type);
        this.#make(scope, (slot) => ({ kind: "builtin", builtin: { name: canon.kind, resource }, slot, node }));
        return;
      }
      case "builtin": {
        const builtin = planBuiltin(canon, scope, offset);
        this.#make(scope, (slot) => ({ kind: "builtin", builtin, slot, node }));
        return;
      }
    }
  }

  #make(scope: Scope, step: (slot: number) => Step): void {
    const slot = this.#coreFuncs++;
    this.#steps.push(step(slot));
    scope.add("core func", { kind: "made", slot });
  }
}

// ── Pieces that need no planner ───────────────────────────────────────────────────────────────────────────────────────────

/** An ascribed instance type hides what it does not mention. */
function ascribe(item: Item, type: ExternTypeDef | undefined, scope: Scope, offset: number, budget: Budget): Item {
  if (type === undefined) return item;
  if (item.sort === "func" && type.kind === "func") {
    // The same type, spelt with the names that the component exports.
    return { sort: "func", func: { ...item.func, type: scope.typeOf("func", type.type, offset).type } };
  }
  if (item.sort !== "instance" || type.kind !== "instance") return item;
  const { decls } = scope.typeOf("instance", type.type, offset);
  const exports = new Map<string, NamedItem>();
  for (const decl of decls) {
    budget.spend(offset);
    if (decl.kind !== "export") continue;
    exports.set(decl.name.name, item.instance.exports.get(decl.name.name)!);
  }
  return { sort: "instance", instance: instanceItem(exports, offset) };
}
