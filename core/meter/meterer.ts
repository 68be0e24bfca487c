// Metering as one object: `compile` loads it only for components that are to be metered.
// Options and instances enter; transforms, meters and handlers leave.

import { Meter, type MeterLimits } from "../../abi/state/meter.ts";
import type { InstanceTree } from "../../abi/state/instance.ts";
import type { Transform } from "../module/transform.ts";
import { admit, type Admitted } from "./attach.ts";
import { metering } from "./metering.ts";

/** What meters components. */
export interface Meterer {
  /** Makes the transform of one module that begins at `offset` in the component. */
  transform(module: number, offset: number): Transform;
  /** Makes the meter of an instance tree. */
  meter(tree: InstanceTree, limits: MeterLimits, signal: AbortSignal | undefined): Meter;
  /** Looks at what an instance of a metered module will take. What it gives starts the instance. */
  admit(module: WebAssembly.Module, imports: WebAssembly.Imports, meter: Meter): Admitted;
}

/** The only one. */
export const meterer: Meterer = {
  transform: metering,
  meter: (tree, limits, signal) => new Meter(tree, limits, signal),
  admit,
};
