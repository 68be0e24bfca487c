// Components and core modules as values: imported, instantiated by who is given one, exported,
// passed on; and checked by their types.

import { leavesHandles } from "../support/leaks.ts";
import { assert, assertEquals } from "@std/assert";
import { compile, compileSync, Component, instantiateSync, Linker, LinkError } from "@windlass/component";
import { assertFails, component, instance, libc, options, thrown } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";

/** Doubles what its import gives, and makes a resource. */
const doubler = `(component
  (import "get" (func $get (result u32)))
  (core func $get' (canon lower (func $get)))
  (type $R (resource (rep i32)))
  (core func $new (canon resource.new $R))
  (core func $rep (canon resource.rep $R))
  (core module $M
    (import "" "get" (func $get (result i32))) (import "" "new" (func $new (param i32) (result i32)))
    (func (export "twice") (result i32) (i32.mul (i32.const 2) (call $get)))
    (func (export "make") (result i32) (call $new (call $get)))
    (func (export "value") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $M (with "" (instance (export "get" (func $get')) (export "new" (func $new))))))
  (export $R' "thing" (type $R))
  (func (export "twice") (result u32) (canon lift (core func $m "twice")))
  (func (export "make") (result (own $R')) (canon lift (core func $m "make")))
  (func (export "value") (param "self" (borrow $R')) (result u32) (canon lift (core func $m "value"))))`;

/**
 * Is given a component, instantiates it twice with functions of its own, and exports what comes of
 * it.
 */
const host = `(component
  (import "make-doubler" (component $Doubler
    (import "get" (func (result u32)))
    (export "thing" (type $T (sub resource)))
    (export "twice" (func (result u32)))
    (export "make" (func (result (own $T))))
    (export "value" (func (param "self" (borrow $T)) (result u32)))))
  (core module $M (func (export "five") (result i32) (i32.const 5)) (func (export "seven") (result i32) (i32.const 7)))
  (core instance $m (instantiate $M))
  (component $Numbers
    (import "m" (core module $N (export "five" (func (result i32))) (export "seven" (func (result i32)))))
    (core instance $n (instantiate $N))
    (func (export "five") (result u32) (canon lift (core func $n "five")))
    (func (export "seven") (result u32) (canon lift (core func $n "seven"))))
  (instance $numbers (instantiate $Numbers (with "m" (core module $M))))
  (instance $a (instantiate $Doubler (with "get" (func $numbers "five"))))
  (instance $b (instantiate $Doubler (with "get" (func $numbers "seven"))))
  (export "a" (instance $a))
  (export "b" (instance $b)))`;

Deno.test("a component that is given one instantiates it, each time with resources of its own", async () => {
  const linked = new Linker().component("make-doubler", await component(doubler)).link(await component(host));
  for (let i = 0; i < 2; i++) {
    const { exports: { a, b } } = linked.instantiateSync();
    assertEquals([a.twice(), b.twice()], [10, 14]);
    const thing = a.make();
    assert(thing instanceof a.Thing && !(thing instanceof b.Thing));
    assertEquals(a.value(thing), 5);
    assertEquals(b.value(b.make()), 7);
    assertEquals(thrown(() => b.value(thing)).code, "type-mismatch");
  }
});

Deno.test("a component passes by the imports object, and from a promise of one", async () => {
  const given = await compile(wat(doubler));
  const { exports } = instantiateSync(await component(host), { "make-doubler": given });
  assertEquals(exports.a.twice(), 10);
});

Deno.test("a component is checked by its type: what it lacks, what it needs, what differs", async () => {
  const wants = await component(host);
  const link = (given: Component) => () => new Linker().component("make-doubler", given).link(wants);
  const rows: [source: string, tail: string][] = [
    ["(component)", "type mismatch: missing expected export `thing`"],
    [
      doubler.replace('(import "get" (func $get (result u32)))', '(import "get" (func $get (result s32)))'),
      "type mismatch in import `get`, result: expected s32, found u32",
    ],
    [
      doubler.replace('(import "get"', '(import "more" (func)) (import "get"'),
      "type mismatch: missing expected import `more`",
    ],
    [
      doubler.replace('(func (export "twice") (result u32)', '(func (export "twice") (result u8)'),
      "type mismatch in export `twice`, result: expected u32, found u8",
    ],
    [
      doubler.replace('(param "self" (borrow $R\'))', '(param "it" (borrow $R\'))'),
      "type mismatch in export `value`: expected parameter named `self`, found `it`",
    ],
  ];
  for (const [source, tail] of rows) {
    assertFails(link(await component(source)), "LinkError", `Cannot link import make-doubler: ${tail}`);
  }
  assertFails(
    () => new Linker().func("make-doubler", () => {}).link(wants),
    "LinkError",
    "Cannot link import make-doubler: expected component found func",
  );
  assert(thrown(() => new Linker().trapUnknown().link(wants)) instanceof LinkError);
});

