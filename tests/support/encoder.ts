// A small encoder of components: definitions in, a binary out, no text format in between. It checks
// nothing. Indices are given back as definitions are made; neighbours of one kind share a section.
// Types come from `ValType`s: records, variants, enums and flags get a name in the scope they are
// used in, as functions that are imported or exported need them to.
// Spec: Binary.md.

import type { PrimitiveKind, ResourceType, ValType } from "../../abi/types/types.ts";
import { leb, name, section, sleb, vec } from "./bytes.ts";

/** `string-encoding`. */
export type StringEncoding = "utf8" | "utf16" | "latin1+utf16";
/** The encodings, in the order of their canonical options. */
export const stringEncodings: readonly StringEncoding[] = ["utf8", "utf16", "latin1+utf16"];

/** Sorts and their bytes. */
const sorts = {
  "core func": [0x00, 0x00],
  "core memory": [0x00, 0x02],
  "core global": [0x00, 0x03],
  "core module": [0x00, 0x11],
  "core instance": [0x00, 0x12],
  func: [0x01],
  value: [0x02],
  type: [0x03],
  component: [0x04],
  instance: [0x05],
} as const;
export type Sort = keyof typeof sorts;
/** An item of an index space. */
export type Item = readonly [sort: Sort, index: number];

/** `canonopt`s by name, indices as they are. */
export interface CanonOptions {
  readonly stringEncoding?: StringEncoding;
  readonly memory?: number;
  readonly realloc?: number;
  readonly postReturn?: number;
}

function canonOptions({ stringEncoding, memory, realloc, postReturn }: CanonOptions): number[] {
  const options: number[][] = [];
  if (stringEncoding !== undefined) options.push([stringEncodings.indexOf(stringEncoding)]);
  if (memory !== undefined) options.push([0x03, ...leb(memory)]);
  if (realloc !== undefined) options.push([0x04, ...leb(realloc)]);
  if (postReturn !== undefined) options.push([0x05, ...leb(postReturn)]);
  return vec(options);
}

/** `externtype`s. */
export const extern = {
  func: (type: number): number[] => [0x01, ...leb(type)],
  /** A value, by the bytes of its `valtype`. */
  value: (type: readonly number[]): number[] => [0x02, 0x01, ...type],
  valueEq: (value: number): number[] => [0x02, 0x00, ...leb(value)],
  typeEq: (type: number): number[] => [0x03, 0x00, ...leb(type)],
  resource: (): number[] => [0x03, 0x01],
  component: (type: number): number[] => [0x04, ...leb(type)],
  instance: (type: number): number[] => [0x05, ...leb(type)],
};

// Types.

const primitives: Readonly<Record<PrimitiveKind, number>> = {
  bool: 0x7f,
  s8: 0x7e,
  u8: 0x7d,
  s16: 0x7c,
  u16: 0x7b,
  s32: 0x7a,
  u32: 0x79,
  s64: 0x78,
  u64: 0x77,
  f32: 0x76,
  f64: 0x75,
  char: 0x74,
  string: 0x73,
  "error-context": 0x64,
};

/** Something with a type index space: a component, or an instance type. */
export interface TypeSpace {
  /** Defines a type by its bytes. */
  defineType(def: readonly number[]): number;
  /** Gives a type a name; what is given back stands for the named one. */
  nameType(label: string, index: number): number;
  /** A resource by its name. */
  nameResource(label: string): number;
}

/** A function's type. */
export interface Signature {
  readonly params: readonly { readonly name: string; readonly type: ValType }[];
  readonly result?: ValType | undefined;
  /** Whether its type is `async func`. */
  readonly async?: boolean;
}

/** Writes types into a type space; types that need a name are called `t0`, `t1`, … */
export class TypeWriter {
  readonly #space: TypeSpace;
  readonly #refs = new Map<ValType | ResourceType, number>();
  /** What got a name, and the index it goes by. */
  readonly named: Map<string, number> = new Map();

  constructor(space: TypeSpace) {
    this.#space = space;
  }

  /** `functype`; gives its index. */
  func({ params, result, async = false }: Signature): number {
    const list = vec(params.map((param) => [...name(param.name), ...this.ref(param.type)]));
    const form = async ? 0x43 : 0x40;
    return this.#space.defineType([form, ...list, ...(result ? [0x00, ...this.ref(result)] : [0x01, 0x00])]);
  }

