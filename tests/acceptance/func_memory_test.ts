// func.rs, values that travel through memory: their layout, and pointers that are misaligned or out
// of bounds.

import { assert, assertEquals } from "@std/assert";
import { instantiateSync, t } from "@windlass/component";
import { component, options } from "../support/wasm.ts";
import { assertLocked, assertTrap, assertUnreachable, call, lifting, littleEndian, pointed } from "./support.ts";

const utf8 = (text: string) => [...new TextEncoder().encode(text)];

// A result by pointer

const quad = "(tuple u8 s16 f32 f64)";
const tupleResult = await component(lifting(
  `(func (export "f") (param i32 i32 f32 f64) (result i32)
    (i32.store8 (i32.const 48) (local.get 0))
    (i32.store16 offset=2 (i32.const 48) (local.get 1))
    (f32.store offset=4 (i32.const 48) (local.get 2))
    (f64.store offset=8 (i32.const 48) (local.get 3))
    (i32.const 48))
  (func (export "at") (param i32) (result i32) (local.get 0))`,
  {
    f: ["f", `(param "a" u8) (param "b" s16) (param "c" f32) (param "d" f64) (result ${quad})`],
    at: ["at", `(param "pointer" u32) (result ${quad})`],
  },
));

Deno.test("func::tuple_result: a tuple comes back through the pointer that the guest returns", () => {
  const { exports } = instantiateSync(tupleResult);
  assertEquals(exports.f(200, -300, 0.5, 1e100), [200, -300, 0.5, 1e100]);
  assertEquals(exports.at(65536 - 16), [0, 0, 0, 0]);
});

for (const pointer of [65536 - 8, 65536, 0xffff_fff0, 0xffff_fff8]) {
  Deno.test(`func::tuple_result: a result of 16 bytes at 0x${pointer.toString(16)} traps, and locks the instance down`, () => {
    const made = instantiateSync(tupleResult);
    assertTrap(() => made.exports.at(pointer), "lift result of export at", "pointer-out-of-bounds");
    assertLocked(made, "at", "f");
  });
}

// More parameters than are flattened

const manyTypes = ["u16", "s64", "f32", "s8", "u8", "string", "(list u16)", "bool", "bool", "char"];
manyTypes.push("(list bool)", "(list char)", "(list string)");
const manyParams = await component(lifting(
  `(func (export "f") (param i32) (result i32)
    (i32.store (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (i32.mul (memory.size) (i32.const 65536)))
    (i32.store (i32.const 24) (local.get 0))
    (i32.const 16))`,
  { f: ["f", manyTypes.map((type, i) => `(param "p${i}" ${type})`).join(" ") + " (result (tuple (list u8) u32))"] },
));
const manyArgs = [
  0xbeef,
  -(2n ** 62n),
  -1.5,
  -100,
  0xa5,
  "thirteen words",
  new Uint16Array([1, 0x203, 0xffff]),
  true,
  false,
  "⚓",
  [true, false, false, true],
  ["🚢", "z", "é"],
  ["one line", "", "ein Tauende"],
] as const;

/**
 * Byte by byte what a guest finds for {@linkcode manyArgs}: 72 bytes, and what their pointers point
 * to.
 */
function checkMany(memory: Uint8Array, base: number): void {
  assertEquals(base % 8, 0);
  const params = memory.subarray(base, base + 72);
  /** Offsets of a pointer and a length each, which are checked below. */
  const ranges = [24, 32, 48, 56, 64];
  const bytes = Array.from(params, (byte, i) => ranges.some((at) => i >= at && i < at + 8) ? 0 : byte);
  assertEquals(bytes, [
    ...littleEndian(2, 0xbeef),
    ...[0, 0, 0, 0, 0, 0],
    ...littleEndian(8, -(2n ** 62n)),
    ...littleEndian(4, 0xbfc0_0000),
    ...[256 - 100, 0xa5, 0, 0],
    ...new Array(16).fill(0),
    ...[1, 0, 0, 0],
    ...littleEndian(4, 0x2693),
    ...new Array(24).fill(0),
  ]);
  const [text, units, bools, chars, texts] = ranges.map((
    at,
    i,
  ) => [...pointed(memory, base + at, [1, 2, 1, 4, 8][i]!)]);
  assertEquals(text, utf8("thirteen words"));
  assertEquals(units, littleEndian(2, 1, 0x203, 0xffff));
  assertEquals(bools, [1, 0, 0, 1]);
  assertEquals(chars, littleEndian(4, 0x1f6a2, 0x7a, 0xe9));
  assertEquals(texts!.length, 24);
  const elements = new DataView(memory.buffer).getUint32(base + 64, true);
  assertEquals(
    [0, 8, 16].map((at) => new TextDecoder().decode(pointed(memory, elements + at, 1))),
    ["one line", "", "ein Tauende"],
  );
}

