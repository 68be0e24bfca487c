// `canon lower` of a host function whose type is `async`, and of one that suspends its caller in a
// tree with asynchronous tasks.
// A host function and the caller's side enter, a core function for the caller leaves.
// Spec: CanonicalABI.md `canon lower`.

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import { completeMessage, Trap } from "../../errors.ts";
import { failurePlace, type Step } from "../calls/call_plan.ts";
import { liftParams, lowerResult } from "../calls/passing.ts";
import type { HostCall } from "../calls/call_link.ts";
import type { Signature } from "../codecs/signature.ts";
import { isThenable, returnedValue, thrownValue } from "../codecs/results.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { abandon } from "../state/suspend.ts";
import { checkLeave, uncatchable } from "../state/trap.ts";
import { block, checkMayBlock, currentThread } from "./blocking.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Stacks } from "./stacks.ts";
import { RETURNED, STARTED, Subtask } from "./subtask.ts";

/** The parts of a lowered host function. */
export interface LoweredHost {
  readonly signature: Signature;
  readonly cx: CanonContext;
  readonly call: HostCall;
  /** The function to call if nothing can be suspended (of a synchronous type only). */
  readonly plain: HostCall | undefined;
  /** `import ns:pkg/iface#f`. */
  readonly path: string;
  readonly scheduler: Scheduler;
}

type Promised = PromiseLike<unknown> & { readonly [abandon]?: () => void };

/** Makes the core function that the guest imports. */
export function lowerAsyncHost(lowered: LoweredHost, stacks: Stacks): CoreFunction {
  const { signature } = lowered, { core } = signature.layout;
  if (!signature.type.async) return stacks.attempt(core, (...flat) => new HostTask(lowered, flat).callHeld());
  if (signature.key.style === "sync") return stacks.attempt(core, (...flat) => new HostTask(lowered, flat).callSync());
  return (...flat: CoreValue[]) => new HostTask(lowered, flat).callAsync();
}

/** One call of the host function. */
class HostTask {
  readonly #lowered: LoweredHost;
  readonly #flat: readonly CoreValue[];
  readonly #subtask: Subtask;
  #result: CoreValue | undefined = undefined;
  #at = { param: 0 };

  constructor(lowered: LoweredHost, flat: readonly CoreValue[]) {
    this.#lowered = lowered;
    this.#flat = flat;
    this.#subtask = new Subtask(lowered.scheduler);
  }

  /** An asynchronous lower. */
  callAsync(): CoreValue {
    const { cx: { inst } } = this.#lowered, subtask = this.#subtask;
    try {
      checkLeave(inst);
      const promise = this.#start(this.#lowered.call);
      if (promise === undefined) {
        subtask.deliver();
        return RETURNED;
      }
      subtask.handle = inst.handles.addItem(subtask);
      this.#listen(promise);
      return subtask.state | subtask.handle << 4;
    } catch (error) {
      throw uncatchable(inst.tree, error);
    }
  }

  /** A synchronous lower of a function whose type is `async`: other tasks may run meanwhile. */
  callSync(): CoreValue | undefined {
    const { cx: { inst }, scheduler, path } = this.#lowered, subtask = this.#subtask;
    checkLeave(inst);
    const thread = currentThread(inst, scheduler);
    checkMayBlock(thread);
    const promise = this.#start(this.#lowered.call);
    if (promise === undefined) return this.#finish();
    subtask.waiter = thread;
    this.#listen(promise);
    return block(thread, { ready: () => subtask.isResolved, cancellable: false, what: path }, () => this.#finish());
  }

  /** A function of a synchronous type: nothing else runs before it has returned. */
  callHeld(): CoreValue | undefined {
    const { cx: { inst }, scheduler, call, plain, path } = this.#lowered;
    checkLeave(inst);
    const promise = this.#start(scheduler.allowed ? call : plain ?? call);
    if (promise === undefined) return this.#finish();
    const thread = currentThread(inst, scheduler), stack = scheduler.suspend(path);
    // The thread keeps the baton while it waits.
    scheduler.flight = { thread, toEnter: [] };
    settled(this, promise, (work) => {
      if (scheduler.tree.lockedDown) return;
      try {
        work();
      } catch (error) {
        return scheduler.unwind(stack, error);
      }
      scheduler.resume(stack, [], () => this.#finish());
    });
    return undefined;
  }

  /** Lifts the parameters and calls the host. Gives its promise, if it returned one. */
  #start(call: HostCall): Promised | undefined {
    const { signature, cx } = this.#lowered, subtask = this.#subtask;
    const values = this.#step("lift-params", () => liftParams(signature, cx, this.#flat, subtask.frame, this.#at));
    subtask.state = STARTED;
    let returned: unknown;
    try {
      returned = call(...values);
    } catch (error) {
      this.threw(error);
      return undefined;
    }
    if (isThenable(returned)) return returned as Promised;
    this.returned(returned);
    return undefined;
  }

  /** The host has returned. */
  returned(returned: unknown): void {
    this.#resolve(this.#step("take-result", () => returnedValue(this.#lowered.signature.type.result, returned)));
  }

  /** The host has thrown. */
  threw(error: unknown): void {
    this.#resolve(this.#step("call-host", () => thrownValue(this.#lowered.signature.type.result, error)));
  }

  #resolve(value: unknown): void {
    const { signature, cx } = this.#lowered, subtask = this.#subtask;
    this.#result = this.#step("lower-result", () => lowerResult(signature, cx, value, this.#flat, subtask.frame));
    subtask.progress(RETURNED);
  }

  /** Performs a step, and adds its place to what it throws. */
  #step<T>(step: Step, perform: () => T): T {
    try {
      return perform();
    } catch (error) {
      const { signature, path } = this.#lowered, { verb, item } = failurePlace(step, this.#at.param, signature.places);
      if (step !== "call-host" || error instanceof Trap) completeMessage(error, verb, item, path);
      throw error;
    }
  }

  #finish(): CoreValue | undefined {
    this.#subtask.deliver();
    return this.#result;
  }

  /** Waits for the promise. A cancellation ends the wait at once, and what comes late is ignored. */
  #listen(promise: Promised): void {
    const { scheduler } = this.#lowered, subtask = this.#subtask;
    scheduler.hostWork++;
    let over = false;
    const end = (job: () => void): void => {
      if (over) return;
      over = true;
      scheduler.hostWork--;
      job();
    };
    subtask.cancel = () => {
      end(() => {
        promise[abandon]?.();
        subtask.progressCancelled();
      });
      return true;
    };
    const { task } = currentThread(this.#lowered.cx.inst, scheduler);
    settled(this, promise, (work) => end(() => scheduler.now(work, task)));
  }
}

/** Calls `then` with the work that the promise's value or error makes. */
function settled(task: HostTask, promise: Promised, then: (work: () => void) => void): void {
  // The executor turns any exception of a thenable into a rejection.
  new Promise((done) => done(promise)).then(
    (value) => then(() => task.returned(value)),
    (error) => then(() => task.threw(error)),
  );
}
