// The functions of the draft's `WebAssembly` namespace: they look at the layer of the bytes they are
// given, do what the draft has for a component, and leave everything else to the engine's own
// functions, arguments and all.
// Bytes, modules, components and import objects enter.
// Draft: JS-Reference.md "The WebAssembly Namespace".

import { bytesIn, compileComponent, isComponentLayer, validateBytes } from "./compile_component.ts";
import { type Component, componentOf, shapeIn } from "./component.ts";
import { type ComponentInstance, makeInstance } from "./component_instance.ts";
import { checkImports, readOptions } from "./web_idl.ts";
import { apply } from "./intrinsics.ts";

/** Bytes of a component or a core module: any buffer or view. */
export type BufferSource = ArrayBufferLike | ArrayBufferView;

/** `WebAssemblyCompileOptions`: for core modules only. */
export interface CompileOptions {
  /** Sets of builtins that core modules import, such as `js-string`. */
  builtins?: readonly string[];
  /** The name of the module whose imports are strings. */
  importedStringConstants?: string | null;
}

/** What `instantiate` gives for bytes. */
export interface InstantiatedSource {
  /** The component or core module. */
  readonly module: Component | WebAssembly.Module;
  /** Its instance. `exports` is `any`: what it has is the component's. */
  // deno-lint-ignore no-explicit-any
  readonly instance: any;
}

/** The engine's own functions, as they were when this module was loaded. */
const { validate: validateModule, compile: compileModule, instantiate: instantiateModule } = WebAssembly;

/** The bytes of a component; `undefined` for what the engine's own functions take. */
export function componentBytes(source: unknown): Uint8Array | undefined {
  const bytes = bytesIn(source);
  return bytes !== undefined && isComponentLayer(bytes) ? bytes : undefined;
}

/** The functions, as methods: no `new` constructs them. */
const functions = {
  validate(bytes: unknown, ...rest: unknown[]): boolean {
    const component = componentBytes(bytes);
    if (component === undefined) return apply(validateModule, WebAssembly, arguments);
    readOptions(rest[0]);
    return validateBytes(component);
  },

  compile(bytes: unknown, ...rest: unknown[]): Promise<unknown> {
    const component = componentBytes(bytes);
    if (component === undefined) return apply(compileModule, WebAssembly, arguments);
    return compiled(component, rest[0]);
  },

  instantiate(source: unknown, ...rest: unknown[]): Promise<unknown> {
    if (shapeIn(source) !== undefined) return makeInstance(source as Component, rest[0]);
    const component = componentBytes(source);
    if (component === undefined) return apply(instantiateModule as () => never, WebAssembly, arguments);
    return instantiated(component, rest[0], rest[1]);
  },
};

/** Compiles the bytes or the stream of a component. */
export async function compiled(
  source: Uint8Array | ReadableStream<Uint8Array>,
  options: unknown,
): Promise<Component> {
  readOptions(options);
  return componentOf(await compileComponent(source));
}

/** Compiles and instantiates the bytes or the stream of a component. */
export async function instantiated(
  source: Uint8Array | ReadableStream<Uint8Array>,
  importsObject: unknown,
  options: unknown,
): Promise<{ module: Component; instance: ComponentInstance }> {
  checkImports(importsObject);
  const module = await compiled(source, options);
  return { module, instance: await makeInstance(module, importsObject) };
}

/**
 * Whether bytes are a valid component, or a valid core module.
 *
 * @example
 * ```ts
 * import { validate } from "@windlass/component/js-api";
 * import { assert } from "@std/assert";
 *
 * assert(validate(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]))); // (component)
 * assert(validate(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))); // (module)
 * ```
 */
export const validate: (bytes: BufferSource, options?: CompileOptions) => boolean = functions.validate;

/**
 * Compiles a component, or a core module.
 *
 * @example
 * ```ts
 * import { compile, Component } from "@windlass/component/js-api";
 * import { assert } from "@std/assert";
 *
 * assert(await compile(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0])) instanceof Component);
 * assert(await compile(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])) instanceof WebAssembly.Module);
 * ```
 */
export const compile: (bytes: BufferSource, options?: CompileOptions) => Promise<Component | WebAssembly.Module> =
  functions.compile as never;

/** The type of {@linkcode instantiate}. */
export interface Instantiate {
  /** Compiles bytes of either layer and instantiates what they are. */
  (bytes: BufferSource, importObject?: object, options?: CompileOptions): Promise<InstantiatedSource>;
  /** Instantiates a component. */
  (component: Component, importObject?: object): Promise<ComponentInstance>;
  /** Instantiates a core module. */
  (module: WebAssembly.Module, importObject?: object): Promise<WebAssembly.Instance>;
}

/**
 * Instantiates a component or a core module, from bytes or compiled.
 *
 * @example
 * ```ts
 * import { instantiate } from "@windlass/component/js-api";
 * import { assertEquals } from "@std/assert";
 *
 * const { instance } = await instantiate(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0])); // (component)
 * assertEquals(Object.keys(instance.exports), []);
 * ```
 */
export const instantiate: Instantiate = functions.instantiate as never;
