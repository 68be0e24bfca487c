// Linking: every import of a component found among what the host defined and checked once; the result instantiates any number of times.
// A linker only collects definitions; `link` reads them, import objects included, and never changes the component.

import { LinkError } from "../errors.ts";
import type { FuncType, ResourceType } from "../abi/types.ts";
import type { HostCall } from "../abi/lower.ts";
import { trapAt } from "../abi/trap.ts";
import type { InstanceTree } from "../abi/instance.ts";
import { Component, componentInternals } from "../core/component.ts";
import { features } from "../core/features.ts";
import type { Bound } from "../core/running_core.ts";
import { parsePlainName } from "../core/names.ts";
import { ModuleSlot } from "../core/module_slot.ts";
import { describeFault, foreignModuleFault, moduleFault } from "../core/module_type.ts";
import { Budget } from "../core/evaluate.ts";
import { type Given, planComponent } from "../core/plan.ts";
import { Bindings, differEntity, placed } from "../core/subtype.ts";
import { componentType } from "../core/validate.ts";
import type { ComponentType, Entity, InstanceType } from "../core/entities.ts";
import type { PlanImport } from "../core/plan_types.ts";
import { closest, Definitions, type Found, isInherited } from "./definitions.ts";
import {
  HostFunc,
  type HostFunction,
  isSuspending,
  makeCall,
  plainFormOf,
  suspending,
  suspendingOr,
  takesCaller,
} from "./func.ts";
import {
  type Instance,
  instantiateLinked,
  instantiateLinkedSync,
  type InstantiateOptions,
  type World,
} from "./instance.ts";
import { requireMatch } from "./match.ts";
import { camelCase, pascalCase } from "./names.ts";
import type { Caller, ResourceClass } from "./schema.ts";

/** A `WebAssembly.Module`. TypeScript's own is an empty interface, which anything would satisfy; this refuses what has members. */
export interface CoreModule {
  /** Never set: makes TypeScript refuse what has members. */
  readonly "~module"?: never;
}
/** By full interface name (`ns:pkg/iface@1.2.0`; unversioned accepted), members in camelCase or by raw WIT name; resources as classes. */
export interface Imports<Data = unknown> {
  /** A definition, or an object of the definitions in an instance. */
  readonly [name: string]: HostFunction | HostFunc<Data> | ResourceClass | CoreModule | Component | Imports<Data>;
}

/** A component with every import bound. */
export interface Linked<Data, W extends World = World> {
  /** The component that was linked. */
  readonly component: Component;
  /** Makes an instance. */
  instantiate(
    ...options: undefined extends Data ? [options?: InstantiateOptions<Data>] : [options: InstantiateOptions<Data>]
  ): Promise<Instance<W>>;
  /** Makes an instance without waiting; browsers refuse that for large core modules on the main thread. */
  instantiateSync(
    ...options: undefined extends Data ? [options?: InstantiateOptions<Data>] : [options: InstantiateOptions<Data>]
  ): Instance<W>;
}

/** Binds one import for one instance tree. */
export type Binder = (tree: InstanceTree) => Bound;

/** One instance of a linker: what a host gives under one name. */
export class LinkerInstance<Data = undefined> {
  readonly #definitions: Definitions;
  readonly #shadowing: boolean;
  readonly #path: string;

