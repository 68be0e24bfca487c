// `ToComponentValueRecord`, `ToComponentValueFlags`, `ToComponentValueVariant`, options: own properties,
// in order, and nothing else.

import { assertEquals } from "@std/assert";
import {
  bool,
  echo,
  flags,
  list,
  option,
  record,
  result,
  string,
  thrown,
  u32,
  u8,
  variant,
  watched,
} from "./support.ts";

const primitives = [undefined, null, 1, "text", true, 1n, Symbol()];

/** A function that throws its own exception, and the assertion that it came out. */
const boom = new RangeError("boom");
const throwing = () => {
  throw boom;
};
const booms = (run: () => unknown) => assertEquals(thrown(RangeError, run), boom);

Deno.test("ToComponentValueRecord, step 1: what is not an Object is a TypeError; functions are Objects", () => {
  for (const value of primitives) thrown(TypeError, () => echo(record({ a: option(u8) }))(value));
  assertEquals(echo(record({ a: u8 }))(Object.assign(() => {}, { a: 1 })).a, 1);
});

Deno.test("ToComponentValueRecord, step 2: own properties in the order of declaration, others are ignored", () => {
  const log: string[] = [], type = record({ "b-c": u8, a: string });
  const found = echo(type)(watched({ a: "x", other: 1, bC: 2, "b-c": 3 }, log));
  assertEquals({ ...found }, { bC: 2, a: "x" });
  assertEquals(log, ["own bC", "get bC", "own a", "get a"]);
});

Deno.test("ToComponentValueRecord, step 2.2: a field that is missing, inherited or undefined is a TypeError", () => {
  const call = echo(record({ a: bool }));
  for (const value of [{}, Object.create({ a: true }), { a: undefined }, []]) {
    thrown(TypeError, () => call(value), "expected bool");
  }
  thrown(TypeError, () => echo(record({ "to-string": string }))({}));
  // An option of an option is no nullable type.
  thrown(TypeError, () => echo(record({ a: option(option(u8)) }))({}));
});

Deno.test("ToComponentValueRecord, step 2.2: an option that is missing is none", () => {
  for (const value of [{}, { a: undefined }, { a: null }, Object.create({ a: 1 })]) {
    assertEquals(echo(record({ a: option(u8) }))(value).a, null);
  }
});

Deno.test("ToComponentValueRecord, step 2.3: accessors are called, and what they throw comes out", () => {
  const type = record({ a: u8, b: u8 }), log: string[] = [];
  booms(() =>
    echo(type)({
      get a() {
        return throwing();
      },
      get b() {
        return log.push("b");
      },
    })
  );
  assertEquals(log, []);
  assertEquals(
    echo(type)({
      get a() {
        return 1;
      },
      b: 2,
    }).a,
    1,
  );
  thrown(
    TypeError,
    () => echo(type)({ a: 1, b: 256 }),
    "Cannot lower param 1 `x`.b of export test:echo/guest#f: expected u8, found 256",
  );
});

Deno.test("ToComponentValueFlags: ToBoolean of own properties; what is missing or inherited is false", () => {
  const type = flags("read-only", "write", "value-of"), log: string[] = [];
  for (const value of primitives) thrown(TypeError, () => echo(type)(value));
  assertEquals({ ...echo(type)(Object.create({ write: true }, { readOnly: { value: "yes" } })) }, {
    readOnly: true,
    write: false,
    valueOf: false,
  });
  echo(type)(watched({ write: 0 }, log));
  assertEquals(log, ["own readOnly", "own write", "get write", "own valueOf"]);
  booms(() =>
    echo(type)({
      get write() {
        return throwing();
      },
    })
  );
});

Deno.test("ToComponentValueVariant, step 1: what is not an Object is a TypeError", () => {
  for (const type of [variant({ a: undefined }), option(option(u8)), list(result())]) {
    for (const value of primitives) thrown(TypeError, () => echo(type)(type.kind === "list" ? [value] : value));
  }
});

Deno.test("ToComponentValueVariant, step 2: `kind` is ToString of an own property, and a label", () => {
  const type = variant({ "a-b": undefined, "undefined": undefined, c: u8 });
  assertEquals(echo(type)({ kind: { toString: () => "a-b" } }).kind, "a-b");
  assertEquals(echo(type)({}).kind, "undefined");
  assertEquals(echo(type)(Object.create({ kind: "a-b" })).kind, "undefined");
  for (const kind of ["aB", "toString", "__proto__", null, 0]) thrown(TypeError, () => echo(type)({ kind }));
  thrown(TypeError, () => echo(type)({ kind: Symbol() }));
  booms(() =>
    echo(type)({
      get kind() {
        return throwing();
      },
    })
  );
});

Deno.test("ToComponentValueVariant, step 3: `value` is read after `kind`, and only for a case with a payload", () => {
  const type = variant({ a: undefined, b: u32, c: option(u8) }), log: string[] = [];
  echo(type)(watched({ kind: "a", value: 1 }, log));
  assertEquals(log.splice(0), ["own kind", "get kind"]);
  assertEquals(echo(type)(watched({ kind: "b", value: "7" }, log)).value, 7);
  assertEquals(log, ["own kind", "get kind", "own value", "get value"]);
  thrown(TypeError, () => echo(type)({ kind: "b" }));
  assertEquals(echo(type)({ kind: "c" }).value, null);
  thrown(TypeError, () => echo(type)(Object.create({ value: 1 }, { kind: { value: "b" } })));
});

Deno.test("option<T>: null and undefined are none, anything else is a value", () => {
  for (const none of [null, undefined]) assertEquals(echo(option(string))(none), null);
  assertEquals([0, false, "", NaN].map((value) => echo(option(string))(value)), ["0", "false", "", "NaN"]);
  thrown(TypeError, () => echo(option(u8))({}));
});

Deno.test("result outside return position: kinds `ok` and `error`, no others", () => {
  const call = echo(list(result(u8, string)));
  assertEquals({ ...call([{ kind: "error", value: 1 }])[0] }, { kind: "error", value: "1" });
  for (const kind of ["err", "Ok"]) thrown(TypeError, () => call([{ kind, value: 1 }]));
});
