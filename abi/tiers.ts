// Which tier serves a function: generated JavaScript where the engine permits it and the signature allows, else closures.
// An export is generated when it is made, which is when it is first read. An import starts with closures, since most imports of a component
// are hardly called, and is generated after a few calls; the guest holds an entry that stays.
// Source: DESIGN.md "Speed".

import type { CodecSource } from "./codec.ts";
import { Copies, ownFunction } from "./copies.ts";
import { type ExportStyle, generateLift, generateLower, isCovered } from "./codegen.ts";
import { type GuestCall, type Lifted, liftExport } from "./lift.ts";
import { type HostCall, lowerHost } from "./lower.ts";
import type { CanonContext } from "./options.ts";
import type { CoreFunction, Signature } from "./signature.ts";

/** Calls of an import after which it is generated. A setting, for the tests: 0 generates at once. `bench/tiers_bench.ts` measures it. */
export const tiers: { warmCalls: number } = { warmCalls: 4 };

/** The JS function for a guest's export. */
export function exportFunction(
  lifted: Lifted,
  cx: CanonContext,
  style: ExportStyle,
  codecs: CodecSource,
  codegen: boolean,
): GuestCall {
  const generated = codegen ? generateLift(lifted, cx, style, codecs) : undefined;
  if (generated !== undefined) return generated;
  const call = liftExport(lifted, cx, style.throws);
  return style.method ? makeMethod(call) : call;
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
 * @param makeEntry Makes the entry; `undefined` where nothing is generated.
 */
export function importFunction(
  signature: Signature,
  call: HostCall,
  cx: CanonContext,
  path: string,
  codecs: CodecSource,
  makeEntry: MakeEntry | undefined,
): CoreFunction {
  const cold = lowerHost(signature, call, cx, path);
  if (makeEntry === undefined || !isCovered(signature)) return cold;
  const generate = (): CoreFunction => generateLower(signature, call, cx, path, codecs) ?? cold;
  if (tiers.warmCalls === 0) return generate();
  let left = tiers.warmCalls;
  const [entry, become] = makeEntry((...flat) => {
    if (--left === 0) become(generate());
    return cold(...flat);
  });
  return entry;
}

/** A core function that passes its arguments on to another one, which can be exchanged. */
export type MakeEntry = (first: CoreFunction) => [entry: CoreFunction, become: (next: CoreFunction) => void];

/** The entries of one component's imports: code of their own for each, and for each instance up to a number; made all at once. */
export class Entries {
  readonly #source: string;
  readonly #copies = new Copies<readonly MakeEntry[]>();

  /** @param counts How many core parameters each import has. */
  constructor(counts: readonly number[]) {
    const entries = counts.map((count) => {
      const names = Array.from({ length: count }, (_, i) => `c${i}`).join(", ");
      return `(f) => [function (${names}) { return f(${names}); }, (next) => { f = next; }]`;
    });
    this.#source = `return [${entries.join(",\n")}];`;
  }

  /** What makes the entries of one instance, in order. */
  forInstance(): readonly MakeEntry[] {
    return this.#copies.next(() => ownFunction([], this.#source)() as readonly MakeEntry[]);
  }
}
