// Guest to guest: canon lower of another instance's lifted function, through JS values for now.
// In order: may the caller leave; lift from the caller; enter the callee; lower; core call; borrow check; lift; lower into the caller;
// post-return; leave. Handles travel as representations, maps as entries: nothing of it is visible to the host.
// Spec: CanonicalABI.md `canon lift` called by `canon lower`.

import { finish } from "../errors.ts";
import { CallScope } from "./call_scope.ts";
import type { CoreValue } from "./codec.ts";
import { type ComponentInstance, FREE } from "./instance.ts";
import { type Lifted, liftResult, lowerParams, runPostReturn } from "./lift.ts";
import { liftParams, lowerResult } from "./lower.ts";
import type { CanonContext } from "./options.ts";
import type { CoreFunction } from "./signature.ts";
import { asTrap, checkLeave, rethrow, trap, uncatchable, whyNotEntered } from "./trap.ts";

/** One adapter: both sides of a call and what is done at each. Contexts are of kind `host: false`. */
class Adapter {
  readonly #lifted: Lifted;
  readonly #caller: CanonContext;
  readonly #callee: CanonContext;
  readonly #entering: readonly ComponentInstance[];
  readonly #mayCall: boolean;
  readonly #call: number;

  constructor(lifted: Lifted, caller: CanonContext, callee: CanonContext) {
    this.#lifted = lifted;
    this.#caller = caller;
    this.#callee = callee;
    this.#entering = callee.inst.enteringSet(caller.inst);
    this.#mayCall = caller.inst.mayCall(callee.inst);
    this.#call = callee.inst.tree.callNumber(lifted.path);
  }

  /** From the caller's core values to the callee's. */
  begin(call: FusedCall, flat: readonly CoreValue[]): CoreValue[] {
    const { signature } = this.#lifted, { tree } = this.#callee.inst;
    checkLeave(this.#caller.inst);
    if (!this.#mayCall) trap(tree, "cannot-enter", " from itself, or from one within or around it");
    for (const inst of this.#entering) if (inst.entered) trap(tree, "cannot-enter", whyNotEntered(inst));
    if (++tree.depth > tree.callDepth) trap(tree, "call-depth-limit", tree.callDepth);
    if (signature.scoped) [call.subtask, call.task] = [new CallScope(), new CallScope()];
    call.verb = "lift", call.place = this.#caller;
    this.#caller.scope = call.subtask;
    this.#caller.beginLift();
    const args = liftParams(signature, this.#caller, flat);
    for (const inst of this.#entering) inst.entered = this.#call;
    call.verb = "lower", call.place = this.#callee;
    this.#callee.scope = call.task;
    const lowered = lowerParams(signature, this.#callee, args);
    call.verb = "call", call.place = "";
    return lowered;
  }

  /** From the callee's core result to the caller's. */
  end(call: FusedCall, flat: readonly CoreValue[], result: CoreValue | undefined): CoreValue | undefined {
    const { signature, postReturn } = this.#lifted, { tree } = this.#callee.inst;
    if (tree.poisoned) rethrow(tree);
    if (call.task !== undefined && call.task.borrows > 0) trap(tree, "borrows-remain");
    call.verb = "lift", call.place = "result";
    const value = liftResult(signature, this.#callee, result);
    call.verb = "lower";
    this.#caller.scope = call.subtask;
    const returned = lowerResult(signature, this.#caller, value, flat);
    call.verb = "call", call.place = "";
    if (postReturn !== undefined) runPostReturn(this.#callee, postReturn, signature, result);
    call.task?.end();
    call.subtask?.end();
    for (const inst of this.#entering) inst.entered = FREE;
    tree.depth--;
    return returned;
  }

  /** What to throw for an exception, by the place that the call had reached. */
  failed({ verb, place }: FusedCall, error: unknown): unknown {
    const { signature, path } = this.#lifted;
    const at = typeof place === "string" ? place : signature.places[place.param] ?? "parameters";
    return uncatchable(this.#callee.inst.tree, finish(asTrap(error), verb, at, path));
  }
}

/** One call through an adapter: how far it is, and what it owes. */
class FusedCall {
  verb = "call";
  /** In words, or the context whose parameter it is. */
  place: string | CanonContext = "";
  /** What the caller lends. */
  subtask: CallScope | undefined = undefined;
  /** What the callee borrows. */
  task: CallScope | undefined = undefined;
}

/** The contexts of an adapter's two sides. */
export type Contexts = () => { readonly caller: CanonContext; readonly callee: CanonContext };

/** Made by the first call: many adapters never have one. */
function adapterOf(lifted: Lifted, contexts: Contexts): Adapter {
  const { caller, callee } = contexts();
  try {
    return new Adapter(lifted, caller, callee);
  } catch (error) {
    throw uncatchable(callee.inst.tree, asTrap(error)); // an exhausted stack
  }
}

/** Makes the core function that the caller imports. */
export function fuse(lifted: Lifted, contexts: Contexts): CoreFunction {
  const { core } = lifted;
  let made: Adapter | undefined;
  return (...flat: CoreValue[]) => {
    const adapter = made ??= adapterOf(lifted, contexts), call = new FusedCall();
    try {
      const lowered = adapter.begin(call, flat);
      return adapter.end(call, flat, core(...lowered) as CoreValue | undefined);
    } catch (error) {
      throw adapter.failed(call, error);
    }
  };
}

/** The same where the callee may be suspended: the caller waits for a promise, so that no JavaScript is on the stack meanwhile. */
export function fuseSuspending(lifted: Lifted, promisingCore: () => CoreFunction, contexts: Contexts): CoreFunction {
  let made: Adapter | undefined;
  return (...flat: CoreValue[]) => {
    const adapter = made ??= adapterOf(lifted, contexts), core = promisingCore(), call = new FusedCall();
    const guarded = <T>(action: () => T): T => {
      try {
        return action();
      } catch (error) {
        throw adapter.failed(call, error);
      }
    };
    const lowered = guarded(() => adapter.begin(call, flat));
    return (core(...lowered) as Promise<unknown>).then(
      (result) => guarded(() => adapter.end(call, flat, result as CoreValue | undefined)),
      (error) => {
        throw adapter.failed(call, error);
      },
    );
  };
}
