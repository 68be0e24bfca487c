// A running instance's exports as JavaScript objects: functions, classes of resources, nested instances, core modules, components.
// Members are made when first read; nothing per function is done before. Each is there under its JS name and its raw WIT name.
// Twice per instance at most: plainly, and with every function giving a promise.

import type { GuestCall } from "../abi/lift.ts";
import { GuestResource } from "../abi/resources.ts";
import { slotOf } from "../abi/slots.ts";
import type { ResourceType } from "../abi/types.ts";
import type { Running } from "../core/instantiate.ts";
import { parsePlainName, type PlainName } from "../core/names.ts";
import type { FuncRef, NamedItem } from "../core/plan_types.ts";
import { camelCase, pascalCase, uniqueNames } from "./names.ts";
import { type GuestClass, makeMethod } from "./resource.ts";
import type { ResourceClass } from "./schema.ts";

/** Exports by name. */
export type Members = Record<string, unknown>;

/** The classes of one tree's guest resources, one per type. */
export class Classes {
  readonly #made = new Map<GuestResource, GuestClass>();
  readonly #make: (runtime: GuestResource, name: string) => GuestClass;

  constructor(make: (runtime: GuestResource, name: string) => GuestClass) {
    this.#make = make;
  }

  of(runtime: GuestResource): GuestClass {
    let made = this.#made.get(runtime);
    if (made === undefined) this.#made.set(runtime, made = this.#make(runtime, pascalCase(runtime.name)));
    return made;
  }
}

/** What makes exports: one object per instance and way of calling. */
export interface ExportSource {
  readonly running: Running;
  readonly classes: Classes;
  /** The classes that imported resources are bound to. */
  readonly hostClasses: ReadonlyMap<ResourceType, ResourceClass>;
  /** A function as JS calls it. */
  func(ref: FuncRef, path: string): GuestCall;
}

/** The class that a resource type's objects are instances of. */
export function classOf({ running, classes, hostClasses }: ExportSource, type: ResourceType): unknown {
  const runtime = running.tree.resources[slotOf(type)];
  return runtime instanceof GuestResource ? classes.of(runtime).class : hostClasses.get(type);
}

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

/** The members of an instance; `owner` is its name, empty at the root. */
export function exportMembers(
  items: ReadonlyMap<string, NamedItem>,
  owner: string,
  source: ExportSource,
): Members {
  const members: Members = Object.create(null);
  const keys = memberKeys(items);
  const { running } = source;
  for (const [name, { item }] of items) {
    const path = owner === "" ? name : `${owner}#${name}`;
    switch (item.sort) {
      case "func": {
        const make = (): GuestCall => source.func(item.func, `export ${path}`);
        const plain = parsePlainName(name);
        if (plain.kind === "label") defineLazily(members, keys.get(name)!, name, make);
        else defineClassMember(items, plain, keys.get(name), make, source);
        break;
      }
      case "instance":
        defineLazily(
          members,
          owner === "" ? name : camelCase(name),
          name,
          () => exportMembers(item.instance.exports, path, source),
        );
        break;
      case "type": {
        if (item.type.kind !== "resource") break;
        const { type } = item.type;
        defineLazily(members, pascalCase(name), name, () => classOf(source, type));
        break;
      }
      case "core module":
        defineLazily(members, camelCase(name), name, () => running.module(item.module));
        break;
      case "component":
        defineLazily(members, camelCase(name), name, () => running.component(item.component));
        break;
    }
  }
  return members;
}

/** A constructor, method or static function, which belongs to its resource's class. */
function defineClassMember(
  items: ReadonlyMap<string, NamedItem>,
  plain: Exclude<PlainName, { kind: "label" }>,
  key: string | undefined,
  make: () => GuestCall,
  { running, classes }: ExportSource,
): void {
  const resource = items.get(plain.resource)?.item;
  if (resource?.sort !== "type" || resource.type.kind !== "resource") return;
  const runtime = running.tree.resources[slotOf(resource.type.type)];
  if (!(runtime instanceof GuestResource)) return;
  const made = classes.of(runtime);
  if (plain.kind === "constructor") {
    made.setConstructor((...args) => {
      const construct = make();
      made.setConstructor(construct);
      return construct(...args);
    });
  } else if (plain.kind === "static") {
    defineLazily(made.class, key!, plain.label, make);
  } else {
    defineLazily(made.class.prototype, key!, plain.label, () => makeMethod(make()));
  }
}

/** What every class has already. */
const reserved: Readonly<Record<string, readonly string[]>> = {
  static: ["prototype", "name", "length"],
  method: ["constructor"],
};

/** What functions, methods and statics are called in JS: unique among their like. */
export function memberKeys(
  items: Iterable<readonly [string, { readonly item: { readonly sort: string } }]>,
): Map<string, string> {
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
