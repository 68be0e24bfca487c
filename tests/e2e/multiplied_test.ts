// What a small binary can multiply: lowered functions, exports, resource types, core instances,
// memories, tables, globals, exports of core modules, handles.
// What is costly to make is counted where the engine makes it; what cannot be shared has a limit.

import "../support/leaks.ts";
import { assert, assertEquals } from "@std/assert";
import { CompileError, compileSync, features, instantiateSync, Linker, suspending, Trap } from "@windlass/component";
import { leavesHandles } from "../support/leaks.ts";
import { binary, component, thrown } from "../support/wasm.ts";

/** Counts what is made of some of the engine's classes meanwhile. */
function countMade(action: () => void): Record<string, number> {
  void features.codegen; // found once, by making a function
  instantiateSync(binary()); // the memory that all trees' flags are in, once
  const counts: Record<string, number> = {}, undo: (() => void)[] = [];
  const watch = (owner: object, name: string): void => {
    const real = Reflect.get(owner, name);
    const construct = (target: never, args: unknown[], newTarget: never): object => {
      counts[name] = (counts[name] ?? 0) + 1;
      return Reflect.construct(target, args, newTarget);
    };
    Object.defineProperty(owner, name, { value: new Proxy(real, { construct }), configurable: true, writable: true });
    undo.push(() => Object.defineProperty(owner, name, { value: real, configurable: true, writable: true }));
  };
  for (const name of ["Memory", "Module", "Instance", "Global", "Table"]) watch(WebAssembly, name);
  for (const name of ["Function", "FinalizationRegistry", "DataView"]) watch(globalThis, name);
  try {
    action();
  } finally {
    for (const each of undo) each();
  }
  return counts;
}

const leb = (n: number): number[] => n < 128 ? [n] : [n % 128 + 128, ...leb(n >>> 7)];
/** A section that holds one item many times. */
function repeated(id: number, count: number, item: readonly number[]): number[] {
  const body = leb(count);
  for (let i = 0; i < count; i++) body.push(...item);
  return [id, ...leb(body.length), ...body];
}
/** A component of sections that may be long: `binary` takes them as arguments. */
function long(...sections: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...binary(), ...sections.flat()]);
}
/** `(import "f" (func))`, whose type is type 0. */
const importF = [7, 5, 1, 0x40, 0, 1, 0, 10, 6, 1, 0, 1, 0x66, 1, 0];

Deno.test("a function that is lowered 100,000 times and never used costs nothing to instantiate", () => {
  const source = compileSync(long(importF, repeated(8, 100_000, [1, 0, 0, 0])));
  for (const f of [() => {}, suspending(() => {})]) {
    const linked = new Linker().func("f", f).link(source);
    const { Global = 0, ...made } = countMade(() => void linked.instantiateSync());
    assert(Global <= 1); // says whether guests may be suspended
    assertEquals(made, {});
  }
});

/**
 * A component that lowers a function some times and gives all of them to a core module, which has a
 * function that calls the last.
 */
