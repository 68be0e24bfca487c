// Components that give back what they are given, for any signature: a value goes host → guest →
// host → guest → host. Direct: one guest with one string encoding. Nested: guest A calls guest B,
// which calls the host, each with its own encoding. `keepComponent` asks no host: its core code
// stores the flat value into memory by itself and gives a pointer to it.

import type { FuncType, ValType } from "../../abi/types/types.ts";
import type { AddressType } from "../../abi/types/core_values.ts";
import { addressOps, CoreModuleEncoder, type CoreValType, op } from "./core_encoder.ts";
import {
  type CanonOptions,
  ComponentEncoder,
  extern,
  InstanceTypeEncoder,
  type Item,
  type Signature,
  type StringEncoding,
  TypeWriter,
} from "./encoder.ts";
import { flatTypes, sizeOf, storeFlat } from "./flat_types.ts";

/** The interface that is imported, and the one that is exported, if functions are in interfaces. */
export const HOST = "test:echo/host", GUEST = "test:echo/guest";

/** What kind of component echoes. */
export interface EchoOptions {
  /** One for a direct component; those of A and of B for a nested one. */
  readonly encodings: readonly StringEncoding[];
  /** The address types of their memories. `i32` if there are none. */
  readonly addresses?: readonly AddressType[];
  /** The first address that they use. Only 64-bit memories have one above 4 GiB. */
  readonly above?: number;
  /**
   * Whether the function `f` is imported from and exported in an interface; otherwise at the root.
   */
  readonly interfaces?: boolean;
}

/** How a guest addresses its memory. */
interface Addressing {
  readonly address: AddressType;
  /** Where the return area starts. */
  readonly area: number;
}

/** How far the return area is from the first address that is used. */
const AREA = 16;
const PAGE = 65536;

/**
 * Memory, and a bump allocator that grows it: every call of `realloc` replaces the engine's buffer,
 * whether it grows or not.
 * The heap starts near the end of a page, so that small values make it grow, too.
 */
function libc(size: number, { address, area }: Addressing): Uint8Array<ArrayBuffer> {
  const module = new CoreModuleEncoder(), on = addressOps[address], number = on.const;
  const pages = Math.ceil((area + size + 1) / PAGE);
  const base = Math.max(area + size, pages * PAGE - 200);
  const [oldPtr, oldSize, alignment, newSize, ptr] = [0, 1, 2, 3, 4].map(op.localGet) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  module.memory(pages, undefined, address);
  const heap = module.global(base, address);
  const aligned = [
    ...[op.globalGet(heap), alignment, on.add, number(1), on.sub].flat(),
    ...[number(0), alignment, on.sub, on.and, op.localSet(4)].flat(),
  ];
  const realloc = module.func([address, address, address, address], [address], [
    aligned,
    ...[ptr, newSize, on.add, op.globalSet(heap)],
    ...[number(0), op.memoryGrow, op.drop],
    op.block(
      ...[op.globalGet(heap), op.memorySize, number(16), on.shl, on.leU, op.brIf(0)],
      ...[newSize, number(16), on.shrU, number(2), on.add, op.memoryGrow],
      ...[number(-1), on.eq, op.i32Eqz, op.brIf(0), op.unreachable],
    ),
    // What was there moves along: min(oldSize, newSize) bytes.
    ...[ptr, oldPtr, oldSize, newSize, oldSize, newSize, on.ltU, op.select, op.memoryCopy],
    ptr,
  ], [address]);
  const reset = module.func([], [], [number(base), op.globalSet(heap)]);
  return module.export("memory", "memory", 0).export("realloc", "func", realloc).export("reset", "func", reset)
    .finish();
}

/** Core types of a lifted function and of what lowering it makes. */
function coreSignature({ params, result }: Signature, address: AddressType) {
  const flat = params.flatMap((param) => flatTypes(param.type, address));
  const results = result === undefined ? [] : flatTypes(result, address);
  const direct = flat.length <= 16, returned = results.length <= 1;
  const core: readonly CoreValType[] = direct ? flat : [address];
  return {
    direct,
    returned,
    params: core,
    lifted: returned ? results : [address],
    lowered: { params: returned ? core : [...core, address], results: returned ? results : [] },
  };
}

