// Views: lists of numbers that a typed host function sees in the guest's memory, in both tiers, with
// memories of 32 and of 64 bits; where they are refused; and where a copy is given after all.

import "../support/leaks.ts";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { compileSync, features, HostFunc, type Imports, instantiateSync, t, Trap } from "@windlass/component";
import { tiers } from "../../abi/codegen/tiers.ts";
import type { AddressType } from "../../abi/types/core_values.ts";
import { numericArrays, type NumericView } from "../../abi/types/scalar_rules.ts";
import type { ValType } from "../../abi/types/types.ts";
import { hasLargeMemories } from "../support/engine.ts";
import { fixtureBytes } from "../support/fixtures.ts";
import { jspiTest } from "../support/jspi_test.ts";
import { echoComponent, echoOf } from "../support/echo.ts";
import { wideGates } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";
import { memory, small } from "./async/small.ts";
import { guest } from "./hostile_support.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const PAGE = 65536;

/** Runs a test with closures, and with code that is generated at once. */
function inBothTiers(name: string, run: (codegen: boolean) => void, possible = true): void {
  for (const codegen of [false, true]) {
    const fn = (): void => {
      const { warmCalls } = tiers;
      tiers.warmCalls = 0;
      try {
        run(codegen);
      } finally {
        tiers.warmCalls = warmCalls;
      }
    };
    const ignore = !possible || codegen && !features.codegen;
    Deno.test({ name: `${name}, ${codegen ? "generated code" : "closures"}`, ignore, fn });
  }
}

/** Whether an array is over the memory of a guest, and not over a copy. */
function isOverMemory({ buffer, length }: { buffer: ArrayBuffer; length: number }): boolean {
  return buffer.byteLength >= PAGE && buffer.byteLength % PAGE === 0 && length < PAGE;
}

const list = (kind: string): ValType => ({ kind: "list", element: { kind } as ValType });
const kinds = Object.keys(numericArrays) as NumericView[];
const isBig = (kind: NumericView): boolean => kind === "u64" || kind === "s64";

for (const address of ["i32", "i64"] satisfies AddressType[]) {
  const possible = address === "i32" || features.memory64;
  inBothTiers(`a list of each number type is seen in a memory of ${address}, and may be returned`, (codegen) => {
    for (const kind of kinds) {
      const options = { encodings: ["utf8"], addresses: [address] } as const;
      const component = compileSync(echoComponent(echoOf(list(kind)), options), { gates: wideGates, codegen });
      const views: Any[] = [];
      const type = t.func([t.view(t[kind])], t.list(t[kind]));
      // The allocator of the guest detaches the view before it is stored.
      const f = HostFunc.typed(type, (view: Any) => {
        assert(isOverMemory(view));
        views.push(view);
        return view;
      });
      const { exports } = instantiateSync(component, { f });
      const values = [1, 2, 127].map((value) => isBig(kind) ? BigInt(value) : value);
      for (const given of [values, [], numericArrays[kind].from(values)]) {
        const back = exports.f!(given);
        assertInstanceOf(back, numericArrays[kind]);
        assertEquals(Array.from(back as Any), Array.from(given as Any));
        assert(back.buffer.byteLength < PAGE, "the result is a copy");
        assertEquals(views.at(-1).length, 0, "the view is detached");
      }
    }
  }, possible);
}

inBothTiers("a view above 4 GiB is where the list is", (codegen) => {
  const options = { encodings: ["utf8"], addresses: ["i64"], above: 2 ** 32 } as const;
  const component = compileSync(echoComponent(echoOf(list("u16")), options), { gates: wideGates, codegen });
  let offset = 0;
  const f = HostFunc.typed(t.func([t.view(t.u16)], t.list(t.u16)), (view) => {
    offset = view.byteOffset;
    return [...view];
  });
  assertEquals(instantiateSync(component, { f }).exports.f!([1, 65535]), Uint16Array.of(1, 65535));
  assert(offset > 2 ** 32);
}, hasLargeMemories);

