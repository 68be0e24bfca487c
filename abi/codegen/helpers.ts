// The functions of the library that trampolines call by name.

import { ComponentError, ValueError, within } from "../../errors.ts";
import { refuseFlag, refuseOther, unknownFlag } from "../codecs/flags.ts";
import { allocateList, checkList, loadRange, toArray } from "../codecs/lists.ts";
import { openTuple } from "../codecs/records.ts";
import { checkDropped, plainResult } from "../codecs/results.ts";
import { mismatch } from "../codecs/scalars.ts";
import { loadString, storedUnits, storeString } from "../codecs/strings.ts";
import { lengthOf } from "../codecs/typed_arrays.ts";
import { refusePayload, refuseTag } from "../codecs/variants.ts";
import { lendDirectly } from "../resources/guest_resource.ts";
import { CallFrame } from "../state/call_frame.ts";
import { enterAll, leaveAll, refuseEnter } from "../state/entering.ts";
import { fromCore } from "../state/pointers.ts";
import { rethrow, trap, trapAt } from "../state/trap.ts";

/** By name. */
export const helpers: Readonly<Record<string, unknown>> = {
  allocateList,
  checkList,
  fromCore,
  hasOwn: Object.prototype.hasOwnProperty,
  lengthOf,
  loadRange,
  loadString,
  mismatch,
  openTuple,
  refuseFlag,
  refuseOther,
  refusePayload,
  refuseTag,
  storeString,
  storedUnits: (): number => storedUnits,
  toArray,
  trap,
  unknownFlag,
  unexpectedPayload: (tag: string): never => {
    throw new ValueError("unexpected-payload", tag);
  },
  within,
  CallFrame,
  ComponentError,
  checkDropped,
  enterAll,
  leaveAll,
  lendDirectly,
  refuseEnter,
  plainResult,
  rethrow,
  trapAt,
};
