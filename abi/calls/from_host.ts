// `canon lift` for the host: makes the JavaScript function that calls an export of a guest, as a
// plain call or as one that returns a promise.
// The parts of a lift enter, functions leave. call_plan.ts gives the order of steps. The instance
// stays entered until the call is over, also while the guest is suspended.
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

/** A guest's function that takes and gives JavaScript values. */
export type GuestCall = (...args: unknown[]) => unknown;
/** A guest's function that returns a promise. */
export type PromisingCall = (...args: unknown[]) => Promise<unknown>;

/** The parts of a lift, besides its context. */
export interface Lifted {
  readonly signature: Signature;
  readonly core: CoreFunction;
  readonly postReturn: CanonOptions["postReturn"];
  /** `export ns:pkg/iface#f`. */
  readonly path: string;
}

/** Links a lift to the host. With `throws: false`, a top-level `result` is given as a Result. */
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

/**
 * Links a lift to a host that reads the result before post-return, when views of it are still valid.
 *
 * @param signature The lift's, with the views among its result.
 */
export function linkReading(
  lifted: Lifted,
  cx: CanonContext,
  signature: Signature,
  read: (value: unknown) => unknown,
): CallLink {
  return { ...linkExport({ ...lifted, signature }, cx, true), read };
}

/** Makes the JavaScript function of a linked export. */
export function liftExport(link: CallLink): GuestCall {
  const performance = new Performance(link);
  return (...args) => performance.run(args);
}

/**
 * Whether a call's value may be an object with a member `then`: a record, whose fields a guest
 * names, or a resource of the host's.
 * Classes of a guest's resources have none (host/names.ts).
 */
function mayHaveThen(type: ValType | undefined): boolean {
  if (type?.kind === "result") return mayHaveThen(type.ok);
  return type?.kind === "option" ? mayHaveThen(type.element) : type?.kind === "record" || type?.kind === "own";
}

/**
 * Makes the JavaScript function that returns a promise. If the guest is suspended, the core
 * function returns a promise, too.
 */
export function liftPromising(link: CallLink): PromisingCall {
  const performance = new Performance(link), { tree } = link.callee!.cx.inst;
  const mayBeThenable = mayHaveThen(link.plan.lift!.type.result);
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
      // Resolving a promise with such a value would call the field `then`.
      if (mayBeThenable && isThenable(value)) {
        throw completeMessage(new ValueError("thenable"), "lift", "result", link.path);
      }
      return value;
    } finally {
      runIdle(tree);
    }
  };
}
