// Header fields as WASI's WIT has them: the resource `fields`, called by hand.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Trap } from "@windlass/component";
import { FieldMap } from "../../host/wasi/http_field_map.ts";
import { FIELD_OVERHEAD, MAX_FIELDS_SIZE } from "../../host/wasi/http_limits.ts";
import { type Any, bad, good, interfacesOf, text, utf8 } from "./support.ts";

const types = (await interfacesOf())("http/types");
const { Fields } = types;

const list = (entries: [string, string][]) => entries.map(([name, value]) => [name, utf8(value)]);
const shown = (fields: Any) => fields.entries().map(([name, value]: [string, Uint8Array]) => `${name}: ${text(value)}`);

Deno.test("fields keep the order and the case that they were given in, and are found in any case", () => {
  const fields = good(Fields.fromList(list([["X-One", "1"], ["b", "2"], ["x-ONE", "3"], ["A", ""]])));
  assertEquals(shown(fields), ["X-One: 1", "b: 2", "x-ONE: 3", "A: "]);
  for (const name of ["x-one", "X-ONE"]) assertEquals(fields.get(name).map(text), ["1", "3"]);
  // A field that is there and empty is a list of one empty value.
  assertEquals([fields.get("a").map(text), fields.get("none")], [[""], []]);
  assertEquals([fields.has("a"), fields.has("none"), fields.has("no name"), fields.has("")], [
    true,
    false,
    false,
    false,
  ]);
  good(fields.set("X-one", [utf8("4"), utf8("5")]));
  assertEquals(shown(fields), ["b: 2", "A: ", "X-one: 4", "X-one: 5"]);
  good(fields.delete("B"));
  good(fields.delete("b"));
  good(fields.set("a", []));
  assertEquals(shown(fields), ["X-one: 4", "X-one: 5"]);
});

Deno.test("a clone and its original change apart from each other", () => {
  const original = good(Fields.fromList(list([["a", "1"]])));
  const first = original.clone(), second = first.clone();
  good(original.append("a", utf8("2")));
  good(first.delete("a"));
  good(second.set("A", [utf8("3")]));
  assertEquals([shown(original), shown(first), shown(second)], [["a: 1", "a: 2"], [], ["A: 3"]]);
});

Deno.test("names are tokens, values have no control characters, content-length is a number", () => {
  const fields = new Fields();
  const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/; // RFC 9110, 5.6.2
  for (let code = 0; code < 300; code++) {
    const name = `x${String.fromCharCode(code)}`;
    const answers = [fields.append(name, utf8("v")), fields.set(name, []), fields.delete(name)];
    for (const answer of answers) {
      if (token.test(name[1]!)) good(answer);
      else bad(answer, { tag: "invalid-syntax" });
    }
  }
  bad(fields.append("", utf8("v")), { tag: "invalid-syntax" });
  for (let byte = 0; byte < 256; byte++) {
    const answer = fields.set("v", [utf8("fine"), Uint8Array.of(120, byte, 120)]);
    if (byte === 9 || byte >= 32 && byte !== 127) good(answer); // RFC 9110, 5.5
    else bad(answer, { tag: "invalid-syntax" });
  }
  for (const value of ["0", "11", "18446744073709551615"]) good(fields.set("Content-Length", [utf8(value)]));
  for (const value of ["", " 1", "+1", "-1", "1, 1", "0x1", "18446744073709551616", "9".repeat(1000)]) {
    bad(fields.append("content-length", utf8(value)), { tag: "invalid-syntax" });
  }
  bad(Fields.fromList(list([["fine", "x"], ["bad name", "x"]])), { tag: "invalid-syntax" });
  bad(Fields.fromList(list([["fine", "bad\nvalue"]])), { tag: "invalid-syntax" });
});

