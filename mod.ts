/**
 * Runs WebAssembly components from their bytes, at run time.
 *
 * @example A component, its imports, a call
 * ```ts
 * import { instantiate } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = await Deno.readFile("tests/e2e/fixtures/greet.wasm");
 * const lines: string[] = [];
 * const instance = await instantiate(bytes, {
 *   "demo:greet/host@1.0.0": { log: (line) => lines.push(line) },
 * });
 * assertEquals(instance.exports["demo:greet/api@1.0.0"].greet("world"), "Hello, world!");
 * ```
 *
 * @module
 */

import "./abi/dispose.ts"; // first: before any class is made
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
} from "./errors.ts";
export type { Case, Field, FuncType, PrimitiveKind, ResourceType, ValType } from "./abi/types/types.ts";
export { type Err, err, type Ok, ok, type Result } from "./abi/codecs/results.ts";
export type { CallHooks } from "./abi/state/hooks.ts";
export type { Limits } from "./abi/state/instance.ts";
export { type Bytes, compile, type CompileOptions, type ComponentSource } from "./host/compile.ts";
export { compileSync } from "./host/compile_sync.ts";
export { Component } from "./core/component.ts";
export { type FeatureName, type Features, features } from "./core/module/features.ts";
export type { CoreLimits } from "./core/module/core_syntax.ts";
export type { CoreExport, CoreImport, CoreItemType, ExternItem, ExternType } from "./core/types.ts";
export {
  HostFunc,
  type HostFunction,
  type Suspending,
  suspending,
  type SuspendingFunction,
  withSignal,
} from "./host/func.ts";
export type {
  Instance,
  InstantiateOptions,
  InstantiateSettings,
  Promising,
  PromisingMember,
  World,
} from "./host/exports/instance.ts";
export { type ImportFor, type ImportsFor, instantiate, type InstantiateArgs } from "./host/instantiate.ts";
export { instantiateSync } from "./host/instantiate_sync.ts";
export { type CoreModule, type Imports, type Linked, Linker, LinkerInstance } from "./host/link/linker.ts";
export * from "./host/schema.ts";
