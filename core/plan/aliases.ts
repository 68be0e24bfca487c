// Aliases at plan time: an item of an instance, of a core instance or of an enclosing scope becomes
// an item of this scope.
// Spec: Explainer.md "Alias Definitions".

import type { AliasDef } from "../decode/syntax.ts";
import { addCoreTypeItem } from "../resolve/core_types.ts";
import type { CoreRef } from "./plan_types.ts";
import type { PlanScope } from "./plan_scope.ts";
import type { CoreItemSort } from "../decode/sorts.ts";

/** Adds the item of an alias to the scope. The alias was validated before. */
export function addAlias(def: AliasDef, scope: PlanScope, offset: number): void {
  const { sort } = def;
  switch (def.kind) {
    case "export":
      return scope.addItem(scope.get("instance", def.instance, offset).exports.get(def.name)!.item);
    case "core-export": {
      const instance = scope.get("core instance", def.instance, offset);
      const ref: CoreRef = instance.kind === "instantiated"
        ? { kind: "export", instance: instance.instance, name: def.name }
        : instance.exports.get(def.name)!;
      return scope.add(sort as CoreItemSort, ref);
    }
    case "outer": {
      const outer = scope.outer(def.count, offset);
      if (sort === "core type") return addCoreTypeItem(outer.get(sort, def.index, offset), scope);
      return scope.addItem(outer.getItem(sort, def.index, offset));
    }
  }
}
