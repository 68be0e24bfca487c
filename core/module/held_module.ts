// A core module as a plan that runs needs it.

import type { CoreModuleType } from "./module_type.ts";

/** A core module that the engine has compiled. */
export interface HeldModule {
  readonly module: WebAssembly.Module;
  /** Where its bytes lie in the component that it was compiled from. */
  readonly offset: number;
  /** Its size in bytes. 0 if it is unknown. */
  readonly length: number;
  /** Whether it is metered, so that it runs in metered trees only. */
  readonly metered: boolean;
  /** Its type. `undefined` if its bytes were not seen. */
  readonly type: CoreModuleType | undefined;
}
