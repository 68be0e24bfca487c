// Definitions → a linear plan. Instantiation is a function call; here all calls are inlined.
// Walks a component's definitions as if it ran them, with references in place of values: what needs the engine becomes a step,
// everything else (aliases, exports, synthetic instances, arguments of every sort) is resolved on the way and is gone.
// Spec: Explainer.md "Instance Definitions", "Canonical Definitions"; model: Wasmtime's inlining.

import { containsRange, type FuncType, type ResourceType } from "../abi/types.ts";
import { paramsDirect, resultDirect, signatureLayout } from "../abi/layout.ts";
import { makeResourceType, nameResourceType, slotOf } from "../abi/slots.ts";
import { addAlias, coreItemSorts } from "./aliases.ts";
import type {
  CanonDef,
  CanonOptionsDef,
  CoreInstanceExpr,
  ExternTypeDef,
  InstanceExpr,
  NameDef,
  Sort,
} from "./definitions.ts";
import { addCoreType } from "./evaluate_core.ts";
import {
  Budget,
  evaluateDecls,
  evaluateType,
  extend,
  instanceItem,
  makeExtern,
  type Maker,
  type Path,
  SCOPE_WEIGHT,
  type Supply,
  weigh,
} from "./evaluate.ts";
import { invalid } from "./invalid.ts";
import { MAX_COMPONENT_INSTANCES, MAX_NESTING } from "./limits.ts";
import type { ModuleSlot } from "./module_slot.ts";
import type {
  CoreArg,
  CoreInstance,
  CoreItem,
  CoreRef,
  DefinedComponent,
  FuncRef,
  InstanceItem,
  Item,
  NamedItem,
  Plan,
  PlanImport,
  PlanLift,
  PlanOptions,
  Step,
} from "./plan_types.ts";
import { Scope } from "./scope.ts";

/** What a host gives for an import that must be known to plan. */
export type Given = ModuleSlot | DefinedComponent;

/**
 * Plans a component. Throws CompileError for an index, sort or option that does not fit.
 *
 * @param given What the host gives for the imports of core modules and components, in the order of the plan's imports. Without it, such
 *   imports stand for themselves and the plan serves for reflection and linking only, unless there are none.
 */
export function planComponent(component: DefinedComponent, given?: readonly Given[]): Plan {
  return new Planner(new Budget(), given).plan(component);
}

class Planner {
  readonly #budget: Budget;
  readonly #given: Iterator<Given> | undefined;
  readonly #steps: Step[] = [];
  readonly #lifts: PlanLift[] = [];
  readonly #imports: PlanImport[] = [];
  readonly #resources: { type: ResourceType; leaf: number | undefined }[] = [];
  readonly #nodes: number[] = [];
  /** The component instances that define resources, by slot. */
  readonly #definers: number[] = [];
  #coreInstances = 0;
  #coreFuncs = 0;

  constructor(budget: Budget, given: readonly Given[] | undefined) {
    this.#budget = budget;
    this.#given = given?.values();
  }

