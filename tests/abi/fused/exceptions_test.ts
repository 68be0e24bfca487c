// Core exceptions that come out of a guest's function, realloc or post-return: whatever throws one, it
// is a trap that the other guest cannot catch, by every route.
// Spec: CanonicalABI.md `canon lift`: an exception does not cross the boundary of a component.

import { assertEquals } from "@std/assert";
import { compileSync, type Component, features, instantiateSync } from "@windlass/component";
import { hasLegacyTry } from "../../../core/module/features.ts";
import { wat } from "../../support/wat.ts";
import { alike, outcome, routes, without } from "./routes.ts";

/** What throws, and where the trap is said to be. */
const rows = {
  callee: "Cannot call function f of another component",
  realloc: "Cannot lower param 1 `text` of function f of another component",
  "caller's realloc": "Cannot lower result of function f of another component",
  "post-return": "Cannot call function f of another component",
};

const throwing = (name: keyof typeof rows, thrower: string): string => name === thrower ? "(throw $t)" : "";

/** The caller catches all, and says so to the host. */
const component = (thrower: keyof typeof rows): string =>
  `(component
  (import "note" (func $note))
  (component $Callee
    (core module $M (memory (export "m") 1) (tag $t)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${throwing("realloc", thrower)} (i32.const 1024))
      (func (export "f") (param i32 i32) (result i32) ${throwing("callee", thrower)}
        (i32.store (i32.const 4) (i32.const 3)) (i32.const 0))
      (func (export "free") (param i32) ${throwing("post-return", thrower)}))
    (core instance $m (instantiate $M))
    (func (export "f") (param "text" string) (result string)
      (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "realloc"))
        (post-return (core func $m "free")))))
  (component $Caller
    (import "f" (func $f (param "text" string) (result string)))
    (import "note" (func $note))
    (core module $Lib (memory (export "m") 1) (tag $t)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        ${throwing("caller's realloc", thrower)} (i32.const 2048)))
    (core instance $lib (instantiate $Lib))
    (core func $f' (canon lower (func $f) (memory (core memory $lib "m")) (realloc (core func $lib "realloc"))))
    (core func $note' (canon lower (func $note)))
    (core module $M (import "" "f" (func $f (param i32 i32 i32))) (import "" "note" (func $note))
      (func (export "g") (result i32)
        (block $caught
          (try_table (catch_all $caught)
            (call $f (i32.const 0) (i32.const 4) (i32.const 512)) (return (i32.const 1))))
        (call $note) (i32.const 2)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f')) (export "note" (func $note'))))))
    (func (export "g") (result u32) (canon lift (core func $m "g"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "f" (func $callee "f")) (with "note" (func $note))))
  (export "g" (func $caller "g")))`;

for (const [thrower, place] of Object.entries(rows) as [keyof typeof rows, string][]) {
  Deno.test({
    name: `a core exception of the ${thrower} is a trap by every route`,
    ignore: !features.exceptions,
    async fn() {
      const bytes = await wat(component(thrower));
      const run = (component: Component): unknown[] => {
        let notes = 0;
        const { exports } = instantiateSync(component, { note: () => void notes++ });
        const { g } = exports as { g(): number };
        return [outcome(g), outcome(g), notes];
      };
      const found = alike(routes(bytes), run);
      // Engines from before `try_table` have another instruction that catches.
      if (hasLegacyTry()) assertEquals(run(without("exceptions", () => compileSync(bytes))), found);
      const trap = `${place}: uncaught exception propagated out of component`;
      const locked = "Cannot call export g: cannot enter component instance, which an earlier trap locked down";
      assertEquals(found, [`Trap: ${trap}`, `Trap: ${locked}`, 0]);
    },
  });
}

/** A call that runs as a task: the caller is asynchronous, and the callee, whose realloc has no end. */
const endless = `(component
  (component $Callee
    (core module $Lib (memory (export "m") 1)
      (func $r (export "realloc") (param i32 i32 i32 i32) (result i32)
        (i32.add (call $r (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 1))))
    (core instance $lib (instantiate $Lib))
    (core module $M
      (func (export "f") (param i32 i32) (result i32) unreachable)
      (func (export "cb") (param i32 i32 i32) (result i32) unreachable))
    (core instance $m (instantiate $M))
    (func (export "f") async (param "text" string)
      (canon lift (core func $m "f") async (callback (core func $m "cb")) (memory (core memory $lib "m"))
        (realloc (core func $lib "realloc")))))
  (component $Caller
    (import "f" (func $f async (param "text" string)))
    (core module $Lib (memory (export "m") 1))
    (core instance $lib (instantiate $Lib))
    (core func $f' (canon lower (func $f) async (memory (core memory $lib "m"))))
    (core module $M (import "" "f" (func $f (param i32 i32) (result i32)))
      (func (export "g") (result i32) (call $f (i32.const 0) (i32.const 4)))
      (func (export "cb") (param i32 i32 i32) (result i32) unreachable))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "g") async (canon lift (core func $m "g") async (callback (core func $m "cb")))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "f" (func $callee "f"))))
  (export "g" (func $caller "g")))`;

Deno.test("a realloc that exhausts the stack is a trap in a task, too", async () => {
  const { javascript, vectors } = routes(await wat(endless));
  for (const component of [javascript, vectors]) {
    const { g } = instantiateSync(component).exports as { g(): Promise<void> };
    const found = await g().then(() => "", (error: Error) => `${error.name}: ${error.message}`);
    const place = "Cannot lower param 1 `text` of function f of another component";
    assertEquals(found, `Trap: ${place}: call stack exhausted`);
  }
});
