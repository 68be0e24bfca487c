// The order of a call, in one place: what is done between a caller and a callee, step by step. The closures perform the steps
// (perform.ts), the generator prints them (codegen.ts), and either has a row for each step.
// Signatures in, plans out: the caller's of `canon lower`, the callee's of `canon lift`, or both. Where one is missing the host is there.
// Spec: CanonicalABI.md `canon lift`, `canon lower`; DESIGN.md "Storage classes".

import type { Signature } from "../codecs/signature.ts";

/** One step. */
export type Step =
  /** The calling instance may leave. `trap_if(not inst.may_leave)` */
  | "check-leave"
  /** The called instance is entered, and those around it that the caller is not in. Refused if one is entered already. */
  | "enter-from-host"
  /** The same, which is a trap; and the calls under way are counted. */
  | "enter-from-guest"
  /** What the call will owe for handles has a place from here on. */
  | "open-frames"
  /** The caller's core values become values. `on_start` */
  | "lift-params"
  /** Values become the callee's core values. */
  | "lower-params"
  | "call-guest"
  | "call-host"
  /** What the host function returned or threw becomes a value. */
  | "take-result"
  /** The tree is not locked down: a guest may have caught what did it, or code of the host's that ran meanwhile did. */
  | "check-lock-down"
  /** The callee has dropped what it borrowed. */
  | "check-borrows"
  /** The callee's core value becomes a value. */
  | "lift-result"
  /** A value becomes the caller's core value. `on_resolve` */
  | "lower-result"
  | "post-return"
  /** What the call owes is paid. */
  | "close-frames"
  | "leave"
  /** A `result` at the top becomes a value or an exception. */
  | "give-result";

/** A call's steps, and the signatures that they go by. */
export interface CallPlan {
  readonly steps: readonly Step[];
  /** Of the guest that calls; `undefined` where the host does. */
  readonly lower: Signature | undefined;
  /** Of the guest that is called; `undefined` where the host is. */
  readonly lift: Signature | undefined;
}

/** A host calls a guest. */
export function planFromHost(lift: Signature, postReturn: boolean): CallPlan {
  return {
    steps: [
      "enter-from-host",
      ...framed(lift, "open-frames"),
      "lower-params",
      "check-lock-down",
      ...calling(lift),
      ...(postReturn ? ["post-return"] as const : []),
      ...framed(lift, "close-frames"),
      "leave",
      "give-result",
    ],
    lower: undefined,
    lift,
  };
}

/** A guest calls the host. */
export function planToHost(lower: Signature): CallPlan {
  return {
    steps: [
      "check-leave",
      ...framed(lower, "open-frames"),
      "lift-params",
      "call-host",
      "take-result",
      "lower-result",
      ...framed(lower, "close-frames"),
    ],
    lower,
    lift: undefined,
  };
}

/** A guest calls another one. */
export function planBetweenGuests(lower: Signature, lift: Signature, postReturn: boolean): CallPlan {
  return {
    steps: [
      "check-leave",
      "enter-from-guest",
      ...framed(lift, "open-frames"),
      "lift-params",
      "lower-params",
      ...calling(lift),
      "lower-result",
      ...(postReturn ? ["post-return"] as const : []),
      ...framed(lift, "close-frames"),
      "leave",
    ],
    lower,
    lift,
  };
}

/** From the core call to the value that it gave. */
function calling(lift: Signature): readonly Step[] {
  return ["call-guest", "check-lock-down", ...framed(lift, "check-borrows"), "lift-result"];
}

/** A step of signatures with handles. */
function framed(signature: Signature, step: Step): readonly Step[] {
  return signature.framed ? [step] : [];
}

/** What a message says of an exception at a step: what could not be done, and with which part. */
export function failurePlace(step: Step, param: number, places: readonly string[]): { verb: string; item: string } {
  switch (step) {
    case "lift-params":
      return { verb: "lift", item: places[param] ?? "parameters" };
    case "lower-params":
      return { verb: "lower", item: places[param] ?? "parameters" };
    case "lift-result":
      return { verb: "lift", item: "result" };
    case "take-result":
    case "lower-result":
      return { verb: "lower", item: "result" };
    default:
      return { verb: "call", item: "" };
  }
}