Deno.test("a resource that a component type exports must be one type throughout", async () => {
  const two = (second: string) =>
    `(component
    (type $R (resource (rep i32))) (type $S (resource (rep i32)))
    (core module $M (func (export "f") (param i32)))
    (core instance $m (instantiate $M))
    (export $R' "r" (type $R)) (export $S' "s" (type $S))
    (func (export "f") (param "x" (borrow ${second})) (canon lift (core func $m "f"))))`;
  const wants = await component(`(component
    (import "c" (component
      (export "r" (type $r (sub resource))) (export "s" (type (sub resource)))
      (export "f" (func (param "x" (borrow $r)))))))`);
  new Linker().component("c", await component(two("$R'"))).link(wants);
  assertFails(
    () => new Linker().component("c", compiledTwo).link(wants),
    "LinkError",
    "Cannot link import c: type mismatch in export `f`, param 1 `x`: resource types are not the same: expected borrow<r>, found borrow<s>",
  );
});
const compiledTwo = await component(`(component
    (type $R (resource (rep i32))) (type $S (resource (rep i32)))
    (core module $M (func (export "f") (param i32)))
    (core instance $m (instantiate $M))
    (export $R' "r" (type $R)) (export $S' "s" (type $S))
    (func (export "f") (param "x" (borrow $S')) (canon lift (core func $m "f"))))`);

Deno.test("an exported component is a Component: reflected, linked, instantiated, given on", async () => {
  const made = await instance(`(component
    (core module $Outer (memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "f") (param i32 i32) (result i32) (local.get 1)))
    (type $point (record (field "x" u32)))
    (component $C
      (alias outer 1 $Outer (core module $M))
      (alias outer 1 $point (type $p))
      (export $p' "point" (type $p))
      (core instance $m (instantiate $M))
      (func (export "length") (param "s" string) (result u32) (canon lift (core func $m "f")
        (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))
    (instance $i (export "c" (component $C)))
    (export "c" (component $C))
    (export "nested" (instance $i)))`);
  const { c, nested } = made.exports;
  assert(c instanceof Component);
  assertEquals((c as Component).exports.map(({ name, type }) => [name, type.kind]), [["point", "type"], [
    "length",
    "func",
  ]]);
  assertEquals(instantiateSync(c).exports.length!("four"), 4);
  assertEquals(instantiateSync(nested.c).exports.length!("three"), 5);
  const user = await component(`(component
    (import "c" (component $C (export "length" (func (param "s" string) (result u32)))))
    (instance $c (instantiate $C))
    (export "length" (func $c "length")))`);
  assertEquals(instantiateSync(user, { c }).exports.length!("again"), 5);
});

Deno.test("a component and a module that were imported can be exported again, and an importer be nested in an importer", async () => {
  const relay = await component(`(component
    (import "c" (component $C (export "n" (func (result u32)))))
    (import "m" (core module $M (export "n" (func (result i32)))))
    (component $Inner
      (alias outer 1 $M (core module $M))
      (core instance $m (instantiate $M))
      (func (export "n") (result u32) (canon lift (core func $m "n"))))
    (export "c" (component $C)) (export "m" (core module $M)) (export "inner" (component $Inner)))`);
  const n = (value: number) => `(core module $M (func (export "n") (result i32) (i32.const ${value})))`;
  const c = await component(`(component ${n(3)} (core instance $m (instantiate $M))
    (func (export "n") (result u32) (canon lift (core func $m "n"))))`);
  const { m } = (await instance(`(component ${n(4)} (export "m" (core module $M)))`)).exports;
  const { exports } = instantiateSync(relay, { c, m });
  assertEquals(instantiateSync(exports.c).exports.n!(), 3);
  assertEquals(instantiateSync(exports.inner).exports.n!(), 4);
  assert(exports.m === m);
  const again = instantiateSync(relay, { c: exports.inner, m: exports.m });
  assertEquals(instantiateSync(again.exports.c).exports.n!(), 4);
});

