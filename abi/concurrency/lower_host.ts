// `canon lower` of a host function whose type is `async`, and of one that suspends its caller in a
// tree with asynchronous tasks.
// A host function and the caller's side enter, a core function for the caller leaves.
// Spec: CanonicalABI.md `canon lower`.

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import { completeMessage, Trap } from "../../errors.ts";
import { failurePlace, type Step } from "../calls/call_plan.ts";
import { liftParams, lowerResult, type ParamAt } from "../calls/passing.ts";
import type { givenLifting, outcomeLowering } from "../codegen/passing.ts";
import type { HostCall } from "../calls/call_link.ts";
import type { Frame } from "../codecs/codec.ts";
import type { Signature } from "../codecs/signature.ts";
import { isThenable, returnedValue, thrownValue } from "../codecs/results.ts";
import { CallFrame } from "../state/call_frame.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { abandon } from "../state/suspend.ts";
import { checkLeave, uncatchable } from "../state/trap.ts";
import { dropValue } from "./drop_value.ts";
import { block, checkMayBlock, currentThread } from "./blocking.ts";
import type { PendingHostCall, Scheduler } from "./scheduler.ts";
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
  /** Generated code for the values. `undefined` if nothing may be generated. */
  readonly passing: HostPassing | undefined;
}

/** How the values of a host function cross by generated code. */
export interface HostPassing {
  readonly given: ReturnType<typeof givenLifting>;
  readonly outcome: ReturnType<typeof outcomeLowering>;
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
class HostTask implements ParamAt, PendingHostCall {
  readonly #lowered: LoweredHost;
  readonly #flat: readonly CoreValue[];
  /** The caller's lends. `undefined` if the type has no handles. */
  readonly #frame: Frame;
  /** Made when the host gives a promise. */
  #subtask: Subtask | undefined = undefined;
  /** What the host gave, while it is waited for. */
  #promise: Promised | undefined = undefined;
  #result: CoreValue | undefined = undefined;
  param = 0;

  constructor(lowered: LoweredHost, flat: readonly CoreValue[]) {
    this.#lowered = lowered;
    this.#flat = flat;
    this.#frame = lowered.signature.framed ? new CallFrame() : undefined;
  }

  /** An asynchronous lower. */
  callAsync(): CoreValue {
    const { cx: { inst }, call } = this.#lowered;
    try {
      checkLeave(inst);
      const promise = this.#start(call);
      if (promise === undefined) {
        this.#frame?.end();
        return RETURNED;
      }
      const subtask = this.#started();
      subtask.handle = inst.handles.addItem(subtask);
      subtask.cancel = () => this.#cancel(subtask);
      this.#listen(promise);
      return subtask.state | subtask.handle << 4;
    } catch (error) {
      throw uncatchable(inst.tree, error);
    }
  }

