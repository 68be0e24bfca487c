// How the values of a call between guests are copied when the call runs as a task.

import type { CallFrame } from "../state/call_frame.ts";
import type { CoreValue } from "../types/core_values.ts";

/** What copies the values of one call, from memory to memory. */
export interface GuestCopy {
  /** `copy_params`: takes the caller's core arguments and gives the callee's. */
  params(flat: readonly CoreValue[], caller: CallFrame | undefined, callee: CallFrame): readonly CoreValue[];
  /**
   * `copy_result`: takes the core values with which the callee returns, and the caller's core
   * arguments, of which the last may say where the result goes. Gives the caller's core result.
   */
  result(given: readonly CoreValue[], flat: readonly CoreValue[]): CoreValue | undefined;
}
