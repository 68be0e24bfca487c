// The component values of a plan: their numbers, and the uses of those that hold handles.
// Validation counts the uses of each index. An instance that exports a value can be aliased twice,
// and then two indices stand for one value. That does no harm, unless the value holds a handle,
// which can have one owner only.
// Spec: Binary.md "Start Definitions" (each value is consumed exactly once).

import { containsAsyncValue, containsHandle, type ValType } from "../../abi/types/types.ts";
import { invalid } from "../binary/invalid.ts";
import { refuseBorrow } from "../validate/entities.ts";
import type { NamedPlanItem, PlanInstance, PlanValue } from "./plan_types.ts";

type Exports = ReadonlyMap<string, NamedPlanItem>;

/** Gives values their numbers, and notes where those with handles go. */
export class PlanValues {
  #count = 0;
  readonly #moved = new Set<number>();
  /** Whether the values of an instance hold handles. Instances are shared, so each is walked once. */
  readonly #instances = new Map<PlanInstance, boolean>();

  /** Makes a value. */
  add(type: ValType): PlanValue {
    return { value: this.#count++, type };
  }

  /** A start function takes the value, or the root exports it. */
  use({ value, type }: PlanValue, offset: number): void {
    if (value < 0 || !hasOwner(type)) return;
    if (this.#moved.has(value)) usedTwice(offset);
    this.#moved.add(value);
  }

  /** The root exports these items. Gives whether a value among them holds handles. */
  useExports(exports: Exports): boolean {
    let holds = false;
    for (const { item } of exports.values()) {
      if (item.sort === "value") {
        refuseBorrow(item.value.type, 0);
        this.use(item.value, 0);
        holds ||= hasOwner(item.value.type);
      } else if (item.sort === "instance") holds = this.#useInstance(item.instance) || holds;
    }
    return holds;
  }

  #useInstance(instance: PlanInstance): boolean {
    const known = this.#instances.get(instance);
    if (known) usedTwice(0);
    if (known !== undefined) return known;
    const holds = this.useExports(instance.exports);
    this.#instances.set(instance, holds);
    return holds;
  }
}

/** Whether values of a type have an owner. */
function hasOwner(type: ValType): boolean {
  return containsHandle(type) || containsAsyncValue(type);
}

function usedTwice(offset: number): never {
  invalid("component", offset, "invalid-type", "a value that holds a handle cannot be used more than once");
}

/** Refuses a value for which another one stands that it must be equal to. */
export function requireSame(expected: PlanValue, found: PlanValue, offset: number): void {
  if (expected.value === found.value) return;
  invalid("component", offset, "type-mismatch", ": expected the value that `eq` names, found another value");
}
