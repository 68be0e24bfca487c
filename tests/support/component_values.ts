// What tests of component values share: components of the encoder with the gates open, one for each
// tier, and instances of them.

import { compileSync, type Component, type Imports, type Instance, instantiateSync } from "@windlass/component";
import type { ValType } from "../../abi/types/types.ts";
import { keepComponent } from "./echo.ts";
import { ComponentEncoder, type Item, TypeWriter } from "./encoder.ts";

const gates = { values: true, "fixed-length-lists": true, "async-stackful": true };

/** Compiles what the encoder is told, once for each tier. */
export function tiers(build: (component: ComponentEncoder, types: TypeWriter) => void): readonly Component[] {
  const encoder = new ComponentEncoder();
  build(encoder, new TypeWriter(encoder));
  const bytes = encoder.finish();
  return [true, false].map((codegen) => compileSync(bytes, { gates, codegen }));
}

/** Imports are `any` here: TypeScript's type of import objects knows functions and classes. */
export const given = (imports: Readonly<Record<string, unknown>>): Imports => imports as Imports;

export const run = (component: Component, imports: Readonly<Record<string, unknown>> = {}): Instance =>
  instantiateSync(component, given(imports));

/** An instance of a component that gives back what it gets: the index of its function. */
export function echo(component: ComponentEncoder, types: TypeWriter, type: ValType): number {
  const args: Record<string, Item> = {};
  for (const [label, index] of types.named) args[label] = ["type", index];
  const instance = component.instance(component.component(keepComponent(type, "utf8")), args);
  return component.aliasExport("func", instance, "f");
}

/** A record with a number and an optional text. */
export const point: ValType = {
  kind: "record",
  fields: [{ name: "first-x", type: { kind: "u8" } }, {
    name: "name",
    type: { kind: "option", element: { kind: "string" } },
  }],
};