Deno.test("strings cross between a component and one that it was given", async () => {
  const shout = await component(`(component ${
    libc(`(func (export "f") (param i32 i32) (result i32)
      (i32.store8 (local.get 0) (i32.const 0x21)) (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8))`)
  }
    (func (export "f") (param "s" string) (result string) (canon lift (core func $libc "f") ${options})))`);
  const user = await component(`(component
    (import "shout" (component $S (export "f" (func (param "s" string) (result string)))))
    (instance $s (instantiate $S))
    (component $User
    (import "f" (func $f (param "s" string) (result string)))
    ${libc()}
    (core func $f' (canon lower (func $f) string-encoding=utf16 ${options}))
    (core module $M (import "" "f" (func $f (param i32 i32 i32)))
      (func (export "f") (param i32 i32) (result i32) (call $f (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "f") (param "s" string) (result string) (canon lift (core func $m "f") string-encoding=utf16 ${options})))
    (instance $user (instantiate $User (with "f" (func $s "f"))))
    (export "f" (func $user "f")))`);
  assertEquals(instantiateSync(user, { shout }).exports.f!("héllo"), "!éllo");
});

Deno.test("core modules of our compiling are checked by their types, others by kinds", async () => {
  const wants = await component(`(component (import "m" (core module
    (import "" "mem" (memory 1 2)) (import "" "g" (global (mut i64)))
    (export "f" (func (param i32) (result i64))) (export "t" (table 1 funcref)))))`);
  const given = async (body: string) =>
    (await instance(`(component (core module $M ${body}) (export "m" (core module $M)))`)).exports.m;
  const good =
    `(import "" "mem" (memory 1)) (func (export "f") (param i32) (result i64) (i64.const 0)) (table (export "t") 2 funcref)`;
  new Linker().module("m", await given(good)).link(wants);
  for (
    const [body, tail] of [
      [
        good.replace("(param i32)", "(param f32)"),
        "export `f` has the wrong type: expected type `(func (param i32) (result i64))`, found type `(func (param f32) (result i64))`",
      ],
      [
        good.replace("2 funcref", "0 funcref"),
        "export `t` has the wrong type: mismatch in table limits: expected type `(table 1 funcref)`, found type `(table 0 funcref)`",
      ],
      [
        good.replace("(memory 1)", "(memory 2)"),
        "import `::mem` has the wrong type: mismatch in memory limits: expected type `(memory 2)`, found type `(memory 1 2)`",
      ],
      [
        good.replace(`(import "" "mem" (memory 1))`, `(import "" "g" (global i64))`),
        "import `::g` has the wrong type: expected type `(global i64)`, found type `(global (mut i64))`",
      ],
      [good.replace(`"mem"`, `"other"`), "import `::other` not defined"],
    ] as const
  ) {
    const module = await given(body);
    assertFails(
      () => new Linker().module("m", module).link(wants),
      "LinkError",
      `Cannot link import m: module ${tail}`,
    );
  }
  // Compiled by others: their names and kinds are all that an engine tells.
  const foreign = new WebAssembly.Module(await wat(`(module ${good.replace("(param i32)", "(param f32)")})`));
  new Linker().module("m", foreign).link(wants);
});

Deno.test("module types with references are compared by what they refer to", async () => {
  const wants = await component(`(component
    (core type $s (struct (field i32)))
    (import "m" (core module
      (alias outer 1 $s (type $s))
      (export "f" (func (param (ref null $s)))))))`);
  const given = async (fields: string) =>
    (await instance(`(component
      (core module $M (type $pad (func)) (type $s (struct ${fields})) (func (export "f") (param (ref null $s))))
      (export "m" (core module $M)))`)).exports.m;
  new Linker().module("m", await given("(field i32)")).link(wants);
  const other = await given("(field i64)");
  assertEquals(thrown(() => new Linker().module("m", other).link(wants)).code, "module-mismatch");
});

Deno.test("streamed components know their modules' types too", async () => {
  const bytes = await wat(`(component
    (core module $M (func (export "f") (param i32))) (export "m" (core module $M)))`);
  const pieces = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let i = 0; i < bytes.length; i += 3) controller.enqueue(bytes.subarray(i, i + 3));
      controller.close();
    },
  });
  const { exports } = await compile(pieces);
  assertEquals(exports, compileSync(bytes).exports);
  assertEquals(exports[0]!.type, {
    kind: "module",
    imports: [],
    exports: [{ name: "f", type: { kind: "func", params: ["i32"], results: [] } }],
  });
});

