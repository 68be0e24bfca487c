// Puts core modules that were compiled elsewhere in their places in a component. There must be as
// many as the component has, in the same order.
// A module is recognised by the names and kinds of its imports and exports, because engines tell
// nothing else.

import { CompileError } from "../../errors.ts";
import { markFault, meterMark } from "../module/meter_mark.ts";
import type { ModuleSlot } from "../module/module_slot.ts";
import type { CoreModuleType, ResolvedCoreType } from "../module/module_type.ts";

/** Throws if the values are not modules, or if their number differs from the component's. */
export function checkGiven(slots: readonly ModuleSlot[], modules: readonly WebAssembly.Module[]): void {
  if (!Array.isArray(modules)) throw new TypeError("option `modules` must be an array of WebAssembly.Modules");
  if (modules.length !== slots.length) {
    throw new CompileError("wrong-modules", "compile component", undefined, modules.length, slots.length);
  }
  checkModules(modules);
}

/** Throws if some are not modules. */
export function checkModules(modules: readonly WebAssembly.Module[]): void {
  for (const module of modules) {
    if (!(module instanceof WebAssembly.Module)) throw new TypeError("option `modules` must hold WebAssembly.Modules");
  }
}

/** Throws if modules are metered and should not be, or the other way round. */
export function checkMetered(modules: readonly WebAssembly.Module[], metering: boolean): void {
  if (metering && modules.some((module) => meterMark(module) === undefined)) {
    throw new TypeError("metering has no effect on precompiled modules: give modules that are metered");
  }
  if (!metering && modules.some((module) => meterMark(module) !== undefined)) {
    throw new TypeError("the precompiled modules are metered: pass { metering: true }");
  }
}

/** Throws if modules say that they are metered and cannot be. */
export function checkMarks(slots: readonly ModuleSlot[], modules: readonly WebAssembly.Module[]): void {
  slots.forEach(({ type, offset }, i) => {
    const module = modules[i]!, fault = markFault(module, meterMark(module)!, type);
    if (fault !== undefined) throw new CompileError("wrong-metering", "compile component", offset, i, fault);
  });
}

/**
 * Puts modules in the slots of a component. Throws a CompileError if one is a different module or
 * in the wrong place.
 */
export function fillGiven(slots: readonly ModuleSlot[], modules: readonly WebAssembly.Module[]): void {
  slots.forEach((slot, i) => {
    const missing = slot.type && lackOf(modules[i]!, slot.type);
    if (missing === undefined) return;
    const place = slots.findIndex(({ type }) => type !== undefined && lackOf(modules[i]!, type) === undefined);
    const hint = place < 0 ? "" : `; it is like core module ${place}`;
    throw new CompileError("misplaced-module", "compile component", undefined, i, `${missing}${hint}`);
  });
  slots.forEach((slot, i) => slot.fill(modules[i]!));
}

/**
 * Says which declared import or export a module lacks. A module may have more than its bytes
 * declare, because whoever compiled it may have added something.
 */
export function lackOf(module: WebAssembly.Module, declared: CoreModuleType): string | undefined {
  const exported = new Set(WebAssembly.Module.exports(module).map(({ name, kind }) => key(kind, name)));
  const lacking = declared.exports.find(({ name, type }) => !exported.has(key(kindOf(type), name)));
  if (lacking !== undefined) return `export \`${lacking.name}\``;
  const imported = new Set(WebAssembly.Module.imports(module).map(({ module, name, kind }) => key(kind, module, name)));
  const needed = declared.imports.find(({ module, name, type }) => !imported.has(key(kindOf(type), module, name)));
  return needed && `import \`${needed.module}::${needed.name}\``;
}

/** The engine's word for a kind. */
function kindOf({ kind }: ResolvedCoreType): string {
  return kind === "func" ? "function" : kind;
}

function key(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
