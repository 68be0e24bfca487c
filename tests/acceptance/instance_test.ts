// What an instance exports, and how it is found: nested, of every sort, by version. Behaviours of
// instance.rs, tests/README.md. JS: `instance.exports` has exact names; `func` and `interface`
// match versions.

import { assert, assertEquals } from "@std/assert";
import { type Instance, Linker, t } from "@windlass/component";
import { assertFails, component, instance } from "../support/wasm.ts";

Deno.test("instance::instance_exports: instances nest, hold modules, and have nothing of another name or sort", async () => {
  const source = await component(`(component
    (import "empty" (instance $empty))
    (import "holds" (instance $holds (export "m" (core module)) (export "f" (func))))
    (alias export $holds "m" (core module $m))
    (component $Outer
      (component $Inner (export "m" (core module $m)))
      (instance $inner (instantiate $Inner))
      (export "inner" (instance $inner)))
    (instance $outer (instantiate $Outer))
    (export "outer" (instance $outer))
    (export "empty-again" (instance $empty))
    (export "holds-again" (instance $holds)))`);
  const { modules: [module] } = await component("(component (core module))");
  const linker = new Linker();
  linker.instance("empty");
  linker.instance("holds").module("m", module!).func("f", () => {});
  const running = linker.link(source).instantiateSync();
  const { exports } = running;
  assertEquals(Object.keys(exports), ["outer", "empty-again", "holds-again"]);
  assertEquals(exports["not-there"], undefined);
  assertEquals(Object.keys(exports["empty-again"]), []);
  assertEquals(exports["empty-again"].x, undefined);
  assertEquals(Object.keys(exports["holds-again"]), ["m", "f"]);
  assert(exports["holds-again"].m === module);
  assert(exports.outer.inner.m === module);
  // What is asked for as one sort and is another is not there.
  const missing = (path: string) => `Cannot look up export ${path}: the component exports no such function`;
  const near = "; the closest one is holds-again#f";
  assertFails(() => running.func("holds-again#m", t.func([])), "LinkError", missing("holds-again#m") + near);
  assertFails(() => running.func("holds-again#x", t.func([])), "LinkError", missing("holds-again#x") + near);
  assertFails(() => running.func("outer", t.func([])), "LinkError", missing("outer"));
  running.func("holds-again#f", t.func([]))();
  assertEquals(running.interface("not-there"), undefined);
  assert(running.interface("holds-again")!.m === module);
});

Deno.test("instance::instance_exports: a function or module is no interface", async () => {
  const running = await instance(`(component
    (core module $M (func (export "f")))
    (core instance $m (instantiate $M))
    (export "m" (core module $M))
    (func (export "f") (canon lift (core func $m "f"))))`);
  assertEquals([running.interface("f"), running.interface("m")], [undefined, undefined]);
});

/**
 * An instance that exports a core module, a function and an instance of both in each of some
 * versions; `version` tells which.
 */
function versions(...exported: readonly string[]): Promise<Instance> {
  return instance(`(component ${
    exported.map((version, i) => `
    (core module $M${i} (func (export "f") (result i32) (i32.const ${i})))
    (core instance $m${i} (instantiate $M${i}))
    (func $f${i} (result u32) (canon lift (core func $m${i} "f")))
    (instance $i${i} (export "m" (core module $M${i})) (export "f" (func $f${i})))
    (export "demo:names/m@${version}" (core module $M${i}))
    (export "demo:names/f@${version}" (func $f${i}))
    (export "demo:names/i@${version}" (instance $i${i}))`).join("\n")
  })`);
}

const type = t.func([], t.u32);

/**
 * Asserts which of the exported versions a wanted one finds, through every lookup; `undefined` for
 * none.
 */
function finds(running: Instance, exported: readonly string[], wanted: string, index: number | undefined): void {
  const found = running.interface(`demo:names/i@${wanted}`);
  if (index === undefined) {
    assertEquals(found, undefined, wanted);
    assertFails(
      () => running.func(`demo:names/i@${wanted}#f`, type),
      "LinkError",
      `Cannot look up export demo:names/i@${wanted}#f: the component exports no such function; ` +
        `version ${wanted} of demo:names/i was asked for, and what is exported is incompatible: ${exported.join(", ")}`,
    );
    return;
  }
  assertEquals(found!.f(), index, wanted);
  assert(found!.m === running.exports[`demo:names/m@${exported[index]}`], wanted);
  assertEquals(running.func(`demo:names/i@${wanted}#f`, type)(), index, wanted);
}

// JS: a core module at the root has no lookup but `exports`, which is exact; a caller who wants it
// by version exports it in an interface.
Deno.test("instance::export_old_get_new: asking for a newer version finds the older", async () => {
  const running = await versions("1.0.0");
  finds(running, ["1.0.0"], "1.0.1", 0);
  finds(running, ["1.0.0"], "1.7.0", 0);
  finds(running, ["1.0.0"], "2.0.0", undefined);
  assertEquals(running.exports["demo:names/m@1.0.1"], undefined);
});

Deno.test("instance::export_new_get_old: asking for an older version finds the newer", async () => {
  const running = await versions("1.0.1");
  finds(running, ["1.0.1"], "1.0.0", 0);
  finds(running, ["1.0.1"], "0.9.0", undefined);
  assertEquals(running.exports["demo:names/i@1.0.0"], undefined);
});

Deno.test("instance::export_missing_get_max: an exact version wins, else the highest compatible one", async () => {
  const exported = ["1.0.1", "1.0.3"], running = await versions(...exported);
  for (const [wanted, index] of [["1.0.0", 1], ["1.0.1", 0], ["1.0.2", 1], ["1.0.3", 1], ["1.0.4", 1]] as const) {
    finds(running, exported, wanted, index);
  }
});

Deno.test("instance::export_missing_get_max: a function at the root is found by version too", async () => {
  const running = await versions("1.0.1", "1.0.3");
  for (const [wanted, index] of [["1.0.0", 1], ["1.0.1", 0], ["1.0.2", 1], ["1.0.3", 1], ["1.0.4", 1]] as const) {
    assertEquals(running.func(`demo:names/f@${wanted}`, type)(), index, wanted);
  }
});
