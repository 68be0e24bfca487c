// func.rs, values as parameters and results: what the guest gets for what the host gives, and the
// other way round.

import { assert, assertEquals } from "@std/assert";
import { ComponentError, err, instantiateSync, ok, t, ValueError } from "@windlass/component";
import { component, libc, thrown } from "../support/wasm.ts";
import { assertLocked, assertTrap, call, lifting, lifts } from "./support.ts";

/**
 * Core functions that pass values on: reinterpreted, or stored as they are and given back by
 * pointer.
 */
const passing = await component(`(component
  ${
  libc(`
    (func (export "as-is") (param i32) (result i32) (local.get 0))
    (func (export "as-is-64") (param i64) (result i64) (local.get 0))
    (func (export "extended") (param i32) (result i64) (i64.extend_i32_s (local.get 0)))
    (func (export "bits-of-f32") (param f32) (result i32) (i32.reinterpret_f32 (local.get 0)))
    (func (export "bits-of-f64") (param f64) (result i64) (i64.reinterpret_f64 (local.get 0)))
    (func (export "f32-of-bits") (param i32) (result f32) (f32.reinterpret_i32 (local.get 0)))
    (func (export "f64-of-bits") (param i64) (result f64) (f64.reinterpret_i64 (local.get 0)))
    (func (export "store-2") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16))
    (func (export "store-3") (param i32 i32 i32) (result i32)
      (i32.store (i32.const 24) (local.get 2))
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16))`)
}
  ${
  lifts(
    Object.fromEntries(["u8", "s8", "u16", "s16", "u32", "s32"].flatMap((type) => [
      [`${type}-to-core`, ["extended", `(param "x" ${type}) (result s64)`]],
      [`core-to-${type}`, ["as-is", `(param "x" s32) (result ${type})`]],
    ])),
  )
}
  ${
  lifts({
    "u64-to-core": ["as-is-64", '(param "x" u64) (result s64)'],
    "s64-to-core": ["as-is-64", '(param "x" s64) (result s64)'],
    "core-to-u64": ["as-is-64", '(param "x" s64) (result u64)'],
    "core-to-s64": ["as-is-64", '(param "x" s64) (result s64)'],
    "f32-to-bits": ["bits-of-f32", '(param "x" f32) (result u32)'],
    "f64-to-bits": ["bits-of-f64", '(param "x" f64) (result u64)'],
    "bits-to-f32": ["f32-of-bits", '(param "x" u32) (result f32)'],
    "bits-to-f64": ["f64-of-bits", '(param "x" u64) (result f64)'],
    "f32s-to-bits": ["store-2", '(param "x" (list f32)) (result (list u32))'],
    "bits-to-f32s": ["store-2", '(param "x" (list u32)) (result (list f32))'],
    "f64s-to-bits": ["store-2", '(param "x" (list f64)) (result (list u64))'],
    "bits-to-f64s": ["store-2", '(param "x" (list u64)) (result (list f64))'],
    "bool-to-core": ["as-is", '(param "x" bool) (result u32)'],
    "core-to-bool": ["as-is", '(param "x" u32) (result bool)'],
    "char-to-core": ["as-is", '(param "x" char) (result u32)'],
    "core-to-char": ["as-is", '(param "x" u32) (result char)'],
    "memory-to-bool-char": ["store-2", '(param "a" u32) (param "b" u32) (result (tuple bool char))'],
    "text-to-bytes": ["store-2", '(param "x" string) (result (list u8))'],
    "bytes-to-text": ["store-2", '(param "x" (list u8)) (result string)'],
    "text-to-units": ["store-2", '(param "x" string) (result (list u16))', "string-encoding=utf16"],
    "units-to-text": ["store-2", '(param "x" (list u16)) (result string)', "string-encoding=utf16"],
    "option-u8-to-core": ["store-2", '(param "x" (option u8)) (result (tuple u32 u32))'],
    "option-u32-to-core": ["store-2", '(param "x" (option u32)) (result (tuple u32 u32))'],
    "option-string-to-core": ["store-3", '(param "x" (option string)) (result (tuple u32 string))'],
    "core-to-option-u8": ["store-2", '(param "a" u32) (param "b" u32) (result (option u8))'],
    "core-to-option-u32": ["store-2", '(param "a" u32) (param "b" u32) (result (option u32))'],
    "core-to-option-string": ["store-3", '(param "a" u32) (param "b" string) (result (option string))'],
    "unit-to-core": ["as-is", '(param "x" (result)) (result u32)'],
    "u8-f32-to-core": ["store-2", '(param "x" (result u8 (error f32))) (result (tuple u32 u32))'],
    "string-bytes-to-core": ["store-3", '(param "x" (result string (error (list u8)))) (result (tuple u32 string))'],
    "core-to-unit": ["as-is", '(param "a" u32) (result (result))'],
    "core-to-s16-f32": ["store-2", '(param "a" u32) (param "b" u32) (result (result s16 (error f32)))'],
  })
})`);

