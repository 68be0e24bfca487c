// Values without types written down: plain calls of exports, and what a component tells of its own
// types. Behaviours of dynamic.rs, tests/README.md; there a value carries its type, here it is a
// plain JS value that must fit the component's.

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type Instance, instantiateSync, Linker, t, type ValType } from "@windlass/component";
import { assertFails, component, instance, libc, options, thrown } from "../support/wasm.ts";
import { as, echo, item, named } from "./linking_support.ts";

// deno-lint-ignore no-explicit-any
type Echo = (...args: unknown[]) => any;

const echoOf = async (...args: Parameters<typeof echo>): Promise<Echo> => (await instance(echo(...args))).exports.echo;

/** Asserts that `echo` refuses a value, says where and why, and can be called again. */
function refuses(call: Echo, value: unknown, place: string, phrase: string, good: unknown): void {
  assertFails(() => call(value), "ValueError", `Cannot lower param 1 \`x\`${place} of export echo: ${phrase}`);
  assertEquals(call(good), good);
}

// Scalars, strings, lists.

Deno.test("dynamic::primitives: every primitive comes back as it went in", async () => {
  const cases: readonly (readonly [string, string, readonly unknown[]])[] = [
    ["bool", "i32@0", [true, false]],
    ["s8", "i32@0", [-128, -7, 127]],
    ["u8", "i32@0", [0, 7, 255]],
    ["s16", "i32@0", [-32768, 32767]],
    ["u16", "i32@0", [0, 65535]],
    ["s32", "i32@0", [-2147483648, 2147483647]],
    ["u32", "i32@0", [0, 4294967295]],
    ["s64", "i64@0", [-(2n ** 63n), 2n ** 63n - 1n]],
    ["u64", "i64@0", [0n, 2n ** 64n - 1n]],
    ["f32", "f32@0", [1.5, -0, Infinity, NaN]],
    ["f64", "f64@0", [2.25, -0, -Infinity, NaN]],
    ["char", "i32@0", ["a", "\0", "🦦"]],
  ];
  for (const [type, layout, values] of cases) {
    const call = await echoOf(type, layout);
    for (const value of values) assertEquals(call(value), value, type);
  }
});

Deno.test("dynamic::primitives: a value of another type is refused", async () => {
  const call = await echoOf("f64", "f64@0");
  refuses(call, 42n, "", "expected f64, found 42n", 0.5);
  refuses(call, "1", "", 'expected f64, found "1"', 0.5);
});

// JS: a missing argument is `undefined`, which is a value like any other; what is passed beyond the
// parameters is ignored, as functions do; a call gives its result back, so that there is no number
// of results to get wrong.
Deno.test("dynamic::primitives: a missing argument does not fit, a further one is ignored", async () => {
  const call = await echoOf("f64", "f64@0");
  assertFails(() => call(), "ValueError", "Cannot lower param 1 `x` of export echo: expected f64, found undefined");
  assertEquals(call(0.5, 0.25), 0.5);
});

Deno.test("dynamic::strings: a string comes back as it went in", async () => {
  const call = await echoOf("string", "i32@0 i32@4");
  for (const value of ["", "a windlass", "naïve 🦦 ☃\0"]) assertEquals(call(value), value);
});

Deno.test("dynamic::lists: a list comes back, an element of another type is refused by its index", async () => {
  const call = await echoOf("(list u32)", "i32@0 i32@4");
  const good = Uint32Array.of(7, 0, 4294967295);
  assertEquals(call([7, 0, 4294967295]), good);
  refuses(call, [7, 0, 3.5], "[2]", "expected u32, found 3.5", good);
  refuses(call, [7, "0"], "[1]", 'expected u32, found "0"', good);
});

// Maps.

const WORDS = ["(map u32 string)", "i32@0 i32@4"] as const;

Deno.test("dynamic::maps: a map comes back; a wrong key or value is refused by its place", async () => {
  const call = await echoOf(...WORDS);
  const good = new Map([[1, "one"], [20, "twenty"], [300, ""]]);
  assertEquals(call(good), good);
  assertEquals(call([...good]), good);
  assertEquals(call(new Map()), new Map());
  refuses(call, new Map([["key", "value"]]), "[0][0]", 'expected u32, found "key"', good);
  refuses(call, new Map<unknown, unknown>([[1, "one"], [2, 42]]), "[1][1]", "expected string, found 42", good);
  assertEquals(thrown(() => call({ 1: "one" })).code, "type-mismatch");
});

