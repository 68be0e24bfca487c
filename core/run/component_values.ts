// The component values of one instance tree. Each is a JavaScript value as an export would give it,
// under the number that the plan gave it.
// Values come from the host, from value definitions and from start functions. They go to start
// functions and to exports.
// Spec: Explainer.md "Value Definitions", "Start Definitions".

import { LinkError } from "../../errors.ts";
import type { CodecSource } from "../../abi/codecs/codec.ts";
import type { ValType } from "../../abi/types/types.ts";
import { Reader } from "../binary/reader.ts";
import type { Plan, PlanImport, ValueStep } from "../plan/plan_types.ts";
import { readValue } from "../resolve/value_bytes.ts";
import type { HostImport } from "./running_core.ts";

/** What the values of a tree need from it. */
export interface ValueSide {
  readonly plan: Plan;
  readonly imports: readonly HostImport[];
  readonly codecs: CodecSource;
  /** Checks and converts a value. */
  convert(type: ValType, given: unknown, path: string): unknown;
  /** Calls a start function. */
  start(step: ValueStep & { kind: "start" }, args: readonly unknown[]): unknown;
}

type Wanted = PlanImport["want"] & { kind: "value" };

/** The values. */
export class ComponentValues {
  readonly #side: ValueSide;
  readonly #values: unknown[] = [];

  constructor(side: ValueSide) {
    this.#side = side;
  }

  /** Gives a value by its number. */
  get(value: number): unknown {
    return this.#values[value];
  }

  /** Converts what the host gave, before anything runs. */
  takeImports(): void {
    const { plan, imports } = this.#side;
    plan.imports.forEach(({ want, display }, leaf) => {
      const item = imports[leaf]!;
      if (want.kind !== "value" || item.kind !== "value") return;
      this.#values[want.value] = this.#side.convert(want.type, item.given, `import ${display}`);
    });
  }

  /** Performs a step. */
  step(step: ValueStep): void {
    switch (step.kind) {
      case "value": {
        const { type, literal: { offset, bytes } } = step, { codecs, convert } = this.#side;
        const given = readValue(type, new Reader(bytes, offset, "value"), codecs.memberNames);
        this.#values[step.value] = convert(type, given, "a value definition");
        return;
      }
      case "same-value":
        return this.#same(step.leaf);
      case "start": {
        const result = this.#side.start(step, step.args.map((value) => this.#values[value]));
        if (step.result !== undefined) this.#values[step.result] = result;
        return;
      }
    }
  }

  #same(leaf: number): void {
    const { plan, imports } = this.#side, { display, want } = plan.imports[leaf]!;
    const { value, same } = want as Wanted, expected = this.#values[same!];
    if (imports[leaf]!.kind === "none") this.#values[value] = expected;
    else if (!isSame(this.#values[value], expected)) {
      throw new LinkError("mismatched-value", `link import ${display}`, display);
    }
  }
}

/**
 * Whether two converted values of one type are equal. Objects that handles stand for are compared
 * by identity.
 */
function isSame(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (left instanceof Map && right instanceof Map) return isSame([...left], [...right]);
  // A list of numbers may have millions of them: no object is made for each.
  if (ArrayBuffer.isView(left) && ArrayBuffer.isView(right)) return areSame(left as Numbers, right as Numbers);
  if (isPlain(left) && isPlain(right)) {
    const entries = Object.entries(left), others = right as Record<string, unknown>;
    return entries.length === Object.keys(others).length &&
      entries.every(([name, value]) => Object.hasOwn(others, name) && isSame(value, others[name]));
  }
  return false;
}

/** A typed array. */
type Numbers = ArrayLike<number | bigint> & ArrayBufferView;

function areSame(left: Numbers, right: Numbers): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (!Object.is(left[i], right[i])) return false;
  return true;
}

/** Whether an object is a list, a tuple, a record, flags, or a variant. */
function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