/** Bit patterns of NaNs with payloads that no engine makes by itself. */
const NAN_32 = 0x7fc0_1234, NAN_64 = 0x7ff8_0000_0000_5678n;

/** What each integer type becomes in the guest. */
const integers: Record<string, readonly (readonly [value: number | bigint, core: bigint])[]> = {
  u8: [[0, 0n], [100, 100n], [255, 255n]],
  s8: [[100, 100n], [127, 127n], [-1, -1n], [-128, -128n]],
  u16: [[100, 100n], [65535, 65535n]],
  s16: [[100, 100n], [-1, -1n], [-32768, -32768n]],
  u32: [[100, 100n], [0x7fff_ffff, 0x7fff_ffffn], [0xffff_ffff, -1n]],
  s32: [[100, 100n], [-1, -1n], [-0x8000_0000, -0x8000_0000n]],
  u64: [[100n, 100n], [2n ** 64n - 1n, -1n]],
  s64: [[100n, 100n], [-1n, -1n], [-(2n ** 63n), -(2n ** 63n)]],
};

/** What a guest's core value becomes as each type: its low bits, with that type's sign. */
const truncated: Record<string, readonly (readonly [core: number | bigint, value: number | bigint])[]> = {
  u8: [[0, 0], [-1, 255], [100_000, 160], [0x180, 128]],
  s8: [[0, 0], [-1, -1], [100_000, -96], [0x180, -128]],
  u16: [[0, 0], [-1, 65535], [100_000, 34464], [0x1_8000, 32768]],
  s16: [[0, 0], [-1, -1], [100_000, -31072], [0x1_8000, -32768]],
  u32: [[0, 0], [-1, 0xffff_ffff], [100_000, 100_000]],
  s32: [[0, 0], [-1, -1], [100_000, 100_000]],
  u64: [[0n, 0n], [-1n, 2n ** 64n - 1n]],
  s64: [[0n, 0n], [-1n, -1n]],
};

Deno.test("func::integers: every integer type reaches the guest as its core value", () => {
  const made = instantiateSync(passing);
  for (const [type, cases] of Object.entries(integers)) {
    for (const [value, core] of cases) assertEquals(call(made, `${type}-to-core`, value), core, `${type} ${value}`);
  }
});

Deno.test("func::integers: a guest's core value is cut to the width and read with the sign of its type", () => {
  const made = instantiateSync(passing);
  for (const [type, cases] of Object.entries(truncated)) {
    for (const [core, value] of cases) assertEquals(call(made, `core-to-${type}`, core), value, `${type} ${core}`);
  }
});

Deno.test("func::floats: bits are kept both ways, but for those of a NaN", () => {
  const made = instantiateSync(passing);
  const cases32: readonly (readonly [number, number])[] = [
    [0, 0],
    [-0, 0x8000_0000],
    [1, 0x3f80_0000],
    [-2.5, 0xc020_0000],
    [2 ** -149, 1],
    [Infinity, 0x7f80_0000],
  ];
  for (const [value, bits] of cases32) {
    assertEquals(call(made, "f32-to-bits", value), bits);
    assert(Object.is(call(made, "bits-to-f32", bits), value), `${value}`); // assertEquals takes 0 for -0
  }
  const cases64: readonly (readonly [number, bigint])[] = [
    [-0, 0x8000_0000_0000_0000n],
    [1, 0x3ff0_0000_0000_0000n],
    [0.1, 0x3fb9_9999_9999_999an],
    [Number.MIN_VALUE, 1n],
    [-Infinity, 0xfff0_0000_0000_0000n],
  ];
  for (const [value, bits] of cases64) {
    assertEquals(call(made, "f64-to-bits", value), bits);
    assert(Object.is(call(made, "bits-to-f64", bits), value), `${value}`);
  }
  // In JS a number has no bits to be seen: any NaN is NaN, and becomes some quiet NaN again.
  assertEquals(call(made, "bits-to-f32", NAN_32), NaN);
  assertEquals(call(made, "bits-to-f64", NAN_64), NaN);
  assertEquals((call(made, "f32-to-bits", NaN) as number & 0x7fc0_0000) >>> 0, 0x7fc0_0000);
  assertEquals(call(made, "f64-to-bits", NaN) as bigint & 0x7ff8_0000_0000_0000n, 0x7ff8_0000_0000_0000n);
});