  plan(component: DefinedComponent): Plan {
    const imports = new Map<string, NamedItem>();
    const maker = this.#importMaker();
    const instance = this.#inline(component, -1, 0, (name, type, scope, offset) => {
      if (imports.has(name.name)) {
        invalid("import", offset, "duplicate-name", "import", name.name);
      }
      const item = makeExtern(type, name, extend(undefined, name), scope, maker, offset);
      imports.set(name.name, { name, item });
      return item;
    });
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
        this.#resources.push({ type, leaf: this.#leaf(path, { kind: "resource", type }) });
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
        this.#resources.push({ type, leaf: undefined });
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
          if (definition.type.kind === "resource") this.#resource(definition.type.destructor, scope, node, offset);
          else scope.add("type", evaluateType(definition.type, scope, offset, this.#budget));
          break;
        case "canon":
          this.#canon(definition.canon, scope, node, offset);
          break;
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
          if (exports.has(name)) invalid("export", offset, "duplicate-name", "export", name);
          if (item.sort === "type" && item.type.kind === "resource") nameResourceType(item.type.type, name);
          if (item.sort === "func" && item.func.kind === "lift") this.#lifts[item.func.lift]!.name ??= name;
          exports.set(name, { name: definition.name, item });
          scope.addItem(item);
          break;
        }
        case "start":
          return invalid("component", offset, "unsupported", "a component start function");
        case "value":
          return invalid("component", offset, "unsupported", "a component value");
      }
    }
    return instanceItem(exports, 0);
  }

  #instance(expr: InstanceExpr, scope: Scope, node: number, depth: number, offset: number): InstanceItem {
    if (expr.kind === "exports") {
      const exports = new Map<string, NamedItem>();
      for (const { name, item } of expr.exports) {
        if (exports.has(name.name)) {
          invalid("instance", offset, "duplicate-name", "export", name.name);
        }
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
    for (const { name, item } of expr.args) {
      if (args.has(name)) invalid("instance", offset, "duplicate-name", "argument", name);
      args.set(name, scope.getItem(item.sort, item.index, offset));
    }
    const supply: Supply = ({ name }, type) => {
      const item = args.get(name);
      const sort = sortOf(type);
      if (item === undefined) {
        invalid("instance", offset, "missing-argument", `${sort} import`, name);
      }
      if (item.sort !== sort) invalid("instance", offset, "wrong-kind", sort, `${item.sort} \`${name}\``);
      return item;
    };
    if (component.kind === "defined") return this.#inline(component, node, depth + 1, supply);
    return instanceItem(evaluateDecls(component.type, undefined, this.#abstractMaker(), supply).exports, offset);
  }

  #resource(destructor: number | undefined, scope: Scope, node: number, offset: number): void {
    const slot = this.#resources.length;
    const type = makeResourceType(slot);
    this.#resources.push({ type, leaf: undefined });
    this.#definers[slot] = node;
    const ref = destructor === undefined ? undefined : scope.get("core func", destructor, offset);
    this.#steps.push({ kind: "resource", resource: slot, destructor: ref, node });
    scope.add("type", { kind: "resource", type });
  }

  // ── Core instances ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #coreInstance(expr: CoreInstanceExpr, scope: Scope, offset: number): CoreInstance {
    if (expr.kind === "exports") {
      const exports = new Map<string, CoreItem>();
      for (const { name, item: { sort, index } } of expr.exports) {
        if (sort === "type" || sort === "module" || sort === "instance") {
          invalid("core instance", offset, "wrong-kind", "a core func, table, memory, global or tag", `core ${sort}`);
        }
        if (exports.has(name)) {
          invalid("core instance", offset, "duplicate-name", "export", name);
        }
        exports.set(name, { sort, ref: scope.get(coreItemSorts[sort], index, offset) });
      }
      const items = [...exports].map(([field, { ref }]) => [field, ref] as const);
      return { kind: "inline", exports, arg: { kind: "items", items } };
    }
    const module = scope.get("core module", expr.module, offset);
    const args = new Map<string, CoreArg>();
    for (const { name, instance } of expr.args) {
      if (args.has(name)) invalid("core instance", offset, "duplicate-name", "argument", name);
      const arg = scope.get("core instance", instance, offset);
      args.set(name, arg.kind === "instantiated" ? { kind: "instance", slot: arg.slot } : arg.arg);
    }
    const slot = this.#coreInstances++;
    this.#steps.push({ kind: "instantiate", module, args: [...args], slot });
    return { kind: "instantiated", slot };
  }

  // ── Canonical definitions ───────────────────────────────────────────────────────────────────────────────────────────────

  #canon(canon: CanonDef, scope: Scope, node: number, offset: number): void {
    switch (canon.kind) {
      case "lift": {
        const { type } = scope.typeOf("func", canon.type, offset, "canon lift");
        const core = scope.get("core func", canon.func, offset);
        const options = planOptions(canon.options, scope, offset);
        requireOptions("lift", type, options, offset);
        const lift = this.#lifts.push({ core, type, options, node, name: undefined }) - 1;
        scope.add("func", { kind: "lift", lift, type });
        return;
      }
      case "lower": {
        const func: FuncRef = scope.get("func", canon.func, offset);
        const options = planOptions(canon.options, scope, offset);
        requireOptions("lower", func.type, options, offset);
        this.#make(scope, (slot) => ({ kind: "lower", func, options, slot, node }));
        return;
      }
      case "resource.new":
      case "resource.drop":
      case "resource.rep": {
        const resource = slotOf(scope.typeOf("resource", canon.type, offset, canon.kind).type);
        // Only who defines a resource may make handles from representations, or look into them.
        if (canon.kind !== "resource.drop" && this.#definers[resource] !== node) {
          invalid(`canon ${canon.kind}`, offset, "invalid-type", `type index ${canon.type} is not a local resource`);
        }
        this.#make(scope, (slot) => ({ kind: canon.kind, resource, slot, node }));
        return;
      }
      case "builtin":
        if (canon.memory !== undefined) scope.get("core memory", canon.memory, offset);
        if (canon.options !== undefined) planOptions(canon.options, scope, offset);
        this.#make(scope, (slot) => ({ kind: "unsupported", name: canon.name, slot, node }));
        return;
    }
  }

  #make(scope: Scope, step: (slot: number) => Step): void {
    const slot = this.#coreFuncs++;
    this.#steps.push(step(slot));
    scope.add("core func", { kind: "made", slot });
  }
}

