// Values that do what they can to disturb a conversion: proxies, getters that throw or call back,
// prototypes that were changed, objects of other realms.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ComponentError, instantiate } from "@windlass/component/js-api";
import type { ValType } from "../../abi/types/types.ts";
import { Conversions } from "../../host/js_api/conversions.ts";
import {
  bool,
  echo,
  flags,
  list,
  make,
  map,
  option,
  record,
  rejected,
  result,
  string,
  thrown,
  tuple,
  u32,
  u8,
  variant,
} from "./support.ts";

const types: readonly ValType[] = [
  record({ a: u8 }),
  flags("a"),
  variant({ a: u8 }),
  list(u8),
  list(string),
  tuple(u8),
  map(string, u8),
  option(option(u8)),
  list(result(u8, u8)),
];

Deno.test("a revoked proxy is a TypeError, whatever its type", async () => {
  for (const target of [{}, [], () => {}, new Map(), new Uint8Array(1)]) {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    for (const type of types) thrown(TypeError, () => echo(type)(proxy));
  }
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  await rejected(TypeError, make("logger", proxy));
  await rejected(TypeError, make("element", { Element: proxy }));
});

Deno.test("what a proxy's traps throw comes out as it is", () => {
  const boom = new RangeError("boom");
  const traps = new Proxy({}, {
    get: () => () => {
      throw boom;
    },
  });
  for (const target of [{}, [1], new Set([1])]) {
    const proxy = new Proxy(target, traps);
    for (const type of types) {
      const found = (() => {
        try {
          echo(type)(type.kind === "list" && type.element.kind === "result" ? [proxy] : proxy);
        } catch (error) {
          return error;
        }
      })();
      assertStrictEquals(found, boom);
    }
  }
});

Deno.test("an empty proxy is converted as what it stands for", () => {
  assertEquals(echo(record({ a: u8 }))(new Proxy({ a: 1 }, {})).a, 1);
  assertEquals([...echo(list(u8))(new Proxy([1, 2], {}))], [1, 2]);
  assertEquals([...echo(map(string, u8))(new Proxy({ a: 1 }, {}))], [["a", 1]]);
  thrown(TypeError, () => echo(list(u8))(new Proxy(new Uint8Array(1), {})));
});

Deno.test("a getter that calls back, drops or gives away disturbs only itself", async () => {
  const exports = (await make("things", { note() {} })).exports, thing = new exports.Thing(2);
  const name = {
    toString() {
      assertEquals(exports.takeNamed(new exports.Thing(1), "inner"), 5);
      thrown(TypeError, () => exports.takeNamed(thing, ""));
      return "outer name";
    },
  };
  assertEquals(exports.takeNamed(thing, name), 10);
  const call = echo(record({ a: u8, b: u8 }));
  const found = call({
    get a() {
      return call({ a: 7, b: 8 }).b;
    },
    b: 1,
  });
  assertEquals({ ...found }, { a: 8, b: 1 });
});

/** Adds members to a prototype while a function runs. */
function polluted(prototype: object, members: Record<PropertyKey, unknown>, run: () => void): void {
  const keys = Reflect.ownKeys(members);
  for (const key of keys) {
    const descriptor = Object.assign(Object.create(null), { value: members[key as string], configurable: true });
    Object.defineProperty(prototype, key, descriptor);
  }
  try {
    run();
  } finally {
    for (const key of keys) delete (prototype as Record<PropertyKey, unknown>)[key];
  }
}

Deno.test("members that were added to Object.prototype are nobody's fields", () => {
  const calls = {
    record: echo(record({ a: option(u8), b: bool })),
    flags: echo(flags("a", "b")),
    variant: echo(variant({ a: option(u8), b: undefined })),
    list: echo(list(string)),
    map: echo(map(string, u8)),
  };
  const seen: Record<string, unknown> = {};
  const run = (): void => {
    seen["record"] = calls.record({ b: true }).a;
    seen["flags"] = calls.flags({}).a;
    seen["variant"] = calls.variant({ kind: "a" }).value;
    try {
      calls.record({ a: 1 });
    } catch (error) {
      seen["missing"] = error instanceof TypeError;
    }
    try {
      calls.variant({});
    } catch (error) {
      seen["kindless"] = error instanceof TypeError;
    }
    const listed = calls.list(["x"]);
    seen["list"] = [Object.keys(listed).length, listed.length, listed[0]];
    seen["map"] = calls.map({ x: 1 }).size;
  };
  run();
  const expected = { ...seen };
  assertEquals(expected, {
    record: null,
    flags: false,
    variant: null,
    missing: true,
    kindless: true,
    list: [1, 1, "x"],
    map: 1,
  });
  const members = { a: 9, b: true, kind: "b", value: 9, tag: "b", val: 9, get: 1, set: 1, payload: 1, then: 1, is: 1 };
  polluted(Object.prototype, { ...members, "~result": true, writable: true, configurable: true, done: true }, run);
  assertEquals(seen, expected);
});