Deno.test("func::floats: in a list, NaN payloads are kept too", () => {
  const made = instantiateSync(passing);
  const bits32 = new Uint32Array([NAN_32, 0x3f80_0000]), bits64 = new BigUint64Array([NAN_64, 1n]);
  assertEquals(call(made, "f32s-to-bits", new Float32Array(bits32.buffer)), bits32);
  assertEquals(call(made, "f64s-to-bits", new Float64Array(bits64.buffer)), bits64);
  assertEquals(new Uint32Array((call(made, "bits-to-f32s", bits32) as Float32Array).buffer), bits32);
  assertEquals(new BigUint64Array((call(made, "bits-to-f64s", bits64) as Float64Array).buffer), bits64);
});

Deno.test("func::bools: false and true are 0 and 1; a guest's 0 is false, all else true", () => {
  const made = instantiateSync(passing);
  assertEquals([false, true].map((value) => call(made, "bool-to-core", value)), [0, 1]);
  assertEquals(
    [0, 1, 2, 0x100, 0xffff_ffff].map((core) => call(made, "core-to-bool", core)),
    [false, true, true, true, true],
  );
});

const badChars = [0xd800, 0xdfff, 0x11_0000, 0xffff_ffff];

Deno.test("func::chars: a char is its code point both ways", () => {
  const made = instantiateSync(passing);
  for (const char of ["w", "\0", "\t", "ß", "\ud7ff", "\ue000", "⚓", "🚢", "\u{10ffff}"]) {
    assertEquals(call(made, "char-to-core", char), char.codePointAt(0));
    assertEquals(call(made, "core-to-char", char.codePointAt(0)), char);
  }
});

for (const core of badChars) {
  Deno.test(`func::chars: 0x${core.toString(16)} from a guest is no char, and locks the instance down`, () => {
    const made = instantiateSync(passing);
    assertTrap(() => call(made, "core-to-char", core), "lift result of export core-to-char", "invalid-char");
    assertLocked(made, "core-to-char", "char-to-core");
  });
}

Deno.test("func::char_bool_memory: a bool and a char come out of memory", () => {
  const made = instantiateSync(passing);
  // Of the word at the bool's offset only the first byte counts.
  for (const [word, bool] of [[0, false], [1, true], [2, true], [0x100, false]] as const) {
    assertEquals(call(made, "memory-to-bool-char", word, 0x61), [bool, "a"]);
  }
  assertEquals(call(made, "memory-to-bool-char", 1, 0x1f6a2), [true, "🚢"]);
});

for (const core of badChars) {
  Deno.test(`func::char_bool_memory: 0x${core.toString(16)} in memory is no char, and locks the instance down`, () => {
    const made = instantiateSync(passing);
    const action = () => call(made, "memory-to-bool-char", 0, core);
    assertTrap(action, "lift result[1] of export memory-to-bool-char", "invalid-char");
    assertLocked(made, "memory-to-bool-char");
  });
}

Deno.test("func::strings: utf8 and utf16 hold the same text both ways", () => {
  const made = instantiateSync(passing);
  for (const text of ["", "bar", "heave ho", "⚓", "🚢", "Kräne 起重机 grúas"]) {
    const bytes = new TextEncoder().encode(text);
    const units = Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    assertEquals(call(made, "text-to-bytes", text), bytes);
    assertEquals(call(made, "bytes-to-text", bytes), text);
    assertEquals(call(made, "text-to-units", text), units);
    assertEquals(call(made, "units-to-text", units), text);
  }
});

const ascii = (text: string) => [...new TextEncoder().encode(text)];
const badStrings = {
  "one byte that is no UTF-8": ["bytes-to-text", [0xff], "invalid-utf8", "invalid utf-8 sequence"],
  "such a byte between others": [
    "bytes-to-text",
    [...ascii("fine up to "), 0xff, ...ascii(" and after")],
    "invalid-utf8",
    "invalid utf-8 sequence",
  ],
  "UTF-8 cut short": [
    "bytes-to-text",
    [...ascii("cut "), 0xe2, 0x9a],
    "invalid-utf8",
    "incomplete utf-8 byte sequence",
  ],
  "a surrogate in UTF-8": ["bytes-to-text", [0xed, 0xa0, 0x80], "invalid-utf8", "invalid utf-8 sequence"],
  "a lone high surrogate": ["units-to-text", [0xd800], "invalid-utf16", "d800"],
  "a lone low surrogate": ["units-to-text", [0xdfff], "invalid-utf16", "dfff"],
  "a high surrogate before something else": ["units-to-text", [0xd912, 0xe000], "invalid-utf16", "d912"],
} as const;
for (const [what, [name, values, code, detail]] of Object.entries(badStrings)) {
  // A JS string is made when it is lifted, so what is wrong with it ends the call; Wasmtime's
  // WasmStr is read, and refused, later.
  Deno.test(`func::strings: ${what} traps and locks the instance down`, () => {
    const made = instantiateSync(passing);
    assertTrap(() => call(made, name, values), `lift result of export ${name}`, code, detail);
    assertLocked(made, name);
  });
}

