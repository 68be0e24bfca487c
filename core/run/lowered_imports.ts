// Which lowered functions of a plan are passed to core modules, and the entries of those that are
// imports of the host.
// A small binary can lower 500,000 functions. So nothing is made for a function that no core module
// gets, and entries are made in portions.
// A plan enters. The result is found once per plan.

import { signatureLayout } from "../../abi/types/layout.ts";
import type { Codegen } from "../../abi/codegen/generate.ts";
import { Entries, type InstanceEntries, writtenEntries } from "../../abi/codegen/tiers.ts";
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
  /** Their text, unless it was written ahead of time. */
  entries(): Entries;
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
    made[index] ??= behindWide(
      this.#chunks[index] ??= chunkOf(this.#imports.slice(start, start + TOGETHER)),
      (chunk) => entries === undefined ? chunk.entries().forInstance() : writtenEntries(entries[index]!, evaluates),
    );
    return [made[index], place - start];
  }

  /** The bodies of the functions that make the entries, in portions. */
  sources(): string[] {
    return Array.from(
      { length: Math.ceil(this.#imports.length / TOGETHER) },
      (_, i) => Entries.source(countsOf(this.#imports.slice(i * TOGETHER, (i + 1) * TOGETHER))),
    );
  }
}

function chunkOf(imports: readonly WideImport[]): Chunk {
  const wide: WideGroup[] = [], places = imports.flatMap(({ numbers }, i) => numbers.size > 0 ? i : []);
  for (let at = 0; at < places.length; at += MAX_WIDE_IMPORTS) {
    const group = places.slice(at, at + MAX_WIDE_IMPORTS), module = wideImportsModule(group.map((i) => imports[i]!));
    if (module !== undefined) wide.push({ places: group, module });
  }
  let entries: Entries | undefined;
  return { entries: () => entries ??= new Entries(countsOf(imports)), wide };
}

const countsOf = (imports: readonly WideImport[]): number[] => imports.map(({ type }) => type.params.length);

/** Makes the entries of one instance, some of which are behind functions that take numbers for i64s. */
function behindWide(chunk: Chunk, make: (chunk: Chunk) => InstanceEntries): InstanceEntries {
  const { functions, become } = make(chunk);
  if (chunk.wide.length === 0) return { functions, become };
  const first = [...functions];
  for (const { places, module } of chunk.wide) {
    const wide = wideImports(module, places.map((i) => functions[i]!));
    places.forEach((place, i) => first[place] = wide[i]!);
  }
  return { functions: first, become };
}
