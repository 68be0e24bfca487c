// Which features the core types of a component may use: those of core WebAssembly 3.0 always,
// shared types with their gate, features of other proposals never, because no engine has them. The
// modules in a component are not checked here: the engine judges these.
// Spec: core spec 3.0 "Types"; the proposals shared-everything-threads, stack-switching,
// custom-descriptors, custom-page-sizes.

import { partsOf } from "./type_space.ts";
import type { CoreExternType, CoreSubType, CoreTypeDef } from "./core_syntax.ts";
import type { CoreValType } from "./core_value_types.ts";
import type { Gates } from "../binary/gates.ts";
import { invalid } from "../binary/invalid.ts";

/** Refuses what a core type uses and may not. */
export function requireCoreFeatures(def: CoreTypeDef, gates: Gates, offset: number): void {
  const uses = new Uses(gates, offset);
  if (def.kind === "rec") return uses.types(def.types);
  for (const decl of def.decls) {
    if (decl.kind === "type") uses.types(decl.types);
    else if (decl.kind !== "alias") uses.extern(decl.type);
  }
}

class Uses {
  readonly #gates: Gates;
  readonly #offset: number;

  constructor(gates: Gates, offset: number) {
    this.#gates = gates;
    this.#offset = offset;
  }

  #shared(what: string): void {
    this.#gates.require("shared-everything-threads", `a shared ${what}`, this.#offset);
  }

  #unsupported(what: string): never {
    invalid("core type", this.#offset, "unsupported", what);
  }

  #value(type: CoreValType): void {
    if (type.kind !== "ref") return;
    if (type.shared) this.#shared("heap type");
    if (type.heap === "cont" || type.heap === "nocont") this.#unsupported("a continuation reference");
  }

  types(types: readonly CoreSubType[]): void {
    for (const { shared, type } of types) {
      if (shared) this.#shared("core type");
      if (type.kind === "cont") this.#unsupported("a continuation type");
      for (const part of partsOf(type)) this.#value(part);
    }
  }

  extern(type: CoreExternType): void {
    switch (type.kind) {
      case "func":
        if (type.exact) this.#unsupported("an exact function type");
        return;
      case "table":
        if (type.limits.shared) this.#shared("table");
        return this.#value(type.element);
      case "memory":
        if (type.limits.pageSize !== 16) this.#unsupported("a memory with a page size of its own");
        return;
      case "global":
        if (type.shared) this.#shared("global");
        return this.#value(type.type);
    }
  }
}
