// Linking: every import of a component is found among the host's definitions and checked once. The
// result can be instantiated any number of times.
// A linker only collects definitions. `link` reads them, including import objects, and never
// changes the component.

import { describe, LinkError } from "../../errors.ts";
import { isThenable } from "../../abi/codecs/results.ts";
import { Component, componentInternals } from "../../core/component.ts";
import { checkKnown, type Known } from "../../core/binary/known_names.ts";
import { ImportMatcher } from "./import_matcher.ts";
import { Definitions } from "./definitions.ts";
import { HostFunc, type HostFunction } from "../func.ts";
import {
  type Instance,
  instantiateLinked,
  instantiateLinkedSync,
  type InstantiateOptions,
  type World,
} from "../exports/instance.ts";
import { isResourceClass } from "./resource_members.ts";
import type { ResourceClass } from "../schema.ts";

/**
 * A `WebAssembly.Module`. TypeScript's own is an empty interface that any value fits; this one
 * rejects values with members.
 */
export interface CoreModule {
  /** Never set. It makes TypeScript reject values with members. */
  readonly "~module"?: never;
}
/**
 * Import objects by full interface name (`ns:pkg/iface@1.2.0`, also without version). Members are
 * in camelCase or have their WIT name, and resources are classes.
 */
export interface Imports<Data = unknown> {
  /** A definition, or an object with the definitions of an instance. */
  readonly [name: string]: HostFunction | HostFunc<Data> | ResourceClass | CoreModule | Component | Imports<Data>;
}

/** A component whose imports are all matched. */
export interface Linked<Data, W extends World = World> {
  /** The component that was linked. */
  readonly component: Component;
  /** Makes an instance. */
  instantiate(
    ...options: undefined extends Data ? [options?: InstantiateOptions<Data>] : [options: InstantiateOptions<Data>]
  ): Promise<Instance<W>>;
  /**
   * Makes an instance synchronously. Browsers do not allow that for large core modules on the main
   * thread.
   */
  instantiateSync(
    ...options: undefined extends Data ? [options?: InstantiateOptions<Data>] : [options: InstantiateOptions<Data>]
  ): Instance<W>;
}

/** One instance of a linker: what a host provides under one name. */
export class LinkerInstance<Data = undefined> {
  readonly #definitions: Definitions;
  readonly #shadowing: boolean;
  readonly #path: string;

  /** Only `Linker` makes these objects. */
  protected constructor(definitions: Definitions, shadowing: boolean, path: string) {
    this.#definitions = definitions;
    this.#shadowing = shadowing;
    this.#path = path;
  }

  /** Defines a function. */
  func(name: string, func: HostFunction | HostFunc<Data>): this {
    if (typeof func !== "function" && !(func instanceof HostFunc)) {
      throw new TypeError(`func \`${name}\` must be a function or a HostFunc`);
    }
    return this.#add(name, func);
  }

  /** Defines a resource by its class. */
  resource(name: string, type: ResourceClass): this {
    if (!isResourceClass(type)) throw new TypeError(`resource \`${name}\` must be a class or have an \`is\` test`);
    return this.#add(name, type);
  }

  /** Defines a core module. */
  module(name: string, module: CoreModule): this {
    if (!(module instanceof WebAssembly.Module)) throw new TypeError(`module \`${name}\` must be a WebAssembly.Module`);
    return this.#add(name, module);
  }

  /** Defines a component. */
  component(name: string, component: Component): this {
    if (!(component instanceof Component)) {
      throw new TypeError(`component \`${name}\` must be a Component, found ${notComponent(component)}`);
    }
    return this.#add(name, component);
  }