  /** Made by `Linker` only. */
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
    if (!(component instanceof Component)) throw new TypeError(`component \`${name}\` must be a Component`);
    return this.#add(name, component);
  }

  /** Opens (or reopens) an instance by its import name. */
  instance(name: string): LinkerInstance<Data> {
    const found = this.#definitions.instance(name);
    if (found !== undefined && !(found instanceof Definitions) && !this.#shadowing) this.#defined(name);
    this.#definitions.items.delete(name);
    return new LinkerInstance(this.#definitions.open(name), this.#shadowing, this.#name(name));
  }

  #add(name: string, value: unknown): this {
    const { children, items } = this.#definitions;
    const defined = children.has(name) || this.#definitions.member(name, camelCase) !== undefined;
    if (defined && !this.#shadowing) this.#defined(name);
    children.delete(name);
    items.set(name, value);
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

function isResourceClass(value: unknown): value is ResourceClass {
  // An arrow function has no prototype, and so no instances.
  return typeof value === "function" && typeof value.prototype === "object" ||
    typeof value === "object" && value !== null && typeof (value as { is?: unknown }).is === "function";
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
   * @param options `shadowing: true` lets a later definition replace an earlier one; otherwise that is an error.
   */
  constructor(options: { shadowing?: boolean } = {}) {
    const root = new Definitions(), shadowing = options.shadowing ?? false;
    super(root, shadowing, "");
    this.#root = root;
    this.#shadowing = shadowing;
  }

  /** Defines everything in an import object. It is read when linking. */
  define(imports: Imports<Data>): this {
    if (typeof imports !== "object" || imports === null) throw new TypeError("define takes an object of imports");
    const names = this.#root.names();
    for (const name of Object.keys(imports)) {
      if (!names.has(name)) continue;
      if (!this.#shadowing) throw new LinkError("already-defined", `define ${name}`, name);
      this.#root.items.delete(name);
      this.#root.children.delete(name);
    }
    this.#root.sources.unshift(imports);
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
    const { root, plan: known, codegen } = componentInternals(component);
    const binding = new Binding(this.#root, this.#trapUnknown, componentType(root.def));
    const given = known.imports.flatMap((leaf) => binding.given(leaf) ?? []);
    // Core modules and components are part of what is planned: with them at hand, it is planned again.
    const plan = given.length === 0 ? known : planComponent(root, given);
    const binders = plan.imports.map((leaf) => binding.bind(leaf));
    const bindings = { plan, binders, classes: binding.classes, codegen };
    return {
      component,
      instantiate: (options?: InstantiateOptions<Data>) => instantiateLinked(bindings, options),
      instantiateSync: (options?: InstantiateOptions<Data>) => instantiateLinkedSync(bindings, options),
    } as Linked<Data, W>;
  }
}

// ── One link ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

class Binding {
  readonly #root: Definitions;
  readonly #trapUnknown: boolean;
  readonly #type: ComponentType;
  /** Instances by path, each looked up once. */
  readonly #scopes = new Map<string, Definitions | Found | undefined>();
  readonly classes: Map<ResourceType, ResourceClass> = new Map();

  constructor(root: Definitions, trapUnknown: boolean, type: ComponentType) {
    this.#root = root;
    this.#type = type;
    this.#trapUnknown = trapUnknown;
  }

  /** What the host gives for an import that the plan must know; `undefined` for others. */
  given(leaf: PlanImport): Given | undefined {
    const { want, display } = leaf;
    if (want.kind !== "module" && want.kind !== "component") return undefined;
    const value = this.#find(leaf, camelCase)?.value ?? this.#missing(leaf);
    if (want.kind === "module") {
      if (!(value instanceof WebAssembly.Module)) this.#wrongSort(leaf, "module", value);
      const slot = ModuleSlot.of(value);
      const fault = slot.type === undefined ? foreignModuleFault(value, want.type) : moduleFault(slot.type, want.type);
      if (fault === undefined) return slot;
      throw new LinkError("module-mismatch", `link import ${display}`, display, fault.item, describeFault(fault));
    }
    if (!(value instanceof Component)) this.#wrongSort(leaf, "component", value);
    const { root } = componentInternals(value);
    const given: Entity = { sort: "component", type: componentType(root.def) };
    const budget = new Budget(root.def.size);
    const mismatch = differEntity(this.#wanted(leaf), given, new Bindings(() => false, () => budget.spend(0)));
    if (mismatch === undefined) return root;
    throw new LinkError("type-mismatch", `link import ${display}`, display, placed(mismatch));
  }

  /** What the component's type says of a leaf. */
  #wanted({ path }: PlanImport): Entity {
    const [first, ...rest] = path;
    let { entity } = this.#type.imports.get(first!.name)!;
    for (const { name } of rest) entity = (entity.type as InstanceType).get(name)!.entity;
    return entity;
  }

  bind(leaf: PlanImport): Binder {
    const { want } = leaf;
    switch (want.kind) {
      case "func":
        return this.#func(leaf, want.type, this.#findFunc(leaf));
      case "resource": {
        const type = this.#class(leaf);
        if (type === undefined) {
          if (!this.#trapUnknown) this.#missing(leaf);
          return () => ({ kind: "resource", class: { is: () => false } });
        }
        this.classes.set(want.type, type);
        const resourceClass = testOf(type);
        return () => ({ kind: "resource", class: resourceClass });
      }
      case "same-resource": {
        const type = this.#class(leaf), expected = this.classes.get(want.type);
        if (type !== undefined && expected !== undefined && type !== expected) {
          throw new LinkError("mismatched-resource", `link import ${leaf.display}`, leaf.display, want.type.name ?? "");
        }
        return none;
      }
      case "instance":
        this.#scopeAt(leaf, leaf.path);
        return none;
      default:
        return none; // given before
    }
  }

  /** The class that is defined for a resource. */
  #class(leaf: PlanImport): ResourceClass | undefined {
    const found = this.#find(leaf, pascalCase);
    if (found === undefined) return undefined;
    if (!isResourceClass(found.value)) this.#wrongSort(leaf, "resource", found.value);
    return found.value;
  }

  /** What is defined for a leaf; at the root a compatible version will do. */
  #find(leaf: PlanImport, spell: (label: string) => string): Found | undefined {
    const { name } = leaf.path.at(-1)!, scope = this.#scope(leaf);
    const found = scope?.member(name, spell);
    if (found !== undefined || leaf.path.length > 1) return found;
    const versioned = scope!.instance(name);
    // What has an `is` test looks like an instance.
    return versioned instanceof Definitions ? { value: versioned.sources[0] ?? {}, owner: undefined } : versioned;
  }

  /** The definitions that hold a leaf; `undefined` if its instance is missing. */
  #scope(leaf: PlanImport): Definitions | undefined {
    return this.#scopeAt(leaf, leaf.path.slice(0, -1));
  }

  #scopeAt(leaf: PlanImport, names: PlanImport["path"]): Definitions | undefined {
    let scope = this.#root;
    let path = "";
    for (const { name, implements: iface } of names) {
      path = `${path}#${name}`;
      // A plain name that nothing is defined for is served by what is defined for the interface that it implements.
      if (!this.#scopes.has(path)) {
        this.#scopes.set(path, scope.instance(name) ?? (iface === undefined ? undefined : scope.instance(iface)));
      }
      const found = this.#scopes.get(path);
      if (found === undefined) return undefined;
      if (!(found instanceof Definitions)) this.#wrongSort(leaf, "instance", found.value);
      scope = found;
    }
    return scope;
  }

  /** A function by its raw name, or as a member of a resource's class. */
  #findFunc(leaf: PlanImport): Found | undefined {
    const { name } = leaf.path.at(-1)!, plain = parsePlainName(name);
    if (plain.kind === "label") return this.#find(leaf, camelCase);
    const scope = this.#scope(leaf);
    const raw = scope?.member(name, (raw) => raw);
    if (raw !== undefined) return raw;
    const resource = scope?.member(plain.resource, pascalCase)?.value;
    if (!isResourceClass(resource)) return undefined;
    return { value: memberOf(resource, plain), owner: undefined };
  }

  #func(leaf: PlanImport, type: FuncType, found: Found | undefined): Binder {
    const { display } = leaf;
    const value = found?.value;
    if (value === undefined) {
      if (!this.#trapUnknown) this.#missing(leaf);
      return (tree) => ({ kind: "func", call: () => trapAt(tree, `import ${display}`, "unknown-import") });
    }
    if (value instanceof HostFunc) return this.#hostFunc(leaf, type, value);
    if (typeof value !== "function") this.#wrongSort(leaf, "func", value);
    const owned = (func: HostFunction): HostCall => found!.owner === undefined ? func : func.bind(found!.owner);
    const call = owned(value as HostFunction), form = plainFormOf(value);
    const plain = form && owned(form);
    if (plain !== undefined && !features.jspi) return () => ({ kind: "func", call: plain });
    const suspends = isSuspending(value);
    if (suspends) this.#requireJspi(display);
    return () => ({ kind: "func", call, suspends, plain });
  }

  #hostFunc(leaf: PlanImport, type: FuncType, func: HostFunc): Binder {
    const { display, path } = leaf;
    const { suspends } = func;
    if (suspends) this.#requireJspi(display);
    if (func.type !== undefined) {
      requireMatch(type, func.type, (resource) => this.classes.get(resource), `link import ${display}`, display);
    }
    const make = makeCall(func);
    const labels = path.map(({ name }) => name);
    const names = { import: labels.slice(0, -1).join("#"), func: labels.at(-1)! };
    if (func.type === undefined && !takesCaller(func)) {
      const call = make(display, type, { data: undefined, ...names });
      if (typeof call !== "function") {
        throw new TypeError(`the dynamic host function of import ${display} did not give a function`);
      }
      if (isSuspending(call)) this.#requireJspi(display);
      return () => ({ kind: "func", call, suspends: suspends || isSuspending(call) });
    }
    return (tree) => {
      const caller: Caller = { data: tree.data, ...names };
      return { kind: "func", call: make(display, type, caller), suspends };
    };
  }

  #missing(leaf: PlanImport): never {
    const plain = parsePlainName(leaf.path.at(-1)!.name);
    const lacking = plain.kind !== "label" && this.#scope(leaf)?.member(plain.resource, pascalCase) !== undefined;
    const near = lacking ? undefined : closest(leaf.display, this.#root.paths());
    const hint = lacking
      ? `; the class that is defined for \`${plain.resource}\` has no such member`
      : near === undefined
      ? ""
      : `; the closest name that is defined is ${near}`;
    throw new LinkError("missing-import", `link import ${leaf.display}`, leaf.display, hint);
  }

  #wrongSort(leaf: PlanImport, expected: string, value: unknown): never {
    throw new LinkError("wrong-sort", `link import ${leaf.display}`, leaf.display, expected, sortOf(value));
  }

  #requireJspi(display: string): void {
    if (features.jspi) return;
    const jspi = "JSPI (WebAssembly.Suspending and WebAssembly.promising)";
    throw new LinkError("missing-feature", `link import ${display}`, display, "a suspending host function", jspi);
  }
}

