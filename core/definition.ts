// A component's definition, for what its plan does not say: its type, and plans of it with core
// modules and components that a host gives, or of components in it. A definition that was validated
// enters; plans and types leave. Who has only a plan (core/ahead) loads none of this.

import { LinkError } from "../errors.ts";
import type { ComponentDef } from "./decode/syntax.ts";
import type { CoreModuleType } from "./module/module_type.ts";
import { describeFault, foreignModuleFault, moduleFault } from "./module/module_match.ts";
import { ModuleSlot } from "./module/module_slot.ts";
import { type Given, planComponent } from "./plan/plan.ts";
import type { DefinedComponent, Plan, PlanComponent, PlanImport } from "./plan/plan_types.ts";
import { Reflection } from "./reflect.ts";
import { Budget } from "./resolve/budget.ts";
import type { ExternItem } from "./types.ts";
import { differEntity, placed, ResourceBindings } from "./validate/subtype.ts";
import { componentType } from "./validate/validate.ts";
import type { ComponentType, Entity, InstanceType } from "./validate/validated_types.ts";

/** A component's imports and exports as data. */
export interface Reflected {
  readonly imports: readonly ExternItem[];
  readonly exports: readonly ExternItem[];
  /** Comments of its WIT: the content of a section `package-docs`. */
  readonly docs?: Uint8Array | undefined;
}

/** One component's definition. */
export class Definition {
  readonly #root: DefinedComponent;

  constructor(root: DefinedComponent) {
    this.#root = root;
  }

  /** Its type as data. */
  reflect(): Reflected {
    const { imports, exports } = this.type(), reflection = new Reflection();
    return {
      imports: reflection.items(imports),
      exports: reflection.items(exports),
      docs: this.#root.def.names.docs,
    };
  }

  /** Plans it, with what the host gives for its imports of core modules and components. */
  plan(given?: readonly Given[]): Plan {
    return planComponent(this.#root, given);
  }

  /** Its type. */
  type(): ComponentType {
    return componentType(this.#root.def);
  }

  /** Checks a core module that the host gives for an import. */
  checkModule(module: WebAssembly.Module, want: CoreModuleType, display: string): Given {
    const slot = ModuleSlot.of(module);
    const fault = slot.type === undefined ? foreignModuleFault(module, want) : moduleFault(slot.type, want);
    if (fault === undefined) return slot;
    throw new LinkError("module-mismatch", `link import ${display}`, display, fault.item, describeFault(fault));
  }

  /** Checks it as what the host gives for an import of a component. */
  fit(want: Entity, display: string): Given {
    const root = this.#root, budget = new Budget(root.def.size);
    const given: Entity = { sort: "component", type: this.type() };
    const mismatch = differEntity(want, given, new ResourceBindings(() => false, () => budget.spend(0)));
    if (mismatch === undefined) return root;
    throw new LinkError("type-mismatch", `link import ${display}`, display, placed(mismatch));
  }

  /** The type of what it imports. */
  wanted({ path }: PlanImport): Entity {
    const [first, ...rest] = path;
    let { entity } = this.type().imports.get(first!.name)!;
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
