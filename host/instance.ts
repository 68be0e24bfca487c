// Instances: a running tree's exports as JavaScript, typed lookups, and the end of an instance.
// Functions are made when first read; nothing per function is done before.

import { LinkError } from "../errors.ts";
import type { GuestCall } from "../abi/lift.ts";
import type { CallHooks } from "../abi/hooks.ts";
import { InstanceTree, type Limits } from "../abi/instance.ts";
import { Codecs } from "../abi/codecs.ts";
import { GuestResource, type ResourceRuntime } from "../abi/resources.ts";
import { refuse } from "../abi/trap.ts";
import { slotOf } from "../abi/slots.ts";
import type { ResourceType } from "../abi/types.ts";
import { type Component, componentInternals } from "../core/component.ts";
import { runAsync, Running, runSync } from "../core/instantiate.ts";
import { matchName, parsePlainName, type PlainName } from "../core/names.ts";
import type { FuncRef, InstanceItem, NamedItem } from "../core/plan_types.ts";
import { closest } from "./definitions.ts";
import type { Binder } from "./linker.ts";
import { requireMatch } from "./match.ts";
import { camelCase, memberNames, pascalCase, uniqueNames } from "./names.ts";
import { type GuestClass, makeGuestClass, makeMethod } from "./resource.ts";
import type {
  ExportFunc,
  ExportFuncNoThrow,
  FuncSchema,
  PromisingFunc,
  PromisingFuncNoThrow,
  ResourceClass,
  ResultFuncSchema,
} from "./schema.ts";

/** A component's world as a type: what `Component.typescript()` prints. The default one knows no names; its exports are `any`. */
export interface World {
  /** What the host gives, by import name. */
  readonly imports: object;
  /** What an instance has in `exports`, by export name. */
  // deno-lint-ignore no-explicit-any
  readonly exports: Readonly<Record<string, any>>;
}

/** Settings of one instance. */
export interface InstantiateSettings {
  /** Limits of the instance tree; a missing one has its default. */
  limits?: Limits;
  /** Called at the transitions between host and guest. */
  hooks?: CallHooks;
  /** Aborting locks the instance down. */
  signal?: AbortSignal;
  /** What a destructor or finalizer threw with nobody to tell; default `reportError`. */
  onError?: (error: unknown) => void;
}
/** `data` is what host functions made with `{ caller: true }` find as `caller.data`: required, unless `undefined` will do. */
export type InstantiateOptions<Data = undefined> =
  & InstantiateSettings
  & (undefined extends Data ? { readonly data?: Data } : { readonly data: Data });

/** `any` stays `any`; a resource's class keeps its statics and methods (through `prototype`), and `new` gives a promise. */
export type Promising<T> = { readonly [K in keyof T]: PromisingMember<T[K]> };
/** One member of {@linkcode Promising}. */
export type PromisingMember<T> = 0 extends 1 & T ? T
  : T extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>>
  : T extends abstract new (...args: infer A) => infer R
    ? { new (...args: A): Promise<R>; readonly prototype: Promising<R> } & Promising<Omit<T, "prototype">>
  : T extends object ? Promising<T>
  : T;

/** A running instance. */
export interface Instance<W extends World = World> {
  /** Exact names as exported; interface members and root functions in camelCase. A sync function returns its value, an async one a promise. */
  readonly exports: W["exports"];
  /** The same exports, each returning a promise: calls that may reach a suspending host function go through here (JSPI). */
  readonly promising: { readonly exports: Promising<W["exports"]> };
  /** A function by path (`ns:pkg/iface@1.2.0#f`, `#[method]r.m`, a root name), versions matched by semver, its type checked here, once. */
  func<F extends FuncSchema>(path: string, type: F, options?: { throws?: true; promising?: false }): ExportFunc<F>;
  /** The same, giving a Result instead of throwing ComponentError. */
  func<F extends ResultFuncSchema>(
    path: string,
    type: F,
    options: { throws: false; promising?: false },
  ): ExportFuncNoThrow<F>;
  /** The same, giving a promise (JSPI). */
  func<F extends FuncSchema>(path: string, type: F, options: { throws?: true; promising: true }): PromisingFunc<F>;
  /** The same, giving a promise of a Result (JSPI). */
  func<F extends ResultFuncSchema>(
    path: string,
    type: F,
    options: { throws: false; promising: true },
  ): PromisingFuncNoThrow<F>;
  /** An exported interface by name, versions matched by semver. */
  // deno-lint-ignore no-explicit-any
  interface(name: string): Readonly<Record<string, any>> | undefined;
  /** Drops what the instance owns, running destructors; later use of anything of it is a TypeError. */
  [Symbol.dispose](): void;
  /** The same as `[Symbol.dispose]`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const codecs = new Codecs(memberNames);

/** A component with its imports bound: what an instance is made from. */
export interface Bindings {
  readonly component: Component;
  /** One per leaf of the imports. */
  readonly binders: readonly Binder[];
  /** The classes that imported resources are bound to. */
  readonly classes: ReadonlyMap<ResourceType, ResourceClass>;
}

/** The classes of one tree's guest resources, one per type. */
class Classes {
  readonly #made = new Map<GuestResource, GuestClass>();

