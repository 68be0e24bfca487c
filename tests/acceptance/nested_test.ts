// Instances in instances, components in components: what a host gives at the root reaches the
// innermost one. Behaviours of nested.rs, tests/README.md.

import { assertEquals } from "@std/assert";
import { Linker, t } from "@windlass/component";
import { assertFails, component, libc, options, thrown } from "../support/wasm.ts";

const MODULE = `(core module (export "g" (global i32)))`;
const NESTED = (name: string) =>
  `(import "outer" (instance ${name} (export "inner" (instance (export "m" ${MODULE})))))`;

/**
 * Instantiates the host's module two instances deep, and traps unless its global is what it must
 * be.
 */
const TWO_LEVELS = `(component
  ${NESTED("$outer")}
  (component $Checks
    ${NESTED("$outer")}
    (core module $Check
      (import "m" "g" (global $g i32))
      (func $start (if (i32.ne (global.get $g) (i32.const 77)) (then (unreachable))))
      (start $start))
    (core instance $m (instantiate (module $outer "inner" "m")))
    (core instance (instantiate $Check (with "m" (instance $m)))))
  (instance (instantiate $Checks (with "outer" (instance $outer)))))`;

async function moduleOf(value: number): Promise<WebAssembly.Module> {
  const { modules } = await component(
    `(component (core module (global (export "g") i32 (i32.const ${value}))))`,
  );
  return modules[0]!;
}

Deno.test("nested::top_level_instance_two_level: a host's module is reached two instances deep", async () => {
  const source = await component(TWO_LEVELS);
  const linker = new Linker();
  linker.instance("outer").instance("inner").module("m", await moduleOf(77));
  linker.link(source).instantiateSync();
  new Linker().define({ outer: { inner: { m: await moduleOf(77) } } }).link(source).instantiateSync();
});

Deno.test("nested::top_level_instance_two_level: it is that module which runs, and its path is told when it is missing", async () => {
  const source = await component(TWO_LEVELS);
  const linked = new Linker().define({ outer: { inner: { m: await moduleOf(78) } } }).link(source);
  assertEquals(thrown(() => linked.instantiateSync()).code, "guest-trap");
  assertFails(
    () => new Linker().define({ outer: { inner: {} } }).link(source),
    "LinkError",
    "Cannot link import outer#inner#m: a definition was not found; what is defined for `outer#inner` has no such member",
  );
});

Deno.test("nested::thread_options_through_inner: an inner component's memory and realloc serve its lower and lift", async () => {
  const source = await component(`(component
    (import "describe" (func $describe (param "n" u32) (result string)))
    (component $Inner
      (import "describe" (func $describe (param "n" u32) (result string)))
      ${libc()}
      (core func $describe' (canon lower (func $describe) ${options}))
      (core module $M
        (import "libc" "memory" (memory 1))
        (import "" "describe" (func $describe (param i32 i32)))
        (func (export "run") (param i32) (result i32)
          (call $describe (i32.add (local.get 0) (i32.const 1)) (i32.const 96))
          (i32.const 96))
        (export "memory" (memory 0)))
      (core instance $m (instantiate $M
        (with "libc" (instance $libc)) (with "" (instance (export "describe" (func $describe'))))))
      (func (export "run") (param "n" u32) (result string)
        (canon lift (core func $m "run") (memory (core memory $m "memory")))))
    (instance $inner (instantiate $Inner (with "describe" (func $describe))))
    (export "run" (func $inner "run")))`);
  const running = new Linker().func("describe", (n) => `número ${n}`).link(source).instantiateSync();
  assertEquals(running.exports.run(41), "número 42");
  assertEquals(running.func("run", t.func([t.u32], t.string))(0), "número 1");
});
