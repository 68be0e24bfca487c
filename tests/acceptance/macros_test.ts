// Types written down (`t.*`) against a component's types: what fits is called with them, what does
// not is refused when looked up. Behaviours of macros.rs, tests/README.md.

import { assertEquals } from "@std/assert";
import { type Instance, type Schema, t } from "@windlass/component";
import { assertFails, instance } from "../support/wasm.ts";
import { echo, named } from "./linking_support.ts";

/** Asserts that `echo` gives back each value through a schema. */
function gives(running: Instance, schema: Schema, values: readonly unknown[]): void {
  const call = running.func("echo", t.func([schema], schema)) as (value: unknown) => unknown;
  for (const value of values) assertEquals(call(value), value);
}

/** The flat parameters of the types below: a record has one per field, a variant two. */
const flat = (type: string): string =>
  type.startsWith("(record")
    ? type.match(/field/g)!.map(() => "i32").join(" ")
    : type.startsWith("(variant")
    ? "i32 i32"
    : "i32";

/**
 * Asserts that a schema does not fit the component's type, as a parameter and as a result, and why.
 */
async function refuses(schema: Schema, type: string, fault: string): Promise<void> {
  const running = await instance(echo(type, flat(type)));
  const look = (item: string) => `Cannot look up export echo: type mismatch in ${item}${fault}`;
  assertFails(() => running.func("echo", t.func([schema], schema)), "LinkError", look("param 1 `x`"));
  const asResult = await instance(echo("u32", "i32@0", "", type));
  // Such an `echo` gives nonsense, but it is never called: looking it up fails.
  assertFails(() => asResult.func("echo", t.func([t.u32], schema)), "LinkError", look("result"));
}

const FIELDS = { bigNumber: t.s32, small: t.u32 };

Deno.test("macros::record_derive: a record with the component's fields is called", async () => {
  const running = await instance(echo(`(record (field "big-number" s32) (field "small" u32))`, "i32@0 i32@4"));
  gives(running, t.record(FIELDS), [{ bigNumber: -42, small: 73 }, { bigNumber: 2147483647, small: 4294967295 }]);
});

Deno.test("macros::record_derive: a record with other fields is refused", async () => {
  const schema = t.record(FIELDS);
  await refuses(schema, `(record (field "big-number" s32))`, ": expected 1 fields, found 2 fields");
  await refuses(
    schema,
    `(record (field "big-number" s32) (field "small" u32) (field "more" u32))`,
    ": expected 3 fields, found 2 fields",
  );
  await refuses(
    schema,
    `(record (field "a" s32) (field "small" u32))`,
    ": expected field name `a`, found `bigNumber`",
  );
  await refuses(
    schema,
    `(record (field "big-number" s32) (field "small" s32))`,
    ", record field `small`: expected s32, found u32",
  );
  // The order of fields is part of a type.
  await refuses(
    schema,
    `(record (field "small" u32) (field "big-number" s32))`,
    ": expected field name `small`, found `bigNumber`",
  );
});

Deno.test("macros::record_derive: a schema may be made by a generic function", async () => {
  const pair = <A extends Schema, B extends Schema>(a: A, b: B) => t.record({ bigNumber: a, small: b });
  const running = await instance(echo(`(record (field "big-number" s32) (field "small" u32))`, "i32@0 i32@4"));
  const type = pair(t.s32, t.u32);
  const call = running.func("echo", t.func([type], type));
  const { bigNumber, small } = call({ bigNumber: -43, small: 74 });
  assertEquals([bigNumber, small] satisfies number[], [-43, 74]);
  await refuses(
    pair(t.s32, t.string),
    `(record (field "big-number" s32) (field "small" u32))`,
    ", record field `small`: expected u32, found string",
  );
});

const CASES = { "big-number": t.s32, small: t.u32, none: null };
const VARIANT = `(variant (case "big-number" s32) (case "small" u32) (case "none"))`;

Deno.test("macros::variant_derive: a variant with the component's cases is called", async () => {
  const running = await instance(echo(VARIANT, "u8@0 i32@4"));
  gives(running, t.variant(CASES), [{ tag: "big-number", val: -42 }, { tag: "small", val: 73 }, { tag: "none" }]);
});

Deno.test("macros::variant_derive: a variant with other cases is refused", async () => {
  const schema = t.variant(CASES);
  await refuses(
    schema,
    `(variant (case "big-number" s32) (case "small" u32))`,
    ": expected 2 cases, found 3 cases",
  );
  await refuses(
    schema,
    `(variant (case "big-number" s32) (case "small" u32) (case "none") (case "more" u32))`,
    ": expected 4 cases, found 3 cases",
  );
  await refuses(
    schema,
    `(variant (case "a" s32) (case "small" u32) (case "none"))`,
    ": expected case named `a`, found `big-number`",
  );
  await refuses(
    schema,
    `(variant (case "big-number" s32) (case "small" s32) (case "none"))`,
    ", variant case `small`: expected s32, found u32",
  );
  await refuses(
    schema,
    `(variant (case "big-number" s32) (case "small") (case "none"))`,
    ": expected case `small` to have no type, found u32",
  );
  await refuses(
    schema,
    `(enum "big-number" "small" "none")`,
    ": expected enum { big-number, small, none }, found " +
      "variant { big-number(s32), small(u32), none }",
  );
});