const none: Binder = () => ({ kind: "none" });

function sortOf(value: unknown): string {
  if (value instanceof HostFunc || typeof value === "function") return "func";
  if (value instanceof WebAssembly.Module) return "module";
  if (value instanceof Component) return "component";
  return typeof value === "object" && value !== null ? "instance" : typeof value;
}

function testOf(type: ResourceClass): { is(value: unknown): boolean } {
  return typeof type === "function" ? { is: (value) => value instanceof type } : { is: (value) => type.is(value) };
}

/** A constructor, method or static function of a resource's class as a plain function; `undefined` if the class lacks it. */
function memberOf(type: ResourceClass, plain: Exclude<ReturnType<typeof parsePlainName>, { kind: "label" }>): unknown {
  if (plain.kind === "constructor") {
    if (typeof type !== "function") return undefined;
    return (...args: never[]) => Reflect.construct(type, args);
  }
  const source = (plain.kind === "static" ? type : typeof type === "function" ? type.prototype : undefined) as
    | Record<string, unknown>
    | undefined;
  const keys = [plain.label, camelCase(plain.label)];
  const gives = (key: string): boolean => typeof source?.[key] === "function" && !isInherited(source, key, source[key]);
  if (plain.kind === "static") {
    const key = keys.find(gives);
    if (key === undefined) return undefined;
    return likewise(source![key], (source![key] as HostFunction).bind(type), (form) => form.bind(type));
  }
  // Objects known by an `is` test alone have no prototype to look at: their methods are found when called.
  const key = source === undefined ? keys[1]! : keys.find(gives);
  if (key === undefined) return undefined;
  return likewise(
    source?.[key],
    (self: Record<string, HostFunction>, ...args: unknown[]) => self[key]!(...args),
    (form) => (self: unknown, ...args: unknown[]) => form.apply(self, args),
  );
}

/** A function that stands for another suspends if that does; `plain` makes the same of the other's plain form. */
function likewise(
  original: unknown,
  func: HostFunction,
  plain: (form: HostFunction) => HostFunction,
): HostFunction {
  if (!isSuspending(original)) return func;
  const form = plainFormOf(original);
  return form === undefined ? suspending(func) : suspendingOr(func, plain(form));
}
