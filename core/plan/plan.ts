// Plans a component: definitions enter, a linear plan leaves. Instantiating a component is like
// calling a function, and here all calls are inlined.
// The planner walks a component's definitions as if it ran them, with references in place of
// values. A definition that needs the engine becomes a step. Everything else (aliases, exports,
// synthetic instances, arguments of every sort) is resolved on the way and disappears.
// Spec: Explainer.md "Instance Definitions", "Canonical Definitions". Wasmtime inlines in the same
// way.

import { makeResourceType, nameResourceType, resourceSlotOf } from "../../abi/types/resource_slots.ts";
import { addAlias } from "./aliases.ts";
import type {
  CanonDef,
  CoreInstanceExpr,
  Definition,
  ExternTypeDef,
  InstanceExpr,
  NameDef,
  TypeDef,
} from "../decode/syntax.ts";
import { addCoreType } from "../resolve/core_types.ts";
import { Budget, SCOPE_WEIGHT, weigh } from "../resolve/budget.ts";
import {
  evaluateDecls,
  evaluateType,
  extend,
  makeExtern,
  type Maker,
  type Path,
  planInstance,
  type Supply,
} from "./externs.ts";
import { invalid } from "../binary/invalid.ts";
import {
  MAX_COMPONENT_INSTANCES,
  MAX_CORE_INSTANCES,
  MAX_CORE_NAMES,
  MAX_GLOBALS,
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
  ModuleRef,
  NamedPlanItem,
  Plan,
  PlanImport,
  PlanInstance,
  PlanItem,
  PlanLift,
  PlanResource,
  PlanStep,
  PlanValue,
} from "./plan_types.ts";
import { PlanScope } from "./plan_scope.ts";
import { PlanValues, requireSame } from "./plan_values.ts";
import { coreItemSorts } from "../decode/sorts.ts";
import { planBuiltin, planOptions } from "./canon.ts";
import { valueAt } from "../resolve/value_types.ts";

/** What a host provides for an import that must be known before planning. */
export type Given = ModuleSlot | DefinedComponent;

/**
 * Plans a component, which must be valid. Throws a CompileError if it unfolds into too much.
 *
 * @param given What the host provides for the imports of core modules and components, in the order
 * of the plan's imports. Without it, such imports stand for themselves, and the plan serves only
 * for linking, unless there are no such imports.
 */
export function planComponent(component: DefinedComponent, given?: readonly Given[]): Plan {
  return new Planner(new Budget(component.def.size), given).plan(component);
}