Deno.test("macros::variant_derive: a schema may be made by a generic function", async () => {
  const either = <A extends Schema, B extends Schema>(a: A, b: B) =>
    t.variant({ "big-number": a, small: b, none: null });
  const running = await instance(echo(VARIANT, "u8@0 i32@4"));
  const type = either(t.s32, t.u32);
  const value = running.func("echo", t.func([type], type))({ tag: "small", val: 73 });
  assertEquals(value.tag === "none" ? undefined : value.val satisfies number, 73);
  await refuses(either(t.s32, t.s32), VARIANT, ", variant case `small`: expected u32, found s32");
});

const NAMES = ["dark-green", "B", "c"];
const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(" ");

Deno.test("macros::enum_derive: an enum with the component's cases is called", async () => {
  gives(await instance(echo(`(enum ${list(NAMES)})`, "i32@0")), t.enum(NAMES), NAMES);
});

Deno.test("macros::enum_derive: an enum with other cases is refused", async () => {
  const schema = t.enum(NAMES);
  await refuses(schema, `(enum "dark-green" "B")`, ", enum elements: expected 2 names, found 3 names");
  await refuses(schema, `(enum "dark-green" "B" "c" "d")`, ", enum elements: expected 4 names, found 3 names");
  await refuses(schema, `(enum "a" "B" "c")`, ", enum elements: expected `a`, found `dark-green`");
  await refuses(schema, `(enum "B" "dark-green" "c")`, ", enum elements: expected `B`, found `dark-green`");
});

Deno.test("macros::enum_derive: more than 256 cases take a discriminant of two bytes", async () => {
  for (const [count, first] of [[256, "u8@0 u8@1"], [257, "u16@0 u8@2"], [1000, "u16@0 u8@2"]] as const) {
    const names = Array.from({ length: count }, (_, i) => `v${i}`);
    const running = await instance(echo(`(tuple $e u8)`, first, named("e", `(enum ${list(names)})`)));
    const schema = t.tuple([t.enum(names), t.u8]);
    gives(running, schema, [0, 1, 254, 255, 256, count - 1].filter((i) => i < count).map((i) => [names[i], 7]));
  }
});

/** Flags from names: those at `set` are true. */
const flagsOf = (names: readonly string[], set: readonly number[]): Record<string, boolean> =>
  Object.fromEntries(names.map((name, i) => [name, set.includes(i)]));

Deno.test("macros::flags: flags with the component's names are called in each combination", async () => {
  const running = await instance(echo(`(flags "dark-green" "b" "c")`, "i32@0"));
  const names = ["darkGreen", "b", "c"];
  const combinations = Array.from({ length: 8 }, (_, bits) => [0, 1, 2].filter((i) => bits >> i & 1));
  gives(running, t.flags(names), combinations.map((set) => flagsOf(names, set)));
});

Deno.test("macros::flags: flags with other names are refused", async () => {
  const schema = t.flags(["darkGreen", "b", "c"]);
  await refuses(schema, `(flags "dark-green" "b")`, ", flags elements: expected 2 names, found 3 names");
  await refuses(schema, `(flags "dark-green" "b" "c" "d")`, ", flags elements: expected 4 names, found 3 names");
  await refuses(schema, `(flags "a" "b" "c")`, ", flags elements: expected `a`, found `darkGreen`");
  await refuses(schema, `(flags "b" "dark-green" "c")`, ", flags elements: expected `b`, found `darkGreen`");
});

// JS: there are no operators on flags; they are an object of booleans.
Deno.test("macros::flags: 8, 9, 16, 17 and 32 flags take one, two, two, four and four bytes", async () => {
  for (
    const [count, layout] of [
      [8, "u8@0 u8@1"],
      [9, "u16@0 u8@2"],
      [16, "u16@0 u8@2"],
      [17, "i32@0 u8@4"],
      [32, "i32@0 u8@4"],
    ] as const
  ) {
    const names = Array.from({ length: count }, (_, i) => `f${i}`);
    const running = await instance(echo(`(tuple $f u8)`, layout, named("f", `(flags ${list(names)})`)));
    const sets = [[], [0], [1], [count - 3], [count - 2], [count - 1], [0, count - 1], names.map((_, i) => i)];
    gives(running, t.tuple([t.flags(names), t.u8]), sets.map((set) => [flagsOf(names, set), 255]));
  }
});
