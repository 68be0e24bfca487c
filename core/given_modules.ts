// Checks the option `modules`: whether the modules that a host gives are the component's own, and
// in the right order. An engine tells the names and kinds of a module's imports and exports. The
// library knows the types of modules that it compiled in this realm. Modules that `split` wrote
// carry a mark.

import { CompileError } from "../errors.ts";
import type { Decoded } from "./decode.ts";
import { ModuleSlot } from "./module_slot.ts";
import { describeFault, foreignModuleFault, moduleFault } from "./module_type.ts";
import { marksOf } from "./split_mark.ts";

/** Checks the option `modules`. */
export function checkGivenModules({ modules: slots }: Decoded, modules: readonly WebAssembly.Module[]): void {
  if (!Array.isArray(modules)) throw new TypeError("option `modules` must be an array of WebAssembly.Modules");
  if (modules.length !== slots.length) {
    throw new CompileError("wrong-modules", "compile component", undefined, modules.length, slots.length);
  }
  for (const module of modules) {
    if (!(module instanceof WebAssembly.Module)) throw new TypeError("option `modules` must hold WebAssembly.Modules");
  }
  slots.forEach((slot, i) => {
    const fault = faultOf(slot, modules[i]!);
    if (fault === undefined) return;
    const place = slots.findIndex((other) => faultOf(other, modules[i]!) === undefined);
    const fact = place < 0 ? fault : `it would fit at ${place}`;
    throw new CompileError("wrong-module", "compile component", slot.offset, i, fact);
  });
}

/** Why a module cannot be the one of a slot; `undefined` if it can. */
function faultOf(slot: ModuleSlot, module: WebAssembly.Module): string | undefined {
  const marks = marksOf(module);
  if (slot.mark !== undefined && marks.length > 0 && !marks.includes(slot.mark)) return "it was split from elsewhere";
  const { type } = slot;
  if (type === undefined) return undefined;
  const known = ModuleSlot.known(module)?.type;
  if (known !== undefined) {
    const fault = moduleFault(known, type) ?? moduleFault(type, known);
    return fault && `${fault.item} ${describeFault(fault)}`;
  }
  const fault = foreignModuleFault(module, type);
  if (fault !== undefined) return `${fault.item} ${describeFault(fault)}`;
  const { imports, exports } = type;
  const more = WebAssembly.Module.exports(module).length > exports.length ||
    WebAssembly.Module.imports(module).length < imports.length;
  return more ? "it has more exports, or fewer imports" : undefined;
}

/** Refuses a component whose core modules were split from it and are not given. */
export function requireWhole({ modules }: Decoded): void {
  const apart = modules.find(({ mark }) => mark !== undefined);
  if (apart !== undefined) {
    throw new CompileError("modules-apart", "compile component", apart.offset, modules.length);
  }
}