const lowering = (count: number) => {
  const each = <T>(make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
  return component(`(component
    (import "f" (func $f (result u32)))
    ${each((i) => `(core func $f${i} (canon lower (func $f)))`).join("\n")}
    (core module $M
      ${each((i) => `(import "" "f${i}" (func $f${i} (result i32)))`).join("\n")}
      (func (export "last") (result i32) (call $f${count - 1})))
    (core instance $m (instantiate $M (with "" (instance ${each((i) => `(export "f${i}" (func $f${i}))`).join("\n")}))))
    (func (export "last") (result u32) (canon lift (core func $m "last"))))`);
};

Deno.test("what can wait may be lowered 150,000 times", async () => {
  const source = await component(`(component
    (import "f" (func $f (result u32)))
    (core func $f' (canon lower (func $f)))
    (core module $M (import "" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func $g (export "g") (result u32) (canon lift (core func $m "g")))
    ${"(core func (canon lower (func $g)))\n".repeat(150_000)})`);
  const made = instantiateSync(source, { f: suspending(() => Promise.resolve(7)) });
  assertEquals(await made.promising.exports.g!(), 7);
});

Deno.test("a long chain of lifts and lowers links; a call through it traps, since an instance cannot enter itself", async () => {
  /** Each link lifts the one before and lowers it again; a core module gets the last, or all. */
  const chain = (length: number, given: readonly number[]) =>
    component(`(component
      (import "f" (func $f (result u32)))
      (core func $l0 (canon lower (func $f)))
      ${
      Array.from(
        { length },
        (_, i) =>
          `(func $f${i} (result u32) (canon lift (core func $l${i}))) (core func $l${
            i + 1
          } (canon lower (func $f${i})))`,
      )
        .join("\n")
    }
      (core module $M ${given.map((i) => `(import "" "l${i}" (func $l${i} (result i32)))`).join("\n")}
        (func (export "g") (result i32) (call $l${length})) (func (export "h") (result i32) (call $l${given[0]})))
      (core instance $m (instantiate $M (with "" (instance
        ${given.map((i) => `(export "l${i}" (func $l${i}))`).join("\n")}))))
      (func (export "g") (result u32) (canon lift (core func $m "g")))
      (func (export "h") (result u32) (canon lift (core func $m "h"))))`);
  const all = Array.from({ length: 1001 }, (_, i) => i);
  // Each link that can be suspended has a module, of which Firefox keeps 64 KiB at least.
  const longest = /Firefox/.test(navigator.userAgent) ? 1000 : 10_000;
  for (const [first, given] of [[0, [0, longest]], [0, all], [1000, all.toReversed()]] as const) {
    const source = await chain(Math.max(first, given.at(-1)!), given);
    for (const f of [() => 7, suspending(() => Promise.resolve(7))]) {
      // The first link is the import itself.
      const { exports } = instantiateSync(source, { f });
      if (first === 0) assertEquals(await instantiateSync(source, { f }).promising.exports.h!(), 7);
      assertEquals(thrown(() => exports.g!()).code, "cannot-enter");
      const error = await instantiateSync(source, { f }).promising.exports.g!().catch((error: unknown) => error);
      assert(error instanceof Trap && error.code === "cannot-enter", `${error}`);
    }
  }
});

Deno.test("lowered functions that are used share what is made for them, also those that can be suspended", async () => {
  const source = await lowering(1000);
  const plain = new Linker().func("f", () => 7).link(source),
    waits = new Linker().func("f", suspending(() => 7)).link(source);
  // Once, so that what a process has once is there.
  for (const linked of [plain, waits]) assertEquals(await linked.instantiateSync().promising.exports.last!(), 7);
  const few = (counts: Record<string, number>): void => {
    for (const [what, count] of Object.entries(counts)) assert(count <= 40, `${count} of ${what}`);
  };
  few(countMade(() => assertEquals(plain.instantiateSync().exports.last!(), 7)));
  const counts = countMade(() => void waits.instantiateSync());
  few(counts);
  assertEquals(counts["Module"] ?? 0, 0); // compiled once for the component
});

Deno.test("imports that are exported again, thousands of times, share one memory", async () => {
  const names = Array.from({ length: 50 }, (_, i) => `f${i}`), times = 60;
  const source = await component(`(component
    (import "i" (instance $i ${
    names.map((name) => `(export "${name}" (func (param "s" string) (result string)))`).join("")
  }))
    ${Array.from({ length: times }, (_, i) => `(export "e${i}" (instance $i))`).join("\n")})`);
  const made = instantiateSync(source, { i: Object.fromEntries(names.map((name) => [name, (s: string) => name + s])) });
  const counts = countMade(() => {
    for (let i = 0; i < times; i++) {
      for (const name of names) assertEquals(made.exports[`e${i}`][name](`/${i}`), `${name}/${i}`);
    }
  });
  assertEquals(counts["Memory"], 1);
});

Deno.test("a re-exported import that waits does not lose its strings to another one's call", async () => {
  const source = await component(`(component
    (import "a" (func $a (param "s" string) (result string)))
    (import "b" (func $b (param "s" string) (result string)))
    (export "x" (func $a)) (export "y" (func $b)))`);
  let release!: (value: string) => void;
  const made = instantiateSync(source, {
    a: suspending((s: string) => new Promise<string>((done) => release = (more) => done(s + more))),
    b: suspending((s: string) => s.toUpperCase()),
  });
  const waits = made.promising.exports.x!("first");
  const refused = thrown(() => made.exports.y!("second"));
  assertEquals(
    [refused.code, refused.message],
    ["cannot-enter", "Cannot call export y: cannot enter component instance while the call of export x is under way"],
  );
  release("!");
  assertEquals(await waits, "first!");
  assertEquals(await made.promising.exports.y!("second"), "SECOND");
});

Deno.test("resource types without objects make nothing", () => {
  const source = compileSync(long(repeated(7, 50_000, [0x3f, 0x7f, 0])));
  assertEquals(countMade(() => void instantiateSync(source)), {});
});

/** A component that instantiates one core module some times. */
const instances = (count: number, ...module: number[]) => {
  const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...module];
  return long([1, ...leb(bytes.length), ...bytes], repeated(2, count, [0, 0, 0]));
};