  /** A synchronous lower of a function whose type is `async`: other tasks may run meanwhile. */
  callSync(): CoreValue | undefined {
    const { cx: { inst }, scheduler, path, call } = this.#lowered;
    checkLeave(inst);
    const thread = currentThread(inst, scheduler);
    checkMayBlock(thread, path);
    const promise = this.#start(call);
    if (promise === undefined) return this.#finish();
    const subtask = this.#started();
    subtask.waiter = thread;
    this.#listen(promise);
    return block(thread, { ready: () => subtask.isResolved, cancellable: false, what: path }, () => this.#finish());
  }

  /** A function of a synchronous type: nothing else runs before it has returned. */
  callHeld(): CoreValue | undefined {
    const { cx: { inst }, scheduler, call, plain, path } = this.#lowered;
    checkLeave(inst);
    if (!scheduler.allowed && plain === undefined) scheduler.refuse(path);
    const promise = this.#start(scheduler.allowed ? call : plain!);
    if (promise === undefined) return this.#finish();
    const thread = currentThread(inst, scheduler), stack = scheduler.suspend(path);
    // The thread keeps the baton while it waits.
    scheduler.flight = { thread, toEnter: [] };
    this.#promise = promise;
    scheduler.hostCalls.add(this);
    settled(this, promise, (work, late) => {
      this.#promise = undefined;
      scheduler.hostCalls.delete(this);
      if (scheduler.tree.lockedDown) return this.#drop(late);
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
    const values = this.#given();
    let returned: unknown;
    try {
      // Spreading takes 6 ns.
      returned = values.length === 1 ? call(values[0]) : call(...values);
    } catch (error) {
      this.threw(error);
      return undefined;
    }
    if (isThenable(returned)) return returned as Promised;
    this.returned(returned);
    return undefined;
  }

  /** Lifts the parameters. Generated code tells the place of an error by itself. */
  #given(): readonly unknown[] {
    const { signature, cx, passing } = this.#lowered, generated = passing?.given.get();
    if (generated !== undefined) return generated(this.#flat);
    try {
      return liftParams(signature, cx, this.#flat, this.#frame, this);
    } catch (error) {
      throw this.#placed("lift-params", error);
    }
  }

  #started(): Subtask {
    const subtask = this.#subtask = new Subtask(this.#lowered.scheduler, this.#frame);
    subtask.state = STARTED;
    return subtask;
  }

  /** The host has returned. */
  returned(returned: unknown): void {
    const generated = this.#lowered.passing?.outcome.get();
    if (generated !== undefined) this.#result = generated(this.#flat, () => returned);
    else this.#resolve("take-result", returned);
    this.#subtask?.progress(RETURNED);
  }

  /** The host has thrown. */
  threw(thrown: unknown): void {
    const generated = this.#lowered.passing?.outcome.get();
    if (generated !== undefined) this.#result = generated(this.#flat, throwing(thrown));
    else this.#resolve("call-host", thrown);
    this.#subtask?.progress(RETURNED);
  }

  /** The host has returned something, or the call of it has thrown something. */
  #resolve(step: Step, outcome: unknown): void {
    const { signature, cx } = this.#lowered, { type: { result } } = signature;
    try {
      const value = step === "call-host" ? thrownValue(result, outcome) : returnedValue(result, outcome);
      step = "lower-result";
      this.#result = lowerResult(signature, cx, value, this.#flat, this.#frame);
    } catch (error) {
      throw this.#placed(step, error);
    }
  }

  /** Adds the place of a step to an error. What the host throws stays as it is. */
  #placed(step: Step, error: unknown): unknown {
    const { signature, path } = this.#lowered, { verb, item } = failurePlace(step, this.param, signature.places);
    return step !== "call-host" || error instanceof Trap ? completeMessage(error, verb, item, path) : error;
  }

  #finish(): CoreValue | undefined {
    if (this.#subtask !== undefined) this.#subtask.deliver();
    else this.#frame?.end();
    return this.#result;
  }

  /** Waits for the promise. A cancellation ends the wait at once, and what comes late is dropped. */
  #listen(promise: Promised): void {
    const { scheduler, cx: { inst } } = this.#lowered, { task } = currentThread(inst, scheduler);
    this.#promise = promise;
    scheduler.hostCalls.add(this);
    scheduler.hostWork++;
    settled(this, promise, (work, late) => {
      if (!this.#end() || scheduler.tree.lockedDown) this.#drop(late);
      else scheduler.nowInReaction(work, task);
    });
  }

  /** Drops what the host gave after the call was cancelled, or its instance locked down. */
  #drop(fulfilled: { readonly value: unknown } | undefined): void {
    if (fulfilled === undefined) return;
    const { value } = fulfilled, { signature: { type: { result } }, scheduler: { tree } } = this.#lowered;
    try {
      dropValue(result, returnedValue(result, value));
    } catch (error) {
      tree.onError(error);
    }
  }

  /** Ends the wait. False if it has ended already. */
  #end(): boolean {
    if (this.#promise === undefined) return false;
    const { scheduler } = this.#lowered;
    scheduler.hostCalls.delete(this);
    scheduler.hostWork--;
    this.#promise = undefined;
    return true;
  }

  /** `subtask.cancel`. */
  #cancel(subtask: Subtask): true {
    const promise = this.#promise;
    if (!this.#end()) return true;
    promise![abandon]?.();
    subtask.progressCancelled();
    this.#lowered.scheduler.schedule();
    return true;
  }

  /** Nobody wants the result any more. */
  abandon(): void {
    this.#promise?.[abandon]?.();
  }
}

function throwing(error: unknown): () => never {
  return () => {
    throw error;
  };
}

const { then } = Promise.prototype;

/** Calls `perform` with the work that the promise's value or error makes, and with the value. */
function settled(
  task: HostTask,
  promise: Promised,
  perform: (work: () => void, fulfilled?: { readonly value: unknown }) => void,
): void {
  // What is no promise of the engine becomes one: any exception of a thenable is a rejection then.
  then.call(
    Promise.resolve(promise),
    (value) => perform(() => task.returned(value), { value }),
    (error) => perform(() => task.threw(error)),
  );
}
