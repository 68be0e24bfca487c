// The steps of calls, by route and signature, in full. The order is that of definitions.py:
// `canon_lower` (may leave, then `on_start`, the callee, `on_resolve`), `canon_lift` (enter, lower,
// call, lift, post-return) and, of the lock-down, of this library.

import { assertEquals } from "@std/assert";
import {
  type CallPlan,
  failurePlace,
  planBetweenGuests,
  planFromHost,
  planToHost,
  type Step,
} from "../../../abi/calls/call_plan.ts";
import { Codecs } from "../../../abi/codecs/codecs.ts";
import { type Signature, signatureOf } from "../../../abi/codecs/signature.ts";
import type { Side } from "../../../abi/types/layout.ts";
import type { FuncType, ValType } from "../../../abi/types/types.ts";

const codecs = new Codecs((labels) => labels);
const resource = { kind: "resource" } as const;
const [u8, own, borrow]: ValType[] = [{ kind: "u8" }, { kind: "own", resource }, { kind: "borrow", resource }];

function signed(side: Side, params: readonly ValType[], result?: ValType): Signature {
  const type: FuncType = {
    params: params.map((type, i) => ({ name: `p${i}`, type })),
    ...(result !== undefined && { result }),
    async: false,
  };
  return signatureOf(type, { side, style: "sync", address: "i32" }, codecs);
}

/**
 * Signatures without handles, and some with: at the top or deep inside, as parameter or as result.
 */
const plain: readonly (readonly [ValType[], ValType?])[] = [[[]], [[u8!, u8!], u8!], [[], {
  kind: "result",
  ok: u8!,
  err: u8!,
}]];
const framed: readonly (readonly [ValType[], ValType?])[] = [
  [[borrow!]],
  [[u8!, own!], u8!],
  [[], own!],
  [[{ kind: "list", element: { kind: "option", element: borrow! } }]],
  [[], { kind: "result", ok: undefined, err: { kind: "tuple", types: [u8!, own!] } }],
];

function check(
  make: (side: (side: Side) => Signature) => CallPlan,
  signatures: typeof plain,
  steps: readonly Step[],
): void {
  for (const [params, result] of signatures) {
    const of = (side: Side): Signature => signed(side, params, result), plan = make(of);
    assertEquals(plan.steps, steps);
  }
}

Deno.test("call plan: the host calls a guest", () => {
  check((of) => planFromHost(of("lift"), false), plain, [
    "enter-from-host",
    "lower-params",
    "check-lock-down",
    "call-guest",
    "check-lock-down",
    "lift-result",
    "leave",
    "give-result",
  ]);
  check((of) => planFromHost(of("lift"), true), plain, [
    "enter-from-host",
    "lower-params",
    "check-lock-down",
    "call-guest",
    "check-lock-down",
    "lift-result",
    "post-return",
    "leave",
    "give-result",
  ]);
});

Deno.test("call plan: the host calls a guest with handles", () => {
  check((of) => planFromHost(of("lift"), false), framed, [
    "enter-from-host",
    "open-frames",
    "lower-params",
    "check-lock-down",
    "call-guest",
    "check-lock-down",
    "check-borrows",
    "lift-result",
    "close-frames",
    "leave",
    "give-result",
  ]);
  check((of) => planFromHost(of("lift"), true), framed, [
    "enter-from-host",
    "open-frames",
    "lower-params",
    "check-lock-down",
    "call-guest",
    "check-lock-down",
    "check-borrows",
    "lift-result",
    "post-return",
    "close-frames",
    "leave",
    "give-result",
  ]);
});

Deno.test("call plan: a guest calls the host", () => {
  check((of) => planToHost(of("lower")), plain, [
    "check-leave",
    "lift-params",
    "call-host",
    "take-result",
    "lower-result",
  ]);
  check((of) => planToHost(of("lower")), framed, [
    "check-leave",
    "open-frames",
    "lift-params",
    "call-host",
    "take-result",
    "lower-result",
    "close-frames",
  ]);
});

Deno.test("call plan: a guest calls another one", () => {
  check((of) => planBetweenGuests(of("lower"), of("lift"), false), plain, [
    "check-leave",
    "enter-from-guest",
    "lift-params",
    "lower-params",
    "call-guest",
    "check-lock-down",
    "lift-result",
    "lower-result",
    "leave",
  ]);
  check((of) => planBetweenGuests(of("lower"), of("lift"), true), plain, [
    "check-leave",
    "enter-from-guest",
    "lift-params",
    "lower-params",
    "call-guest",
    "check-lock-down",
    "lift-result",
    "lower-result",
    "post-return",
    "leave",
  ]);
});

Deno.test("call plan: a guest calls another one with handles", () => {
  check((of) => planBetweenGuests(of("lower"), of("lift"), false), framed, [
    "check-leave",
    "enter-from-guest",
    "open-frames",
    "lift-params",
    "lower-params",
    "call-guest",
    "check-lock-down",
    "check-borrows",
    "lift-result",
    "lower-result",
    "close-frames",
    "leave",
  ]);
  check((of) => planBetweenGuests(of("lower"), of("lift"), true), framed, [
    "check-leave",
    "enter-from-guest",
    "open-frames",
    "lift-params",
    "lower-params",
    "call-guest",
    "check-lock-down",
    "check-borrows",
    "lift-result",
    "lower-result",
    "post-return",
    "close-frames",
    "leave",
  ]);
});

Deno.test("call plan: each end has its own signature, and what is missing is the host", () => {
  const lift = signed("lift", [u8!]), lower = signed("lower", [u8!]);
  const ends = ({ lower, lift }: CallPlan) => ({ lower, lift });
  assertEquals(ends(planFromHost(lift, false)), { lower: undefined, lift });
  assertEquals(ends(planToHost(lower)), { lower, lift: undefined });
  assertEquals(ends(planBetweenGuests(lower, lift, false)), { lower, lift });
});

Deno.test("call plan: what a message says of each step", () => {
  const { places } = signed("lift", [u8!, u8!]);
  assertEquals(places, ["param 1 `p0`", "param 2 `p1`"]);
  const says = (step: Step, param: number): string => {
    const { verb, item } = failurePlace(step, param, places);
    return `${verb} ${item}`.trim();
  };
  assertEquals([says("lift-params", 1), says("lower-params", 0)], ["lift param 2 `p1`", "lower param 1 `p0`"]);
  // One beyond the last is the record of all of them.
  assertEquals([says("lift-params", 2), says("lower-params", 2)], ["lift parameters", "lower parameters"]);
  assertEquals([says("lift-result", 0), says("lower-result", 0)], ["lift result", "lower result"]);
  assertEquals([says("take-result", 0), says("call-guest", 0), says("check-borrows", 0)], [
    "lower result",
    "call",
    "call",
  ]);
});
