// The phases of compiling as functions of their own, for bench:start: what core/compile.ts does with a
// buffer, one after the other.

import { decodeBytes, type Decoded } from "../core/decode/decode.ts";
import { type Component, makeComponent } from "../core/component.ts";
import { Gates } from "../core/binary/gates.ts";
import { printTrampoline } from "../abi/codegen/trampolines.ts";
import { Definition } from "../core/definition.ts";
import type { Plan } from "../core/plan/plan_types.ts";
import { Budget } from "../core/resolve/budget.ts";
import { validateComponent } from "../core/validate/validate.ts";
import { printers } from "../host/printers.ts";

export { decodeBytes as decode };
export { Linker } from "../host/link/linker.ts";

export function validate({ component }: Decoded): void {
  validateComponent(component, new Gates(undefined), new Budget(component.size));
}

const definitionOf = ({ component }: Decoded): Definition =>
  new Definition({ kind: "defined", def: component, scope: undefined });

export function plan(decoded: Decoded): Plan {
  return definitionOf(decoded).plan();
}

/** Compiles the core modules, all at once. The component is left. */
export async function make(decoded: Decoded, plan: Plan, bytes: Uint8Array<ArrayBuffer>): Promise<Component> {
  const modules = await Promise.all(
    decoded.modules.map(({ offset, length }) => WebAssembly.compile(bytes.subarray(offset, offset + length))),
  );
  decoded.modules.forEach((slot, i) => slot.fill(modules[i]!));
  const definition = definitionOf(decoded);
  return makeComponent({
    definition,
    reflect: () => definition.reflect(),
    plan,
    modules: decoded.modules,
    codegen: { print: printTrampoline, evaluates: true, entries: undefined },
    fused: false,
    fuser: undefined,
    meterer: undefined,
    asyncParts: undefined,
    printers,
  });
}
