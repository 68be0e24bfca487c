// instantiate(): compiles, links against an imports object and instantiates, in one call for the
// common case.

import { COMPILE_OPTIONS } from "../core/compile.ts";
import type { Component } from "../core/component.ts";
import { checkKnown } from "../core/binary/known_names.ts";
import { compile, type CompileOptions, type ComponentSource } from "./compile.ts";
import type { HostFunc, Suspending } from "./func.ts";
import { type Instance, INSTANTIATE_OPTIONS, type InstantiateOptions, type World } from "./exports/instance.ts";
import { type Imports, type Linked, Linker } from "./link/linker.ts";
import type { Returned } from "./schema.ts";

/** `(imports, options)`. The imports may be left out if the world needs none or is not known. */
export type InstantiateArgs<W extends World, Data> = undefined extends Data
  ? Record<never, never> extends ImportsFor<W, Data>
    ? [imports?: ImportsFor<W, Data>, options?: CompileOptions & InstantiateOptions<Data>]
  : [imports: ImportsFor<W, Data>, options?: CompileOptions & InstantiateOptions<Data>]
  : [imports: ImportsFor<W, Data>, options: CompileOptions & InstantiateOptions<Data>];
/**
 * What a host provides for `W["imports"]`: each function plain, as a `HostFunc`, or `suspending`.
 */
export type ImportsFor<W extends World, Data = unknown> = keyof W["imports"] extends never ? Imports<Data>
  : ImportFor<W["imports"], Data>;
/** One level of {@linkcode ImportsFor}. */
export type ImportFor<T, Data = unknown> = T extends (abstract new (...args: never[]) => object) | Component ? T
  : T extends (...args: infer A) => infer R
  // `Suspending` comes first: TypeScript compares a function with the first member, and then says
  // for a promise that `suspending` is missing.
    ? Suspending<(...args: A) => R | PromiseLike<R>> | ((...args: A) => Returned<R>) | HostFunc<Data>
  : { readonly [K in keyof T]: ImportFor<T[K], Data> };

/** The options of compiling and of instantiating, in one object. */
export type AllOptions = CompileOptions & InstantiateOptions<unknown>;

/**
 * Separates the options by the function that they are for, because each of these functions rejects
 * options that it does not know.
 */
export function split(options: AllOptions = {}): { compiling: CompileOptions; settings: InstantiateOptions<unknown> } {
  checkKnown("option of instantiate", options, { ...COMPILE_OPTIONS, ...INSTANTIATE_OPTIONS });
  const { modules, maxMemoryPages, gates, codegen, fused, metering, ...settings } = options;
  return { compiling: { modules, maxMemoryPages, gates, codegen, fused, metering } as CompileOptions, settings };
}

/** Links against an imports object. */
export function linkAll(component: Component, imports: unknown): Linked<unknown> {
  return new Linker<unknown>().define((imports ?? {}) as Imports).link(component);
}

/**
 * Compiles a component, links it against an imports object and instantiates it.
 *
 * @param source The component: bytes, a response, a stream, a compiled component, or a promise of
 * one.
 * @param args The imports by their WIT names, and options.
 * @returns The running instance.
 * @throws CompileError if the binary is invalid.
 * @throws LinkError if an import is missing or has the wrong type.
 *
 * @example
 * ```ts
 * import { instantiate } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * const instance = await instantiate(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]));
 * assertEquals(Object.keys(instance.exports), []);
 * ```
 */
export async function instantiate<W extends World = World, Data = unknown>(
  source: ComponentSource,
  ...args: InstantiateArgs<W, Data>
): Promise<Instance<W>> {
  const [imports, options] = args as [unknown, AllOptions?];
  const { compiling, settings } = split(options);
  const component = await compile(source, compiling);
  return await linkAll(component, imports).instantiate(settings) as Instance<W>;
}