  /**
   * `valtype`: a primitive's byte, or an index, which is a signed integer here. Types are told
   * apart by identity.
   */
  ref(type: ValType): number[] {
    if (type.kind in primitives) return [primitives[type.kind as PrimitiveKind]];
    let index = this.#refs.get(type);
    if (index === undefined) {
      index = this.#space.defineType(this.#define(type));
      if (["record", "variant", "enum", "flags"].includes(type.kind)) {
        const label = `t${this.named.size}`;
        this.named.set(label, index = this.#space.nameType(label, index));
      }
      this.#refs.set(type, index);
    }
    return sleb(index);
  }

  /** The index of a resource type. */
  resource(type: ResourceType): number {
    let index = this.#refs.get(type);
    if (index === undefined) {
      const label = type.name!;
      this.#refs.set(type, index = this.#space.nameResource(label));
      this.named.set(label, index);
    }
    return index;
  }

  #optional(type: ValType | undefined): number[] {
    return type === undefined ? [0x00] : [0x01, ...this.ref(type)];
  }

  #define(type: ValType): number[] {
    switch (type.kind) {
      case "record":
        return [0x72, ...vec(type.fields.map((field) => [...name(field.name), ...this.ref(field.type)]))];
      case "variant":
        return [0x71, ...vec(type.cases.map((part) => [...name(part.name), ...this.#optional(part.type), 0x00]))];
      case "list":
        return [0x70, ...this.ref(type.element)];
      case "fixed-list":
        return [0x67, ...this.ref(type.element), ...leb(type.length)];
      case "tuple":
        return [0x6f, ...vec(type.types.map((part) => this.ref(part)))];
      case "flags":
        return [0x6e, ...vec(type.names.map(name))];
      case "enum":
        return [0x6d, ...vec(type.names.map(name))];
      case "option":
        return [0x6b, ...this.ref(type.element)];
      case "result":
        return [0x6a, ...this.#optional(type.ok), ...this.#optional(type.err)];
      case "own":
        return [0x69, ...leb(this.resource(type.resource))];
      case "borrow":
        return [0x68, ...leb(this.resource(type.resource))];
      case "stream":
        return [0x66, ...this.#optional(type.element)];
      case "future":
        return [0x65, ...this.#optional(type.element)];
      case "map":
        return [0x63, ...this.ref(type.key), ...this.ref(type.value)];
      default:
        return [primitives[type.kind]];
    }
  }
}

/** An instance type under construction: what is named in it is exported from it. */
export class InstanceTypeEncoder implements TypeSpace {
  readonly #decls: number[][] = [];
  #types = 0;

  defineType(def: readonly number[]): number {
    this.#decls.push([0x01, ...def]);
    return this.#types++;
  }

  nameType(label: string, index: number): number {
    this.export(label, extern.typeEq(index));
    return this.#types++;
  }

  nameResource(label: string): number {
    this.export(label, extern.resource());
    return this.#types++;
  }

  /** `exportdecl`. */
  export(label: string, type: readonly number[]): void {
    this.#decls.push([0x04, 0x00, ...name(label), ...type]);
  }

  /** `instancetype`. */
  finish(): number[] {
    return [0x42, ...vec(this.#decls)];
  }
}

// Components.

/** A component under construction: what is named in it is imported into it. */
export class ComponentEncoder implements TypeSpace {
  readonly #sections: { readonly id: number; readonly items: number[][] }[] = [];
  readonly #counts = new Map<Sort, number>();

  /** Appends a definition, to the last section if that holds its like. */
  #add(id: number, item: readonly number[]): void {
    const last = this.#sections.at(-1);
    const single = id === 1 || id === 4;
    if (last?.id === id && !single) last.items.push([...item]);
    else this.#sections.push({ id, items: [[...item]] });
  }

  #next(sort: Sort): number {
    const index = this.#counts.get(sort) ?? 0;
    this.#counts.set(sort, index + 1);
    return index;
  }

  coreModule(bytes: Uint8Array): number {
    this.#add(1, [...bytes]);
    return this.#next("core module");
  }

  /** Instantiates a core module with core instances by name. */
  coreInstance(module: number, args: Readonly<Record<string, number>> = {}): number {
    const list = Object.entries(args).map(([label, index]) => [...name(label), 0x12, ...leb(index)]);
    this.#add(2, [0x00, ...leb(module), ...vec(list)]);
    return this.#next("core instance");
  }

  /** A core instance made of core items. */
  coreExports(items: Readonly<Record<string, Item>>): number {
    const list = Object.entries(items).map(([label, [sort, index]]) => [
      ...name(label),
      ...sorts[sort].slice(1),
      ...leb(index),
    ]);
    this.#add(2, [0x01, ...vec(list)]);
    return this.#next("core instance");
  }

  component(bytes: Uint8Array): number {
    this.#add(4, [...bytes]);
    return this.#next("component");
  }

  instance(component: number, args: Readonly<Record<string, Item>> = {}): number {
    const list = Object.entries(args).map(([label, [sort, index]]) => [...name(label), ...sorts[sort], ...leb(index)]);
    this.#add(5, [0x00, ...leb(component), ...vec(list)]);
    return this.#next("instance");
  }

  /** An instance made of items. */
  exportsInstance(items: Readonly<Record<string, Item>>): number {
    const list = Object.entries(items).map((
      [label, [sort, index]],
    ) => [0x00, ...name(label), ...sorts[sort], ...leb(index)]);
    this.#add(5, [0x01, ...vec(list)]);
    return this.#next("instance");
  }

  aliasExport(sort: Sort, instance: number, label: string): number {
    this.#add(6, [...sorts[sort], 0x00, ...leb(instance), ...name(label)]);
    return this.#next(sort);
  }

  aliasCoreExport(sort: Sort, instance: number, label: string): number {
    this.#add(6, [...sorts[sort], 0x01, ...leb(instance), ...name(label)]);
    return this.#next(sort);
  }

  aliasOuter(sort: Sort, count: number, index: number): number {
    this.#add(6, [...sorts[sort], 0x02, ...leb(count), ...leb(index)]);
    return this.#next(sort);
  }

  defineType(def: readonly number[]): number {
    this.#add(7, def);
    return this.#next("type");
  }

  nameType(label: string, index: number): number {
    return this.import(label, "type", extern.typeEq(index));
  }

  nameResource(label: string): number {
    return this.import(label, "type", extern.resource());
  }

  lift(func: number, options: CanonOptions, type: number): number {
    this.#add(8, [0x00, 0x00, ...leb(func), ...canonOptions(options), ...leb(type)]);
    return this.#next("func");
  }

  lower(func: number, options: CanonOptions): number {
    this.#add(8, [0x01, 0x00, ...leb(func), ...canonOptions(options)]);
    return this.#next("core func");
  }

  /** `resource.new`, `resource.drop`, `resource.rep`. */
  resourceBuiltin(what: "new" | "drop" | "rep", type: number): number {
    this.#add(8, [{ new: 0x02, drop: 0x03, rep: 0x04 }[what], ...leb(type)]);
    return this.#next("core func");
  }

  /** A value definition: the bytes of its `valtype`, and those of the value. */
  value(type: readonly number[], bytes: readonly number[]): number {
    this.#add(12, [...type, ...leb(bytes.length), ...bytes]);
    return this.#next("value");
  }

  /** A start function. Gives the index of its result, if it has one. */
  start(func: number, args: readonly number[], results: 0 | 1): number | undefined {
    this.#sections.push({ id: 9, items: [[...leb(func), ...vec(args.map(leb)), results]] });
    return results === 0 ? undefined : this.#next("value");
  }

  import(label: string, sort: Sort, type: readonly number[]): number {
    this.#add(10, [0x00, ...name(label), ...type]);
    return this.#next(sort);
  }

  /** Exports an item; what is given back is the new index that stands for it. */
  export(label: string, [sort, index]: Item, type?: readonly number[]): number {
    this.#add(11, [0x00, ...name(label), ...sorts[sort], ...leb(index), ...(type ? [0x01, ...type] : [0x00])]);
    return this.#next(sort);
  }

  /** A custom section. */
  custom(label: string, contents: readonly number[]): void {
    this.#sections.push({ id: 0, items: [[...name(label), ...contents]] });
  }

  /** The binary. */
  finish(): Uint8Array<ArrayBuffer> {
    const sections = this.#sections.map(({ id, items }) =>
      section(id, [0, 1, 4, 9].includes(id) ? items[0]! : vec(items))
    );
    return Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, ...sections.flat()]);
  }
}
