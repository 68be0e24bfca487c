// func.rs, entering a guest: calls, typed lookups, lock-down, re-entrance, guests that call guests.

import { assert, assertEquals } from "@std/assert";
import {
  type Component,
  type FuncSchema,
  HostFunc,
  type Instance,
  instantiateSync,
  Linker,
  LinkError,
  t,
  Trap,
} from "@windlass/component";
import { component, instance, libc, options, thrown } from "../support/wasm.ts";
import { assertLocked, assertTrap, assertUnreachable, call, lifting, relays } from "./support.ts";

// Calls

Deno.test("func::thunks: a call returns nothing, and unreachable comes out as a Trap", async () => {
  const made = await instance(lifting(
    `(func (export "fine")) (func (export "broken") unreachable)`,
    { fine: ["fine", ""], broken: ["broken", ""] },
  ));
  assertEquals(made.exports.fine(), undefined);
  assertUnreachable(() => made.exports.broken(), "call export broken");
  assertLocked(made, "broken", "fine");
});

const typed = await component(lifting(
  `(func (export "nothing"))
  (func (export "two") (param i32 i32))
  (func (export "three") (param i32 i32 i32))
  (func (export "one-result") (result i32) unreachable)`,
  {
    thunk: ["nothing", ""],
    "take-string": ["two", '(param "a" string)'],
    "take-both": ["three", '(param "a" s32) (param "b" (list u8))'],
    "give-pair": ["one-result", "(result (tuple u8 s8))"],
    "give-single": ["one-result", "(result (tuple u32))"],
    "give-string": ["one-result", "(result string)"],
    "give-bytes": ["one-result", "(result (list u8))"],
  },
));
/** By export: types, and how they do not fit (empty: they do). */
const typechecks: readonly (readonly [name: string, type: FuncSchema, mismatch: string])[] = [
  ["thunk", t.func([]), ""],
  ["thunk", t.func([], t.u32), "type mismatch: expected no result, found a result u32"],
  ["thunk", t.func([t.u32]), "type mismatch: expected 0 parameters, found 1"],
  ["take-string", t.func([t.string]), ""],
  ["take-string", t.func([]), "type mismatch: expected 1 parameters, found 0"],
  ["take-string", t.func([t.list(t.u8)]), "type mismatch in param 1 `a`: expected string, found list<u8>"],
  ["take-both", t.func([t.s32, t.list(t.u8)]), ""],
  ["take-both", t.func([]), "type mismatch: expected 2 parameters, found 0"],
  ["take-both", t.func([t.s32, t.list(t.u8)], t.u32), "type mismatch: expected no result, found a result u32"],
  ["take-both", t.func([t.u32, t.list(t.u8)]), "type mismatch in param 1 `a`: expected s32, found u32"],
  ["take-both", t.func([t.s32, t.list(t.s8)]), "type mismatch in param 2 `b`, list element: expected u8, found s8"],
  ["give-pair", t.func([], t.tuple([t.u8, t.s8])), ""],
  ["give-pair", t.func([]), "type mismatch: expected a result tuple<u8, s8>, found no result"],
  ["give-pair", t.func([], t.u8), "type mismatch in result: expected tuple<u8, s8>, found u8"],
  ["give-pair", t.func([], t.tuple([t.u8])), "type mismatch in result: expected 2 types, found 1 types"],
  ["give-single", t.func([], t.tuple([t.u32])), ""],
  ["give-single", t.func([], t.u32), "type mismatch in result: expected tuple<u32>, found u32"],
  ["give-string", t.func([], t.string), ""],
  ["give-string", t.func([]), "type mismatch: expected a result string, found no result"],
  ["give-bytes", t.func([], t.list(t.u8)), ""],
  ["give-bytes", t.func([], t.list(t.u16)), "type mismatch in result, list element: expected u8, found u16"],
  ["give-bytes", t.func([], t.list(t.s8)), "type mismatch in result, list element: expected u8, found s8"],
];

// Wasmtime's further pairs are Rust's several carriers of one type (&str and String, &[u8], Bytes
// and BytesMut); `t` has one each.
Deno.test("func::typecheck: a typed lookup takes the function's own type and no other", () => {
  const made = instantiateSync(typed);
  for (const [name, type, mismatch] of typechecks) {
    if (mismatch === "") {
      assertEquals(typeof made.func(name, type), "function");
    } else {
      const error = thrown(() => made.func(name, type));
      assert(error instanceof LinkError, `${error}`);
      assertEquals([error.code, error.message], ["type-mismatch", `Cannot look up export ${name}: ${mismatch}`]);
    }
  }
});

