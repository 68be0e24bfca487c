// Core modules and components that a host gives for imports: they are checked by their types, and
// become part of the plan.
// A value and the type that is wanted enter, what a plan takes leaves, or a LinkError says how the
// types differ.

import { LinkError } from "../../errors.ts";
import { type Component, componentInternals } from "../../core/component.ts";
import type { CoreModuleType } from "../../core/module/module_type.ts";
import { describeFault, foreignModuleFault, moduleFault } from "../../core/module/module_match.ts";
import { ModuleSlot } from "../../core/module/module_slot.ts";
import type { DefinedComponent } from "../../core/plan/plan_types.ts";
import { Budget } from "../../core/resolve/budget.ts";
import { differEntity, placed, ResourceBindings } from "../../core/validate/subtype.ts";
import { componentType } from "../../core/validate/validate.ts";
import type { Entity } from "../../core/validate/validated_types.ts";

/** Checks a core module. */
export function givenModule(module: WebAssembly.Module, want: CoreModuleType, display: string): ModuleSlot {
  const slot = ModuleSlot.of(module);
  const fault = slot.type === undefined ? foreignModuleFault(module, want) : moduleFault(slot.type, want);
  if (fault === undefined) return slot;
  throw new LinkError("module-mismatch", `link import ${display}`, display, fault.item, describeFault(fault));
}

/** Checks a component. */
export function givenComponent(component: Component, want: Entity, display: string): DefinedComponent {
  const { root } = componentInternals(component);
  const given: Entity = { sort: "component", type: componentType(root.def) };
  const budget = new Budget(root.def.size);
  const mismatch = differEntity(want, given, new ResourceBindings(() => false, () => budget.spend(0)));
  if (mismatch === undefined) return root;
  throw new LinkError("type-mismatch", `link import ${display}`, display, placed(mismatch));
}
