// Core modules, metered without a component around them.
// Bytes and limits enter; an instance leaves, with the meter that it is charged by.

import { InstanceTree } from "../../abi/state/instance.ts";
import type { Meter, MeterLimits } from "../../abi/state/meter.ts";
import { meterer } from "../../core/meter/meterer.ts";
import { transformWhole } from "../../core/module/transform.ts";

/** A core module's bytes with the charges. */
export function meteredBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return transformWhole(bytes, meterer.transform(0, 0)) as Uint8Array<ArrayBuffer>;
}

/** An instance of a metered core module, and its meter. */
export interface MeteredInstance {
  readonly instance: WebAssembly.Instance;
  readonly meter: Meter;
  readonly tree: InstanceTree;
}

/** Instantiates a core module metered. Its start function has run then. */
export function meteredInstance(
  bytes: Uint8Array,
  limits: MeterLimits = {},
  imports: WebAssembly.Imports = {},
): MeteredInstance {
  const module = new WebAssembly.Module(meteredBytes(bytes)), tree = new InstanceTree({}, 1);
  const meter = meterer.meter(tree, limits, undefined);
  const admitted = meterer.admit(module, imports, meter), instance = new WebAssembly.Instance(module, imports);
  admitted.attach(instance);
  return { instance, meter, tree };
}