/** Calls its import twice. */
const calling = `(component
  (import "go" (func $go))
  (core func $go' (canon lower (func $go)))
  (core module $M (import "" "go" (func $go)) (func (export "twice") (call $go) (call $go)))
  (core instance $m (instantiate $M (with "" (instance (export "go" (func $go'))))))
  (func (export "twice") (canon lift (core func $m "twice"))))`;

// In JS there is no dropping to be seen: an instance is all that the caller keeps.
Deno.test("func::drop_component_still_works: an instance works without its component and linker at hand", async () => {
  const data = { calls: 0 };
  const make = async (): Promise<Instance> =>
    new Linker<typeof data>()
      .func("go", HostFunc.typed(t.func([]), (caller) => void caller.data.calls++, { caller: true }))
      .link(await component(calling)).instantiateSync({ data });
  const made = await make();
  assertEquals(data.calls, 0);
  made.exports.twice();
  assertEquals(data.calls, 2);
});

// canon lift of canon lower

Deno.test("func::lower_then_lift: a lowered import is lifted as it is, with another type of the same core type", async () => {
  const text = `(component
    (import "f" (func $f (result u32)))
    (core func $f' (canon lower (func $f)))
    (func (export "g") (result s32) (canon lift (core func $f'))))`;
  for (const [given, expected] of [[6, 6], [0xffff_fffa, -6]]) {
    assertEquals((await instance(text, { f: () => given })).exports.g(), expected);
  }
});

/** Lifts the lowered import `f` with its parameter, and with the given result. */
const again = (imported: string, exported: string) =>
  `(component
    (import "f" (func $f (param "a" string) ${imported}))
    ${libc()}
    (core func $f' (canon lower (func $f) (memory (core memory $libc "memory"))))
    (func (export "g") (param "a" string) ${exported} (canon lift (core func $f') ${options})))`;

Deno.test("func::lower_then_lift: strings go through too", async () => {
  const seen: unknown[] = [];
  const made = await instance(again("", ""), { f: (text) => void seen.push(text) });
  made.exports.g("heave");
  made.exports.g("⚓");
  assertEquals(seen, ["heave", "⚓"]);
});

for (
  const [given, code] of [[0xffff_ffff, "unaligned-pointer"], [0xffff_fffc, "pointer-out-of-bounds"]] as const
) {
  Deno.test(`func::lower_then_lift: the number 0x${given.toString(16)} taken for a string's pointer traps`, async () => {
    const seen: unknown[] = [];
    const made = await instance(again("(result u32)", "(result string)"), {
      f: (text) => (seen.push(text), given),
    });
    assertTrap(() => made.exports.g("heave"), "lift result of export g", code);
    assertEquals(seen, ["heave"]);
    assertLocked(made, "g");
  });
}

// Lock-down

/**
 * Three ways to trap, in three core instances, and one function of a nested instance that does not.
 */
const poisonous = await component(`(component
  (component $Inner
    (core module $M (func (export "f")))
    (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f"))))
  (instance $inner (instantiate $Inner))
  (core module $InCall (func (export "f") unreachable) (func (export "fine")))
  (core instance $in-call (instantiate $InCall))
  (core module $InRealloc (memory (export "memory") 1)
    (func (export "f") (param i32 i32))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $libc (instantiate $InRealloc))
  (core module $InLift (memory (export "memory") 1) (func (export "f") (result i32) (i32.const 2)))
  (core instance $in-lift (instantiate $InLift))
  (func (export "in-call") (canon lift (core func $in-call "f")))
  (func (export "in-realloc") (param "a" string) (canon lift (core func $libc "f") ${options}))
  (func (export "in-lift") (result string)
    (canon lift (core func $in-lift "f") (memory (core memory $in-lift "memory"))))
  (func (export "fine") (canon lift (core func $in-call "fine")))
  (export "nested" (func $inner "f")))`);
const poisons: Record<string, (made: Instance) => void> = {
  "in-call": (made) => assertUnreachable(() => call(made, "in-call"), "call export in-call"),
  "in-realloc": (made) =>
    assertUnreachable(() => call(made, "in-realloc", "rope"), "lower param 1 `a` of export in-realloc"),
  "in-lift": (made) => assertTrap(() => call(made, "in-lift"), "lift result of export in-lift", "unaligned-pointer"),
};

