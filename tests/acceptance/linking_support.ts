// Components the acceptance tests of linking and of values share: made from a type and, where
// memory matters, its layout.

import { assertEquals } from "@std/assert";
import type { ExternItem } from "@windlass/component";
import { libc, options } from "../support/wasm.ts";

/** How a flat parameter is stored: its core type, and the instruction. */
const STORES: Readonly<Record<string, readonly [string, string]>> = {
  u8: ["i32", "i32.store8"],
  u16: ["i32", "i32.store16"],
  i32: ["i32", "i32.store"],
  i64: ["i64", "i64.store"],
  f32: ["f32", "f32.store"],
  f64: ["f64", "f64.store"],
};

/** A named value type: defined and exported, as the type of an exported function must be. */
export function named(name: string, type: string): string {
  return `(type $${name}' ${type}) (export $${name} "${name}" (type $${name}'))`;
}

/**
 * A component in text whose `echo` gives back what it is given, laid out by hand.
 *
 * @param type The type of the parameter, and of the result unless `result` says another of the same layout.
 * @param layout The flat parameters, `f64@8` being an f64 to store at offset 8, `f64` one to leave out.
 * @param defs Definitions that `type` needs.
 */
export function echo(type: string, layout: string, defs = "", result?: string): string {
  const cells = layout.split(" ").map((cell) => cell.split("@") as [string, string?]);
  const types = cells.map(([kind]) => STORES[kind]![0]).join(" ");
  const stores = cells.map(([kind, offset], i) =>
    offset === undefined ? "" : `(${STORES[kind]![1]} offset=${offset} (i32.const 64) (local.get ${i}))`
  );
  const core = cells.length > 16
    ? `(param i32) (result i32) (local.get 0)` // the parameters are in memory already
    : cells.length === 1
    ? `(param ${types}) (result ${types}) (local.get 0)`
    : `(param ${types}) (result i32) ${stores.join(" ")} (i32.const 64)`;
  return `(component
    ${defs} ${named("x", type)} ${result === undefined ? "" : named("y", result)}
    ${libc(`(func (export "echo") ${core})`)}
    (func (export "echo") (param "x" $x) (result ${result === undefined ? "$x" : "$y"})
      (canon lift (core func $libc "echo") ${options})))`;
}

/** The item of that name. */
export function item(items: readonly ExternItem[], name: string): ExternItem["type"] {
  return items.find((item) => item.name === name)!.type;
}

/** Narrows by kind. */
export function as<T extends { readonly kind: string }, K extends T["kind"]>(
  type: T,
  kind: K,
): Extract<T, { kind: K }> {
  assertEquals(type.kind, kind);
  return type as Extract<T, { kind: K }>;
}
