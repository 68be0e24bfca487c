// A small encoder for the core modules that the library itself emits: types, imports, functions,
// exports.
// Numbers and names enter, bytes leave. The only part of a guest that gets in is a core value type.
// Spec: core spec "Binary Format: Modules".

import type { CoreFuncType, CoreType } from "../types/core_values.ts";

/** An unsigned LEB128 integer. */
export function leb(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...leb(Math.floor(value / 128))];
}

/** The byte of a core value type. */
export const coreTypes: Readonly<Record<CoreType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };

/** A type of a local: a core value, or a vector of 16 bytes. */
export type WasmType = CoreType | "v128";

/** The byte of a local's type. */
export const valueTypes: Readonly<Record<WasmType, number>> = { ...coreTypes, v128: 0x7b };

/** The bytes before the first section. */
export const PREAMBLE: readonly number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** An import: a function by the index of its type, or a global. */
export type ModuleImport =
  | { readonly name: string; readonly kind: "func"; readonly type: number }
  | { readonly name: string; readonly kind: "global"; readonly type: CoreType; readonly mutable: boolean };

/** The parts of a module. Every import is from module `""`, and functions are exported by name. */
export interface ModuleParts {
  readonly types: readonly CoreFuncType[];
  readonly imports: readonly ModuleImport[];
  readonly funcs: readonly { readonly name: string; readonly type: number; readonly body: readonly number[] }[];
}

/** A vector of items. */
export function vec(items: readonly (readonly number[])[]): number[] {
  return [...leb(items.length), ...items.flat()];
}

/** A vector of core types. */
export function values(list: readonly CoreType[]): number[] {
  return vec(list.map((type) => [coreTypes[type]]));
}

/** A name. Those that the library gives are ASCII. */
export function name(text: string): number[] {
  const bytes = leb(text.length);
  for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i));
  return bytes;
}

/** A section. */
export function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = vec(items);
  return [id, ...leb(content.length), ...content];
}

/** A custom section that holds a text. */
export function customSection(called: string, text: string): number[] {
  const content = [...name(called), ...new TextEncoder().encode(text)];
  return [0, ...leb(content.length), ...content];
}

/** Encodes a module. */
export function buildModule({ types, imports, funcs }: ModuleParts): Uint8Array<ArrayBuffer> {
  const imported = imports.filter(({ kind }) => kind === "func").length;
  return Uint8Array.from([
    ...PREAMBLE,
    ...section(1, types.map(({ params, results }) => [0x60, ...values(params), ...values(results)])),
    ...section(
      2,
      imports.map((item) => [
        ...name(""),
        ...name(item.name),
        ...(item.kind === "func" ? [0, ...leb(item.type)] : [3, coreTypes[item.type], item.mutable ? 1 : 0]),
      ]),
    ),
    ...section(3, funcs.map(({ type }) => leb(type))),
    ...section(7, funcs.map((func, i) => [...name(func.name), 0, ...leb(imported + i)])),
    ...section(
      10,
      funcs.map(({ body }) => {
        const code = [0, ...body, 0x0b];
        return [...leb(code.length), ...code];
      }),
    ),
  ]);
}
