// Host functions: how a guest's call reaches them, what they get and give, and what a guest must
// not do around them. Behaviours of import.rs, tests/README.md. Where both APIs are tested there, a
// table has plain, typed and dynamic functions here.

import { assert, assertEquals } from "@std/assert";
import { compileSync, HostFunc, type HostFunction, instantiateSync, Linker, t, Trap } from "@windlass/component";
import { assertFails, component, instance, libc, options, thrown } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";

/** A host function in each of its forms. */
function forms(type: ReturnType<typeof t.func>, func: HostFunction): Readonly<Record<string, HostFunction | HostFunc>> {
  return { plain: func, typed: HostFunc.typed(type, func as never), dynamic: HostFunc.dynamic(() => func) };
}

/** A libc without a working allocator: what is lifted from memory needs none. */
const MEMORY = `(core module $Libc
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (unreachable)))
  (core instance $libc (instantiate $Libc))`;

Deno.test("import::can_compile: functions are lowered with and without memory, and with another one's", async () => {
  const second = `(core instance $libc2 (instantiate $Libc))`;
  const options2 = options.replaceAll("$libc", "$libc2");
  for (
    const body of [
      `(import "f" (func $f)) (core func (canon lower (func $f)))`,
      `(import "f" (func $f (param "s" string))) ${MEMORY} (core func (canon lower (func $f) ${options}))`,
      `(import "f" (func $f (param "s" string) (result string)))
       (import "g" (func $g (param "n" u32) (result (list u8)))) ${MEMORY} ${second}
       (core func (canon lower (func $f) ${options})) (core func (canon lower (func $g) ${options2}))
       (core func (canon lower (func $f) ${options2})) (core func (canon lower (func $g) ${options}))`,
      `(import "f" (func $f (param "s" string))) ${MEMORY} (core func $f' (canon lower (func $f) ${options}))
       (core module $M (import "host" "f" (func $f (param i32 i32))) (import "libc" "memory" (memory 1))
         (func (export "call") (call $f (i32.const 0) (i32.const 0))))
       (core instance $m (instantiate $M (with "libc" (instance $libc)) (with "host" (instance (export "f" (func $f'))))))
       (func (export "call") (canon lift (core func $m "call")))`,
    ]
  ) {
    const compiled = compileSync(await wat(`(component ${body})`));
    const calls: unknown[] = [];
    const { exports } = instantiateSync(compiled, { f: (value: unknown) => void calls.push(value), g: () => [] });
    if (exports.call === undefined) continue;
    exports.call();
    assertEquals(calls, [""]);
  }
});

// Two memories: the same function lowered into each must read from and allocate in its own.
Deno.test("import::can_compile: each lowering uses its own memory and realloc", async () => {
  const { exports } = await instance(
    `(component
      (import "f" (func $f (param "s" string) (result string)))
      ${
      ["1", "2"].map((n) =>
        libc(`(data (i32.const 8) "in ${n}")`).replaceAll("$libc", `$libc${n}`).replaceAll("$Libc", `$Libc${n}`)
      ).join("\n")
    }
      ${
      ["1", "2"].map((n) =>
        `(core func $f${n} (canon lower (func $f) ${options.replaceAll("$libc", `$libc${n}`)}))
        (core module $M${n} (import "" "f" (func $f (param i32 i32 i32))) (func (export "call") (result i32)
          (call $f (i32.const 8) (i32.const 4) (i32.const 16)) (i32.const 16)))
        (core instance $m${n} (instantiate $M${n} (with "" (instance (export "f" (func $f${n}))))))
        (func (export "call${n}") (result string) (canon lift (core func $m${n} "call") (memory (core memory $libc${n} "memory"))))`
      ).join("\n")
    })`,
    { f: (text: string) => `[${text}]` },
  );
  assertEquals([exports.call1(), exports.call2(), exports.call1()], ["[in 1]", "[in 2]", "[in 1]"]);
});

/**
 * Calls a function that takes a string with one from its memory; `imported` declares `$f`,
 * `exported` exports `$call`.
 */
