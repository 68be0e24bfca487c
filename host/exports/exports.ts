// The exports of a running instance as JavaScript objects: functions, classes of resources, nested
// instances, core modules, components.
// Members are made when they are first read. No work is done per function before. Each member has a
// JavaScript name and its WIT name.
// Built at most twice per instance: once for `exports`, once for `promising`.

import type { GuestCall } from "../../abi/calls/from_host.ts";
import { GuestResource } from "../../abi/resources/guest_resource.ts";
import { resourceSlotOf } from "../../abi/types/resource_slots.ts";
import type { ResourceType } from "../../abi/types/types.ts";
import type { Running } from "../../core/run/instantiate.ts";
import { parsePlainName, type PlainName } from "../../core/binary/names.ts";
import type { FuncRef, NamedPlanItem } from "../../core/plan/plan_types.ts";
import { defineLazily, MemberTable } from "./lazy_members.ts";
import { camelCase, memberKey, type MemberKind, pascalCase, rawKey, uniqueNames } from "../names.ts";
import type { GuestClass } from "./classes.ts";
import type { ResourceClass } from "../schema.ts";

/** Exports by name. */
export type Members = Record<string, unknown>;

/** The classes of one tree's guest resources, one per type. */
export class Classes {
  #made: Map<GuestResource, GuestClass> | undefined;
  readonly #make: (runtime: GuestResource, name: string) => GuestClass;
  /**
   * Defines the members of a class when an object of the class was lifted before the class was
   * read. Set as soon as there are exports.
   */
  complete: ((runtime: GuestResource) => void) | undefined = undefined;

  constructor(make: (runtime: GuestResource, name: string) => GuestClass) {
    this.#make = make;
  }