/** A guest that gives the host any range of its memory, as lists of bytes or of words. */
const ranges = await wat(guest({
  defs: `(import "bytes" (func $bytes' (param "x" (list u8)) (result u32)))
    (import "words" (func $words' (param "x" (list u32)) (result u32)))`,
  lowers: `(core func $bytes (canon lower (func $bytes') $options))
    (core func $words (canon lower (func $words') $options))`,
  needs: { bytes: "(param i32 i32) (result i32)", words: "(param i32 i32) (result i32)" },
  core: `(func (export "f") (param i32 i32) (result i32) (call $bytes (local.get 0) (local.get 1)))
    (func (export "w") (param i32 i32) (result i32) (call $words (local.get 0) (local.get 1)))`,
  f: `(param "ptr" u32) (param "length" u32) (result u32)`,
  more: `(func (export "w") (param "ptr" u32) (param "length" u32) (result u32) (canon lift (core func $m "w")))`,
}));
const length = { length: (view: { length: number }) => view.length };

function rangeGuest(codegen: boolean, limits = {}): Any {
  return instantiateSync(ranges, {
    bytes: HostFunc.typed(t.func([t.view(t.u8)], t.u32), length.length),
    words: HostFunc.typed(t.func([t.view(t.u32)], t.u32), length.length),
  }, { codegen, limits }).exports;
}

inBothTiers("views of no elements and of the whole memory are in bounds, and one more is not", (codegen) => {
  const guest = rangeGuest(codegen);
  assertEquals([guest.f(0, 0), guest.f(7, 0), guest.f(PAGE, 0), guest.w(PAGE, 0)], [0, 0, 0, 0]);
  assertEquals([guest.f(0, PAGE), guest.f(1, PAGE - 1), guest.w(0, PAGE / 4)], [PAGE, PAGE - 1, PAGE / 4]);
  const rows: [call: (guest: Any) => unknown, phrase: string][] = [
    [(guest) => guest.f(0, PAGE + 1), "param 1 `x` of import bytes: list pointer/length out of bounds of memory"],
    [(guest) => guest.f(PAGE + 1, 0), "param 1 `x` of import bytes: list pointer/length out of bounds of memory"],
    [(guest) => guest.f(-1 >>> 0, 2), "param 1 `x` of import bytes: list pointer/length out of bounds of memory"],
    [(guest) => guest.w(0, PAGE / 4 + 1), "param 1 `x` of import words: list pointer/length out of bounds of memory"],
    [(guest) => guest.w(2, 1), "param 1 `x` of import words: unaligned pointer"],
    [(guest) => guest.w(2, 0), "param 1 `x` of import words: unaligned pointer"],
  ];
  for (const [call, phrase] of rows) assertThrows(() => call(rangeGuest(codegen)), Trap, phrase);
});

inBothTiers("the bytes of a view count against the limit of a call", (codegen) => {
  const limits = { liftedBytes: 1000 };
  assertEquals(rangeGuest(codegen, limits).f(0, 1000), 1000);
  assertThrows(() => rangeGuest(codegen, limits).f(0, 1001), Trap, "liftedBytes");
});

