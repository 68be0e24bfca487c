// The playground's samples, used as a program would, and the parts of the page that need no page.

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { compile, ComponentError, features, instantiate, Trap } from "@windlass/component";
import { run, serve } from "@windlass/component/wasi";
import { wordsOf } from "../../examples/playground/command.ts";
import { float, integer, long } from "../../examples/playground/numbers.ts";
import { spell } from "../../examples/playground/spelling.ts";
import { valueText } from "../../examples/playground/values.ts";
import { recordedSampleDigests, sampleDigest, samples } from "../../tools/samples.ts";

const sample = (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  Deno.readFile(`examples/playground/samples/${name}.wasm`);

Deno.test("every sample is what its source compiles to", async () => {
  for (const [directory, names] of Object.entries(samples)) {
    const recorded = await recordedSampleDigests(directory);
    for (const name of names) assertEquals(recorded[name], await sampleDigest(directory, name), name);
  }
});

Deno.test("the basket sums up, keeps its items apart, and gives them away", async () => {
  const asked: string[] = [];
  const { exports } = await instantiate(sample("basket"), {
    "shop:checkout/rates@1.0.0": { tax: (country) => (asked.push(country), country === "XX" ? NaN : 0.25) },
  });
  const { Basket } = exports["shop:checkout/baskets@1.0.0"];
  const left = new Basket("gbp"), right = new Basket("usd");
  assertEquals(left.add("Tea", 10, 2), 2);
  assertEquals(left.add("Cup", 3, 1), 1);
  assertEquals(left.add("Tea", 20, 1), 3);
  assertEquals(right.add("Cup", 4, 1), 1);
  const refused = (call: () => unknown) => assertThrows(call, ComponentError).payload;
  assertEquals(refused(() => left.add("Tea", 1, 0)), { tag: "bad-quantity", val: 0 });
  assertEquals(refused(() => left.remove("Tee")), { tag: "not-in-basket", val: "Tee" });
  right.remove("Cup");
  assertEquals(refused(() => right.checkout("DE")), { tag: "empty" });
  right.add("Pot", 100, 1);
  using both = Basket.merge(left, right);
  const items = [{ product: "Tea", quantity: 3, price: 20 }, { product: "Cup", quantity: 1, price: 3 }, {
    product: "Pot",
    quantity: 1,
    price: 100,
  }];
  assertEquals(both.items(), items);
  assertEquals(both.checkout("DE"), { items, net: 163n, tax: 41n, total: 204n, currency: "gbp" });
  assertEquals(asked, ["DE"]);
  assertThrows(() => both.checkout("XX"), Trap);
});

Deno.test("the formatter agrees with JSON.parse and JSON.stringify", async () => {
  const { exports } = await instantiate(sample("json"));
  const { format, count } = exports["text:json/formatter@1.0.0"];
  const texts = [
    "{}",
    "[]",
    " [ 1 , -0.5, 12 ] \n",
    '{"a":[[],{}],"b":{"c":null,"d":true,"e":false}}',
    '"h\\u00e9 \\"q\\" \\n"',
    '["é","𝄞"]',
    "7",
    "[1,]",
    "[,1]",
    "{",
    '{"a"}',
    '{"a":1,}',
    "{a:1}",
    '"',
    '"\\x"',
    '"\\u12"',
    '"a\nb"',
    "01",
    "1.",
    "-",
    "1e",
    "tru",
    "nul l",
    "1 2",
    "",
    "]",
  ];
  for (const text of texts) {
    let value: unknown, valid = true;
    try {
      value = JSON.parse(text);
    } catch {
      valid = false;
    }
    if (!valid) {
      const fault = assertThrows(
        () => format(text, { indent: 2, ascii: false }),
        ComponentError,
        undefined,
        text,
      ).payload;
      assert((fault as { line: number }).line >= 1, text);
      continue;
    }
    for (const indent of [0, 2]) {
      const made = format(text, { indent, ascii: false });
      assertEquals(JSON.parse(made), value, text);
      if (!text.includes("\\u")) assertEquals(made, JSON.stringify(value, undefined, indent), text);
    }
    assertEquals(JSON.parse(format(text, { indent: 0, ascii: true })), value, text);
    // deno-lint-ignore no-control-regex
    assertMatch(format(text, { indent: 0, ascii: true }), /^[\x00-\x7f]*$/);
  }
  const fault = (text: string) => assertThrows(() => format(text, { indent: 0, ascii: false }), ComponentError).payload;
  assertEquals(fault('["é",\n  x]'), { line: 2, column: 3, message: "expected a value" });
  assertEquals(fault("[".repeat(600)), { line: 1, column: 502, message: "too many levels" });
  assertEquals(count('[{"a": 1}, [[2]], "s"]'), { objects: 1, arrays: 3, strings: 1, numbers: 2, depth: 3 });
});

Deno.test("the site answers", async () => {
  const handler = await serve(sample("site"));
  const ask = async (path: string, init?: RequestInit) => {
    const response = await handler(new Request(`http://localhost${path}`, init));
    return [response.status, response.headers.get("content-type"), await response.text()] as const;
  };
  const page = "text/html; charset=utf-8";
  assertMatch((await ask("/"))[2], /<h1>Served from a component<\/h1>/);
  assertMatch((await ask("/hello?name=%3Cb%3E+%26+co"))[2], /Hello, <strong>&lt;b> &amp; co<\/strong>/);
  const shouted = await ask("/shout", { method: "POST", body: "words=hey" });
  assertEquals(shouted.slice(0, 2), [200, page]);
  assertMatch(shouted[2], /<strong>HEY!<\/strong>/);
  assertEquals(await ask("/api/primes?below=12"), [200, "application/json", '{"below":12,"primes":[2,3,5,7,11]}']);
  assertMatch((await ask("/badge.svg"))[2], /^<svg [^]*<\/svg>$/);
  assertEquals((await ask("/nowhere")).slice(0, 2), [404, page]);
});

Deno.test("the picture is as wide as it was asked to be, and mirrored by its axis", async () => {
  const lines = async (...args: string[]) => {
    const { exitCode, stdout } = await run(sample("mandelbrot"), { args: ["", ...args], stdout: "capture" });
    return { exitCode, lines: new TextDecoder().decode(stdout).split("\n").slice(0, -1) };
  };
  const { exitCode, lines: drawn } = await lines("40", "-0.6", "0", "3");
  assertEquals([exitCode, drawn.length], [0, 15]);
  assertEquals(drawn.map((line) => line.length), Array(15).fill(40));
  assertEquals(drawn.slice(1, 7), drawn.slice(8, 14).reverse());
  const inside = drawn[7]!.indexOf("@");
  assert(inside > 0 && drawn[0]!.trim() !== drawn[7]!.trim());
  assertEquals((await lines("5000")).exitCode, 1);
});

Deno.test("exports are spelt as a program in JavaScript reads them, and called so", async () => {
  const component = await compile(sample("basket")), [item] = component.exports;
  if (item?.type.kind !== "instance") throw new Error("it exports an interface");
  const { name } = item, spelt = spell(item.type.exports, false);
  assertEquals(spelt.map(({ title }) => title), [
    "new Basket",
    "basket.add",
    "basket.remove",
    "basket.items",
    "basket.checkout",
    "Basket.merge",
  ]);
  const { exports } = await instantiate(component, { "shop:checkout/rates@1.0.0": { tax: () => 0 } });
  const call = (title: string, ...args: unknown[]) =>
    spelt.find((one) => one.title === title)!.call(exports[name], args);
  const basket = call("new Basket", "eur");
  assertEquals(call("basket.add", basket, "Tea", 5, 2), 2);
  assertEquals(call("basket.items", call("Basket.merge", basket, call("new Basket", "eur"))), [
    { product: "Tea", quantity: 2, price: 5 },
  ]);
});

Deno.test("a value's text is JavaScript for that value", { ignore: !features.codegen }, () => {
  const values = [
    0,
    -0,
    NaN,
    12n,
    true,
    undefined,
    "plain",
    'with "quotes"',
    `both ' and "`,
    "lines\nand `ticks` and ${holes} and \\",
    "\u0000\u001b",
    [],
    {},
    [1, [2, "3"]],
    { a: 1, "b-c": [{ d: { e: "a long text that fills the line" } }, { f: "another text that is long" }] },
    { tag: "some", val: { x: 1, y: 2 } },
  ];
  // Evaluates text that the test itself has made.
  for (const value of values) assertEquals(new Function(`return (${valueText(value, () => undefined)})`)(), value);
});

Deno.test("text of what has a name, and of what is long", () => {
  const held = {};
  const named = (object: object) => object === held ? "file1" : undefined;
  assertEquals(valueText([held, new Map([[1, held]])], named), "[file1, Map { 1 => file1 }]");
  assertEquals(valueText(Uint8Array.of(1, 255), named), "Uint8Array(2) [01 ff]");
  assertEquals(valueText(Float32Array.of(1.5, 2), named), "Float32Array [1.5, 2]");
  assertEquals(valueText(BigInt64Array.of(-1n), named), "BigInt64Array [-1]");
  assertMatch(valueText(Array(1000).fill(0), named), /… 800 more\n\]$/);
});

Deno.test("what is typed is a number or is given on as it is, never another number", () => {
  for (
    const [typed, value] of [["1.5", 1.5], [" -1e3 ", -1000], ["NaN", NaN], ["-Infinity", -Infinity], ["0", 0]] as const
  ) {
    assertEquals(float(typed), value);
  }
  for (const typed of ["", " ", "abc", "1,5", "1_000", "--1", "nan"]) assertEquals(float(typed), typed);
  assertEquals([integer("-7"), integer("1.5"), long("18446744073709551615")], [-7, "1.5", 18446744073709551615n]);
});

Deno.test("arguments are taken apart as a shell does", () => {
  assertEquals(wordsOf(`a  "b c" 'd "e' f"g h"i`), ["a", "b c", 'd "e', "fg hi"]);
  assertEquals(wordsOf(""), []);
});
