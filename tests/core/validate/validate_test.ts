// What is valid and what is not, one text each, where no table of mutations says it: gates, names,
// core types, components as arguments.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { compile, CompileError, compileSync, features, instantiateSync } from "@windlass/component";
import { thrown } from "../../support/wasm.ts";
import { wat } from "../../support/wat.ts";

const NAMED = { "canon-names": true };

/** A type declared below another one. */
function declares(lower: string, upper: string): string {
  return `(core type $s (struct)) (core type $f (func)) (core type $up (sub (${upper}))) (core type (sub $up (${lower})))`;
}

/**
 * A text, what compiling it says without the offset ("" if it is valid), and the gates that are not
 * as they are by default.
 */
const rows: readonly (readonly [text: string, message: string, gates?: Record<string, boolean>])[] = [
  // Core types
  [`(core type $t (module)) (core type (func (param (ref $t))))`, "core type 1: type index 0 is a module type"],
  [`(core type (func (param (ref 100))))`, "core type 0: unknown type 100: type index out of bounds"],
  [`(core type (module (type (sub 7 (func)))))`, "core type 0: unknown type 7: type index out of bounds"],
  [`(core type (module (type (sub (func)))))`, ""],
  [`(core type $a (struct)) (core type (sub $a (struct)))`, "core type 1: sub type cannot have a final super type"],
  [`(core type $a (sub (struct (field i32)))) (core type (sub $a (struct (field i32) (field i64))))`, ""],
  [
    `(core type $a (sub (struct (field i32)))) (core type (sub $a (struct (field i64))))`,
    "core type 1: sub type must match super type",
  ],
  [
    `(core type $a (sub (struct (field i32)))) (core type (sub $a (struct (field (mut i32)))))`,
    "core type 1: sub type must match super type",
  ],
  [
    `(core type $a (sub (func (param i32)))) (core type (sub $a (func (result i32))))`,
    "core type 1: sub type must match super type",
  ],
  // Supertypes that lead nowhere but to themselves
  [
    `(core type $q (sub (func))) (core type $p (sub (struct (field (ref $q)))))
    (core rec (type (sub $p (struct (field (ref $b))))) (type $b (sub $b (func))))`,
    "core type 2: sub type must match super type",
  ],
  [
    `(core module $N (type (sub 0 (func))) (func (export "f") (type 0)))
    (core module $M (type (sub (func (param i32)))) (import "" "f" (func (type 0))))
    (core instance $n (instantiate $N)) (core instance (instantiate $M (with "" (instance $n))))`,
    "core instance 1: type mismatch in argument ``, item `f`: expected type `(func (param i32))`, found type `(func)`",
  ],
  ...[
    ["struct (field (ref $s))", "struct (field (ref eq))"],
    ["struct (field (ref $s))", "struct (field (ref null $s))"],
    ["struct (field (ref none))", "struct (field (ref $s))"],
    ["struct (field i31ref)", "struct (field anyref)"],
    ["func (param anyref)", "func (param eqref)"],
    ["func (result (ref $f))", "func (result funcref)"],
    ["func (result nullfuncref)", "func (result (ref null $f))"],
    ["array (ref $s)", "array (ref struct)"],
    ["array (mut (ref $s))", "array (mut (ref $s))"],
  ].map(([lower, upper]) => [declares(lower!, upper!), ""] as const),
  ...[
    ["struct (field (ref eq))", "struct (field (ref $s))"],
    ["struct (field (ref null $s))", "struct (field (ref $s))"],
    ["struct (field (ref $s))", "struct (field (ref $f))"],
    ["struct (field (ref $f))", "struct (field (ref any))"],
    ["struct (field (ref nofunc))", "struct (field (ref $s))"],
    ["struct (field i31ref)", "struct (field structref)"],
    ["func (param eqref)", "func (param anyref)"],
    ["func (result funcref)", "func (result (ref null $f))"],
    ["array (mut (ref $s))", "array (mut (ref struct))"],
    ["array (ref $s)", "array externref"],
  ].map(([lower, upper]) => [declares(lower!, upper!), "core type 3: sub type must match super type"] as const),
  [
    `(core module $M (type $t (sub (func))) (func (export "f") (type $t))) (core instance $m (instantiate $M))
    (func (export "g") (canon lift (core func $m "f")))`,
    "canon lift, func 0: the core function's type is declared with supertypes or for subtypes: " +
    "it is another than the flat one",
  ],
  // Names
  [
    `(import "i" (instance
      (export "a" (type $a (sub resource))) (export "[method]a.x" (func (param "self" (borrow $a))))
      (export "b" (type $b (sub resource))) (export "[method]b.x" (func (param "self" (borrow $b))))))`,
    "",
  ],
  [
    `(import "a" (type $a (sub resource))) (import "[static]a.a" (func))`,
    "import `[static]a.a`: import name `[static]a.a` conflicts with previous name `a`",
  ],
  [
    `(import "a" (type $a (sub resource))) (import "[static]a.b" (func)) (import "[static]a.B" (func))`,
    "import `[static]a.B`: import name `[static]a.B` conflicts with previous name `[static]a.b`",
  ],
  [
    `(import "a:b/c@1" (instance))`,
    "import `a:b/c@1`: the canonical name `a:b/c@1` needs the gate `canon-names`: " +
    'pass { gates: { "canon-names": true } }',
  ],
  [`(import "a:b/c@1" (versionsuffix ".2.3") (instance))`, "", NAMED],
  [`(import "a:b/c@0.2" (versionsuffix ".3") (instance))`, "", NAMED],
  [`(import "a:b/c@0.0.3" (instance))`, "", NAMED],
  [
    `(import "a:b/c@1" (versionsuffix ".2") (instance))`,
    "import `a:b/c@1`: invalid interface version `1.2`: unexpected end of input while parsing minor version number: " +
    "`a:b/c@1` is not a valid extern name",
    NAMED,
  ],
  [
    `(import "a" (versionsuffix ".2.3") (instance))`,
    "import `a`: a `versionsuffix` needs a canonical interface version before it: `a` is not a valid extern name",
    NAMED,
  ],
  [
    `(import "a:b:c:d/e" (func))`,
    "import `a:b:c:d/e`: the nested name `a:b:c:d/e` needs the gate `nested-names`: " +
    'pass { gates: { "nested-names": true } }',
  ],
  [`(import "a:b-c:d/e" (func)) (import "a:b/c/d@1.0.0" (func))`, "", { "nested-names": true }],
  [
    `(import "a:b:/e" (func))`,
    "import `a:b:/e`: `` is not in kebab case: `a:b:/e` is not a valid extern name",
    { "nested-names": true },
  ],
  // Gates and built-ins
  [
    `(core func (canon task.cancel))`,
    'core func 0: task.cancel needs the gate `async`: pass { gates: { "async": true } }',
    { async: false },
  ],
  [
    `(import "x" (func (param "x" error-context)))`,
    'type 0: an error-context needs the gate `error-context`: pass { gates: { "error-context": true } }',
  ],
  [`(type (list error-context))`, "", { "error-context": true }],
  [
    `(core func (canon context.get i32 0)) (core func (canon context.set i64 0))`,
    "canon context.set, core func 1: type must match previous context type: expected i32, found i64",
    { memory64: true },
  ],
  [
    `(core func (canon context.get i32 0)) (component (core func (canon context.set i64 0)))`,
    "",
    { memory64: true },
  ],
  [`(import "a:b/c@18446744073709551615.0.0" (func))`, ""],
  [
    `(import "a:b/c@18446744073709551616.0.0" (func))`,
    "import `a:b/c@18446744073709551616.0.0`: value of major version number exceeds u64::MAX: `a:b/c@18446744073709551616.0.0` is not a valid extern name",
  ],
  // What a stream or future carries is not passed with it
  [`(import "f" (func $f (result (future string)))) (core func (canon lower (func $f)))`, ""],
  [`(import "f" (func $f (param "x" (stream string)))) (core func (canon lower (func $f)))`, ""],
  [
    `(core module $m (func (export "f") (param i32))) (core instance $i (instantiate $m))
    (func (export "f") (param "x" (stream string)) (canon lift (core func $i "f")))`,
    "",
  ],
  [`(type $s (stream string)) (core func (canon task.return (result $s)))`, ""],
  [`(import "f" (func $f async (param "x" (future (list u8))))) (core func (canon lower (func $f) async))`, ""],
  [
    `(core module $m (memory (export "mem") 1)) (core instance $i (instantiate $m))
    (type $fs (future string)) (type $s (stream $fs))
    (core func (canon stream.read $s async (memory (core memory $i "mem"))))`,
    "",
  ],
  [
    `(core module $m (memory (export "mem") 1)) (core instance $i (instantiate $m))
    (type $s (stream string)) (core func (canon stream.read $s async (memory (core memory $i "mem"))))`,
    "canon stream.read, core func 0: canonical option `realloc` is required",
  ],
  // Names of the component-name section
  [
    `(component $outer (type $ok string) (component $inner (type $wrong (stream char))))`,
    "type 0 `wrong` in component 0 `inner` in component 0 `outer`: `stream<char>` is not valid at this time",
  ],
  [
    `(import "f" (func $f (param "x" string))) (alias outer 0 0 (core type)) (core func $lowered (canon lower (func $f)))`,
    "core type 0: unknown core type 0: core type index out of bounds",
  ],
  [
    `(import "f" (func $f (param "x" string))) (core func $lowered (canon lower (func $f)))`,
    "canon lower, core func 0 `lowered`: canonical option `memory` is required",
  ],
  // 64-bit memories
  [
    `(core module $M (memory (export "m") i64 1) (func (export "r") (param i64 i64 i64 i64) (result i64) unreachable)
      (func (export "f") (param i64 i64) (result i64) unreachable) (func (export "p") (param i64)))
    (core instance $m (instantiate $M))
    (func (export "f") (param "x" string) (result string) (canon lift (core func $m "f")
      (memory (core memory $m "m")) (realloc (core func $m "r")) (post-return (core func $m "p"))))`,
    "",
    { memory64: true },
  ],
  [
    `(core module $M (memory (export "m") i64 1) (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "f") (param i64 i64)))
    (core instance $m (instantiate $M))
    (func (export "f") (param "x" string)
      (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "r"))))`,
    "canon lift, func 0: canonical option `realloc` uses a core function with an incorrect signature",
    { memory64: true },
  ],
  [
    `(core module $M (memory (export "m") i64 1 2 shared)) (core instance $m (instantiate $M))
    (core func (canon waitable-set.wait (memory (core memory $m "m"))))`,
    "canon waitable-set.wait, core func 0: mismatch in the memory: found type `(memory i64 1 2 shared)`",
    { memory64: true },
  ],
  // Components that mention resources of the component around them
  [
    `(component $c
      (import "r" (type $r (sub resource)))
      (import "k" (component (import "r" (type $q (eq $r))) (import "f" (func (param "x" (own $q)))))))
    (import "r" (type $r2 (sub resource)))
    (import "k" (component $k (import "r" (type $q (eq $r2))) (import "f" (func (param "x" (own $q))))))
    (instance (instantiate $c (with "r" (type $r2)) (with "k" (component $k))))`,
    "",
  ],
  [
    `(component $c (import "r" (type $r (sub resource))) (import "k" (component (export "r" (type (eq $r))))))
    (import "r" (type $r2 (sub resource))) (import "r3" (type $r3 (sub resource)))
    (import "k" (component $k (export "r" (type (eq $r3)))))
    (instance (instantiate $c (with "r" (type $r2)) (with "k" (component $k))))`,
    "instance 0, argument `k`: type mismatch in export `r`: resource types are not the same",
  ],
];

