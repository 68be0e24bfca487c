// Gives a metered core instance what it asks for more units by, and starts it.
// The engine's instance and the tree's meter enter. The handler is in place before anything of the
// module runs: its start function was taken out of it, and is called here.

import type { Counter, Meter } from "../../abi/state/meter.ts";
import { PREAMBLE } from "../../abi/wasm/encoder.ts";
import { LinkError } from "../../errors.ts";
import { meterPrefix } from "../module/meter_mark.ts";
import { COUNTER, HANDLER, START } from "./added.ts";

// (module (import "" "" (func)) (export "" (func 0))): a table takes a function of JavaScript only
// in this form.
const handlerModule = Uint8Array.from([
  ...PREAMBLE,
  ...[1, 4, 1, 0x60, 0, 0, 2, 5, 1, 0, 0, 0, 0, 7, 4, 1, 0, 0, 0],
]);
let compiled: WebAssembly.Module | undefined;

function handlerOf(refill: () => void): () => void {
  compiled ??= new WebAssembly.Module(handlerModule);
  return new WebAssembly.Instance(compiled, { "": { "": refill } }).exports[""] as () => void;
}

const prefixes = new WeakMap<WebAssembly.Module, { readonly prefix: string | undefined }>();

function knownPrefix(module: WebAssembly.Module): string | undefined {
  let known = prefixes.get(module);
  if (known === undefined) prefixes.set(module, known = { prefix: meterPrefix(module) });
  return known.prefix;
}

/** Attaches a new instance of a metered module to the meter of its tree, and starts it. */
export function attach(module: WebAssembly.Module, { exports }: WebAssembly.Instance, meter: Meter): void {
  const prefix = knownPrefix(module);
  // Only a module that the host provides can be one that is not metered.
  if (prefix === undefined) throw new LinkError("not-metered", "instantiate component", "");
  if (prefix === "") return;
  const counter = exports[`${prefix}${COUNTER}`] as unknown as Counter;
  meter.add(counter);
  (exports[`${prefix}${HANDLER}`] as WebAssembly.Table).set(0, handlerOf(() => meter.refill(counter)));
  (exports[`${prefix}${START}`] as (() => void) | undefined)?.();
}
