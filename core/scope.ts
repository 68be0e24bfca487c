// Index spaces: what a component, component type or instance type has defined so far.
// A nested scope reaches outward only through outer aliases.
// Spec: Explainer.md "Index Spaces".

import { invalid } from "./invalid.ts";
import { CoreSpace } from "./core_space.ts";
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
} from "./plan_types.ts";

/** What each index space holds. */
interface Spaces {
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
}

/** Kinds of types as messages ask for them. */
const kinds: Readonly<Record<TypeItem["kind"], string>> = {
  value: "a value type (a defined type)",
  func: "a func type",
  resource: "a resource type",
  component: "a component type",
  instance: "an instance type",
};

/** One scope with its index spaces. */
export class Scope {
  readonly parent: Scope | undefined;
  #coreTypes: CoreSpace | undefined;
  /** Arrays are made as they are needed: most scopes need few, and a component can have very many scopes. */
  readonly #spaces: { [S in Sort]: Spaces[S][] | undefined } = {
    "core func": undefined,
    "core table": undefined,
    "core memory": undefined,
    "core global": undefined,
    "core tag": undefined,
    "core type": undefined,
    "core module": undefined,
    "core instance": undefined,
    func: undefined,
    value: undefined,
    type: undefined,
    component: undefined,
    instance: undefined,
  };

  constructor(parent: Scope | undefined) {
    this.parent = parent;
  }

  /** What references in core types count in: as long as the space of core types. */
  get coreTypes(): CoreSpace {
    return this.#coreTypes ??= new CoreSpace();
  }

  add<S extends Sort>(sort: S, item: Spaces[S]): void {
    const spaces: { [S in Sort]: Spaces[S][] | undefined } = this.#spaces;
    const space: Spaces[S][] | undefined = spaces[sort];
    if (space === undefined) spaces[sort] = [item] as typeof spaces[S];
    else space.push(item);
  }

  get<S extends Sort>(sort: S, index: number, offset: number): Spaces[S] {
    const space: readonly Spaces[S][] | undefined = this.#spaces[sort];
    if (space === undefined || index >= space.length) invalid("component", offset, "unknown-index", sort, index);
    return space[index]!;
  }

  /** The type at an index, which must be of a kind; `what` needs it. */
  typeOf<K extends TypeItem["kind"]>(kind: K, index: number, offset: number, what = "type"): TypeItem & { kind: K } {
    const item = this.get("type", index, offset);
    if (item.kind !== kind) invalid(what, offset, "wrong-kind", kinds[kind], `${item.kind} type`);
    return item as TypeItem & { kind: K };
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

  /** The scope `count` levels outward. */
  outer(count: number, offset: number): Scope {
    let found: Scope | undefined = this as Scope;
    for (let i = 0; i < count && found !== undefined; i++) found = found.parent;
    if (found === undefined) {
      invalid("component", offset, "invalid-type", `invalid outer alias count of ${count}`);
    }
    return found;
  }
}
