// The index spaces of planning. They hold references, not types. Validation has checked before that
// the items fit.
// Spec: Explainer.md "Index Spaces".

import type { ResourceType } from "../../abi/types/types.ts";
import { IndexSpaces } from "../resolve/index_spaces.ts";
import type { Sort } from "../decode/syntax.ts";
import type { CoreTypeItem } from "../resolve/core_types.ts";
import type {
  CoreInstance,
  CoreRef,
  FuncRef,
  ModuleRef,
  PlanComponent,
  PlanInstance,
  PlanItem,
  PlanType,
  PlanValue,
} from "./plan_types.ts";
import type { ValueItem } from "../resolve/value_types.ts";

/** What each index space holds. */
type PlanSpaces = {
  "core func": CoreRef;
  "core table": CoreRef;
  "core memory": CoreRef;
  "core global": CoreRef;
  "core tag": CoreRef;
  "core type": CoreTypeItem;
  "core module": ModuleRef;
  "core instance": CoreInstance;
  func: FuncRef;
  value: PlanValue;
  type: PlanType;
  component: PlanComponent;
  instance: PlanInstance;
};

/** The index spaces of one component, component type or instance type during planning. */
export class PlanScope extends IndexSpaces<PlanSpaces> {
  /** Gives the type at an index. Validation guarantees its kind. */
  typeOf<K extends PlanType["kind"]>(_: K, index: number, offset: number): PlanType & { kind: K } {
    return this.get("type", index, offset) as PlanType & { kind: K };
  }

  valueType(index: number, offset: number): ValueItem {
    return this.typeOf("value", index, offset);
  }

  resourceType(index: number, offset: number): ResourceType {
    return this.typeOf("resource", index, offset).type;
  }

  /** Adds an item to the index space of its sort. */
  addItem(item: PlanItem): void {
    switch (item.sort) {
      case "func":
        return this.add("func", item.func);
      case "value":
        return this.add("value", item.value);
      case "type":
        return this.add("type", item.type);
      case "instance":
        return this.add("instance", item.instance);
      case "component":
        return this.add("component", item.component);
      case "core module":
        return this.add("core module", item.module);
    }
  }

  /** Gives the item at an index, for the sorts that components import and export. */
  getItem(sort: Sort, index: number, offset: number): PlanItem {
    switch (sort as PlanItem["sort"]) {
      case "func":
        return { sort: "func", func: this.get("func", index, offset) };
      case "value":
        return { sort: "value", value: this.get("value", index, offset) };
      case "type":
        return { sort: "type", type: this.get("type", index, offset) };
      case "instance":
        return { sort: "instance", instance: this.get("instance", index, offset) };
      case "component":
        return { sort: "component", component: this.get("component", index, offset) };
      case "core module":
        return { sort: "core module", module: this.get("core module", index, offset) };
    }
  }
}
