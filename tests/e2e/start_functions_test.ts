// Start functions of components that run as tasks, that would have to wait, and that the host
// gives. Instantiation is synchronous for a component: a start function may not block before it
// returns, and may go on afterwards.
// Spec: Concurrency.md "Interaction with the start function".

import "../support/leaks.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Component, instantiate, suspending, Trap } from "@windlass/component";
import type { ValType } from "../../abi/types/types.ts";
import { given, run, tiers } from "../support/component_values.ts";
import { ComponentEncoder, extern, TypeWriter } from "../support/encoder.ts";
import { jspiTest } from "../support/jspi_test.ts";
import { assertFails } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";

const u32: ValType = { kind: "u32" };
const params = [{ name: "x", type: u32 }];

/** A component with `f: async func(x: u32) -> u32` that logs; `body` is the core code of `f`. */
function tasks(body: string, callback: string): Promise<Uint8Array<ArrayBuffer>> {
  return wat(`(component
    (import "log" (func $log (param "x" u32)))
    (core func $log' (canon lower (func $log)))
    (core func $return (canon task.return (result u32)))
    (core module $M
      (import "" "return" (func $return (param i32))) (import "" "log" (func $log (param i32)))
      (func (export "f") (param i32) (result i32) ${body})
      (func (export "back") (param i32 i32 i32) (result i32) ${callback}))
    (core instance $m (instantiate $M (with "" (instance (export "return" (func $return)) (export "log" (func $log'))))))
    (func (export "f") async (param "x" u32) (result u32)
      (canon lift (core func $m "f") async (callback (func $m "back")))))`);
}

/** Its `f` is the start function, with the value 7, and the result is exported. */
function started(component: ComponentEncoder, types: TypeWriter, bytes: Uint8Array): void {
  const log = component.import("log", "func", extern.func(types.func({ params })));
  const instance = component.instance(component.component(bytes), { log: ["func", log] });
  const func = component.aliasExport("func", instance, "f");
  component.export("r", ["value", component.start(func, [component.value(types.ref(u32), [7])], 1)!]);
}

/** Both ways to instantiate. */
const ways: readonly ((component: Component, imports: Record<string, unknown>) => Promise<{ exports: unknown }>)[] = [
  (component, imports) => Promise.resolve().then(() => run(component, imports)),
  (component, imports) => instantiate(component, given(imports)),
];

const turns = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve));
};

Deno.test("an asynchronous start function returns at once, and may go on afterwards", async () => {
  const [EXIT, YIELD] = ["(i32.const 0)", "(i32.const 1)"];
  const atOnce = await tasks(`(call $return (local.get 0)) ${EXIT}`, "unreachable");
  const goesOn = await tasks(`(call $return (local.get 0)) ${YIELD}`, `(call $log (i32.const 9)) ${EXIT}`);
  for (const [bytes, logged] of [[atOnce, []], [goesOn, [9]]] as const) {
    for (const component of tiers((component, types) => started(component, types, bytes))) {
      for (const make of ways) {
        const seen: number[] = [];
        const { exports } = await make(component, { log: (x: number) => seen.push(x) });
        assertEquals({ ...exports as object }, { r: 7 });
        await turns();
        assertEquals(seen, logged);
      }
    }
  }
});

Deno.test("a start function that blocks before it returns, or never returns, traps", async () => {
  const blocks = await tasks("(i32.const 1)", "(call $return (i32.const 1)) (i32.const 0)");
  const never = await tasks("(i32.const 0)", "unreachable");
  const traps = await tasks("unreachable", "unreachable");
  for (
    const [bytes, message] of [
      [
        blocks,
        "Cannot call start function 0: cannot block a synchronous task before returning: " +
        "a start function waits for its turn after a yield",
      ],
      [never, "Cannot call start function 0: "],
      [traps, "Cannot call start function 0: "],
    ] as const
  ) {
    for (const component of tiers((component, types) => started(component, types, bytes))) {
      for (const make of ways) {
        const error = await assertRejects(() => make(component, { log() {} }), Trap);
        assert(error.message.startsWith(message), error.message);
      }
    }
  }
  await turns();
});

Deno.test("an asynchronous function of the host's is a start function if it gives no promise", async () => {
  for (
    const component of tiers((component, types) => {
      const type = types.func({ params, result: u32, async: true });
      const func = component.import("ask", "func", extern.func(type));
      component.export("r", ["value", component.start(func, [component.value(types.ref(u32), [7])], 1)!]);
    })
  ) {
    for (const make of ways) {
      const { exports } = await make(component, { ask: (x: number) => x + 1 });
      assertEquals({ ...exports as object }, { r: 8 });
      const error = await assertRejects(() => make(component, { ask: () => Promise.reject(new Error("late")) }), Trap);
      const message = "cannot block a synchronous task before returning: a start function waits for import ask";
      assertEquals(error.message, `Cannot call start function 0: ${message}`);
    }
    const fault = 'Cannot lower result of start function 0: expected u32, found "x"';
    assertFails(() => run(component, { ask: () => "x" }), "ValueError", fault);
  }
});

