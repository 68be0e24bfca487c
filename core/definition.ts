// A component's definition, for what its plan does not say: its type, and plans of it with core modules
// and components that a host gives, or of components in it.
// A definition that was validated enters; plans and types leave. Who has only a plan (core/ahead) loads
// none of this.

import { LinkError } from "../errors.ts";
import type { ComponentDef } from "./decode/syntax.ts";
import { describeFault, foreignModuleFault, moduleFault } from "./module/module_match.ts";
import { ModuleSlot } from "./module/module_slot.ts";
import { type Given, planComponent } from "./plan/plan.ts";
import type { DefinedComponent, Plan, PlanComponent, PlanImport } from "./plan/plan_types.ts";
import { Reflection } from "./reflect.ts";
import { Budget } from "./resolve/budget.ts";
import type { ExternItem } from "./types.ts";
import { differEntity, placed, ResourceBindings } from "./validate/subtype.ts";
import { componentType } from "./validate/validate.ts";
import type { Entity, InstanceType } from "./validate/validated_types.ts";

/** A component's imports and exports as data. */
export interface Reflected {
  readonly imports: readonly ExternItem[];
  readonly exports: readonly ExternItem[];
}

/** One component's definition. */
export class Definition {
  readonly #root: DefinedComponent;

  constructor(root: DefinedComponent) {
    this.#root = root;
  }

  /** Its type as data. */
  reflect(): Reflected {
    const { imports, exports } = componentType(this.#root.def), reflection = new Reflection();
    return { imports: reflection.items(imports), exports: reflection.items(exports) };
  }

  /** Plans it, with what the host gives for its imports of core modules and components. */
  plan(given?: readonly Given[]): Plan {
    return planComponent(this.#root, given);
  }

  /** Checks a core module that the host gives for an import. */
  module({ want, display }: PlanImport, value: WebAssembly.Module): Given {
    const { type } = want as PlanImport["want"] & { kind: "module" }, slot = ModuleSlot.of(value);
    const fault = slot.type === undefined ? foreignModuleFault(value, type) : moduleFault(slot.type, type);
    if (fault === undefined) return slot;
    throw new LinkError("module-mismatch", `link import ${display}`, display, fault.item, describeFault(fault));
  }

  /** Checks a component that the host gives for an import. */
  component(leaf: PlanImport, value: Definition): Given {
    const { display } = leaf, root = value.#root;
    const given: Entity = { sort: "component", type: componentType(root.def) };
    const budget = new Budget(root.def.size);
    const mismatch = differEntity(this.#wanted(leaf), given, new ResourceBindings(() => false, () => budget.spend(0)));
    if (mismatch === undefined) return root;
    throw new LinkError("type-mismatch", `link import ${display}`, display, placed(mismatch));
  }

  /** Gives the type of a leaf from the component's type. */
  #wanted({ path }: PlanImport): Entity {
    const [first, ...rest] = path;
    let { entity } = componentType(this.#root.def).imports.get(first!.name)!;
    for (const { name } of rest) entity = (entity.type as InstanceType).get(name)!.entity;
    return entity;
  }

  /** Gives the definition of a component that this one exports, and the core modules in that. */
  exported(item: PlanComponent): { readonly definition: Definition; readonly modules: ModuleSlot[] } {
    // A plan that is run contains no imported ones.
    const root = item as DefinedComponent;
    return { definition: new Definition(root), modules: modulesOf(root.def) };
  }
}

/** Gives the core modules that a component defines, in order of appearance. */
function modulesOf({ definitions }: ComponentDef): ModuleSlot[] {
  return definitions.flatMap((definition) =>
    definition.kind === "core-module"
      ? [definition.module]
      : definition.kind === "component"
      ? modulesOf(definition.component)
      : []
  );
}