Deno.test("core instances, memories, tables and their elements, globals and exports have limits, which are named before anything is instantiated", () => {
  const memories = (count: number) => repeated(5, count, [0, 0]),
    tables = (count: number) => repeated(4, count, [0x70, 0, 0]),
    globals = (count: number) => repeated(6, count, [0x7f, 0, 0x41, 0, 0x0b]);
  /**
   * Exports of one global, each by a name of its own: engines make something for each in every
   * instance.
   */
  const exported = (count: number): number[] => {
    const names = Array.from({ length: count }, (_, i) => [3, ...[...`${100 + i}`].map((c) => c.charCodeAt(0)), 3, 0]);
    const body = [...leb(count), ...names.flat()];
    return [...globals(1), 7, ...leb(body.length), ...body];
  };
  compileSync(instances(10_000));
  compileSync(instances(10, ...memories(100)));
  compileSync(instances(1_000, ...globals(1_000)));
  compileSync(instances(2_000, ...exported(500)));
  for (
    const [what, bytes] of [
      ["core instance count exceeds limit of 10000", instances(10_001)],
      ["memory count exceeds limit of 1000", instances(1_001, ...memories(1))],
      ["memory count exceeds limit of 1000", instances(1, ...memories(1_001))],
      ["table count exceeds limit of 10000", instances(11, ...tables(1_000))],
      ["table element count exceeds limit of 10000000", instances(11, 4, 6, 1, 0x70, 0, ...leb(1_000_000))],
      ["global count exceeds limit of 1000000", instances(1_001, ...globals(1_000))],
      ["core import and export count exceeds limit of 1000000", instances(2_001, ...exported(500))],
    ] as const
  ) {
    const error = thrown(() => compileSync(bytes));
    assert(error instanceof CompileError && error.code === "limit-exceeded", `${error}`);
    assert(error.message.includes(what), error.message);
  }
});

/** A guest that asks for handles: to the host's resource, or to its own. */
const collector = await component(`(component
  (import "file" (type $File (sub resource)))
  (import "open" (func $open (result (own $File))))
  (core func $open' (canon lower (func $open)))
  (type $R (resource (rep i32)))
  (core func $new (canon resource.new $R))
  (core module $M (import "" "open" (func $open (result i32))) (import "" "new" (func $new (param i32) (result i32)))
    (func (export "opens") (param $n i32)
      (loop $l (drop (call $open)) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "makes") (param $n i32)
      (loop $l (drop (call $new (i32.const 5))) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
  (core instance $m (instantiate $M (with "" (instance (export "open" (func $open')) (export "new" (func $new))))))
  (func (export "opens") (param "n" u32) (canon lift (core func $m "opens")))
  (func (export "makes") (param "n" u32) (canon lift (core func $m "makes"))))`);
class File {}
const file = new File();
const collecting = (limits = {}) => instantiateSync(collector, { file: File, open: () => file }, { limits }).exports;

Deno.test("handles to the host's resources have a lower default limit than a guest's own; a limit that is set holds for both", () => {
  const few = "handle table is full: limit of 3 handles";
  for (const name of ["opens", "makes"]) {
    collecting({ handles: 3 })[name]!(3);
    const error = thrown(() => collecting({ handles: 3 })[name]!(4));
    assert(error instanceof Trap);
    assert(error.code === "handle-limit" && error.message.endsWith(few), error.message);
  }
  const most = collecting();
  most.makes!(1_000_001);
  most.opens!(1_000_000);
  assert(thrown(() => most.opens!(1)).message.endsWith(": limit of 1000000 handles to the host's resources"));
  leavesHandles(6);
});
