// Makes the component that was written ahead of time.
// What a written module exports, and compiled core modules, enter. The component leaves. Nothing is
// decoded, validated, planned or generated.

import { setReadied } from "../../abi/codegen/readied.ts";
import { returningType } from "../../abi/codecs/returning.ts";
import { makeResourceType } from "../../abi/types/resource_slots.ts";
import { CompileError } from "../../errors.ts";
import { type Component, makeComponent, type Printers } from "../component.ts";
import { AHEAD_VERSION, type Parts, type WrittenComponent } from "./written.ts";
import type { HeldModule } from "../module/held_module.ts";

/** Throws a CompileError if another version of the library wrote a component. */
export function checkVersion({ version }: Pick<WrittenComponent, "version">): void {
  if (version !== AHEAD_VERSION) {
    throw new CompileError("other-version", "load component", undefined, version, AHEAD_VERSION);
  }
}

/**
 * Makes the component.
 *
 * @param modules The core modules, then the adapters; `undefined` for adapters that the engine
 * refused.
 */
export function loadAhead(
  written: WrittenComponent,
  modules: readonly (WebAssembly.Module | undefined)[],
  printers: Printers,
): Component {
  const { sizes, evaluates, fused, metered, entries, parts } = written;
  const { asyncParts, meterer, givenAdapters }: Parts = Object.assign({}, ...parts);
  const held = sizes.map((length, i): HeldModule => {
    return { module: modules[i]!, offset: 0, length, metered, type: undefined };
  });
  const { plan, adapters } = written.make({ m: held, r: makeResourceType, t: setReadied, g: returningType });
  if (adapters !== undefined) givenAdapters!(plan, adapters.parts, adapters.sites, modules.slice(sizes.length));
  return makeComponent({
    definition: undefined,
    reflect: () => written.reflect(),
    plan,
    modules: held,
    codegen: { print: undefined, evaluates, entries },
    fused,
    fuser: undefined,
    meterer,
    asyncParts,
    printers,
  });
}