/**
 * The flat position of every parameter that is a borrow: a guest has to drop those before it
 * returns.
 */
function borrows({ params }: Signature, address: AddressType): { readonly local: number; readonly resource: string }[] {
  let local = 0;
  return params.flatMap(({ type }) => {
    const at = local;
    local += flatTypes(type, address).length;
    return type.kind === "borrow" ? { local: at, resource: type.resource.name! } : [];
  });
}

/** A core module whose `f` calls the imported `f`, and whose `post` resets the allocator. */
function caller(signature: Signature, { address, area: at }: Addressing): Uint8Array<ArrayBuffer> {
  const module = new CoreModuleEncoder(), area = addressOps[address].const(at);
  const { returned, params, lifted, lowered } = coreSignature(signature, address);
  const imported = module.importFunc("host", "f", lowered.params, lowered.results);
  const reset = module.importFunc("libc", "reset", [], []);
  const drops = new Map<string, number>();
  for (const { resource } of borrows(signature, address)) {
    if (drops.has(resource)) continue;
    drops.set(resource, module.importFunc("host", `drop-${resource}`, ["i32"], []));
  }
  const func = module.func(params, lifted, [
    ...params.map((_, i) => op.localGet(i)),
    ...(returned ? [op.call(imported)] : [area, op.call(imported), area]),
    ...borrows(signature, address).map((
      { local, resource },
    ) => [...op.localGet(local), ...op.call(drops.get(resource)!)]),
  ]);
  const post = module.func(lifted, [], [op.call(reset)]);
  return module.export("f", "func", func).export("post", "func", post).finish();
}

/**
 * A core module whose `f` gives back its parameter: a scalar, the pointer it was given, or a
 * pointer to what it stores.
 */
function keeper(
  signature: Signature & { readonly result: ValType },
  { address, area: at }: Addressing,
): Uint8Array<ArrayBuffer> {
  const module = new CoreModuleEncoder(), area = addressOps[address].const(at);
  const { direct, returned, params, lifted } = coreSignature(signature, address);
  const reset = module.importFunc("libc", "reset", [], []);
  module.importMemory("libc", "memory", address);
  const body = returned || !direct ? op.localGet(0) : [...storeFlat(signature.result, at, 0, address), ...area];
  const func = module.func(params, lifted, [body]);
  const post = module.func(lifted, [], [op.call(reset)]);
  return module.export("f", "func", func).export("post", "func", post).finish();
}

/** The imported function, its type, and the types it has names for. */
interface Imported {
  readonly func: number;
  readonly types: TypeWriter;
}

/** Imports `f` and the types it needs, by themselves or in an interface. */
function importFunc(component: ComponentEncoder, signature: Signature, interfaces: boolean): Imported {
  if (!interfaces) {
    const types = new TypeWriter(component);
    return { types, func: component.import("f", "func", extern.func(types.func(signature))) };
  }
  const instanceType = new InstanceTypeEncoder();
  instanceType.export("f", extern.func(new TypeWriter(instanceType).func(signature)));
  const type = component.defineType(instanceType.finish());
  const instance = component.import(HOST, "instance", extern.instance(type));
  const alias = (label: string): number => component.aliasExport("type", instance, label);
  const types = new TypeWriter({
    defineType: (def) => component.defineType(def),
    nameType: alias,
    nameResource: alias,
  });
  types.func(signature); // so that everything in it is named, in the same order
  return { types, func: component.aliasExport("func", instance, "f") };
}

/** Exports `f`, by itself or in an interface with the types it needs. */
function exportFunc(component: ComponentEncoder, func: number, types: TypeWriter, interfaces: boolean): void {
  if (!interfaces) {
    component.export("f", ["func", func]);
    return;
  }
  const named = [...types.named].map(([label, index]): [string, Item] => [label, ["type", index]]);
  const instance = component.exportsInstance({ ...Object.fromEntries(named), f: ["func", func] });
  component.export(GUEST, ["instance", instance]);
}

/** Lifts the `f` of a core module. */
function liftFunc(
  component: ComponentEncoder,
  main: number,
  options: CanonOptions,
  signature: Signature,
  types: TypeWriter,
): number {
  const func = component.aliasCoreExport("core func", main, "f");
  const postReturn = component.aliasCoreExport("core func", main, "post");
  return component.lift(func, { ...options, postReturn }, types.func(signature));
}