Deno.test("fields of the connection are the host's: neither those that come nor those that are made", () => {
  const fields = FieldMap.received(new Headers({ "proxy-authorization": "x", upgrade: "y", "x-own": "z" }));
  assertEquals(fields.entries().map(([name]) => name), ["x-own"]);
  const made = new Fields();
  for (const name of ["Connection", "Keep-Alive", "HOST", "Transfer-Encoding", "upgrade", "proxy-connection"]) {
    bad(made.append(name, utf8("x")), { tag: "forbidden" });
    bad(made.set(name, [utf8("x")]), { tag: "forbidden" });
    bad(made.delete(name), { tag: "forbidden" });
    bad(Fields.fromList(list([[name, "x"]])), { tag: "forbidden" });
  }
});

Deno.test("the headers of a message cannot be changed, a clone of them can", () => {
  const request = new types.OutgoingRequest(good(Fields.fromList(list([["Content-Type", "a/b"]]))));
  const headers = request.headers();
  bad(headers.set("Content-Length", [utf8("10")]), { tag: "immutable" });
  bad(headers.append("Content-Length", utf8("10")), { tag: "immutable" });
  bad(headers.delete("Content-Length"), { tag: "immutable" });
  assertEquals(shown(headers), ["Content-Type: a/b"]);
  const clone = headers.clone();
  good(clone.delete("content-type"));
  assertEquals([shown(headers), shown(clone)], [["Content-Type: a/b"], []]);
});

Deno.test("fields that take more than the limit are a trap, as in Wasmtime; what is replaced counts no more", () => {
  const each = 1000 + 1 + FIELD_OVERHEAD, most = Math.floor(MAX_FIELDS_SIZE / each);
  const value = new Uint8Array(1000).fill(65);
  const appended = new Fields();
  for (let i = 0; i < most; i++) good(appended.append("x", value));
  const trapped = assertThrows(() => appended.append("x", value), Trap);
  assertEquals(trapped.code, "interface-rule");
  assert(trapped.message.includes(`fields of more than ${MAX_FIELDS_SIZE} bytes`), trapped.message);
  assertEquals(appended.entries().length, most);
  // Replaced by as much, and by less.
  good(appended.set("X", Array(most).fill(value)));
  good(appended.set("x", [value]));
  assertThrows(() => appended.set("x", Array(most + 1).fill(value)), Trap);
  good(appended.append("y", value));
  const entries = Array.from({ length: most + 1 }, () => ["x", value]);
  assertThrows(() => Fields.fromList(entries), Trap);
  assertThrows(() => appended.clone().set("z", Array(most - 1).fill(value)), Trap);
  // Fields without a byte are counted, too.
  const empty = new Fields();
  assertThrows(() => {
    for (let i = 0; i < MAX_FIELDS_SIZE / FIELD_OVERHEAD; i++) empty.append("x", new Uint8Array());
  }, Trap);
});

Deno.test("looking a field up costs the same among ten fields and among a thousand", () => {
  const of = (count: number) => good(Fields.fromList(list(Array.from({ length: count }, (_, i) => [`x-${i}`, "v"]))));
  const cost = (fields: Any) => {
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      for (let i = 0; i < 20_000; i++) fields.has("x-5");
      return performance.now() - start;
    });
    return Math.min(...times);
  };
  const few = of(10), many = of(1000);
  cost(few);
  // A search through all of them would be a hundred times as slow.
  assert(cost(many) < 20 * cost(few) + 5);
});

Deno.test({
  name: "cookies go out as one field, joined by semicolons; other fields as they are",
  ignore: !("process" in globalThis), // a browser sets cookies itself, and takes none
  fn: () => {
    const map = new FieldMap();
    for (const [name, value] of [["Cookie", "a=1"], ["x", "1"], ["cookie", "b=2"], ["x", "2"]] as const) {
      map.append(name, utf8(value));
    }
    assertEquals(map.pairs(), [["Cookie", "a=1; b=2"], ["x", "1"], ["x", "2"]]);
    const { headers } = new Request("http://localhost/", { headers: map.pairs() });
    assertEquals([headers.get("cookie"), headers.get("x")], ["a=1; b=2", "1, 2"]);
    // A message has one length (RFC 9110, 8.6).
    for (const length of ["5", "7"]) map.append("Content-Length", utf8(length));
    assertEquals(map.pairs().slice(3), [["Content-Length", "5"]]);
  },
});
