// Index spaces: the items that a component, component type or instance type has defined so far, by
// sort and index.
// Planning and validation keep different items in them. How the spaces grow, and how scopes nest,
// is the same.
// Spec: Explainer.md "Index Spaces".

import { CoreSpace } from "../module/type_space.ts";
import type { Sort } from "../decode/syntax.ts";
import type { CoreTypeItem } from "./core_types.ts";
import { invalid } from "../binary/invalid.ts";

/** The type of the items in each index space. */
export type Spaces = { readonly [S in Exclude<Sort, "core type">]: unknown } & { readonly "core type": CoreTypeItem };

/** The names of sorts in messages. */
const words: Readonly<Record<Sort, string>> = {
  "core func": "core function",
  "core table": "table",
  "core memory": "memory",
  "core global": "global",
  "core tag": "tag",
  "core type": "core type",
  "core module": "module",
  "core instance": "core instance",
  func: "function",
  value: "value",
  type: "type",
  component: "component",
  instance: "instance",
};

/** The kinds of types, as messages name what they expect. */
export const typeKinds = {
  value: "a defined type",
  func: "a function type",
  resource: "a resource type",
  component: "a component type",
  instance: "an instance type",
} as const;

/** One scope with its index spaces. Only outer aliases reach from a nested scope outward. */
export class IndexSpaces<S extends Spaces> {
  readonly parent: this | undefined;
  #coreTypes: CoreSpace | undefined;
  /**
   * Each array is made when it is needed: most scopes need few of them, and a component can have
   * very many scopes.
   */
  readonly #spaces: { [K in Sort]: unknown[] | undefined } = {
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

  constructor(parent: IndexSpaces<S> | undefined) {
    this.parent = parent as this | undefined;
  }

  /** The space that references in core types use. It is as long as the space of core types. */
  get coreTypes(): CoreSpace {
    return this.#coreTypes ??= new CoreSpace();
  }

  add<K extends Sort>(sort: K, item: S[K]): void {
    const space = this.#spaces[sort];
    if (space === undefined) this.#spaces[sort] = [item];
    else space.push(item);
  }

  /** Gives all items of a sort. */
  all<K extends Sort>(sort: K): readonly S[K][] {
    return (this.#spaces[sort] ?? []) as S[K][];
  }

  get<K extends Sort>(sort: K, index: number, offset: number): S[K] {
    const space = this.#spaces[sort];
    if (space === undefined || index >= space.length) invalid("component", offset, "unknown-index", words[sort], index);
    return space[index] as S[K];
  }

  /** Gives the scope `count` levels outward. */
  outer(count: number, offset: number): this {
    let found: this | undefined = this as this;
    for (let i = 0; i < count && found !== undefined; i++) found = found.parent;
    if (found === undefined) invalid("component", offset, "invalid-type", `invalid outer alias count of ${count}`);
    return found;
  }
}