  of(runtime: GuestResource): GuestClass {
    let made = this.#made.get(runtime);
    if (made === undefined) this.#made.set(runtime, made = makeGuestClass(runtime, pascalCase(runtime.name)));
    return made;
  }
}

interface Prepared {
  readonly running: Running;
  readonly classes: Classes;
}

function prepare({ component, binders }: Bindings, options: InstantiateOptions<unknown> = {}): Prepared {
  options.signal?.throwIfAborted();
  const tree = new InstanceTree(options), classes = new Classes();
  tree.makeClass = (runtime) => classes.of(runtime).class;
  const { plan, modules } = componentInternals(component);
  return { running: new Running(plan, modules, binders.map((bind) => bind(tree)), tree, codecs), classes };
}

/** Runs a linked component. */
export async function instantiateLinked(bindings: Bindings, options?: InstantiateOptions<unknown>): Promise<Instance> {
  const { running, classes } = prepare(bindings, options);
  await runAsync(running);
  return new RunningInstance(running, classes, bindings.classes, options?.signal);
}

/** The same without waiting. */
export function instantiateLinkedSync(bindings: Bindings, options?: InstantiateOptions<unknown>): Instance {
  const { running, classes } = prepare(bindings, options);
  runSync(running);
  return new RunningInstance(running, classes, bindings.classes, options?.signal);
}

type Members = Record<string, unknown>;

/** Defines a member that is made when first read; a raw WIT name beside it is not enumerable. What is there already stays. */
function defineLazily(target: object, key: string, raw: string, make: () => unknown): void {
  const names = raw === key || Object.hasOwn(target, raw) ? [key] : [key, raw];
  const get = (): unknown => {
    const value = make();
    for (const name of names) {
      Object.defineProperty(target, name, { enumerable: name === key, configurable: true, writable: false, value });
    }
    return value;
  };
  for (const name of names) Object.defineProperty(target, name, { enumerable: name === key, configurable: true, get });
}

class RunningInstance implements Instance {
  readonly exports: Members;
  readonly #running: Running;
  readonly #classes: Classes;
  readonly #hostClasses: Bindings["classes"];

  constructor(running: Running, classes: Classes, hostClasses: Bindings["classes"], signal: AbortSignal | undefined) {
    this.#running = running;
    this.#classes = classes;
    this.#hostClasses = hostClasses;
    const { exports } = running.plan;
    this.exports = this.#members(exports, "");
    if (signal?.aborted) this.#lockDown(signal.reason);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", () => this.#lockDown(signal.reason), { once: true });
  }

  get promising(): never {
    throw new LinkError("unsupported", "call through `promising`", "", "suspending a guest");
  }

  // deno-lint-ignore no-explicit-any
  func(path: string, type: FuncSchema, options: { throws?: boolean; promising?: boolean } = {}): any {
    if (options.promising) throw new LinkError("unsupported", `look up export ${path}`, path, "suspending a guest");
    const { ref, display } = this.#lookup(path);
    requireMatch(ref.type, type, (resource) => this.#classOf(resource), `look up export ${path}`, path);
    return this.#running.func(ref, `export ${display}`, options.throws ?? true);
  }

  interface(name: string): Members | undefined {
    const found = this.#interfaceName(name);
    return found === undefined ? undefined : this.exports[found] as Members;
  }

  [Symbol.dispose](): void {
    const { tree } = this.#running;
    if (tree.disposed) return;
    if (!tree.poisoned && tree.nodes.some((node) => node.entered)) refuse("cannot-enter", "dispose", "instance");
    // From here on nothing enters but destructors.
    tree.disposed = true;
    for (const node of tree.nodes) node.entered = true;
    // A guest's destructor may still use the host resources that its instance owns: those go last.
    this.#drain((type) => type.node !== undefined);
    this.#drain((type) => type.node === undefined);
  }

  #drain(wanted: (type: ResourceRuntime) => boolean): void {
    const { tree } = this.#running;
    for (const node of tree.nodes) {
      for (const { type, rep } of node.handles.drain(wanted)) {
        try {
          type.destroy(rep, undefined);
        } catch (error) {
          tree.onError(error);
        }
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this[Symbol.dispose]());
  }

  #lockDown(reason: unknown): void {
    const { tree } = this.#running;
    tree.aborted ??= { reason };
    tree.poison(reason);
  }

  // ── Lookups ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #interfaceName(name: string): string | undefined {
    const { exports } = this.#running.plan;
    const found = matchName(name, exports.keys());
    return found !== undefined && exports.get(found)!.item.sort === "instance" ? found : undefined;
  }