Deno.test("func::tuples: tuples among the parameters are flattened, and one of one is an array of one", async () => {
  const made = instantiateSync(
    await component(lifting(
      `(func (export "f") (param i32 f64 i32) (result i32)
        (i32.add (local.get 2)
          (i32.add (i32.mul (i32.const 1000) (local.get 0)) (i32.trunc_f64_s (f64.mul (f64.const 10) (local.get 1))))))`,
      { f: ["f", '(param "a" (tuple s32 f64)) (param "b" (tuple s8)) (result (tuple u16))'] },
    )),
  );
  assertEquals(made.exports.f([3, 4.5], [-7]), [3038]);
  assert(thrown(() => made.exports.f([3, 4.5], -7)) instanceof ValueError);
});

Deno.test("func::option: an option is a discriminant and a payload, for the guest and for the host", () => {
  const made = instantiateSync(passing);
  for (const name of ["option-u8-to-core", "option-u32-to-core"]) {
    assertEquals([undefined, 0, 77].map((value) => call(made, name, value)), [[0, 0], [1, 0], [1, 77]]);
  }
  assertEquals(
    [undefined, "", "rope"].map((value) => call(made, "option-string-to-core", value)),
    [[0, ""], [1, ""], [1, "rope"]],
  );
  assertEquals(
    [0x0000, 0x0001, 0xc801, 0xc800].map((word) => call(made, "core-to-option-u8", word, 0)),
    [undefined, 0, 0xc8, undefined],
  );
  assertEquals([[0, 5], [1, 0], [1, 0xfedc_ba98]].map((words) => call(made, "core-to-option-u32", ...words)), [
    undefined,
    0,
    0xfedc_ba98,
  ]);
  assertEquals(
    [[0, ""], [1, ""], [1, "hawser"]].map((args) => call(made, "core-to-option-string", ...args)),
    [undefined, "", "hawser"],
  );
});

for (const [name, args] of [["u8", [2, 0]], ["u32", [2, 0]], ["string", [2, ""]], ["u8", [0xff, 0]]] as const) {
  Deno.test(`func::option: discriminant ${args[0]} of option<${name}> traps and locks the instance down`, () => {
    const made = instantiateSync(passing);
    const path = `core-to-option-${name}`;
    assertTrap(() => call(made, path, ...args), `lift result of export ${path}`, "invalid-discriminant");
    assertLocked(made, path);
  });
}

Deno.test("func::expected: results reach the guest as a discriminant and a payload", () => {
  const made = instantiateSync(passing);
  assertEquals([ok(), err(), { tag: "err" }].map((value) => call(made, "unit-to-core", value)), [0, 1, 1]);
  assertEquals(call(made, "u8-f32-to-core", ok(9)), [0, 9]);
  assertEquals(call(made, "u8-f32-to-core", err(-2)), [1, 0xc000_0000]);
  assertEquals(call(made, "string-bytes-to-core", ok("hoist")), [0, "hoist"]);
  assertEquals(call(made, "string-bytes-to-core", err(new Uint8Array(ascii("lower")))), [1, "lower"]);
});

Deno.test("func::expected: a guest's result is a value or an exception, or a Result if asked for", () => {
  const made = instantiateSync(passing);
  const unit = made.func("core-to-unit", t.func([t.u32], t.result()), { throws: false });
  assertEquals([unit(0), unit(1)], [ok(undefined), err(undefined)]);
  assertEquals(call(made, "core-to-unit", 0), undefined);
  const nothing = thrown(() => call(made, "core-to-unit", 1));
  assert(nothing instanceof ComponentError);
  assertEquals(nothing.payload, undefined);

  const type = t.func([t.u32, t.u32], t.result(t.s16, t.f32));
  const mixed = made.func("core-to-s16-f32", type, { throws: false });
  assertEquals([mixed(0, 0), mixed(0, 200), mixed(0, 0xffff)], [ok(0), ok(200), ok(-1)]);
  assertEquals([mixed(1, 0x3f80_0000), mixed(1, NAN_32)], [err(1), err(NaN)]); // the NaN's bits cannot be seen in JS
  assertEquals(thrown(() => made.func("core-to-s16-f32", type)(1, 0xc000_0000)).payload, -2);
});

for (const [name, args] of [["core-to-unit", [2]], ["core-to-s16-f32", [2, 0]]] as const) {
  Deno.test(`func::expected: discriminant 2 of ${name} traps and locks the instance down`, () => {
    const made = instantiateSync(passing);
    assertTrap(() => call(made, name, ...args), `lift result of export ${name}`, "invalid-discriminant");
    assertLocked(made, name);
  });
}