for (const [where, provoke] of Object.entries(poisons)) {
  Deno.test(`func::errors_that_poison_instance: after a trap ${where}, nothing of the instance can be entered`, () => {
    const made = instantiateSync(poisonous), other = instantiateSync(poisonous);
    call(made, "fine");
    provoke(made);
    assertLocked(made, "in-call", "in-realloc", "in-lift", "fine", "nested");
    // Wasmtime locks the whole store. Here an instantiated tree is what is locked: others, of the
    // same component too, go on.
    for (const name of ["fine", "nested"]) {
      call(other, name);
      call(instantiateSync(poisonous), name);
    }
  });
}

Deno.test("func::errors_that_poison_instance: a refused entry tells what locked the instance down", () => {
  const made = instantiateSync(poisonous);
  const first = thrown(() => call(made, "in-lift"));
  assert(thrown(() => call(made, "fine")).cause === first);
});

// Guests that call guests

Deno.test("func::run_export_with_internal_adapter: a component's function calls one of another inside it", async () => {
  const made = await instance(`(component
    (component $Doubler
      (core module $M (func (export "double") (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1))))
      (core instance $m (instantiate $M))
      (func (export "double") (param "a" u32) (result u32) (canon lift (core func $m "double"))))
    (component $Runner
      (import "doubler" (instance $doubler (export "double" (func (param "a" u32) (result u32)))))
      (core func $double (canon lower (func $doubler "double")))
      (core module $M (import "core-name" "double" (func $double (param i32) (result i32)))
        (func $unused)
        (func (export "run") (result i32) (call $double (call $double (i32.const 11)))))
      (core instance $m (instantiate $M (with "core-name" (instance (export "double" (func $double))))))
      (func $run (result u32) (canon lift (core func $m "run")))
      (export "run" (func $run)))
    (instance $doubler (instantiate $Doubler))
    (instance $runner (instantiate $Runner (with "doubler" (instance $doubler))))
    (export "run" (func $runner "run")))`);
  assertEquals(made.exports.run(), 44);
});

/**
 * The type of a map and its entries, and one entry as a guest stores it: the value begins where its
 * alignment allows.
 */
const maps: Record<string, readonly [key: string, value: string, entries: [unknown, unknown][], stored: number[]]> = {
  map_trampoline_alignment: [
    "u8",
    "u64",
    [[3, 0x1122_3344_5566_7788n], [4, 2n ** 64n - 2n], [254, 1n]],
    [3, 0, 0, 0, 0, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11],
  ],
  map_trampoline_alignment_u32_u64: [
    "u32",
    "u64",
    [[0x0102_0304, 0x1122_3344_5566_7788n], [0xffff_fffe, 2n ** 63n]],
    [4, 3, 2, 1, 0, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11],
  ],
  map_trampoline_alignment_u8_u32: [
    "u8",
    "u32",
    [[3, 0x1122_3344], [200, 0xffff_fffe]],
    [3, 0, 0, 0, 0x44, 0x33, 0x22, 0x11],
  ],
  map_trampoline_alignment_u16_u64: [
    "u16",
    "u64",
    [[0x0102, 0x1122_3344_5566_7788n], [0xfffe, 1n]],
    [2, 1, 0, 0, 0, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11],
  ],
  map_trampoline_alignment_u8_u16: ["u8", "u16", [[3, 0x1122], [200, 0xfffe]], [3, 0, 0x22, 0x11]],
  map_trampoline_alignment_u64_u8: [
    "u64",
    "u8",
    [[0x1122_3344_5566_7788n, 9], [1n, 200]],
    [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 9, 0, 0, 0, 0, 0, 0, 0],
  ],
};

/** A guest that hands a map to another, which gives its bytes back. */
const mapBytes = (type: string, size: number) =>
  `(component
    (component $Destination
      ${
    libc(`(func (export "bytes") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0))
        (i32.store (i32.const 20) (i32.mul (local.get 1) (i32.const ${size})))
        (i32.const 16))`)
  }
      (func (export "bytes") (param "m" ${type}) (result (list u8)) (canon lift (core func $libc "bytes") ${options})))
    (component $Source
      (import "bytes" (func $bytes (param "m" ${type}) (result (list u8))))
      ${libc()}
      (core func $bytes' (canon lower (func $bytes) ${options}))
      (core module $M (import "" "bytes" (func $bytes (param i32 i32 i32)))
        (func (export "bytes") (param i32 i32) (result i32)
          (call $bytes (local.get 0) (local.get 1) (i32.const 16))
          (i32.const 16)))
      (core instance $m (instantiate $M (with "" (instance (export "bytes" (func $bytes'))))))
      (func (export "bytes") (param "m" ${type}) (result (list u8)) (canon lift (core func $m "bytes") ${options})))
    (instance $destination (instantiate $Destination))
    (instance $source (instantiate $Source (with "bytes" (func $destination "bytes"))))
    (export "bytes" (func $source "bytes")))`;