inBothTiers("views are seen inside other values", (codegen) => {
  const u8s = list("u8"), f64s = list("f64");
  const type: ValType = {
    kind: "tuple",
    types: [
      { kind: "record", fields: [{ name: "a", type: u8s }, { name: "b", type: { kind: "string" } }] },
      { kind: "option", element: f64s },
      { kind: "list", element: u8s },
      { kind: "variant", cases: [{ name: "none", type: undefined }, { name: "some", type: u8s }] },
      { kind: "result", ok: u8s, err: undefined },
      { kind: "map", key: { kind: "u8" }, value: u8s },
      { kind: "fixed-list", element: u8s, length: 2 },
      u8s,
    ],
  };
  const bytes = t.view(t.u8);
  const schema = t.tuple([
    t.record({ a: bytes, b: t.string }),
    t.option(t.view(t.f64)),
    t.list(bytes),
    t.variant({ none: null, some: bytes }),
    t.result(bytes),
    t.map(t.u8, bytes),
    t.fixedList(bytes, 2),
    t.list(t.u8),
  ]);
  const component = compileSync(echoComponent(echoOf(type), { encodings: ["utf8"] }), { gates: wideGates, codegen });
  let seen = 0;
  const f = HostFunc.typed(t.func([schema], schema), (value) => {
    const [{ a }, b, [c, d], e, g, h, [i, j], copy] = value as Any;
    const views = [a, b, c, d, e.val, g.val, h.get(7), i, j];
    assertEquals(views.map(isOverMemory), views.map(() => true));
    assertEquals(isOverMemory(copy), false);
    assertEquals(new Set(views.map(({ buffer }) => buffer)).size, 1);
    seen++;
    return structuredClone(value);
  });
  const one = Uint8Array.of(1, 2), two = new Uint8Array(), three = Uint8Array.of(255);
  const value = [
    { a: one, b: "b" },
    Float64Array.of(0.5),
    [two, three],
    { tag: "some", val: one },
    { tag: "ok", val: three },
    new Map([[7, one]]),
    [one, two],
    three,
  ];
  const { exports } = instantiateSync(component, { f });
  assertEquals([exports.f!(value), exports.f!(value)], [value, value]);
  assertEquals(seen, 2);
});

inBothTiers("a function that takes its caller gets views, too", (codegen) => {
  const component = compileSync(echoComponent(echoOf(list("u8")), { encodings: ["utf8"] }), { codegen });
  const f = HostFunc.typed(t.func([t.view(t.u8)], t.list(t.u8)), (caller, view) => {
    assert(isOverMemory(view));
    return [(caller.data as Any).first, ...view];
  }, { caller: true });
  const { exports } = instantiateSync(component, { f }, { data: { first: 9 } });
  assertEquals(exports.f!([1, 2]), Uint8Array.of(9, 1, 2));
});

inBothTiers("guests that call each other copy; the host sees the memory of the one that calls it", (codegen) => {
  for (const fused of [false, true]) {
    const component = compileSync(echoComponent(echoOf(list("u32")), { encodings: ["utf8", "utf16"] }), {
      codegen,
      fused,
    });
    const f = HostFunc.typed(t.func([t.view(t.u32)], t.list(t.u32)), (view) => {
      assert(isOverMemory(view));
      return view;
    });
    assertEquals(instantiateSync(component, { f }).exports.f!([1, 2, 3]), Uint32Array.of(1, 2, 3));
  }
});

Deno.test("an import that is exported again gets a copy from JavaScript", async () => {
  const bytes = await wat(`(component (import "f" (func $f (param "x" (list u8)))) (export "g" (func $f)))`);
  let seen: Uint8Array | undefined;
  const f = HostFunc.typed(t.func([t.view(t.u8)]), (view) => void (seen = view));
  instantiateSync(bytes, { f }).exports.g!([1, 2]);
  assertEquals([seen, seen!.buffer.byteLength], [Uint8Array.of(1, 2), 2]);
});

Deno.test("a synchronous function that a task calls gets views", async () => {
  const component = await small({
    head: `(import "f" (func $f' (param "x" (list u8)) (result (list u8))))`,
    canons: {
      f: [`lower (func $f') ${memory}`, "(param i32 i32 i32)"],
      return: ["task.return (result u32)", "(param i32)"],
    },
    code: `(func (export "cb") (param i32 i32 i32) (result i32) unreachable)
      (func (export "go") (result i32)
      (i32.store8 (i32.const 1000) (i32.const 5)) (i32.store8 (i32.const 1001) (i32.const 6))
      (call $f (i32.const 1000) (i32.const 2) (i32.const 16))
      (call $return (i32.add (i32.load8_u (i32.load (i32.const 16))) (i32.load (i32.const 20))))
      (i32.const 0))`,
    exports: `(func (export "go") async (result u32)
      (canon lift (core func $m "go") async (callback (func $m "cb"))))`,
  });
  const f = HostFunc.typed(t.func([t.view(t.u8)], t.list(t.u8)), (view) => {
    assert(isOverMemory(view));
    return view.subarray(1);
  });
  const { exports } = instantiateSync(component, { f });
  for (let call = 0; call < 8; call++) assertEquals(await exports.go!(), 6 + 1);
});