Deno.test("dynamic::maps_complex_types: the values of a map may be lists", async () => {
  const call = await echoOf("(map string (list u32))", "i32@0 i32@4");
  const map = new Map([["primes", Uint32Array.of(2, 3, 5)], ["none", Uint32Array.of()]]);
  assertEquals(call(map), map);
  assertEquals(call([["primes", [2, 3, 5]], ["none", []]]), map);
});

// JS: what is lifted is a plain Map, so equality is the caller's: the same entries make equal Maps,
// in whatever form they were given.
Deno.test("dynamic::maps_equality: maps with the same entries are equal, others are not", async () => {
  const call = await echoOf(...WORDS);
  const entries = [[1, "one"], [2, "two"]] as const;
  const lifted = call(new Map(entries));
  assert(lifted instanceof Map);
  assertEquals(lifted, call(entries));
  assertEquals(lifted, call(new Map(entries).entries()));
  assertEquals(call([]), call(new Map()));
  assertNotEquals(lifted, call([[1, "other"], [2, "two"]]));
  assertNotEquals(lifted, call([[3, "one"], [2, "two"]]));
});

// JS: a Map has no duplicates, so the last of them wins when lifting. A guest gets all the entries
// that an iterable gives.
Deno.test("dynamic::maps_duplicate_keys: the guest gets every entry, a Map keeps the last of a key", async () => {
  const entries = [[1, "first"], [1, "last"], [2, "two"]];
  assertEquals((await echoOf(...WORDS))(entries), new Map([[1, "last"], [2, "two"]]));
  const seen = await echoOf(...WORDS, "", "(list (tuple u32 string))");
  assertEquals(seen(entries), entries);
});

Deno.test("dynamic::maps_all_primitive_types: every primitive is a value, and all but floats are keys", async () => {
  const values: Readonly<Record<string, readonly [unknown, unknown]>> = {
    bool: [true, false],
    s8: [-128, 127],
    u8: [0, 255],
    s16: [-32768, 32767],
    u16: [0, 65535],
    s32: [-2147483648, 2147483647],
    u32: [0, 4294967295],
    s64: [-(2n ** 63n), 2n ** 63n - 1n],
    u64: [0n, 2n ** 64n - 1n],
    f32: [0.5, -0.25],
    f64: [1e300, -1e-300],
    char: ["a", "🦦"],
    string: ["one", ""],
  };
  for (const [type, [one, two]] of Object.entries(values)) {
    const asValue = new Map([[1, one], [2, two]]), asKey = new Map([[one, 1], [two, 2]]);
    assertEquals((await echoOf(`(map u32 ${type})`, "i32@0 i32@4"))(asValue), asValue, type);
    if (type.startsWith("f")) continue;
    assertEquals((await echoOf(`(map ${type} u32)`, "i32@0 i32@4"))(asKey), asKey, type);
  }
});

Deno.test("dynamic::maps_alignment: a value lies at the next multiple of its own alignment", async () => {
  const loads: Readonly<Record<string, string>> = { u32: "i32.load", u64: "i64.load" };
  const cases = [
    ["u8", "u64", 16, 8, 2n ** 63n],
    ["u32", "u64", 16, 8, 5n],
    ["u8", "u32", 8, 4, 4294967295],
    ["u16", "u64", 16, 8, 7n],
    ["u64", "u32", 16, 8, 9],
  ] as const;
  for (const [key, value, size, offset, second] of cases) {
    // The guest reads the second value where it must lie, and the host reads the same bytes back.
    const { exports } = await instance(`(component
      ${
      libc(`(func (export "second") (param i32 i32) (result ${value === "u64" ? "i64" : "i32"})
        (${loads[value]} offset=${size + offset} (local.get 0)))`)
    }
      (func (export "second") (param "x" (map ${key} ${value})) (result ${value})
        (canon lift (core func $libc "second") ${options})))`);
    const big = value === "u64" ? BigInt : Number, bigKey = key === "u64" ? BigInt : Number;
    const map = new Map<unknown, unknown>([[bigKey(1), big(100)], [bigKey(2), second], [bigKey(3), big(300)]]);
    assertEquals(exports.second(map), second, `${key} ${value}`);
    assertEquals((await echoOf(`(map ${key} ${value})`, "i32@0 i32@4"))(map), map, `${key} ${value}`);
  }
});

