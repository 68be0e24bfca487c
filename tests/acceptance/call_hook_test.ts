// call_hook.rs: hooks at the four transitions between host and guest, and what they see of a call
// that fails.

import { assert, assertEquals } from "@std/assert";
import { type CallHooks, type Imports, type Instance, instantiateSync } from "@windlass/component";
import { component, thrown } from "../support/wasm.ts";
import { assertLocked, lifting } from "./support.ts";

type Transition = Exclude<keyof CallHooks, "idle">;
const TRANSITIONS: readonly Transition[] = ["callingHost", "returningFromHost", "callingGuest", "returningFromGuest"];

/** Hooks that count, check that calls and returns nest, and throw once where they are told to. */
class Counter {
  readonly counts: Record<Transition, number> = {
    callingHost: 0,
    returningFromHost: 0,
    callingGuest: 0,
    returningFromGuest: 0,
  };
  /** Who runs, outermost first, with what the hook was told. */
  readonly running: string[] = [];
  failNext: Transition | undefined;
  readonly failure = new Error("a hook's own");

  get hooks(): CallHooks {
    return Object.fromEntries(TRANSITIONS.map((each) => [each, (path: string) => this.#pass(each, path)]));
  }

  /** Host entered, host left, guest entered, guest left. */
  get totals(): number[] {
    return TRANSITIONS.map((each) => this.counts[each]);
  }

  #pass(transition: Transition, path: string): void {
    this.counts[transition]++;
    const who = `${transition.endsWith("Host") ? "host" : "guest"} ${path}`;
    if (transition.startsWith("calling")) this.running.push(who);
    else assertEquals(this.running.pop(), who);
    if (this.failNext !== transition) return;
    this.failNext = undefined;
    throw this.failure;
  }
}

/** Its export `f` passes a number on to its import `go`. */
const calling = await component(`(component
  (import "go" (func $go (param "action" u32)))
  (core func $go' (canon lower (func $go)))
  (core module $M (import "" "go" (func $go (param i32))) (func (export "f") (param i32) (call $go (local.get 0))))
  (core instance $m (instantiate $M (with "" (instance (export "go" (func $go'))))))
  (func (export "f") (param "action" u32) (canon lift (core func $m "f"))))`);

/** An instance with hooks that count. */
async function counted(text: string, imports: Imports = {}): Promise<[Instance, Counter]> {
  const counter = new Counter();
  return [instantiateSync(await component(text), imports, { hooks: counter.hooks }), counter];
}

Deno.test("call_hook::call_wrapped_func: one way into the guest, one to the host, and both ways back", () => {
  const counter = new Counter();
  const seen: string[][] = [];
  const go = () => void seen.push([...counter.running]);
  const made = instantiateSync(calling, { go }, { hooks: counter.hooks });
  assertEquals(counter.totals, [0, 0, 0, 0]);
  made.exports.f(0);
  assertEquals(counter.totals, [1, 1, 1, 1]);
  assertEquals(seen, [["guest export f", "host import go"]]);
  assertEquals(counter.running, []);
});

Deno.test("call_hook::call_func_with_realloc: the allocator is a way into the guest of its own", async () => {
  const [made, counter] = await counted(lifting(
    `(func (export "f") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16))`,
    { f: ["f", '(param "x" (list u8)) (result string)'] },
  ));
  assertEquals(made.exports.f(new TextEncoder().encode("take in the slack")), "take in the slack");
  assertEquals(counter.totals, [0, 0, 2, 2]);
  assertEquals(counter.running, []);
});

Deno.test("call_hook::call_func_with_post_return: so is post-return", async () => {
  const [made, counter] = await counted(`(component
    (core module $M (func (export "f")) (func (export "post")))
    (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f") (post-return (core func $m "post")))))`);
  made.exports.f();
  assertEquals(counter.totals, [0, 0, 2, 2]);
  assertEquals(counter.running, []);
});

const IN_HOST = 4, NOTHING = 5;
/**
 * What the host does in its first call (a transition: that hook fails next), how often `f` is
 * called, whether that fails, and the totals.
 */
const failing: readonly (readonly [string, action: number, calls: number, fails: boolean, totals: number[]])[] = [
  ["nothing fails", NOTHING, 1, false, [1, 1, 1, 1]],
  ["nothing fails, twice", NOTHING, 2, false, [2, 2, 2, 2]],
  ["the host function throws", IN_HOST, 1, true, [1, 1, 1, 1]],
  ["the next way to the host would fail, but there is none", 0, 1, false, [1, 1, 1, 1]],
  ["the next way to the host fails", 0, 2, true, [2, 1, 2, 2]],
  ["the way back from the host fails", 1, 1, true, [1, 1, 1, 1]],
  ["the next way into the guest would fail, but there is none", 2, 1, false, [1, 1, 1, 1]],
  ["the next way into the guest fails", 2, 2, true, [1, 1, 2, 1]],
  ["the way back from the guest fails", 3, 1, true, [1, 1, 1, 1]],
];
for (const [what, action, calls, fails, totals] of failing) {
  Deno.test(`call_hook::trapping: ${what}`, () => {
    const counter = new Counter();
    const go = (what: number) => {
      assertEquals(counter.running.at(-1), "host import go");
      if (what === IN_HOST) throw counter.failure;
      counter.failNext = TRANSITIONS[what];
    };
    const made = instantiateSync(calling, { go }, { hooks: counter.hooks });
    for (let i = 1; i < calls; i++) made.exports.f(action);
    if (fails) assert(thrown(() => made.exports.f(action)) === counter.failure);
    else made.exports.f(action);
    assertEquals(counter.totals, totals);
    if (!fails) return assertEquals(counter.running, []);
    counter.failNext = undefined;
    assertLocked(made, "f");
    assertEquals(counter.totals, totals); // a refused entry is no transition
  });
}
