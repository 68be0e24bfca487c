// The two forms in which a core module is run: as it is, and metered with fuel that it does not use up.

import { InstanceTree } from "../../abi/state/instance.ts";
import { meterer } from "../../core/meter/meterer.ts";
import { meteredBytes } from "./metered.ts";

/** How modules are made and instantiated. */
export interface CoreForm {
  /** The bytes that the engine gets. */
  bytes(module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance;
}

/** As it is. */
export const plain: CoreForm = {
  bytes: (module) => module,
  instantiate: (module, imports) => new WebAssembly.Instance(module, imports),
};

/** Metered. All modules of a script are one tree. */
export function fuelled(): CoreForm {
  // A trap locks a tree down; a script goes on after it.
  const tree = new InstanceTree({}, 1);
  const meter = meterer.meter(tree, { fuel: 10n ** 18n, deadline: 600_000, memory: 2 ** 40 }, undefined);
  return {
    bytes: meteredBytes,
    instantiate: (module, imports) => {
      const admitted = meterer.admit(module, imports, meter), instance = new WebAssembly.Instance(module, imports);
      admitted.attach(instance);
      return instance;
    },
  };
}
