// Which lowered functions of a plan are passed to core modules, and the entries of those that are
// imports of the host.
// A small binary can lower 500,000 functions. So nothing is made for a function that no core module
// gets, and entries are made in portions.
// A plan enters. The result is found once per plan.

import { signatureLayout } from "../../abi/types/layout.ts";
import type { Codegen } from "../../abi/codegen/generate.ts";
import { Entries, type InstanceEntries, writtenEntries } from "../../abi/codegen/tiers.ts";
import type { Plan } from "../plan/plan_types.ts";

/** How many entries are made together: generating one text costs more memory than a few entries. */
const TOGETHER = 64;

const memo = new WeakMap<Plan, LoweredImports>();

/** What is found once per plan. */
export class LoweredImports {
  /** Core functions of the plan that are passed to core modules. */
  readonly #used = new Set<number>();
  /** The index of the entry of each core function. */
  readonly #places = new Map<number, number>();
  readonly #counts: number[] = [];
  readonly #chunks: Entries[] = [];
  /** Compiled modules of dispatchers, by the types of their functions. */
  readonly dispatchers: Map<string, WebAssembly.Module> = new Map();

  /** Gives the lowered imports of a plan. */
  static of(plan: Plan): LoweredImports {
    let found = memo.get(plan);
    if (found === undefined) memo.set(plan, found = new LoweredImports(plan));
    return found;
  }

  private constructor({ steps }: Plan) {
    const seen = new Set<object>();
    for (const step of steps) {
      for (const [, arg] of step.kind === "instantiate" ? step.args : []) {
        if (arg.kind !== "items" || seen.has(arg.items)) continue;
        seen.add(arg.items);
        for (const [, ref] of arg.items) if (ref.kind === "made") this.#used.add(ref.coreFunc);
      }
    }
    for (const step of steps) {
      if (step.kind !== "lower" || !this.#used.has(step.coreFunc)) continue;
      const { style, address } = step.options;
      const { core } = signatureLayout(step.type, { side: "lower", style, address });
      this.#places.set(step.coreFunc, this.#counts.push(core.params.length) - 1);
    }
  }

  /** Whether a core module gets the function. */
  isUsed(coreFunc: number): boolean {
    return this.#used.has(coreFunc);
  }

  /** The place of a lowered import among those that core modules get, if one gets it. */
  place(coreFunc: number): number | undefined {
    return this.#places.get(coreFunc);
  }

  /**
   * Gives the entries of one instance that were made together with the one at a place, and its place
   * among them. The instance keeps them.
   */
  entries(
    place: number,
    made: InstanceEntries[],
    { entries, evaluates }: Codegen,
  ): [entries: InstanceEntries, place: number] {
    const index = Math.floor(place / TOGETHER), start = index * TOGETHER;
    made[index] ??= entries === undefined
      ? (this.#chunks[index] ??= new Entries(this.#counts.slice(start, start + TOGETHER))).forInstance()
      : writtenEntries(entries[index]!, evaluates);
    return [made[index], place - start];
  }

  /** The bodies of the functions that make the entries, in portions. */
  sources(): string[] {
    return Array.from(
      { length: Math.ceil(this.#counts.length / TOGETHER) },
      (_, i) => Entries.source(this.#counts.slice(i * TOGETHER, (i + 1) * TOGETHER)),
    );
  }
}
