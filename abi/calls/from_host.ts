// canon lift for the host: the JS function that calls a guest's export, plainly or giving a promise.
// What a lift consists of in, functions out. The order of things is the plan's (call_plan.ts); a plain call leaves the instance entered
// until it is over, a promising one likewise, also while the guest is suspended.
// Spec: CanonicalABI.md `canon lift`.

import type { CoreFunction } from "../types/core_values.ts";
import { completeMessage, ValueError } from "../../errors.ts";
import type { CallLink } from "./call_link.ts";
import { planFromHost } from "./call_plan.ts";
import type { CanonContext, CanonOptions } from "../state/canon_context.ts";
import { runIdle } from "../state/instance.ts";
import { Performance } from "./perform.ts";
import { isThenable } from "../codecs/results.ts";
import type { Signature } from "../codecs/signature.ts";
import { orAborted } from "../state/suspend.ts";
import type { ValType } from "../types/types.ts";

/** A guest's function with its values in JS. */
export type GuestCall = (...args: unknown[]) => unknown;
/** The same, giving a promise. */
export type PromisingCall = (...args: unknown[]) => Promise<unknown>;

/** What a lift consists of, besides its context. */
export interface Lifted {
  readonly signature: Signature;
  readonly core: CoreFunction;
  readonly postReturn: CanonOptions["postReturn"];
  /** `export ns:pkg/iface#f`. */
  readonly path: string;
}

/** Links a lift to the host. With `throws: false` a top-level `result` is a Result. */
export function linkExport({ signature, core, postReturn, path }: Lifted, cx: CanonContext, throws: boolean): CallLink {
  return {
    plan: planFromHost(signature, postReturn !== undefined),
    caller: undefined,
    callee: {
      cx,
      core,
      postReturn,
      entering: cx.inst.enteringSet(undefined),
      allowed: true,
      number: cx.inst.tree.callNumber(path),
    },
    host: undefined,
    path,
    throws,
  };
}

/** Makes the JS function. */
export function liftExport(link: CallLink): GuestCall {
  const performance = new Performance(link);
  return (...args) => performance.run(args);
}

/** Whether a call's value may be a record, whose field `then` a guest names. Classes of its resources have no `then` (host/names.ts). */
function givesRecord(type: ValType | undefined): boolean {
  if (type?.kind === "result") return givesRecord(type.ok);
  return type?.kind === "option" ? givesRecord(type.element) : type?.kind === "record";
}

/** Makes the JS function that gives a promise. The core function may give one too: then the guest was suspended on the way. */
export function liftPromising(link: CallLink): PromisingCall {
  const performance = new Performance(link), { tree } = link.callee!.cx.inst;
  const mayBeThenable = givesRecord(link.plan.lift!.type.result);
  return async (...args) => {
    const call = performance.begin(args), { suspension } = tree;
    try {
      if (suspension !== undefined) suspension.allowed = true;
      try {
        performance.call(call);
        if (isThenable(call.returned)) {
          call.returned = await orAborted(tree, call.returned as Promise<unknown>).catch((error) => {
            throw performance.failed(call, error);
          });
        }
      } finally {
        if (suspension !== undefined) suspension.allowed = false;
      }
      const value = performance.end(call, call.returned);
      // A promise would call it.
      if (mayBeThenable && isThenable(value)) {
        throw completeMessage(new ValueError("thenable"), "lift", "result", link.path);
      }
      return value;
    } finally {
      runIdle(tree);
    }
  };
}
