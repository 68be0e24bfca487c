// What a host function is told about its call, its signal included. The signal is made when it is
// read, and the object for a call only if the function may read one.

import { abandon } from "../../abi/state/suspend.ts";
import type { InstanceTree } from "../../abi/state/instance.ts";
import { isThenable } from "../../abi/codecs/results.ts";
import type { HostFunction } from "../func.ts";
import type { Caller } from "../schema.ts";

type Told = Omit<Caller, "signal">;

let abort: (caller: CallerOfCall, reason: unknown) => void;

/** The caller of one call. */
class CallerOfCall implements Caller {
  readonly data: unknown;
  readonly import: string;
  readonly func: string;
  #controller: AbortController | undefined;
  #reason: { readonly reason: unknown } | undefined;

  constructor(told: Told) {
    this.data = told.data;
    this.import = told.import;
    this.func = told.func;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason.reason);
    }
    return this.#controller.signal;
  }

  static {
    abort = (caller, reason) => {
      caller.#reason ??= { reason };
      caller.#controller?.abort(reason);
    };
  }
}

/** Gives a caller that no call belongs to. */
export function callerOf(told: Told): Caller {
  return new CallerOfCall(told);
}

/** Makes a function that tells each call who calls, and aborts its signal if its result is not wanted. */
export function callTelling(
  make: (caller: Caller) => HostFunction,
  told: Told,
  tree: InstanceTree,
): HostFunction {
  return (...args) => {
    const caller = new CallerOfCall(told), result = make(caller)(...args);
    if (!isThenable(result)) return result;
    const inner = result as PromiseLike<unknown> & { readonly [abandon]?: () => void };
    return Object.assign(new Promise((resolve) => resolve(inner)), {
      [abandon]: () => {
        inner[abandon]?.();
        abort(caller, tree.aborted?.reason ?? new DOMException("the guest cancelled the call", "AbortError"));
      },
    });
  };
}