jspiTest("a start function that reaches a suspending import traps", async () => {
  const bytes = await wat(`(component
    (import "log" (func $log (param "x" u32)))
    (core func $log' (canon lower (func $log)))
    (core module $M (import "" "log" (func $log (param i32)))
      (func (export "f") (param i32) (result i32) (call $log (local.get 0)) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "log" (func $log'))))))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $m "f"))))`);
  for (const component of tiers((component, types) => started(component, types, bytes))) {
    for (const make of ways) {
      const error = await assertRejects(() => make(component, { log: suspending(() => Promise.resolve()) }), Trap);
      assertEquals(error.message, "Cannot call import log: cannot suspend a component start function");
    }
  }
});

jspiTest("a synchronous start function among tasks may not wait", async () => {
  const bytes = await wat(`(component
    (import "log" (func $log (param "x" u32)))
    (core module $Libc (memory (export "memory") 1))
    (core instance $libc (instantiate $Libc))
    (core func $new (canon waitable-set.new))
    (core func $wait (canon waitable-set.wait (memory (core memory $libc "memory"))))
    (core module $M (import "" "new" (func $new (result i32))) (import "" "wait" (func $wait (param i32 i32) (result i32)))
      (func (export "f") (param i32) (result i32) (call $wait (call $new) (i32.const 0))))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "wait" (func $wait))))))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $m "f"))))`);
  for (const component of tiers((component, types) => started(component, types, bytes))) {
    for (const make of ways) {
      const error = await assertRejects(() => make(component, { log() {} }), Trap);
      const phrase = "cannot block a synchronous task before returning";
      assertEquals(
        error.message,
        `Cannot call start function 0: ${phrase}: call waitable-set.wait in a function whose type is async`,
      );
    }
  }
});

/** `f(x) → x * 2 + 1`, which tells the host; it traps for 13. */
const doubling = (): Promise<Uint8Array<ArrayBuffer>> =>
  wat(`(component
    (import "log" (func $log (param "x" u32)))
    (core func $log' (canon lower (func $log)))
    (core module $M (import "" "log" (func $log (param i32)))
      (func (export "f") (param i32) (result i32) (call $log (local.get 0))
        (if (i32.eq (local.get 0) (i32.const 13)) (then unreachable))
        (i32.add (i32.mul (local.get 0) (i32.const 2)) (i32.const 1))))
    (core instance $m (instantiate $M (with "" (instance (export "log" (func $log'))))))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $m "f"))))`);

Deno.test("what a start function gives goes to nested instances, whose start functions run then, and comes out of them", async () => {
  const bytes = await doubling();
  // A component that takes a value and `f`, calls f with it when it is instantiated, and exports the result.
  const step = new ComponentEncoder(), writer = new TypeWriter(step);
  const f = step.import("f", "func", extern.func(writer.func({ params, result: u32 })));
  const port = step.import("in-put", "value", extern.value(writer.ref(u32)));
  step.export("out-put", ["value", step.start(f, [port], 1)!]);
  const inner = step.finish();
  for (
    const component of tiers((component, types) => {
      const log = component.import("log", "func", extern.func(types.func({ params })));
      const first = component.import("first", "value", extern.value(types.ref(u32)));
      const guest = component.instance(component.component(bytes), { log: ["func", log] });
      const func = component.aliasExport("func", guest, "f"), nested = component.component(inner);
      const made = component.start(func, [first], 1)!;
      const one = component.instance(nested, { f: ["func", func], "in-put": ["value", made] });
      const between = component.aliasExport("value", one, "out-put");
      component.start(log, [component.value(types.ref(u32), [100])], 0);
      const two = component.instance(nested, { f: ["func", func], "in-put": ["value", between] });
      component.export("last", ["value", component.aliasExport("value", two, "out-put")]);
      component.export("f", ["func", func]);
    })
  ) {
    for (const make of ways) {
      const seen: number[] = [];
      const { exports } = await make(component, { log: (x: number) => seen.push(x), first: 1 });
      const { last, f } = exports as { last: number; f: (x: number) => number };
      assertEquals([last, f(20), seen], [15, 41, [1, 3, 100, 7, 20]]);
    }
    // 6 → 13: the first nested instance traps. What comes after it does not run.
    for (const make of ways) {
      const seen: number[] = [];
      const error = await assertRejects(() => make(component, { log: (x: number) => seen.push(x), first: 6 }), Trap);
      assertEquals([error.code, error.message.split(": ")[0], seen], ["guest-trap", "Cannot call start function 1", [
        6,
        13,
      ]]);
    }
  }
});
