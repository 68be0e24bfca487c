/**
 * Components that were written ahead of time, by `windlass wrap --ahead`: loaded without decoding,
 * validating, planning or generating, and without evaluating text.
 *
 * Written modules import this entry. It has what they need, and no compiler: `Component` and `Linker`
 * are those of the package's main entry.
 *
 * @module
 */

import "../abi/dispose.ts"; // first: before any class is made
import { CompileError, engineMessage } from "../errors.ts";
import { checkVersion, loadAhead } from "../core/ahead/load.ts";
import type { WrittenComponent } from "../core/ahead/written.ts";
import type { Component } from "../core/component.ts";
import type { Instance, InstantiateOptions } from "./exports/instance.ts";
import { type Imports, Linker } from "./link/linker.ts";
import { printers } from "./printers.ts";
import { readModule } from "./read_module.ts";

export {
  type COMPILE_PHRASES,
  CompileError,
  type CompileErrorCode,
  ComponentError,
  type LINK_PHRASES,
  LinkError,
  type LinkErrorCode,
  Trap,
  type TRAP_PHRASES,
  type TrapCode,
  type VALUE_PHRASES,
  ValueError,
  type ValueErrorCode,
} from "../errors.ts";
export type { Case, Field, FuncType, PrimitiveKind, ResourceType, ValType } from "../abi/types/types.ts";
export { type Err, err, type Ok, ok, type Result } from "../abi/codecs/results.ts";
export type { CallHooks } from "../abi/state/hooks.ts";
export type { Limits } from "../abi/state/instance.ts";
export { Component } from "../core/component.ts";
export type { CoreLimits } from "../core/module/core_syntax.ts";
export type { CoreExport, CoreImport, CoreItemType, ExternItem, ExternType } from "../core/types.ts";
export {
  HostFunc,
  type HostFunction,
  type Suspending,
  suspending,
  type SuspendingFunction,
  withSignal,
} from "./func.ts";
export type {
  Instance,
  InstantiateOptions,
  InstantiateSettings,
  Promising,
  PromisingMember,
  World,
} from "./exports/instance.ts";
export { type CoreModule, type Imports, type Linked, Linker, LinkerInstance } from "./link/linker.ts";
export * from "./schema.ts";

/** A core module beside a written one: compiled, or where it is. */
export type ModuleSource = WebAssembly.Module | URL;

/** What a written module exports. Only the library reads it. */
export interface Written {
  /** The version of the library that wrote it. */
  readonly version: string;
}

/**
 * Makes the component that a module was written for.
 *
 * Written modules call this. A host that compiles core modules itself, or forbids compiling, imports
 * the file that ends in `.plan.js` and gives it here with the modules.
 *
 * @param written What the module exports by default.
 * @param modules The core modules, in the order of their numbers, then the adapters.
 * @returns The component, as `compile` gives it.
 * @throws CompileError if another version of the library wrote it, or the engine refuses a module.
 *
 * @example
 * ```ts
 * import { load } from "@windlass/component/ahead";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => load({ version: "0.0.1/1" }, []), WebAssembly.CompileError, "write it again");
 * ```
 */
export async function load(written: Written, modules: readonly ModuleSource[]): Promise<Component> {
  checkVersion(written);
  const { sizes, adapters } = written as WrittenComponent, own = sizes.length;
  if (modules.length !== own + adapters) {
    throw new TypeError(`load takes the ${own + adapters} modules that were written, found ${modules.length}`);
  }
  const compiled = await Promise.all(modules.map(async (source, i) => {
    if (source instanceof WebAssembly.Module) return source;
    try {
      return await readModule(source, sizes[i]);
    } catch (error) {
      if (!(error instanceof WebAssembly.CompileError)) throw error;
      // Without adapters, calls between guests go through JavaScript.
      if (i >= own) return undefined;
      throw new CompileError("core-module-invalid", "load component", undefined, i, engineMessage(error));
    }
  }));
  return await loadAhead(written as WrittenComponent, compiled, printers);
}

/**
 * Links a component against an imports object and instantiates it. Written modules export this for
 * their component.
 *
 * @param component The component.
 * @param imports The imports by their WIT names.
 * @param options How to instantiate.
 * @returns The running instance.
 *
 * @example
 * ```ts
 * import { instantiateComponent } from "@windlass/component/ahead";
 * import { compileSync } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * const component = compileSync(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]));
 * assertEquals(Object.keys((await instantiateComponent(component)).exports), []);
 * ```
 */
export async function instantiateComponent(
  component: Component,
  imports: Imports = {},
  options?: InstantiateOptions,
): Promise<Instance> {
  return await new Linker().define(imports).link(component).instantiate(options);
}