/** Exports an interface with a resource whose destructor counts. */
const producer = await component(`(component
  (component $C
    (core module $D (global $drops (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $drops (i32.add (global.get $drops) (local.get 0))))
      (func (export "drops") (result i32) (global.get $drops))
      (func (export "read") (param i32) (result i32) (local.get 0)))
    (core instance $d (instantiate $D))
    (type $R (resource (rep i32) (dtor (func $d "dtor"))))
    (core func $new (canon resource.new $R))
    (core func $rep (canon resource.rep $R))
    (core module $M (import "" "new" (func $new (param i32) (result i32))) (import "" "rep" (func $rep (param i32) (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "twice") (param i32) (result i32) (call $new (i32.mul (i32.const 2) (call $rep (local.get 0))))))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "rep" (func $rep))))))
    (export $R' "token" (type $R))
    (func (export "[constructor]token") (param "n" u32) (result (own $R')) (canon lift (core func $m "make")))
    (func (export "[method]token.read") (param "self" (borrow $R')) (result u32) (canon lift (core func $d "read")))
    (func (export "[static]token.twice") (param "it" (own $R')) (result (own $R')) (canon lift (core func $m "twice")))
    (func (export "drops") (result u32) (canon lift (core func $d "drops"))))
  (instance $c (instantiate $C))
  (export "demo:tokens/api@1.0.0" (instance $c)))`);

/**
 * Uses that interface: makes a token, reads it by borrow, gives it away, drops what it gets back.
 */
const consumer = await component(`(component
  (import "demo:tokens/api@1.0.1" (instance $api
    (export "token" (type $t (sub resource)))
    (export "[constructor]token" (func (param "n" u32) (result (own $t))))
    (export "[method]token.read" (func (param "self" (borrow $t)) (result u32)))
    (export "[static]token.twice" (func (param "it" (own $t)) (result (own $t))))
    (export "drops" (func (result u32)))))
  (alias export $api "token" (type $t))
  (core func $make (canon lower (func $api "[constructor]token")))
  (core func $read (canon lower (func $api "[method]token.read")))
  (core func $twice (canon lower (func $api "[static]token.twice")))
  (core func $drop (canon resource.drop $t))
  (core module $M
    (import "" "make" (func $make (param i32) (result i32))) (import "" "read" (func $read (param i32) (result i32)))
    (import "" "twice" (func $twice (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
    (func (export "run") (param i32) (result i32) (local $token i32) (local $sum i32)
      (local.set $token (call $make (local.get 0)))
      (local.set $sum (call $read (local.get $token)))
      (local.set $token (call $twice (local.get $token)))
      (local.set $sum (i32.add (local.get $sum) (call $read (local.get $token))))
      (call $drop (local.get $token))
      (local.get $sum))
    (func (export "read") (param i32) (result i32) (local $sum i32)
      (local.set $sum (call $read (local.get 0))) (call $drop (local.get 0)) (local.get $sum))
    (func (export "pass") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $M (with "" (instance
    (export "make" (func $make)) (export "read" (func $read)) (export "twice" (func $twice)) (export "drop" (func $drop))))))
  (func (export "run") (param "n" u32) (result u32) (canon lift (core func $m "run")))
  (func (export "read") (param "it" (borrow $t)) (result u32) (canon lift (core func $m "read")))
  (func (export "pass") (param "it" (own $t)) (result (own $t)) (canon lift (core func $m "pass"))))`);

Deno.test("what one instance exports serves another as it is: classes as resources, own and borrow", () => {
  const api = instantiateSync(producer).exports["demo:tokens/api@1.0.0"];
  const { exports } = new Linker().define({ "demo:tokens/api@1.0.0": api }).link(consumer).instantiateSync();
  assertEquals(exports.run!(5), 5 + 10);
  // `twice` owns what it is given and keeps it; the host dropped nothing, the guest one token of
  // 10.
  assertEquals(api.drops(), 10);
  const token = new api.Token(7);
  assertEquals(exports.read!(token), 7);
  const passed = exports.pass!(token);
  assert(passed instanceof api.Token);
  assertEquals(passed.read(), 7);
  passed[Symbol.dispose]();
  assertEquals(api.drops(), 17);
  // An instance of another producer is another type.
  const other = instantiateSync(producer).exports["demo:tokens/api@1.0.0"];
  assertEquals(thrown(() => exports.read!(new other.Token(1))).code, "type-mismatch");
  leavesHandles(1);
});