// ── Pieces that need no planner ───────────────────────────────────────────────────────────────────────────────────────────

/** The sort of items that an `externtype` describes. */
function sortOf({ kind }: ExternTypeDef): Sort {
  return kind === "core-module" ? "core module" : kind;
}

/** An ascribed instance type hides what it does not mention. */
function ascribe(item: Item, type: ExternTypeDef | undefined, scope: Scope, offset: number, budget: Budget): Item {
  if (type === undefined) return item;
  const sort = sortOf(type);
  if (sort !== item.sort) invalid("export", offset, "wrong-kind", sort, item.sort);
  if (item.sort === "func" && type.kind === "func") {
    // The same type, spelt with the names that the component exports.
    return { sort: "func", func: { ...item.func, type: scope.typeOf("func", type.type, offset, "export").type } };
  }
  if (item.sort !== "instance" || type.kind !== "instance") return item;
  const { decls } = scope.typeOf("instance", type.type, offset, "export");
  const exports = new Map<string, NamedItem>();
  for (const decl of decls) {
    budget.spend(offset);
    if (decl.kind !== "export") continue;
    const found = item.instance.exports.get(decl.name.name);
    if (found === undefined) {
      invalid("export", offset, "missing-export", "the instance", decl.name.name);
    }
    exports.set(decl.name.name, found);
  }
  return { sort: "instance", instance: instanceItem(exports, offset) };
}

function planOptions(def: CanonOptionsDef, scope: Scope, offset: number): PlanOptions {
  const core = (sort: "core func" | "core memory", index: number | undefined): CoreRef | undefined =>
    index === undefined ? undefined : scope.get(sort, index, offset);
  if (def.callback !== undefined) scope.get("core func", def.callback, offset);
  return {
    stringEncoding: def.stringEncoding ?? "utf8",
    memory: core("core memory", def.memory),
    realloc: core("core func", def.realloc),
    postReturn: core("core func", def.postReturn),
    async: def.async ?? false,
  };
}

/** Which options a signature cannot do without. */
function requireOptions(context: "lift" | "lower", type: FuncType, options: PlanOptions, offset: number): void {
  if (options.async || type.async) return;
  const place = `canon ${context}`;
  if (context === "lower" && options.postReturn !== undefined) {
    invalid(place, offset, "canonical-option", "`post-return` cannot be specified for lowerings");
  }
  // The layout need not be known where nothing can be missing.
  if (options.memory !== undefined && options.realloc !== undefined) return;
  const layout = signatureLayout(type);
  const params = type.params.some((param) => containsRange(param.type));
  const result = type.result !== undefined && containsRange(type.result);
  if ((params || result || !paramsDirect(layout) || !resultDirect(layout)) && options.memory === undefined) {
    invalid(place, offset, "canonical-option", "`memory` is required");
  }
  const allocates = context === "lift" ? params || !paramsDirect(layout) : result;
  if (allocates && options.realloc === undefined) invalid(place, offset, "canonical-option", "`realloc` is required");
}
