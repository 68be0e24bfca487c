// What a plan keeps of a component's definitions: the steps in order, and the operands of each
// node. Aliases, exports and arguments are gone; a call between instances is an adapter with both
// sides. Expectations come from the text of the components.

import { assertEquals } from "@std/assert";
import { compileSync } from "@windlass/component";
import { componentInternals } from "../../../core/component.ts";
import { type CoreRef, isMaking, type Plan, type PlanOptions, type PlanStep } from "../../../core/plan/plan_types.ts";
import { unsupportedStep } from "../../../core/plan/unsupported.ts";
import { wat } from "../../support/wat.ts";

async function planOf(text: string, gates: Record<string, boolean> = {}): Promise<Plan> {
  return componentInternals(compileSync(await wat(text), { gates })).plan;
}

type OfStep<K extends PlanStep["kind"]> = Extract<PlanStep, { kind: K }>;
const stepsOf = <K extends PlanStep["kind"]>({ steps }: Plan, kind: K): OfStep<K>[] =>
  steps.filter((step): step is OfStep<K> => step.kind === kind);
const exported = (instance: number, name: string): CoreRef => ({ kind: "export", instance, name });
const options = (of: Partial<PlanOptions>): PlanOptions => ({
  stringEncoding: "utf8",
  memory: undefined,
  address: "i32",
  realloc: undefined,
  postReturn: undefined,
  callback: undefined,
  style: "sync",
  ...of,
});

const calls = await planOf(`(component
  (import "host" (func $host (param "s" string) (result u32)))
  (component $Inner
    (core module $M
      (memory (export "m") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "f") (param i32 i32) (result i32) unreachable)
      (func (export "post") (param i32)))
    (core instance $m (instantiate $M))
    (func (export "f") (param "text" string) (result u32) (canon lift (core func $m "f") (memory $m "m")
      (realloc (func $m "realloc")) (post-return (func $m "post")) string-encoding=utf16)))
  (instance $inner (instantiate $Inner))
  (core module $Lib (memory (export "m") 1))
  (core instance $lib (instantiate $Lib))
  (type $r (resource (rep i32)))
  (core func $new (canon resource.new $r))
  (alias export $inner "f" (func $again))
  (core func $h (canon lower (func $host) (memory $lib "m")))
  (core func $a (canon lower (func $again) (memory $lib "m") string-encoding=latin1+utf16))
  (core module $Main
    (import "" "h" (func (param i32 i32) (result i32)))
    (import "" "a" (func (param i32 i32) (result i32)))
    (import "" "new" (func (param i32) (result i32)))
    (func (export "run")))
  (core instance $main (instantiate $Main (with "" (instance
    (export "h" (func $h)) (export "a" (func $a)) (export "new" (func $new))))))
  (func (export "run") (canon lift (core func $main "run"))))`);

Deno.test("plan: what makes something is a step, in the order of the definitions; the rest is gone", () => {
  assertEquals(calls.steps.map(({ kind }) => kind), [
    "instantiate",
    "instantiate",
    "resource",
    "builtin",
    "lower",
    "adapter",
    "instantiate",
  ]);
  assertEquals(calls.nodes, [-1, 0]); // the root, and the instance in it
});

Deno.test("plan: a lift keeps its core function, its options and whose it is", () => {
  const [inner, run] = calls.lifts;
  assertEquals(inner!.core, exported(0, "f"));
  assertEquals(inner!.node, 1);
  assertEquals(
    inner!.options,
    options({
      stringEncoding: "utf16",
      memory: exported(0, "m"),
      realloc: exported(0, "realloc"),
      postReturn: exported(0, "post"),
    }),
  );
  assertEquals([run!.core, run!.node, run!.name, run!.options], [exported(2, "run"), 0, "run", options({})]);
});

Deno.test("plan: a lowered import keeps the leaf that the host gives", () => {
  const [lower] = stepsOf(calls, "lower");
  assertEquals(calls.imports[lower!.leaf]!.display, "host");
  assertEquals([lower!.options, lower!.node], [options({ memory: exported(1, "m") }), 0]);
});

Deno.test("plan: a lowered function of another instance is an adapter with both sides", () => {
  const [adapter] = stepsOf(calls, "adapter");
  assertEquals(adapter!.lift, 0);
  assertEquals(adapter!.options, options({ stringEncoding: "latin1+utf16", memory: exported(1, "m") }));
  assertEquals(adapter!.type.params.map(({ name }) => name), ["text"]);
  assertEquals(adapter!.node, 0);
});

Deno.test("plan: a module's imports refer to what the steps before it made", () => {
  const main = stepsOf(calls, "instantiate")[2]!,
    made = (kind: PlanStep["kind"]): CoreRef => {
      const step = calls.steps.find((step) => step.kind === kind) as { coreFunc: number };
      return { kind: "made", coreFunc: step.coreFunc };
    };
  assertEquals(main.args, [["", {
    kind: "items",
    items: [["h", made("lower")], ["a", made("adapter")], ["new", made("builtin")]],
  }]]);
  assertEquals(stepsOf(calls, "builtin")[0]!.builtin, { name: "resource.new", resource: 0 });
  assertEquals([calls.resources[0]!.rep, calls.resources[0]!.leaf], ["i32", undefined]);
});

Deno.test("plan: all of that can run", () => {
  for (const step of calls.steps) {
    if (isMaking(step)) assertEquals(unsupportedStep(step), undefined);
  }
});

const builtins = await planOf(`(component
  (core module $M (memory (export "m") 1))
  (core instance $m (instantiate $M))
  (alias core export $m "m" (core memory $mem))
  (type $stream (stream u8))
  (core func (canon task.return (result string) (memory $mem) string-encoding=utf16))
  (core func (canon subtask.cancel))
  (core func (canon context.get i32 0))
  (core func (canon stream.new $stream))
  (core func (canon stream.cancel-read $stream))
  (core func (canon waitable-set.wait (memory $mem)))
  (core func (canon waitable-set.new))
  (core func (canon thread.yield)))`);

Deno.test("plan: a built-in keeps its immediates, its type and its options", () => {
  const memory = exported(0, "m"), stream = { kind: "stream", element: { kind: "u8" } };
  assertEquals(stepsOf(builtins, "builtin").map(({ builtin }) => builtin) as unknown[], [
    { name: "task.return", result: { kind: "string" }, options: options({ memory, stringEncoding: "utf16" }) },
    { name: "subtask.cancel", async: false },
    { name: "context.get", coreType: "i32", slot: 0 },
    { name: "stream.new", type: stream },
    { name: "stream.cancel-read", type: stream, async: false },
    { name: "waitable-set.wait", memory: { ref: memory, address: "i32" }, cancellable: false },
    { name: "waitable-set.new" },
    { name: "thread.yield", cancellable: false },
  ]);
});

Deno.test("plan: what this library cannot run says its name, built-ins of tasks run", () => {
  for (const step of stepsOf(builtins, "builtin")) assertEquals(unsupportedStep(step), undefined);
  const rows = [
    ["thread.spawn-ref", "thread.spawn-ref: the specification has no rules for it yet"],
    ["thread.spawn-indirect", "thread.spawn-indirect: no engine has the shared tables that it needs"],
    ["thread.available-parallelism", undefined],
  ] as const;
  for (const [name, missing] of rows) {
    const step = { kind: "builtin", coreFunc: 0, node: 0, builtin: { name } } as PlanStep & { kind: "builtin" };
    assertEquals(unsupportedStep(step), missing);
  }
});