Deno.test("a view is refused where it would be read later, and says why", async () => {
  const refused = async (text: string, func: HostFunc, message: string): Promise<void> => {
    const component = compileSync(await wat(`(component (import "f" (func ${text})))`));
    assertThrows(() => instantiateSync(component, { f: func } as Imports), TypeError, message);
  };
  const goesOn = "a function that is async or suspends goes on later; use t.list (import f)";
  const view = t.view(t.u8);
  await refused(`async (param "x" (list u8))`, HostFunc.typed(t.asyncFunc([view]), () => {}), goesOn);
  if (features.jspi) {
    await refused(`(param "x" (list u8))`, HostFunc.typed(t.func([view]), () => {}, { suspends: true }), goesOn);
  }
  const late = "a stream or future is read later; use t.list (import f)";
  await refused(
    `(param "x" (stream (list u8)))`,
    HostFunc.typed(t.func([t.stream(view as never)]), () => {}),
    late,
  );
  await refused(
    `(param "x" (option (future (list u8))))`,
    HostFunc.typed(t.func([t.option(t.future(view))]), () => {}),
    late,
  );
});

Deno.test("as the result of an export a view is refused unless it is read, as a parameter it is a list", () => {
  const bytes = echoComponent(echoOf(list("u8")), { encodings: ["utf8"] });
  const instance = instantiateSync(bytes, { f: (x: unknown) => x });
  const view = t.view(t.u8), copy = t.list(t.u8);
  assertThrows(() => instance.func("f", t.func([copy], view)), TypeError, "pass { read: (value) => … } or use t.list");
  assertEquals(instance.func("f", t.func([view], copy))([1, 2]), Uint8Array.of(1, 2));
});

/** A guest that gives three bytes, or an `err`, counts post-returns, and says so. */
const giving = `(component
  (core module $M (memory (export "m") 1) (global $freed (mut i32) (i32.const 0))
    (data (i32.const 16) "\\01\\02\\03")
    (func (export "f") (param i32) (result i32)
      (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (local.get 0)) (i32.const 0))
    (func (export "post") (param i32) (global.set $freed (i32.add (global.get $freed) (i32.const 1)))
      (i32.store8 (i32.const 16) (i32.const 99)))
    (func (export "r") (param i32) (result i32)
      (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (i32.const 16))
      (i32.store (i32.const 8) (i32.const 3)) (i32.const 0))
    (func (export "freed") (result i32) (global.get $freed)))
  (core instance $m (instantiate $M))
  (func (export "f") (param "n" u32) (result (list u8))
    (canon lift (core func $m "f") (memory $m "m") (post-return (func $m "post"))))
  (func (export "r") (param "n" u32) (result (result (list u8) (error (list u8))))
    (canon lift (core func $m "r") (memory $m "m") (post-return (func $m "post"))))
  (func (export "freed") (result u32) (canon lift (core func $m "freed"))))`;

Deno.test("the result of an export is read before the guest frees it", async () => {
  for (const codegen of [true, false]) {
    const instance = instantiateSync(await wat(giving), {}, { codegen }), { freed } = instance.exports;
    const seen: unknown[] = [];
    let kept: Uint8Array | undefined;
    const read = (view: Uint8Array) => {
      kept = view;
      seen.push([...view], freedNow());
      return view.length;
    };
    // The instance is entered while its result is read: a call is refused, and disturbs nothing.
    const freedNow = () => {
      try {
        return freed();
      } catch (error) {
        return (error as Any).code;
      }
    };
    const f = instance.func("f", t.func([t.u32], t.view(t.u8)), { read });
    assertEquals([f(3), seen, freed()], [3, [[1, 2, 3], "cannot-enter"], 1]);
    assertEquals(kept![0], 99); // it was a view: the guest has changed it since
    // An exception is the caller's, after the guest has freed its memory.
    const broken = new Error("no");
    const g = instance.func("f", t.func([t.u32], t.view(t.u8)), {
      read: () => {
        throw broken;
      },
    });
    assertEquals([assertThrows(() => g(3)), freed()], [broken, 2]);
    assertEquals([f(1), freed()], [1, 3]);
    // Beyond the memory is a trap, before anything is read.
    seen.length = 0;
    assertThrows(() => f(65536), Trap, "list pointer/length out of bounds of memory");
    assertEquals(seen, []);
  }
});

