// What planning keeps in index spaces: references instead of types. Whether they fit was validated before.
// Spec: Explainer.md "Index Spaces".

import type { ResourceType } from "../abi/types.ts";
import { IndexSpaces, typeKinds } from "./index_spaces.ts";
import { invalid } from "./invalid.ts";
import type { Sort } from "./definitions.ts";
import type { CoreTypeItem } from "./evaluate_core.ts";
import type {
  ComponentItem,
  CoreInstance,
  CoreRef,
  FuncRef,
  InstanceItem,
  Item,
  ModuleRef,
  TypeItem,
  ValueItem,
} from "./plan_types.ts";

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
  value: never;
  type: TypeItem;
  component: ComponentItem;
  instance: InstanceItem;
};

/** One scope of a plan. */
export class Scope extends IndexSpaces<PlanSpaces> {
  /** The type at an index, which must be of a kind; `what` needs it. */
  typeOf<K extends TypeItem["kind"]>(kind: K, index: number, offset: number, what = "type"): TypeItem & { kind: K } {
    const item = this.get("type", index, offset);
    if (item.kind !== kind) invalid(what, offset, "wrong-kind", `type index ${index}`, typeKinds[kind]);
    return item as TypeItem & { kind: K };
  }

  valueType(index: number, offset: number): ValueItem {
    return this.typeOf("value", index, offset);
  }

  resourceType(index: number, offset: number): ResourceType {
    return this.typeOf("resource", index, offset).type;
  }

  /** Adds an item to the space of its sort. */
  addItem(item: Item): void {
    switch (item.sort) {
      case "func":
        return this.add("func", item.func);
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

  /** The item at an index, for sorts that components import and export. */
  getItem(sort: Sort, index: number, offset: number): Item {
    switch (sort) {
      case "func":
        return { sort, func: this.get(sort, index, offset) };
      case "type":
        return { sort, type: this.get(sort, index, offset) };
      case "instance":
        return { sort, instance: this.get(sort, index, offset) };
      case "component":
        return { sort, component: this.get(sort, index, offset) };
      case "core module":
        return { sort, module: this.get(sort, index, offset) };
      case "value":
        return invalid("component", offset, "unsupported", "a component value");
      default:
        invalid("component", offset, "wrong-kind", "a func, value, type, component, instance or core module", sort);
    }
  }
}