const sends = (imported: string, exported: string) =>
  `(component
  ${imported}
  ${MEMORY}
  (core func $f' (canon lower (func $f) ${options}))
  (core module $M
    (import "libc" "memory" (memory 1))
    (import "host" "f" (func $f (param i32 i32)))
    (func (export "call") (call $f (i32.const 5) (i32.const 11)))
    (data (i32.const 5) "from memory"))
  (core instance $m (instantiate $M (with "libc" (instance $libc)) (with "host" (instance (export "f" (func $f'))))))
  (func $call (canon lift (core func $m "call")))
  ${exported})`;

Deno.test("import::simple: a host function of each form gets the string in the guest's memory", async () => {
  const source = await component(
    sends(`(import "send" (func $f (param "text" string)))`, `(export "call" (func $call))`),
  );
  const heard: unknown[] = [];
  for (const [form, func] of Object.entries(forms(t.func([t.string]), (...args) => void heard.push(...args)))) {
    const running = new Linker().func("send", func).link(source).instantiateSync();
    running.exports.call();
    running.func("call", t.func([]))();
    assertEquals(heard.splice(0), ["from memory", "from memory"], form);
  }
});

Deno.test("import::functions_in_instances: an interface may be imported and exported by one name", async () => {
  const source = await component(sends(
    `(import "demo:both/api" (instance $i (export "send" (func (param "text" string))))) (alias export $i "send" (func $f))`,
    `(component $Wrap (import "call" (func $f)) (export "call-it" (func $f)))
     (instance $api (instantiate $Wrap (with "call" (func $call))))
     (export "demo:both/api" (instance $api))`,
  ));
  const heard: unknown[] = [];
  for (const [form, func] of Object.entries(forms(t.func([t.string]), (...args) => void heard.push(...args)))) {
    const linker = new Linker();
    linker.instance("demo:both/api").func("send", func);
    const running = linker.link(source).instantiateSync();
    running.exports["demo:both/api"].callIt();
    running.interface("demo:both/api")!.callIt();
    running.func("demo:both/api#call-it", t.func([]))();
    assertEquals(heard.splice(0), Array(3).fill("from memory"), form);
  }
});

// What a guest must not do.

/** A realloc that calls out: through a table, since it must exist before what it calls. */
const LEAVES = `(component
  (import "ping" (func $ping))
  (import "text" (func $text (result string)))
  (core module $Shim
    (table (export "table") 2 funcref)
    (type $retptr (func (param i32)))
    (func $shim-ping (export "ping") (call_indirect (i32.const 0)))
    (func $shim-text (export "text") (param i32) (call_indirect (type $retptr) (local.get 0) (i32.const 1))))
  (core instance $shim (instantiate $Shim))
  (core module $Main
    (import "host" "ping" (func $ping))
    (import "host" "text" (func $text (param i32)))
    (memory (export "memory") 1)
    (func $main-realloc (export "realloc") (param i32 i32 i32 i32) (result i32) (call $ping) (unreachable))
    (func $main-run (export "run") (call $text (i32.const 8)))
    (func (export "take") (param i32 i32) (unreachable)))
  (core instance $main (instantiate $Main (with "host" (instance $shim))))
  (core func $ping' (canon lower (func $ping)))
  (core func $text' (canon lower (func $text) (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))
  (core module $Fill
    (import "shim" "table" (table 2 funcref))
    (import "host" "ping" (func $ping))
    (import "host" "text" (func $text (param i32)))
    (elem (i32.const 0) $ping $text))
  (core instance (instantiate $Fill
    (with "shim" (instance $shim)) (with "host" (instance (export "ping" (func $ping')) (export "text" (func $text'))))))
  (func (export "run") (canon lift (core func $main "run")))
  (func (export "take") (param "text" string)
    (canon lift (core func $main "take") (memory (core memory $main "memory")) (realloc (core func $main "realloc")))))`;