/** An instance of {@linkcode libc}, and the options that name what is in it. */
function instantiateLibc(
  component: ComponentEncoder,
  { result }: Signature,
  stringEncoding: StringEncoding,
  addressing: Addressing,
) {
  const size = result === undefined ? 0 : sizeOf(result, addressing.address).size;
  const instance = component.coreInstance(component.coreModule(libc(size, addressing)));
  const memory = component.aliasCoreExport("core memory", instance, "memory");
  const realloc = component.aliasCoreExport("core func", instance, "realloc");
  return { instance, options: { stringEncoding, memory, realloc } };
}

function direct(
  signature: Signature,
  encoding: StringEncoding,
  addressing: Addressing,
  interfaces: boolean,
): Uint8Array<ArrayBuffer> {
  const component = new ComponentEncoder();
  const { func, types } = importFunc(component, signature, interfaces);
  const { instance, options } = instantiateLibc(component, signature, encoding, addressing);
  const imports: Record<string, Item> = { f: ["core func", component.lower(func, options)] };
  for (const { type } of signature.params) {
    if (type.kind !== "borrow") continue;
    imports[`drop-${type.resource.name}`] ??= [
      "core func",
      component.resourceBuiltin("drop", types.resource(type.resource)),
    ];
  }
  const main = component.coreInstance(component.coreModule(caller(signature, addressing)), {
    host: component.coreExports(imports),
    libc: instance,
  });
  exportFunc(component, liftFunc(component, main, options, signature, types), types, interfaces);
  return component.finish();
}

/** A component that imports `f` and exports `f` of the same type, which calls it. */
export function echoComponent(signature: Signature, options: EchoOptions): Uint8Array<ArrayBuffer> {
  const { encodings: [outer, inner], addresses = [], above = 0, interfaces = false } = options;
  const [first, second] = [0, 1].map((i): Addressing => ({ address: addresses[i] ?? "i32", area: above + AREA }));
  if (inner === undefined) return direct(signature, outer!, first!, interfaces);
  const component = new ComponentEncoder();
  const { func, types } = importFunc(component, signature, interfaces);
  const named = [...types.named].map(([label, index]): [string, Item] => [label, ["type", index]]);
  const a = component.component(direct(signature, outer!, first!, interfaces));
  const b = component.component(direct(signature, inner, second!, interfaces));
  // The imported instance is instance 0.
  const host: Record<string, Item> = interfaces
    ? { [HOST]: ["instance", 0] }
    : { ...Object.fromEntries(named), f: ["func", func] };
  const instanceB = component.instance(b, host);
  const given: Record<string, Item> = interfaces
    ? { [HOST]: ["instance", component.aliasExport("instance", instanceB, GUEST)] }
    : { ...host, f: ["func", component.aliasExport("func", instanceB, "f")] };
  const instanceA = component.instance(a, given);
  if (interfaces) component.export(GUEST, ["instance", component.aliasExport("instance", instanceA, GUEST)]);
  else component.export("f", ["func", component.aliasExport("func", instanceA, "f")]);
  return component.finish();
}

/**
 * A component without imports whose `f: func(x: T) -> T` gives back what it is given. Handles
 * cannot be kept like this.
 */
export function keepComponent(
  type: ValType,
  encoding: StringEncoding,
  address: AddressType = "i32",
): Uint8Array<ArrayBuffer> {
  const addressing = { address, area: AREA };
  const signature = { params: [{ name: "x", type }], result: type };
  const component = new ComponentEncoder();
  const { instance, options } = instantiateLibc(component, signature, encoding, addressing);
  const main = component.coreInstance(component.coreModule(keeper(signature, addressing)), { libc: instance });
  // Without an import of `f` the names come from imported types.
  const types = new TypeWriter(component);
  component.export("f", ["func", liftFunc(component, main, options, signature, types)]);
  return component.finish();
}

/** The signature of an echo of one value. */
export function echoOf(type: ValType): FuncType {
  return { params: [{ name: "x", type }], result: type, async: false };
}
