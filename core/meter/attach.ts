// Gives a metered core instance what it asks for more units by, and starts it.
// The engine's instance and the tree's meter enter. The handler is in place before anything of the
// module runs: its start function was taken out of it, and is called here.

import type { Counter, Meter } from "../../abi/state/meter.ts";
import { PREAMBLE } from "../../abi/wasm/encoder.ts";
import { COUNTER, HANDLER, prefixOf, START } from "./added.ts";

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

/** The prefix of the exports that metering added; `undefined` if the module is not metered. */
function knownPrefix(module: WebAssembly.Module): string | undefined {
  let known = prefixes.get(module);
  if (known === undefined) prefixes.set(module, known = { prefix: prefixOf(module) });
  return known.prefix;
}

/** Whether a module is metered, or has nothing that could be. */
export function isMetered(module: WebAssembly.Module): boolean {
  return knownPrefix(module) !== undefined;
}

/** Attaches a new instance of a metered module to the meter of its tree, and starts it. */
export function attach(module: WebAssembly.Module, { exports }: WebAssembly.Instance, meter: Meter): void {
  const prefix = knownPrefix(module);
  if (prefix === undefined || prefix === "") return;
  const counter = exports[`${prefix}${COUNTER}`] as unknown as Counter;
  (exports[`${prefix}${HANDLER}`] as WebAssembly.Table).set(0, handlerOf(() => meter.refill(counter)));
  (exports[`${prefix}${START}`] as (() => void) | undefined)?.();
}