  #lookup(path: string): { ref: FuncRef; display: string } {
    const { exports } = this.#running.plan;
    const hash = path.indexOf("#");
    const name = hash < 0 ? undefined : this.#interfaceName(path.slice(0, hash));
    const items = hash < 0
      ? exports
      : name === undefined
      ? undefined
      : (exports.get(name)!.item as { instance: InstanceItem }).instance.exports;
    const label = path.slice(hash + 1);
    const found = items?.get(label) ??
      [...(items?.values() ?? [])].find(({ name: { name }, item }) =>
        item.sort === "func" && camelCase(name) === label
      );
    if (found?.item.sort !== "func") {
      const near = closest(path, exportedPaths(exports));
      throw new LinkError(
        "missing-export",
        `look up export ${path}`,
        path,
        near === undefined ? "" : `; the closest one is ${near}`,
      );
    }
    return { ref: found.item.func, display: name === undefined ? found.name.name : `${name}#${found.name.name}` };
  }

  #classOf(type: ResourceType): ResourceClass | undefined {
    const runtime = this.#running.tree.resources[slotOf(type)];
    return runtime instanceof GuestResource ? runtime.class : this.#hostClasses.get(type);
  }

  // ── Exports ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #members(items: ReadonlyMap<string, NamedItem>, owner: string): Members {
    const members: Members = Object.create(null);
    const keys = memberKeys(items);
    for (const [name, { item }] of items) {
      const path = owner === "" ? name : `${owner}#${name}`;
      switch (item.sort) {
        case "func": {
          const make = (): GuestCall => this.#running.func(item.func, `export ${path}`, true);
          const plain = parsePlainName(name);
          if (plain.kind === "label") defineLazily(members, keys.get(name)!, name, make);
          else this.#classMember(items, plain, name, keys, make);
          break;
        }
        case "instance":
          defineLazily(
            members,
            owner === "" ? name : camelCase(name),
            name,
            () => this.#members(item.instance.exports, path),
          );
          break;
        case "type": {
          if (item.type.kind !== "resource") break;
          const { type } = item.type;
          defineLazily(members, pascalCase(name), name, () => this.#classOf(type));
          break;
        }
        case "core module":
          defineLazily(members, camelCase(name), name, () => this.#running.module(item.module));
          break;
        case "component":
          defineLazily(members, camelCase(name), name, () => {
            throw new LinkError("unsupported", `read export ${path}`, path, "exporting a component");
          });
          break;
      }
    }
    return members;
  }

  #classMember(
    items: ReadonlyMap<string, NamedItem>,
    plain: Exclude<PlainName, { kind: "label" }>,
    name: string,
    keys: ReadonlyMap<string, string>,
    make: () => GuestCall,
  ): void {
    const resource = items.get(plain.resource)?.item;
    if (resource?.sort !== "type" || resource.type.kind !== "resource") return;
    const runtime = this.#running.tree.resources[slotOf(resource.type.type)];
    if (!(runtime instanceof GuestResource)) return;
    const made = this.#classes.of(runtime);
    if (plain.kind === "constructor") {
      made.setConstructor((...args) => {
        const construct = make();
        made.setConstructor(construct);
        return construct(...args);
      });
    } else if (plain.kind === "static") {
      defineLazily(made.class, keys.get(name)!, plain.label, make);
    } else {
      defineLazily(made.class.prototype, keys.get(name)!, plain.label, () => makeMethod(make()));
    }
  }
}

/** What every class has already. */
const reserved: Readonly<Record<string, readonly string[]>> = {
  static: ["prototype", "name", "length"],
  method: ["constructor"],
};

/** What functions, methods and statics are called in JS: unique among their like. */
function memberKeys(items: ReadonlyMap<string, NamedItem>): Map<string, string> {
  const groups = new Map<string, { readonly kind: string; readonly names: string[]; readonly labels: string[] }>();
  for (const [name, { item }] of items) {
    const plain = parsePlainName(name);
    if (item.sort !== "func" || plain.kind === "constructor") continue;
    const owner = plain.kind === "label" ? "" : `${plain.kind} ${plain.resource}`;
    let group = groups.get(owner);
    if (group === undefined) groups.set(owner, group = { kind: plain.kind, names: [], labels: [] });
    group.names.push(name);
    group.labels.push(plain.label);
  }
  const keys = new Map<string, string>();
  for (const { kind, names, labels } of groups.values()) {
    uniqueNames(labels, camelCase).forEach((key, i) => {
      keys.set(names[i]!, reserved[kind]?.includes(key) ? `[${kind}]${labels[i]}` : key);
    });
  }
  return keys;
}

/** The paths of exported functions, for suggestions. */
function exportedPaths(items: ReadonlyMap<string, NamedItem>): string[] {
  const functions = (of: ReadonlyMap<string, NamedItem>): string[] =>
    [...of].filter(([, { item }]) => item.sort === "func").map(([name]) => name);
  return [...items].flatMap(([name, { item }]) =>
    item.sort === "instance" ? functions(item.instance.exports).map((member) => `${name}#${member}`) : []
  ).concat(functions(items));
}
