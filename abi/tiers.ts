// Which tier serves a function: generated JavaScript where the engine permits it and the signature allows, else closures.
// An export is generated when it is made, which is when it is first read. An import starts with closures, since most imports of a component
// are hardly called, and is generated after a few calls; the guest holds an entry that stays.
// Source: DESIGN.md "Speed".

import type { CodecSource } from "./codec.ts";
import { type ExportStyle, generateLift, generateLower, isCovered, ownFunction } from "./codegen.ts";
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

/** The core function for a host function. */
export function importFunction(
  signature: Signature,
  call: HostCall,
  cx: CanonContext,
  path: string,
  codecs: CodecSource,
  codegen: boolean,
): CoreFunction {
  const cold = lowerHost(signature, call, cx, path);
  if (!codegen || !isCovered(signature)) return cold;
  const generate = (): CoreFunction => generateLower(signature, call, cx, path, codecs) ?? cold;
  if (tiers.warmCalls === 0) return generate();
  let left = tiers.warmCalls;
  const [entry, become] = exchangeable(signature.layout.lowered.params.length, (...flat) => {
    if (--left === 0) become(generate());
    return cold(...flat);
  });
  return entry;
}

/** A function of so many parameters that passes them on to another one, which can be exchanged. */
function exchangeable(
  count: number,
  first: CoreFunction,
): [entry: CoreFunction, become: (next: CoreFunction) => void] {
  const names = Array.from({ length: count }, (_, i) => `c${i}`).join(", ");
  const code = `return [function (${names}) { return f(${names}); }, (next) => { f = next; }];`;
  return ownFunction(["f"], code)(first) as [CoreFunction, (next: CoreFunction) => void];
}
