// Data as JavaScript: the same graph again, whatever it holds.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { DataText, type Special } from "../../../core/ahead/data_text.ts";
import { importText } from "../../support/ahead.ts";

/** Prints data, and evaluates the text. */
async function printed(value: unknown, special?: Special): Promise<unknown> {
  const data = new DataText(special);
  data.meet(value);
  const root = data.print(value);
  return (await importText(`${data.statements.join("\n")}\nexport default ${root};`)).default;
}

Deno.test("data is the same again", async () => {
  const rows: readonly unknown[] = [
    ...[undefined, null, true, 0, -0, 1.5, -7, 2 ** 53, 1n, -(2n ** 70n), "", "text"],
    ...[[], [1, [2, []]], {}, { a: { b: [null] } }, new Uint8Array([0, 255]), new Map(), new Map([["k", { v: 1 }]])],
    ...[{ "not-an-identifier": 1, $: 2, 7: 3 }, { constructor: 1, toString: 2 }],
  ];
  for (const row of rows) assertEquals(await printed(row), row);
});

Deno.test("a member named __proto__ is a member", async () => {
  const value = JSON.parse('{ "__proto__": { "x": 1 } }');
  const found = await printed(value) as object;
  assertEquals(Object.keys(found), ["__proto__"]);
  assertStrictEquals(Object.getPrototypeOf(found), Object.prototype);
});

Deno.test("text is data, whatever it looks like", async () => {
  const hostile = ['"); throw 1; ("', "`${x}`", "*/", "</script>", "\u2028\u2029\r\n", "\ud800", "\0", "\\"];
  assertEquals(await printed(hostile), hostile);
  const keys = Object.fromEntries(hostile.map((key) => [key, key]));
  assertEquals(await printed(keys), keys);
});

Deno.test("an object that is met twice is one object again", async () => {
  const type = { kind: "u8" }, list = [type, type], map = new Map([[type, list], [list as never, list]]);
  const found = await printed({ type, list, deep: { map } }) as Record<string, never>;
  const { type: same, list: [first, second], deep: { map: again } } = found as unknown as {
    type: object;
    list: [object, object];
    deep: { map: Map<object, object> };
  };
  assertStrictEquals(first, same);
  assertStrictEquals(second, same);
  assertStrictEquals(again.get(same), found["list"]);
  assertStrictEquals(again.get(found["list"] as unknown as object), found["list"]);
});

Deno.test("what nests more deeply than any type may is printed flat", async () => {
  let value: unknown = "innermost";
  for (let i = 0; i < 300; i++) value = i % 2 === 0 ? [value] : { value };
  assertEquals(await printed(value), value);
});

Deno.test("others say what is printed for an object of theirs", async () => {
  class Own {}
  const own = new Own(),
    found = await printed(
      [own, own, { kind: "left out" }],
      (value) =>
        value instanceof Own ? "Object.freeze({ made: 1 })" : "kind" in value ? { instead: [1, 2] } : undefined,
    ) as unknown[];
  assertEquals(found, [{ made: 1 }, { made: 1 }, [1, 2]]);
  assertStrictEquals(found[0], found[1]);
});

Deno.test("what is not plain data is refused", () => {
  for (const value of [new Date(0), () => 1, Symbol("s"), new (class A {})()]) {
    assertThrows(() => new DataText().print([value]), TypeError, "only plain data can be printed");
  }
});