Deno.test("dynamic::maps_large: a hundred entries keep their order", async () => {
  const map = new Map(Array.from({ length: 100 }, (_, i) => [i * 7 % 100, `value ${i}`]));
  const lifted = (await echoOf(...WORDS))(map) as Map<number, string>;
  assertEquals([...lifted], [...map]);
});

// Records, variants, flags.

const INNER = named("inner", `(record (field "is-set" bool) (field "count" u32))`);

Deno.test("dynamic::records: a nested record comes back, and what does not fit names the field", async () => {
  const call = await echoOf(
    `(record (field "id" u32) (field "half" f64) (field "inner" $inner))`,
    "i32@0 f64@8 u8@16 i32@20",
    INNER,
  );
  const good = { id: 9, half: 0.5, inner: { isSet: true, count: 4294967295 } };
  assertEquals(call(good), good);
  refuses(call, { ...good, id: -9 }, ".id", "expected u32, found -9", good);
  refuses(call, { ...good, inner: { isSet: 1, count: 0 } }, ".inner.isSet", "expected bool, found 1", good);
  refuses(call, { ...good, inner: [] }, ".inner.isSet", "missing field, expected bool", good);
});

// JS: an object may carry more than the record has fields, and the rest is not looked at.
Deno.test("dynamic::records: a missing field is refused, a further one is ignored", async () => {
  const call = await echoOf(
    `(record (field "id" u32) (field "half" f64) (field "inner" $inner))`,
    "i32@0 f64@8 u8@16 i32@20",
    INNER,
  );
  const good = { id: 9, half: 0.5, inner: { isSet: true, count: 1 } };
  refuses(call, { id: 9, half: 0.5 }, ".inner", "missing field, expected record { is-set: bool, count: u32 }", good);
  assertEquals(call({ ...good, more: true }), good);
});

const SHAPE = `(variant (case "side" u32) (case "radius" f64) (case "both" $inner) (case "none"))`;
const SHAPE_WIT = "variant { side(u32), radius(f64), both(record { is-set: bool, count: u32 }), none }";

Deno.test("dynamic::variants: each case comes back, its payload at the alignment of the widest", async () => {
  const ofF64 = await echoOf(SHAPE, "u8@0 i64@8 i32", INNER);
  for (const good of [{ tag: "radius", val: 0.25 }, { tag: "side", val: 7 }, { tag: "none" }]) {
    assertEquals(ofF64(good), good);
  }
  // The same flat values, but those of `both`: a byte and an i32 that starts 4 bytes after it.
  const ofBoth = await echoOf(SHAPE, "u8@0 i64@8 i32@12", INNER);
  const both = { tag: "both", val: { isSet: true, count: 4294967295 } };
  assertEquals(ofBoth(both), both);
});

Deno.test("dynamic::variants: a wrong or missing payload and an unknown case are refused", async () => {
  const call = await echoOf(SHAPE, "u8@0 i64@8 i32", INNER);
  const good = { tag: "radius", val: 0.25 };
  refuses(call, { tag: "radius", val: 7n }, ".radius", "expected f64, found 7n", good);
  refuses(call, { tag: "radius" }, ".radius", "expected f64, found undefined", good);
  refuses(call, { tag: "none", val: 1 }, "", "unexpected payload for case `none`", good);
  for (const value of [{ tag: "area", val: 1 }, { tag: "area" }]) {
    refuses(call, value, "", `unknown variant case \`area\`, expected ${SHAPE_WIT}`, good);
  }
});

Deno.test("dynamic::variants: what follows a variant in a record lies behind its widest case", async () => {
  const call = await echoOf(
    `(record (field "shape" $shape) (field "after" u32))`,
    "u8@0 i64@8 i32 i32@16",
    INNER + named("shape", SHAPE),
  );
  for (const shape of [{ tag: "side", val: 314 }, { tag: "radius", val: 0.125 }]) {
    assertEquals(call({ shape, after: 628 }), { shape, after: 628 });
  }
});

Deno.test("dynamic::flags: flags come back as booleans, an unknown one is refused", async () => {
  const call = await echoOf(`(flags "read" "write" "run" "set-uid" "tidy")`, "i32@0");
  const none = { read: false, write: false, run: false, setUid: false, tidy: false };
  assertEquals(call({ write: true, setUid: true }), { ...none, write: true, setUid: true });
  assertEquals(call({}), none);
  const expected = "flags { read, write, run, set-uid, tidy }";
  refuses(call, { write: true, sync: true }, "", `unknown flag \`sync\`, expected ${expected}`, none);
});

