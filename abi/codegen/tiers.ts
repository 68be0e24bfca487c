// Chooses the tier of a function: generated JavaScript if the engine permits it and the signature
// is supported, otherwise closures.
// An export is generated when it is first read. An import starts with closures, because most
// imports of a component are rarely called, and is generated after a few calls. The guest keeps the
// same entry function.

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import type { CodecSource } from "../codecs/codec.ts";
import { isExhausted } from "../exhausted.ts";
import { ownCopy, ownFunction } from "./function_pool.ts";
import type { CallLink } from "../calls/call_link.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { type Codegen, type ExportStyle, generate, isCovered } from "./generate.ts";
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
  codegen: Codegen | undefined,
): GuestCall {
  const link = linkExport(lifted, cx, style.throws);
  const generated = codegen && attempt(() => generate(link, style.method, codecs, codegen));
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
 * What knows the imports of a guest, by a key of its own. There is no closure for each import,
 * because a guest may have 500,000 of them, and calls few.
 */
export interface ImportSource<Key> {
  readonly tree: InstanceTree;
  readonly codecs: CodecSource;
  /** `undefined` if nothing is generated. */
  readonly codegen: Codegen | undefined;
  /** Called when the function is first called. */
  prepare(key: Key): Lowered;
}

/**
 * Makes the core function for a host function.
 *
 * @param entries The entries of which the guest holds the one at `place`. `undefined` if it is not to
 * change.
 */
export function importFunction<Key>(
  type: FuncType,
  source: ImportSource<Key>,
  key: Key,
  entries: InstanceEntries | undefined,
  place: number,
): CoreFunction {
  const { codegen } = source;
  if (codegen === undefined || entries === undefined || !isCovered(type)) {
    return lowerHost(linkImport(source.prepare(key)));
  }
  const cold = new ColdImport(source, key, codegen, entries, place);
  const now = codegen.print !== undefined && tiers.warmCalls === 0 ? cold.generated() : undefined;
  if (now !== undefined) return now;
  entries.become(place, (...flat) => cold.call(flat));
  return entries.functions[place]!;
}

/** An import that is not generated yet. */
class ColdImport<Key> {
  readonly #source: ImportSource<Key>;
  readonly #key: Key;
  readonly #codegen: Codegen;
  readonly #entries: InstanceEntries;
  readonly #place: number;
  #left: number;
  #link: CallLink | undefined;
  #closures: CoreFunction | undefined;

  constructor(source: ImportSource<Key>, key: Key, codegen: Codegen, entries: InstanceEntries, place: number) {
    this.#source = source;
    this.#key = key;
    this.#codegen = codegen;
    // What was written ahead of time costs nothing to make, and is never closures first.
    this.#left = codegen.print === undefined ? 1 : tiers.warmCalls;
    this.#entries = entries;
    this.#place = place;
  }

  #linked(): CallLink {
    return this.#link ??= linkImport(this.#source.prepare(this.#key));
  }

  generated(): CoreFunction | undefined {
    return attempt(() => generate(this.#linked(), false, this.#source.codecs, this.#codegen));
  }

  call(flat: CoreValue[]): CoreValue | undefined {
    let func: CoreFunction;
    try {
      func = this.#next();
    } catch (error) {
      throw uncatchable(this.#source.tree, error);
    }
    return apply(func, undefined, flat);
  }

  /** The function for this call: closures, or what was written ahead of time. */
  #next(): CoreFunction {
    if (--this.#left > 0) return this.#closures ??= lowerHost(this.#linked());
    const generated = this.generated(), func = generated ?? (this.#closures ??= lowerHost(this.#linked()));
    this.#entries.become(this.#place, func);
    return this.#codegen.print === undefined ? func : this.#closures ??= lowerHost(this.#linked());
  }
}

/** Core functions that pass their arguments on to others, and how to set one of those. */
export interface InstanceEntries {
  readonly functions: readonly CoreFunction[];
  become(place: number, next: CoreFunction): void;
}

type MakeEntries = () => [functions: readonly CoreFunction[], become: (index: number, next: CoreFunction) => void];

/** The entries of one component's imports, all made at once. Each has code of its own. */
export class Entries {
  readonly #source: string;

  /** @param counts How many core parameters each import has. */
  constructor(counts: readonly number[]) {
    this.#source = Entries.source(counts);
  }

  /** Gives the body of the function that makes the entries. */
  static source(counts: readonly number[]): string {
    const funcs = counts.map((count, i) => {
      const names = Array.from({ length: count }, (_, k) => `c${k}`).join(", ");
      return `function (${names}) { return f${i}(${names}); }`;
    });
    return `let ${["none", ...counts.map((_, i) => `f${i}`)].join(", ")};
return [[${funcs.join(",\n")}], (i, f) => {
  switch (i) { ${counts.map((_, i) => `case ${i}: f${i} = f; break;`).join(" ")} }
}];`;
  }

  /** Makes the entries of one instance, in order. */
  forInstance(): InstanceEntries {
    return entriesOf(ownFunction([], this.#source) as MakeEntries);
  }
}

/** Makes the entries of one instance from a function that was written ahead of time. */
export function writtenEntries(make: readonly (() => unknown)[], evaluates: boolean): InstanceEntries {
  return entriesOf(ownCopy(make, evaluates) as MakeEntries);
}

function entriesOf(make: MakeEntries): InstanceEntries {
  const [functions, become] = make();
  return { functions, become };
}
