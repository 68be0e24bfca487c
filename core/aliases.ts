// Aliases: an item of an instance, of a core instance or of an enclosing scope → an item of this one.
// Spec: Explainer.md "Alias Definitions".

import type { AliasDef } from "./definitions.ts";
import { addCoreTypeItem } from "./evaluate_core.ts";
import { invalid } from "./invalid.ts";
import type { Scope } from "./scope.ts";

/** Sorts of core items as the index spaces spell them; looked up rather than concatenated, since there are many. */
export const coreItemSorts = {
  func: "core func",
  table: "core table",
  memory: "core memory",
  global: "core global",
  tag: "core tag",
} as const;

type CoreItemSort = "core func" | "core table" | "core memory" | "core global" | "core tag";

function isCoreItemSort(sort: string): sort is CoreItemSort {
  return sort === "core func" || sort === "core table" || sort === "core memory" || sort === "core global" ||
    sort === "core tag";
}

/** Adds what an alias names to the scope. */
export function addAlias(def: AliasDef, scope: Scope, offset: number): void {
  const { sort } = def;
  switch (def.kind) {
    case "export": {
      const found = scope.get("instance", def.instance, offset).exports.get(def.name);
      if (found === undefined) invalid("alias", offset, "missing-export", "the instance", def.name);
      if (found.item.sort !== sort) {
        invalid("alias", offset, "wrong-kind", sort, `${found.item.sort} \`${def.name}\``);
      }
      return scope.addItem(found.item);
    }
    case "core-export": {
      if (!isCoreItemSort(sort)) {
        invalid("alias", offset, "wrong-kind", "a core func, table, memory, global or tag", sort);
      }
      const instance = scope.get("core instance", def.instance, offset);
      if (instance.kind === "instantiated") {
        return scope.add(sort, { kind: "export", instance: instance.slot, name: def.name });
      }
      const found = instance.exports.get(def.name);
      if (found === undefined) invalid("alias", offset, "missing-export", "the core instance", def.name);
      if (coreItemSorts[found.sort] !== sort) {
        invalid("alias", offset, "wrong-kind", sort, `core ${found.sort} \`${def.name}\``);
      }
      return scope.add(sort, found.ref);
    }
    case "outer": {
      const outer = scope.outer(def.count, offset);
      if (sort === "core type") return addCoreTypeItem(outer.get(sort, def.index, offset), scope);
      return scope.addItem(outer.getItem(sort, def.index, offset));
    }
  }
}