const manySchema = [t.u16, t.s64, t.f32, t.s8, t.u8, t.string, t.list(t.u16), t.bool, t.bool, t.char] as const;
const restSchema = [t.list(t.bool), t.list(t.char), t.list(t.string)] as const;

Deno.test("func::many_parameters: 13 typed parameters lie in memory one behind the other, each aligned", () => {
  const type = t.func([...manySchema, ...restSchema], t.tuple([t.list(t.u8), t.u32]));
  checkMany(...instantiateSync(manyParams).func("f", type)(...manyArgs));
});

Deno.test("func::many_parameters_dynamic: the same, called by the component's own types", () => {
  const [memory, base] = instantiateSync(manyParams).exports.f(...manyArgs);
  checkMany(memory, base);
});

// A result of many fields

const escaped = (...bytes: readonly number[]) =>
  bytes.map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
const results = [
  ...littleEndian(2, 0xbeef),
  ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff], // padding may be anything
  ...littleEndian(8, -(2n ** 62n)),
  ...littleEndian(4, 0x7fc0_0001),
  ...[256 - 100, 0xa5, 0xff, 0xff],
  ...littleEndian(4, 512, 5),
  ...littleEndian(4, 528, 3),
  ...[1, 0, 0xff, 0xff],
  ...littleEndian(4, 0x2693),
  ...littleEndian(4, 536, 4),
  ...littleEndian(4, 544, 3),
  ...littleEndian(4, 560, 2),
];
const manyResults = await component(lifting(
  `(func (export "f") (result i32) (i32.const 256))
  (data (i32.const 256) "${escaped(...results)}")
  (data (i32.const 512) "winch")
  (data (i32.const 528) "${escaped(...littleEndian(2, 1, 0x203, 0xffff))}")
  (data (i32.const 536) "${escaped(1, 0, 0, 1)}")
  (data (i32.const 544) "${escaped(...littleEndian(4, 0x1f6a2, 0x7a, 0xe9))}")
  (data (i32.const 560) "${escaped(...littleEndian(4, 512, 3, 513, 4))}")`,
  { f: ["f", `(result (tuple ${manyTypes.join(" ")}))`] },
));
const manyValues = [
  0xbeef,
  -(2n ** 62n),
  NaN, // its payload cannot be seen in JS
  -100,
  0xa5,
  "winch",
  new Uint16Array([1, 0x203, 0xffff]),
  true,
  false,
  "⚓",
  [true, false, false, true],
  ["🚢", "z", "é"],
  ["win", "inch"],
];

Deno.test("func::many_results: a typed result of 13 fields is read from memory", () => {
  const made = instantiateSync(manyResults);
  assertEquals(made.func("f", t.func([], t.tuple([...manySchema, ...restSchema])))() as unknown, manyValues);
});

Deno.test("func::many_results_dynamic: the same, called by the component's own types", () => {
  assertEquals(instantiateSync(manyResults).exports.f(), manyValues);
});

// What `realloc` may give

const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
const nine = `${names.map((name) => `(param "${name}" string)`).join(" ")} (result u32)`;
const empty = names.map(() => "");

/**
 * A guest whose `realloc` is the given one; its functions return the first pointer that they get.
 */
function allocating(realloc: string): string {
  return `(component
    (core module $Libc (memory (export "memory") 1)
      (global $calls (mut i32) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        ${realloc})
      (func (export "two") (param i32 i32) (result i32) (local.get 0))
      (func (export "one") (param i32) (result i32) (local.get 0)))
    (core instance $libc (instantiate $Libc))
    (func (export "list") (param "x" (list u8)) (result u32) (canon lift (core func $libc "two") ${options}))
    (func (export "text") (param "x" string) (result u32) (canon lift (core func $libc "two") ${options}))
    (func (export "many") ${nine} (canon lift (core func $libc "one") ${options})))`;
}