Deno.test("each text is valid, or refused for its reason", async () => {
  for (const [text, message, gates = {}] of rows) {
    const bytes = await wat(`(component ${text})`);
    const compile = () => compileSync(bytes, { gates });
    if (message === "" && gates["memory64"] && !features.memory64) continue; // the engine could not compile it
    const found = message === "" ? `${compile().imports && ""}` : thrown(compile).message;
    assertEquals(found.replace(/^Cannot validate | \(at offset .*$/g, ""), message, text);
  }
});

Deno.test("a core module that the engine refuses is named, from a buffer and from a stream", async () => {
  const bytes = await wat(`(component (component $inner (core module $main (func (result i32) i64.const 0))))`);
  const stream = new Response(bytes.slice(), { headers: { "content-type": "application/wasm" } });
  for (const source of [bytes, stream]) {
    const error = await assertRejects(() => compile(source), CompileError);
    assertMatch(
      error.message,
      /^Cannot compile core module 0 `main` in component 0 `inner`: core module 0 is invalid: .* \(at offset 0x14\)$/,
    );
  }
});

/** Component types that mention the one before ten times over. */
function tower(levels: number, side: (i: number) => string): string {
  let text = `(type $m0 (component))`;
  for (let i = 1; i <= levels; i++) {
    const items = Array.from({ length: 10 }, (_, j) => `(${side(j)} "i${j}" (component (type $m${i - 1})))`);
    text += `(type $m${i} (component ${items.join(" ")}))`;
  }
  return `(component ${text}
    (type $m (component (import "a" (component (type $m${levels})))))
    (import "a" (component $a (type $m${levels})))
    (import "b" (component $b (type $m)))
    (instance (instantiate $b (with "a" (component $a)))))`;
}

Deno.test("comparing types that share their parts takes as long as they are large, not as they would be spelt out", async () => {
  compileSync(await wat(tower(30, () => "import")));
  compileSync(await wat(tower(30, (j) => j % 2 === 0 ? "import" : "export")));
});

Deno.test("core types that refer to each other in a long chain are compared", async () => {
  const chain = Array.from({ length: 20_000 }, (_, i) => `(type (func (param (ref ${i}))))`);
  const exported = `(type (func)) ${chain.join("")} (func (export "f") (type 20000))`;
  const imported = `(type (func)) ${chain.join("")} (import "" "f" (func (type 20000)))`;
  const bytes = await wat(`(component
    (core module $A ${exported})
    (core module $B ${imported})
    (core instance $a (instantiate $A))
    (core instance (instantiate $B (with "" (instance $a)))))`);
  compileSync(bytes);
});

Deno.test({
  name: "what needs a 64-bit memory is valid where its gate is open, and runs",
  ignore: !features.memory64,
  fn: memory64,
});

async function memory64(): Promise<void> {
  const bytes = await wat(`(component
    (type $r (resource (rep i64)))
    (core func $new (canon resource.new $r))
    (core module $M (import "" "new" (func $new (param i64) (result i32))) (memory (export "m") i64 1)
      (func (export "len") (param i64 i64) (result i32) (i32.wrap_i64 (local.get 1)))
      (func (export "make") (drop (call $new (i64.const 1))))
      (func (export "r") (param i64 i64 i64 i64) (result i64) (i64.const 8)))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    (func (export "make") (canon lift (core func $m "make")))
    (func (export "len") (param "x" string) (result u32)
      (canon lift (core func $m "len") (memory (core memory $m "m")) (realloc (core func $m "r")))))`);
  using instance = instantiateSync(compileSync(bytes, { gates: { memory64: true } }));
  const { exports } = instance;
  assertEquals(exports.len("hello"), 5);
  assertEquals(exports.make(), undefined);
}