Deno.test("import::attempt_to_leave_during_malloc: realloc must not call the host, for a result or an argument", async () => {
  const source = await component(LEAVES);
  for (const name of ["run", "take"]) {
    let pings = 0;
    const { exports } = instantiateSync(source, { ping: () => void pings++, text: () => "some text" });
    assertFails(() => exports[name]("x"), "Trap", "Cannot call import ping: cannot leave component instance");
    assertEquals(thrown(() => exports[name]("x")).code, "cannot-enter");
    assertEquals(pings, 0);
  }
});

// JS: the backtrace is the error's stack, as the engine writes it; V8 names the guest's functions
// from its name section.
Deno.test("import::attempt_to_leave_during_malloc: the stack has the guest's frames, innermost first", async () => {
  const { exports } = instantiateSync(await component(LEAVES), { ping: () => {}, text: () => "some text" });
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50; // the default, 10, is used up by frames of ours
  const { stack = "" } = thrown(() => exports.run());
  Error.stackTraceLimit = stackTraceLimit;
  if (!stack.includes("wasm://")) return; // not V8
  assertEquals(stack.match(/\b(?:main|shim)-[a-z]+/g), ["shim-ping", "main-realloc", "shim-text", "main-run"]);
});

Deno.test("import::attempt_to_reenter_during_host: a host function cannot call the instance that is calling it", async () => {
  const source = await component(`(component
    (import "ping" (func $ping))
    (core func $ping' (canon lower (func $ping)))
    (core module $M (import "host" "ping" (func $ping)) (func (export "run") (call $ping)))
    (core instance $m (instantiate $M (with "host" (instance (export "ping" (func $ping'))))))
    (func (export "run") (canon lift (core func $m "run"))))`);
  for (const form of ["plain", "typed", "dynamic"]) {
    const errors: Error[] = [];
    const ping = forms(t.func([]), () => {
      errors.push(thrown(() => running.exports.run()), thrown(() => again()));
    })[form]!;
    const running = new Linker().func("ping", ping).link(source).instantiateSync();
    const again = running.func("run", t.func([]));
    // The host caught the refusal: nobody entered, so the outer call returns, and the next one may.
    running.exports.run();
    again();
    assertEquals(
      errors.map(({ message }) => message),
      Array(4).fill(
        "Cannot call export run: cannot enter component instance while the call of export run is under way",
      ),
    );
    assert(errors.every((error) => error instanceof Trap && error.code === "cannot-enter"), form);
  }
});

Deno.test("import::attempt_to_reenter_during_host: a refusal that the host does not catch comes out, and locks down", async () => {
  let calls = 0;
  const running = await instance(
    `(component (import "ping" (func $ping)) (core func $ping' (canon lower (func $ping)))
      (func (export "run") (canon lift (core func $ping'))))`,
    { ping: () => void (calls++ === 0 && running.exports.run()) },
  );
  const message = "Cannot call export run: cannot enter component instance";
  assertFails(() => running.exports.run(), "Trap", `${message} while the call of export run is under way`);
  assertFails(() => running.exports.run(), "Trap", `${message}, which an earlier trap locked down`);
  assertEquals(calls, 1);
});

// Arguments and results on the stack and in memory.

const NINE = `(tuple ${Array(9).fill("string").join(" ")})`;

