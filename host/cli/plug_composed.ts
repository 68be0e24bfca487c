// The component around a component and its plugs: parts in their order enter, a binary leaves.
// Imports that several parts have become one, of the highest compatible version, with the functions
// that any of them uses. Each part stands in it as it is.
// Spec: Binary.md "Component Definitions", "Instance Definitions".

import type { ResourceType, ValType } from "../../abi/types/types.ts";
import { leb, vec } from "../../abi/wasm/encoder.ts";
import { concat } from "../../core/binary/bytes.ts";
import { NameIndex } from "../../core/binary/names.ts";
import type { ExternItem } from "../../core/types.ts";
import { Failure } from "./arguments.ts";
import type { Part } from "./plug.ts";
import { extern, needsName, partsOf, text, type TypeSpace, TypeWriter } from "./plug_types.ts";

/** The sorts of items that imports and exports have here, with their bytes. */
const SORTS = { func: 0x01, type: 0x03, component: 0x04, instance: 0x05 } as const;
type Sort = keyof typeof SORTS;

/** An import of the whole. */
interface Whole {
  readonly name: string;
  /** What the parts import under compatible names. */
  readonly items: { readonly part: Part; readonly item: ExternItem }[];
  /** Its index, once it is written. */
  index?: number;
  isUnderway?: true;
}

/** Where a type has its name: a member of an import, or the import itself. */
interface Owner {
  readonly whole: Whole;
  readonly member: string | undefined;
}

/** Where a plug gives a resource. */
interface Given {
  readonly from: Part;
  /** The interface that the plug exports. */
  readonly name: string;
  readonly member: string;
}

/** Writes the component around the parts, of which the last one is FILE. */
export function composed(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  return new Composer(parts).compose();
}

