// Where a trap is said to have been: by every route, in the innermost call between guests, and in the
// part of a value that is wrong.

import { assertEquals } from "@std/assert";
import { instantiateSync } from "@windlass/component";
import { wat } from "../../support/wat.ts";
import { alike, outcome, routes } from "./routes.ts";

/** The callee defines a resource. Its function `drop` drops no handle at all, and its destructor traps. */
const component = (call: string): string =>
  `(component
  (component $Callee
    (core module $Lib (memory (export "m") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "dtor") (param i32) unreachable))
    (core instance $lib (instantiate $Lib))
    (type $r' (resource (rep i32) (dtor (core func $lib "dtor"))))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core func $drop (canon resource.drop $r'))
    (core module $M
      (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (func (export "make") (result i32) (call $new (i32.const 7)))
      (func (export "drop") (call $drop (i32.const 9)))
      (func (export "take") (param i32) (call $drop (local.get 0)))
      (func (export "list") (param i32 i32)))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
    (func (export "make") (result (own $r)) (canon lift (core func $m "make")))
    (func (export "drop") (canon lift (core func $m "drop")))
    (func (export "take") (param "x" (own $r)) (canon lift (core func $m "take")))
    (func (export "list") (param "xs" (list (tuple (own $r) u8)))
      (canon lift (core func $m "list") (memory (core memory $lib "m")) (realloc (core func $lib "realloc")))))
  (component $Caller
    (import "r" (type $r (sub resource)))
    (import "make" (func $make (result (own $r))))
    (import "drop" (func $drop))
    (import "take" (func $take (param "x" (own $r))))
    (import "list" (func $list (param "xs" (list (tuple (own $r) u8)))))
    (core module $Lib (memory (export "m") 1))
    (core instance $lib (instantiate $Lib))
    (core func $make' (canon lower (func $make)))
    (core func $drop' (canon lower (func $drop)))
    (core func $take' (canon lower (func $take)))
    (core func $list' (canon lower (func $list) (memory (core memory $lib "m"))))
    (core module $M
      (import "" "make" (func $make (result i32))) (import "" "drop" (func $drop))
      (import "" "take" (func $take (param i32))) (import "" "list" (func $list (param i32 i32)))
      (import "" "m" (memory 1))
      (func (export "g") ${call}))
    (core instance $m (instantiate $M (with "" (instance (export "make" (func $make')) (export "drop" (func $drop'))
      (export "take" (func $take')) (export "list" (func $list')) (export "m" (memory $lib "m"))))))
    (func (export "g") (canon lift (core func $m "g"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "r" (type $callee "r")) (with "make" (func $callee "make"))
    (with "drop" (func $callee "drop")) (with "take" (func $callee "take")) (with "list" (func $callee "list"))))
  (export "g" (func $caller "g")))`;

/** What engines say of `unreachable`. */
const ENGINES_UNREACHABLE = /: (?:Unreachable code should not be executed|unreachable executed)$/;

const rows = {
  "a built-in": [
    "(call $drop)",
    "Cannot call function drop of another component: unknown handle index 9",
  ],
  "a destructor": [
    "(call $take (call $make))",
    "Cannot call function take of another component: unreachable",
  ],
  "a handle in a list": [
    "(i32.store (i32.const 0) (call $make)) (i32.store (i32.const 8) (i32.const 5)) (call $list (i32.const 0) (i32.const 2))",
    "Cannot lift param 1 `xs`[1][0] of function list of another component: unknown handle index 5",
  ],
  "a handle that is there twice": [
    "(i32.store (i32.const 0) (call $make)) (i32.store (i32.const 8) (i32.const 1)) (call $list (i32.const 0) (i32.const 2))",
    "Cannot lift param 1 `xs`[1][0] of function list of another component: unknown handle index 1",
  ],
} as const;

for (const [name, [call, message]] of Object.entries(rows)) {
  Deno.test(`the trap of ${name} has its place by every route`, async () => {
    const found = alike(routes(await wat(component(call))), (component) => {
      const { g } = instantiateSync(component).exports as { g(): void };
      return `${outcome(g)}`;
    });
    assertEquals(found.replace(ENGINES_UNREACHABLE, ": unreachable"), `Trap: ${message}`);
  });
}

Deno.test("an exception of the host comes out of two guests untouched, even a RuntimeError", async () => {
  const bytes = await wat(`(component
    (import "h" (func $h))
    (component $Callee
      (import "h" (func $h))
      (core func $h' (canon lower (func $h)))
      (core module $M (import "" "h" (func $h)) (func (export "f") (call $h)))
      (core instance $m (instantiate $M (with "" (instance (export "h" (func $h'))))))
      (func (export "f") (canon lift (core func $m "f"))))
    (component $Caller
      (import "f" (func $f))
      (core func $f' (canon lower (func $f)))
      (core module $M (import "" "f" (func $f)) (func (export "g") (call $f)))
      (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
      (func (export "g") (canon lift (core func $m "g"))))
    (instance $callee (instantiate $Callee (with "h" (func $h))))
    (instance $caller (instantiate $Caller (with "f" (func $callee "f"))))
    (export "g" (func $caller "g")))`);
  const found = alike(routes(bytes), (component) => {
    const error = new WebAssembly.RuntimeError("mine");
    const h = (): void => {
      throw error;
    };
    const { g } = instantiateSync(component, { h }).exports as { g(): void };
    const words = outcome(g);
    return [words, Object.getPrototypeOf(error) === WebAssembly.RuntimeError.prototype];
  });
  assertEquals(found, ["RuntimeError: mine", true]);
});