Deno.test("import::stack_and_heap_args_and_rets: flat or in memory, parameters and results of every form", async () => {
  const source = await component(`(component
    (import "f1" (func $f1 (param "n" u32) (result u32)))
    (import "f2" (func $f2 (param "t" ${NINE}) (result u32)))
    (import "f3" (func $f3 (param "n" u32) (result string)))
    (import "f4" (func $f4 (param "t" ${NINE}) (result string)))
    ${libc()}
    ${[1, 2, 3, 4].map((i) => `(core func $f${i}' (canon lower (func $f${i}) ${options}))`).join("\n")}
    (core module $M
      (import "libc" "memory" (memory 1))
      (import "host" "f1" (func $f1 (param i32) (result i32)))
      (import "host" "f2" (func $f2 (param i32) (result i32)))
      (import "host" "f3" (func $f3 (param i32 i32)))
      (import "host" "f4" (func $f4 (param i32 i32)))
      (data (i32.const 16) "abcdefghi")
      ;; nine strings at 32: of one letter each
      (func (export "run1") (result i32) (call $f1 (i32.const 7)))
      (func (export "run2") (result i32) (call $fill) (call $f2 (i32.const 32)))
      (func (export "run3") (result i32) (call $f3 (i32.const 7) (i32.const 200)) (i32.const 200))
      (func (export "run4") (result i32) (call $fill) (call $f4 (i32.const 32) (i32.const 200)) (i32.const 200))
      (func $fill (local $i i32)
        (loop $next
          (i32.store (i32.add (i32.const 32) (i32.mul (local.get $i) (i32.const 8))) (i32.add (i32.const 16) (local.get $i)))
          (i32.store (i32.add (i32.const 36) (i32.mul (local.get $i) (i32.const 8))) (i32.const 1))
          (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 9))))))
    (core instance $m (instantiate $M (with "libc" (instance $libc))
      (with "host" (instance ${[1, 2, 3, 4].map((i) => `(export "f${i}" (func $f${i}'))`).join(" ")}))))
    ${
    [1, 2, 3, 4].map((i) =>
      `(func (export "run${i}") (result ${i < 3 ? "u32" : "string"})
      (canon lift (core func $m "run${i}") (memory (core memory $libc "memory"))))`
    ).join("\n")
  })`);
  const nine = t.tuple(Array(9).fill(t.string));
  const letters = [..."abcdefghi"];
  const rows = [
    [t.func([t.u32], t.u32), 7, 4294967295],
    [t.func([nine], t.u32), letters, 3],
    [t.func([t.u32], t.string), 7, "xyz"],
    [t.func([nine], t.string), letters, "für alle"],
  ] as const;
  for (const form of ["plain", "typed", "dynamic"]) {
    const linker = new Linker();
    const seen: unknown[] = [];
    rows.forEach(([type, , result], i) =>
      linker.func(`f${i + 1}`, forms(type as never, (...args) => (seen.push(args), result))[form]!)
    );
    const running = linker.link(source).instantiateSync();
    rows.forEach(([type, argument, result], i) => {
      assertEquals(running.exports[`run${i + 1}`](), result, form);
      assertEquals(running.func(`run${i + 1}`, t.func([], type.result))() as unknown, result, form);
      assertEquals(seen.splice(0), [[argument], [argument]], form);
    });
  }
});

Deno.test("import::bad_import_alignment: an unaligned pointer for a result or for arguments traps", async () => {
  const source = await component(`(component
    (import "gives" (func $gives (result string)))
    (import "takes" (func $takes (param "t" ${NINE})))
    ${MEMORY}
    (core func $gives' (canon lower (func $gives) ${options}))
    (core func $takes' (canon lower (func $takes) ${options}))
    (core module $M
      (import "host" "gives" (func $gives (param i32)))
      (import "host" "takes" (func $takes (param i32)))
      (func (export "call-gives") (param i32) (call $gives (local.get 0)))
      (func (export "call-takes") (param i32) (call $takes (local.get 0))))
    (core instance $m (instantiate $M (with "host" (instance (export "gives" (func $gives')) (export "takes" (func $takes'))))))
    (func (export "call-gives") (param "at" u32) (canon lift (core func $m "call-gives")))
    (func (export "call-takes") (param "at" u32) (canon lift (core func $m "call-takes"))))`);
  const taken: unknown[] = [];
  const imports = { gives: () => "", takes: (value: unknown) => void taken.push(value) };
  for (const at of [1, 2, 3]) {
    const gives = thrown(() => instantiateSync(source, imports).exports.callGives(at));
    const takes = thrown(() => instantiateSync(source, imports).exports.callTakes(at));
    assert(gives instanceof Trap && takes instanceof Trap);
    assertEquals(gives.message, "Cannot lower result of import gives: unaligned pointer");
    assertEquals(takes.message, "Cannot lift parameters of import takes: unaligned pointer");
  }
  assertEquals(taken, []);
  instantiateSync(source, imports).exports.callTakes(4);
  assertEquals(taken, [Array(9).fill("")]);
});

// Without code, across components, within limits.

Deno.test("import::no_actual_wasm_code: an import that a core module exports again is lifted and called", async () => {
  const source = await component(`(component
    (import "f" (func $f))
    (core func $f' (canon lower (func $f)))
    (core module $M (import "" "" (func $f)) (export "f" (func $f)))
    (core instance $m (instantiate $M (with "" (instance (export "" (func $f'))))))
    (func (export "call-f") (canon lift (core func $m "f"))))`);
  let calls = 0;
  for (const [form, func] of Object.entries(forms(t.func([]), () => void calls++))) {
    calls = 0;
    const running = new Linker().func("f", func).link(source).instantiateSync();
    assertEquals(calls, 0);
    running.exports.callF();
    assertEquals(calls, 1, form);
    running.func("call-f", t.func([]))();
    assertEquals(calls, 2, form);
  }
});

Deno.test("import::use_types_across_component_boundaries: a record from one component is an argument for another", async () => {
  const type = `(type $R (record (field "small-number" u8) (field "text" string)))
    (import "my-record" (type $r (eq $R)))`;
  const gives = await instance(`(component ${type}
    ${
    libc(`(func (export "give") (result i32) (i32.const 16))
      (data (i32.const 16) "\\07\\00\\00\\00\\20\\00\\00\\00\\05\\00\\00\\00") (data (i32.const 32) "hello")`)
  }
    (func (export "give") (result $r) (canon lift (core func $libc "give") ${options})))`);
  const takes = await instance(`(component ${type}
    ${
    libc(`(func (export "take") (param i32 i32 i32) (result i32)
      (i32.add (i32.add (local.get 0) (local.get 2)) (i32.load8_u (local.get 1))))`)
  }
    (func (export "take") (param "r" $r) (result u32) (canon lift (core func $libc "take") ${options})))`);
  const value = gives.exports.give();
  assertEquals(value, { smallNumber: 7, text: "hello" });
  const expected = 7 + 5 + "h".charCodeAt(0);
  assertEquals([takes.exports.take(value), takes.exports.take(value)], [expected, expected]);
  assertEquals(value, { smallNumber: 7, text: "hello" });
});

// JS: the limit is given when instantiating and holds for each call, rather than being set between
// calls.
Deno.test("import::hostcall_fuel_limits_val: what is lifted for a host function is bounded by limits.liftedBytes", async () => {
  const source = await component(`(component
    (import "hi" (func $hi (param "x" (list u8))))
    ${MEMORY.replace(`"memory") 1`, `"memory") 4`)}
    (core func $hi' (canon lower (func $hi) ${options}))
    (core module $M
      (import "libc" "memory" (memory 1)) (import "" "hi" (func $hi (param i32 i32)))
      (func (export "run") (call $hi (i32.const 0) (i32.mul (memory.size) (i32.const 65536)))))
    (core instance $m (instantiate $M (with "libc" (instance $libc)) (with "" (instance (export "hi" (func $hi'))))))
    (func (export "run") (canon lift (core func $m "run"))))`);
  const lengths: number[] = [];
  for (
    const [form, func] of Object.entries(forms(t.func([t.list(t.u8)]), (bytes) => void lengths.push(bytes.length)))
  ) {
    const linked = new Linker().func("hi", func).link(source);
    const enough = linked.instantiateSync({ limits: { liftedBytes: 262144 } });
    enough.exports.run();
    enough.exports.run(); // for each call anew
    linked.instantiateSync().exports.run();
    assertEquals(lengths.splice(0), [262144, 262144, 262144], form);
    const { exports } = linked.instantiateSync({ limits: { liftedBytes: 100 } });
    assertFails(
      () => exports.run(),
      "Trap",
      "Cannot lift param 1 `x` of import hi: more than 100 bytes lifted in one call: limit `liftedBytes`",
    );
    assertEquals(thrown(() => exports.run()).code, "cannot-enter");
    assertEquals(lengths, [], form);
  }
});