const trapping = await component(allocating("unreachable"));
for (const [name, args] of [["list", [[]]], ["text", [""]], ["many", empty]] as const) {
  Deno.test(`func::some_traps: a realloc that traps is called for an empty ${name} too, and locks the instance down`, () => {
    const made = instantiateSync(trapping);
    assertUnreachable(
      () => call(made, name, ...args),
      `lower ${name === "many" ? "parameters" : "param 1 `x`"} of export ${name}`,
    );
    assertLocked(made, "list", "text", "many");
  });
}

const beyond = await component(allocating("(i32.const 0x3fff_ff00)"));
const atEnd = await component(allocating("(i32.const 65532)"));
const second = await component(allocating(
  "(if (result i32) (i32.eq (global.get $calls) (i32.const 1)) (then (i32.const 0)) (else (i32.const 90000)))",
));
const outOfBounds = [
  ["far beyond the end, nothing", beyond, "list", [[]], "param 1 `x`"],
  ["far beyond the end, a byte", beyond, "list", [[1]], "param 1 `x`"],
  ["far beyond the end, no character", beyond, "text", [""], "param 1 `x`"],
  ["far beyond the end, a character", beyond, "text", ["k"], "param 1 `x`"],
  ["far beyond the end, spilled parameters", beyond, "many", empty, "parameters"],
  ["4 bytes before the end, 5 bytes", atEnd, "list", [[5, 4, 3, 2, 1]], "param 1 `x`"],
  ["4 bytes before the end, 5 characters", atEnd, "text", ["crane"], "param 1 `x`"],
  ["4 bytes before the end, spilled parameters", atEnd, "many", empty, "parameters"],
  ["good once, then beyond the end, nothing", second, "many", empty, "param 1 `a`"],
  ["good once, then beyond the end, a character", second, "many", [...empty.slice(1), "k"], "param 1 `a`"],
] as const;
for (const [what, guest, name, args, place] of outOfBounds) {
  Deno.test(`func::some_traps: realloc ${what}: traps and locks the instance down`, () => {
    const made = instantiateSync(guest);
    assertTrap(() => call(made, name, ...args), `lower ${place} of export ${name}`, "realloc-out-of-bounds");
    assertLocked(made, name);
  });
}

Deno.test("func::some_traps: a range that ends where the memory ends is within it", () => {
  const made = instantiateSync(atEnd);
  for (const [name, arg] of [["list", []], ["list", [1, 2, 3, 4]], ["text", ""], ["text", "hook"]] as const) {
    assertEquals(call(made, name, arg), 65532);
  }
});

// What a guest may point to

const pointing = await component(lifting(
  `(func (export "at") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0))
    (i32.store (i32.const 20) (local.get 1))
    (i32.const 16))
  (func (export "pointer") (param i32) (result i32) (local.get 0))`,
  {
    bytes: ["at", '(param "pointer" u32) (param "length" u32) (result (list u8))'],
    words: ["at", '(param "pointer" u32) (param "length" u32) (result (list u32))'],
    text: ["at", '(param "pointer" u32) (param "length" u32) (result string)'],
    "text-by-pointer": ["pointer", '(param "pointer" u32) (result string)'],
    "words-by-pointer": ["pointer", '(param "pointer" u32) (result (list u32))'],
  },
));

for (const [name, code] of [["bytes", "list-out-of-bounds"], ["text", "string-out-of-bounds"]] as const) {
  for (const range of [[100_000, 1], [65536, 1], [65530, 7], [0xffff_ffff, 2], [8, 0xffff_ffff]] as const) {
    Deno.test(`func::string_list_oob: ${range[1]} ${name} at ${range[0]} trap, and lock the instance down`, () => {
      const made = instantiateSync(pointing);
      assertTrap(() => call(made, name, ...range), `lift result of export ${name}`, code);
      assertLocked(made, name);
    });
  }
}