  of(runtime: GuestResource): GuestClass {
    let made = this.#made?.get(runtime);
    if (made === undefined) {
      (this.#made ??= new Map()).set(runtime, made = this.#make(runtime, pascalCase(runtime.name)));
      this.complete?.(runtime);
    }
    return made;
  }

  /** Gives the classes that were made already. */
  made(): Iterable<GuestResource> {
    return this.#made?.keys() ?? [];
  }
}

/** The source of exports: one object per instance and way of calling. */
export interface ExportSource {
  readonly running: Running;
  readonly classes: Classes;
  /** The classes that the host provides for imported resources. */
  readonly hostClasses: ReadonlyMap<ResourceType, ResourceClass>;
  /** Gives a function as JavaScript calls it. A method takes `this` as its first argument. */
  func(ref: FuncRef, path: string, method: boolean): GuestCall;
}

/** Gives the class for objects of a resource type. */
export function classOf({ running, classes, hostClasses }: ExportSource, type: ResourceType): unknown {
  const runtime = running.tree.resources[resourceSlotOf(type)];
  return runtime instanceof GuestResource ? classes.of(runtime).class : hostClasses.get(type);
}

/** The origin of an object of exports. `owner` is the name of the instance, empty at the root. */
interface Origin {
  readonly owner: string;
  readonly source: ExportSource;
}

/** What is computed once for all instances with the same exports. */
interface ExportTable {
  /** All members, except the functions of resources. */
  readonly members: MemberTable<Origin>;
  /** Constructors, methods and static functions, which belong to their resources' classes. */
  readonly classMembers: readonly ClassMember[];
}

interface ClassMember {
  readonly name: string;
  readonly func: FuncRef;
  readonly plain: Exclude<PlainName, { kind: "label" }>;
  /** The member's name in the class. A constructor has none. */
  readonly key: string | undefined;
  readonly resource: ResourceType;
}

/** Export tables, by the exports themselves, which all instances of one component share. */
const exportTables = new WeakMap<ReadonlyMap<string, NamedPlanItem>, Partial<Record<"root" | "nested", ExportTable>>>();

/** Makes the members of an instance. `owner` is its name, empty at the root. */
export function exportMembers(
  items: ReadonlyMap<string, NamedPlanItem>,
  owner: string,
  source: ExportSource,
): Members {
  // V8 would keep the members of an object made by `Object.create(null)` in a hash table, which is
  // slower.
  const members: Members = Object.setPrototypeOf({}, null);
  const place = owner === "" ? "root" : "nested", origin = { owner, source };
  let known = exportTables.get(items);
  if (known === undefined) exportTables.set(items, known = {});
  const table = known[place] ??= exportTableOf(items, place === "root");
  table.members.define(members, origin);
  for (const member of table.classMembers) defineClassMember(member, origin);
  return members;
}

function exportTableOf(items: ReadonlyMap<string, NamedPlanItem>, isRoot: boolean): ExportTable {
  const members = new MemberTable<Origin>(), classMembers: ClassMember[] = [];
  const keys = memberKeys([...items].map(([name, { item }]) => [name, item.sort]), isRoot);
  for (const [name, { item }] of items) {
    const key = keys.get(name)!;
    const add = (make: (origin: Origin) => unknown): void => members.add(key, rawKey(item.sort, name, key), make);
    switch (item.sort) {
      case "func": {
        const plain = parsePlainName(name), { func } = item;
        if (plain.kind === "label") {
          add((origin) => funcOf(func, name, origin));
          break;
        }
        const resource = items.get(plain.resource)?.item;
        if (resource?.sort !== "type" || resource.type.kind !== "resource") break;
        classMembers.push({ name, func, plain, key: keys.get(name), resource: resource.type.type });
        break;
      }
      case "instance":
        add(({ owner, source }) => exportMembers(item.instance.exports, pathOf(name, owner), source));
        break;
      case "type": {
        if (item.type.kind !== "resource") break;
        const { type } = item.type;
        add(({ source }) => classOf(source, type));
        break;
      }
      case "value":
        add(({ source }) => source.running.value(item.value.value));
        break;
      case "core module":
        add(({ source }) => source.running.module(item.module));
        break;
      case "component":
        add(({ source }) => source.running.component(item.component));
        break;
    }
  }
  return { members, classMembers };
}

function pathOf(name: string, owner: string): string {
  return owner === "" ? name : `${owner}#${name}`;
}

function funcOf(func: FuncRef, name: string, { owner, source }: Origin, method = false): GuestCall {
  return source.func(func, `export ${pathOf(name, owner)}`, method);
}

function defineClassMember({ name, func, plain, key, resource }: ClassMember, origin: Origin): void {
  const { running, classes } = origin.source, runtime = running.tree.resources[resourceSlotOf(resource)];
  if (!(runtime instanceof GuestResource)) return;
  const made = classes.of(runtime), make = (): GuestCall => funcOf(func, name, origin, plain.kind === "method");
  if (plain.kind === "constructor") {
    made.setConstructor((...args) => {
      const construct = make();
      made.setConstructor(construct);
      return construct(...args);
    });
  } else if (plain.kind === "static") {
    defineLazily(made.class, key!, rawKey("static", plain.label, key!), make);
  } else {
    defineLazily(made.class.prototype, key!, rawKey("method", plain.label, key!), make, true);
  }
}

/**
 * Gives the JavaScript names of members, methods and static functions: camelCase, PascalCase for
 * resources, and unchanged for instances at the root. Names that would be the same keep their WIT
 * spelling. Names that JavaScript reserves get a prefix.
 */
export function memberKeys(
  items: Iterable<readonly [name: string, sort: MemberKind]>,
  isRoot: boolean,
): Map<string, string> {
  const groups = new Map<
    string,
    { names: string[]; labels: string[]; kinds: MemberKind[]; spelt: Map<string, string> }
  >();
  for (const [name, sort] of items) {
    const plain = sort === "func" ? parsePlainName(name) : { kind: "label", label: name } as const;
    if (plain.kind === "constructor") continue;
    const owner = plain.kind === "label" ? "" : `${plain.kind} ${plain.resource}`;
    let group = groups.get(owner);
    if (group === undefined) groups.set(owner, group = { names: [], labels: [], kinds: [], spelt: new Map() });
    group.names.push(name);
    group.labels.push(plain.label);
    group.kinds.push(plain.kind === "label" ? sort : plain.kind);
    const spell = sort === "type" ? pascalCase : sort === "instance" && isRoot ? (label: string) => label : camelCase;
    group.spelt.set(plain.label, spell(plain.label));
  }
  const keys = new Map<string, string>();
  for (const { names, labels, kinds, spelt } of groups.values()) {
    uniqueNames(labels, (label) => spelt.get(label)!).forEach((key, i) => {
      keys.set(names[i]!, memberKey(kinds[i]!, labels[i]!, key));
    });
  }
  return keys;
}

/** Finds the members of a resource type. Gives the names of the instances on the way. */
export function ownersOf(
  items: ReadonlyMap<string, NamedPlanItem>,
  path: readonly string[] = [],
  owners: Map<ResourceType, (readonly string[])[]> = new Map(),
): Map<ResourceType, (readonly string[])[]> {
  for (const [name, { item }] of items) {
    if (item.sort === "instance") ownersOf(item.instance.exports, [...path, name], owners);
    if (item.sort !== "type" || item.type.kind !== "resource" || path.length === 0) continue;
    const paths = owners.get(item.type.type);
    if (paths === undefined) owners.set(item.type.type, [path]);
    else paths.push(path);
  }
  return owners;
}
