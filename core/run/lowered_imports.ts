// Which lowered functions of a plan are passed to core modules, and the entries of those that are
// imports of the host.
// A small binary can lower 500,000 functions. So nothing is made for a function that no core module
// gets, and entries are made in portions.
// A plan enters. The result is found once per plan.

import { signatureLayout } from "../../abi/types/layout.ts";
import { Entries, type Entry } from "../../abi/codegen/tiers.ts";
import {
  MAX_WIDE_IMPORTS,
  numbersOf,
  type WideImport,
  wideImports,
  wideImportsModule,
} from "../../abi/wasm/wide_imports.ts";
import type { Plan } from "../plan/plan_types.ts";

/** How many entries are made together: generating one text costs more memory than a few entries. */
const TOGETHER = 64;

/** Entries that are made together. */
interface Chunk {
  readonly entries: Entries;
  readonly wide: readonly WideGroup[];
}

/** Entries of guests with 64-bit memories, by their places in a chunk, and the module before them. */
interface WideGroup {
  readonly places: readonly number[];
  readonly module: WebAssembly.Module;
}

const memo = new WeakMap<Plan, LoweredImports>();

/** What is found once per plan. */
export class LoweredImports {
  /** Core functions of the plan that are passed to core modules. */
  readonly #used = new Set<number>();
  /** The index of the entry of each core function. */
  readonly #places = new Map<number, number>();
  readonly #imports: WideImport[] = [];
  readonly #chunks: Chunk[] = [];
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
      const layout = signatureLayout(step.type, { side: "lower", style, address });
      const wide = { type: layout.core, numbers: numbersOf(step.type, layout) };
      this.#places.set(step.coreFunc, this.#imports.push(wide) - 1);
    }
  }

  /** Whether a core module gets the function. */
  isUsed(coreFunc: number): boolean {
    return this.#used.has(coreFunc);
  }

  /**
   * Gives the entry of a lowered import for one instance, which keeps the entries that were made
   * together. `undefined` if no core module gets the function.
   */
  entry(coreFunc: number, made: Entry[][]): Entry | undefined {
    const place = this.#places.get(coreFunc);
    if (place === undefined) return undefined;
    const index = Math.floor(place / TOGETHER), start = index * TOGETHER;
    const chunk = made[index] ??= entriesOf(
      this.#chunks[index] ??= chunkOf(this.#imports.slice(start, start + TOGETHER)),
    );
    return chunk[place - start];
  }
}

function chunkOf(imports: readonly WideImport[]): Chunk {
  const wide: WideGroup[] = [], places = imports.flatMap(({ numbers }, i) => numbers.size > 0 ? i : []);
  for (let at = 0; at < places.length; at += MAX_WIDE_IMPORTS) {
    const group = places.slice(at, at + MAX_WIDE_IMPORTS), module = wideImportsModule(group.map((i) => imports[i]!));
    if (module !== undefined) wide.push({ places: group, module });
  }
  return { entries: new Entries(imports.map(({ type }) => type.params.length)), wide };
}

/** Makes the entries of one instance. */
function entriesOf({ entries, wide }: Chunk): Entry[] {
  const made: Entry[] = [...entries.forInstance()];
  for (const { places, module } of wide) {
    const funcs = wideImports(module, places.map((i) => made[i]!.func));
    places.forEach((place, i) => made[place] = { func: funcs[i]!, become: made[place]!.become });
  }
  return made;
}