  /** Opens (or reopens) an instance by its import name. */
  instance(name: string): LinkerInstance<Data> {
    const found = this.#definitions.instance(name);
    if (found !== undefined && !(found instanceof Definitions) && !this.#shadowing) this.#defined(name);
    if (found !== undefined && !(found instanceof Definitions)) this.#definitions.delete(name);
    return new LinkerInstance(this.#definitions.open(name), this.#shadowing, this.#name(name));
  }

  #add(name: string, value: unknown): this {
    const definitions = this.#definitions;
    const isDefined = definitions.isOpen(name) || definitions.member("func", name) !== undefined;
    if (isDefined && !this.#shadowing) this.#defined(name);
    definitions.set(name, value);
    return this;
  }

  #name(name: string): string {
    return this.#path === "" ? name : `${this.#path}#${name}`;
  }

  #defined(name: string): never {
    const path = this.#name(name);
    throw new LinkError("already-defined", `define ${path}`, path);
  }
}

const LINKER_OPTIONS: Known<{ shadowing?: boolean }> = { shadowing: true };

/** Describes a value that was given instead of a component. */
function notComponent(value: unknown): string {
  return isThenable(value) ? "a promise: await what `compile` gives" : describe(value);
}

/**
 * Collects what a host gives to components, by the names of their imports.
 *
 * @example
 * ```ts
 * import { compileSync, Linker } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * // (component (import "f" (func)))
 * const component = compileSync(new Uint8Array([
 *   0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 7, 5, 1, 0x40, 0, 1, 0, 10, 6, 1, 0, 1, 0x66, 1, 0,
 * ]));
 * const instance = new Linker().func("f", () => {}).link(component).instantiateSync();
 * assertEquals(Object.keys(instance.exports), []);
 * ```
 */
export class Linker<Data = undefined> extends LinkerInstance<Data> {
  readonly #root: Definitions;
  readonly #shadowing: boolean;
  #trapUnknown = false;

  /**
   * Begins with no definitions.
   *
   * @param options `shadowing: true` lets a later definition replace an earlier one; otherwise that
   * is an error.
   */
  constructor(options: { shadowing?: boolean } = {}) {
    checkKnown("option of Linker", options, LINKER_OPTIONS);
    const root = new Definitions(), shadowing = options.shadowing ?? false;
    super(root, shadowing, "");
    this.#root = root;
    this.#shadowing = shadowing;
  }

  /** Defines everything in an import object. It is read when linking. */
  define(imports: Imports<Data>): this {
    if (typeof imports !== "object" || imports === null) throw new TypeError("define takes an object of imports");
    // Not whatever has a function `then`: a component may import one.
    if (imports instanceof Promise) throw new TypeError("define takes an object of imports, found a promise: await it");
    const { names } = this.#root;
    const known = Object.keys(imports).filter((name) => names.has(name));
    if (known.length > 0 && !this.#shadowing) throw new LinkError("already-defined", `define ${known[0]}`, known[0]!);
    for (const name of known) this.#root.delete(name);
    this.#root.addSource(imports);
    return this;
  }

  /** Functions and resources that nothing defines trap when reached instead of failing the link. */
  trapUnknown(): this {
    this.#trapUnknown = true;
    return this;
  }

  /**
   * Checks every import once.
   *
   * @returns Something that instantiates any number of times.
   * @throws LinkError that names the first import which is missing or has the wrong type.
   */
  link<W extends World = World>(component: Component): Linked<Data, W> {
    if (!(component instanceof Component)) {
      throw new TypeError(`link takes a Component, found ${notComponent(component)}`);
    }
    const internals = componentInternals(component), { definition, plan: known, fuser, meterer } = internals;
    this.#root.refresh();
    const matcher = new ImportMatcher(this.#root, this.#trapUnknown);
    const given = definition === undefined
      ? []
      : known.imports.flatMap((leaf) => matcher.given(leaf, definition) ?? []);
    // Core modules and components that the host provides are part of the plan, so the component is
    // planned again with them.
    const plan = given.length === 0 ? known : definition!.plan(given);
    fuser?.fuse(plan, meterer !== undefined);
    const hostImports = plan.imports.map((leaf) => matcher.match(leaf));
    const linked = { ...internals, plan, hostImports, classes: matcher.classes };
    return {
      component,
      instantiate: (options?: InstantiateOptions<Data>) => instantiateLinked(linked, options),
      instantiateSync: (options?: InstantiateOptions<Data>) => instantiateLinkedSync(linked, options),
    } as Linked<Data, W>;
  }
}
