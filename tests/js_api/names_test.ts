// The draft's "Names": labels as identifiers of JavaScript.

import { assertEquals } from "@std/assert";
import { camelName, fieldNames, jsNames, labelOf, pascalName } from "../../host/js_api/names.ts";

const rows = [
  ["element", "Element", "element"],
  ["query-selector", "QuerySelector", "querySelector"],
  ["inner-HTML", "InnerHTML", "innerHTML"],
  ["XML-http-request", "XMLHttpRequest", "xmlHttpRequest"],
  ["URL", "URL", "url"],
  ["a1-2-3", "A123", "a123"],
] as const;

Deno.test("PascalCase, CamelCase: the draft's table", () => {
  for (const [label, pascal, camel] of rows) assertEquals([pascalName(label), camelName(label)], [pascal, camel]);
});

Deno.test("LabelOf: methods and static functions by their own label, constructors by their resource's", () => {
  assertEquals(
    ["[method]r.n", "[static]r.n", "[constructor]r", "plain"].map(labelOf),
    ["n", "n", "r", "plain"],
  );
});

Deno.test("JSName: types are in PascalCase, all else in camelCase", () => {
  const names = ["my-type", "my-func", "[constructor]my-type", "[method]my-type.do-it", "[static]my-type.get-URL"];
  const declarations = names.map((name, i) => ({ name, isType: i === 0 }));
  assertEquals(jsNames(declarations), ["MyType", "myFunc", "myType", "doIt", "getURL"]);
});

Deno.test("JSName (TODO in the draft): names that would be the same keep WIT's spelling", () => {
  assertEquals(fieldNames(["a1", "a-1", "b"]), ["a1", "a-1", "b"]);
  const types = ["a-b", "AB"].map((name) => ({ name, isType: true }));
  assertEquals(jsNames(types), ["a-b", "AB"]);
  assertEquals(jsNames([{ name: "a-b", isType: true }, { name: "AB", isType: false }]), ["AB", "ab"]);
  // A method and a static function are members of different objects.
  assertEquals(jsNames(["[method]r.a1", "[static]r.a-1"].map((name) => ({ name, isType: false }))), ["a1", "a1"]);
});
