// The closure tier: performs the steps of a call plan, a function for each, with a record of the call that goes from step to step.
// It serves what no code is generated for: calls between guests, calls that may wait, engines that forbid generating, first calls.
// A linked function in, calls out.
// Spec: definitions.py `canon_lift`, `canon_lower`.

import type { CoreValue } from "../types/core_values.ts";
import { CallFrame } from "../state/call_frame.ts";
import { type CallLink, failed } from "./call_link.ts";
import type { Step } from "./call_plan.ts";
import type { Frame } from "../codecs/codec.ts";
import { enterAll, leaveAll } from "../state/entering.ts";
import { FREE } from "../state/flags.ts";
import { liftParams, liftResult, lowerParams, lowerResult } from "./passing.ts";
import { returnedValue, thrownValue, unwrapResult } from "../codecs/results.ts";
import { checkLeave, rethrow, trap, whyNotEntered } from "../state/trap.ts";

/** One call. */
export class Call {
  readonly link: CallLink;
  /** What the caller gave: a guest core values, the host values. */
  readonly args: readonly unknown[];
  /** What the callee is given. */
  values: readonly unknown[];
  flat: readonly CoreValue[] | undefined = undefined;
  /** What the callee returned, and what became of it. */
  returned: unknown = undefined;
  value: unknown = undefined;
  out: unknown = undefined;
  /** What the caller lends, and what the callee borrows. */
  callerFrame: Frame = undefined;
  calleeFrame: Frame = undefined;
  /** The parameter at work. */
  param = 0;
  /** The step at work. */
  at = 0;

  constructor(link: CallLink, args: readonly unknown[]) {
    this.link = link;
    this.args = args;
    this.values = args;
  }
}

/** What each step does. */
const performances: Readonly<Record<Step, (call: Call) => void>> = {
  "check-leave": ({ link }) => checkLeave(link.caller!.inst),
  "enter-from-host"({ link }) {
    const { entering, number } = link.callee!;
    enterAll(entering, link.path, number);
  },
  "enter-from-guest"({ link }) {
    const { entering, allowed, number, cx } = link.callee!, { tree } = cx.inst;
    if (!allowed) trap(tree, "cannot-enter", " from itself, or from one within or around it");
    for (let i = 0; i < entering.length; i++) {
      if (entering[i]!.entered !== FREE) trap(tree, "cannot-enter", whyNotEntered(entering[i]!));
    }
    if (++tree.words[tree.depthAt]! > tree.callDepth) trap(tree, "call-depth-limit", tree.callDepth);
    for (let i = 0; i < entering.length; i++) entering[i]!.entered = number;
  },
  "open-frames"(call) {
    const { caller, callee } = call.link;
    if (caller !== undefined) call.callerFrame = new CallFrame();
    if (callee !== undefined) call.calleeFrame = new CallFrame();
  },
  "lift-params"(call) {
    const { plan, caller } = call.link;
    call.values = liftParams(plan.lower!, caller!, call.args as CoreValue[], call.callerFrame, call);
  },
  "lower-params"(call) {
    const { plan, callee } = call.link;
    call.flat = lowerParams(plan.lift!, callee!.cx, call.values, call.calleeFrame, call);
  },
  "call-guest"(call) {
    call.returned = call.link.callee!.core(...call.flat!);
  },
  "call-host"(call) {
    try {
      call.returned = call.link.host!(...call.values);
    } catch (error) {
      hostThrew(call, error);
    }
  },
  "take-result"(call) {
    // What it threw is a value already.
    call.value ??= returnedValue(call.link.plan.lower!.type.result, call.returned);
  },
  "check-lock-down"({ link }) {
    const { tree } = link.callee!.cx.inst;
    if (tree.lockedDown) rethrow(tree);
  },
  "check-borrows"({ link, calleeFrame }) {
    if (calleeFrame!.borrows > 0) trap(link.callee!.cx.inst.tree, "borrows-remain");
  },
  "lift-result"(call) {
    const { plan, callee } = call.link;
    call.value = liftResult(plan.lift!, callee!.cx, call.returned as CoreValue | undefined, call.calleeFrame);
  },
  "lower-result"(call) {
    const { plan, caller } = call.link;
    call.out = lowerResult(plan.lower!, caller!, call.value, call.args as CoreValue[], call.callerFrame);
  },
  "post-return"({ link, returned }) {
    const { cx: { inst }, postReturn } = link.callee!;
    inst.mayLeave = false;
    if (link.plan.lift!.layout.core.results.length === 0) postReturn!();
    else postReturn!(returned);
    if (inst.tree.lockedDown) rethrow(inst.tree);
    inst.mayLeave = true;
  },
  "close-frames"({ callerFrame, calleeFrame }) {
    calleeFrame?.end();
    callerFrame?.end();
  },
  leave({ link }) {
    const { entering, cx } = link.callee!, { tree } = cx.inst;
    leaveAll(entering);
    if (link.caller !== undefined) tree.words[tree.depthAt]!--;
  },
  "give-result"(call) {
    const { plan, throws } = call.link;
    call.out = plan.lift!.type.result?.kind === "result"
      ? unwrapResult(call.value as { tag: "ok" | "err"; val: unknown }, throws)
      : call.value;
  },
};

/** What a host function threw becomes its `err`; the host's own exception goes on. */
function hostThrew(call: Call, error: unknown): void {
  call.value = thrownValue(call.link.plan.lower!.type.result, error);
}

/** Performs the steps of one linked function. */
export class Performance {
  readonly #link: CallLink;
  readonly #steps: readonly ((call: Call) => void)[];
  /** The step that may give a promise. */
  readonly #calling: number;

  constructor(link: CallLink) {
    const { steps } = link.plan;
    this.#link = link;
    this.#steps = steps.map((step) => performances[step]);
    this.#calling = steps.findIndex((step) => step === "call-guest" || step === "call-host");
  }

  /** The call from its first step to its last. */
  run(args: readonly unknown[]): unknown {
    const call = new Call(this.#link, args);
    this.#perform(call, this.#steps.length);
    return call.out;
  }

  /** Up to the step that may give a promise, without it. */
  begin(args: readonly unknown[]): Call {
    const call = new Call(this.#link, args);
    this.#perform(call, this.#calling);
    return call;
  }

  /** That step: what it gave is in `returned`. */
  call(call: Call): void {
    this.#perform(call, this.#calling + 1);
  }

  /** The rest, with what the promise gave. */
  end(call: Call, returned: unknown): unknown {
    call.returned = returned;
    this.#perform(call, this.#steps.length);
    return call.out;
  }

  /** The rest, where a host's promise was rejected. */
  endThrown(call: Call, error: unknown): unknown {
    try {
      hostThrew(call, error);
    } catch (error) {
      throw this.failed(call, error);
    }
    return this.end(call, undefined);
  }

  /** What to throw for an exception out of that step. */
  failed(call: Call, error: unknown): unknown {
    return failed(call, this.#link.plan.steps[this.#calling]!, error);
  }

  #perform(call: Call, end: number): void {
    const steps = this.#steps;
    try {
      for (; call.at < end; call.at++) steps[call.at]!(call);
    } catch (error) {
      throw failed(call, this.#link.plan.steps[call.at]!, error);
    }
  }
}