for (const [line, [key, value, entries, stored]] of Object.entries(maps)) {
  const type = `(map ${key} ${value})`;
  Deno.test(`func::${line}: map<${key}, ${value}> goes through two guests and the host, and comes back as it was`, async () => {
    const made = await instance(relays(type), { host: HostFunc.dynamic(() => (map) => map) });
    for (const map of [new Map(entries), new Map()]) assertEquals(made.exports.echo(map), map);
  });
  Deno.test(`func::${line}: between guests, the value of map<${key}, ${value}> is where its alignment wants it`, async () => {
    const made = await instance(mapBytes(type, stored.length));
    const bytes = made.exports.bytes(new Map(entries));
    assertEquals(bytes.length, entries.length * stored.length);
    assertEquals([...bytes.subarray(0, stored.length)], stored);
  });
}

// Re-entrance through the host

const recursive = await component(`(component
  (import "go" (func $go))
  (core func $go' (canon lower (func $go)))
  (core module $M (import "" "go" (func $go)) (func (export "run") (call $go)))
  (core instance $m (instantiate $M (with "" (instance (export "go" (func $go'))))))
  (func (export "run") (canon lift (core func $m "run"))))`);

/** Instances whose import calls the next of \`route\`, which is used up. */
function recursing(made: Component): { route: Instance[]; depth: () => number; make: () => Instance } {
  const route: Instance[] = [];
  let depth = 0;
  const go = () => {
    depth++;
    route.shift()?.exports.run();
  };
  return { route, depth: () => depth, make: () => instantiateSync(made, { go }) };
}

Deno.test("func::recurse: an instance may call another through the host", () => {
  const { route, depth, make } = recursing(recursive);
  const a = make(), b = make();
  for (let i = 1; i <= 2; i++) {
    route.push(b);
    a.exports.run();
    assertEquals(depth(), 2 * i);
  }
});

Deno.test("func::recurse_trap: an instance may not call itself through the host, and is locked down", () => {
  const { route, depth, make } = recursing(recursive);
  const a = make(), b = make();
  route.push(a);
  assertTrap(() => a.exports.run(), "call export run", "cannot-enter", " while the call of export run is under way");
  assertEquals(depth(), 1);
  assertLocked(a, "run");
  b.exports.run(); // it had no part in it
});

Deno.test("func::recurse_more_trap: nor with another in between, which is locked down too", () => {
  const { route, depth, make } = recursing(recursive);
  const a = make(), b = make();
  route.push(b, a);
  assertTrap(() => a.exports.run(), "call export run", "cannot-enter", " while the call of export run is under way");
  assertEquals(depth(), 2);
  assertLocked(a, "run");
  assertLocked(b, "run");
});

// A borrow on its way through a guest

// There is no switch for concurrency in JS: a synchronous component needs none of it.
Deno.test("func::host_call_with_concurrency_disabled: a host's object is lent through a guest to the host", async () => {
  const drops: unknown[] = [], seen: unknown[] = [];
  class Hook {
    [Symbol.dispose](): void {
      drops.push(this);
    }
  }
  const made = await instance(
    `(component
      (import "hook" (type $hook (sub resource)))
      (import "f" (func $f (param "h" (borrow $hook))))
      (core func $f' (canon lower (func $f)))
      (core func $drop (canon resource.drop $hook))
      (core module $M (import "" "f" (func $f (param i32))) (import "" "drop" (func $drop (param i32)))
        (func (export "lend") (param i32) (call $f (local.get 0)) (call $drop (local.get 0)))
        (func (export "keep") (param i32) (call $f (local.get 0))))
      (core instance $m (instantiate $M (with "" (instance (export "f" (func $f')) (export "drop" (func $drop))))))
      (func (export "lend") (param "h" (borrow $hook)) (canon lift (core func $m "lend")))
      (func (export "keep") (param "h" (borrow $hook)) (canon lift (core func $m "keep"))))`,
    { hook: Hook, f: (hook) => void seen.push(hook) },
  );
  const hook = new Hook();
  made.exports.lend(hook);
  made.exports.lend(hook);
  assertEquals(seen.length, 2);
  assert(seen.every((each) => each === hook));
  const error = thrown(() => made.exports.keep(hook));
  assert(error instanceof Trap);
  assertEquals(error.message, "Cannot call export keep: borrow handles still remain at the end of the call");
  assertEquals(drops, []); // a borrow is the owner's to drop
});