Deno.test("methods that were replaced on prototypes are not called by conversions", () => {
  const refuse = () => {
    throw new Error("a replaced method was called");
  };
  const calls = [
    echo(list(u8)),
    echo(list(string)),
    echo(map(string, u8)),
    echo({ kind: "char" }),
    echo(tuple(u8, string)),
  ];
  const values = [Uint8Array.of(1), ["x"], new Map([["k", 1]]), "c", [1, "y"]];
  const run = (): unknown[] => calls.map((call, i) => call(values[i]));
  run();
  const replaced: [object, string][] = [
    [Map.prototype, "set"],
    [Map.prototype, "get"],
    [Map.prototype, "forEach"],
    [Map.prototype, "entries"],
    [Object, "hasOwn"],
    [Reflect, "apply"],
    [Object, "defineProperty"],
  ];
  const { defineProperty, getOwnPropertyDescriptor } = Object;
  for (const [holder, name] of replaced) {
    const before = getOwnPropertyDescriptor(holder, name)!;
    defineProperty(holder, name, { ...before, value: refuse });
    let found: unknown;
    try {
      found = calls[0]!(values[0]);
      for (let i = 1; i < calls.length; i++) found = calls[i]!(values[i]);
    } finally {
      defineProperty(holder, name, before);
    }
    assert(found !== undefined, name);
  }
});

Deno.test("closures do the same as generated code", () => {
  const crossing = { resources: [], lent: [] };
  const rows: readonly (readonly [ValType, readonly unknown[]])[] = [
    [record({ "a-b": u8, c: option(u32), constructor: string }), [
      { aB: 1, constructor: 2 },
      { aB: 256, constructor: "" },
      { c: 1 },
      Object.create({ aB: 1 }),
      { aB: 1, c: {}, constructor: "" },
      null,
      7,
    ]],
    [flags("a", "b-c"), [{ a: 1 }, {}, { bC: "x", d: 1 }, Object.create({ a: 1 }), undefined]],
  ];
  const outcome = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (error) {
      return String(error);
    }
  };
  for (const [type, values] of rows) {
    const [generated, closures] = [true, false].map((codegen) => new Conversions(codegen));
    for (const value of values) {
      const given = outcome(() => generated!.toComponent(type)(value, crossing));
      assertEquals(given, outcome(() => closures!.toComponent(type)(value, crossing)));
      if (typeof given === "string") continue;
      const [one, other] = [generated, closures].map((each) => each!.toJs(type)!(given, crossing) as object);
      assertEquals([Object.getPrototypeOf(one), Object.entries(one!)], [null, Object.entries(other!)]);
      assertStrictEquals(Object.getPrototypeOf(other), null);
    }
  }
});

Deno.test("functions and errors do not tell one instance's resources to another", async () => {
  const [one, other] = [await make("things", { note() {} }), await make("things", { note() {} })];
  const thing = new one.exports.Thing(1);
  const { value } = other.exports.Thing.prototype;
  const error = thrown(TypeError, () => value.call(thing), "one of another type or instance");
  assertEquals(error.cause, undefined);
  const sub = Object.setPrototypeOf(new one.exports.Thing(3), other.exports.Thing.prototype);
  assertEquals(one.exports.lend(sub), 3); // the slot counts, not the prototype
  thrown(TypeError, () => sub.value());
});

Deno.test("a component's error has nothing but its payload", async () => {
  const { exports } = await make("parser", {
    lookup: (key: string) => {
      throw key;
    },
  });
  const error = thrown(ComponentError, () => exports.parse("$a"));
  assertEquals(Object.keys(error), []);
  assert(Object.getOwnPropertyDescriptor(error, "message")?.enumerable === false);
});

Deno.test("objects of other realms are what they are by their slots", async () => {
  const name = "node:vm"; // no bundler looks for it
  const { createContext, runInContext } = await import(name).catch(() => ({}) as never);
  if (createContext === undefined) return; // a browser: the same slots, without this module
  const other = (text: string): unknown => runInContext(text, createContext({}));
  assertEquals([...echo(map(string, u8))(other(`new Map([["a", 1]])`))], [["a", 1]]);
  assertEquals([...echo(list(u8))(other("Uint8Array.of(1, 2)"))], [1, 2]);
  assertEquals([...echo(list(string))(other(`["x"]`))], ["x"]);
  assertEquals(echo(record({ a: u8 }))(other("({ a: 1 })")).a, 1);
  const { instance } = await instantiate(other("Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0)") as Uint8Array);
  assertEquals(Object.keys(instance.exports), []);
});