class Composer {
  readonly #parts: readonly Part[];
  readonly #sections: Uint8Array[] = [Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0)];
  readonly #counts: Record<Sort, number> = { func: 0, type: 0, component: 0, instance: 0 };
  readonly #wholes = new Map<string, Whole>();
  /** The name that the whole has for an import of a part. */
  readonly #names: (name: string) => string;
  /** By type: its owner's key. By key: the owner. */
  readonly #keys = new Map<ValType | ResourceType, string>();
  readonly #owners = new Map<string, Owner>();
  /** Resources that plugs give. */
  readonly #given = new Map<object, Given>();
  /** Indices of types that imports name, by their keys. */
  readonly #aliases = new Map<string, number>();
  readonly #types: TypeWriter;
  /** The instances of the parts. */
  readonly #instances = new Map<Part, number>();

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
    const rest = parts.flatMap((part) => part.imports.filter(({ name }) => !part.links.has(name)));
    this.#names = highest(rest.map(({ name }) => name));
    for (const part of parts) this.#collect(part);
    this.#types = new TypeWriter(this.#root, (type) => this.#keys.get(type) ?? type);
  }

  /** Collects what a part imports, and where its types have their names. */
  #collect(part: Part): void {
    for (const item of part.imports) {
      const { name, type } = item, link = part.links.get(name);
      const types = type.kind === "instance"
        ? type.exports.flatMap((inner) => inner.type.kind === "type" ? [[inner.type.type, inner.name] as const] : [])
        : type.kind === "type"
        ? [[type.type, undefined] as const]
        : [];
      if (link !== undefined) {
        // Types of values are the same wherever they are written. A resource is the plug's.
        for (const [named, member] of types) {
          if (named.kind !== "resource" || this.#keys.has(named) || this.#given.has(named)) continue;
          this.#given.set(named, { from: link.from, name: link.name, member: member! });
        }
        continue;
      }
      // A root's name for a resource of a plug.
      if (type.kind === "type" && this.#given.has(type.type)) continue;
      const called = this.#names(name);
      let whole = this.#wholes.get(called);
      if (whole === undefined) this.#wholes.set(called, whole = { name: called, items: [] });
      whole.items.push({ part, item });
      for (const [named, member] of types) {
        if (!needsName(named) || this.#keys.has(named) || this.#given.has(named)) continue;
        const key = JSON.stringify([called, member]);
        this.#keys.set(named, key);
        if (!this.#owners.has(key)) this.#owners.set(key, { whole, member });
      }
    }
  }

  compose(): Uint8Array<ArrayBuffer> {
    for (const whole of this.#wholes.values()) this.#import(whole);
    for (const part of this.#parts) {
      this.#section(4, part.bytes);
      const component = this.#counts.component++;
      const args = part.imports.map((item) => {
        const sort = sortOf(item.type.kind, part, item.name);
        return [...text(item.name), SORTS[sort], ...leb(this.#argument(part, item, sort))];
      });
      this.#items(5, [0x00, ...leb(component), ...vec(args)]);
      this.#instances.set(part, this.#counts.instance++);
    }
    const app = this.#parts.at(-1)!, exported = new Set(app.exports.map(({ name }) => name));
    // What exports mention has to have a name outside: the interface of a plug that has it.
    for (const type of partsOf(app.exports.flatMap(typesOf))) {
      const given = this.#given.get(type);
      if (given === undefined || exported.has(given.name)) continue;
      exported.add(given.name);
      this.#export(given.from, given.from.exports.find(({ name }) => name === given.name)!);
    }
    for (const item of app.exports) this.#export(app, item);
    return concat(this.#sections);
  }

  /** The index of what a part gets for an import. */
  #argument(part: Part, { name, type }: ExternItem, sort: Sort): number {
    const link = part.links.get(name);
    if (link !== undefined) return this.#alias(sort, this.#instances.get(link.from)!, link.name);
    const given = type.kind === "type" ? this.#given.get(type.type) : undefined;
    if (given === undefined) return this.#wholes.get(this.#names(name))!.index!;
    return this.#alias("type", this.#alias("instance", this.#instances.get(given.from)!, given.name), given.member);
  }

  #export(part: Part, item: ExternItem): void {
    const sort = sortOf(item.type.kind, part, item.name),
      index = this.#alias(sort, this.#instances.get(part)!, item.name);
    this.#items(11, [...attributes(item.name, item), SORTS[sort], ...leb(index), 0x00]);
    this.#counts[sort]++;
  }

  /** Writes an import, after those whose types it mentions. */
  #import(whole: Whole): void {
    if (whole.index !== undefined) return;
    const { name, items: [first] } = whole, { part, item } = first!;
    if (whole.isUnderway) {
      throw new Failure(`the imports ${name} of ${part.file} and of a plug mention each other's types`);
    }
    whole.isUnderway = true;
    for (const type of partsOf(whole.items.flatMap(({ item }) => typesOf(item)))) {
      const given = this.#given.get(type);
      if (given !== undefined) {
        const place = `${given.name} of ${given.from.file}`;
        throw new Failure(
          `${part.file} imports ${name}, which mentions a resource of ${place}: give a plug for ${name}, too`,
        );
      }
      const owner = this.#owners.get(this.#keys.get(type) ?? "");
      if (owner !== undefined && owner.whole !== whole) this.#import(owner.whole);
    }
    const sort = sortOf(item.type.kind, part, name);
    const bytes = this.#externType(whole);
    this.#items(10, [...attributes(name, item), ...bytes]);
    whole.index = this.#counts[sort]++;
    if (item.type.kind !== "type") return;
    this.#types.set(item.type.type, whole.index);
    const key = this.#keys.get(item.type.type);
    if (key !== undefined) this.#aliases.set(key, whole.index);
  }

  #externType(whole: Whole): number[] {
    const { type } = whole.items[0]!.item;
    switch (type.kind) {
      case "func":
        return extern.func(this.#types.func(type.type));
      case "type":
        if (type.type.kind !== "resource") {
          return extern.typeEq(this.#types.known(type.type) ?? this.#types.define(type.type));
        }
        return this.#owns(whole, type.type, undefined)
          ? extern.resource()
          : extern.typeEq(this.#types.known(type.type)!);
      case "instance":
        return extern.instance(this.#define(this.#instanceType(whole)));
      default:
        throw new Error("refused before");
    }
  }

  /** Whether an import is where a type has its name. */
  #owns(whole: Whole, type: ValType | ResourceType, member: string | undefined): boolean {
    const owner = this.#owners.get(this.#keys.get(type) ?? "");
    return owner?.whole === whole && owner.member === member;
  }

  /** `instancetype`, with the members that any part uses. */
  #instanceType(whole: Whole): number[] {
    const decls: number[][] = [];
    let count = 0;
    const define = (bytes: readonly number[]): number => {
      decls.push([0x01, ...bytes]);
      return count++;
    };
    const foreign = (key: unknown): number | undefined => {
      const index = this.#root.foreign(key);
      if (index === undefined) return undefined;
      decls.push([0x02, SORTS.type, 0x02, ...leb(1), ...leb(index)]);
      return count++;
    };
    const types = new TypeWriter({ define, foreign }, (type) => this.#keys.get(type) ?? type);
    const written = new Set<string>(), named = new Set<unknown>();
    for (const { part, item } of whole.items) {
      if (item.type.kind !== "instance") throw new Failure(`${part.file} imports ${item.name} as a ${item.type.kind}`);
      for (const { name, type } of item.type.exports) {
        if (type.kind !== "type" && type.kind !== "func") {
          throw new Failure(`${part.file} imports ${whole.name} with a ${type.kind}: plugs are for interfaces of WIT`);
        }
        if (written.has(name)) continue;
        written.add(name);
        const declared = (bytes: number[]): void => void decls.push([0x04, 0x00, ...text(name), ...bytes]);
        if (type.kind === "func") {
          declared(extern.func(types.func(type.type)));
          continue;
        }
        const isOwn = this.#owns(whole, type.type, name);
        if (isOwn && type.type.kind === "resource") declared(extern.resource());
        else {declared(
            extern.typeEq((isOwn ? undefined : types.known(type.type)) ?? types.define(type.type as ValType)),
          );}
        // Of several names for a type the first one stands for it: functions of a resource need it.
        const known = this.#keys.get(type.type) ?? type.type;
        if (!named.has(known)) types.set(type.type, count);
        named.add(known);
        count++;
      }
    }
    return [0x42, ...vec(decls)];
  }

  /** The type index space of the whole. */
  readonly #root: TypeSpace = {
    define: (bytes) => this.#define(bytes),
    foreign: (key) => {
      const owner = typeof key === "string" ? this.#owners.get(key) : undefined;
      if (owner?.whole.index === undefined) return undefined;
      const { whole: { index }, member } = owner;
      let alias = this.#aliases.get(key as string);
      if (alias === undefined) {
        alias = member === undefined ? index : this.#alias("type", index, member);
        this.#aliases.set(key as string, alias);
      }
      return alias;
    },
  };

  #define(bytes: readonly number[]): number {
    this.#items(7, bytes);
    return this.#counts.type++;
  }

  /** An export of an instance as an item of the whole. */
  #alias(sort: Sort, instance: number, name: string): number {
    this.#items(6, [SORTS[sort], 0x00, ...leb(instance), ...text(name)]);
    return this.#counts[sort]++;
  }

  /** A section with one item. */
  #items(id: number, item: readonly number[]): void {
    this.#section(id, Uint8Array.from([...leb(1), ...item]));
  }

  #section(id: number, content: Uint8Array): void {
    this.#sections.push(Uint8Array.from([id, ...leb(content.length)]), content);
  }
}