// One row per field: its name, type, a value, and how and where the guest finds that in memory.
const FIELDS: readonly (readonly [string, string, unknown, string?])[] = [
  ["a-u32", "u32", 4294967295, "i32.load offset=0"],
  ["an-enum", "$color", "dark-green", "i32.load8_u offset=4"],
  ["a-record", "$inner", { isSet: false, count: 7 }],
  ["a-list", "(list $perms)", [{ canRead: true, run: false }, { canRead: false, run: true }]],
  ["a-variant", "$shape", { tag: "radius", val: 0.5 }],
  ["an-s8", "s8", -42, "i32.load8_s offset=40"],
  ["an-s16", "s16", -4242, "i32.load16_s offset=42"],
  ["an-s32", "s32", -42424242, "i32.load offset=44"],
  ["an-s64", "s64", -424242424242424242n, "i64.load offset=48"],
  ["an-f32", "f32", 0.125, "f32.load offset=56"],
  ["an-f64", "f64", 1e100, "f64.load offset=64"],
  ["a-string", "string", "wöw"],
  ["a-char", "char", "🦦", "i32.load offset=80"],
  ["a-tuple", "(tuple u32 u32)", [42, 24]],
  ["an-option", "(option u32)", undefined],
  ["a-result", "(result string (error string))", { tag: "err", val: "a problem" }],
];
const FIELD_TYPES = `(record ${FIELDS.map(([name, type]) => `(field "${name}" ${type})`).join(" ")})`;
const FIELD_DEFS = [
  INNER,
  named("color", `(enum "red" "dark-green")`),
  named("perms", `(flags "can-read" "run")`),
  named("shape", SHAPE),
].join("");
const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const EVERYTHING = Object.fromEntries(FIELDS.map(([name, , value]) => [camel(name), value]));

Deno.test("dynamic::everything: a record of 16 fields is passed in memory", async () => {
  const call = await echoOf(FIELD_TYPES, Array(25).fill("i32").join(" "), FIELD_DEFS);
  assertEquals(call(EVERYTHING), EVERYTHING);
  const full = { ...EVERYTHING, anOption: 7, aResult: { tag: "ok", val: "" } };
  assertEquals(call(full), full);
  refuses(call, { ...full, aTuple: [1, -1] }, ".aTuple[1]", "expected u32, found -1", full);
});

Deno.test("dynamic::everything: the guest finds each field where the canonical ABI puts it", async () => {
  const looked = FIELDS.filter(([, , , load]) => load !== undefined);
  const core = looked.map(([name, , , load]) =>
    `(func (export "${name}") (param i32) (result ${load!.slice(0, 3)}) (${load} (local.get 0)))`
  );
  const lifted = looked.map(([name, type]) =>
    `(func (export "get-${name}") (param "x" $x) (result ${type}) (canon lift (core func $libc "${name}") ${options}))`
  );
  const { exports } = await instance(
    `(component ${FIELD_DEFS} ${named("x", FIELD_TYPES)} ${libc(core.join("\n"))} ${lifted.join("\n")})`,
  );
  for (const [name, , value] of looked) assertEquals(exports[camel(`get-${name}`)](EVERYTHING), value, name);
});

// Reflection.

const WORLD = `(component
  (import "file" (type $file (sub resource)))
  (import "nothing" (instance $nothing))
  (import "some" (instance $some (export "m" (core module (import "e" "f" (func)) (export "g" (func))))))
  (import "open" (func (param "path" string) (param "again" bool) (result (own $file))))
  (alias export $some "m" (core module $m))
  (component $Outer
    (component $Inner (export "m" (core module $m)))
    (instance $inner (instantiate $Inner))
    (export "inner" (instance $inner)))
  (instance $outer (instantiate $Outer))
  (export "outer" (instance $outer))
  (export "nothing-again" (instance $nothing))
  (export "some-again" (instance $some))
  ${named("color", `(enum "red" "dark-green")`)}
  ${named("inner", `(record (field "is-set" bool) (field "count" u32))`)}
  ${named("perms", `(flags "can-read" "run")`)}
  ${named("shape", `(variant (case "side" u32) (case "both" $inner) (case "none"))`)}
  ${
  named(
    "all",
    `(record (field "color" $color) (field "list" (list $perms)) (field "shape" $shape) (field "long" s64)
      (field "text" string) (field "pair" (tuple u8 char)) (field "maybe" (option u32))
      (field "outcome" (result string (error $color))) (field "unit" (result)) (field "file" (own $file)) (field "words" (map u32 string)))`,
  )
}
  ${libc(`(func (export "f") (param i32) (result i32) (local.get 0)) (func (export "g") (param i32))`)}
  (func (export "convert") (param "x" (option $all)) (result (option (tuple u32 u32)))
    (canon lift (core func $libc "f") ${options}))
  (func (export "lend") (param "file" (borrow $file)) (canon lift (core func $libc "g"))))`;

