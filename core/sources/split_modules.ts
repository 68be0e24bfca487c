// Checks of the modules for a component that was split. Without modules, the rest is rejected.
// Modules that fit by names and kinds are rejected if more is known about them: `split` marks the
// modules that it writes, and the library knows the types of modules that it compiled in this
// realm.

import { CompileError } from "../../errors.ts";
import type { Decoded } from "../decode/decode.ts";
import { lackOf } from "./given_modules.ts";
import { ModuleSlot } from "../module/module_slot.ts";
import { moduleFault } from "../module/module_match.ts";
import { marksOf } from "../module/split_mark.ts";

/** Throws if the core modules of a component were split from it and are not given. */
export function requireWhole({ modules }: Decoded): void {
  const apart = modules.find(({ mark }) => mark !== undefined);
  if (apart !== undefined) {
    throw new CompileError("modules-apart", "compile component", apart.offset, modules.length);
  }
}

/** Throws if a module is known to be a different one than the component's. */
export function checkIdentity({ modules: slots }: Decoded, modules: readonly WebAssembly.Module[]): void {
  slots.forEach((slot, i) => {
    const fault = faultOf(slot, modules[i]!);
    // A module that lacks an export or import gets a better message elsewhere.
    if (fault === undefined || lacks(slot, modules[i]!)) return;
    const place = slots.findIndex((other) => faultOf(other, modules[i]!) === undefined && !lacks(other, modules[i]!));
    const hint = place < 0 ? "" : `; it is like core module ${place}`;
    throw new CompileError("wrong-module", "compile component", slot.offset, i, `${fault}${hint}`);
  });
}

function lacks({ type }: ModuleSlot, module: WebAssembly.Module): boolean {
  return type !== undefined && lackOf(module, type) !== undefined;
}

/** Says why a module cannot be the one of a slot. `undefined` if it can. */
function faultOf({ mark, type }: ModuleSlot, module: WebAssembly.Module): string | undefined {
  const marks = mark === undefined ? [] : marksOf(module);
  if (marks.length > 0 && !marks.includes(mark!)) return "`split` took it from elsewhere";
  const known = ModuleSlot.known(module)?.type;
  if (known === undefined || type === undefined) return undefined;
  const fault = moduleFault(known, type) ?? moduleFault(type, known);
  return fault && `${fault.item} ${fault.found === undefined ? "is in one of the two" : "has another type"}`;
}