/** The types that an import mentions. */
function typesOf({ type }: ExternItem): (ValType | ResourceType)[] {
  switch (type.kind) {
    case "func":
      return [...type.type.params.map(({ type }) => type), ...type.type.result === undefined ? [] : [type.type.result]];
    case "type":
      return [type.type];
    case "instance":
      return type.exports.flatMap(typesOf);
    default:
      return [];
  }
}

function sortOf(kind: ExternItem["type"]["kind"], { file }: Part, name: string): Sort {
  if (kind === "func" || kind === "type" || kind === "instance") return kind;
  throw new Failure(`${file} imports or exports ${name}, which is a ${kind}: plugs are for functions and interfaces`);
}

/** `nameattributes`. */
function attributes(name: string, { implements: iface, externalId }: ExternItem): number[] {
  const list = [
    ...iface === undefined ? [] : [[0x00, ...text(iface)]],
    ...externalId === undefined ? [] : [[0x02, ...text(externalId)]],
  ];
  return list.length === 0 ? [0x00, ...text(name)] : [0x02, ...text(name), ...vec(list)];
}

/** Gives for each name the one of the highest compatible version. */
function highest(names: readonly string[]): (name: string) => string {
  const index = new NameIndex(names);
  return (name) => {
    // No component asks for this version: what matches it is the highest of its track.
    const newest = name.replace(/@(\d+\.\d+)\.\d+(?:\+.*)?$/, `@$1.${Number.MAX_SAFE_INTEGER}`);
    return newest === name ? name : index.match(newest) ?? name;
  };
}
