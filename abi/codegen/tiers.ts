// Chooses the tier of a function: generated JavaScript if the engine permits it and the signature
// is supported, otherwise closures.
// An export is generated when it is first read. An import starts with closures, because most
// imports of a component are rarely called, and is generated after a few calls. The guest keeps the
// same entry function.

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
 * An import is generated after this many calls. The number is small, so that the engine has not
 * begun to observe what the entry calls: V8 begins at the eighth call, and an entry that was seen
 * to call two functions costs 4 ns more for ever. Generating costs 40 to 400 µs (`bench:tiers`).
 * Tests change this setting; 0 generates at once.
 */
export const tiers: { warmCalls: number } = { warmCalls: 4 };

/** Makes the JavaScript function for an export of a guest. */
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

/**
 * Gives the generated function, or `undefined` if making it fails: the stack may be nearly
 * exhausted, or a policy may forbid it. Closures still work then.
 */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (isExhausted(error) || error instanceof EvalError) return undefined;
    throw error;
  }
}

/** Makes a method: it passes `this` as the first argument. */
export function makeMethod(call: GuestCall): GuestCall {
  return function (this: unknown, ...args: unknown[]): unknown {
    return call(this, ...args);
  };
}

/** As it was when this module was loaded. A spread would iterate, which a script may have changed. */
const { apply } = Reflect;

/**
 * Makes the core function for a host function.
 *
 * @param prepare Called when the function is first called. Many imports are never called.
 * @param entry The entry that the guest holds. `undefined` if nothing is generated.
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
    return apply(cold, undefined, flat);
  });
  return entry.func;
}

/** A core function that passes its arguments on to another one. */
export interface Entry {
  readonly func: CoreFunction;
  /** Sets the function that the arguments are passed to. */
  become(next: CoreFunction): void;
}

type MakeEntries = () => [functions: readonly CoreFunction[], become: (index: number, next: CoreFunction) => void];

/** The entries of one component's imports, all made at once. Each has code of its own. */
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

  /** Makes the entries of one instance, in order. */
  *forInstance(): Generator<Entry, undefined> {
    const [funcs, become] = (ownFunction([], this.#source) as MakeEntries)();
    for (const [i, func] of funcs.entries()) yield { func, become: (next) => become(i, next) };
  }
}