Deno.test("func::fancy_list: a list of tuples of option and result has the layout of the canonical ABI", async () => {
  const made = instantiateSync(
    await component(lifting(
      `(func (export "f") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0))
        (i32.store (i32.const 20) (local.get 1))
        (i32.store (i32.const 24) (i32.const 0))
        (i32.store (i32.const 28) (i32.mul (memory.size) (i32.const 65536)))
        (i32.const 16))`,
      { f: ["f", '(param "x" (list (tuple (option u8) (result (error string))))) (result (tuple u32 u32 (list u8)))'] },
    )),
  );
  const [base, length, memory] = made.exports.f([
    [undefined, { tag: "ok" }],
    [7, { tag: "err", val: "the rope is too short" }],
    [250, { tag: "err", val: "" }],
    [undefined, { tag: "err", val: "ø" }],
  ]);
  assertEquals([base % 4, length], [0, 4]);
  const elements = Array.from({ length }, (_, i) => memory.subarray(base + 16 * i, base + 16 * i + 16));
  assertEquals(elements.map((bytes) => [bytes[0], bytes[4]]), [[0, 0], [1, 1], [1, 1], [0, 1]]);
  assertEquals([elements[1][1], elements[2][1]], [7, 250]);
  assertEquals(
    [1, 2, 3].map((i) => [...pointed(memory, base + 16 * i + 8, 1)]),
    [utf8("the rope is too short"), [], utf8("ø")],
  );
});

const misaligned = await component(allocating("(i32.const 1)"));
Deno.test("func::invalid_alignment: a misaligned realloc for spilled parameters traps, and locks the instance down", () => {
  const made = instantiateSync(misaligned);
  assertEquals(made.exports.text("any address will do for bytes"), 1);
  assertTrap(() => made.exports.many(...empty), "lower parameters of export many", "realloc-unaligned");
  assertLocked(made, "many", "text");
});

// Wasmtime says "return pointer not aligned" and "list pointer is not aligned"; here one phrase
// serves, with the place before it.
for (
  const [name, args] of [["text-by-pointer", [1]], ["words-by-pointer", [2]], ["words", [1, 1]], ["words", [
    6,
    0,
  ]]] as const
) {
  Deno.test(`func::invalid_alignment: ${name}(${args}) traps, and locks the instance down`, () => {
    const made = instantiateSync(pointing);
    assertTrap(() => call(made, name, ...args), `lift result of export ${name}`, "unaligned-pointer");
    assertLocked(made, name);
  });
}

// Lists of numbers

const arrays = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
};
const content = Uint8Array.from({ length: 32 }, (_, i) => (0xf8 + i) & 0xff);
const slices = await component(lifting(
  `(func (export "list") (param i32) (result i32)
    (i32.store (i32.const 16) (i32.const 64))
    (i32.store (i32.const 20) (local.get 0))
    (i32.const 16))
  (func (export "clear") (memory.fill (i32.const 64) (i32.const 0) (i32.const 32)) (drop (memory.grow (i32.const 1))))
  (data (i32.const 64) "${escaped(...content)}")`,
  {
    clear: ["clear", ""],
    ...Object.fromEntries(
      Object.keys(arrays).map((type) => [type, ["list", `(param "length" u32) (result (list ${type}))`]] as const),
    ),
  },
));

for (const [type, TypedArray] of Object.entries(arrays)) {
  Deno.test(`func::raw_slice_of_various_types: list<${type}> is a ${TypedArray.name} of the guest's bytes`, () => {
    const made = instantiateSync(slices);
    const list = made.exports[type](32 / TypedArray.BYTES_PER_ELEMENT);
    assert(list instanceof TypedArray);
    assertEquals(list.length, 32 / TypedArray.BYTES_PER_ELEMENT);
    const values = Array.from(list as Iterable<number | bigint>);
    assertEquals(littleEndian(TypedArray.BYTES_PER_ELEMENT as 1, ...values), [...content]);
    if (type.startsWith("s")) assert(values[0]! < 0); // each of the first eight bytes is above 0x7f
    else assert(values.every((value) => value >= 0));
    // Wasmtime's is a slice of the memory, borrowed with the store; nothing in JS could end such a
    // loan, so this is a copy.
    made.exports.clear();
    assertEquals(Array.from(list as Iterable<number | bigint>), values);
  });
}