Deno.test("dynamic::introspection: names and order of what is imported and exported", async () => {
  const { imports, exports } = await component(WORLD);
  assertEquals(imports.map(({ name, type }) => `${name}: ${type.kind}`), [
    "file: type",
    "nothing: instance",
    "some: instance",
    "open: func",
  ]);
  assertEquals(exports.map(({ name, type }) => `${name}: ${type.kind}`), [
    "outer: instance",
    "nothing-again: instance",
    "some-again: instance",
    "color: type",
    "inner: type",
    "perms: type",
    "shape: type",
    "all: type",
    "convert: func",
    "lend: func",
  ]);
});

Deno.test("dynamic::introspection: instances nest, and hold core modules", async () => {
  const { imports, exports } = await component(WORLD);
  assertEquals(as(item(imports, "nothing"), "instance").exports, []);
  assertEquals(as(item(exports, "nothing-again"), "instance").exports, []);
  const outer = as(item(exports, "outer"), "instance");
  assertEquals(outer.exports.map(({ name }) => name), ["inner"]);
  for (
    const holder of [item(imports, "some"), item(exports, "some-again"), item(outer.exports, "inner")]
  ) assertEquals(as(holder, "instance").exports.map(({ name, type }) => `${name}: ${type.kind}`), ["m: module"]);
});

Deno.test("dynamic::introspection: a core module tells how many imports and exports it has", async () => {
  const { imports, exports } = await component(WORLD);
  const { exports: inner } = as(item(as(item(exports, "outer"), "instance").exports, "inner"), "instance");
  for (const items of [as(item(imports, "some"), "instance").exports, inner]) {
    const module = as(item(items, "m"), "module");
    assertEquals([module.imports.length, module.exports.length], [1, 1]);
  }
  const { exports: [own] } = await component(
    `(component (core module $m (memory (export "x") 1)) (export "m" (core module $m)))`,
  );
  assertEquals(as(own!.type, "module").exports.length, 1);
});

Deno.test("dynamic::introspection: every composite type is told in full, named ones by what they are", async () => {
  const { imports, exports } = await component(WORLD);
  const types = Object.fromEntries(
    ["color", "inner", "perms", "shape", "all"].map((name) => [name, as(item(exports, name), "type").type as ValType]),
  );
  const file = as(as(item(imports, "file"), "type").type, "resource");
  assertEquals(types.color, { kind: "enum", names: ["red", "dark-green"] });
  assertEquals(types.perms, { kind: "flags", names: ["can-read", "run"] });
  assertEquals(types.inner, {
    kind: "record",
    fields: [{ name: "is-set", type: { kind: "bool" } }, { name: "count", type: { kind: "u32" } }],
  });
  assertEquals(types.shape, {
    kind: "variant",
    cases: [
      { name: "side", type: { kind: "u32" } },
      { name: "both", type: types.inner },
      { name: "none", type: undefined },
    ],
  } as ValType);
  const fields = as(types.all!, "record").fields;
  assertEquals(Object.fromEntries(fields.map(({ name, type }) => [name, type])) as unknown, {
    color: types.color,
    list: { kind: "list", element: types.perms },
    shape: types.shape,
    long: { kind: "s64" },
    text: { kind: "string" },
    pair: { kind: "tuple", types: [{ kind: "u8" }, { kind: "char" }] },
    maybe: { kind: "option", element: { kind: "u32" } },
    outcome: { kind: "result", ok: { kind: "string" }, err: types.color },
    unit: { kind: "result", ok: undefined, err: undefined },
    file: { kind: "own", resource: file },
    words: { kind: "map", key: { kind: "u32" }, value: { kind: "string" } },
  });
  assertEquals(fields.map(({ name }) => name).join(), "color,list,shape,long,text,pair,maybe,outcome,unit,file,words");
  assert(as(fields[9]!.type, "own").resource === file);
});

