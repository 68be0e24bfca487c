// Which tier serves a function: generated JavaScript where the engine permits it and the signature allows, else closures.
// An export is generated when it is made, which is when it is first read. An import starts with closures, since most imports of a component
// are hardly called, and is generated after a few calls; the guest holds an entry that stays.
// Source: DESIGN.md "Speed".

import type { CoreFunction } from "../types/core_values.ts";
import type { CodecSource } from "../codecs/codec.ts";
import { isExhausted } from "../exhausted.ts";
import { ownFunction } from "./function_pool.ts";
import type { CallLink } from "../calls/call_link.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { type ExportStyle, generate, isCovered } from "./trampolines.ts";
import { type GuestCall, type Lifted, liftExport, linkExport } from "../calls/from_host.ts";
import type { InstanceTree } from "../state/instance.ts";
import { linkImport, type Lowered, lowerHost } from "../calls/to_host.ts";
import { uncatchable } from "../state/trap.ts";
import type { FuncType } from "../types/types.ts";

/**
 * Calls of an import after which it is generated. Few, so that the engine has not begun to watch what the entry calls: V8 begins at the
 * eighth call, and an entry that was seen to call two functions costs 4 ns more for ever. Generating costs 40 to 400 µs (`bench:tiers`).
 * A setting, for the tests: 0 generates at once.
 */
export const tiers: { warmCalls: number } = { warmCalls: 4 };

/** The JS function for a guest's export. */
export function exportFunction(
  lifted: Lifted,
  cx: CanonContext,
  style: ExportStyle,
  codecs: CodecSource,
  codegen: boolean,
): GuestCall {
  const link = linkExport(lifted, cx, style.throws);
  const generated = codegen ? attempt(() => generate(link, style.method, codecs)) : undefined;
  if (generated !== undefined) return generated;
  const call = liftExport(link);
  return style.method ? makeMethod(call) : call;
}

/** What is made if it can be: the stack may be too short for it just now, or a policy forbid it by now, where closures still do. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (isExhausted(error) || error instanceof EvalError) return undefined;
    throw error;
  }
}

/** A method: a function with `this` as its first argument. */
export function makeMethod(call: GuestCall): GuestCall {
  return function (this: unknown, ...args: unknown[]): unknown {
    return call(this, ...args);
  };
}

/**
 * The core function for a host function.
 *
 * @param prepare Called when the function is first called: many imports never are.
 * @param entry Where the guest's function comes from; `undefined` where nothing is generated.
 */
export function importFunction(
  type: FuncType,
  prepare: () => Lowered,
  tree: InstanceTree,
  codecs: CodecSource,
  entry: Entry | undefined,
): CoreFunction {
  let made: CallLink | undefined;
  const link = (): CallLink => made ??= linkImport(prepare());
  if (entry === undefined || !isCovered(type)) return lowerHost(link());
  const warm = (): CoreFunction | undefined => attempt(() => generate(link(), false, codecs));
  let cold: CoreFunction | undefined, left = tiers.warmCalls;
  const now = left === 0 ? warm() : undefined;
  if (now !== undefined) return now;
  entry.become((...flat) => {
    try {
      cold ??= lowerHost(link());
    } catch (error) {
      throw uncatchable(tree, error);
    }
    if (--left === 0) entry.become(warm() ?? cold);
    return cold(...flat);
  });
  return entry.func;
}

/** A core function that passes its arguments on to another one. */
export interface Entry {
  readonly func: CoreFunction;
  /** Sets the other one. */
  become(next: CoreFunction): void;
}

type MakeEntries = () => [functions: readonly CoreFunction[], become: (index: number, next: CoreFunction) => void];

/** The entries of one component's imports: code of their own for each; made all at once. */
export class Entries {
  readonly #source: string;

  /** @param counts How many core parameters each import has. */
  constructor(counts: readonly number[]) {
    const funcs = counts.map((count, i) => {
      const names = Array.from({ length: count }, (_, k) => `c${k}`).join(", ");
      return `function (${names}) { return f${i}(${names}); }`;
    });
    this.#source = `let ${["none", ...counts.map((_, i) => `f${i}`)].join(", ")};
return [[${funcs.join(",\n")}], (i, f) => {
  switch (i) { ${counts.map((_, i) => `case ${i}: f${i} = f; break;`).join(" ")} }
}];`;
  }

  /** The entries of one instance, in order. */
  *forInstance(): Generator<Entry, undefined> {
    const [funcs, become] = (ownFunction([], this.#source) as MakeEntries)();
    for (const [i, func] of funcs.entries()) yield { func, become: (next) => become(i, next) };
  }
}
