// The order of a call, in one place: the steps between a caller and a callee. The closure tier
// performs the steps (perform.ts), the generator prints them (codegen/trampolines.ts), and each has
// one row per step.
// Signatures enter: the caller's of `canon lower`, the callee's of `canon lift`, or both. If one is
// missing, the host is at that end. Plans leave.
// Spec: CanonicalABI.md `canon lift`, `canon lower`.

import type { Signature } from "../codecs/signature.ts";

/** One step. */
export type Step =
  /** Checks that the calling instance may leave: `trap_if(not inst.may_leave)`. */
  | "check-leave"
  /**
   * Enters the called instance, and the instances around it that the caller is not in. If one is
   * entered already, the host gets an error.
   */
  | "enter-from-host"
  /**
   * Enters likewise, but an instance that is entered already is a trap. Also counts the calls under
   * way.
   */
  | "enter-from-guest"
  /** Makes the frames that note what the call will owe for handles. */
  | "open-frames"
  /** Converts the caller's core values to values: `on_start`. */
  | "lift-params"
  /** Converts values to the callee's core values. */
  | "lower-params"
  | "call-guest"
  | "call-host"
  /** Converts what the host function returned or threw to a value. */
  | "take-result"
  /**
   * Checks that the tree is not locked down. A guest may have caught the error that locked it, or
   * host code may have locked it meanwhile.
   */
  | "check-lock-down"
  /** Checks that the callee has dropped its borrows. */
  | "check-borrows"
  /** Converts the callee's core value to a value. */
  | "lift-result"
  /** Converts a value to the caller's core value: `on_resolve`. */
  | "lower-result"
  | "post-return"
  /** Settles what the call owes. */
  | "close-frames"
  | "leave"
  /** Turns a top-level `result` into a value or an exception. */
  | "give-result";

/** The steps of a call, and the signatures that they use. */
export interface CallPlan {
  readonly steps: readonly Step[];
  /** The signature of the guest that calls. `undefined` if the host calls. */
  readonly lower: Signature | undefined;
  /** The signature of the guest that is called. `undefined` if the host is called. */
  readonly lift: Signature | undefined;
}

/** The plan of a call from the host to a guest. */
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

/** The plan of a call from a guest to the host. */
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

/** The plan of a call from one guest to another. */
export function planBetweenGuests(lower: Signature, lift: Signature, postReturn: boolean): CallPlan {
  return { steps: stepsBetweenGuests(lift, postReturn), lower, lift };
}

/** Its steps. They are those of the adapters in WebAssembly, too (abi/fused). */
export function stepsBetweenGuests(lift: Pick<Signature, "framed">, postReturn: boolean): readonly Step[] {
  return [
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
  ];
}

/**
 * Parts of a call that does not return at once, each for the values that cross together: those that
 * the host gives a guest.
 */
export function planOfParams(lift: Signature): CallPlan {
  return { steps: ["lower-params", "call-guest"], lower: undefined, lift };
}

/** Those that a guest gives the host: parameters, or what `task.return` takes. */
export function planOfGiven(lower: Signature): CallPlan {
  return { steps: ["lift-params", "call-host"], lower, lift: undefined };
}

/** What the host function comes to, for the guest that called it. */
export function planOfOutcome(lower: Signature): CallPlan {
  return { steps: ["call-host", "take-result", "lower-result"], lower, lift: undefined };
}

/** The steps from the core call to the lifted result. */
function calling(lift: Pick<Signature, "framed">): readonly Step[] {
  return ["call-guest", "check-lock-down", ...framed(lift, "check-borrows"), "lift-result"];
}

/** A step that only signatures with handles need. */
function framed(signature: Pick<Signature, "framed">, step: Step): readonly Step[] {
  return signature.framed ? [step] : [];
}

/**
 * Gives the words of a message about an exception in a step: what could not be done, and with which
 * part.
 */
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