Deno.test("dynamic::introspection: functions tell their parameters and result", async () => {
  const { imports, exports } = await component(WORLD);
  const file = as(as(item(imports, "file"), "type").type, "resource");
  const open = as(item(imports, "open"), "func").type;
  assertEquals(open.params, [{ name: "path", type: { kind: "string" } }, { name: "again", type: { kind: "bool" } }]);
  assert(as(open.result!, "own").resource === file);
  assertEquals(open.async, false);
  const convert = as(item(exports, "convert"), "func").type;
  assertEquals(convert.params.map(({ name }) => name), ["x"]);
  assertEquals(as(convert.params[0]!.type, "option").element, as(item(exports, "all"), "type").type as ValType);
  assertEquals(convert.result, {
    kind: "option",
    element: { kind: "tuple", types: [{ kind: "u32" }, { kind: "u32" }] },
  });
  const lend = as(item(exports, "lend"), "func").type;
  assert(as(lend.params[0]!.type, "borrow").resource === file);
  assertEquals(lend.result, undefined);
});

// JS: the component tells its types with or without a linker; linking does not change what it
// tells, a class is found on the instance.
Deno.test("dynamic::introspection: the component tells the same before and after it is linked", async () => {
  const world = await component(WORLD);
  const [{ imports, exports }, before] = [world, JSON.stringify([world.imports, world.exports])];
  class File {}
  const linker = new Linker().resource("file", File).func("open", () => new File());
  linker.instance("nothing");
  const { modules: [module] } = await component(
    `(component (core module (import "e" "f" (func $f)) (export "g" (func $f))))`,
  );
  linker.instance("some").module("m", module!);
  const running = linker.link(world).instantiateSync();
  assertEquals(JSON.stringify([world.imports, world.exports]), before);
  assert(running.exports.outer.inner.m === module && running.exports["some-again"].m === module);
  assert(as(item(imports, "file"), "type").type === as(item(world.imports, "file"), "type").type);
  assertEquals(exports.length, 10);
});

Deno.test("dynamic::substituted_component_type_with_exported_resource: own and borrow of it name one type", async () => {
  const { imports, exports } = await component(`(component
    (type $T (resource (rep i32)))
    (export $t "t" (type $T))
    (core func $new (canon resource.new $T))
    (core module $M (func (export "use") (param i32)))
    (core instance $m (instantiate $M))
    (func (export "[constructor]t") (param "rep" u32) (result (own $t)) (canon lift (core func $new)))
    (func (export "[method]t.use") (param "self" (borrow $t)) (canon lift (core func $m "use"))))`);
  assertEquals(imports, []);
  assertEquals(exports.map(({ name }) => name), ["t", "[constructor]t", "[method]t.use"]);
  const resource = as(as(item(exports, "t"), "type").type, "resource");
  const make = as(item(exports, "[constructor]t"), "func").type;
  assertEquals(make.params, [{ name: "rep", type: { kind: "u32" } }]);
  assert(as(make.result!, "own").resource === resource);
  const use = as(item(exports, "[method]t.use"), "func").type;
  assert(as(use.params[0]!.type, "borrow").resource === resource);
  assertEquals(use.result, undefined);
});

// Bits that are no flags.

const BITS = `(component
  ${named("f", `(flags "a" "b")`)}
  (core module $M (func (export "run") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $M))
  (func (export "run") (param "bits" u32) (result $f) (canon lift (core func $m "run"))))`;

Deno.test("dynamic::flags_beyond_end: bits beyond the last flag are ignored when lifting, plain and typed", async () => {
  const running: Instance = instantiateSync(await component(BITS));
  const typed = running.func("run", t.func([t.u32], t.flags(["a", "b"])));
  for (const [bits, a, b] of [[0, 0, 0], [1, 1, 0], [2, 0, 1], [3, 1, 1], [4, 0, 0], [5, 1, 0], [0xfffffffe, 0, 1]]) {
    const flags = { a: a === 1, b: b === 1 };
    assertEquals(running.exports.run(bits), flags, `${bits}`);
    assertEquals(typed(bits!), flags, `${bits}`);
  }
});
