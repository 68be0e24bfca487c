// The closure tier: performs the steps of a call plan, one function per step. The steps share an
// object that holds the state of the call.
// It serves all calls without generated code: calls between guests, calls that may wait, first
// calls, and all calls if the engine forbids generating code.
// A linked function enters, calls leave.
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

/** As it was when this module was loaded. A spread would iterate, which a script may have changed. */
const { apply } = Reflect;

/** What came of reading a result in the guest's memory. */
type Reading = { readonly given: unknown } | { readonly thrown: unknown };

/** The state of one call. */
export class Call {
  readonly link: CallLink;
  /** The arguments: core values from a guest, values from the host. */
  readonly args: readonly unknown[];
  /** The arguments for the callee. */
  values: readonly unknown[];
  flat: readonly CoreValue[] | undefined = undefined;
  /** What the callee returned, and the value that it became. */
  returned: unknown = undefined;
  value: unknown = undefined;
  out: unknown = undefined;
  /** What reading the result gave or threw, if it was read. */
  reading: Reading | undefined = undefined;
  /** The caller's lends, and the callee's borrows. */
  callerFrame: Frame = undefined;
  calleeFrame: Frame = undefined;
  /** Index of the parameter that is being converted. */
  param = 0;
  /** The current step. */
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
    call.returned = apply(call.link.callee!.core, undefined, call.flat!);
  },
  "call-host"(call) {
    try {
      call.returned = apply(call.link.host!, undefined, call.values);
    } catch (error) {
      hostThrew(call, error);
    }
  },
  "take-result"(call) {
    // What the function threw is a value already.
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
    if (call.link.read !== undefined) readResult(call, call.link.read);
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
    const { plan, throws } = call.link, { reading } = call;
    if (reading !== undefined) {
      if ("thrown" in reading) throw reading.thrown;
      call.out = reading.given;
      return;
    }
    call.out = plan.lift!.type.result?.kind === "result"
      ? unwrapResult(call.value as { tag: "ok" | "err"; val: unknown }, throws)
      : call.value;
  },
};

/**
 * Has the host read a result. The call goes on whatever comes of it: the guest frees its memory, and
 * is left. An `err` is not read: it is thrown in the end.
 */
function readResult(call: Call, read: (value: unknown) => unknown): void {
  const { type: { result } } = call.link.plan.lift!, { value } = call as { value: { tag: string; val: unknown } };
  if (result?.kind === "result" && value.tag === "err") return;
  try {
    call.reading = { given: read(result?.kind === "result" ? value.val : value) };
  } catch (thrown) {
    call.reading = { thrown };
  }
}

/**
 * Turns what a host function threw into its `err`. Exceptions that are not meant for the guest are
 * thrown again.
 */
function hostThrew(call: Call, error: unknown): void {
  call.value = thrownValue(call.link.plan.lower!.type.result, error);
}

/** Performs the steps of one linked function. */
export class Performance {
  readonly #link: CallLink;
  readonly #steps: readonly ((call: Call) => void)[];
  /** Index of the step that may give a promise. */
  readonly #calling: number;

  constructor(link: CallLink) {
    const { steps } = link.plan;
    this.#link = link;
    this.#steps = steps.map((step) => performances[step]);
    this.#calling = steps.findIndex((step) => step === "call-guest" || step === "call-host");
  }

  /** Performs all steps. */
  run(args: readonly unknown[]): unknown {
    const call = new Call(this.#link, args);
    this.#perform(call, this.#steps.length);
    return call.out;
  }

  /** Performs the steps before the one that may give a promise. */
  begin(args: readonly unknown[]): Call {
    const call = new Call(this.#link, args);
    this.#perform(call, this.#calling);
    return call;
  }

  /** Performs the step that may give a promise. Its result is in `returned`. */
  call(call: Call): void {
    this.#perform(call, this.#calling + 1);
  }

  /** Performs the remaining steps with the value of the promise. */
  end(call: Call, returned: unknown): unknown {
    call.returned = returned;
    this.#perform(call, this.#steps.length);
    return call.out;
  }

  /** Performs the remaining steps after the promise of a host was rejected. */
  endThrown(call: Call, error: unknown): unknown {
    try {
      hostThrew(call, error);
    } catch (error) {
      throw this.failed(call, error);
    }
    return this.end(call, undefined);
  }

  /** Gives the error to throw after an exception in the step that may give a promise. */
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