Deno.test("an err is thrown and not read; ok is read as its value", async () => {
  const instance = instantiateSync(await wat(giving), {});
  const type = t.func([t.u32], t.result(t.view(t.u8), t.list(t.u8)));
  let reads = 0;
  const r = instance.func("r", type, { read: (view) => (reads++, view.at(-1)) });
  assertEquals([r(0), reads], [3, 1]);
  const error = assertThrows(() => r(1)) as Any;
  assertEquals([[...error.payload], reads, instance.exports.freed()], [[99, 2, 3], 1, 2]);
});

jspiTest("a promising call has its result read, too", async () => {
  const instance = instantiateSync(await wat(giving), {});
  const read = (view: Uint8Array) => view.reduce((sum, byte) => sum + byte, 0);
  const f = instance.func("f", t.func([t.u32], t.view(t.u8)), { read, promising: true });
  assertEquals([await f(3), instance.exports.freed()], [6, 1]);
});

Deno.test("an import that is exported again has its result read in memory of ours", async () => {
  const bytes = await wat(`(component (import "f" (func $f (result (list u8)))) (export "g" (func $f)))`);
  const instance = instantiateSync(bytes, { f: () => [4, 5] });
  const g = instance.func("g", t.func([], t.view(t.u8)), { read: (view) => [...view] });
  assertEquals([g(), g()], [[4, 5], [4, 5]]);
});

Deno.test("what cannot be read is refused", async () => {
  const { func } = bound(instantiateSync(await wat(giving), {})), view = t.func([t.u32], t.view(t.u8));
  const read = () => 0;
  assertThrows(() => func("f", view, { read: 1 as Any }), TypeError, "the option `read` must be a function, found 1");
  const result = t.func([t.u32], t.result(t.list(t.u8), t.list(t.u8)));
  assertThrows(() => func("r", result, { read, throws: false } as Any), TypeError, "exclude each other");
  const none = instantiateSync(
    await wat(`(component (core module $M (func (export "f"))) (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f"))))`),
  );
  assertThrows(() => none.func("f", t.func([]), { read } as Any), TypeError, "needs a result to read (export f)");
  const tasks = instantiateSync(
    fixtureBytes("async"),
    { delay: async () => {} } as Any,
  );
  const sum = t.asyncFunc([t.stream(t.u8)], t.u32);
  assertThrows(
    () => tasks.func("sum", sum, { read } as Any),
    TypeError,
    "the option `read` is for synchronous functions",
  );
});

/** `func` of an instance, to be called by itself. */
const bound = (instance: Any) => ({ func: instance.func.bind(instance) });

Deno.test("a view matches a list of the same numbers only", async () => {
  const component = compileSync(await wat(`(component (import "f" (func (param "x" (list u8)))))`));
  const link = (element: "u16" | "s8") => () =>
    instantiateSync(component, { f: HostFunc.typed(t.func([t.view(t[element])]), () => {}) });
  for (const element of ["u16", "s8"] as const) assertThrows(link(element), WebAssembly.LinkError, "list element");
});

Deno.test("t.view() takes types of numbers", () => {
  for (const type of [t.bool, t.char, t.string, t.list(t.u8)] as Any[]) {
    assertThrows(() => t.view(type), TypeError, "t.view takes a type of numbers, found ");
  }
  assertThrows(() => t.view(undefined as Any), TypeError, "the element of t.view must be a schema");
});