class Planner {
  readonly #budget: Budget;
  readonly #given: Iterator<Given> | undefined;
  readonly #steps: PlanStep[] = [];
  readonly #lifts: PlanLift[] = [];
  readonly #imports: PlanImport[] = [];
  readonly #resources: PlanResource[] = [];
  readonly #nodes: number[] = [];
  readonly #values = new PlanValues();
  #starts = 0;
  readonly #made = { memories: 0, tables: 0, elements: 0, globals: 0, names: 0 };
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
    this.#values.useExports(instance.exports);
    return {
      steps: this.#steps,
      lifts: this.#lifts,
      imports: this.#imports,
      resources: this.#resources,
      nodes: this.#nodes,
      exports: instance.exports,
    };
  }

  #leaf(innermost: Path, want: PlanImport["want"]): number {
    // Concatenation instead of `join`: engines share the common parts of concatenated strings.
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
      value: (path, type, same) => {
        const made = this.#values.add(type);
        const leaf = this.#leaf(path, { kind: "value", type, value: made.value, same: same?.value });
        if (same !== undefined) this.#steps.push({ kind: "same-value", leaf });
        return made;
      },
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

  /**
   * Makes the exports of an instance of an imported component. Only their types are known so far.
   */
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
      value: (_, type) => ({ value: -1, type }),
      module: (_, type) => ({ kind: "import", type }),
      component: (_, type) => ({ kind: "import", type }),
    };
  }

  /** Walks the definitions of a component. `supply` provides its imports. */
  #inline(
    component: DefinedComponent,
    parent: number,
    depth: number,
    supply: Supply,
  ): PlanInstance {
    const node = this.#nodes.push(parent) - 1;
    this.#budget.spend(0, SCOPE_WEIGHT);
    const scope = new PlanScope(component.scope);
    const exports = new Map<string, NamedPlanItem>();
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
          this.#start(definition, scope);
          break;
        case "value": {
          const { type, value } = this.#values.add(valueAt(definition.type, scope, offset).type);
          this.#steps.push({ kind: "value", value, type, literal: definition.value });
          scope.add("value", { value, type });
          break;
        }
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
    return planInstance(exports, 0);
  }

  #start({ func: index, args, results, offset }: Definition & { kind: "start" }, scope: PlanScope): void {
    const func = scope.get("func", index, offset);
    const values = args.map((arg) => {
      const value = scope.get("value", arg, offset);
      this.#values.use(value, offset);
      return value.value;
    });
    const made = results === 0 ? undefined : this.#values.add(func.type.result!);
    this.#steps.push({ kind: "start", func, args: values, result: made?.value, start: this.#starts++ });
    if (made !== undefined) scope.add("value", made);
  }

  #instance(expr: InstanceExpr, scope: PlanScope, node: number, depth: number, offset: number): PlanInstance {
    if (expr.kind === "exports") {
      const exports = new Map<string, NamedPlanItem>();
      for (const { name, item } of expr.exports) {
        exports.set(name.name, { name, item: scope.getItem(item.sort, item.index, offset) });
      }
      return planInstance(exports, offset);
    }
    const component = scope.get("component", expr.component, offset);
    if (this.#nodes.length >= MAX_COMPONENT_INSTANCES) {
      invalid("instance", offset, "limit-exceeded", "component instance", MAX_COMPONENT_INSTANCES);
    }
    if (depth >= MAX_NESTING) invalid("instance", offset, "nesting-too-deep");
    const args = new Map<string, PlanItem>();
    for (const { name, item } of expr.args) args.set(name, scope.getItem(item.sort, item.index, offset));
    const supply: Supply = ({ name }, type, scope, offset) => {
      const item = args.get(name)!;
      if (item.sort === "value") checkBound(item.value, type, scope, offset);
      return item;
    };
    if (component.kind === "defined") return this.#inline(component, node, depth + 1, supply);
    return planInstance(evaluateDecls(component.type, undefined, this.#abstractMaker(), supply), offset);
  }

  #resource(
    { destructor, rep }: TypeDef & { kind: "resource" },
    scope: PlanScope,
    node: number,
    offset: number,
  ): void {
    const resource = this.#resources.length;
    const type = makeResourceType(resource);
    this.#resources.push({ type, leaf: undefined, rep: rep.kind === "i64" ? "i64" : "i32" });
    const ref = destructor === undefined ? undefined : scope.get("core func", destructor, offset);
    this.#steps.push({ kind: "resource", resource, destructor: ref, node });
    scope.add("type", { kind: "resource", type });
  }

  #coreInstance(expr: CoreInstanceExpr, scope: PlanScope, offset: number): CoreInstance {
    if (expr.kind === "exports") {
      const exports = new Map<string, CoreRef>();
      for (const { name, sort, index } of expr.exports) {
        const item = sort as keyof typeof coreItemSorts;
        exports.set(name, scope.get(coreItemSorts[item], index, offset));
      }
      return { kind: "inline", exports, arg: { kind: "items", items: [...exports] } };
    }
    const module = scope.get("core module", expr.module, offset);
    const args = new Map<string, CoreArg>();
    for (const { name, instance } of expr.args) {
      const arg = scope.get("core instance", instance, offset);
      args.set(name, arg.kind === "instantiated" ? { kind: "instance", instance: arg.instance } : arg.arg);
    }
    this.#makeRoom(module, offset);
    const instance = this.#coreInstances++;
    this.#steps.push({ kind: "instantiate", module, args: [...args], instance });
    return { kind: "instantiated", instance };
  }

  /**
   * Counts what an instance of a core module allocates, because a small binary can ask for very
   * much.
   */
  #makeRoom(module: ModuleRef, offset: number): void {
    const checkCount = (what: string, count: number, most: number): void => {
      if (count > most) invalid("core instance", offset, "limit-exceeded", what, most);
    };
    checkCount("core instance", this.#coreInstances + 1, MAX_CORE_INSTANCES);
    const makes = module.kind === "own" ? module.module.type?.makes : undefined;
    if (makes === undefined) return;
    checkCount("memory", this.#made.memories += makes.memories, MAX_MEMORIES);
    checkCount("table", this.#made.tables += makes.tables, MAX_TABLES);
    checkCount("table element", this.#made.elements += makes.elements, MAX_TABLE_ELEMENTS);
    checkCount("global", this.#made.globals += makes.globals, MAX_GLOBALS);
    checkCount("core import and export", this.#made.names += makes.names, MAX_CORE_NAMES);
  }

  #canon(canon: CanonDef, scope: PlanScope, node: number, offset: number): void {
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
          (coreFunc) =>
            func.kind === "import"
              ? { kind: "lower", leaf: func.leaf, type, options, coreFunc, node }
              : { kind: "adapter", lift: func.lift, type, options, coreFunc, node },
        );
        return;
      }
      case "resource.new":
      case "resource.drop":
      case "resource.rep": {
        const resource = resourceSlotOf(scope.typeOf("resource", canon.type, offset).type);
        this.#make(scope, (coreFunc) => ({ kind: "builtin", builtin: { name: canon.kind, resource }, coreFunc, node }));
        return;
      }
      case "builtin": {
        const builtin = planBuiltin(canon, scope, offset);
        this.#make(scope, (coreFunc) => ({ kind: "builtin", builtin, coreFunc, node }));
        return;
      }
    }
  }

  #make(scope: PlanScope, step: (coreFunc: number) => PlanStep): void {
    const coreFunc = this.#coreFuncs++;
    this.#steps.push(step(coreFunc));
    scope.add("core func", { kind: "made", coreFunc });
  }
}

/** Refuses a value if its type says which value it is, and it is another one. */
function checkBound(found: PlanValue, type: ExternTypeDef, scope: PlanScope, offset: number): void {
  if (type.kind === "value" && type.bound.kind === "eq") {
    requireSame(scope.get("value", type.bound.value, offset), found, offset);
  }
}

/**
 * Gives the exports of an instance that were ascribed a type. Exports that the type does not
 * mention are hidden.
 */
function ascribe(
  item: PlanItem,
  type: ExternTypeDef | undefined,
  scope: PlanScope,
  offset: number,
  budget: Budget,
): PlanItem {
  if (type === undefined) return item;
  if (item.sort === "value") checkBound(item.value, type, scope, offset);
  if (item.sort === "func" && type.kind === "func") {
    // The same type, with the type names that the component exports.
    return { sort: "func", func: { ...item.func, type: scope.typeOf("func", type.type, offset).type } };
  }
  if (item.sort !== "instance" || type.kind !== "instance") return item;
  const { decls } = scope.typeOf("instance", type.type, offset);
  const exports = new Map<string, NamedPlanItem>();
  for (const decl of decls) {
    budget.spend(offset);
    if (decl.kind !== "export") continue;
    exports.set(decl.name.name, item.instance.exports.get(decl.name.name)!);
  }
  return { sort: "instance", instance: planInstance(exports, offset) };
}
